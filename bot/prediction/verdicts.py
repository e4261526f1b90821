"""Judge which applications a step between two states of a branch touches, and say why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.model.applications import MANIFEST_GENERATE_PATHS
from bot.model.names import instance_of
from bot.preview.affected import UNTOUCHED, Branch, Candidate, Verdict, judge, stranger
from bot.preview.named_paths import named_paths, names
from bot.repository.inputs import input_hash, inputs_of
from bot.repository.steps import Between

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.applications import Application, Source
    from bot.prediction.reading import Reading, Step
    from bot.prediction.trees import Sides
    from bot.repository.plugins.declaration import Plugin


def verdicts(reading: Reading, candidates: Mapping[str, Candidate], sides: Sides, branch: Branch) -> dict[str, Verdict]:
    """Judge candidates by name; those that read nothing of what differs are not looked at.

    Raises Temporary when the mirror lacks one of the two states.
    """
    settled = {name: one.head for name, one in candidates.items() if one.head is not None and one.is_settled}
    between = Between(sides.base.mirror, sides.base.tree_id, sides.head.tree_id)
    judging = _Judging(reading.step(settled, between, branch), sides, branch, reading.plugins)
    found = dict.fromkeys(candidates, UNTOUCHED)
    for name in candidates.keys() - settled.keys():
        found[name] = judge(candidates[name], branch, partial(judging.inputs, name))
    for name in judging.step.readers:
        found[name] = judging.of_reader(name, settled[name])
    return found | dict.fromkeys(judging.step.strangers, stranger(branch))


@dataclass(frozen=True, slots=True)
class Reads:
    """What an application is rendered from, and what of it differs between two states of a branch."""

    paths: tuple[str, ...]
    """Files and folders, folders with everything below them; the root is `.`."""
    whole: bool
    """Whether it counts as reading the whole repository, because what it reads cannot be told by name."""
    changed: tuple[str, ...]


def reads(reading: Reading, candidate: Candidate, sides: Sides, branch: Branch) -> Reads:
    """Say what an application reads on either side; raises Temporary when the mirror lacks one of the states."""
    paths: set[str] = set()
    whole = False
    for application, tree in ((candidate.base, sides.base), (candidate.head, sides.head)):
        if application is None:
            continue
        sources = [one for one in application.spec.effective_sources if branch.is_source_of(one)]
        paths |= named_paths(application, sources)
        at, name = (tree.mirror, tree.tree_id), application.instance
        for found in (inputs_of(*at, source, name, reading.plugins) for source in sources):
            whole |= found.paths is None
            paths |= found.paths or frozenset()
    changed = Between(sides.base.mirror, sides.base.tree_id, sides.head.tree_id).changed() or frozenset()
    touched = (file for file in changed if whole or any(names(path, file) for path in paths))
    return Reads(tuple(sorted(path or "." for path in paths)), whole, tuple(sorted(touched)))


@dataclass(frozen=True, slots=True)
class _Judging:
    step: Step
    sides: Sides
    branch: Branch
    plugins: tuple[Plugin, ...]

    def of_reader(self, name: str, application: Application) -> Verdict:
        """Judge an application that reads something of what differs."""
        sources = [one for one in application.spec.effective_sources if self.branch.is_source_of(one)]
        known = dict(zip(map(id, sources), self.step.base[name], strict=True))
        verdict = judge(
            Candidate(application, application),
            self.branch,
            lambda source, head: self.inputs(name, source, head) if head else known[id(source)],
        )
        named = "" if verdict.affected else self.step.named(application, sources)
        return Verdict(affected=True, words=f"its {MANIFEST_GENERATE_PATHS} names {named}") if named else verdict

    def inputs(self, name: str, source: Source, head: bool) -> str | None:  # noqa: FBT001 - the shape `judge` asks for
        """Return the hash over what a source of an application reads on one side."""
        tree = self.sides.head if head else self.sides.base
        return input_hash(tree.mirror, tree.tree_id, source, instance_of(name), self.plugins)
