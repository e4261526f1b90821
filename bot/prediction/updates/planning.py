"""From the annotations of Applications to the values that would have to be written."""

from __future__ import annotations

import posixpath
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from bot.engine.tracking import TRACKING_ID
from bot.engine.updates.choosing import Newest, newer_version
from bot.engine.updates.images import parsed
from bot.engine.updates.places import Form
from bot.engine.updates.wishes import asks, wishes_of
from bot.engine.versions import is_version
from bot.errors import Rejected, Temporary
from bot.model.applications import Source
from bot.model.names import name_of_instance
from bot.model.updates import Bump, Edit, ImageWish, Planned, Strategy
from bot.prediction.updates.charts import in_chart
from bot.prediction.updates.reading import Branch, Files, Spot
from bot.repository.guard import shown

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.updates import ChartWish, Wishes
    from bot.prediction.trees import Trees
    from bot.repository.charts.available import Available

_log = structlog.get_logger()
_MOST_SHOWN: Final = 3
_UNFORESEEN: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Not every Exception: that the time of a job is over is one as well, and is said once."""
_LONGEST: Final = 360.0
"""Seconds in which a round looks at applications: its job has ten minutes, and proposes something after that."""


@dataclass(slots=True)
class Planner:
    """Plans for many Applications; what one has made it read, the others find read."""

    trees: Trees
    available: Available
    roots: Sequence[Source] = ()
    """Folders that declare Applications without being one's source themselves."""
    _files: Files = field(init=False)
    _branches: dict[tuple[str, str, str], Branch | Rejected | Temporary] = field(default_factory=dict)
    _newest: dict[tuple[Any, ...], tuple[Newest, list[str]]] = field(default_factory=dict)
    _ends: float = field(default_factory=lambda: time.monotonic() + _LONGEST)

    def __post_init__(self) -> None:
        self._files = Files(self.refuse_late)

    def plan(self, applications: Sequence[Application], *, every: Sequence[Application]) -> list[Planned]:
        """Return what could be newer, one answer for each that asks for something.

        `every` are all Applications there are: some declare others.
        """
        asking = [(one, wishes_of(dict(one.annotations))) for one in applications if asks(dict(one.annotations))]
        self.available.ask_ahead(
            (_registry(wish.name), wish.constraint if wish.strategy is Strategy.DIGEST else "", one.spec.project)
            for one, wishes in asking
            for wish in wishes.images
            if wish.constraint or wish.strategy is not Strategy.DIGEST
        )
        named = {one.name: one for one in every}
        made: dict[int, Planned] = {}
        # Where there is not the time for all of them, each has its turn in some round.
        for at in random.sample(range(len(asking)), len(asking)):
            made[at] = _Plan(self, *asking[at], named).made()
        return [made[at] for at in range(len(asking))]

    def refuse_late(self) -> None:
        """Raise Temporary when a round has taken so long that the rest is the next one's."""
        if time.monotonic() > self._ends:
            raise Temporary("others have taken so long that this was not looked at; the next round does")

    def newest(self, wish: ImageWish, tags: list[str]) -> Newest:
        """Return what of the tags of an image is the newest: to find it takes seconds where there are many."""
        key = (wish.constraint, wish.strategy, wish.allowed, wish.ignored, id(tags))
        if key not in self._newest:
            self._newest[key] = (Newest.of(wish, tags), tags)  # which has to stay, or others get its id
        return self._newest[key][0]

    def branch(self, source: Source, project: str) -> Branch:
        """Return the branch that a source follows; Rejected when it follows none."""
        key = (source.repo_url, source.target_revision, project)
        if key not in self._branches:
            self.refuse_late()
            try:
                self._branches[key] = self._opened(source, project)
            except (Rejected, Temporary) as error:
                self._branches[key] = error
        found = self._branches[key]
        if isinstance(found, Branch):
            return found
        raise found

    def _opened(self, source: Source, project: str) -> Branch:
        if words := self.trees.refusal_of(project, source.repo_url):
            raise Rejected(words)
        mirror = self.trees.following(source, project=project)
        name = mirror.followed_branch(source.target_revision)
        if not name:
            raise Rejected(
                f"{shown(source.repo_url)} is followed at {source.target_revision[:100]!r}, which is no branch: "
                "no commit changes what it holds"
            )
        return Branch(source.repo_url, name, mirror, mirror.tree_of(mirror.tip(name)))

    @property
    def repositories(self) -> frozenset[str]:
        """URLs of the Git repositories that were looked into."""
        return frozenset(url for (url, _, _), found in self._branches.items() if isinstance(found, Branch))

    @property
    def files(self) -> Files:
        """What was read so far."""
        return self._files


