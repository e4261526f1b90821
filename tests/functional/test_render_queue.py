"""Renders by a process of their own: the same comments and syncs, whoever is killed on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bot.store.connection import connect
from tests.functional.conftest import Opener, Shop, config_map, deployment
from tests.functional.test_kills import Kill, executed

APART = True
OBJECTS = 6
FILES = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="1") for number in range(OBJECTS)}
CHANGED = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="2") for number in range(OBJECTS)}


def _renders(shop: Shop, _number: int) -> bool:
    return connect(shop.stage.redis.url).zcard("rq:wip:render") > 0


KILLS = {
    "renderer": Kill(("render",), _renders),
    "who asked it": Kill(("preview",), _renders),
    "both": Kill(("preview", "render"), _renders),
    "renderer and Redis": Kill(("render", "redis"), _renders),
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_RENDER": "queue", "FORESAIL_CACHE_KEY": "a text for tests that is long enough"}


def _pid(shop: Shop, name: str) -> int:
    assert shop.stage.foresail is not None
    return shop.stage.foresail.pid(name)


def _children(shop: Shop, name: str) -> set[int]:
    """Return the children that render for a process."""
    tasks = Path(f"/proc/{_pid(shop, name)}/task").iterdir()
    found = {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    return {pid for pid in found if b"bot.repository.child" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_only_the_renderer_renders(open_shop: Opener) -> None:
    shop = open_shop({**FILES, "deploy/web.yaml": deployment()})
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    assert shop.await_preview(number) == "success"
    shop.merge(number)
    assert shop.replicas("web") == 3
    assert _children(shop, "render")
    assert not any(_children(shop, name) for name in ("preview", "sync", "notify"))


@pytest.mark.parametrize("name", KILLS)
def test_a_preview_bears_every_kill_while_it_is_rendered(open_shop: Opener, name: str) -> None:
    shop = open_shop(FILES)
    held, asker = _children(shop, "render"), _pid(shop, "preview")
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    shop.repository.push("feature", CHANGED)
    with executed(KILLS[name], shop):
        number = shop.repository.open_pull_request("feature").number
        if "render" not in KILLS[name].victims:
            shop.stage.until(lambda: _pid(shop, "preview") != asker, what="another who asks")
            for pid in held:
                os.kill(pid, signal.SIGCONT)
        assert shop.await_preview(number) == "success"
    assert f"### Merging changes {OBJECTS} resources in 1 application" in shop.body(number)
    assert len(shop.repository.comments(number)) == 1
    if "render" in KILLS[name].victims:
        shop.stage.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in held), what="the end of its children")
    shop.merge(number)
    assert shop.data("settings-0") == {"A": "2"}
