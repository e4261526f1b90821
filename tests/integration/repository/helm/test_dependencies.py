"""Charts that build on others: in this repository, fetched before, or nowhere."""

from __future__ import annotations

import pytest

from tests.integration.repository.conftest import Files, Link
from tests.integration.repository.helm.conftest import Charts, chart, echo

LIBRARY = chart(
    ("templates/_names.tpl", '{{ define "common.name" }}common-{{ .Release.Name }}{{ end }}'),
    at="common",
    name="common",
    type="library",
    version="1.4.2",
)


def user(repository: str, *, version: str = "1.x.x", at: str = "app", more: str = "") -> Files:
    declared = f"[{{name: common, version: '{version}', repository: '{repository}'}}{more}]"
    return chart(echo('include "common.name" .'), at=at, dependencies=declared)


def test_a_chart_beside_is_packed_into_it(charts: Charts) -> None:
    assert charts.data({**LIBRARY, **user("file://../common")}) == ['"common-shop"']


def test_a_chart_far_away_and_one_inside_are_found(charts: Charts) -> None:
    files = {**LIBRARY, **user("file://../../../common", at="deep/er/app")}
    assert charts.data(files, "deep/er/app") == ['"common-shop"']
    inside = {name.replace("common/", "app/parts/common/", 1): text for name, text in LIBRARY.items()}
    assert charts.data({**inside, **user("file://parts/common")}) == ['"common-shop"']
    at_root = {name.removeprefix("app/"): text for name, text in user("file://common").items()}
    assert charts.data({**LIBRARY, **at_root}, ".") == ['"common-shop"']


def test_what_is_ignored_there_is_left_out(charts: Charts) -> None:
    files = {**LIBRARY, "common/.helmignore": "bad\n", "common/templates/bad": "{{ fail `read` }}"}
    assert charts.data({**files, **user("file://../common")}) == ['"common-shop"']


def test_one_that_is_there_already_is_not_packed(charts: Charts) -> None:
    there = {name.replace("common/", "app/charts/common/", 1): text for name, text in LIBRARY.items()}
    assert charts.data({**there, **user("file://../nowhere")}) == ['"common-shop"']


def test_one_that_was_fetched_is_used(charts: Charts) -> None:
    fetched = {name.removeprefix("common/"): text for name, text in LIBRARY.items()}
    files = user("https://charts.example.com")
    assert charts.data(files, dependencies={"common": fetched}) == ['"common-shop"']


def test_fetched_ones_and_those_beside_are_used_together(charts: Charts) -> None:
    fetched = chart(at="x", name="far").items()
    files = {
        **LIBRARY,
        **user("file://../common", more=", {name: far, version: 1.0.0, repository: 'https://example.com'}"),
    }
    assert charts.data(files, dependencies={"far": {name.removeprefix("x/"): one for name, one in fetched}}) == [
        '"common-shop"'
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "https://robot:hunter2@charts.example.com/stable",
            "app/Chart.yaml: the dependency common 1.x.x from https://charts.example.com/stable is not there",
        ),
        ("oci://registry.example.com/charts", "common 1.x.x from oci://registry.example.com/charts is not there"),
        ("@stable", "common 1.x.x from @stable is not there"),
        ("", "common 1.x.x from charts/ is not there"),
        ("file://../nowhere", "app/Chart.yaml: file://../nowhere: there is no such folder"),
        ("file://../../common", "app/Chart.yaml: file://../../common leads out of the repository"),
        ("file:///etc", "app/Chart.yaml: file:///etc leads out of the repository"),
        ("file://..", "app/Chart.yaml: file://.. is the whole repository"),
    ],
)
def test_one_that_is_not_there_is_named(charts: Charts, source: str, words: str) -> None:
    said = charts.failure({**LIBRARY, **user(source)})
    assert words in said
    assert "hunter2" not in said


def test_a_version_that_does_not_fit_is_told_in_helms_words(charts: Charts) -> None:
    said = charts.failure({**LIBRARY, **user("file://../common", version="2.x.x")})
    assert said.startswith("helm dependency build: can't get a valid version")


def test_a_dependency_behind_a_link_is_used_and_one_that_leads_out_is_refused(charts: Charts) -> None:
    files = {**LIBRARY, **user("file://../linked"), "linked": Link("common")}
    assert charts.data(files) == ['"common-shop"']
    assert "leads out of the repository" in charts.failure({**files, "linked": Link("/etc")})
    assert "leads out of the repository" in charts.failure({**files, "common/x": Link("../../../etc/passwd")})


def test_a_library_by_itself_is_refused_in_helms_words(charts: Charts) -> None:
    assert charts.failure(LIBRARY, "common") == "helm template: library charts are not installable"
