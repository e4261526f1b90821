"""Charts of all kinds: our objects are those that `helm template` prints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.model.resources import JsonObject
from tests.integration.repository.helm.conftest import Charts
from tests.integration.repository.helm.corpus import Case, cases

CASES = cases()


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_a_chart_renders_to_what_helm_prints(
    charts: Charts, helm_template: Callable[..., list[JsonObject]], name: str
) -> None:
    case: Case = CASES[name]
    assert charts.render(case.files, **case.helm) == helm_template(case.files, "app", *case.arguments)
