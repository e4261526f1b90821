"""What a change does to the Applications that ApplicationSets generate: added, altered, removed, or kept by policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.engine.applicationsets.definition import ApplicationSet
from bot.engine.applicationsets.generating import Generated, generated
from bot.engine.applicationsets.ownership import HANDED_TO, Belonging
from bot.engine.applicationsets.plan import is_name, no_name, too_many_gone
from bot.errors import Rejected
from bot.model.applications import Application, Source
from bot.model.resources import JsonObject, ResourceKey, metadata_of
from bot.preview.affected import Branch, Candidate

if TYPE_CHECKING:
    from bot.engine.applicationsets.facts import Facts

_MOST_NAMES: Final = 10
_ROLLING: Final = "RollingSync"


def is_applicationset(key: ResourceKey) -> bool:
    """Whether an object is an ApplicationSet."""
    return (key.group, key.kind) == ("argoproj.io", "ApplicationSet")


@dataclass(frozen=True, slots=True)
class SetChange:
    """One ApplicationSet as the target branch and as the merge result have it; one of the two may be None."""

    base: JsonObject | None
    head: JsonObject | None

    @property
    def name(self) -> str:
        """The ApplicationSet's name."""
        return str(metadata_of(self.head or self.base or {}).get("name") or "")

    @property
    def namespace(self) -> str:
        """Where it lives, and where what it generates does."""
        return str(metadata_of(self.head or self.base or {}).get("namespace") or "")


@dataclass(frozen=True, slots=True)
class Followed:
    """The Applications of one ApplicationSet that a change touches, and what there is to say."""

    candidates: Mapping[str, Candidate]
    notes: tuple[str, ...]
    unknown: bool = False
    """Whether the change has it generate what nobody can tell before it is merged."""


def depends_on(manifest: JsonObject, branch: Branch) -> bool:
    """Whether what an ApplicationSet generates can depend on a branch; True when templates decide that."""
    return any(_may_follow(branch, url, revision) for url, revision in git_sources(manifest))


def git_sources(manifest: JsonObject) -> frozenset[tuple[str, str]]:
    """Return repository and revision of every git generator as the manifest has them; none where it cannot be read."""
    try:
        return ApplicationSet.parse(manifest).sources()
    except Rejected:
        return frozenset()


def _may_follow(branch: Branch, url: str, revision: str) -> bool:
    templated = "{{" in url or "{{" in revision
    return templated or (bool(url) and branch.is_source_of(Source(repo_url=url, target_revision=revision)))


@dataclass(frozen=True, slots=True)
class Controller:
    """How whoever carries ApplicationSets out goes about what may be lost."""

    adopts: bool = False
    """Whether it takes over an Application that is there and was not generated, as Argo CD does."""
    percent: int = 100
    """The largest share of the Applications of one that it deletes at once without a person."""


_OURS: Final = Controller()


