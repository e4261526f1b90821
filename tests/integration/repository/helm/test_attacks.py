"""What hostile charts try, and what stops each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bot.repository.environment import BuildEnvironment
from bot.repository.helm.program import MOST_BYTES
from bot.repository.render import Rendered, Renderer
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed, Link, Submodule
from tests.integration.repository.helm.conftest import NAMED, Charts, chart, echo

PLAIN = chart(echo(".Values.a"), ("values.yaml", "a: chart\n"))
LEADS_OUT = "leads out of the repository"


@pytest.mark.parametrize("option", ["valueFiles", "fileParameters"])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../../../../../../etc/passwd", LEADS_OUT),
        ("..", "is the whole repository"),
        ("../..", LEADS_OUT),
        ("/../etc/passwd", LEADS_OUT),
        ("/proc/self/environ", "there is no such file"),
        ("file:///etc/passwd", "a file cannot be fetched by file"),
        ("http://169.254.169.254/latest", "a file cannot be fetched by http"),
        ("$values/../../secret", LEADS_OUT),
        ("$values//../x", LEADS_OUT),
        ("out.yaml", LEADS_OUT),
        ("around.yaml", LEADS_OUT),
        ("folder/passwd", LEADS_OUT),
        ("loop.yaml", "in circles"),
        ("-", "there is no such file"),
        ("", "is no file"),
    ],
)
def test_a_file_outside_is_refused_before_helm_runs(charts: Charts, option: str, path: str, words: str) -> None:
    links = {"out.yaml": "/etc/passwd", "around.yaml": "../../x", "folder": "/etc", "loop.yaml": "loop.yaml"}
    files: Files = {**PLAIN, **{f"values/{name}": Link(target) for name, target in links.items()}}
    given = f"../values/{path}" if path.partition("/")[0] in links else path
    options: dict[str, Any] = {"valueFiles": [given]}
    if option == "fileParameters":
        options = {"fileParameters": [{"name": "a", "path": given}]}
    assert words in charts.failure(files, refs={"values": {"a.yaml": ""}}, **options)


@pytest.mark.parametrize("glob", ["../../*", "/../*", "../values/*", "../values/**/*", "$values/../*"])
def test_a_glob_that_would_read_outside_is_refused_before_helm_runs(charts: Charts, glob: str) -> None:
    files: Files = {**PLAIN, "values/out.yaml": Link("/etc/passwd")}
    assert LEADS_OUT in charts.failure(files, refs={"values": {"a.yaml": ""}}, valueFiles=[glob])


@pytest.mark.parametrize("target", ["/proc/self/environ", "/etc/passwd", "../../../../etc/passwd", "../../../x"])
@pytest.mark.parametrize(
    "place", ["templates/x.yaml", "files/x", "values.yaml", "charts/x", "crds/x.yaml", ".helmignore"]
)
def test_a_link_in_the_chart_that_leads_out_is_refused_before_helm_runs(
    charts: Charts, place: str, target: str
) -> None:
    assert LEADS_OUT in charts.failure({**PLAIN, f"app/{place}": Link(target)})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"app/l": Link("nothing")}, "app/l: the link leads nowhere"),
        ({"app/l": Link(".")}, "app/l: the link leads to a folder that it lies in"),
        ({"app/l": Link("../other"), "other/l": Link("../app")}, "leads to a folder that it lies in"),
        ({"app/sub": Submodule()}, "app/sub: the submodule is not fetched"),
        ({"app/" + "n" * 300: "x"}, "no file can have this name"),
        (
            {"app/values.yaml": "version https://git-lfs.github.com/spec/v1\n"},
            "app/values.yaml: the file is kept in Git LFS",
        ),
    ],
)
def test_what_cannot_be_exported_is_named(charts: Charts, more: Files, words: str) -> None:
    assert words in charts.failure({**PLAIN, **more})


def test_links_that_multiply_are_cut_short(charts: Charts) -> None:
    levels: Files = {f"l{level}/{side}": Link(f"../l{level + 1}") for level in range(30) for side in "ab"}
    said = charts.failure({**PLAIN, **levels, "l30/x": "x", "app/l": Link("../l0")})
    assert said == "app: the chart has more than 20,000 files and folders"


def test_a_link_inside_the_repository_is_followed(charts: Charts) -> None:
    files: Files = {
        **PLAIN,
        "app/templates/l.yaml": Link("../../shared/l.yaml"),
        "shared/l.yaml": NAMED.replace("a}", "l}"),
    }
    assert [one["metadata"]["name"] for one in charts.render(files)] == ["a", "l"]


READING = [
    f"(.Files.Get `{path}`)"
    for path in ("/proc/self/environ", "../../../../../../proc/self/environ", "/etc/passwd", "../other/secret", "link")
]


def test_templates_read_no_file_that_is_not_the_charts(charts: Charts) -> None:
    files = {**chart(echo(*READING, "(.Files.Glob `../**`)")), "other/secret": "hunter2"}
    assert charts.data(files) == ['""'] * 5 + ["{}"]


def test_templates_read_no_file_of_another_chart(charts: Charts) -> None:
    read = echo(".Files.Get `mine.txt`", ".Files.Get `../mine.txt`", ".Files.Get `../../mine.txt`")
    sub = chart(read, at="app/charts/sub", name="sub")
    (found,) = charts.render({**chart(("mine.txt", "hunter2"), dependencies="[{name: sub, version: 1.0.0}]"), **sub})
    assert list(found["data"].values()) == ['""'] * 3
    other = {
        **chart(echo(".Files.Get `charts/sub/mine.txt`")),
        **chart(("mine.txt", "x"), at="app/charts/sub", name="sub"),
    }
    assert charts.data(other) == ['""']


@pytest.mark.parametrize("function", ["env `HOME`", "expandenv `$HOME`"])
def test_templates_know_no_environment(charts: Charts, function: str) -> None:
    assert "not defined" in charts.failure(chart(echo(function)))
    assert "not defined" in charts.failure(chart(echo(f'tpl "{{{{ {function} }}}}" .')))


def test_a_release_name_is_a_template_of_an_empty_environment(charts: Charts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESAIL_GITHUB_TOKEN", "hunter2")
    name = 'x{{ env "FORESAIL_GITHUB_TOKEN" }}{{ env "HELM_PLUGINS" | len }}'
    assert charts.data(chart(echo(".Release.Name")), releaseName=name) == ['"x12"']


@pytest.mark.parametrize(
    "text", ["--post-renderer=/bin/sh", "-h", "--validate", "--dry-run=server", "--kubeconfig=/x", "--"]
)
def test_no_option_is_smuggled_in(charts: Charts, text: str) -> None:
    assert "invalid release name" in charts.failure(PLAIN, releaseName=text)
    assert charts.data(chart(echo(".Release.Namespace")), namespace=text) == [f'"{text}"']
    assert charts.data(PLAIN, parameters=[{"name": "a", "value": text}]) == [f'"{text}"']
    assert charts.data(PLAIN, parameters=[{"name": text, "value": "1"}]) == ['"chart"']
    assert charts.data(PLAIN, apiVersions=[text]) == ['"chart"']
    assert "is not a version" in charts.failure(PLAIN, kubeVersion=text)
    files = {**PLAIN, f"app/{text.replace('/', '')}": "a: mine\n"}
    assert charts.data(files, valueFiles=[text.replace("/", "")]) == ['"mine"']


def test_a_file_name_means_nothing_to_helm(charts: Charts) -> None:
    name = 'x,y="z",{a}.yaml'
    options: dict[str, Any] = {"valueFiles": [name], "fileParameters": [{"name": "b", "path": name}]}
    files = {**chart(echo(".Values.a", ".Values.b")), f"app/{name}": "a: 1"}
    assert charts.data(files, **options) == ["1", '"a: 1"']


def test_plugins_and_post_renderers_that_a_chart_brings_never_run(charts: Charts, tmp_path: Path) -> None:
    made = tmp_path / "made"
    script = f"#!/bin/sh\ntouch {made}\n"
    plugin = "name: evil\ntype: postrenderer/v1\nruntime: subprocess\nplatformHooks: {install: [{command: ./run}]}\n"
    files = {
        **chart(echo("1"), postRenderer="./run", plugins="[evil]", annotations="{postrenderer: ./run}"),
        **{f"app/{folder}plugin.yaml": plugin for folder in ("", "plugins/evil/", ".local/share/helm/plugins/evil/")},
        **{f"app/{folder}run": script for folder in ("", "plugins/evil/", ".local/share/helm/plugins/evil/")},
    }
    assert charts.data(files) == ["1"]
    assert not made.exists()


def test_a_template_that_never_ends_is_ended(repository: Fixed, programs: Programs) -> None:
    loop = "{{ range until 100000 }}{{ range until 100000 }}{{ $x := 1 }}{{ end }}{{ end }}"
    renderer = Renderer(kustomize=str(programs.kustomize), helm=str(programs.helm), timeout=2.0)
    try:
        quick = Charts(repository, renderer)
        said = quick.failure(chart(("templates/a.yaml", loop)))
        assert said in ("rendering took longer than 2 s", "helm template: it takes too much processor time")
        assert quick.data(PLAIN) == ['"chart"']
    finally:
        renderer.close()
    assert not _helms(os.getpid())


def _is_a_home(path: Path) -> bool:
    return path.name.startswith("foresail-render-") and not list(path.iterdir())


def _helms(parent: int) -> list[int]:
    """Return helm processes that descend from one of ours, however far."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
        except OSError:
            continue
        name, _, fields = rest.rpartition(") ")
        parents[int(pid)] = (name, int(fields.split()[1]))
    below = {parent}
    while more := {pid for pid, (_, above) in parents.items() if above in below} - below:
        below |= more
    return [pid for pid in below if parents.get(pid, ("", 0))[0] == "helm"]


