"""What a Lease says, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cluster.leases import seat_of
from bot.model.shards import Seat

NAME = "foresail-controller-host-7-abc123"


def lease(name: str = NAME, *, turn: Any = "7", members: Any = f"{NAME},other", seconds: Any = 12) -> dict[str, Any]:
    annotations = {"foresail.dev/turn": turn, "foresail.dev/members": members}
    metadata = {"name": name, "annotations": annotations}
    return {"metadata": metadata, "spec": {"leaseDurationSeconds": seconds, "renewTime": "2000-01-01T00:00:00Z"}}


def test_it_says_who_is_there_and_between_whom_the_work_is_shared() -> None:
    assert seat_of(lease()) == Seat(NAME, 7, frozenset({NAME, "other"}), 12.0)


def test_one_who_does_nothing_yet_names_nobody() -> None:
    found = seat_of(lease(members=""))
    assert found is not None
    assert found.members == frozenset()


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"metadata": {"name": NAME}},
        lease("somebody-elses-lock"),
        lease("foresail-controller-../../x"),
        lease("foresail-controller-"),
        lease(turn=None),
        lease(turn="-1"),
        lease(turn="soon"),
        lease(seconds=None),
        lease(seconds="12"),
        {**lease(), "spec": None},
    ],
)
def test_what_no_controller_writes_so_is_nobody(obj: dict[str, Any]) -> None:
    assert seat_of(obj) is None
