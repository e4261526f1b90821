"""Charts that render differently each time are found out, and where they do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.engine.gotemplate.table import CHANGING
from bot.repository import chance
from bot.repository.render import Rendered
from tests.integration.repository.conftest import Files
from tests.integration.repository.helm.conftest import NAMED, Charts, chart, echo

SECRET = (
    "templates/secret.yaml",
    """\
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData:
  user: shop
  password: {{ randAlphaNum 20 | quote }}
""",
)
TWO_SIDED = (
    "templates/tls.yaml",
    """\
{{- $ca := genCA "shop" 30 }}
apiVersion: v1
kind: Secret
metadata: {name: tls}
data: {ca: {{ $ca.Cert | b64enc }}, kind: {{ "ca" | b64enc }}}
""",
)
NAMELESS = ("templates/job.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: job-{{ randAlpha 12 | lower }}}\n")


def varying(charts: Charts, files: Files, **helm: Any) -> Mapping[int, Any]:
    """Return where each object of a chart is another each time."""
    made = charts.answer(files, **helm)
    assert isinstance(made, Rendered), made
    return made.varying


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (chart(SECRET), {0: [["stringData", "password"]]}),
        (chart(TWO_SIDED), {0: [["data", "ca"]]}),
        (chart(NAMELESS, echo("1")), {1: [[]]}),
        (chart(echo("1", 'now | date "2006-01-02"')), {0: [["data", "v1"]]}),
        (chart(echo("1", "(now).Year")), {0: [["data", "v1"]]}),
        (
            chart(echo("tpl .Values.stamp ."), ("values.yaml", "stamp: '{{ now | unixEpoch }}'\n")),
            {0: [["data", "v0"]]},
        ),
    ],
)
def test_what_is_left_to_chance_or_to_the_day_is_found(charts: Charts, files: Files, found: dict[int, Any]) -> None:
    assert varying(charts, files) == found


def test_what_is_made_of_it_is_found_in_other_objects(charts: Charts) -> None:
    checksum = "{{ include (print $.Template.BasePath `/secret.yaml`) . | sha256sum }}"
    user = ("templates/user.yaml", f"{NAMED}data: {{same: a, sum: {checksum}}}\n")
    assert varying(charts, chart(SECRET, user)) == {0: [["stringData", "password"]], 1: [["data", "sum"]]}


def test_a_subchart_and_the_elements_of_a_list_are_looked_at(charts: Charts) -> None:
    containers = "[{name: a}, {name: b, args: [x, {{ uuidv4 }}]}]"
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: {containers}}}\n"
    files = {**chart(echo("1")), **chart(("templates/pod.yaml", pod), at="app/charts/sub", name="sub")}
    assert list(varying(charts, files).values()) == [[["spec", "containers", 1, "args", 1]]]


@pytest.mark.parametrize(
    "files",
    [
        chart(echo("1")),
        chart(echo("(default (randAlphaNum 8) .Values.password)"), ("values.yaml", "password: given\n")),
        chart(echo("1"), ("templates/NOTES.txt", "{{ now }} and {{ randAlpha 3 }}")),
        chart(echo("1", '"it is now"', "keys .Values | sortAlpha"), ("values.yaml", "a: 1\nb: 2\n")),
        chart(echo("1"), ("templates/off.yaml", "{{ if .Values.off }}{{ now }}{{ end }}")),
    ],
)
def test_what_is_named_and_comes_to_nothing_is_the_same_each_time(charts: Charts, files: Files) -> None:
    assert varying(charts, files) == {}


def test_a_chart_is_looked_at_where_it_does_something(tmp_path: Path) -> None:
    said = {
        "comment.yaml": "{{/* default values, until now */}}{{- /* now */ -}}",
        "field.yaml": "{{ .Values.now }} {{ $keys }} {{ .values }} {{ include `a-now` . }}",
        "NOTES.txt": "{{ now }}",
        "text.yaml": "now and randInt",
        "uncertain.tgz": "",
        "does.yaml": "{{- keys .Values }}",
    }
    for name, text in said.items():
        (tmp_path / name).write_text(text)
    assert [name for name in said if chance.may_differ([tmp_path / name])] == ["uncertain.tgz", "does.yaml"]
    assert not chance.turned_clock(tmp_path / name for name in said)


def test_a_file_full_of_openings_takes_no_time_to_look_at(tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    for text in ("{{" * 1_000_000, "{{ now " * 100_000, '{{ "{{" now }}', "{{ " + "/* " * 500_000 + "}}"):
        odd.write_text(text)
        assert chance.turned_clock([odd]) is (text == '{{ "{{" now }}')
    odd.write_text("{{ dict " + "1 " * 2_000 + "}}")
    assert chance.may_differ([odd])


def test_a_chart_that_refuses_another_day_is_rendered_all_the_same(charts: Charts) -> None:
    gate = ("templates/gate.yaml", '{{ if lt ((now).Year) 2020 }}{{ fail "too early" }}{{ end }}')
    assert varying(charts, chart(echo("1"), gate)) == {}


def test_every_function_that_cannot_be_predicted_is_known() -> None:
    assert chance.FUNCTIONS - {"keys", "values"} == CHANGING - {"buildCustomCert"}


def test_an_object_that_differs_all_over_is_another_object() -> None:
    one, other = ({"kind": "A", "data": {str(number): word for number in range(51)}} for word in "ab")
    assert chance.varying([one, one], [one, other]) == {1: [[]]}
    assert chance.varying([one], []) == {0: [[]]}
