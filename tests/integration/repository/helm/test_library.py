"""Helm as a library: where it renders at all, it renders what the program prints."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository.environment import BuildEnvironment
from bot.repository.helm.library import Library, Told
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files
from tests.integration.repository.helm.conftest import FITTING, THERE, chart, echo
from tests.integration.repository.helm.corpus import Case, cases

CASES = cases()


PROGRAMS: Final = frozenset(
    """capabilities schema deprecated an_archive of_requirements a_schema_of_others parameters a_file other_apis
    byte_order_mark""".split()  # noqa: SIM905 - a table, not code
)
"""Charts of the corpus that are left to the program."""


@pytest.mark.parametrize("name", CASES)
def test_a_chart_renders_to_what_helm_prints_and_most_do_so_in_process(
    render: Callable[..., list[JsonObject]],
    helm_template: Callable[..., list[JsonObject]],
    library: Library,
    name: str,
) -> None:
    case: Case = CASES[name]
    arguments = [*FITTING, *(word for one in THERE.api_versions for word in ("--api-versions", one)), *case.arguments]
    assert render(case.files, **case.helm) == helm_template(case.files, "app", *arguments)
    assert bool(library.rendered) is (name not in PROGRAMS)


VALUES = chart(echo(".Values.a"), ("values.yaml", "a: chart\n"))


@pytest.mark.parametrize(
    ("files", "options"),
    [
        (chart(echo(".Capabilities.APIVersions.Has `v1`")), {}),
        (chart(echo(".Capabilities")), {}),
        (chart(echo("toJson .", "1")), {}),
        (chart(echo("toYaml . | sha256sum")), {}),
        (chart(echo("randAlphaNum 8 | len", "randAlphaNum 8")), {}),
        (chart(echo("tpl .Values.t ."), ("values.yaml", "t: '{{ .Capabilities.HelmVersion.Version }}'")), {}),
        (chart(echo("1"), kubeVersion="'>=1.20.0-0'"), {}),
        (VALUES, {"parameters": [{"name": "a", "value": "12345678"}]}),
        (VALUES, {"parameters": [{"name": "a[0]", "value": "x"}]}),
        (VALUES, {"parameters": [{"name": "a", "value": "{1,2}"}]}),
        (VALUES, {"parameters": [{"name": "b", "value": "x,y"}]}),
        (VALUES, {"values": "a: -0.0"}),
        (VALUES, {"fileParameters": [{"name": "a", "path": "values.yaml"}]}),
        (VALUES, {"releaseName": "{{ `templated` }}"}),
        (VALUES, {"skipSchemaValidation": True}),
    ],
)
def test_what_is_not_certain_is_left_to_the_program(
    render: Callable[..., list[JsonObject]], library: Library, files: Files, options: dict[str, Any]
) -> None:
    assert render(files, **options)
    assert library.rendered == 0


def test_charts_of_a_version_to_come_are_left_to_the_program(
    render: Callable[..., list[JsonObject]], library: Library
) -> None:
    sub = chart(echo("1"), at="app/charts/sub", name="sub")
    sub["app/charts/sub/Chart.yaml"] = sub["app/charts/sub/Chart.yaml"].replace("apiVersion: v2", "apiVersion: v3")
    assert render({**VALUES, **sub})
    with pytest.raises(Rejected, match="helm template: "):
        render({**VALUES, "app/Chart.yaml": VALUES["app/Chart.yaml"].replace("apiVersion: v2", "apiVersion: v3")})
    assert library.rendered == 0


def test_a_parameter_below_what_is_no_mapping_is_refused_by_the_program(
    render: Callable[..., list[JsonObject]],
) -> None:
    with pytest.raises(Rejected, match="failed parsing --set data"):
        render(VALUES, values="a: 1", parameters=[{"name": "a.b", "value": "x"}])


def test_without_a_version_of_kubernetes_the_program_says_which(
    render: Callable[..., list[JsonObject]], library: Library
) -> None:
    assert render(VALUES, BuildEnvironment(application="shop", namespace="prod"))
    assert library.rendered == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"parameters": [{"name": "a", "value": "set"}]}, '"set"'),
        ({"parameters": [{"name": "a", "value": "true"}, {"name": "b.c", "value": "x"}]}, "true"),
        ({"parameters": [{"name": "a", "value": "null"}]}, "null"),
        ({"parameters": [{"name": "a", "value": "7", "forceString": True}]}, '"7"'),
        ({"values": "a: {b: 1}\n---\na: {c: 2.5}\n"}, '{"b":1,"c":2.5}'),
        ({"values": "a: 12345678\n", "valueFiles": ["values.yaml"]}, "12345678"),
        ({"kubeVersion": "1.29"}, '"chart"'),
        ({"valuesObject": {"a": {"b": None}}}, '{"b":null}'),
    ],
)
def test_values_arrive_as_the_program_takes_them(
    render: Callable[..., list[JsonObject]],
    helm_template: Callable[..., list[JsonObject]],
    library: Library,
    options: dict[str, Any],
    expected: str,
) -> None:
    (found,) = render(VALUES, **options)
    assert library.rendered == 1
    assert found["data"]["v0"] == expected
    (again,) = render(VALUES, BuildEnvironment(application="shop", namespace="prod"), **options)
    assert again == found
    assert helm_template(VALUES, "app")


def test_a_child_that_is_lost_is_replaced_and_its_chart_left_to_the_program(
    render: Callable[..., list[JsonObject]], library: Library
) -> None:
    for _ in range(3):
        assert render(VALUES)
        os.kill(_child_of(os.getpid()), signal.SIGKILL)
        assert render(VALUES)
    assert library.rendered == 3
    assert render(VALUES)
    assert library.rendered == 3


def _child_of(parent: int) -> int:
    found = subprocess.run(["pgrep", "-P", str(parent), "-f", "helm.child"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def test_beside_another_helm_the_library_is_not_used(programs: Programs, tmp_path: Path) -> None:
    other = tmp_path / "helm"
    other.write_text("#!/bin/sh\necho v3.19.0\n")
    other.chmod(0o755)
    folder = tmp_path / "app"
    for name, text in VALUES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    told = Told(folder, name="shop", namespace="prod", kubernetes="1.33.4", api_versions=())
    rendered = []
    for program in (programs.helm, other, tmp_path / "nowhere"):
        library = Library(program, 30.0)
        rendered.append(library.render(told) is not None)
        library.close()
    assert rendered == [True, False, False]
