"""How far a commit has come, from what Applications record."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.applications import Application
from bot.model.changes import StatusState
from bot.model.deliveries import Delivery, DeliveryState
from bot.model.holds import HELD, Hold
from bot.model.reports import STATUS_LENGTH
from bot.preview.delivery import delivery_of, statuses_of, without_its_application

COMMIT = "e86e9990" * 5


def application(**fields: Any) -> Application:
    spec = {
        "source": {"repoURL": "https://git.example/acme/shop.git", "path": "web"},
        "destination": {"name": "prod", "namespace": "shop"},
        "syncPolicy": {"automated": {}},
    }
    metadata = {"name": "web", "namespace": "foresail"}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return Application.parse({**kind, "metadata": metadata, "spec": spec, **fields}, home="foresail")


def delivery(revision: str) -> Delivery:
    running = application(operation={"sync": {"revision": revision}})
    return delivery_of("web", running, commit=COMMIT, covers=lambda known: known == COMMIT)


def test_an_operation_that_began_but_recorded_nothing_yet_is_under_way() -> None:
    assert delivery(COMMIT).state is DeliveryState.SYNCING


def test_an_operation_of_another_commit_is_waited_for() -> None:
    waiting = delivery("0" * 40)
    assert waiting.state is DeliveryState.QUEUED
    assert waiting.words == "waits for the operation at 0000000 to end"


def test_whoever_waits_says_which_change_is_before_it() -> None:
    info = [{"name": "change", "value": "acme/shop#41"}]
    running = application(operation={"sync": {"revision": "0" * 40}, "info": info})
    waiting = delivery_of("web", running, commit=COMMIT, covers=lambda known: known == COMMIT)
    assert waiting.words == "2nd, behind acme/shop#41: waits for the operation at 0000000 to end"


def test_a_revision_that_was_taken_back_has_failed_and_a_later_one_waits() -> None:
    hold = Hold("Foresail", "e86e999 degraded, goes back to 0000000", back_from=COMMIT)
    back = application(metadata={"name": "web", "annotations": {HELD: hold.to_annotation()}})
    closed = hold.words
    taken = delivery_of("web", back, commit=COMMIT, covers=lambda known: known == COMMIT, closed=closed)
    assert (taken.state, taken.words) == (DeliveryState.FAILED, hold.words)
    for phase, words in (("Error", ", which failed: commit 0000000 is not signed"), ("Succeeded", ""), ("Running", "")):
        operation = {"sync": {"revision": "0" * 40}}
        ended = {"phase": phase, "startedAt": "2026-01-02T03:04:05Z", "message": "commit 0000000 is not signed"}
        metadata = {"name": "web", "annotations": {HELD: hold.to_annotation()}}
        tried = application(metadata=metadata, status={"operationState": {**ended, "operation": operation}})
        taken = delivery_of("web", tried, commit=COMMIT, covers=lambda known: known == COMMIT)
        assert (taken.state, taken.words) == (DeliveryState.FAILED, f"{hold.words}{words}")
    later = delivery_of("web", back, commit="1" * 40, covers=lambda known: known == "1" * 40, closed=closed)
    assert (later.state, later.words) == (DeliveryState.WAITING, hold.words)


def test_a_commit_that_is_taken_back_in_git_has_failed_though_its_sync_went_well() -> None:
    commit = "c" * 40
    times = {"startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:06Z"}
    state = {"operation": {"sync": {"revision": commit}}, "phase": "Succeeded", "message": "synced", **times}
    words = f"{commit[:12]} degraded: acme/shop#8 reverts it"
    told = {"operationState": state, "conditions": [{"type": "AutoRollback", "message": words}]}
    found = delivery_of("web", application(status=told), commit=commit, covers=lambda one: one == commit)
    assert (found.state, found.words) == (DeliveryState.FAILED, words)
    of_another = {**told, "conditions": [{"type": "AutoRollback", "message": f"{'d' * 12} degraded"}]}
    well = delivery_of("web", application(status=of_another), commit=commit, covers=lambda one: one == commit)
    assert well.state is DeliveryState.HEALTHY


def test_words_too_long_for_a_status_are_cut_visibly() -> None:
    long = Delivery("web", "prod · shop", DeliveryState.FAILED, "no " * STATUS_LENGTH)
    for status in statuses_of([long], instance="foresail"):
        assert len(status.description) <= STATUS_LENGTH
        assert status.description.endswith("…")


def test_a_hook_that_never_runs_is_not_passed_over_in_silence() -> None:
    state = {
        "operation": {"sync": {"revision": COMMIT}},
        "phase": "Succeeded",
        "startedAt": "2026-01-02T03:04:05Z",
        "syncResult": {"revision": COMMIT, "resources": []},
    }
    conditions = [{"type": "UnknownHookWarning", "message": "Job shop/migrate is never applied"}, "odd"]
    done = application(status={"operationState": state, "conditions": conditions})
    told = delivery_of("web", done, commit=COMMIT, covers=lambda known: known == COMMIT)
    own, total = statuses_of([told], instance="foresail")
    assert own.description == "Healthy at e86e999; Job shop/migrate is never applied"
    assert total.description == "1 of 1 application Healthy"


MISSING = Delivery("web", "", DeliveryState.QUEUED, "waits for the Application to be created")


def above(state: DeliveryState) -> Delivery:
    return Delivery("root", "", state)


@pytest.mark.parametrize(
    ("parent", "declared", "done", "state"),
    [
        (above(DeliveryState.SYNCING), False, False, DeliveryState.QUEUED),
        (above(DeliveryState.WAITING), True, False, DeliveryState.QUEUED),
        (above(DeliveryState.FAILED), False, False, DeliveryState.FAILED),
        (above(DeliveryState.HELD), False, False, DeliveryState.FAILED),
        (above(DeliveryState.DELETED), True, False, DeliveryState.FAILED),
        (above(DeliveryState.HEALTHY), False, False, DeliveryState.SUPERSEDED),
        (above(DeliveryState.HEALTHY), True, False, DeliveryState.DELETED),
        (above(DeliveryState.HEALTHY), True, True, DeliveryState.SUPERSEDED),
        (None, True, False, DeliveryState.DELETED),
        (None, False, False, DeliveryState.DELETED),
        (None, False, True, DeliveryState.SUPERSEDED),
    ],
)
def test_a_commit_is_not_waited_for_in_an_application_that_will_not_come(
    parent: Delivery | None, *, declared: bool, done: bool, state: DeliveryState
) -> None:
    assert without_its_application(MISSING, parent, declared=declared, done=done).state is state


def test_an_application_that_was_deleted_is_an_error_and_a_failed_one_a_failure() -> None:
    deleted = without_its_application(MISSING, None, declared=True, done=False)
    failed = Delivery("db", "", DeliveryState.FAILED, "no such luck")
    own, total = statuses_of([deleted], instance="foresail")
    assert (own.state, own.description) == (StatusState.ERROR, "application was deleted while it synced")
    assert total.state is StatusState.ERROR
    assert statuses_of([deleted, failed], instance="foresail")[-1].state is StatusState.FAILURE


def test_a_commit_is_told_of_the_next_attempt_before_the_failure() -> None:
    state = {
        "operation": {"sync": {"revision": COMMIT}, "retry": {"limit": 1}},
        "phase": "Running",
        "startedAt": "2026-01-02T03:04:05Z",
        "finishedAt": "2026-01-02T03:04:06Z",
        "retryCount": 1,
        "message": "ConfigMap shop/a: no. Retrying attempt #1 at 3:04AM UTC.",
    }
    resting = application(status={"operationState": state}, operation=state["operation"])
    told = delivery_of("web", resting, commit=COMMIT, covers=lambda known: known == COMMIT)
    own, total = statuses_of([told], instance="foresail")
    assert own.description == "Retrying attempt #1 at 3:04AM UTC. ConfigMap shop/a: no."
    assert (own.state, total.state) == (StatusState.PENDING, StatusState.PENDING)
