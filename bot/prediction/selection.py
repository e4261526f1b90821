"""Which applications lie between two states of a repository: judged by what they render, children followed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.engine.deletion import cascades
from bot.engine.tracking import owner_of
from bot.engine.writes import Pruning
from bot.errors import Rejected
from bot.model.applications import API_VERSION, Application
from bot.model.changes import repository_address
from bot.model.names import qualified
from bot.prediction.applicationsets import (
    Controller,
    SetChange,
    depends_on,
    follow,
    git_sources,
    is_applicationset,
    paired,
)
from bot.prediction.desired import Wanted
from bot.prediction.generated import KnownSets, TreeFacts, why_not_read
from bot.prediction.verdicts import verdicts
from bot.preview.affected import Branch, Candidate, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bot.engine.homes import Homes
    from bot.model.resources import JsonObject, ResourceKey
    from bot.prediction.desired import Desired
    from bot.prediction.sources import Sources
    from bot.prediction.trees import Sides, Tree

ROOT_FOLDER: Final = ".foresail"
CONFIGURATION: Final = "config.yaml"
"""The file in it that declares nothing: bot/preview/configuration.py reads it."""
"""Folder of an allowed repository that declares Applications."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is known beside Git when applications are selected."""

    known: Mapping[str, Application]
    """Every application of the cluster, by name."""
    homes: Homes
    """Where Applications have to live to be synced."""
    repositories: frozenset[str] | None = None
    """Addresses of the repositories that a change may have us read; None: any, whoever asks has the right to."""
    sets: KnownSets | None = None
    """ApplicationSets of the cluster; None: none are followed, what they generate is left to their controller."""
    mass_deletion_percent: int = 100
    """The largest share of what an ApplicationSet generated that goes without a person."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a change touches, and why it does not touch the rest."""

    candidates: tuple[Candidate, ...]
    sides: Sides
    """What they lie between, as states of the branch."""
    looked_at: dict[str, Candidate]
    """By name: every application that was looked at."""
    verdicts: dict[str, Verdict]
    """What came of it."""
    parents: dict[str, str]
    """By application name: which application declares it."""
    notes: tuple[str, ...]
    """Applications that the change declares and about which nothing can be said, with the reason."""
    unpredicted: tuple[str, ...] = ()
    """Applications and ApplicationSets that the change alters in a way of which nobody knows before it is merged."""
    generators: dict[str, str] = field(default_factory=dict)
    """By application name: which ApplicationSet generates it."""

    @property
    def considered(self) -> int:
        """How many applications were looked at."""
        return len(self.verdicts)


def select(
    sources: Sources, candidates: Iterable[Candidate], sides: Sides, branch: Branch, grounds: Grounds
) -> Selection:
    """Find which candidates want something else on the two `sides`, and follow Applications among their objects.

    What a parent renders is the word on its children: a child is compared as both sides declare it, not as the cluster
    has it now, so the answer is the same before and after the change was applied. Each name is followed once, which
    ends cycles. ApplicationSets, declared or already in the cluster, are followed into what they generate.
    """
    search = _Search(sources, sides.of(branch), branch, grounds)
    looked_at = {candidate.either.name: candidate for candidate in candidates}
    while True:
        affected = search.judge(looked_at)
        looked_at = search.children(affected) or search.generated_in_the_cluster()
        if not looked_at:
            break
    return Selection(
        candidates=tuple(search.chosen.values()),
        sides=search.sides,
        looked_at=search.looked_at,
        verdicts=search.verdicts,
        parents=search.parents,
        notes=tuple(search.notes),
        unpredicted=tuple(search.unpredicted),
        generators=search.generators,
    )


