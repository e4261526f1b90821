"""Which live objects have come of which, by their owner references and, as Argo CD has it, where Kubernetes has none.

Inferred are the Endpoints of a Service, the token Secret of a ServiceAccount, the claims that a StatefulSet makes, and
what Operator Lifecycle Manager installs for an OperatorGroup.
Source: argo-cd `gitops-engine/pkg/cache/references.go`, `cluster.go` (IterateHierarchyV2).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.engine.globs import fits
from bot.engine.tracking import owner_of
from bot.model.resources import ResourceKey, annotations_of, group_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from bot.engine.projects import Fence
    from bot.model.projects import OrphanedResources
    from bot.model.resources import JsonObject

ORPHANED: Final = "OrphanedResourceWarning"
"""Type of the condition that says how many objects nobody declares."""
_SERVICE: Final = ("", "Service")
_ACCOUNT: Final = ("", "ServiceAccount")
_OPERATOR_GROUP: Final = ("operators.coreos.com", "OperatorGroup")
_STATEFUL_SETS: Final = frozenset({("apps", "StatefulSet"), ("extensions", "StatefulSet")})
_CLAIM: Final = ("", "PersistentVolumeClaim")
_ORDINAL: Final = re.compile(r"(?P<made>.+)-[0-9]+")
_OF_OLM: Final = "olm.operatorGroup"
_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
_ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"
_IN_EVERY_NAMESPACE: Final = frozenset({("", "ServiceAccount", "default"), ("", "ConfigMap", "kube-root-ca.crt")})


class Owner(NamedTuple):
    """An object that another says it has come of."""

    group: str
    kind: str
    name: str
    uid: str
    """Empty where it is inferred: then the name alone counts."""


@dataclass(frozen=True, slots=True)
class Member:
    """So much of a live object as tells where it belongs."""

    key: ResourceKey
    version: str
    """Of its API, without the group."""
    uid: str
    owners: tuple[Owner, ...] = ()
    instance: str = ""
    """The application that tracks it; empty: none does."""
    claims: tuple[str, ...] = ()
    """How the claims begin that a StatefulSet makes, less their ordinal."""

    @classmethod
    def of(cls, obj: JsonObject) -> Member:
        """Read an object, or its metadata alone; Rejected for what is none."""
        key, api_version = ResourceKey.of(obj), str(obj.get("apiVersion"))
        return cls(
            key=key,
            version=api_version.rpartition("/")[2],
            uid=str(metadata_of(obj).get("uid") or ""),
            owners=tuple(_owners(key, obj)),
            instance=owner_of(obj) or "",
            claims=tuple(_claims(key, obj)),
        )


class Descendant(NamedTuple):
    """An object below another, or one that nothing is above."""

    member: Member
    depth: int
    """0 for one that was asked for."""
    parent: Member | None


class Family:
    """Live objects by what they have come of."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._by_uid: dict[str, Member] = {}
        self._by_key: dict[ResourceKey, Member] = {}
        for one in members:
            if self._by_uid.setdefault(one.uid, one) is one:  # some objects are served in two groups
                self._by_key[one.key] = one
        self._below: defaultdict[str, list[Member]] = defaultdict(list)
        self._alone: defaultdict[str, list[Member]] = defaultdict(list)
        """By namespace: what nothing is above."""
        makers = {
            replace(one.key, group=_CLAIM[0], kind=_CLAIM[1], name=begin): one
            for one in self._by_uid.values()
            for begin in one.claims
        }
        for one in self._by_uid.values():
            self._place(one, makers)

    def _place(self, one: Member, makers: dict[ResourceKey, Member]) -> None:
        above = [found for owner in one.owners if (found := self._found(one, owner)) is not None]
        made = _ORDINAL.fullmatch(one.key.name) if (one.key.group, one.key.kind) == _CLAIM else None
        maker = makers.get(replace(one.key, name=made["made"])) if made else None
        if maker is not None:
            above.append(maker)
        for parent in {found.uid: found for found in above}.values():
            self._below[parent.uid].append(one)
        if not one.owners and maker is None:
            self._alone[one.key.namespace].append(one)

    def _found(self, one: Member, owner: Owner) -> Member | None:
        """Return the owner that an object names, if it is the very one and lies where an owner may."""
        for namespace in dict.fromkeys((one.key.namespace, "")):
            found = self._by_key.get(ResourceKey(owner.group, owner.kind, namespace, owner.name))
            if found is not None and owner.uid in {"", found.uid}:
                return found
        found = self._by_uid.get(owner.uid)  # it may be served in another group than the one that is named
        same = found is not None and (found.key.kind, found.key.name) == (owner.kind, owner.name)
        return found if same and found is not None and found.key.namespace in {"", one.key.namespace} else None

    def at(self, key: ResourceKey) -> Member | None:
        """Return an object that is there."""
        return self._by_key.get(key)

    def alone(self, namespace: str) -> Sequence[Member]:
        """Return the objects of a namespace that name no owner, and of which none is inferred."""
        return self._alone.get(namespace, ())

    def below(
        self, roots: Iterable[Member], enters: Callable[[Member], bool] = lambda _one: True
    ) -> Iterator[Descendant]:
        """Yield the roots and all below them, parents first, each once however its owners go in circles.

        What `enters` says no to is left out, and all below it.
        """
        seen = set[str]()
        waiting = [Descendant(one, 0, None) for one in sorted(roots, key=_place_of, reverse=True)]
        while waiting:
            found = waiting.pop()
            member = found.member
            if member.uid in seen or not enters(member):
                continue
            seen.add(member.uid)
            yield found
            children = sorted(self._below.get(member.uid, ()), key=_place_of, reverse=True)
            waiting.extend(Descendant(one, found.depth + 1, member) for one in children)


