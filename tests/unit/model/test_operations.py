"""Operations and their progress, written and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.model.operations import Occasion, Operation, OperationState, Phase, ResultCode, TaskResult
from bot.model.resources import ResourceKey

KEY = ResourceKey("apps", "Deployment", "shop", "web")
OPERATIONS = [
    Operation("abc", prune=True),
    Operation("abc", prune=False, info={"commit": "abc", "é": ""}, username="ann"),
    Operation("", prune=False, automated=True),
    Operation("abc", prune=True, username="ann", automated=True),
    Operation("abc", prune=False, revisions=("abc", "1.2.3"), resources=(KEY,), heals=3),
    Operation("abc", prune=True, resources=(KEY,), dry_run=True),
    Operation("abc", prune=True, without_hooks=True),
]
RESULTS = [
    TaskResult(KEY, "v1", "Sync", Phase.RUNNING, ResultCode.SYNCED, "configured"),
    TaskResult(ResourceKey("", "Node", "", "n"), "v1", "Sync", Phase.FAILED, ResultCode.SYNC_FAILED, "no"),
    TaskResult(KEY, "v1", "PreSync", Phase.SUCCEEDED, None, hook=True),
    TaskResult(KEY, "v1", "Sync", Phase.SUCCEEDED, ResultCode.PRUNED, differences=()),
    TaskResult(KEY, "v1", "Sync", Phase.SUCCEEDED, ResultCode.SYNCED, differences=("spec.replicas",)),
]


def stored(wire: dict[str, Any]) -> dict[str, Any]:
    """Return what an API server gives back: JSON, and no fields that are null."""
    read: dict[str, Any] = json.loads(json.dumps(wire), object_hook=_without_nulls)
    return read


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_read_as_it_was_written(operation: Operation) -> None:
    assert Operation.parse(stored(operation.to_wire())) == operation


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_read_as_it_was_written(result: TaskResult) -> None:
    assert TaskResult.from_wire(stored(result.to_wire())) == result


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_has_what_argo_cds_definition_of_an_application_demands(result: TaskResult) -> None:
    assert result.to_wire().keys() >= {"group", "kind", "name", "namespace", "version"}


@pytest.mark.parametrize("finished", ["", "2026-01-02T03:05:00Z"])
@pytest.mark.parametrize("phase", Phase)
def test_a_state_is_read_as_it_was_written(phase: Phase, finished: str) -> None:
    state = OperationState(OPERATIONS[1], phase, "words", "2026-01-02T03:04:05Z", tuple(RESULTS), finished)

    assert OperationState.parse(stored(state.to_wire())) == state


def test_a_merge_patch_takes_away_the_end_of_an_earlier_operation() -> None:
    wire = OperationState(OPERATIONS[0], Phase.RUNNING, "", "2026-01-02T03:04:05Z").to_wire()

    assert wire["finishedAt"] is None


def test_a_hook_is_told_apart_on_the_wire() -> None:
    assert [result.to_wire().get("hookType") for result in RESULTS] == [None, None, "PreSync", None, None]


@pytest.mark.parametrize("wire", [{}, {"sync": None}, {"sync": []}, {"retry": {"limit": 5}}])
def test_what_asks_for_nothing_we_know_is_no_operation(wire: dict[str, Any]) -> None:
    assert Operation.parse(wire) is None


@pytest.mark.parametrize(
    "more",
    [
        {"dryRun": "false"},
        {"resources": "Pod a"},
        {"resources": ["x"]},
        {"manifests": ["{}"]},
        {"source": {"a": 1}},
        {"syncStrategy": {"apply": {"force": True}}},
        {"syncStrategy": {"hook": {"force": True}}},
    ],
)
def test_what_we_cannot_do_never_becomes_a_usual_sync(more: dict[str, Any]) -> None:
    assert Operation.parse({"sync": {"revision": "abc", **more}}) is None


def test_after_a_partial_sync_or_a_dry_run_the_sync_before_is_still_the_last() -> None:
    whole = OperationState(OPERATIONS[1], Phase.FAILED, "no", "2026-01-02T03:04:05Z", (), "2026-01-02T03:05:00Z")
    seen = {"operationState": stored(whole.to_wire())}
    for asked in (Operation("def", prune=False, dry_run=True), Operation("def", prune=False, resources=(KEY,))):
        noted = asked.after(OperationState.last_sync(seen))
        assert noted.is_record_of(asked)
        state = OperationState(noted, Phase.SUCCEEDED, "", "2026-01-02T04:04:05Z")
        seen = {"operationState": stored(state.to_wire())}
        assert OperationState.last_sync(seen) == whole
        assert OperationState.of_status(seen) == state


@pytest.mark.parametrize("noted", ["", "x", "[]", '{"operation": {"sync": {"dryRun": true}}}'])
def test_without_a_sync_before_a_dry_run_is_none(noted: str) -> None:
    dry = Operation("def", prune=False, info={"lastSync": noted}, dry_run=True)
    state = OperationState(dry, Phase.SUCCEEDED, "", "2026-01-02T04:04:05Z")
    assert OperationState.last_sync({"operationState": stored(state.to_wire())}) is None


def test_what_is_put_back_counts_as_a_sync() -> None:
    assert OPERATIONS[4].counts
    assert OPERATIONS[4].after(None) == OPERATIONS[4]


def test_what_puts_back_is_about_the_objects_that_it_names() -> None:
    named = [{"group": "apps", "kind": "Deployment", "name": "web"}, {"kind": "Pod", "namespace": "shop", "name": "a"}]
    operation = Operation.parse({"sync": {"revision": "abc", "resources": named, "autoHealAttemptsCount": 1}})

    assert operation is not None
    assert operation.is_about(KEY)
    assert operation.is_about(ResourceKey("", "Pod", "shop", "a"))
    assert not operation.is_about(ResourceKey("", "Pod", "other", "a"))


@pytest.mark.parametrize(
    "more", [{"info": {"a": 1}}, {"info": ["x", {}, {"value": "y"}]}, {"initiatedBy": []}, {"info": None}]
)
def test_an_operation_that_somebody_wrote_by_hand_breaks_nothing(more: dict[str, Any]) -> None:
    assert Operation.parse({"sync": {"revision": "abc"}, **more}) == Operation("abc", prune=False)


@pytest.mark.parametrize("phase", ["", None, "Weird", ["Running"], {}])
def test_a_state_in_no_known_phase_is_none(phase: Any) -> None:
    assert OperationState.parse({"operation": {"sync": {}}, "phase": phase}) is None


@pytest.mark.parametrize("resources", [None, {}, "x", [], ["x", None, 5]])
def test_results_that_are_none_are_passed_over(resources: Any) -> None:
    started = {"operation": {"sync": {}}, "phase": "Running", "startedAt": "2026-01-01T00:00:00Z"}
    wire = started | {"syncResult": {"resources": resources}}
    state = OperationState.parse(wire)

    assert state is not None
    assert state.results == ()


def test_a_result_as_argo_cd_writes_it_is_read() -> None:
    entry = {"group": "", "version": "v1", "kind": "Pod", "namespace": "a", "name": "b", "status": "Synced"}
    result = TaskResult.from_wire({**entry, "syncPhase": "Sync", "message": "pod/b created"})

    assert (result.phase, result.code, result.hook) == (Phase.SUCCEEDED, ResultCode.SYNCED, False)


def test_a_result_of_unknown_words_breaks_nothing() -> None:
    result = TaskResult.from_wire({"kind": 5, "status": "Odd", "hookPhase": ["x"], "message": None})

    assert (result.key.kind, result.code, result.phase, result.message) == ("5", None, Phase.SUCCEEDED, "")


def test_an_occasion_is_read_as_it_was_written() -> None:
    occasion = Occasion("acme/shop", "main", "abc", before="def", change="acme/shop#12")

    assert Occasion.of(occasion.to_info()) == occasion
    assert Occasion.of({"other": "x"}) == Occasion("", "", "")


@pytest.mark.parametrize("started", [None, "", "yesterday", 7, "2026-01-01"])
def test_a_state_that_began_at_no_time_is_none(started: Any) -> None:
    wire = {"operation": {"sync": {}}, "phase": "Running", "startedAt": started}
    assert OperationState.of_status({"operationState": wire}) is None


@pytest.mark.parametrize("status", [None, {}, {"operationState": "x"}, {"operationState": {"operation": "x"}}])
def test_a_status_without_a_record_has_none(status: Any) -> None:
    assert OperationState.of_status(status) is None
