"""Where in a file a version stands, found in few looks, however much somebody's file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bot.engine.updates import places
from bot.engine.updates.scalars import Scalar, scalars
from bot.model.applications import Application, ApplicationSpec
from bot.model.updates import ChartWish, ImageWish

WEB = ImageWish(alias="", name="ghcr.io/acme/web")
REDIS = ChartWish("redis")
SHOP = Application(
    "shop",
    "foresail",
    ApplicationSpec.model_validate({"destination": {"name": "prod"}, "source": {"repoURL": "https://charts.example"}}),
)


class Counted(list[Scalar]):
    """Values of a file that know how often somebody went through them."""

    passes = 0

    def __iter__(self) -> Iterator[Scalar]:
        self.passes += 1
        return super().__iter__()


def declared(found: Sequence[Scalar]) -> Iterator[Scalar]:
    return places.in_application(found, SHOP, chart="redis", url="https://charts.example")


def values(found: Sequence[Scalar]) -> list[str]:
    return [one.scalar.value for one in places.in_values(found, WEB)]


def test_a_tag_counts_beside_the_name_of_its_image() -> None:
    text = b"""
image: {registry: ghcr.io, repository: acme/web, tag: "1.0"}
other: {image: {repository: ghcr.io/acme/other, tag: "2.0"}}
jobs: [{repository: ghcr.io/acme/web, tag: "1.1"}, {tag: "3.0"}]
---
image: {repository: ghcr.io/acme/web, tag: "1.2"}
"""
    assert values(scalars(text)) == ["1.0", "1.1", "1.2"]


def test_entries_of_a_kustomization_are_told_apart() -> None:
    text = b"""
images:
- {name: ghcr.io/acme/web, newTag: "1.0"}
- {name: ghcr.io/acme/other, newTag: "2.0"}
- {name: app, newName: ghcr.io/acme/web, newTag: "1.1", digest: "sha256:0"}
- {name: ghcr.io/acme/web, newName: ghcr.io/acme/other, newTag: "3.0"}
"""
    assert [one.scalar.value for one in places.in_kustomization(scalars(text), WEB)] == ["1.0", "1.1", "sha256:0"]


def test_of_several_applications_in_a_file_that_of_the_name_counts() -> None:
    one = "kind: Application\nmetadata: {name: %s}\nspec: {source: {chart: redis, repoURL: %s, targetRevision: '%s'}}\n"
    rows = [("other", "https://charts.example", "1"), ("shop", "https://charts.example", "2"), ("shop", "else", "3")]
    text = "---\n".join(one % row for row in rows).encode()
    assert [one.value for one in declared(scalars(text))] == ["2"]


@pytest.mark.parametrize(
    ("head", "line", "look"),
    [
        (b"", b"- {repository: ghcr.io/acme/web, tag: a}\n", lambda found: places.in_values(found, WEB)),
        (
            b"images:\n",
            b"- {name: ghcr.io/acme/web, newTag: a}\n",
            lambda found: places.in_kustomization(found, WEB),
        ),
        (b"dependencies:\n", b"- {name: redis, version: a}\n", lambda found: places.in_chart(found, REDIS)),
        (b"", b"---\nkind: Application\n", declared),
    ],
)
def test_a_file_is_gone_through_a_few_times_however_much_it_holds(
    head: bytes, line: bytes, look: Callable[[Sequence[Scalar]], Iterator[Any]]
) -> None:
    found = Counted(scalars(head + line * 2_000))
    assert len(list(look(found))) in {0, 2_000}
    assert found.passes <= 2
