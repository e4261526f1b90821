"""Whoever writes renders may be killed at any moment: what is there is whole, and what is written about it is true."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import cast

import redis

from bot.repository.render import Rendered
from bot.sandbox.installation import ROOT
from bot.sandbox.toolchain import Programs
from tests.integration.rendering.conftest import shelf_of

WRITE = """
import itertools, sys
from bot.rendering.shelf import Shelf
from bot.rendering.versions import Versions
from bot.repository.render import Rendered
from bot.store.connection import connect
from bot.store.renders import Renders
from bot.store.seal import Seal
from tests.integration.rendering.conftest import ROOM, SECRET
import os
shelf = Shelf(Renders(connect(sys.argv[1]), room=ROOM), Seal(SECRET), Versions({}))
for number in itertools.count():
    name, value = f"{number % 7}", os.urandom(700_000).hex()
    shelf.keep(name, Rendered(({"name": name, "value": value, "length": len(value)},)))
    if number == 3: print("begun", flush=True)
"""
NAMES = [str(number) for number in range(7)]


def test_a_writer_that_is_killed_leaves_nothing_half(
    connection: redis.Redis, redis_url: str, programs: Programs
) -> None:
    for moment in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITE, redis_url], cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        time.sleep(moment * 0.013)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        found, _ = shelf_of(connection, programs).look(NAMES)
        assert found
        assert all(is_whole(name, one) for name, one in found.items())
        assert_told(connection, set(found))


def is_whole(name: str, rendered: Rendered) -> bool:
    (manifest,) = rendered.manifests
    return bool(manifest["name"] == name and manifest["length"] == len(manifest["value"]))


def assert_told(connection: redis.Redis, names: set[str]) -> None:
    """Hold what is written about the entries against the entries."""
    sizes = cast("dict[bytes, bytes]", connection.hgetall("foresail:renders:sizes"))
    told = {name.decode(): int(size) for name, size in sizes.items()}
    assert told.pop("") == sum(told.values())
    assert told == {name: connection.strlen(f"foresail:render:entry:{name}") for name in names}
    assert {one.decode() for one in cast("list[bytes]", connection.zrange("foresail:renders", 0, -1))} == names
