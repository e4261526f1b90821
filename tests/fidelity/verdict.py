"""Hold what a sync did against what its preview said; every difference is told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from bot.engine.diff.equality import same
from bot.engine.diff.normalise import BOOKKEEPING, LAST_APPLIED_ANNOTATION, comparable
from bot.engine.order import order
from bot.engine.patches.hand_over import applied_on_the_client
from bot.engine.writes import DELETION_APPROVED
from bot.model.operations import ResultCode
from bot.model.reports import Action, ResourceReport
from bot.model.resources import JsonObject, ResourceKey, annotations_of, metadata_of
from bot.preview.attribution import SPARED
from tests.fidelity.changes import SYNC_OPTIONS, Hand
from tests.fidelity.fleet import Outcome

_VALUE = re.compile(r"Invalid value: (null|\[\]|\{\}): ")
_PUT_BACK = {(kind, "metadata.finalizers") for kind in ("PersistentVolume", "PersistentVolumeClaim")}
_CHANGES_ALONG = "changes with the same merge, and then the API server may answer otherwise"
_FORBIDDEN = " is forbidden: "
"""How quotas, Pod Security and admission policies begin to refuse: what changes along with an object."""
_WRITES = frozenset({Action.CREATE, Action.CHANGE, Action.REPLACE})


def differences(outcome: Outcome) -> list[str]:
    """Return everything in which the sync did something else than predicted; empty when it was right."""
    report, state = outcome.report, outcome.state
    if report is None:
        alike = all(piece.base == piece.head for piece in outcome.change.pieces)
        return [] if alike else [f"{outcome.name}: the preview does not mention the application"]
    if state is None:
        return [f"{outcome.name}: no operation"]
    if report.failure:
        alike = state.message == report.failure and not state.results
        return [] if alike else [f"{outcome.name}: predicted {report.failure!r}, was {state.message!r}"]
    told = {one.key: one for one in report.resources}
    keys = {*outcome.targets, *outcome.before, *outcome.after, *told}
    return [f"{outcome.name} {key}: {words}" for key in sorted(keys) for words in _of(outcome, key, told.get(key))]


def _of(outcome: Outcome, key: ResourceKey, told: ResourceReport | None) -> Iterator[str]:
    if _is_not_its_turn(outcome, key):
        yield from _touched(outcome, key)
        return
    failed = _said(_failure(outcome, key))
    predicted = _said(told.failure) if told is not None else ""
    doubted = told is not None and _CHANGES_ALONG in told.estimated
    if _is_withheld(outcome, key) if predicted else doubted and _FORBIDDEN in failed:
        return
    if bool(failed) is not bool(predicted):
        yield f"predicted {predicted or 'no failure'!r}, was {failed or 'no failure'!r}"
        return
    if failed:
        same = _fits(predicted, failed) or _words(failed) == _words(predicted)
        if not same and not _is_part(predicted, failed, outcome):
            yield f"predicted to fail with {predicted!r}, failed with {failed!r}"
        return
    yield from _writes(outcome, key, told)
    yield from _said_itself(outcome, key)
    if key in outcome.targets and _standing(outcome.after.get(key)) is not None:
        became = outcome.ignored.foretold(outcome.after[key], live=outcome.before.get(key))
        told_fields = outcome.forecast.difference(outcome.name, key, became, outcome.targets[key]) or ()
        # What protects volumes and claims is put back by its controller, whoever takes it away.
        if fields := [field for field in told_fields if (key.kind, field) not in _PUT_BACK]:
            yield f"became something else than predicted in {', '.join(fields)}"


def _touched(outcome: Outcome, key: ResourceKey) -> Iterator[str]:
    """Tell of an object whose turn has not come that it was written to all the same."""
    before, after = (_standing(objects.get(key)) for objects in (outcome.before, outcome.after))
    if not same(before and _without_version(before), after and _without_version(after)):
        yield "was written to, though a wave before its own had not come to its end"


def _said_itself(outcome: Outcome, key: ResourceKey) -> Iterator[str]:
    """Tell what the sync recorded to be otherwise than predicted: a commit's status repeats it."""
    result = outcome.results.get(key)
    if result is not None and [one for one in result.differences or () if (key.kind, one) not in _PUT_BACK]:
        yield f"was itself said to be {result.differences}"


def _said(refusal: str) -> str:
    """Return a refusal without the server's comparison of its own structures, where `[]` and null are not the same."""
    return refusal.partition("\n@@")[0]


def _is_withheld(outcome: Outcome, key: ResourceKey) -> bool:
    """Whether a failure is not recorded yet, as something else is deleted to be created again, which never ends."""
    waits = outcome.state is not None and outcome.state.message.startswith("waiting for the deletion")
    return waits and key not in outcome.results


def _is_never_come_to(outcome: Outcome, key: ResourceKey, obj: JsonObject) -> bool:
    """Whether a deletion is what comes last in a sync that failed before or still waits, as docs/prediction.md says."""
    options = f"{outcome.change.option},{annotations_of(obj).get(SYNC_OPTIONS, '')}"
    return "PruneLast=true" in options.split(",") and _is_held_up(outcome) and key not in outcome.results


def _is_not_its_turn(outcome: Outcome, key: ResourceKey) -> bool:
    """Whether a sync has ended, or waits, before an object's turn; docs/prediction.md says so."""
    if key in outcome.results or not _is_held_up(outcome):
        return False
    waves = _waves(outcome)
    # With what a person has to approve its whole wave waits, and that comes after all that has a result.
    asks = outcome.state is not None and outcome.state.message.startswith("waiting for pruning confirmation")
    reached = [waves[one] for one in outcome.results if one in waves]
    return asks or (bool(reached) and waves.get(key, 0) > max(reached))


