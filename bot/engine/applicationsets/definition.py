"""An ApplicationSet as its manifest has it, checked where generating depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.errors import Rejected
from bot.model.resources import JsonObject, metadata_of

KINDS: Final = (
    "list",
    "clusters",
    "git",
    "scmProvider",
    "clusterDecisionResource",
    "pullRequest",
    "matrix",
    "merge",
    "plugin",
)
"""Generators in the order that Argo CD takes them, where one entry has several."""


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """What the controller may do to the Applications that it generated."""

    name: str = "sync"
    preserves: bool = False
    """Whether an Application that goes away leaves its objects (`preserveResourcesOnDeletion`)."""

    @property
    def may_update(self) -> bool:
        """Whether an Application that is there is altered."""
        return self.name in ("sync", "create-update")

    @property
    def may_delete(self) -> bool:
        """Whether an Application that is no longer generated is deleted."""
        return self.name in ("sync", "create-delete")


_POLICIES: Final = ("sync", "create-only", "create-update", "create-delete")


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    """What to generate."""

    name: str
    namespace: str
    generators: tuple[JsonObject, ...]
    template: JsonObject
    go_template: bool
    go_template_options: tuple[str, ...]
    template_patch: str
    sync_policy: SyncPolicy
    strategy: str
    """`AllAtOnce`, or `RollingSync`: then one step of Applications follows the other."""
    ignores_differences: bool = False
    """Whether some fields of its Applications stay as somebody set them (`ignoreApplicationDifferences`)."""

    @classmethod
    def parse(cls, manifest: JsonObject) -> ApplicationSet:
        """Read a manifest; Rejected names the ApplicationSet and what is wrong."""
        metadata = metadata_of(manifest)
        name = str(metadata.get("name") or "without a name")
        where = f"ApplicationSet {name}: spec"
        spec = _mapping(manifest.get("spec"), where)
        policy = _mapping(spec.get("syncPolicy") or {}, f"{where}.syncPolicy")
        strategy = _mapping(spec.get("strategy") or {}, f"{where}.strategy")
        applications_sync = policy.get("applicationsSync") or "sync"
        if applications_sync not in _POLICIES:
            raise Rejected(f"{where}.syncPolicy.applicationsSync is none of {', '.join(_POLICIES)}")
        return cls(
            name=name,
            namespace=str(metadata.get("namespace") or ""),
            generators=tuple(
                _mapping(one, f"{where}.generators[{place}]")
                for place, one in enumerate(_list(spec.get("generators"), f"{where}.generators"))
            ),
            template=_mapping(spec.get("template"), f"{where}.template"),
            go_template=spec.get("goTemplate") is True,
            go_template_options=tuple(
                map(str, _list(spec.get("goTemplateOptions") or [], f"{where}.goTemplateOptions"))
            ),
            template_patch=_text(spec.get("templatePatch"), f"{where}.templatePatch"),
            sync_policy=SyncPolicy(applications_sync, policy.get("preserveResourcesOnDeletion") is True),
            strategy=str(strategy.get("type") or "AllAtOnce"),
            ignores_differences=bool(spec.get("ignoreApplicationDifferences")),
        )

    def sources(self) -> frozenset[tuple[str, str]]:
        """Return repository and revision of every git generator, templates and all, at any depth."""
        return frozenset(_git_sources(list(self.generators)))


def _git_sources(waiting: list[Any]) -> list[tuple[str, str]]:
    found = []
    while waiting:
        generator = waiting.pop()
        if not isinstance(generator, dict):
            continue
        git = generator.get("git")
        if isinstance(git, dict):
            found.append((str(git.get("repoURL") or ""), str(git.get("revision") or "HEAD")))
        for kind in ("matrix", "merge"):
            nested = generator.get(kind)
            below = nested.get("generators") if isinstance(nested, dict) else None
            waiting.extend(below if isinstance(below, list) else [])
    return found


def _mapping(value: Any, where: str) -> JsonObject:
    if isinstance(value, dict):
        return value
    raise Rejected(f"{where} is {'missing' if value is None else 'no mapping'}")


def _list(value: Any, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Rejected(f"{where} is {'missing' if value is None else 'no list'}")


def _text(value: Any, where: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise Rejected(f"{where} is no text")