def follow(
    change: SetChange, base: Facts, head: Facts, known: Mapping[str, Application], controller: Controller = _OURS
) -> Followed:
    """Generate both sides of an ApplicationSet and compare them.

    `known` are the applications of the cluster by name. Where one side cannot be generated, nothing is said to be
    removed: the controller deletes nothing either.
    """
    following = _Following(change.name, known, controller)
    before, after = _side(change.base, base), _side(change.head, head)
    following.take(before, after)
    unknown = not after.is_whole and after.missing != before.missing
    return Followed(following.candidates, tuple(following.notes()), unknown)


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side generates."""

    found: Generated | None
    """None when it has no such ApplicationSet, or when it cannot be generated."""
    failure: str = ""

    @property
    def applications(self) -> dict[str, JsonObject]:
        generated_ones = self.found.applications if self.found else ()
        return {str(one["metadata"]["name"]): one for one in generated_ones}

    @property
    def is_whole(self) -> bool:
        """Whether an Application that is not among them is not generated."""
        return not any(self.missing)

    @property
    def missing(self) -> tuple[str, ...]:
        """Why it is not."""
        return (self.failure, *(self.found.not_evaluated if self.found else ()))


def _side(manifest: JsonObject | None, facts: Facts) -> _Side:
    if manifest is None:
        return _Side(None)
    try:
        return _Side(generated(manifest, facts))
    except Rejected as error:
        return _Side(None, error.message)


@dataclass
class _Following:
    name: str
    known: Mapping[str, Application]
    controller: Controller
    candidates: dict[str, Candidate] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def take(self, base: _Side, head: _Side) -> None:
        if head.failure:
            self.told.append(f"{head.failure}; until that is mended, what it has generated stays as it is")
            return
        if base.failure:
            self.told.append(f"as the target branch has it: {base.failure}")
        self.told.extend(head.found.not_evaluated if head.found else ())
        before, after = base.applications, head.applications
        refused = dict(head.found.refused) if head.found else {}
        self.told.extend(
            words if is_name(name) or not name else no_name(self.name, name) for name, words in refused.items()
        )
        for name, manifest in after.items():
            self._present(name, before.get(name), manifest, base, head)
        for name in filter(is_name, before.keys() - after.keys() - refused.keys()):
            self._absent(name, before[name], base, head)
        if words := too_many_gone(len(self.removed), len(before), percent=self.controller.percent):
            self.told.append(f"ApplicationSet {self.name}: {words}; it waits for a person before they are deleted")
        if head.found and (self.added or self.altered):
            self.told.extend(self._reservations(head.found))

    def _reservations(self, found: Generated) -> Iterator[str]:
        """Say in which ways the controller may do otherwise than is predicted."""
        if found.strategy == _ROLLING:
            yield f"ApplicationSet {self.name} rolls out step by step, with automated syncs off meanwhile"
        if found.preserved.differences:
            yield (
                f"ApplicationSet {self.name} has ignoreApplicationDifferences: fields of its Applications that "
                "somebody altered are kept, which is not predicted"
            )

    def notes(self) -> Iterator[str]:
        """Say what it generates otherwise than before."""
        parts = [
            f"{verb} {_named(names)}"
            for verb, names in (
                ("adds", self.added),
                ("alters", self.altered),
                ("removes", self.removed),
                ("by its policy leaves as they are", self.kept),
            )
            if names
        ]
        if parts:
            yield f"generated by ApplicationSet {self.name}: the change {'; '.join(parts)}"
        yield from self.told

    def _present(self, name: str, before: JsonObject | None, after: JsonObject, base: _Side, head: _Side) -> None:
        current = self.known.get(name)
        if current is not None and (words := self._why_not_ours(current)):
            self.told.append(words)
            return
        earlier = self._parsed(before) if before else (None if base.is_whole else current)
        later = self._parsed(after)
        if later is None:
            return
        if earlier is None:
            self.added.append(name)
        elif earlier.spec != later.spec:
            if head.found and not head.found.sync_policy.may_update:
                self.kept.append(name)
                return
            self.altered.append(name)
        elif current is not None:
            return  # as the cluster has it, and looked at as such
        self.candidates[name] = Candidate(earlier, later)

    def _absent(self, name: str, before: JsonObject, base: _Side, head: _Side) -> None:
        policy, current = (head.found or base.found or _NOTHING).sync_policy, self.known.get(name)
        if current is not None and self._why_not_ours(current):
            return
        if not head.is_whole:
            self.told.append(f"whether ApplicationSet {self.name} still generates {name} is not known")
        elif not policy.may_delete:
            self.kept.append(name)
        elif (earlier := self._parsed(before)) is not None:
            self.removed.append(name)
            self.candidates[name] = Candidate(earlier, None)

    def _why_not_ours(self, current: Application) -> str:
        belonging = Belonging(current.generator, current.annotation(HANDED_TO))
        if self.controller.adopts and not belonging.owner:
            return ""
        return belonging.why_not(current.name, self.name)

    def _parsed(self, manifest: JsonObject) -> Application | None:
        name = str(metadata_of(manifest)["name"])
        if not is_name(name):
            self.told.append(no_name(self.name, name))
            return None
        try:
            return Application.parse(manifest, home=str(metadata_of(manifest).get("namespace") or ""))
        except Rejected as error:
            self.told.append(f"ApplicationSet {self.name} generates what is no Application: {error.message}")
            return None


_NOTHING: Final = Generated((), (), ())


def paired(sides: Iterable[tuple[JsonObject, bool]]) -> dict[str, SetChange]:
    """Put the ApplicationSets of both sides (head: True) together by name."""
    found: dict[str, SetChange] = {}
    for manifest, is_head in sides:
        one = SetChange(manifest, manifest)
        before = found.get(one.name, SetChange(None, None))
        found[one.name] = replace(before, head=manifest) if is_head else replace(before, base=manifest)
    return found


def _named(names: list[str]) -> str:
    shown = sorted(names)[:_MOST_NAMES]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(shown) + more
