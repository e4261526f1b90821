"""Permissions that a change gives away: roles and bindings, only what they gain by it.

Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger, Severity
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import mapping, mappings, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Subject

_ESCALATING: Final = ("escalate", "bind", "impersonate")
_READING: Final = frozenset({"get", "list", "watch", "*"})
_EVERYBODY: Final = {
    ("User", "system:anonymous"): "everybody, signed in or not",
    ("Group", "system:unauthenticated"): "everybody, signed in or not",
    ("Group", "system:authenticated"): "everybody who is signed in, every ServiceAccount among them",
    ("Group", "system:serviceaccounts"): "every ServiceAccount of the cluster",
}


def role(subject: Subject) -> Iterator[Danger]:
    """Tell of the permissions that a Role or ClusterRole gains which are more than they seem."""
    yield from _gained(subject, _powers)


def binding(subject: Subject) -> Iterator[Danger]:
    """Tell whom a binding makes powerful, and whether it means everybody."""
    yield from _gained(subject, _grants)


def _gained(subject: Subject, read: Callable[[JsonObject], dict[Danger, None]]) -> Iterator[Danger]:
    after, before = subject.after, subject.before
    if after is None:
        return
    had = read(before) if before is not None else {}
    yield from (danger for danger in read(after) if danger not in had)


def _powers(role: JsonObject) -> dict[Danger, None]:
    everywhere = role.get("kind") == "ClusterRole"
    found: dict[Danger, None] = {}
    for rule in mappings(role.get("rules")):
        for danger in (
            _wildcard(rule, everywhere=everywhere),
            _escalation(rule),
            _secrets(rule, everywhere=everywhere),
        ):
            if danger is not None:
                found[danger] = None
    return found


def _wildcard(rule: JsonObject, *, everywhere: bool) -> Danger | None:
    groups, resources, verbs = (texts(rule.get(field)) for field in ("apiGroups", "resources", "verbs"))
    if "*" not in verbs and "*" not in resources:
        return None
    may = "do everything with" if "*" in verbs else f"{_listed(verbs)}"
    what = "everything" if "*" in resources else _listed(resources) or _listed(texts(rule.get("nonResourceURLs")))
    where = "in every API group" if "*" in groups else f"in {_listed([group or 'the core group' for group in groups])}"
    total = everywhere and {"*"} <= set(verbs) & set(resources) and bool({"*", ""} & set(groups))
    return sorts.RBAC_WILDCARD.danger(
        f"may now {may} {what} {where}" if groups else f"may now {may} {what}",
        severity=Severity.CAUTION if total else Severity.WARNING,
    )


def _escalation(rule: JsonObject) -> Danger | None:
    verbs = [verb for verb in _ESCALATING if verb in texts(rule.get("verbs"))]
    if not verbs:
        return None
    return sorts.RBAC_ESCALATION.danger(f"may now {_listed(verbs)} {_listed(texts(rule.get('resources')))}")


def _secrets(rule: JsonObject, *, everywhere: bool) -> Danger | None:
    groups, resources, verbs = (set(texts(rule.get(field))) for field in ("apiGroups", "resources", "verbs"))
    reads = everywhere and groups & {"", "*"} and "secrets" in resources and verbs & _READING
    if not reads or texts(rule.get("resourceNames")):
        return None
    return sorts.RBAC_SECRETS.danger("may now read the Secrets of every namespace, where it is bound to the cluster")


def _grants(binding: JsonObject) -> dict[Danger, None]:
    reference = mapping(binding, "roleRef")
    granted = f"{text(reference.get('kind'))} {text(reference.get('name'))}"
    admin = (reference.get("kind"), reference.get("name")) == ("ClusterRole", "cluster-admin")
    found: dict[Danger, None] = {}
    for one in mappings(binding.get("subjects")):
        if admin:
            found[_admin(binding, one)] = None
        everybody = _EVERYBODY.get((text(one.get("kind")), text(one.get("name"))))
        if everybody:
            found[sorts.PUBLIC_BINDING.danger(f"gives {granted} to {everybody}")] = None
    return found


def _admin(binding: JsonObject, one: JsonObject) -> Danger:
    place = "/".join(filter(None, (text(one.get("namespace")), text(one.get("name")))))
    who = f"{text(one.get('kind'))} {place}"
    if binding.get("kind") == "ClusterRoleBinding":
        return sorts.CLUSTER_ADMIN.danger(f"lets {who} do everything in the cluster (cluster-admin)")
    words = f"lets {who} do everything in the namespace (cluster-admin)"
    return sorts.CLUSTER_ADMIN.danger(words, severity=Severity.WARNING)


def _listed(names: Sequence[str]) -> str:
    """Return the first few names, wildcards in words."""
    shown = ["everything" if name == "*" else name for name in names[:4]]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")