def _waves(outcome: Outcome) -> dict[ResourceKey, int]:
    """Return the wave of each object that is applied or, as was told, deleted."""
    told = outcome.report.resources if outcome.report is not None else ()
    gone = {one.key for one in told if Action.PRUNE in {one.action, one.drift}}
    deleted = [outcome.before[key] for key in gone & outcome.before.keys()]
    last = "PruneLast=true" in outcome.change.option.split(",")
    return {task.key: task.wave for task in order(outcome.targets.values(), pruned=deleted, prune_last=last)}


def _is_held_up(outcome: Outcome) -> bool:
    failed = any(one.code is ResultCode.SYNC_FAILED for one in outcome.results.values())
    return failed or (outcome.state is not None and outcome.state.message.startswith("waiting for "))


def _is_part(predicted: str, failed: str, outcome: Outcome) -> bool:
    """Whether a refusal names all that was foretold: a take-over comes first, and then more may be wrong."""
    predicted, failed = (_VALUE.sub("", words) for words in (predicted, failed))
    causes = predicted.partition(" is invalid: ")[2].strip("[]").split(", ")
    return Hand.APPLY in outcome.change.hands and all(cause in failed for cause in causes)


def _standing(obj: JsonObject | None) -> JsonObject | None:
    """Return an object that is there and not being deleted."""
    return None if obj is None or metadata_of(obj).get("deletionTimestamp") else obj


def _fits(predicted: str, failed: str) -> bool:
    """Whether one refusal is the other, or part of it; what stands as a Secret's value in any application is hidden."""
    if "<redacted>" not in predicted:
        return failed in predicted or predicted in failed
    words = predicted.partition(" immutable): ")[2] or predicted
    visible = ".*".join(map(re.escape, words.split("<redacted>")))
    return re.search(visible, failed, re.DOTALL) is not None


def _words(message: str) -> list[str]:
    """Return the words of a refusal in an order of their own: rules in CEL are told in any."""
    return sorted(message.translate(str.maketrans("[],", "   ")).split())


def _failure(outcome: Outcome, key: ResourceKey) -> str:
    result = outcome.results.get(key)
    return result.message if result is not None and result.code is ResultCode.SYNC_FAILED else ""


def _writes(outcome: Outcome, key: ResourceKey, told: ResourceReport | None) -> Iterator[str]:
    actions = {told.action, told.drift} if told is not None else set()
    spared = told is not None and SPARED in told.note
    if key not in outcome.targets or spared:  # what a sync of the target branch would do is not done any more
        actions -= {Action.REPLACE}
    before, after = (_standing(objects.get(key)) for objects in (outcome.before, outcome.after))
    approved = told is None or DELETION_APPROVED not in told.note  # or nobody has to
    if before is not None and after is None:
        # A pod may take its grace period to go, and a node that is not there never ends it.
        waits = Action.REPLACE in actions and outcome.after.get(key) is not None
        if not waits and (Action.PRUNE not in actions or not approved):
            yield f"was deleted, predicted {actions or 'nothing'}"
        return
    comes = approved and before is not None and not _is_never_come_to(outcome, key, before)
    if Action.PRUNE in actions and comes:
        yield "was predicted to be deleted, and is there"
    if before is None and after is not None and not actions & _WRITES:
        yield f"was created, predicted {actions or 'nothing'}"
    if before is not None and after is not None:
        said = told is not None and (told.rewritten or "belongs to application" in told.note)
        if told is not None and told.rewritten:  # in another notation, as it is told: the order of a set is none
            before, after = _in_one_order(before), _in_one_order(after)
        yield from _alterations(before, after, actions, owners_said=said)


def _alterations(before: JsonObject, after: JsonObject, actions: set[Action], *, owners_said: bool) -> Iterator[str]:
    """Tell of an object that was there before and is there afterwards."""
    replaced = metadata_of(before)["uid"] != metadata_of(after)["uid"]
    if replaced is not (Action.REPLACE in actions):
        yield f"{'was' if replaced else 'was not'} replaced, predicted {actions or 'nothing'}"
    changed = not same(comparable(before), comparable(after))
    if changed and not actions & _WRITES:
        yield f"was changed, predicted {actions or 'nothing'}"
    silent = actions <= {Action.NOTHING, Action.ORPHAN}
    noted = any(LAST_APPLIED_ANNOTATION in annotations_of(obj) or applied_on_the_client(obj) for obj in (before, after))
    left = _without_owners if owners_said or noted else _without_version
    if silent and not same(left(before), left(after)):
        yield f"was written to, predicted {actions or 'nothing'}"


def _in_one_order(value: Any) -> Any:
    """Return a value with all its lists sorted."""
    if isinstance(value, dict):
        return {name: _in_one_order(below) for name, below in value.items()}
    return sorted(map(_in_one_order, value), key=orjson.dumps) if isinstance(value, list) else value


def _without_version(obj: JsonObject) -> JsonObject:
    """Return an object without its status and version: of a claim, the API server counts up though nothing differs."""
    metadata = {name: value for name, value in metadata_of(obj).items() if name != "resourceVersion"}
    metadata["managedFields"] = [one for one in metadata.get("managedFields", []) if "subresource" not in one]
    return {name: value for name, value in obj.items() if name != "status"} | {"metadata": metadata}


def _without_owners(obj: JsonObject) -> JsonObject:
    """Return the same without what tools note down, and who owns which field: that may change hands unsaid."""
    obj = _without_version(obj)
    metadata = {name: value for name, value in metadata_of(obj).items() if name not in {"managedFields", "generation"}}
    annotations = {name: value for name, value in annotations_of(obj).items() if name not in BOOKKEEPING}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}
