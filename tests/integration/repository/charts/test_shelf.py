"""What is on the shelf is whole, however many processes share it and whenever they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
import pygit2
import pytest

from bot.errors import Rejected, Temporary
from bot.repository.charts.shelf import Shelf
from bot.repository.environment import Place
from tests.integration.repository.charts.conftest import files_of


def filled(repository: pygit2.Repository, content: bytes = b"a: 1\n") -> str:
    builder = repository.TreeBuilder()
    builder.insert("a.yaml", repository.create_blob(content), pygit2.enums.FileMode.BLOB)
    return str(builder.write())


def put(shelf: Shelf, identity: str = "shop 1.0.0", content: bytes = b"a: 1\n") -> Place:
    return shelf.put("shop", identity, lambda repository: filled(repository, content), timeout=20.0)


def age(place: Place, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(place.repository, (then, then))


def test_an_entry_is_filled_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first = put(shelf)
    assert files_of(first) == {"a.yaml": b"a: 1\n"}
    assert put(shelf, content=b"other") == first
    assert put(shelf, "shop 2.0.0", b"other") != first


def test_of_many_threads_one_fills(tmp_path: Path) -> None:
    calls, places = [], []

    def fill(repository: pygit2.Repository) -> str:
        calls.append(1)
        time.sleep(0.2)
        return filled(repository)

    def want() -> None:
        places.append(Shelf(tmp_path).put("shop", "1", fill, timeout=20.0))

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(set(places)) == 1


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(repository: pygit2.Repository) -> str:
        filled(repository)
        raise Rejected("no chart")

    with pytest.raises(Rejected):
        Shelf(tmp_path).put("shop", "1", fail, timeout=20.0)
    assert list(tmp_path.glob("shop*")) == []


_KILLED = """
import sys, time
from pathlib import Path
from bot.repository.charts.shelf import Shelf
from tests.integration.repository.charts.test_shelf import filled

def fill(repository):
    tree = filled(repository)
    print("halfway", flush=True)
    time.sleep(60)
    return tree

Shelf(Path(sys.argv[1])).put("shop", "shop 1.0.0", fill, timeout=20.0)
"""


def test_a_process_that_is_killed_halfway_is_followed_by_one_that_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"halfway\n"
        process.send_signal(signal.SIGKILL)
    assert [path.name for path in tmp_path.glob("*.git")] == []
    assert files_of(put(Shelf(tmp_path))) == {"a.yaml": b"a: 1\n"}
    assert len(list(tmp_path.glob("shop*"))) == 1


_BUSY = """
import itertools, sys
from pathlib import Path
from bot.repository.charts.shelf import Shelf
from tests.integration.repository.charts.test_shelf import filled, put

shelf = Shelf(Path(sys.argv[1]))
print("begun", flush=True)
for number in itertools.count():
    shelf.write_note(str(number % 7), list(range(2000)))
    put(shelf, f"{sys.argv[2]} {number}", b"whole\\n" * 20000)
"""


def test_whenever_processes_are_killed_what_is_there_is_whole(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    for kill in range(6):
        commands = [[sys.executable, "-c", _BUSY, str(tmp_path), str(kill * worker)] for worker in (0, 1)]
        busy = [subprocess.Popen(one, stdout=subprocess.PIPE, env=environment) for one in commands]
        for process in busy:
            with process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"begun\n"
                time.sleep(0.05 + 0.037 * kill)
                process.kill()
        noted = [Shelf(tmp_path).note(str(number)) for number in range(7)]
        assert all(one is None or one[1] == list(range(2000)) for one in noted)
        assert all(orjson.loads(note.read_bytes()) for note in (tmp_path / "notes").glob("*.json"))
        for path in tmp_path.glob("*.git"):
            tree = orjson.loads((path / "foresail-tree.json").read_bytes())["tree"]
            assert files_of(Place(path, tree)) == {"a.yaml": b"whole\n" * 20_000}
    assert len(list(tmp_path.glob("*.git"))) > 0


def test_an_entry_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    place = put(shelf)
    for loose in (place.repository / "objects").rglob("*"):
        if loose.is_file():
            loose.unlink()
    assert files_of(put(shelf)) == {"a.yaml": b"a: 1\n"}
    (place.repository / "foresail-tree.json").write_text("{", encoding="ascii")
    assert files_of(put(shelf)) == {"a.yaml": b"a: 1\n"}


def test_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    old, older, used = put(shelf, "1"), put(shelf, "2"), put(shelf, "3", os.urandom(100))
    age(old, 7_200)
    age(older, 9_000)
    roomy = Shelf(tmp_path, most=sum(_disk(place) for place in (old, used)))
    put(roomy, "4")
    assert [place.repository.exists() for place in (old, older, used)] == [True, False, True]


def test_what_is_in_use_stays_and_nothing_is_added_to_it(tmp_path: Path) -> None:
    place = put(Shelf(tmp_path))
    with pytest.raises(Temporary, match="more charts are in use"):
        put(Shelf(tmp_path, most=1), "2")
    assert files_of(place) == {"a.yaml": b"a: 1\n"}


def test_what_killed_processes_left_is_swept_away(tmp_path: Path) -> None:
    left, fresh = tmp_path / "shop-1.git.new", tmp_path / "shop-2.git.new"
    for path in (left, fresh):
        path.mkdir()
    os.utime(left, (1, 1))
    put(Shelf(tmp_path))
    assert not left.exists()
    assert fresh.exists()


def test_a_note_is_remembered_with_its_age(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.note("index") is None
    shelf.write_note("index", {"etag": "1"})
    noted = shelf.note("index")
    assert noted is not None
    assert noted[1] == {"etag": "1"}
    for path in (tmp_path / "notes").iterdir():
        path.write_bytes(b"{")
    assert shelf.note("index") is None


def test_the_oldest_notes_are_forgotten(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(510):
        shelf.write_note(str(number), number)
    assert len(list((tmp_path / "notes").iterdir())) == 500
    assert shelf.note("509") is not None


def _disk(place: Place) -> int:
    return sum(file.lstat().st_blocks * 512 for file in place.repository.rglob("*"))
