"""A request that travels is the same at the other end, or refused; what else it may hold one day must travel too."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.rendering.wire import from_wire, to_wire
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.render import RenderRequest

ROOT = Path("/var/lib/foresail")
SOURCE = {"repoURL": "https://github.com/acme/shop", "path": "a", "helm": {"values": "a: 1\n"}, "somethingNew": [1]}


def request(**changes: object) -> RenderRequest:
    given: dict[str, object] = {
        "repository": ROOT / "mirrors/shop.git",
        "tree_id": "1" * 40,
        "source": Source.model_validate(SOURCE),
        "environment": BuildEnvironment("shop", "web", "default", "2" * 40, "v1.37.2", ("apps/v1", "v1")),
        "refs": {"values": Place(ROOT / "mirrors/values.git", "3" * 40)},
        "dependencies": {"redis": Place(ROOT / "charts/redis.git", "4" * 40)},
    }
    return RenderRequest(**{**given, **changes})  # type: ignore[arg-type] # what a test gives is right


def test_a_request_arrives_as_it_was_sent() -> None:
    assert {one.name for one in fields(RenderRequest)} == {
        "repository",
        "tree_id",
        "source",
        "environment",
        "refs",
        "dependencies",
    }
    assert from_wire(to_wire(request(), ROOT), ROOT) == request()


def test_the_folder_may_be_another_one_elsewhere() -> None:
    arrived = from_wire(to_wire(request(), ROOT), Path("/data"))
    assert arrived.repository == Path("/data/mirrors/shop.git")
    assert arrived.refs["values"].repository == Path("/data/mirrors/values.git")


@pytest.mark.parametrize("path", ["/etc", "/var/lib/foresail/../other", "/var/lib/foresail-other"])
def test_what_is_not_in_the_folder_does_not_travel(path: str) -> None:
    for one in (request(repository=Path(path)), request(refs={"a": Place(Path(path), "1" * 40)})):
        with pytest.raises(Rejected, match="is not below"):
            to_wire(one, ROOT)


def test_what_would_lead_out_of_the_folder_does_not_arrive() -> None:
    for text in (b'"mirrors/shop.git"', b'"charts/redis.git"'):
        with pytest.raises(Rejected, match="is not below"):
            from_wire(to_wire(request(), ROOT).replace(text, b'"../../../etc"'), ROOT)
