"""What one replica has rendered the others need not; Redis is only a help, and reads none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest
import redis

from bot.rendering.shared import Shared
from bot.rendering.versions import Versions
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.repository.tool_settings import read_toolbox
from bot.sandbox.processes import free_port
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs
from bot.store.connection import connect
from tests.integration.rendering.conftest import SECRET, Watched, config, names, request_for, shelf_of
from tests.integration.repository.conftest import Fixed

Asking = Callable[..., RenderRequest]


@pytest.fixture
def renderers(programs: Programs) -> Iterator[list[Watched]]:
    found = [Watched(str(programs.kustomize), 30.0) for _ in range(2)]
    yield found
    for one in found:
        one.gate.set()
        one.close()


@pytest.fixture
def replicas(renderers: list[Watched], connection: redis.Redis, programs: Programs) -> list[Shared]:
    return [Shared(one, shelf_of(connection, programs)) for one in renderers]


@pytest.fixture
def ask(repository: Fixed, tree: str) -> Asking:
    return lambda path, **source: request_for(repository, tree, path, **source)


def entries(connection: redis.Redis) -> list[bytes]:
    return cast("list[bytes]", connection.keys("foresail:render:entry:*"))


def claims(connection: redis.Redis) -> list[bytes]:
    return cast("list[bytes]", connection.keys("foresail:render:claim:*"))


def test_what_one_has_rendered_another_has(replicas: list[Shared], renderers: list[Watched], ask: Asking) -> None:
    requests = [ask(path) for path in "abc"]
    first = replicas[0].render(requests)
    assert replicas[1].render(requests) == first
    assert names(first) == ["a", "b", "c"]
    assert renderers[1].asked == []


def test_where_a_render_is_left_to_chance_another_has_too(connection: redis.Redis, programs: Programs) -> None:
    made = Rendered(({"kind": "A"}, {"kind": "B"}), {0: [["spec", "args", 1]], 1: [[]]})
    assert shelf_of(connection, programs).keep("chance", made)
    assert shelf_of(connection, programs).look(["chance"]) == ({"chance": made}, set())


def test_the_same_folder_of_another_state_is_the_same_render(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, repository: Fixed
) -> None:
    replicas[0].render([ask("a")])
    other = repository.tree({"a/a.yaml": config("a"), "z/z.yaml": config("z")})
    assert names(replicas[1].render([request_for(repository, other, "a")])) == ["a"]
    assert renderers[1].asked == []


@pytest.mark.parametrize("source", [{"directory": {"recurse": True}}, {"repoURL": "https://github.com/acme/other"}])
def test_other_options_are_another_render(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, source: dict[str, object]
) -> None:
    replicas[0].render([ask("a")])
    replicas[1].render([ask("a", **source)])
    assert renderers[1].asked == ["a"]


def test_other_content_is_another_render(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, repository: Fixed
) -> None:
    replicas[0].render([ask("a")])
    other = repository.tree({"a/a.yaml": config("changed")})
    assert names(replicas[1].render([request_for(repository, other, "a")])) == ["changed"]
    assert renderers[1].asked == ["a"]


def test_a_failure_is_not_kept(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, connection: redis.Redis
) -> None:
    assert names(replicas[0].render([ask("bad"), ask("a")])) == ["bad/a.yaml", "a"]
    assert names(replicas[1].render([ask("a"), ask("bad")])) == ["a", "bad/a.yaml"]
    assert renderers[1].asked == ["bad"]
    assert claims(connection) == []


def test_two_that_need_the_same_at_once_render_it_once(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, connection: redis.Redis
) -> None:
    renderers[0].gate.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(replicas[0].render, [ask("a"), ask("b")])
        assert renderers[0].began.wait(30.0)
        second = threads.submit(replicas[1].render, [ask("b"), ask("c"), ask("a")])
        assert renderers[1].began.wait(30.0)
        renderers[0].gate.set()
        assert names(first.result(60.0)) == ["a", "b"]
        assert names(second.result(60.0)) == ["b", "c", "a"]
    assert renderers[0].asked == ["a", "b"]
    assert renderers[1].asked == ["c"]
    assert claims(connection) == []


def test_who_waits_for_nothing_renders_itself(
    renderers: list[Watched], ask: Asking, connection: redis.Redis, programs: Programs
) -> None:
    renderers[0].gate.clear()
    slow = Shared(renderers[0], shelf_of(connection, programs))
    hasty = Shared(renderers[1], shelf_of(connection, programs), patience=0.2)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(slow.render, [ask("a")])
        assert renderers[0].began.wait(30.0)
        assert names(hasty.render([ask("a")])) == ["a"]
        renderers[0].gate.set()
        assert names(first.result(60.0)) == ["a"]


def test_what_one_fails_to_render_the_next_tries(replicas: list[Shared], renderers: list[Watched], ask: Asking) -> None:
    renderers[0].gate.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(replicas[0].render, [ask("bad")])
        assert renderers[0].began.wait(30.0)
        second = threads.submit(replicas[1].render, [ask("bad")])
        renderers[0].gate.set()
        assert names([*first.result(60.0), *second.result(60.0)]) == ["bad/a.yaml", "bad/a.yaml"]
    assert renderers[1].asked == ["bad"]


@pytest.mark.parametrize("harm", ["changed", "cut", "emptied", "another's", "replaced"])
def test_what_was_tampered_with_is_rendered_anew(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, connection: redis.Redis, harm: str
) -> None:
    replicas[0].render([ask("a")])
    (key,) = entries(connection)
    replicas[0].render([ask("b")])
    (other,) = set(entries(connection)) - {key}
    entry = cast("bytes", connection.get(key))
    connection.set(
        key,
        {
            "changed": entry[:20] + bytes([entry[20] ^ 1]) + entry[21:],
            "cut": entry[:-1],
            "emptied": b"",
            "another's": cast("bytes", connection.get(other)),
            "replaced": b'{"manifests": []}',
        }[harm],
    )
    assert names(replicas[1].render([ask("a")])) == ["a"]
    assert renderers[1].asked == ["a"]
    assert names(replicas[0].render([ask("a")])) == ["a"]
    assert renderers[0].asked == ["a", "b"]


def test_nothing_of_a_render_can_be_read_in_redis(
    replicas: list[Shared], connection: redis.Redis, repository: Fixed
) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: shop}\nstringData: {password: hunter2-in-the-clear}\n"
    tree = repository.tree({"a/a.yaml": secret})
    replicas[0].render([request_for(repository, tree, "a", directory={"include": "*.yaml"})])
    held = [
        *(key + cast("bytes", connection.get(key)) for key in entries(connection)),
        repr(connection.zrange("foresail:renders", 0, -1)).encode(),
        repr(connection.hgetall("foresail:renders:sizes")).encode(),
    ]
    assert len(held) == 3
    assert not [one for one in held if b"hunter2" in one or b"shop" in one or SECRET.encode() in one]


def test_who_has_another_secret_shares_nothing(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, connection: redis.Redis, programs: Programs
) -> None:
    replicas[0].render([ask("a")])
    shelf = shelf_of(connection, programs, secret="another text that is long enough to be no guess")
    assert names(Shared(renderers[1], shelf).render([ask("a")])) == ["a"]
    assert renderers[1].asked == ["a"]


def test_what_is_too_large_to_be_shared_is_rendered_by_each(
    renderers: list[Watched], ask: Asking, connection: redis.Redis, programs: Programs
) -> None:
    for one in renderers:
        assert names(Shared(one, shelf_of(connection, programs, room=64)).render([ask("a")])) == ["a"]
        assert one.asked == ["a"]
    assert entries(connection) == claims(connection) == []


def test_renders_need_no_redis(renderers: list[Watched], ask: Asking, programs: Programs) -> None:
    away = connect(f"redis://127.0.0.1:{free_port()}/0")
    assert names(Shared(renderers[0], shelf_of(away, programs)).render([ask("a"), ask("bad")])) == ["a", "bad/a.yaml"]


def test_a_redis_that_goes_away_in_between_takes_no_render_along(
    replicas: list[Shared], renderers: list[Watched], ask: Asking, redis_server: RedisServer
) -> None:
    renderers[0].gate.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(replicas[0].render, [ask("a")])
        assert renderers[0].began.wait(30.0)
        second = threads.submit(replicas[1].render, [ask("b"), ask("a")])
        assert renderers[1].began.wait(30.0)
        redis_server.kill()
        renderers[0].gate.set()
        assert names(first.result(60.0)) == ["a"]
        assert names(second.result(60.0)) == ["b", "a"]


def test_a_program_that_was_replaced_makes_other_renders(
    connection: redis.Redis, programs: Programs, ask: Asking, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("bin") / "kustomize"
    copy.write_bytes(programs.kustomize.read_bytes())
    copy.chmod(0o755)
    ours, theirs = (shelf_of(connection, one) for one in (programs, replace(programs, kustomize=copy)))
    assert ours.name(ask("a")) == theirs.name(ask("a"))
    copy.write_bytes(programs.kustomize.read_bytes() + b"\0")
    assert ours.name(ask("a")) != theirs.name(ask("a"))


@pytest.mark.parametrize("settled", [{"kustomize.enable": "false"}, {"kustomize.buildOptions": "--reorder legacy"}])
def test_what_an_operator_has_settled_makes_other_renders(programs: Programs, settled: dict[str, str]) -> None:
    kustomize = str(programs.kustomize)
    ours, theirs = (Renderer(kustomize, 30.0, toolbox=read_toolbox(one)) for one in ({}, settled))
    assert Versions(ours.setup).digest() != Versions(theirs.setup).digest()