@dataclass
class _Search:
    """A selection while it is made."""

    sources: Sources
    sides: Sides
    branch: Branch
    grounds: Grounds
    chosen: dict[str, Candidate] = field(default_factory=dict)
    looked_at: dict[str, Candidate] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unpredicted: list[str] = field(default_factory=list)
    generators: dict[str, str] = field(default_factory=dict)
    """By application name: which ApplicationSet generates it."""
    followed_sets: set[str] = field(default_factory=set)

    def judge(self, looked_at: Mapping[str, Candidate]) -> list[Candidate]:
        """Judge candidates and return those that are affected."""
        affected = []
        self.looked_at.update(looked_at)
        for name, verdict in verdicts(self.sources.reading, looked_at, self.sides, self.branch).items():
            self.verdicts[name] = self._with_origin(name, verdict)
            self.chosen.pop(name, None)
            if verdict.affected:
                self.chosen[name] = looked_at[name]
                affected.append(looked_at[name])
        return affected

    def children(self, parents: Sequence[Candidate]) -> dict[str, Candidate]:
        """Return the Applications that the parents declare on either side and that nobody has followed yet."""
        each = [self._sides_of(parent) for parent in parents]
        # Where neither side declares any, it does not matter what else a side wants, or whether it fails by now.
        sides = [
            side
            for sides in each
            if not all(self.sources.is_plain(application, tree) for application, tree, _ in sides)
            for side in sides
        ]
        rendered = self.sources.desired([Wanted(application, tree, predicts=True) for application, tree, _ in sides])
        found: dict[str, Candidate] = {}
        declared_sets: list[tuple[JsonObject, bool]] = []
        by_name = {parent.either.name: parent for parent in parents}
        staying: dict[tuple[str, str], str] = {}
        followed = frozenset(self.parents)
        # A parent that fails with the change removes nothing: its children stay as they are.
        failing = {
            one.name for (one, _, is_head), desired in zip(sides, rendered, strict=True) if is_head and desired.failure
        }
        for (parent, _, is_head), desired in zip(sides, rendered, strict=True):
            if not desired.failure and not any(map(_declares, desired.targets.objects)):
                self.sources.note_plain(parent, self.sides.head if is_head else self.sides.base)
            if parent.name in failing or not self._declares_ours(parent, desired):
                continue
            for name, child in self._declared(desired, parent, is_head=is_head):
                if name not in followed and self.parents.setdefault(name, parent.name) == parent.name:
                    found[name] = _with(found.get(name), child, is_head=is_head)
            sets = {key: manifest for key, manifest in desired.targets.objects.items() if is_applicationset(key)}
            declared_sets.extend((manifest, is_head) for manifest in sets.values())
            if not is_head:
                staying.update(self._staying(desired, by_name[parent.name]))
        readable = {name: child for name, child in found.items() if child.base or child.head}
        found = {name: self._with_what_stays(child, staying) for name, child in readable.items()}
        found.update(self._generated(self._with_sets_that_stay(paired(declared_sets).values(), staying)))
        return {name: child for name, child in found.items() if self._may_follow(child)}

    def _declares_ours(self, parent: Application, desired: Desired) -> bool:
        return any(map(_declares, desired.targets.objects)) and self.sources.declares_ours(parent)

    def _staying(self, desired: Desired, parent: Candidate) -> Iterator[tuple[tuple[str, str], str]]:
        """Yield kind and name of what a parent declares and does not prune once that leaves Git, with the reason."""
        name, head = parent.either.name, parent.head
        for key, manifest in desired.targets.objects.items():
            if not _declares(key):
                continue
            kept = (key.kind, self._called(key))
            if head is None:
                if not cascades(parent.either.finalizers):
                    yield kept, f"{name}, which declares it, goes without deleting anything"
                elif desired.writes.deletion(manifest) is Pruning.KEPT:
                    yield (
                        (key.kind, self._called(key)),
                        f"its sync options keep it when {name}, which declares it, is deleted",
                    )
            elif not head.spec.prunes:
                yield kept, f"{name} does not prune"
            elif desired.writes.pruning(manifest) is Pruning.KEPT:
                yield kept, "its sync options keep it from being pruned"

    def _called(self, key: ResourceKey) -> str:
        """Return the qualified name of an Application among an application's objects."""
        return qualified(key.namespace, key.name, home=self.grounds.homes.control)

    def _with_what_stays(self, child: Candidate, staying: Mapping[tuple[str, str], str]) -> Candidate:
        why = staying.get(("Application", child.either.name), "")
        if child.head is not None or not why:
            return child
        self.notes.append(f"Application {child.either.name} stays, because {why}")
        return replace(child, head=child.base)

    def _with_sets_that_stay(
        self, changes: Iterable[SetChange], staying: Mapping[tuple[str, str], str]
    ) -> Iterator[SetChange]:
        for change in changes:
            why = staying.get(("ApplicationSet", change.name), "")
            if change.head is None and why:
                self.notes.append(f"ApplicationSet {change.name} stays, because {why}")
                yield replace(change, head=change.base)
            else:
                yield change

    def _sides_of(self, parent: Candidate) -> list[tuple[Application, Tree, bool]]:
        sides = ((parent.base, self.sides.base, False), (parent.head, self.sides.head, True))
        return [(application, tree, is_head) for application, tree, is_head in sides if application is not None]

    def generated_in_the_cluster(self) -> dict[str, Candidate]:
        """Return what ApplicationSets of the cluster generate otherwise, those that nobody has declared meanwhile."""
        known = self.grounds.sets.manifests if self.grounds.sets else ()
        if self.grounds.sets and self.grounds.sets.problem and self.grounds.sets.problem not in self.notes:
            self.notes.append(self.grounds.sets.problem)
        waiting = [SetChange(one, one) for one in known if depends_on(one, self.branch)]
        return {name: child for name, child in self._generated(waiting).items() if self._may_follow(child)}

    def _generated(self, changes: Iterable[SetChange]) -> dict[str, Candidate]:
        """Return the Applications that ApplicationSets generate otherwise, each ApplicationSet followed once."""
        found: dict[str, Candidate] = {}
        for change in changes:
            if self.grounds.sets is None or change.name in self.followed_sets:
                continue
            self.followed_sets.add(change.name)
            if not self.grounds.sets.is_served:
                self.notes.append(f"ApplicationSet {change.name} generates nothing: the cluster does not know the kind")
                continue
            if change.namespace not in {"", self.grounds.homes.control}:
                self.notes.append(f"ApplicationSet {change.name} is in namespace {change.namespace}, and not followed")
                continue
            base = self._facts(self.grounds.sets, self.sides.base)
            head = replace(self._facts(self.grounds.sets, self.sides.head), refusal_of=self._refusal_of(change))
            controller = Controller(self.sources.by_argo_cd, self.grounds.mass_deletion_percent)
            followed = follow(change, base, head, self.grounds.known, controller)
            self.notes.extend(followed.notes)
            self.unpredicted += [change.name] if followed.unknown else []
            for name, candidate in followed.candidates.items():
                owner = self._owner(name)
                if owner:
                    self.notes.append(f"Application {name} is declared by {owner} already, and not followed")
                elif name not in self.parents:
                    self.parents[name] = ""
                    self.generators[name] = change.name
                    found[name] = Candidate(self._known(candidate.base), self._known(candidate.head))
        return found

    def _facts(self, sets: KnownSets, tree: Tree) -> TreeFacts:
        return TreeFacts(self.sources, tree, self.grounds.repositories, sets.clusters, sets.forge)

    def _refusal_of(self, change: SetChange) -> Callable[[str], str]:
        """Return what tells why the generators of an ApplicationSet may not read a repository for the change.

        One that the change leaves as it is reads what it names itself, as its controller does anyway; what templates
        name may come from the change's own files.
        """
        unaltered = change.base is not None and change.head is not None and _spec(change.base) == _spec(change.head)
        named = {url for url, _ in git_sources(change.head)} if unaltered and change.head is not None else set[str]()

        def refusal(repo_url: str) -> str:
            if self.grounds.repositories is None or repo_url in named:
                return ""
            return why_not_read(self.sources, change.head or {}, repo_url)

        return refusal

    def _owner(self, name: str) -> str:
        """Return which application manages an Application of the cluster; empty for one that is nobody's."""
        live = self.grounds.known.get(name)
        if live is None:
            return ""
        metadata = {"name": live.short_name, "namespace": live.namespace, "annotations": dict(live.annotations)}
        return owner_of({"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata}) or ""

    def _known(self, application: Application | None) -> Application | None:
        return None if application is None else self._as_it_is(application)

    def _with_origin(self, name: str, verdict: Verdict) -> Verdict:
        generator = self.generators.get(name)
        return (
            replace(verdict, words=f"generated by ApplicationSet {generator}: {verdict.words}")
            if generator
            else verdict
        )

    def _declared(
        self, desired: Desired, parent: Application, *, is_head: bool
    ) -> Iterator[tuple[str, Application | None]]:
        """Yield the Applications among an application's objects by name; None for one that cannot be read.

        Somebody else's are left out: no sync of `parent` may write them, and what they manage is not its author's to
        read.
        """
        instance = parent.instance
        for key, manifest in desired.targets.objects.items():
            if (key.group, key.kind) == ("argoproj.io", "Application"):
                name = self._called(key)
                owner = self._owner(name)
                if owner not in {"", instance}:
                    if is_head:
                        self.notes.append(f"Application {name} is declared by {owner} already, and not followed")
                    continue
                try:
                    yield name, self._as_it_is(Application.parse(manifest, home=self.grounds.homes.control))
                except Rejected:
                    yield name, None  # the API server's own refusal is reported at the object, with its words

    def _as_it_is(self, child: Application) -> Application:
        """Add what the cluster knows of an application to what a file says of it."""
        current = self.grounds.known.get(child.name)
        if current is None:
            return child
        return replace(
            child,
            status=current.status,
            finalizers=current.finalizers,
            operation=current.operation,
            resource_version=current.resource_version,
            uid=current.uid,
        )

    def _may_follow(self, child: Candidate) -> bool:
        """Whether anything can be said about a child; the reason why not becomes a note."""
        head, ours = child.head, self.grounds.homes.allows(child.either.namespace)
        if head is None or (child.base is not None and child.base.spec == head.spec):
            return child.base is not None and ours
        if not ours:
            self.notes.append(
                f"Application {head.short_name} is declared in namespace {head.namespace}, where this Foresail does "
                f"not look: it syncs those in {', '.join((self.grounds.homes.control, *self.grounds.homes.others))}"
            )
            return False
        foreign = self._foreign(head)
        if foreign:
            self.unpredicted.append(head.name)
            self.notes.append(
                f"Application {head.name} is not predicted: no application on the target branch uses the repository "
                f"{foreign} yet, and what a change alone asks for is not read before it is merged"
            )
        return not foreign

    def _foreign(self, application: Application) -> str:
        allowed = self.grounds.repositories
        if allowed is None:
            return ""
        spec = application.spec
        # Another port or protocol is another server: a change must not have us knock wherever its author likes.
        used = [
            repository_address(source.repo_url)
            for source in spec.effective_sources
            if not self.sources.trees.is_read_as_nobody(source, project=spec.project)
        ]
        return next((address for address in used if address not in allowed), "")


def _spec(manifest: JsonObject) -> object:
    return manifest.get("spec")


def _declares(key: ResourceKey) -> bool:
    return key.group == "argoproj.io"


def _with(candidate: Candidate | None, child: Application | None, *, is_head: bool) -> Candidate:
    """Add a side to a candidate; a head that cannot be read stays as the base is: it will be refused, not removed."""
    before = candidate or Candidate(None, None)
    if child is None:
        return replace(before, head=before.base) if is_head else before
    return replace(before, head=child) if is_head else replace(before, base=child)
