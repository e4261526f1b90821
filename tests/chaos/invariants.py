"""What has to hold whatever is struck: rules over the whole audit log of an API server. Pure, each rule a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.chaos.audit import HOOK, Write, annotation
from tests.chaos.story import Act, Operation, Story, by_attempt

SUCCEEDED: Final = "Succeeded"


@dataclass(frozen=True, slots=True)
class Permission:
    """What one application may do."""

    namespaces: frozenset[str]
    """That its project lets it write to."""
    keeps: frozenset[str] = frozenset()
    """Keys of objects that are never to be pruned."""


@dataclass(frozen=True, slots=True)
class Law:
    """What holds for the applications of a story."""

    permissions: Mapping[str, Permission]
    """By application."""
    git: Mapping[tuple[str, str], frozenset[str]]
    """By application and revision: the keys of the objects that Git has there."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What should never have happened, and the writes that show it."""

    rule: str
    words: str
    events: tuple[Write, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.rule}: {self.words}", *(f"    {event}" for event in self.events)])


Rule = Callable[[Story, Law], Iterator[tuple[str, tuple[Write, ...]]]]


def violations(story: Story, law: Law) -> list[Violation]:
    """Return everything in a story that breaks a rule; the story has to be at rest, or what runs counts as unended."""
    return [Violation(name, words, events) for name, rule in RULES.items() for words, events in rule(story, law)]


def _operations(story: Story) -> Iterator[Operation]:
    for operations in story.operations.values():
        yield from operations


def _once_in_a_step(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold each attempt of an operation to applying an object once, unless it was undone in between.

    A person's edit of what was applied by a worker that was killed before it recorded that is put back.
    """
    undone = [write for write in story.writes if write.verb == "delete" or write.is_by_hand]
    for operation in _operations(story):
        for acts in by_attempt(operation).values():
            applied: dict[str, Write] = {}
            for act in (one for one in acts if one.write.verb != "delete"):
                write, before = act.write, applied.get(act.write.key)
                gone = before is not None and any(
                    one.key == write.key and before.at < one.at < write.at for one in undone
                )
                if before is not None and not gone:
                    yield f"{write.key} was applied twice for {operation.application}", (before, write)
                applied[write.key] = write


def _in_an_operation(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold writes to the time in which an operation runs."""
    for write in story.astray:
        yield f"{write.key} was written to while no operation ran", (write,)


def _in_order(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold what is applied to the order of phases and waves."""
    for operation in _operations(story):
        for acts in by_attempt(operation).values():
            applied = [act for act in acts if act.write.verb != "delete"]
            for before, act in pairwise(applied):
                if act.turn < before.turn:
                    words = f"{act.write.key} of an earlier wave came after {before.write.key}"
                    yield words, (before.write, act.write)


def _pruned_with_permission(story: Story, law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold deletions to operations that prune, to what Git lacks at their revision, and to what is not to be kept."""
    hooks = {write.key for write in story.writes if annotation(write.sent, HOOK)}
    for operation in _operations(story):
        for act in operation.acts:
            if act.write.verb.startswith("delete") and act.write.key not in hooks:
                words = _why_not_pruned(operation, act, law)
                if words:
                    yield f"{act.write.key} was deleted, and {words}", (operation.began, act.write)


def _why_not_pruned(operation: Operation, act: Act, law: Law) -> str:
    permission, key = law.permissions.get(operation.application), act.write.key
    if not operation.prunes:
        return "its operation does not prune"
    if permission is None or key in permission.keeps:
        return "it is to be kept"
    if key in law.git.get((operation.application, operation.revision), frozenset({key})):
        return "Git has it"
    return ""


def _within_the_project(story: Story, law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold writes to the namespaces that the application's project allows."""
    for write in story.writes:
        if not write.is_ours or write.is_of_an_application:
            continue
        owner = write.owner or story.owners.get(write.key, "")
        permission = law.permissions.get(owner)
        if permission is None or write.namespace not in permission.namespaces:
            yield f"{write.key} of {owner or 'nobody'} is outside of its project", (write,)


def _ended_once(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold operations to one end each, which says as what."""
    for operation in _operations(story):
        if operation.ended is None:
            yield (
                f"the operation of {operation.application} at {operation.revision[:7]} never ended",
                (operation.began,),
            )
        elif not operation.phase and operation.ended.is_ours:
            yield f"the operation of {operation.application} vanished", (operation.began, operation.ended)
    for operation, write in story.relapses:
        yield f"the operation of {operation.application} ended as {operation.phase} and then otherwise", (write,)


def _success_is_final(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold what has succeeded to being neither tried nor begun again."""
    for operations in story.operations.values():
        succeeded: dict[tuple[str, str], Operation] = {}
        for operation in (one for one in operations if not one.is_partial):
            before = succeeded.get(operation.wanted)
            if before is not None:
                words = f"{operation.application} was synced again to {operation.revision[:7]}, where it had succeeded"
                yield words, (before.began, operation.began)
            if operation.phase == SUCCEEDED:
                succeeded[operation.wanted] = operation
            phases = [state.get("phase") for _, state in operation.records]
            if SUCCEEDED in phases[:-1]:
                yield f"an operation of {operation.application} went on after it had succeeded", (operation.began,)


def _in_history_once(story: Story, _law: Law) -> Iterator[tuple[str, tuple[Write, ...]]]:
    """Hold the history to one entry for each whole sync that succeeds, and none for anything else."""
    for application, operations in story.operations.items():
        known = 0
        for operation in (one for one in operations if one.ended is not None):
            numbers = [int(entry.get("id", -1)) for entry in operation.history]
            newest = numbers[-1] + 1 if numbers else 0
            expected = known + (operation.phase == SUCCEEDED and not operation.is_partial)
            told = f"the history of {application} has {newest} entries in all"
            if newest != expected:
                yield f"{told}, and {expected} syncs have succeeded", (operation.began, *_end(operation))
            elif numbers != sorted(set(numbers)):
                yield f"{told}, some of them twice", _end(operation)
            elif newest > known and operation.history[-1].get("deployStartedAt") != operation.started_at:
                yield f"{told}, the last of which is not this operation's", _end(operation)
            known = newest


def _end(operation: Operation) -> tuple[Write, ...]:
    return (operation.ended,) if operation.ended is not None else ()


RULES: Final[Mapping[str, Rule]] = {
    "no object is applied twice in one step of one operation": _once_in_a_step,
    "nothing is written outside of an operation": _in_an_operation,
    "no wave overtakes an earlier one": _in_order,
    "nothing is pruned without permission": _pruned_with_permission,
    "nothing is written outside of the project": _within_the_project,
    "every operation ends once": _ended_once,
    "what has succeeded is not tried again": _success_is_final,
    "every sync is in the history once": _in_history_once,
}
