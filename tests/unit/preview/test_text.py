"""A report for a terminal."""

from __future__ import annotations

import re

from bot.model.dangers import ImageChange, Severity
from bot.model.deliveries import Delivery, DeliveryState, Epilogue
from bot.model.reports import Action
from bot.preview.text import text
from tests.unit.preview.samples import DIFF, Enemy, application, danger, report, resource


def test_it_begins_with_what_merging_does() -> None:
    assert text(report(application(resource()))).startswith("Merging changes 1 resource in 1 application\n")


def test_the_table_is_aligned() -> None:
    lines = text(report(application(resource()), application(resource(), name="a-longer-name"))).split("\n")

    assert lines[2] == "application    where        +  ~  −  drift"  # noqa: RUF001 - a minus
    assert lines[3] == "shop-web       prod · shop  0  1  0      0"
    assert lines[4] == "a-longer-name  prod · shop  0  1  0      0"


def test_effect_and_drift_stand_apart() -> None:
    drifted = resource("api", Action.NOTHING, drift=Action.CHANGE, drift_diff="-a\n+b")
    said = text(report(application(resource(), drifted)))

    assert f"\n~ Deployment shop/web (shop-web)\n{DIFF}\n" in said
    assert said.index("Drift that was there before (1):") < said.index("\n~ Deployment shop/api (shop-web)\n-a\n+b")


def test_failures_and_dangers_have_their_own_words() -> None:
    images = (ImageChange("a:1", "a:2", 3),)
    orphan = resource("b", Action.ORPHAN, dangers=(danger("is orphaned", sort="orphaned"),))
    lost = resource("c", dangers=(danger("is lost", Severity.CAUTION, "pods-deleted"),))
    said = text(report(application(resource("a", failure="quota exceeded"), orphan, lost, images=images)))

    assert "Predicted to fail:\n  Deployment shop/a (shop-web) is predicted to fail: quota exceeded" in said
    assert "\nBe sure of this:\n  Deployment shop/c (shop-web) is lost [pods-deleted]\n" in said
    assert "\nTake care:\n  Deployment shop/b (shop-web) is orphaned [orphaned]\n" in said
    assert "\nImages:\n  a:1 → a:2 (shop-web, 3 objects)\n" in said


def test_numbers_of_an_application_that_cannot_be_rendered_are_not_known() -> None:
    assert "shop-web     prod · shop  ?  ?  ?      ?  cannot be rendered" in text(
        report(application(failure="no chart"))
    )


def test_nothing_affected_is_said() -> None:
    assert "12 applications were looked at; none is affected." in text(report())


def test_a_conflict_names_the_files() -> None:
    assert text(report(conflict=("a.yaml",))).startswith(
        "Nothing predicted: 1 file in merge conflict\n\nThe preview runs"
    )


def test_after_the_merge_it_tells_how_it_went() -> None:
    epilogue = Epilogue(
        "0123456789", (Delivery("shop-web", "prod", DeliveryState.HEALTHY, seconds=14, as_predicted=True),)
    )

    assert "shop-web (prod): queued → syncing → healthy in 14 s, as predicted" in text(report(), epilogue=epilogue)


def test_nothing_reaches_the_terminal_that_could_steer_it() -> None:
    for seed in range(60):
        enemy = Enemy(seed)
        said = text(enemy.report(), epilogue=enemy.epilogue())

        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", said), seed
        said.encode()