def orphans(
    family: Family,
    namespace: str,
    *,
    fence: Fence,
    managed: Collection[ResourceKey],
    exists: Callable[[str], bool],
) -> tuple[Descendant, ...]:
    """Return what lies in a namespace and no application declares, with what has come of it.

    `fence` is around the application that asks, `managed` is what that has recorded; `exists` says whether there is an
    application of a name.
    Left out is what the project does not permit, what it ignores, and what is in every namespace by itself.
    """
    ignored = fence.project.spec.orphaned_resources if fence.project is not None else None

    def enters(one: Member) -> bool:
        return not (one.instance and exists(one.instance)) and fence.permits(one.key)

    roots = (one for one in family.alone(namespace) if one.key not in managed and not _is_ignored(one.key, ignored))
    return tuple(family.below(roots, enters))


def in_words(count: int) -> str:
    """Return what the condition says, in Argo CD's words."""
    return f"Application has {count} orphaned resources"


def _is_ignored(key: ResourceKey, ignored: OrphanedResources | None) -> bool:
    if (key.group, key.kind, key.name) in _IN_EVERY_NAMESPACE:
        return True
    if (key.group, key.kind, key.namespace, key.name) == (*_SERVICE, "default", "kubernetes"):
        return True
    return any(
        fits(one.kind or "*", key.kind) and fits(one.group, key.group) and fits(one.name or "*", key.name)
        for one in (ignored.ignore if ignored is not None else ())
    )


def _owners(key: ResourceKey, obj: JsonObject) -> Iterator[Owner]:
    references = metadata_of(obj).get("ownerReferences")
    named = [one for one in references if isinstance(one, dict)] if isinstance(references, list) else []
    for one in named:
        group = group_of(str(one.get("apiVersion") or ""))
        if uid := str(one.get("uid") or ""):
            yield Owner(group, str(one.get("kind") or ""), str(one.get("name") or ""), uid)
    annotations = annotations_of(obj)
    match (key.group, key.kind):
        case ("", "Endpoints") if not named:
            yield Owner(*_SERVICE, key.name, "")
        case ("operators.coreos.com", "ClusterServiceVersion") if annotations.get(_OF_OLM):
            yield Owner(*_OPERATOR_GROUP, str(annotations[_OF_OLM]), "")
        case ("", "Secret") if annotations.get(_ACCOUNT_NAME) and annotations.get(_ACCOUNT_UID):
            yield Owner(*_ACCOUNT, str(annotations[_ACCOUNT_NAME]), str(annotations[_ACCOUNT_UID]))
        case _:
            pass


def _claims(key: ResourceKey, obj: JsonObject) -> Iterator[str]:
    spec: Any = obj.get("spec")
    if (key.group, key.kind) not in _STATEFUL_SETS or not isinstance(spec, dict):
        return
    templates = spec.get("volumeClaimTemplates")
    for one in templates if isinstance(templates, list) else []:
        if isinstance(one, dict) and (name := metadata_of(one).get("name")):
            yield f"{name}-{key.name}"


def _place_of(one: Member) -> tuple[ResourceKey, str]:
    return one.key, one.uid
