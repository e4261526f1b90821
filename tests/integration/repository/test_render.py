"""The renderer's children: warm, confined, replaced when they fail, gone when they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pygit2
import pytest

from bot.errors import Temporary
from bot.model.applications import Source
from bot.repository.render import CHILDREN, Rendered, Renderer, RenderFailed, RenderRequest
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Fixed

ROOT = Path(__file__).parents[3]
SLOW = "apiVersion: v1\nkind: A\nx: [" + "1," * 4_900_000 + "]"
"""Keeps the parser busy for many seconds."""


def config(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def children(parent: int | None = None) -> set[int]:
    """Return the renderer's children of a process, by the kernel's list."""
    found = set[int]()
    for tasks in Path(f"/proc/{parent or os.getpid()}/task").iterdir():
        for pid in (tasks / "children").read_text().split():
            if b"bot.repository.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(int(pid))
    return found


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20.0
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def own(programs: Programs) -> Iterator[Renderer]:
    """Return a renderer nobody else uses."""
    found = Renderer(kustomize=str(programs.kustomize), timeout=20.0)
    yield found
    found.close()


@pytest.fixture
def hasty(programs: Programs) -> Iterator[Renderer]:
    found = Renderer(kustomize=str(programs.kustomize), timeout=1.0)
    yield found
    found.close()


@pytest.fixture
def request_for(repository: Fixed) -> Callable[..., RenderRequest]:
    files = {f"{name}/a.yaml": config(name) for name in "abcdefgh"} | {"bad/a.yaml": "kind: A\n", "slow/a.yaml": SLOW}
    tree = repository.tree(files)

    def make(path: str, **source: Any) -> RenderRequest:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, **source}
        return RenderRequest(repository.mirror.path, tree, Source.model_validate(wire))

    return make


def names(answers: list[Rendered | RenderFailed]) -> list[str]:
    return [
        one.manifests[0]["metadata"]["name"] if isinstance(one, Rendered) else one.message.partition(":")[0]
        for one in answers
    ]


def test_nothing_is_started_for_nothing(own: Renderer) -> None:
    before = children()
    assert own.render([]) == []
    assert children() == before


def test_answers_stand_in_the_order_of_the_requests_each_with_its_own_failure(
    own: Renderer, request_for: Callable[..., RenderRequest]
) -> None:
    paths = ["a", "no", "b", "bad", "c", "d", "no", "e"]
    assert names(own.render([request_for(path) for path in paths])) == [
        "a",
        "no",
        "b",
        "bad/a.yaml",
        "c",
        "d",
        "no",
        "e",
    ]


def test_a_few_children_do_all_the_work(own: Renderer, request_for: Callable[..., RenderRequest]) -> None:
    before = children()
    own.render([request_for(path) for path in "abcdefgh"])
    started = children() - before
    own.render([request_for(path) for path in "abcdefgh"])
    assert len(started) <= CHILDREN
    assert started <= children()


def test_many_threads_may_ask_at_once(own: Renderer, request_for: Callable[..., RenderRequest]) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda path: names(own.render([request_for(path)] * 3)), "abcdefgh" * 3))
    assert answers == [[path] * 3 for path in "abcdefgh" * 3]


def test_a_render_that_takes_too_long_is_ended_and_its_child_replaced(
    hasty: Renderer, request_for: Callable[..., RenderRequest]
) -> None:
    before = children()
    slow, fast = hasty.render([request_for("slow"), request_for("a")])
    assert slow == RenderFailed("rendering took longer than 1 s")
    assert names([fast]) == ["a"]
    assert len(children() - before) < CHILDREN
    assert names(hasty.render([request_for("b")])) == ["b"]


def test_renders_that_hang_do_not_hold_up_others(own: Renderer, request_for: Callable[..., RenderRequest]) -> None:
    before = children()
    assert eventually(
        lambda: bool(own.render([request_for(path) for path in "abcdefgh"])) and len(children() - before) == CHILDREN
    )
    held = children() - before
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    told = list[int]()

    def done(place: int, _answer: Rendered | RenderFailed) -> None:
        told.append(place)
        if len(told) == 4:
            for pid in held:
                os.kill(pid, signal.SIGCONT)

    assert names(own.render([request_for(path) for path in "abcdef"], done)) == [*"abcdef"]
    assert len(told) == 6


def test_a_child_that_was_killed_is_replaced(own: Renderer, request_for: Callable[..., RenderRequest]) -> None:
    before = children()
    own.render([request_for("a")])
    for pid in children() - before:
        os.kill(pid, signal.SIGKILL)
    assert names(own.render([request_for("b")])) == ["b"]


def test_all_children_but_the_first_end_when_nothing_is_asked_of_them(
    programs: Programs, request_for: Callable[..., RenderRequest]
) -> None:
    own, before = Renderer(kustomize=str(programs.kustomize), timeout=20.0, idle=0.2), children()
    several = [request_for(path) for path in "abcdefgh"]
    assert names(own.render(several)) == list("abcdefgh")
    first = {pid for pid in children() - before if alive(pid)}

    assert eventually(lambda: sum(map(alive, children() - before)) == 1)
    assert names(own.render(several)) == list("abcdefgh")
    assert first & {pid for pid in children() - before if alive(pid)}
    own.close()


def test_a_refusal_leaves_the_child_warm(own: Renderer, request_for: Callable[..., RenderRequest]) -> None:
    before = children()
    own.render([request_for("bad")])
    started = children() - before
    own.render([request_for("a")])
    assert children() - before == started


def test_closing_ends_the_children_and_removes_their_files(
    own: Renderer, request_for: Callable[..., RenderRequest]
) -> None:
    before = children()
    own.render([request_for("a")])
    homes = [Path(f"/proc/{pid}/cwd").readlink() for pid in children() - before]
    own.close()
    assert homes
    assert children() == before
    assert not [home for home in homes if home.exists()]
    assert names(own.render([request_for("b")])) == ["b"]


def test_a_child_has_no_environment_and_a_network_of_its_own(
    own: Renderer, request_for: Callable[..., RenderRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORESAIL_GITHUB_TOKEN", "ghp_secret")
    before = children()
    own.render([request_for("a")])
    for pid in children() - before:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert {entry.partition(b"=")[0] for entry in environment if entry} == {b"HOME", b"TMPDIR"}
        assert Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
        assert not [one for one in Path(f"/proc/{pid}/fd").iterdir() if one.readlink().name.endswith(".sock")]


def run(script: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or done.stderr


ASK = """
import os, sys
from pathlib import Path
from bot.model.applications import Source
from bot.repository.render import Renderer, RenderRequest
source = Source.model_validate({"repoURL": "https://x/y", "path": "a"})
request = RenderRequest(Path(sys.argv[1]), sys.argv[2], source)
renderer = Renderer("kustomize", 20.0)
def ask(): return renderer.render([request])[0].manifests[0]["metadata"]["name"]
def pids():
    return [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
"""


def test_a_child_ends_with_its_parent(repository: Fixed) -> None:
    tree = repository.tree({"a/a.yaml": config("a")})
    script = ASK + "ask(); print(*pids(), flush=True); os.kill(os.getpid(), 9)"
    pids = [int(pid) for pid in run(script, repository.mirror.path, tree).split()]
    assert pids
    assert eventually(lambda: not any(map(alive, pids)))


def test_what_a_killed_parent_left_behind_is_removed_by_the_next(
    own: Renderer, request_for: Callable[..., RenderRequest], repository: Fixed, programs: Programs
) -> None:
    tree = repository.tree({"a/a.yaml": config("a")})
    script = ASK + "ask(); print(*[Path(f'/proc/{pid}/cwd').readlink() for pid in pids()], flush=True)"
    left = Path(run(script + "; os.kill(os.getpid(), 9)", repository.mirror.path, tree))
    before = children()
    own.render([request_for("a")])
    (kept,) = [Path(f"/proc/{pid}/cwd").readlink() for pid in children() - before]
    for home in (left, kept):
        os.utime(home, (0, 0))
    other = Renderer(str(programs.kustomize), 20.0)
    other.render([request_for("a")])
    other.close()
    assert (left.exists(), kept.exists()) == (False, True)


def test_what_the_copy_of_a_repository_lacks_is_not_said_of_the_source(own: Renderer, tmp_path: Path) -> None:
    place = tmp_path / "copy"
    copy = pygit2.init_repository(str(place), bare=True)
    builder = copy.TreeBuilder()
    builder.insert("a.yaml", blob := copy.create_blob(config("a").encode()), pygit2.enums.FileMode.BLOB)
    tree = str(builder.write())
    (place / "objects" / str(blob)[:2] / str(blob)[2:]).unlink()
    source = Source.model_validate({"repoURL": "https://github.com/acme/shop", "path": "."})
    with pytest.raises(Temporary, match="lacks object"):
        own.render([RenderRequest(place, tree, source)])


def test_a_process_that_forgets_to_close_leaves_nothing(repository: Fixed) -> None:
    tree = repository.tree({"a/a.yaml": config("a")})
    script = ASK + "ask(); print(*[Path(f'/proc/{pid}/cwd').readlink() for pid in pids()])"
    homes = run(script, repository.mirror.path, tree).split()
    assert homes
    assert not [home for home in homes if Path(home).exists()]


def test_a_forked_process_renders_with_children_of_its_own(repository: Fixed) -> None:
    tree = repository.tree({"a/a.yaml": config("a")})
    script = ASK + (
        "ask(); before = pids(); forked = os.fork()\n"
        "if forked == 0: print(ask(), flush=True); renderer.close(); os._exit(0)\n"
        "os.waitpid(forked, 0); ask(); print('kept' if pids() == before else 'replaced')"
    )
    assert run(script, repository.mirror.path, tree).split() == ["a", "kept"]


def test_a_child_imports_no_more_than_rendering_needs() -> None:
    """Each takes its imports' memory for itself, and whoever waits for a new one waits for them."""
    told = "import sys, bot.repository.child; print({name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", told]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    for one in ("structlog", "rich", "asyncio", "redis", "requests", "kubernetes", "github"):
        assert f"'{one}'" not in done.stdout
