"""Bad weather: calls that fail, webhooks that are lost, doubled and late; and too much at once for GitHub's limits."""

from __future__ import annotations

import pytest

from bot.sandbox.forge.faults import Fault
from bot.sandbox.storm import FILES, Storm, Weather, manifest
from tests.functional.conftest import Opener

APART = True
_DEADLINE = 240.0
"""Seconds after which it is told what is still wrong; on two free cores nothing is after one minute."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Return settings with limits that a storm reaches and a test can wait for."""
    return {
        "FORESAIL_FORGE_CONTENT_PER_MINUTE": "300",
        "FORESAIL_FORGE_WRITES_PER_MINUTE": "900",
    }


def test_a_limit_costs_no_second_prediction(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings-0.yaml": manifest(0, 0)})
    shop.stage.until(shop.stage.is_idle, what="the end of all that the opening called for")
    shop.stage.github.faults.add("POST /repos/*/issues/*/comments", kind=Fault.SECONDARY_LIMIT, times=2, seconds=1)

    number = shop.propose({"deploy/settings-0.yaml": manifest(0, 1)})

    assert shop.await_preview(number) == "success"
    assert "+  A: value-1" in shop.body(number)
    assert shop.stage.foresail is not None
    log, change = shop.stage.foresail.log, f"{shop.repository.full_name}#{number}"

    def made() -> int:
        return sum('"preview made"' in line and change in line for line in log("preview").splitlines())

    shop.stage.until(lambda: made() > 0 and shop.stage.is_idle(), what="the end of all that the change called for")
    assert made() == 1


def test_after_a_storm_each_change_has_one_right_comment_and_a_right_status(open_shop: Opener) -> None:
    shop = open_shop({f"deploy/settings-{number}.yaml": manifest(number, 0) for number in range(FILES)})
    shop.stage.github.limits.content_per_minute = 300

    repository = shop.stage.github.repository(shop.repository.full_name)
    after = Storm(shop.stage, repository, Weather(changes=40, pushes=200, share=0.3)).run(deadline=_DEADLINE)

    assert (after.wrong, after.refused_by_limits) == ((), 0)
    # pending, the comment and a final status; and one more that a fault may cost
    assert after.most_writes_per_push <= 4
