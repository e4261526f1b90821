"""How a limit is kept to: what goes at once, and the time between two after that."""

from __future__ import annotations

import pytest

from bot.model.pacing import Charge, Limit, limits


@pytest.mark.parametrize(("requests", "seconds"), [(80, 60.0), (500, 3600.0), (120, 60.0), (7, 60.0), (1, 60.0)])
def test_no_stretch_of_its_time_sees_more_than_a_limit(requests: int, seconds: float) -> None:
    limit = Limit(Charge.CONTENT, requests, seconds)
    assert limit.burst + seconds / limit.interval <= max(requests, 2)


def test_a_preview_is_counted_apart_from_what_it_writes() -> None:
    assert Limit(Charge.PREVIEW, 30, 60.0).counts == {Charge.PREVIEW}
    assert Limit(Charge.WRITE, 130, 60.0).counts == {Charge.WRITE, Charge.CONTENT}


def test_a_limit_of_0_is_none() -> None:
    found = limits(content_per_minute=0, content_per_hour=500, writes_per_minute=0, previews_per_minute=0)
    assert [(one.charge, one.requests) for one in found] == [(Charge.CONTENT, 500)]
