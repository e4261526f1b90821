"""What an Application records of its sync, and that it fits where it is kept."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from bot.engine.sync.plan import plan_sync
from bot.engine.sync.record import Scene, comparison_patch, failure_patch, status_patch
from bot.model.applications import Application
from bot.model.operations import Operation, OperationState, Phase, ResultCode, TaskResult
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.recorded import recorded

NOW = "2026-01-02T03:04:05Z"
ETCD = 1_500_000
"""Bytes of an object that etcd takes for certain: its limit is 1.5 MiB a request."""


def application(status: JsonObject | None = None, **more: int) -> Application:
    spec = {"destination": {"name": "prod"}, "source": {"repoURL": "https://git.example/acme/shop"}, **more}
    metadata = {"name": "shop", "namespace": "foresail"}
    return Application.parse({"metadata": metadata, "spec": spec, "status": status}, home="foresail")


def objects(count: int, *, length: int = 10) -> dict[ResourceKey, JsonObject]:
    names = (f"settings-{number:04}".ljust(length, "x") for number in range(count))
    made = (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}} for name in names
    )
    return {ResourceKey.of(obj): obj for obj in made}


def result(key: ResourceKey, phase: Phase = Phase.SUCCEEDED, message: str = "configured") -> TaskResult:
    return TaskResult(key, "v1", "Sync", phase, ResultCode.SYNCED, message, differences=())


def written(
    targets: dict[ResourceKey, JsonObject],
    phase: Phase,
    results: list[TaskResult],
    before: JsonObject | None = None,
    live: dict[ResourceKey, JsonObject] | None = None,
) -> JsonObject:
    """Return the status after a step of an operation, as the API server merges it; `live` is what is there if more."""
    state = OperationState(Operation("a" * 40, prune=True), phase, "", NOW, results=tuple(results))
    plan = plan_sync(targets, [], state=state, spec=application().spec)
    patch = status_patch(Scene(application(before), targets, live or targets, plan), state, now=NOW)
    return {**(before or {}), **patch}


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.SUCCEEDED, Phase.FAILED])
@pytest.mark.parametrize("synced_before", [False, True])
def test_five_thousand_objects_with_long_names_fit(phase: Phase, *, synced_before: bool) -> None:
    targets = objects(5_000, length=150)
    results = [result(key) for key in targets]
    before = written(targets, Phase.SUCCEEDED, results) if synced_before else None
    status = written(targets, phase, results, before)
    assert len(orjson.dumps(status)) < ETCD
    assert recorded(application(status)).keys() == targets.keys()


def test_nothing_is_forgotten_at_any_step_of_a_large_operation() -> None:
    targets = objects(5_000, length=100)
    results = [result(key) for key in targets]
    gone = next(iter(objects(5_001, length=100).keys() - targets.keys()))
    status = written({**targets, gone: objects(5_001, length=100)[gone]}, Phase.SUCCEEDED, results)
    for done in (0, 100, 2_500, 5_000):
        status = written(targets, Phase.RUNNING, results[:done], status)
        assert recorded(application(status)).keys() == {*targets, gone}
        assert OperationState.of_status(status) is not None


@pytest.mark.parametrize("count", [2, 5_000])
def test_what_an_operation_wrote_that_never_ended_is_not_forgotten(count: int) -> None:
    targets = objects(count, length=100)
    first, *others = targets
    running = written(targets, Phase.RUNNING, [result(key) for key in targets])
    running.pop("resources", None)  # nothing had been looked at before
    status = written({key: targets[key] for key in others}, Phase.RUNNING, [], running, live=targets)
    status = written({key: targets[key] for key in others}, Phase.RUNNING, [result(others[0])], status, live=targets)

    assert recorded(application(status)).keys() == targets.keys()
    assert first in recorded(application(status))


def test_a_large_operation_says_what_failed_and_where() -> None:
    targets = objects(5_000, length=100)
    first, *others = targets
    results = [result(first, Phase.FAILED, "denied: " + "x" * 5_000), *map(result, others)]
    state = OperationState.of_status(written(targets, Phase.FAILED, results))
    assert state is not None
    (told,) = state.results
    assert (told.key, told.message[:8]) == (first, "denied: ")


def test_ordinary_operations_are_told_in_full() -> None:
    targets = objects(100)
    results = [result(key, message="created") for key in targets]
    state = OperationState.of_status(written(targets, Phase.SUCCEEDED, results))
    assert state is not None
    assert state.results == tuple(results)


def test_a_hook_that_never_runs_is_named_and_left_out_of_the_rest() -> None:
    ((key, obj),) = objects(1).items()
    odd = {**obj, "metadata": {**obj["metadata"], "annotations": {"argocd.argoproj.io/hook": "PreSnyc"}}}
    status = written({key: odd}, Phase.SUCCEEDED, [])
    assert status["resources"] == []
    (condition,) = status["conditions"]
    assert condition["type"] == "UnknownHookWarning"
    assert condition["message"].startswith(f"{key} is never applied")


def test_an_entry_that_nobody_can_read_is_left_alone() -> None:
    targets = objects(5_000, length=100)
    running = written(targets, Phase.RUNNING, list(map(result, targets)), {"resources": ["odd", {"kind": "Odd"}]})
    assert running["resources"] == ["odd", {"kind": "Odd"}]


def test_a_result_survives_its_record() -> None:
    key = next(iter(objects(1)))
    for one in (result(key), replace(result(key), hook=True, sync_phase="PreSync", code=None, differences=None)):
        assert TaskResult.from_wire(one.to_wire()) == one


@pytest.mark.parametrize("entries", [[], [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]])
def test_what_was_ignored_is_recorded_and_an_earlier_record_of_it_goes(entries: list[JsonObject]) -> None:
    spec = {"destination": {"name": "prod"}, "source": {"repoURL": "https://git.example/acme/shop"}}
    ignoring = Application.parse(
        {"metadata": {"name": "shop"}, "spec": {**spec, "ignoreDifferences": entries}}, home="foresail"
    )
    state = OperationState(Operation("a" * 40, prune=True), Phase.SUCCEEDED, "", NOW)
    patch = status_patch(Scene(ignoring, {}, {}, plan_sync({}, [], state=state, spec=ignoring.spec)), state, now=NOW)
    assert patch["sync"]["comparedTo"]["ignoreDifferences"] == (entries or None)
    assert "ignoreDifferences" not in patch["history"][0]


def compared(targets: dict[ResourceKey, JsonObject], synced: set[ResourceKey], before: JsonObject) -> JsonObject:
    """Return what a comparison writes over a status."""
    state = OperationState(Operation("a" * 40, prune=True), Phase.SUCCEEDED, "", NOW)
    plan = plan_sync(targets, [], state=state, spec=application().spec)
    scene = Scene(application(before), targets, targets, plan)
    return comparison_patch(scene, frozenset(synced), state.operation, now=NOW)


def test_a_comparison_that_finds_nothing_new_writes_nothing() -> None:
    targets = objects(3)
    before = written(targets, Phase.SUCCEEDED, [result(key) for key in targets])
    assert compared(targets, set(targets), before) == {}


def test_a_comparison_writes_what_differs_and_only_once() -> None:
    targets = objects(3)
    first, *rest = targets
    before = written(targets, Phase.SUCCEEDED, [result(key) for key in targets])

    patch = compared(targets, set(rest), before)

    assert patch["sync"]["status"] == "OutOfSync"
    assert [entry["status"] for entry in patch["resources"]] == ["OutOfSync", "Synced", "Synced"]
    assert "health" not in patch
    assert compared(targets, set(rest), {**before, **patch}) == {}
    assert compared(targets, set(targets), {**before, **patch})["sync"]["status"] == "Synced"
    assert first.name == patch["resources"][0]["name"]


def test_a_comparison_of_five_thousand_objects_fits_and_is_written_once() -> None:
    targets = objects(5_000, length=150)
    before = written(targets, Phase.SUCCEEDED, [result(key) for key in targets])
    patch = compared(targets, set(list(targets)[1:]), before)
    after = {**before, **patch}
    assert len(orjson.dumps(after)) < ETCD
    assert compared(targets, set(list(targets)[1:]), after) == {}


def test_a_partial_operation_records_itself_alone() -> None:
    targets = objects(3)
    key = next(iter(targets))
    state = OperationState(Operation("a" * 40, prune=True, resources=(key,)), Phase.SUCCEEDED, "", NOW)
    plan = plan_sync(targets, [], state=state, spec=application().spec)
    assert [task.key for task in plan.tasks] == [key]
    assert status_patch(Scene(application(), targets, targets, plan), state, now=NOW).keys() == {"operationState"}


@pytest.mark.parametrize(
    ("limit", "kept"), [({}, 10), ({"revisionHistoryLimit": 2}, 2), ({"revisionHistoryLimit": 0}, 0)]
)
def test_as_many_syncs_are_remembered_as_the_application_says(limit: dict[str, int], kept: int) -> None:
    targets = objects(1)
    state = OperationState(Operation("a" * 40, prune=True), Phase.SUCCEEDED, "", NOW)
    status: JsonObject | None = None
    for _ in range(12):
        shop = application(status, **limit)
        plan = plan_sync(targets, [], state=state, spec=shop.spec)
        status = status_patch(Scene(shop, targets, {}, plan), state, now=NOW)
    assert status is not None
    assert [entry["id"] for entry in status["history"]] == list(range(12))[12 - kept :]


def test_what_is_said_of_orphans_is_not_for_a_sync_to_take_away() -> None:
    orphaned = {"type": "OrphanedResourceWarning", "message": "Application has 2 orphaned resources"}
    subject = application({"conditions": [orphaned, {"type": "ComparisonError", "message": "before"}]})
    state = OperationState(Operation("a" * 40, prune=False), Phase.SUCCEEDED, "", started_at=NOW)
    scene = Scene(subject, {}, {}, plan_sync({}, [], state=state, spec=subject.spec))
    assert status_patch(scene, state, now=NOW)["conditions"] == [orphaned]
    failed = failure_patch(subject, replace(state, message="broken"), now=NOW)["conditions"]
    assert [one["message"] for one in failed] == [orphaned["message"], "broken"]


def test_what_is_declared_and_left_alone_is_warned_of() -> None:
    state = OperationState(Operation("a" * 40, prune=False), Phase.SUCCEEDED, "", started_at=NOW)
    plan = plan_sync({}, [], state=state, spec=application().spec)
    words = "Resource coordination.k8s.io/Lease one is excluded in the settings"
    told = status_patch(Scene(application(), {}, {}, plan, excluded=(words,)), state, now=NOW)["conditions"]
    assert told == [{"type": "ExcludedResourceWarning", "message": words, "lastTransitionTime": NOW}]


@pytest.mark.parametrize(
    "listed", [None, 1, "x", {"kind": "Pod"}, [None], ["x"], [[]], [{}], [{"kind": "Pod"}], [{"name": "a"}]]
)
def test_what_somebody_else_records_names_nothing_and_stops_nobody(listed: object) -> None:
    good = {"version": "v1", "kind": "ConfigMap", "name": "settings", "namespace": "shop"}
    assert not recorded(application({"resources": listed}))
    more = [*listed, good] if isinstance(listed, list) else [good]
    assert ResourceKey("", "ConfigMap", "shop", "settings") in recorded(application({"resources": more}))
