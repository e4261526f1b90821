"""When another process is of use to a queue."""

from __future__ import annotations

import pytest

from workers.together import takes_long


@pytest.mark.parametrize(
    ("waiting", "before", "workers", "helps"),
    [
        (200, None, 1, False),  # nobody knows how fast they go
        (200, 200, 1, True),
        (190, 200, 1, True),  # a push
        (110, 150, 1, False),  # comparisons: over in less than a second
        (10_000, 10_060, 1, True),  # of all applications
        (19, 19, 1, False),
        (30, 30, 2, False),  # one helps already
        (40, 40, 2, True),
        (200, 20, 1, True),  # more and more
    ],
)
def test_others_help_where_many_jobs_wait_and_will_for_a_while(
    waiting: int, before: int | None, workers: int, helps: object
) -> None:
    assert takes_long(waiting, before, workers=workers) is helps
