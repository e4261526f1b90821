"""The index of Applications: one keeper, gone with it, and never half of it."""

from __future__ import annotations

from bot.sandbox.redis import RedisServer
from bot.store.index import Index, Keeping, Words
from tests.integration.store.conftest import Bench

SHOP, SITE = "github.example/acme/shop", "github.example/acme/site"
ALL = Words({SHOP: ["shop-a", "shop-b"], SITE: ["site"]}, total=3, addresses=["https://github.example/acme/shop"])


def test_a_repository_leads_to_its_applications(bench: Bench) -> None:
    index = Index(bench.connection)
    assert index.of(SHOP) is None
    assert index.keep("one", ALL, whole=True) is Keeping.OURS
    entry = index.of(SHOP)
    assert entry is not None
    assert entry.applications == {"shop-a", "shop-b"}
    assert entry.total == 3
    assert entry.addresses == {"https://github.example/acme/shop"}


def test_a_repository_that_nobody_uses_has_none(bench: Bench) -> None:
    index = Index(bench.connection)
    index.keep("one", ALL, whole=True)
    entry = index.of("github.example/acme/other")
    assert entry is not None
    assert entry.applications == frozenset()


def test_changes_are_added_to_what_is_there(bench: Bench) -> None:
    index = Index(bench.connection)
    index.keep("one", ALL, whole=True)
    assert index.keep("one", Words({SITE: []}, total=2, addresses=None), whole=False) is Keeping.OURS
    shop, site = index.of(SHOP), index.of(SITE)
    assert shop is not None
    assert site is not None
    assert (len(shop.applications), len(site.applications), site.total) == (2, 0, 2)


def test_there_is_one_keeper(bench: Bench) -> None:
    index = Index(bench.connection)
    index.keep("one", ALL, whole=True)
    assert index.keep("two", Words({SHOP: []}, total=0, addresses=[]), whole=True) is Keeping.OTHERS
    entry = index.of(SHOP)
    assert entry is not None
    assert entry.total == 3


def test_an_index_that_was_lost_takes_no_changes(bench: Bench, redis_server: RedisServer) -> None:
    index, change = Index(bench.connection), Words({SITE: []}, total=2, addresses=None)
    index.keep("one", ALL, whole=True)
    redis_server.restart()
    assert index.keep("one", change, whole=False) is Keeping.NOBODYS
    assert index.of(SHOP) is None


def test_it_ends_by_itself(bench: Bench) -> None:
    Index(bench.connection).keep("one", ALL, whole=True)
    assert 0 < int(bench.connection.pttl("foresail:applications")) <= 5_000