@dataclass(slots=True)
class _Plan:
    """The plan of one Application, as it comes about."""

    planner: Planner
    application: Application
    wishes: Wishes
    named: dict[str, Application]
    problems: list[str] = field(default_factory=list)
    uncertain: bool = False
    waits: bool = False

    def made(self) -> Planned:
        self.problems.extend(self.wishes.problems)
        bumps = [bump for wish in self.wishes.images for bump in self._tried(wish.name, self._image(wish))]
        for chart in self.wishes.charts:
            bumps += self._tried(f"chart {chart.name}", self._chart(chart))
        spec = self.application.spec
        return Planned(
            application=self.application.name,
            project=spec.project,
            group=self.wishes.group,
            bumps=tuple(bumps),
            problems=tuple(self.problems),
            uncertain=self.uncertain,
            waits=self.waits,
        )

    def _tried(self, thing: str, bumps: Iterator[Bump]) -> list[Bump]:
        """Collect; what cannot be found out is a problem of this one thing."""
        try:
            self.planner.refuse_late()
            return list(bumps)
        except Rejected as error:
            self.problems.append(f"{thing}: {error.message} {error.remedy}".rstrip())
        except Temporary as error:
            self.waits = True
            self.problems.append(f"{thing}: {error.message}")
        except _UNFORESEEN:  # a file that nobody has thought of must not keep all others from what they ask for
            _log.exception("update not planned", application=self.application.name, thing=thing)
            self.problems.append(f"{thing}: internal error; the log tells more")
        self.uncertain = True
        return []

    def _image(self, wish: ImageWish) -> Iterator[Bump]:
        spots = self._spots(wish)
        if not spots:
            raise Rejected("no file of the application's sources says which version of it is used")
        new = self._followed(wish, spots) if wish.strategy is Strategy.DIGEST else self._newest(wish, spots)
        yield from _bumps(wish.name, new)

    def _spots(self, wish: ImageWish) -> list[Spot]:
        if self.wishes.target:
            return self._at_target(wish)
        return [spot for source in self.application.spec.effective_sources for spot in self._in_source(source, wish)]

    def _at_target(self, wish: ImageWish) -> list[Spot]:
        """Look where `write-back-target` says, in the first of the sources."""
        kind, _, path = self.wishes.target.partition(":")
        source = next((one for one in self._in_git() if not one.only_a_reference), None)
        if source is None:
            raise Rejected("the application has no source in Git")
        branch = self.planner.branch(source, self.application.spec.project)
        where = _within(source.path, path)
        if kind == "kustomization":
            return self.planner.files.kustomized(branch, where, wish)
        return self.planner.files.valued([(branch, where)], wish)

    def _in_source(self, source: Source, wish: ImageWish) -> list[Spot]:
        """Look into the values files that a source names, the last first, as it wins; then into its folder."""
        found = self.planner.files.valued(list(self._values_files(source)), wish)
        if found or source.is_packaged or source.only_a_reference:
            return found
        branch = self.planner.branch(source, self.application.spec.project)
        return self.planner.files.spots(branch, source, wish)

    def _values_files(self, source: Source) -> Iterator[tuple[Branch, str]]:
        project = self.application.spec.project
        by_ref = {one.ref: one for one in self.application.spec.effective_sources if one.ref}
        named = (source.helm or {}).get("valueFiles")
        for path in map(str, reversed(named if isinstance(named, list) else [])):
            if "://" in path:
                continue
            ref, _, rest = path.removeprefix("$").partition("/")
            home, where = (by_ref.get(ref), rest) if path.startswith("$") else (source, _within(source.path, path))
            if home is not None and not home.is_packaged:
                yield self.planner.branch(home, project), where

    def _in_git(self) -> Iterator[Source]:
        return (one for one in self.application.spec.effective_sources if not one.is_packaged)

    def _newest(self, wish: ImageWish, spots: Sequence[Spot]) -> Iterator[tuple[Spot, str]]:
        available, project, name = self.planner.available, self.application.spec.project, _registry(wish.name)
        tags = available.tags(name, project)
        chosen, newest = "", self.planner.newest(wish, tags)
        for spot in spots:
            if spot.place.form is not Form.DIGEST and (tag := newest.after(spot.place.tag)):
                chosen = tag
                digest = available.digest(name, tag, project) if spot.place.digest else ""
                yield spot, spot.place.written(tag, digest)
        pinned = [spot for spot in spots if spot.place.form is Form.DIGEST and spot.place.digest]
        if pinned and all(spot.place.form is Form.DIGEST for spot in spots):
            raise Rejected(
                "only a digest stands there, which is not of any version", remedy="Use update-strategy digest."
            )
        for spot in pinned if chosen else ():
            yield spot, available.digest(name, chosen, project)

    def _followed(self, wish: ImageWish, spots: Sequence[Spot]) -> Iterator[tuple[Spot, str]]:
        available, project, name = self.planner.available, self.application.spec.project, _registry(wish.name)
        has_own = {(one.path, one.place.scalar.way[:-1]) for one in spots if one.place.form is Form.DIGEST}
        for spot in spots:
            place = spot.place
            if place.form is Form.TAG and (spot.path, place.scalar.way[:-1]) in has_own:
                continue
            tag = wish.constraint or place.tag or _tag_beside(spots) or "latest"
            digest = available.digest(name, tag, project)
            if not digest:
                raise Rejected(f"the registry has no tag {tag[:128]!r}")
            if digest != place.digest:
                yield spot, place.written(tag, digest)

    def _chart(self, wish: ChartWish) -> Iterator[Bump]:
        found = False
        for source in self.application.spec.effective_sources:
            if source.chart == wish.name:
                found = True
                yield from self._chart_of_source(wish, source)
            elif not source.is_packaged and not source.only_a_reference:
                branch = self.planner.branch(source, self.application.spec.project)
                for used in in_chart(self.planner.files, branch, source.path, wish):
                    found = True
                    if edits := used.edits(self._newer_chart(wish, used.repository, used.version)):
                        yield Bump(f"chart {wish.name}", used.version, edits[0].new, branch.url, branch.name, edits)
        if not found:
            raise Rejected("neither a source of the application nor a dependency of its chart is called so")

    def _chart_of_source(self, wish: ChartWish, source: Source) -> Iterator[Bump]:
        new = self._newer_chart(wish, source.repo_url, source.target_revision)
        if not new:
            return
        for branch, path, scalar in self._declared(source):
            edit = Edit(path, scalar.document, scalar.way, scalar.value, new)
            yield Bump(f"chart {wish.name}", source.target_revision, new, branch.url, branch.name, (edit,))
            return
        raise Rejected(f"{new} is newer, and no file in Git that declares the application is known")

    def _newer_chart(self, wish: ChartWish, url: str, current: str) -> str:
        if not is_version(current):
            raise Rejected(f"it is asked for as {current[:100]!r}, and so is taken newer without a commit")
        project = self.application.spec.project
        return newer_version(wish.constraint, self.planner.available.versions(url, wish.name, project), current)

    def _declared(self, source: Source) -> Iterator[tuple[Branch, str, Any]]:
        """Yield where the Application's own source is written: in its parent's folder, or in a root."""
        parent = self.named.get(name_of_instance(self.application.annotation(TRACKING_ID).partition(":")[0]))
        homes = [(one, parent.spec.project) for one in parent.spec.effective_sources] if parent is not None else []
        for home, project in [*homes, *((root, "") for root in self.planner.roots)]:
            if home.is_packaged or home.only_a_reference:
                continue
            branch = self.planner.branch(home, project)
            for path, scalar in self.planner.files.declaring(branch, home.path, self.application, source):
                yield branch, path, scalar


