"""What workloads need by name: ConfigMaps, Secrets, claims, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.model.reports import Action
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import mapping, mappings, text
from bot.preview.dangers.workloads import containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.dangers import Danger
    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Subject

_NAMED: Final = 3


def still_used(subject: Subject) -> Iterator[Danger]:
    """Tell of an object that is deleted while workloads of the application need it to start."""
    if subject.report.action is not Action.PRUNE:
        return
    kind, name = subject.key.kind, subject.key.name
    running = subject.scene.after.running(subject.key.namespace)
    using = [str(each.key) for each in running if (kind, name) in set(_needs(each.pod))]
    if using:
        more = f" and {len(using) - _NAMED} more" if len(using) > _NAMED else ""
        verb = "needs" if len(using) == 1 else "need"
        yield sorts.STILL_USED.danger(f"is deleted, and {', '.join(using[:_NAMED])}{more} still {verb} it")


def _needs(pod: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield kind and name of everything a pod does not start without."""
    if account := text(pod.get("serviceAccountName")):
        yield "ServiceAccount", account
    for volume in mappings(pod.get("volumes")):
        yield from _volume(volume)
    for container in containers(pod):
        for source in mappings(container.get("envFrom")):
            yield from _named("ConfigMap", source.get("configMapRef"))
            yield from _named("Secret", source.get("secretRef"))
        for variable in mappings(container.get("env")):
            yield from _named("ConfigMap", mapping(variable, "valueFrom").get("configMapKeyRef"))
            yield from _named("Secret", mapping(variable, "valueFrom").get("secretKeyRef"))


def _volume(volume: JsonObject) -> Iterator[tuple[str, str]]:
    yield from _named("ConfigMap", volume.get("configMap"))
    yield from _named("Secret", volume.get("secret"), field="secretName")
    yield from _named("PersistentVolumeClaim", volume.get("persistentVolumeClaim"), field="claimName")
    for source in mappings(mapping(volume, "projected").get("sources")):
        yield from _named("ConfigMap", source.get("configMap"))
        yield from _named("Secret", source.get("secret"))


def _named(kind: str, reference: Any, *, field: str = "name") -> Iterator[tuple[str, str]]:
    wanted = mapping(reference)
    if (name := text(wanted.get(field))) and wanted.get("optional") is not True:
        yield kind, name
