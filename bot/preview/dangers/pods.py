"""What pods may do to the node they run on, only what a change adds to it.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger, Severity
from bot.model.resources import metadata_of
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import labels, mapping, mappings, text, texts
from bot.preview.dangers.workloads import containers, pod_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Subject

_HOST: Final = {
    "hostNetwork": "the network",
    "hostPID": "the processes",
    "hostIPC": "the shared memory",
}
_MIGHTY: Final = frozenset(
    {"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "NET_ADMIN", "BPF", "DAC_READ_SEARCH"}
)
"""Capabilities with which a container reaches beyond itself (man 7 capabilities)."""

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("privileged", "baseline", "restricted")
"""Of the pod security standards, the laxest first; a namespace without a label enforces nothing."""


def privileges(subject: Subject) -> Iterator[Danger]:
    """Tell what the pods of an object may do that they could not do before."""
    after = subject.after
    template = pod_template(after) if after is not None else None
    if template is None:
        return
    before = subject.before
    earlier = pod_template(before) if before is not None else None
    had = _traits(mapping(earlier, "spec")) if earlier is not None else {}
    yield from (danger for danger in _traits(mapping(template, "spec")) if danger not in had)
    yield from _unlocked(mapping(earlier or {}, "spec"), mapping(template, "spec"))


def enforcement(subject: Subject) -> Iterator[Danger]:
    """Tell of a namespace whose pods are held to less than before."""
    before, after = subject.before, subject.after
    if before is None or after is None:
        return
    old, new = (_level(obj) for obj in (before, after))
    if _LEVELS.index(new) < _LEVELS.index(old):
        yield sorts.POD_SECURITY.danger(f"enforces the level {new} instead of {old} for its pods")


def _traits(pod: JsonObject) -> dict[Danger, None]:
    """Return what a pod's spec allows, in order; a dictionary is an ordered set."""
    found = [*_of_pod(pod), *(danger for container in containers(pod) for danger in _of_container(container))]
    if mapping(pod, "securityContext").get("runAsUser") == 0:
        found.append(sorts.ROOT.danger("runs its containers as root (runAsUser 0)"))
    return dict.fromkeys(found)


def _of_pod(pod: JsonObject) -> Iterator[Danger]:
    for field, what in _HOST.items():
        if pod.get(field) is True:
            yield sorts.HOST_NAMESPACE.danger(f"shares {what} of its node ({field})")
    read_only = _read_only_volumes(pod)
    for volume in mappings(pod.get("volumes")):
        path = text(mapping(volume, "hostPath").get("path"))
        if path:
            harmless = text(volume.get("name")) in read_only
            words = f"mounts {path} of its node{', to read it' if harmless else ''}"
            yield sorts.HOST_PATH.danger(words, severity=Severity.WARNING if harmless else None)


def _of_container(container: JsonObject) -> Iterator[Danger]:
    context, name = mapping(container, "securityContext"), text(container.get("name"))
    if context.get("privileged") is True or mapping(context, "windowsOptions").get("hostProcess") is True:
        yield sorts.PRIVILEGED.danger(f"runs container {name} privileged: it is root on its node")
    added = {entry.upper().removeprefix("CAP_") for entry in texts(mapping(context, "capabilities").get("add"))}
    for capability in sorted(added & _MIGHTY):
        yield sorts.CAPABILITY.danger(f"gives container {name} the capability {capability}")
    if context.get("runAsUser") == 0:
        yield sorts.ROOT.danger(f"runs container {name} as root (runAsUser 0)")


def _unlocked(before: JsonObject, after: JsonObject) -> Iterator[Danger]:
    """Tell of containers that were kept from gaining privileges, and of new ones that ask for it."""
    kept = {text(each.get("name")): _escalates(each) for each in containers(before)}
    for container in containers(after):
        name, now = text(container.get("name")), _escalates(container)
        if now is True and kept.get(name, False) is False:
            yield sorts.ESCALATION.danger(f"lets container {name} gain privileges (allowPrivilegeEscalation)")
        elif now is None and kept.get(name) is False:
            words = f"no longer keeps container {name} from gaining privileges (allowPrivilegeEscalation)"
            yield sorts.ESCALATION.danger(words)


def _escalates(container: JsonObject) -> bool | None:
    value = mapping(container, "securityContext").get("allowPrivilegeEscalation")
    return value if isinstance(value, bool) else None


def _read_only_volumes(pod: JsonObject) -> set[str]:
    """Return the volumes that no container may write to."""
    mounts = [mount for container in containers(pod) for mount in mappings(container.get("volumeMounts"))]
    written = {text(mount.get("name")) for mount in mounts if mount.get("readOnly") is not True}
    return {text(mount.get("name")) for mount in mounts} - written


def _level(namespace: JsonObject) -> str:
    level = labels(metadata_of(namespace).get("labels")).get(_ENFORCE, "")
    return level if level in _LEVELS else _LEVELS[0]
