"""Well-known charts: our objects are those that `helm template` prints, by the program and by the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.model.resources import JsonObject
from bot.repository.helm.library import Library
from bot.sandbox.toolchain import workshop_of
from tests.integration.repository.helm.conftest import FITTING, THERE, Charts
from tests.integration.repository.helm.public import CHARTS, arguments, fetched, files


class Case(NamedTuple):
    """A chart and what it is given."""

    chart: str
    options: dict[str, Any]


CASES = [Case(name, options) for name, chart in CHARTS.items() for options in chart.options]
LEFT_TO_THE_PROGRAM = {"istio gateway"}
"""Charts with a schema, which the library knows nothing of."""


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return fetched(workshop_of(), tmp_path_factory.mktemp("public"))


@pytest.mark.parametrize("case", CASES, ids=[case.chart for case in CASES])
def test_a_public_chart_renders_to_what_helm_prints(
    charts: Charts,
    helm_template: Callable[..., list[JsonObject]],
    public: dict[str, Path],
    case: Case,
) -> None:
    chart = files(public[case.chart], case.options)
    expected = helm_template(chart, "app", *arguments(case.options))
    assert expected
    assert charts.render(chart, **case.options) == expected


@pytest.mark.parametrize("case", CASES, ids=[case.chart for case in CASES])
def test_a_public_chart_renders_in_process_to_what_helm_prints(
    render: Callable[..., list[JsonObject]],
    helm_template: Callable[..., list[JsonObject]],
    library: Library,
    public: dict[str, Path],
    case: Case,
) -> None:
    chart = files(public[case.chart], case.options)
    there = () if "kubeVersion" in case.options else FITTING
    apis = [word for one in THERE.api_versions for word in ("--api-versions", one)]
    assert render(chart, **case.options) == helm_template(chart, "app", *there, *apis, *arguments(case.options))
    assert library.rendered == (case.chart not in LEFT_TO_THE_PROGRAM)
