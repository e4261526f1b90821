"""Directories of plain manifests, rendered in the child as Argo CD reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Source
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from tests.integration.repository.conftest import Files, Fixed, Link, Submodule

Render: TypeAlias = Callable[..., list[str]]
Fail: TypeAlias = Callable[..., str]


def config(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def listed(number: int) -> str:
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{one}"}} for one in range(number)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@pytest.fixture
def answer(repository: Fixed, renderer: Renderer) -> Callable[..., Rendered | RenderFailed]:
    def ask(files: Files, path: str = "app", **source: Any) -> Rendered | RenderFailed:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, **source}
        request = RenderRequest(repository.mirror.path, repository.tree(files), Source.model_validate(wire))
        return renderer.render([request])[0]

    return ask


@pytest.fixture
def names(answer: Callable[..., Rendered | RenderFailed]) -> Render:
    def render(files: Files, path: str = "app", **source: Any) -> list[str]:
        found = answer(files, path, **source)
        assert isinstance(found, Rendered), found
        return [one["metadata"]["name"] for one in found.manifests]

    return render


@pytest.fixture
def failure(answer: Callable[..., Rendered | RenderFailed]) -> Fail:
    def render(files: Files, path: str = "app", **source: Any) -> str:
        found = answer(files, path, **source)
        assert isinstance(found, RenderFailed)
        return found.message

    return render


TWO_LEVELS = {
    "app/a.yaml": config("a"),
    "app/b.yml": config("b"),
    "app/c.json": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}),
    "app/d.txt": config("d"),
    "app/.e.yaml": config("e"),
    "app/deep/f.yaml": config("f"),
    "app/deep/er/g.yaml": config("g"),
    "h.yaml": config("h"),
}


def test_files_directly_in_the_folder_are_read(names: Render) -> None:
    assert names(TWO_LEVELS) == ["e", "a", "b", "c"]


def test_an_empty_path_is_the_repository_itself(names: Render) -> None:
    assert names(TWO_LEVELS, "") == names(TWO_LEVELS, ".") == ["h"]


@pytest.mark.parametrize("path", ["./app", "app/", "deep/../app", "link", "link/deep/.."])
def test_paths_are_followed_as_a_shell_would(names: Render, path: str) -> None:
    files = {**TWO_LEVELS, "deep/x": "", "link": Link("app")}
    assert names(files, path) == ["e", "a", "b", "c"]


def test_recursion_reads_what_is_below_too(names: Render) -> None:
    assert names(TWO_LEVELS, directory={"recurse": True}) == ["e", "a", "b", "c", "g", "f"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": "*.yml"}, ["b"]),
        ({"include": "{a,b}.*"}, ["a", "b"]),
        ({"exclude": "{*.yml,*.json}"}, ["e", "a"]),
        ({"include": "*.yaml", "exclude": "a*", "recurse": True}, ["e", "g", "f"]),
        ({"include": "deep/*", "recurse": True}, ["g", "f"]),
        ({"include": "**/er/*", "recurse": True}, ["g"]),
        ({"include": "[ab].*"}, ["a", "b"]),
        ({"include": "{a.yaml}"}, ["a"]),
        ({"include": "[^ab].json"}, []),
        ({"include": "{a,b"}, []),
        ({"exclude": "{a,b"}, ["e", "a", "b", "c"]),
    ],
)
def test_globs_choose_files(names: Render, options: dict[str, Any], expected: list[str]) -> None:
    assert names(TWO_LEVELS, directory=options) == expected


def test_a_list_is_taken_apart(names: Render) -> None:
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in "xy"]
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    assert names({"app/a.yaml": content, "app/b.json": content}) == ["x", "y"] * 2


def test_several_documents_and_empty_ones(names: Render) -> None:
    assert names({"app/a.yaml": f"---\n{config('a')}---\n# nothing\n---\n{config('b')}---\n"}) == ["a", "b"]


def test_files_that_are_no_manifests_are_passed_over(names: Render) -> None:
    other = {"app/values.yaml": "replicas: 1\n", "app/broken.yaml": "a: [1\n", "app/list.yaml": "[1, 2]"}
    assert names({"app/a.yaml": config("a"), **other}) == ["a"]


def test_a_file_whose_first_document_has_no_kind_is_about_something_else(names: Render) -> None:
    chart = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
    values = "replicas: 1\n---\nkind: Unfinished\n"
    files = {"app/Chart.yaml": chart, "app/values.yaml": values, "app/p.json": '{"apiVersion": "v1"}'}
    assert names({**files, "app/a.yaml": config("a")}, directory={"recurse": True}) == ["a"]


def test_files_of_every_name_are_read_without_the_filter(names: Render) -> None:
    files = {**TWO_LEVELS, "app/e.yaml.sealed": config("s"), "app/README": "no manifest", "app/x": "a: [1"}
    unfiltered = {"disableExtensionFilter": True}
    assert names(files, directory=unfiltered) == ["e", "a", "b", "c", "d", "s"]
    assert names(files, directory={**unfiltered, "include": "*.{sealed,txt}"}) == ["d", "s"]
    assert names(files, directory={**unfiltered, "exclude": "*.yaml*", "recurse": True}) == ["b", "c", "d"]


def test_a_marked_file_is_skipped(names: Render) -> None:
    assert names({"app/a.yaml": "# +argocd:skip-file-rendering\n" + config("a") + "]", "app/b.yaml": config("b")}) == [
        "b"
    ]


def test_an_empty_folder_renders_to_nothing(names: Render) -> None:
    assert names({"app/README.md": "hello"}) == []


def test_a_link_to_a_file_of_the_repository_is_followed(names: Render) -> None:
    files = {"app/a.yaml": Link("../shared/a.yaml"), "app/b.yaml": Link("../nothing"), "shared/a.yaml": config("a")}
    assert names(files) == ["a"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd", "../app/a.yaml"])
def test_a_link_that_leads_out_or_in_circles_is_refused(failure: Fail, target: str) -> None:
    assert "out of the repository" in failure({"app/a.yaml": Link(target)})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: [\n", "app/a.yaml: line 4: "),
        ("apiVersion: v1\nmetadata: {name: a} # kind: forgotten\n", "app/a.yaml: line 1: the manifest has no kind"),
        ("kind: ConfigMap\n", "app/a.yaml: line 1: the manifest has no apiVersion"),
        (config("a") + "---\nfoo: bar\n", "app/a.yaml: line 5: the manifest has no apiVersion and kind"),
        ("apiVersion: v1\nkind: ConfigMap\n", "app/a.yaml: line 1: "),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "app/a.yaml: line 1: a ConfigMap has no metadata.name"),
        ("apiVersion: v1\nkind: List\nitems: [{kind: A}]\n", "app/a.yaml: line 1: items[0]: "),
        (config("a") + "kind: Secret\n", "app/a.yaml: line 4: the key 'kind' is there twice"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "app/a.yaml: the file is kept in Git LFS"),
    ],
)
def test_an_error_names_file_and_line(failure: Fail, content: str, words: str) -> None:
    assert failure({"app/a.yaml": content}).startswith(words)


def test_an_error_in_json_names_file_and_line(failure: Fail) -> None:
    assert failure({"app/a.json": '{\n"apiVersion": }'}).startswith("app/a.json: line 2: ")


def test_too_much_is_refused(failure: Fail) -> None:
    half = "# " + "x" * 5_000_000 + "\n"
    assert "more than 10,000,000 bytes" in failure({f"app/{name}.yaml": half + config(name) for name in "ab"})


@pytest.mark.parametrize(
    ("files", "source", "words"),
    [
        ({"b/x": ""}, {}, "app: path does not exist"),
        ({"app": ""}, {}, "app: path is not a folder"),
        ({"app/x": ""}, {"path": "../app"}, "leads out of the repository"),
        ({"app/x": ""}, {"path": "/app"}, "is absolute"),
        ({"app/Chart.yaml": "name: a"}, {}, "helm template: validation: chart.metadata.version is required"),
        ({"app/x": ""}, {"helm": {"releaseName": "a"}}, "helm template: unable to detect chart at app/Chart.yaml"),
        ({"app/x": ""}, {"plugin": {"name": "a"}}, "source.plugin.name: there is no plugin a"),
        ({"app/x": ""}, {"helm": {"a": 1}, "kustomize": {"a": 1}}, "more than one tool: helm, kustomize"),
        ({"app/sub": Submodule()}, {"directory": {"recurse": True}}, "app/sub: the submodule is not fetched"),
        ({"app/a.yaml": ""}, {"directory": {"exclude": "{" + "a," * 400_000 + "b}"}}, "a glob of 800,003 characters"),
        ({"app/a.json": listed(20_001)}, {}, "app: renders to 20,001 objects, which is more than 20,000"),
    ],
)
def test_what_cannot_be_rendered_is_said(failure: Fail, files: Files, source: dict[str, Any], words: str) -> None:
    assert words in failure(files, **source)


def test_a_source_that_others_only_refer_to_has_no_manifests(names: Render) -> None:
    assert names({"a.yaml": config("a")}, "", ref="values") == []


def test_options_of_a_directory_win_over_a_kustomization(names: Render) -> None:
    files = {"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": config("a")}
    assert names(files, directory={"exclude": "b.yaml"}) == ["a"]
