"""Sentences that comment, terminal and page share."""

from __future__ import annotations

from bot.model.reports import Action
from bot.preview import words
from tests.unit.preview.samples import application, report, resource


def test_a_danger_is_told_whatever_happens_to_the_object() -> None:
    taken = resource(danger="is taken over from application db, which manages it too")
    replaced = resource("api", Action.NOTHING, danger="is replaced by a sync even without this change")

    assert list(words.dangers(report(application(taken, replaced)))) == [
        "Deployment shop/web (shop-web) is taken over from application db, which manages it too",
        "Deployment shop/api (shop-web) is replaced by a sync even without this change",
    ]


def test_lost_objects_come_before_other_dangers() -> None:
    found = [resource("a", danger="is odd"), resource("b", Action.PRUNE, note="its data goes with it")]

    assert list(words.dangers(report(application(*found)))) == [
        "Deployment shop/b (shop-web) is deleted: its data goes with it",
        "Deployment shop/a (shop-web) is odd",
    ]
