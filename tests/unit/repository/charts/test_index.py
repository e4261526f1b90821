"""The index of a repository is read as a stream, and nothing in it is followed."""

from __future__ import annotations

import io

import pytest

from bot.errors import Rejected
from bot.repository.charts.index import Entry, read_index

TWO = b"""
apiVersion: v1
generated: 2026-01-01
entries:
  shop:
  - apiVersion: v2
    name: shop
    version: 1.1.0
    digest: "sha256:ABCD"
    dependencies: [{name: db, version: 1.x.x, urls: [elsewhere]}]
    urls: [https://charts.example/shop-1.1.0.tgz, https://mirror.example/shop-1.1.0.tgz]
  - version: 1.0.0
    urls: [shop-1.0.0.tgz]
  - version: 0.9.0
  -
  db:
"""


def read(content: bytes) -> dict[str, list[Entry]]:
    return read_index(io.BytesIO(content), "https://charts.example/index.yaml")


def test_versions_are_read_in_their_order() -> None:
    assert read(TWO) == {
        "shop": [
            Entry("1.1.0", "https://charts.example/shop-1.1.0.tgz", "abcd"),
            Entry("1.0.0", "shop-1.0.0.tgz"),
        ],
        "db": [],
    }


def test_an_index_may_be_json() -> None:
    assert read(b'{"entries":{"shop":[{"version":"1","urls":["u"]}]}}') == {"shop": [Entry("1", "u")]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"- a", "it is not a mapping"),
        (b"<html><body>Sign in</body></html>", "it is not a mapping"),
        (b"entries: [a]", "`entries` is not a mapping"),
        (b"entries: {shop: 1}", "the versions of a chart are no list"),
        (b"entries: {shop: [1]}", "an entry is not a mapping"),
        (b"entries: {shop: [*a]}", "an entry is not a mapping"),
        (b"entries: {[a]: b}", "has a key that is no text"),
        (b"entries:\n  a: [\n  - x: }", "it is not YAML \\(line 3\\)"),
        (b"\xff\xfe\x00", "incomplete UTF-16"),
        (b"a: " + b"[" * 100_000, "nested deeper than 100 levels"),
    ],
)
def test_what_is_no_index_is_told(content: bytes, words: str) -> None:
    with pytest.raises(Rejected, match=f"^https://charts.example/index.yaml is no index of charts: .*{words}"):
        read(content)


def test_aliases_are_not_expanded() -> None:
    bomb = b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (97 + n, 97 + n, 96 + n, 96 + n) for n in range(1, 26))
    assert read(bomb + b"entries: {shop: [{version: '1', urls: [u], bomb: *z}]}") == {"shop": [Entry("1", "u")]}


def test_an_index_of_more_versions_than_there_are_is_not_kept() -> None:
    with pytest.raises(Rejected, match="more versions than any repository has"):
        read(b"entries:\n  shop:\n" + b"  - {version: 1, urls: [a]}\n" * 350_000)