def _bumps(thing: str, written: Iterable[tuple[Spot, str]]) -> Iterator[Bump]:
    """Put together what one image needs, by repository and branch."""
    by_branch: dict[tuple[str, str], list[tuple[Spot, Edit]]] = {}
    for spot, new in written:
        scalar = spot.place.scalar
        if scalar.refusal:
            raise Rejected(f"{spot.path}: {scalar.value[:100]!r} {scalar.refusal}, and is not exchanged")
        if scalar.value != new:
            edit = Edit(spot.path, scalar.document, scalar.way, scalar.value, new)
            by_branch.setdefault((spot.branch.url, spot.branch.name), []).append((spot, edit))
    for (url, branch), found in by_branch.items():
        old = list(dict.fromkeys(_version(spot, edit.old) for spot, edit in found))
        new = _version(found[0][0], found[0][1].new)
        edits = tuple(edit for _, edit in found)
        yield Bump(thing, ", ".join(old[:_MOST_SHOWN]), new, url, branch, edits)


def _version(spot: Spot, value: str) -> str:
    """Return a value without the image's name."""
    found = parsed(value) if spot.place.form is Form.REFERENCE else None
    return value if found is None else f"{found.tag}{f'@{found.digest}' if found.digest else ''}"


def _tag_beside(spots: Sequence[Spot]) -> str:
    return next((one.place.tag for one in spots if one.place.tag), "")


def _registry(name: str) -> str:
    found = parsed(name)
    if found is None:
        raise Rejected(f"{name!r} is no image")
    return found.full_name


def _within(folder: str, path: str) -> str:
    """Return a path of a source from the repository's root; a leading slash begins there."""
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))
