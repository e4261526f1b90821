"""Which revision is taken back by itself, and to what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bot.engine.sync.rollback import AUTO_ROLLBACK, GoingBack, going_back, window_of
from bot.engine.sync.start import HELD as WAITS
from bot.engine.sync.terminate import TERMINATED
from bot.errors import Rejected
from bot.model.applications import Application
from bot.model.health import Health, HealthStatus
from bot.model.operations import Operation, OperationState, Phase, ResultCode, TaskResult
from bot.model.resources import ResourceKey

GOOD, BAD = "a" * 40, "b" * 40
ENDED = "2026-01-02T03:04:05Z"
AT = datetime.fromisoformat(ENDED).timestamp()
SUNK = HealthStatus(Health.DEGRADED, "ConfigMap boat: it is sunk")
WELL = HealthStatus(Health.HEALTHY, "")
INFO = {"repository": "acme/shop", "branch": "main", "commit": BAD, "change": "acme/shop#7", "head": "c" * 40}
SOURCE = {"repoURL": "https://github.com/acme/shop", "path": "deploy"}


def result(code: ResultCode | None = ResultCode.SYNCED, *, hook: bool = False) -> TaskResult:
    key = ResourceKey("", "ConfigMap", "shop", "boat")
    return TaskResult(key, "v1", "Sync", Phase.FAILED, code, "it is sunk", hook)


def ended(
    phase: Phase = Phase.SUCCEEDED, message: str = "", *, results: tuple[TaskResult, ...] = (), revision: str = BAD
) -> OperationState:
    operation = Operation(revision, prune=True, info=INFO, automated=True)
    return OperationState(operation, phase, message, ENDED, finished_at=ENDED, results=results)


def application(
    *history: str, window: str = "10m", spec: Any = None, sources: Any = None, **metadata: Any
) -> Application:
    said = {
        "destination": {"name": "prod"},
        "syncPolicy": {"automated": {"prune": True}},
        "source": SOURCE,
        **(spec or {}),
    }
    entries = [{"id": number, "revision": one, "source": sources or SOURCE} for number, one in enumerate(history)]
    annotations = {AUTO_ROLLBACK: window} if window else {}
    return Application.parse(
        {
            "metadata": {"name": "shop", "annotations": annotations, **metadata},
            "spec": said,
            "status": {"history": entries},
        },
        home="argocd",
    )


def back(of: Application, last: OperationState, health: HealthStatus = WELL, *, after: float = 1.0) -> GoingBack | None:
    return going_back(of, last, health, now=AT + after)


def test_a_revision_that_degrades_within_its_window_is_taken_back_and_held() -> None:
    found = back(application(GOOD, BAD), ended(), SUNK)
    assert found is not None
    assert (found.operation.revision, found.operation.prune, found.operation.automated) == (GOOD, True, True)
    assert found.hold.back_from == BAD
    assert found.hold.change == "acme/shop#7"
    assert found.hold.words == (
        "held by Foresail until it is released: bbbbbbb degraded: ConfigMap boat: it is sunk, goes back to aaaaaaa"
    )
    # told at the bad commit, and compared with nobody's preview
    assert found.operation.info["commit"] == BAD
    assert "change" not in found.operation.info


def test_a_sync_that_wrote_and_failed_is_taken_back() -> None:
    found = back(application(GOOD), ended(Phase.FAILED, "boat: it is sunk", results=(result(),)))
    assert found is not None
    assert "bbbbbbb failed: boat: it is sunk" in found.hold.why


@pytest.mark.parametrize(
    ("of", "last", "health"),
    [
        pytest.param(application(GOOD, BAD), ended(), WELL, id="healthy"),
        pytest.param(application(GOOD, BAD, window=""), ended(), SUNK, id="not asked for"),
        pytest.param(application(GOOD, BAD, window="0"), ended(), SUNK, id="switched off"),
        pytest.param(application(GOOD, BAD, spec={"syncPolicy": {}}), ended(), SUNK, id="not automated"),
        pytest.param(application(GOOD, BAD, deletionTimestamp=ENDED), ended(), SUNK, id="being deleted"),
        pytest.param(application(BAD), ended(), SUNK, id="nothing before it"),
        pytest.param(application(), ended(Phase.FAILED, "x", results=(result(),)), WELL, id="never well"),
        pytest.param(application(GOOD, BAD, BAD), ended(), SUNK, id="synced again, so it was not the revision"),
        pytest.param(application(BAD), ended(Phase.FAILED, "x", results=(result(),)), SUNK, id="the same, failed"),
        pytest.param(application(GOOD, BAD, GOOD, BAD), ended(), SUNK, id="a person had it brought back"),
        pytest.param(application(GOOD, BAD, GOOD), ended(revision=GOOD), SUNK, id="what was gone back to, degraded"),
        pytest.param(
            application("d" * 40, GOOD),
            ended(Phase.FAILED, "x", results=(result(),), revision=GOOD),
            WELL,
            id="what was gone back to, failed",
        ),
        pytest.param(application(GOOD), ended(Phase.FAILED, "refused"), WELL, id="nothing written"),
        pytest.param(
            application(GOOD), ended(Phase.FAILED, "x", results=(result(ResultCode.SYNC_FAILED),)), WELL, id="refused"
        ),
        pytest.param(
            application(GOOD), ended(Phase.FAILED, "x", results=(result(hook=True),)), WELL, id="a hook failed first"
        ),
        pytest.param(
            application(GOOD), ended(Phase.FAILED, TERMINATED, results=(result(),)), WELL, id="ended by a person"
        ),
        pytest.param(
            application(GOOD), ended(Phase.FAILED, f"{WAITS}x", results=(result(),)), WELL, id="waits for a person"
        ),
        pytest.param(
            application(GOOD, BAD, sources={**SOURCE, "path": "other"}), ended(), SUNK, id="of another source"
        ),
    ],
)
def test_it_stays_otherwise(of: Application, last: OperationState, health: HealthStatus) -> None:
    assert back(of, last, health) is None


def test_it_stays_once_its_window_is_over() -> None:
    assert back(application(GOOD, BAD), ended(), SUNK, after=599) is not None
    assert back(application(GOOD, BAD), ended(), SUNK, after=600) is None


def test_of_several_sources_each_goes_back_to_what_it_was() -> None:
    sources = [SOURCE, {"repoURL": "https://github.com/acme/values", "path": "x"}]
    spec = {"source": None, "sources": sources}
    of = application(spec=spec)
    entries = [{"revisions": [GOOD, "d" * 40], "sources": sources}, {"revisions": [GOOD, BAD], "sources": sources}]
    of = Application.parse(
        {
            "metadata": {"name": "shop", "annotations": dict(of.annotations)},
            "spec": {"destination": {"name": "prod"}, "syncPolicy": {"automated": {}}, "sources": sources},
            "status": {"history": entries},
        },
        home="argocd",
    )
    operation = Operation(BAD, prune=True, info=INFO, revisions=(GOOD, BAD))
    found = back(of, OperationState(operation, Phase.SUCCEEDED, "", ENDED, finished_at=ENDED), SUNK)
    assert found is not None
    assert (found.operation.revision, found.operation.revisions) == ("d" * 40, (GOOD, "d" * 40))


@pytest.mark.parametrize("entry", [{"revision": GOOD}, {"revisions": [GOOD]}, {"revisions": [GOOD, GOOD, GOOD]}])
def test_an_entry_that_does_not_say_a_revision_for_each_source_is_not_gone_back_to(entry: Any) -> None:
    several = application().spec.model_dump(by_alias=True) | {
        "source": None,
        "sources": [SOURCE, {**SOURCE, "path": "x"}],
    }
    metadata = {"name": "shop", "annotations": {AUTO_ROLLBACK: "10m"}}
    of = Application.parse({"metadata": metadata, "spec": several, "status": {"history": [entry]}}, home="argocd")
    operation = Operation(BAD, prune=True, info=INFO, revisions=(GOOD, BAD))
    assert back(of, OperationState(operation, Phase.SUCCEEDED, "", ENDED, finished_at=ENDED), SUNK) is None


@pytest.mark.parametrize("said", ["soon", "-1m", "25h", "1d", "10", "9" * 30 + "h"])
def test_what_is_no_window_is_refused_in_words(said: str) -> None:
    with pytest.raises(Rejected, match="auto-rollback is no duration of up to 24h"):
        window_of(application(window=said))


@pytest.mark.parametrize(("said", "seconds"), [("10m", 600), ("1h30m", 5400), ("24h", 86400), ("0", 0), ("90s", 90)])
def test_windows_are_durations(said: str, seconds: float) -> None:
    assert window_of(application(window=said)) == seconds
