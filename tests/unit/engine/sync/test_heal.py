"""When what somebody changed by hand is put back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bot.engine.sync.heal import heals_at, is_last_written_by, who_changed
from bot.model.applications import Application
from bot.model.operations import Operation, OperationState, Phase

ENDED = "2026-01-02T03:04:05Z"


def application(
    *, heals: int = 0, phase: Phase = Phase.SUCCEEDED, automated: Any = None, ended: str = ENDED, **metadata: Any
) -> Application:
    policy = {"automated": {"selfHeal": True} if automated is None else automated}
    spec = {"destination": {"name": "prod"}, "source": {"repoURL": "x"}, "syncPolicy": policy}
    state = OperationState(Operation("a" * 40, prune=True, heals=heals), phase, "", ENDED, finished_at=ended)
    status = {"operationState": state.to_wire()}
    return Application.parse({"metadata": {"name": "shop", **metadata}, "spec": spec, "status": status}, home="argocd")


@pytest.mark.parametrize(
    ("heals", "seconds"), [(0, 0), (1, 2), (2, 6), (3, 18), (4, 54), (5, 162), (6, 300), (99, 300)]
)
def test_who_changes_it_again_is_answered_later(heals: int, seconds: float) -> None:
    assert heals_at(application(heals=heals)) == datetime.fromisoformat(ENDED).timestamp() + seconds


@pytest.mark.parametrize(
    "given",
    [
        application(automated={}),
        application(automated={"selfHeal": True, "enabled": False}),
        application(annotations={"argocd.argoproj.io/skip-reconcile": "true"}),
        application(phase=Phase.FAILED),
        application(phase=Phase.RUNNING, ended=""),
        application(deletionTimestamp=ENDED),
    ],
)
def test_where_a_person_has_to_look_nothing_is_put_back(given: Application) -> None:
    assert heals_at(given) is None


def test_the_last_who_wrote_is_named_and_neither_we_nor_status_updates() -> None:
    entries = [
        {"manager": "somebody", "time": "2026-01-01T00:00:00Z"},
        {"manager": "kubectl-edit", "time": "2026-01-02T00:00:00Z"},
        {"manager": "kubelet", "time": "2026-01-03T00:00:00Z", "subresource": "status"},
        {"manager": "foresail", "time": "2026-01-04T00:00:00Z"},
    ]
    assert who_changed({"metadata": {"managedFields": entries}}, manager="foresail") == "kubectl-edit"
    assert who_changed({"metadata": {}}, manager="foresail") == ""
    assert who_changed({"metadata": {"managedFields": ["x", {"manager": None}]}}, manager="foresail") == ""


@pytest.mark.parametrize(
    ("entries", "ours"),
    [
        ([], False),
        ([("us", "2026-01-01T00:00:02Z", ""), ("them", "2026-01-01T00:00:01Z", "")], True),
        ([("us", "2026-01-01T00:00:01Z", ""), ("them", "2026-01-01T00:00:02Z", "")], False),
        ([("us", "2026-01-01T00:00:01Z", ""), ("them", "2026-01-01T00:00:01Z", "")], False),
        ([("us", "2026-01-01T00:00:01Z", ""), ("them", "2026-01-01T00:00:02Z", "status")], True),
    ],
)
def test_it_is_known_whether_somebody_else_wrote_an_object_last(
    entries: list[tuple[str, str, str]], *, ours: bool
) -> None:
    fields = [{"manager": who, "time": at, "subresource": part} for who, at, part in entries]
    assert is_last_written_by({"metadata": {"managedFields": fields}}, "us") is ours
