"""Open changes that touch the same objects are told about each other, and never more than their readers may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.model.reports import Action, Neighbour, Report
from bot.preview import words
from bot.preview.markdown import comments, read_marker
from bot.preview.neighbours import neighbours, touched
from bot.preview.telling import Telling, what_moved
from tests.unit.preview.samples import application, report, resource

SHOP = "acme/shop"
WEB = "prod apps/Deployment shop/web"
MINE = report(application(resource(), resource("db", Action.PRUNE), resource("rest", Action.NOTHING)))


def met(others: Mapping[str, Report], *, repository: str = SHOP, count: int | None = None) -> tuple[Neighbour, ...]:
    """Return what `MINE` is told of other changes, by their names."""
    found: dict[str, dict[str, bytes]] = {}
    for change, one in others.items():
        for name, kept in touched(one, repository=change.partition("#")[0]).items():
            found.setdefault(name, {})[change] = kept
    asked = [(name, len(who) if count is None else count, who if count is None else {}) for name, who in found.items()]
    return neighbours(MINE, asked, repository=repository)


def test_what_a_change_does_something_to_counts_and_where() -> None:
    kept = touched(MINE, repository=SHOP)
    assert list(kept) == ["prod apps/Deployment shop/db", WEB]
    assert kept[WEB] == b'{"repository": "acme/shop", "fields": ["spec"]}'


def test_another_change_is_told_with_object_and_field() -> None:
    found = met({"acme/shop#41": report(application(resource())), "acme/shop#9": report(application(resource("db")))})
    assert found == (Neighbour("#9", ("Deployment shop/db (spec)",)), Neighbour("#41", ("Deployment shop/web (spec)",)))
    told = list(words.neighbours(replace(MINE, neighbours=found)))
    assert told[1] == "Open change #41 touches the same: Deployment shop/web (spec)"


def test_of_another_repository_nothing_is_told_but_that_there_is_one() -> None:
    secret = report(application(resource(effect_diff="@@ spec.secretPlan @@\n+x")))
    found = met({"acme/hidden#7": secret, "acme/shop2#1": secret})
    assert found == (Neighbour("", ("Deployment shop/web",)),)
    (body,) = comments(replace(MINE, neighbours=found), instance="prod")
    assert "An open change in another repository touches the same: Deployment `shop/web`" in body
    for word in ("hidden", "#7", "secretPlan", "shop2"):
        assert word not in body


def test_many_are_not_named() -> None:
    found = met({"acme/shop#1": report(application(resource()))}, count=300)
    assert found == (Neighbour("", ("Deployment shop/web (300 changes)",), many=True),)
    assert next(words.neighbours(replace(MINE, neighbours=found))).startswith("Many open changes touch the same: ")


def test_an_object_elsewhere_is_another() -> None:
    elsewhere = replace(application(resource()), cluster="staging")
    assert met({"acme/shop#41": report(elsewhere)}) == ()


def test_a_number_is_no_mention_and_what_is_told_is_told_anew() -> None:
    found = met({"acme/shop#41": report(application(resource()))})
    before, now = (comments(one, instance="prod") for one in (MINE, replace(MINE, neighbours=found)))
    assert "Open change `#41` touches the same: Deployment `shop/web` (spec)" in now[0]
    earlier, mark = Telling.of(MINE, before, versions={}), read_marker(before[0])
    telling = Telling.of(replace(MINE, neighbours=found), now, versions={})
    assert not telling.repeats(earlier)
    assert mark is not None
    assert "other open changes touch the same objects, or no longer do" in what_moved(mark, telling, earlier=earlier)
