"""Which applications one job looks at."""

from __future__ import annotations

from workers.changes.payloads import refreshes_of


def test_whoever_may_write_elsewhere_holds_up_nobody_else() -> None:
    names = ["shop", "team-a/shop", "web", "team-b/shop", "team-a/web"]
    looked_at = [one.payload["applications"] for one in refreshes_of(names)]
    assert looked_at == [["shop", "web"], ["team-a/shop", "team-a/web"], ["team-b/shop"]]


def test_one_job_does_not_look_at_all_of_them() -> None:
    counts = [len(one.payload["applications"]) for one in refreshes_of(map(str, range(1_100)))]
    assert counts == [500, 500, 100]
