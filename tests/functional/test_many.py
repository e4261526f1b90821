"""What one event costs where there is much else: requests are counted, never time."""

from __future__ import annotations

from tests.functional.conftest import Opener, config_map

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}


def test_a_repository_that_is_added_has_no_other_looked_at(open_shop: Opener) -> None:
    earlier = open_shop(FILES)
    earlier.await_preview(earlier.propose({"deploy/settings.yaml": config_map(COLOUR="green")}))
    stage = earlier.stage
    stage.until(stage.is_idle, what="nothing more to do")
    stage.github.exchanges.clear()
    added = open_shop(FILES, synced=False)
    asked = f"/repos/{added.repository.full_name}/pulls"
    stage.until(lambda: asked in {one.path for one in stage.github.requests}, what="a look at what was added")
    stage.until(stage.is_idle, what="nothing more to do")
    others = [
        one.path for one in stage.github.requests if one.path.startswith(f"/repos/{earlier.repository.full_name}")
    ]
    assert others == []
