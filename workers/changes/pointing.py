"""At which changed lines its dangers and failures are shown: at the manifest in the head, where that is known.

An object is looked for in the changed files that its application is rendered from, and is where exactly one of them
declares it. Merging may move lines: a file that the base branch has changed as well is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.model.checks import Level
from bot.prediction.verdicts import reads
from bot.preview.annotations import Lines, noted, remarks
from bot.preview.places import declarations
from bot.repository.hunks import file_with_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.checks import Annotation
    from bot.model.reports import Report
    from bot.model.resources import ResourceKey
    from bot.prediction.reading import Reading
    from bot.prediction.selection import Selection
    from bot.preview.affected import Branch
    from bot.preview.annotations import Remark
    from bot.preview.places import Declaration

_MOST_FILES: Final = 200
"""Changed files of one application in which objects are looked for."""
_MOST_REMARKS: Final = 200
"""Remarks for which a place is looked for; many applications have theirs from the same lines."""


def pointed_at(report: Report, selection: Selection, reading: Reading, branch: Branch) -> tuple[Annotation, ...]:
    """Return what is said at lines of the head of a change."""
    told = sorted(remarks(report), key=lambda one: list(Level).index(one.level))[:_MOST_REMARKS]
    if not told:
        return ()
    files = _Files(selection, reading, branch, report.head_sha)
    placed = ((remark, files.lines_of(remark)) for remark in told)
    return noted((remark, lines) for remark, lines in placed if lines is not None)


class _File(NamedTuple):
    declared: tuple[Declaration, ...]
    parts: tuple[tuple[int, int], ...]
    """First and last line of each part that has changed."""


@dataclass
class _Files:
    """The changed files of a change, each read once."""

    selection: Selection
    reading: Reading
    branch: Branch
    head_sha: str
    read: dict[str, _File | None] = field(default_factory=dict)
    changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By application: those that it is rendered from."""

    def lines_of(self, remark: Remark) -> Lines | None:
        """Return the changed lines of the one declaration of an object; None where nobody can tell."""
        found = list(self._declared(remark.application, remark.key))
        if len(found) != 1:
            return None
        path, one, parts = found[0]
        within = [(max(first, one.first), min(last, one.last)) for first, last in parts]
        within = [(first, last) for first, last in within if first <= last]
        return Lines(path, within[0][0], within[-1][1]) if within else None

    def _declared(
        self, application: str, key: ResourceKey
    ) -> Iterator[tuple[str, Declaration, tuple[tuple[int, int], ...]]]:
        for path in self._rendered_from(application):
            file = self._file(path)
            for one in file.declared if file is not None else ():
                if file is not None and one.may_be(key):
                    yield path, one, file.parts

    def _rendered_from(self, application: str) -> tuple[str, ...]:
        if application not in self.changed:
            candidate = self.selection.looked_at.get(application)
            paths: tuple[str, ...] = ()
            if candidate is not None:
                paths = reads(self.reading, candidate, self.selection.sides, self.branch).changed
            self.changed[application] = paths if len(paths) <= _MOST_FILES else ()
        return self.changed[application]

    def _file(self, path: str) -> _File | None:
        if path not in self.read:
            self.read[path] = self._read(path)
        return self.read[path]

    def _read(self, path: str) -> _File | None:
        if not path.isprintable():  # as with bytes that are no UTF-8, which no forge would take
            return None
        base, head = self.selection.sides.base, self.selection.sides.head
        mirror = head.mirror
        if mirror.entry(head.tree_id, path) != mirror.entry(mirror.tree_of(self.head_sha), path):
            return None
        found = file_with_changes(mirror, base.tree_id, head.tree_id, path)
        return None if found is None else _File(declarations(found[0]), found[1])
