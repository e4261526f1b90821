"""Which applications read what, for each branch at one of its states: a change is looked up instead of compared.

Only a hint of where to look, kept in a process's memory and made anew when it is lost. Whether an application that is
found here is affected is decided by the hashes of what it reads. One that is not found reads the same on both sides: at
and below the paths that it reads nothing has changed, and what it would read if it appeared lies at or below them too
(`bot.repository.inputs.Inputs`). Where names do not tell what is read, the application counts as a reader of
everything.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.errors import Temporary
from bot.model.applications import MANIFEST_GENERATE_PATHS
from bot.preview.named_paths import fixed_part, named_paths, names
from bot.repository.inputs import inputs_of
from bot.repository.plugins.declaration import Plugin
from bot.repository.steps import Between, above, with_folders

if TYPE_CHECKING:
    from bot.model.applications import Application, Source
    from bot.preview.affected import Branch
    from bot.repository.mirrors import Mirror

_BRANCHES: Final = 4
"""Branches that are kept; about 10 MB each where 10,000 applications follow it."""
_SLACK: Final = 1_000
"""Applications that are kept though nobody asks for them any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """What lies between two states of a branch, and whom it can concern."""

    changed: frozenset[str]
    """Every file that differs, by each of its names; none where there are more than anybody looks at."""
    readers: frozenset[str]
    """Applications that read some of it; all others that were asked about read the same on both sides."""
    base: Mapping[str, tuple[str | None, ...]]
    """By reader: the hash over what each source that follows the branch reads on the base side."""
    strangers: frozenset[str]
    """Applications that were asked about and follow something else."""

    def named(self, application: Application, sources: Iterable[Source]) -> str:
        """Return a changed file that an application names as its input; empty when there is none."""
        if not application.annotation(MANIFEST_GENERATE_PATHS):
            return ""
        paths = named_paths(application, sources)
        return min((file for file in self.changed if any(names(path, file) for path in paths)), default="")


class Reading:
    """Finds the applications that read what has changed; safe to use from threads."""

    def __init__(self) -> None:
        self.plugins: tuple[Plugin, ...] = ()
        """Which may discover a source; set before anything is asked."""
        self._branches: OrderedDict[tuple[str, str], _Index] = OrderedDict()
        self._lock = threading.Lock()

    def step(self, applications: Mapping[str, Application], between: Between, branch: Branch) -> Step:
        """Say which of these applications read something that differs between two states of a branch.

        Raises Temporary when the mirror lacks one of them.
        """
        changed = between.changed()
        with self._lock:
            index = self._at(between.mirror, between.base, branch)
            index.learn(applications, between.mirror, branch)
            asked = applications.keys()
            readers = asked - index.strangers if changed is None else asked & index.readers_of(changed)
            return Step(
                changed=changed or frozenset(),
                readers=frozenset(readers),
                base={name: index.entries[name].hashes for name in readers},
                strangers=frozenset(asked & index.strangers),
            )

    def _at(self, mirror: Mirror, tree_id: str, branch: Branch) -> _Index:
        """Return the index of a branch, moved to a state of it."""
        key = (str(mirror.path), branch.name)
        index = self._branches.pop(key, None)
        if index is None or not index.moved(Between(mirror, index.tree_id, tree_id)):
            index = _Index(tree_id, self.plugins)
        self._branches[key] = index
        while len(self._branches) > _BRANCHES:
            self._branches.popitem(last=False)
        return index


class _Entry(NamedTuple):
    """One application in the index."""

    definition: int
    hashes: tuple[str | None, ...]
    paths: tuple[str, ...] | None
    """None: everything."""


@dataclass(slots=True)
class _Index:
    """What the applications of one branch read at one state of it."""

    tree_id: str
    plugins: tuple[Plugin, ...] = ()
    entries: dict[str, _Entry] = field(default_factory=dict)
    readers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Applications by each path that they read; a few of a path are smaller as a tuple than as a set."""
    above: Counter[str] = field(default_factory=Counter)
    """How many paths that are read lie below each folder."""
    of_everything: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)

    def moved(self, way: Between) -> bool:
        """Move to another state, forgetting those whose inputs it changes; False when the way is not known."""
        try:
            changed = way.changed()
        except Temporary:
            return False
        if changed is None:
            return False
        for name in self.readers_of(changed):
            self._forget(name)
        self.tree_id = way.head
        return True

    def learn(self, applications: Mapping[str, Application], mirror: Mirror, branch: Branch) -> None:
        """Add what is not known of these applications."""
        entries, wanted = self.entries, applications.keys()
        for name, application in applications.items():
            known = entries.get(name)
            if known is None or known.definition != application.reads:
                if known is not None:
                    self._forget(name)
                at = Between(mirror, self.tree_id, self.tree_id)
                self._add(name, _entry(application, at, branch, self.plugins))
        if len(self.entries) > len(wanted) + _SLACK:
            for name in self.entries.keys() - wanted:
                self._forget(name)

    def readers_of(self, changed: frozenset[str]) -> set[str]:
        """Return who reads one of these files, or a folder that one of them lies in."""
        found: set[str] = set()
        for path in with_folders(changed):
            found.update(self.readers.get(path, ()))
        # What is no folder on one side, but a link or a submodule, decides about all paths below it.
        turned = changed & self.above.keys()
        for path, readers in self.readers.items() if turned else ():
            if any(path.startswith(f"{one}/") for one in turned):
                found.update(readers)
        return found | self.of_everything if changed else found

    def _add(self, name: str, entry: _Entry) -> None:
        self.entries[name] = entry
        if entry.paths is None:
            self.of_everything.add(name)
        elif not entry.hashes:
            self.strangers.add(name)
        for path in entry.paths or ():
            self.readers[path] = (*self.readers.get(path, ()), name)
            self.above.update(above(path))

    def _forget(self, name: str) -> None:
        entry = self.entries.pop(name)
        self.of_everything.discard(name)
        self.strangers.discard(name)
        for path in entry.paths or ():
            left = tuple(other for other in self.readers[path] if other != name)
            if left:
                self.readers[path] = left
            else:
                del self.readers[path]
            self.above.subtract(above(path))


def _entry(application: Application, at: Between, branch: Branch, plugins: tuple[Plugin, ...]) -> _Entry:
    sources = [source for source in application.spec.effective_sources if branch.is_source_of(source)]
    found = [inputs_of(at.mirror, at.base, source, application.instance, plugins) for source in sources]
    hashes = tuple(one.digest for one in found)
    paths: set[str] = {fixed_part(path) for path in named_paths(application, sources)}
    for one in found:
        if one.paths is None:
            return _Entry(application.reads, hashes, None)
        paths |= one.paths
    return _Entry(application.reads, hashes, tuple(paths))
