"""Every option of a Helm source, as Argo CD gives it to `helm template`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.repository.environment import BuildEnvironment
from tests.integration.repository.conftest import Files, Link
from tests.integration.repository.helm.conftest import ENVIRONMENT, NAMED, Charts, chart, echo

VALUES = chart(echo(".Values.a"), ("values.yaml", "a: chart\n"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "chart"),
        ({"valueFiles": ["one.yaml"]}, "one"),
        ({"valueFiles": ["one.yaml", "../two.yaml"]}, "two"),
        ({"valueFiles": ["/two.yaml", "one.yaml"]}, "one"),
        ({"valueFiles": ["one.yaml"], "values": "a: text\n"}, "text"),
        ({"valueFiles": ["one.yaml"], "values": "a: text\n", "valuesObject": {"a": "object"}}, "object"),
        ({"values": "a: text\n", "valuesObject": {}}, "chart"),
        ({"values": "a: text\n", "valuesObject": None}, "text"),
        ({"values": "a: 1\na: 2\n"}, 2),
        ({"valuesObject": {"a": "object"}, "parameters": [{"name": "a", "value": "set"}]}, "set"),
        ({"parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, 2),
        (
            {
                "parameters": [{"name": "a", "value": "1", "forceString": True}, {"name": "a", "value": "2"}],
            },
            "1",
        ),
        ({"fileParameters": [{"name": "a", "path": "one.yaml"}]}, "a: one\n"),
    ],
)
def test_later_sources_of_values_win(charts: Charts, options: dict[str, Any], expected: Any) -> None:
    files = {**VALUES, "app/one.yaml": "a: one\n", "two.yaml": "a: two\n"}
    assert charts.data(files, **options) == [json.dumps(expected)]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ({"name": "a", "value": "true"}, True),
        ({"name": "a", "value": "true", "forceString": True}, "true"),
        ({"name": "a", "value": "007"}, "007"),
        ({"name": "a", "value": "null"}, None),
        ({"name": "a.b[1].c", "value": "x"}, {"b": [None, {"c": "x"}]}),
        ({"name": "a", "value": "x,y"}, "x,y"),
        ({"name": "a", "value": "x\\,y"}, "x,y"),
        ({"name": "a", "value": "{x,y}"}, ["x", "y"]),
        ({"name": "a", "value": "x=y"}, "x=y"),
        ({"name": "a", "value": "--set=b=1"}, "--set=b=1"),
        ({"name": "a", "value": ""}, ""),
        ({"name": "a"}, ""),
        ({"name": r"a.b\.c/d", "value": "x"}, {"b.c/d": "x"}),
        ({"name": "a", "value": "line\nline"}, "line\nline"),
        ({"name": "a", "value": "$ARGOCD_APP_NAME-${ARGOCD_APP_REVISION_SHORT}-$$x"}, "shop-0123456-$x"),
        ({"name": "a", "value": "$ARGOCD_APP_SOURCE_PATH,$UNKNOWN", "forceString": True}, "app,"),
    ],
)
def test_parameters_are_read_as_helm_reads_them(charts: Charts, parameter: dict[str, Any], expected: Any) -> None:
    assert charts.data(chart(echo(".Values.a")), parameters=[parameter]) == [
        json.dumps(expected, separators=(",", ":"))
    ]


TEXTS = [
    "",
    "on",
    "0o7",
    "1e3",
    "~",
    "null",
    "a: b",
    "- x",
    "# x",
    "|",
    "\t",
    "é\u2028\x85\x7f\ufeff😀",
    "x\ny\n",
    " a ",
]
TEXTS += [
    "2001-01-01",
    "0x1f",
    "1_0",
    "=",
    "<<",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    '"',
    "'",
    "\\n",
    "y",
    ".inf",
    "\x01",
]


@pytest.mark.parametrize("text", TEXTS)
def test_an_object_of_values_arrives_as_it_is(charts: Charts, text: str) -> None:
    (found,) = charts.data(chart(echo(".Values.a")), valuesObject={"a": {"k" + text: [text, 1, -2.5, True, None, {}]}})
    assert json.loads(found) == {"k" + text: [text, 1, -2.5, True, None, {}]}


def test_the_release_is_named_like_the_application_and_lives_in_its_namespace(charts: Charts) -> None:
    release = echo(
        *(f".Release.{one}" for one in ("Name", "Namespace", "IsInstall", "IsUpgrade", "Revision", "Service"))
    )
    expected = ['"shop"', '"prod"', "true", "false", "1", '"Helm"']
    assert charts.data(chart(release)) == expected
    assert charts.data(chart(release), releaseName="other", namespace="else")[:2] == ['"other"', '"else"']
    assert charts.data(chart(release), environment=BuildEnvironment(application="a"))[:2] == ['"a"', '"default"']


CAPABILITIES = chart(echo(".Capabilities.KubeVersion.Version", '.Capabilities.APIVersions.Has "acme.example.com/v1"'))


def test_capabilities_are_the_destinations_unless_the_source_says_others(charts: Charts) -> None:
    there = BuildEnvironment(application="shop", kubernetes="v1.33.4-eks-1", api_versions=("acme.example.com/v1", "v1"))
    assert charts.data(CAPABILITIES, environment=there) == ['"v1.33.4"', "true"]
    assert charts.data(CAPABILITIES, environment=there, kubeVersion="1.29", apiVersions=["v1"]) == [
        '"v1.29"',
        "false",
    ]
    assert charts.data(CAPABILITIES, apiVersions=["acme.example.com/v1"])[1] == "true"


def test_a_chart_for_another_kubernetes_is_refused_in_helms_words(charts: Charts) -> None:
    files = chart(echo("1"), kubeVersion="'>=1.30.0'")
    there = BuildEnvironment(application="shop", kubernetes="v1.29.0")
    assert "chart requires kubeVersion: >=1.30.0" in charts.failure(files, environment=there)
    assert charts.render(files, environment=there, kubeVersion="1.31")


CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: check\n  annotations: {helm.sh/hook: %s}\n"


def kinds(charts: Charts, files: Files, **options: Any) -> list[str]:
    return [str(one["kind"]) for one in charts.render(files, **options)]


def test_definitions_can_be_skipped(charts: Charts) -> None:
    files = chart(("crds/a.yaml", CRD), echo("1"))
    assert kinds(charts, files) == ["CustomResourceDefinition", "ConfigMap"]
    assert kinds(charts, files, skipCrds=True) == ["ConfigMap"]


def test_tests_can_be_skipped_and_other_hooks_stay(charts: Charts) -> None:
    files = chart(("templates/a.yaml", POD % "test"), ("templates/b.yaml", POD % "pre-install"), echo("1"))
    assert kinds(charts, files) == ["ConfigMap", "Pod", "Pod"]
    (_, hook) = charts.render(files, skipTests=True)
    assert hook["metadata"]["annotations"] == {"helm.sh/hook": "pre-install"}


def test_a_schema_holds_unless_it_is_skipped(charts: Charts) -> None:
    schema = json.dumps({"properties": {"a": {"type": "string"}}, "required": ["a"]})
    files = chart(echo(".Values.a"), ("values.schema.json", schema))
    assert "missing property 'a'" in charts.failure(files)
    assert "at '/a': got number, want string" in charts.failure(files, values="a: 1")
    assert charts.data(files, skipSchemaValidation=True, values="a: 1") == ["1"]


@pytest.mark.parametrize("version", ["", "v3", "v4"])
def test_options_without_an_effect_are_taken(charts: Charts, version: str) -> None:
    assert charts.data(VALUES, version=version, passCredentials=True) == ['"chart"']


def test_files_of_other_sources_are_values_and_parameters(charts: Charts) -> None:
    refs: dict[str, Files] = {
        "values": {"envs/prod.yaml": "a: prod\n", "app/one.yaml": "b"},
        "more": {"shop.txt": "text"},
    }
    files = {**chart(echo(".Values.a", ".Values.f")), "envs/prod.yaml": "a: wrong\n"}
    given: dict[str, Any] = {
        "valueFiles": ["$values/envs/prod.yaml"],
        "fileParameters": [{"name": "f", "path": "$more/$ARGOCD_APP_NAME.txt"}],
    }
    assert charts.data(files, refs=refs, **given) == ['"prod"', '"text"']
    assert charts.data(files, refs=refs, valueFiles=["$values/envs/*.yaml"])[0] == '"prod"'
    assert charts.failure(files, refs=refs, valueFiles=["$values/no.yaml"]) == (
        "source.helm.valueFiles: $values/no.yaml: there is no such file"
    )


def test_a_name_that_is_no_sources_is_a_variable_that_is_empty(charts: Charts) -> None:
    files = {**VALUES, "envs/a.yaml": "a: root\n"}
    assert charts.data(files, valueFiles=["$nobody/envs/a.yaml"]) == ['"root"']


def test_variables_stand_in_paths(charts: Charts) -> None:
    files = {**VALUES, "app/envs/shop/prod.yaml": "a: mine\n"}
    assert charts.data(files, valueFiles=["envs/$ARGOCD_APP_NAME/${ARGOCD_APP_NAMESPACE}.yaml"]) == ['"mine"']


def test_a_missing_values_file_is_named_unless_that_is_allowed(charts: Charts) -> None:
    options: dict[str, Any] = {"valueFiles": ["no.yaml", "envs/*.yaml"], "ignoreMissingValueFiles": True}
    assert charts.data(VALUES, **options) == ['"chart"']
    assert charts.failure(VALUES, valueFiles=["no.yaml"]) == "source.helm.valueFiles: no.yaml: there is no such file"
    words = "source.helm.valueFiles: envs/*.yaml: the glob means no file"
    assert charts.failure(VALUES, valueFiles=["envs/*.yaml"]) == words


TREE: Files = {
    **chart(echo(".Values.seen")),
    **{
        f"app/envs/{name}": f"seen: {{{index}: {name}}}\nlast: {name}\n"
        for index, name in enumerate(("a.yaml", "z.yaml"))
    },
    **{f"app/envs/{name}": f"last: {name}\n" for name in ("deep/b.yaml", ".hidden.yaml", "deep/er/c.yaml")},
    "app/envs/plain.txt": "last: text\n",
    "app/envs/link.yaml": Link("../../outside/far.yaml"),
    "outside/far.yaml": "last: far\n",
    "app/templates/last.yaml": NAMED.replace("name: a", "name: last") + "data: {last: {{ .Values.last }} }\n",
}


@pytest.mark.parametrize(
    ("paths", "last"),
    [
        (["envs/*.yaml"], "z.yaml"),
        (["envs/*.yaml", "envs/a.yaml"], "a.yaml"),
        (["envs/a.yaml", "envs/*.yaml"], "z.yaml"),
        (["envs/**/*.yaml"], "deep/er/c.yaml"),
        (["envs/**/*.yaml", "envs/*.yaml"], "deep/er/c.yaml"),
        (["envs/[ab].yaml"], "a.yaml"),
        (["envs/?.yaml"], "z.yaml"),
        (["envs/*/b.yaml"], "deep/b.yaml"),
        (["envs/.h*"], ".hidden.yaml"),
        (["envs/l*.yaml"], "far"),
        (["/outside/*.yaml"], "far"),
        (["../outside/**/*.yaml"], "far"),
        (["envs/*.{yaml,txt}"], "z.yaml"),
        (["envs/p*"], "text"),
    ],
)
def test_globs_mean_files_in_argo_cds_order(charts: Charts, paths: list[str], last: str) -> None:
    found = {one["metadata"]["name"]: one for one in charts.render(TREE, valueFiles=paths)}
    assert found["last"]["data"] == {"last": last}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"postRenderer": "x"}, "source.helm.postRenderer is not an option of Helm sources"),
        ({"releaseName": 3}, "source.helm.releaseName must be a string"),
        ({"valueFiles": "a.yaml"}, "source.helm.valueFiles must be a list"),
        ({"valueFiles": [1]}, "source.helm.valueFiles must be a string"),
        ({"valuesObject": ["hunter2"]}, "source.helm.valuesObject must be a mapping"),
        ({"values": {"a": "hunter2"}}, "source.helm.values must be a string"),
        ({"parameters": [{"value": "hunter2"}]}, "each of source.helm.parameters needs a name"),
        ({"parameters": [{"name": "a", "value": 7777}]}, "source.helm.parameters: value of 'a' must be a string"),
        ({"parameters": [{"name": "a", "forceString": "yes"}]}, "forceString of 'a' must be true or false"),
        ({"fileParameters": [{"name": "a", "path": "no"}]}, "source.helm.fileParameters: no: there is no such file"),
        ({"skipCrds": "true"}, "source.helm.skipCrds must be true or false"),
        ({"version": "v2"}, "source.helm.version must be v3 or v4"),
        ({"kubeVersion": "new"}, "source.helm.kubeVersion: 'new' is not a version such as 1.37.2"),
        ({"valueFiles": ["https://me:hunter2@example.com/a.yaml"]}, "a file cannot be fetched by https; keep it in"),
        ({"valueFiles": ["secrets://hunter2"]}, "a file cannot be fetched by secrets"),
        ({"valueFiles": ["templates"]}, "source.helm.valueFiles: templates is no file"),
        ({"valueFiles": ["*"]}, "source.helm.valueFiles: app/templates is no file"),
        ({"valueFiles": ["envs/**"]}, "a glob that ends in ** means folders too"),
        ({"valueFiles": ["{a/b,c}*"]}, "alternatives in braces cannot hold a /"),
        ({"releaseName": "x" * 54}, "the length must not be longer than 53"),
        ({"values": "a: [hunter2"}, "source.helm.values: "),
        ({"parameters": [{"name": "a\0", "value": ""}]}, "has a NUL character"),
    ],
)
def test_an_option_that_is_wrong_is_named(charts: Charts, options: dict[str, Any], words: str) -> None:
    said = charts.failure(VALUES, **options)
    assert words in said
    assert "hunter2" not in said
    assert "7777" not in said


def test_an_application_without_a_name_gets_helms_own(charts: Charts) -> None:
    assert charts.data(chart(echo(".Release.Name")), environment=BuildEnvironment()) == ['"release-name"']
    assert ENVIRONMENT.application == "shop"