def test_a_template_that_includes_itself_is_refused_by_helm(charts: Charts) -> None:
    assert "include" in charts.failure(
        chart(echo('include "a" .'), ("templates/_a.tpl", '{{ define "a" }}{{ include "a" . }}{{ end }}'))
    )


@pytest.mark.parametrize(
    "template",
    ["{{ range until 2000000000 }}{{ end }}", '{{ repeat 2000000000 "x" }}', '{{ repeat 1000000 "x" | repeat 3000 }}'],
)
@pytest.mark.parametrize("kubernetes", ["", "v1.33.0"], ids=["program", "library"])
def test_a_template_that_wants_all_memory_is_ended(charts: Charts, template: str, kubernetes: str) -> None:
    there = BuildEnvironment(application="shop", namespace="prod", kubernetes=kubernetes)
    said = charts.failure(chart(("templates/a.yaml", template)), environment=there)
    assert said.startswith("helm template: it ")
    assert charts.data(PLAIN, environment=there) == ['"chart"']


def test_output_has_an_end(charts: Charts) -> None:
    line = f"# {{{{ repeat {MOST_BYTES >> 20} (repeat 1048576 `x`) }}}}"
    said = charts.failure(chart(("templates/a.yaml", NAMED + line)))
    assert said == f"helm template: it prints more than {MOST_BYTES >> 20} MiB"


