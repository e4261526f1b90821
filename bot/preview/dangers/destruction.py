"""What is lost when an object is deleted, replaced or let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.tracking import owner_of
from bot.model.dangers import Danger, Severity
from bot.model.reports import Action, counted
from bot.model.resources import metadata_of
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import mapping, mappings, text, texts
from bot.preview.dangers.workloads import pods_of
from bot.preview.losses import address_lost, pods_lost, replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Subject

    _Loss = Callable[[Subject, JsonObject], Danger]

_TEMPLATES: Final = 3
"""Claims of a StatefulSet that are named."""


def destroyed(subject: Subject) -> Iterator[Danger]:
    """Tell what goes away with a live object."""
    live = subject.live
    if live is None or not subject.goes:
        return
    rule = _REPLACED.get(subject.kind, _replaced) if subject.comes_back else _DELETED.get(subject.kind, _deleted)
    yield rule(subject, live)


def orphaned(subject: Subject) -> Iterator[Danger]:
    """Tell of an object that stays without anybody who manages it."""
    if subject.report.action is Action.ORPHAN:
        yield sorts.ORPHANED.danger(
            f"is orphaned: {subject.report.note or 'it stays in the cluster, no longer managed'}"
        )


def taken_over(subject: Subject) -> Iterator[Danger]:
    """Tell of an object that belongs to another application until this change makes it ours."""
    live, after = subject.live, subject.after
    if live is None or after is None or subject.states.base is not None or subject.report.hook:
        return
    owner, owns = owner_of(live), owner_of(subject.states.head.manifest) if subject.states.head else None
    if owner and owns and owner != owns:
        yield sorts.TAKEN_OVER.danger(f"is taken over from application {owner}, which manages it too")


def finalizer_removed(subject: Subject) -> Iterator[Danger]:
    """Tell of finalizers that leave Git: what they wait for no longer holds up a deletion."""
    base, head = subject.states.base, subject.states.head
    if base is None or head is None or subject.after is None:
        return
    before, after = (texts(metadata_of(side.manifest).get("finalizers")) for side in (base, head))
    gone = sorted(set(before) - set(after))
    if gone:
        yield sorts.FINALIZER.danger(f"loses {', '.join(gone)}: what that cleans up is no longer waited for")


def definition_version_removed(subject: Subject) -> Iterator[Danger]:
    """Tell of versions that a CustomResourceDefinition no longer serves."""
    before, after = subject.before, subject.after
    if before is None or after is None:
        return
    gone = sorted(_served(before) - _served(after))
    if gone:
        what = "it" if len(gone) == 1 else "them"
        yield sorts.CRD_VERSION.danger(
            f"no longer serves {', '.join(gone)}: manifests and clients that use {what} fail"
        )


def _namespace(subject: Subject, _: JsonObject) -> Danger:
    contents = subject.scene.knowledge.namespaces.get(subject.key.name)
    words = f"{subject.goes}, with everything in it"
    if contents is None:
        return sorts.NAMESPACE_DELETED.danger(words)
    held = f"{counted(contents.pods, 'pod')} and {counted(contents.claims, 'PersistentVolumeClaim')}"
    return sorts.NAMESPACE_DELETED.danger(f"{words}: now {held}")


def _definition(subject: Subject, live: JsonObject) -> Danger:
    kind = text(mapping(live, "spec", "names").get("kind"))
    count = subject.scene.knowledge.instances.get(subject.key.name)
    if count is None:
        return sorts.CRD_DELETED.danger(f"{subject.goes}, and every {kind} in the cluster with it")
    if count == 0:
        return sorts.CRD_DELETED.danger(f"{subject.goes}; there is no {kind} in the cluster", severity=Severity.NOTE)
    return sorts.CRD_DELETED.danger(f"{subject.goes}, and {counted(count, 'object')} of kind {kind} with it")


def _claim(subject: Subject, live: JsonObject) -> Danger:
    name = text(mapping(live, "spec").get("volumeName"))
    if mapping(live, "status").get("phase") != "Bound" or not name:
        return sorts.VOLUME_DELETED.danger(f"{subject.goes}; it is not bound to a volume", severity=Severity.NOTE)
    volume = subject.scene.knowledge.volumes.get(name)
    capacity = text(mapping(live, "status", "capacity").get("storage")) or (volume.capacity if volume else "")
    size = f" of {capacity}" if capacity else ""
    if volume is None:
        return sorts.VOLUME_DELETED.danger(
            f"{subject.goes}; the data on its volume {name}{size} may be deleted with it"
        )
    if volume.reclaim_policy == "Retain":
        words = f"{subject.goes}; its volume {name}{size} is kept, bound to nothing (reclaim policy Retain)"
        return sorts.VOLUME_DELETED.danger(words, severity=Severity.WARNING)
    words = f"{subject.goes}, and the data on its volume {name}{size} with it (reclaim policy {volume.reclaim_policy})"
    return sorts.VOLUME_DELETED.danger(words)


def _volume(subject: Subject, live: JsonObject) -> Danger:
    claim = mapping(live, "spec", "claimRef")
    if mapping(live, "status").get("phase") != "Bound":
        return sorts.VOLUME_DELETED.danger(f"{subject.goes}; no claim is bound to it", severity=Severity.NOTE)
    holder = f"{text(claim.get('namespace'))}/{text(claim.get('name'))}"
    return sorts.VOLUME_DELETED.danger(f"{subject.goes} while PersistentVolumeClaim {holder} is bound to it")


def _stateful_set(subject: Subject, live: JsonObject) -> Danger:
    words = f"{subject.goes}: {pods_lost(live) or 'it has no pods now'}"
    claims = [name for each in mappings(mapping(live, "spec").get("volumeClaimTemplates")) if (name := _name(each))]
    if claims:
        policy = mapping(live, "spec", "persistentVolumeClaimRetentionPolicy").get("whenDeleted")
        fate = "are deleted with it" if policy == "Delete" else "stay"
        words += f"; the claims made from {', '.join(claims[:_TEMPLATES])} {fate}"
    return sorts.STATEFUL_SET_DELETED.danger(words)


def _workload(subject: Subject, live: JsonObject) -> Danger:
    pods = pods_lost(live)
    return sorts.PODS_DELETED.danger(f"{subject.goes}: {pods}") if pods else _deleted(subject, live)


def _service(subject: Subject, live: JsonObject) -> Danger:
    address = address_lost(live)
    return sorts.SERVICE_DELETED.danger(f"{subject.goes}: {address}") if address else _deleted(subject, live)


def _workload_again(subject: Subject, live: JsonObject) -> Danger:
    return sorts.DOWNTIME.danger(_again(subject)) if pods_of(live) else _replaced(subject, live)


def _deleted(subject: Subject, _: JsonObject) -> Danger:
    return sorts.DELETED.danger(subject.goes)


def _replaced(subject: Subject, _: JsonObject) -> Danger:
    return sorts.REPLACED.danger(_again(subject))


def _again(subject: Subject) -> str:
    states = subject.states
    side = states.head if subject.report.action is Action.REPLACE else states.base
    if side is not None and side.refusal is not None and side.refusal.immutable_fields:
        return f"{subject.goes}: {replacement(side.refusal, states.live)}"
    return f"{subject.goes}: {subject.report.note or 'deleted, then created again'}"


def _name(obj: JsonObject) -> str:
    return text(metadata_of(obj).get("name"))


def _served(definition: JsonObject) -> set[str]:
    versions = mappings(mapping(definition, "spec").get("versions"))
    return {text(version.get("name")) for version in versions if version.get("served") is True}


_DELETED: Final[Mapping[tuple[str, str], _Loss]] = {
    ("", "Namespace"): _namespace,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "Deployment"): _workload,
    ("apps", "DaemonSet"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("", "ReplicationController"): _workload,
    ("", "Service"): _service,
}

_REPLACED: Final[Mapping[tuple[str, str], _Loss]] = {
    ("", "Namespace"): _namespace,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume,
    ("apps", "StatefulSet"): _workload_again,
    ("apps", "Deployment"): _workload_again,
    ("apps", "DaemonSet"): _workload_again,
    ("apps", "ReplicaSet"): _workload_again,
    ("", "ReplicationController"): _workload_again,
}