def test_parameters_have_an_end(charts: Charts) -> None:
    said = charts.failure(PLAIN, parameters=[{"name": "a", "value": "x" * 200_000}])
    assert said == "source.helm: its parameters are longer than a program takes; use values"


def test_many_objects_are_refused(charts: Charts) -> None:
    template = "{{ range until 20001 }}---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: n{{ . }}}}\n{{ end }}"
    assert "more than 20,000" in charts.failure(chart(("templates/a.yaml", template)))


QUOTING = {
    "b64dec": "{{ fromYaml .Values.password | len }}{{ .Values.password.x }}",
    "number": '{{ mustToDate "2006-01-02" .Values.password }}',
    "tpl": '{{ tpl (printf "{{ %s" .Values.password) . }}',
    "fail": "{{ fail .Values.password }}",
    "fail_nested": "{{ fail (toYaml .Values) }}",
    "map_key": "{{ .Values.password }}: {a: 1}\n? {b: {{ .Values.password }} }\n: 1\n",
    "unmarshal": "apiVersion: {{ .Values.password }}\nkind: [1]\nmetadata: {{ .Values.password }}\n",
    "constraint": "{{ semverCompare .Values.password `1.0.0` }}",
    "url": '{{ urlParse (print ":" .Values.password) }}',
    "regex": '{{ mustRegexMatch (print "(" .Values.password) "x" }}',
    "atoi": "{{ index (list 1) .Values.password }}",
}


@pytest.mark.parametrize("name", QUOTING)
@pytest.mark.parametrize("way", ["values", "parameters", "chart", "file"])
def test_a_failed_render_quotes_no_secret(charts: Charts, name: str, way: str) -> None:
    text = "password: hunter2-and-more\n"
    options: dict[str, dict[str, Any]] = {
        "values": {"values": text},
        "parameters": {"parameters": [{"name": "password", "value": "hunter2-and-more"}]},
        "chart": {},
        "file": {"fileParameters": [{"name": "password", "path": "p"}]},
    }
    files = chart(
        ("templates/a.yaml", QUOTING[name]), ("values.yaml", text if way == "chart" else ""), ("p", "hunter2-and-more")
    )
    said = charts.failure(files, **options[way])
    assert said.startswith(("helm template: ", "Helm's output"))
    assert "hunter2" not in said


def test_a_schema_quotes_no_secret(charts: Charts) -> None:
    schema = '{"properties": {"password": {"pattern": "^x", "enum": ["hunter3"], "const": "hunter4", "format": "uri"}}}'
    said = charts.failure(chart(echo("1"), ("values.schema.json", schema), ("values.yaml", "password: hunter2\n")))
    assert "at '/password'" in said
    assert "hunter" not in said


def test_a_parameter_that_cannot_be_read_is_not_quoted(charts: Charts) -> None:
    said = charts.failure(PLAIN, parameters=[{"name": "password", "value": "a\\\\,hunter2"}])
    assert "hunter2" not in said


def test_renders_leave_nothing_behind(
    repository: Fixed, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    renderer = Renderer(kustomize=str(programs.kustomize), helm=str(programs.helm), timeout=30.0)
    try:
        there = BuildEnvironment(application="a", namespace="prod", kubernetes="v1.33.0")
        assert isinstance(Charts(repository, renderer).answer(PLAIN), Rendered)
        assert isinstance(Charts(repository, renderer).answer(PLAIN, environment=there), Rendered)
        assert [path.name for path in tmp_path.glob("foresail-render-*/*") if not _is_a_home(path)] == []
    finally:
        renderer.close()
    assert list(tmp_path.glob("foresail-render-*")) == []
