"""Jsonnet files in directories, evaluated in the real child: what they give, may import, and may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository.environment import BuildEnvironment
from bot.repository.inputs import input_hash, inputs_of
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from tests.integration.repository.conftest import Files, Fixed, Link

Answer: TypeAlias = Callable[..., Rendered | RenderFailed]

LIBRARY = "{ config(name, data={}): {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name}, data: data} }"
ONE = "(import 'l.libsonnet').config('a')"


@pytest.fixture
def answer(repository: Fixed, renderer: Renderer) -> Answer:
    def ask(main: str, files: Files | None = None, path: str = "app", **jsonnet: Any) -> Rendered | RenderFailed:
        tree = repository.tree({"app/main.jsonnet": main, "app/l.libsonnet": LIBRARY, **(files or {})})
        directory = {"jsonnet": jsonnet, "include": "*.jsonnet", "recurse": True}
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, "directory": directory}
        environment = BuildEnvironment(application="shop-web", namespace="shop")
        return renderer.render([RenderRequest(repository.mirror.path, tree, Source.model_validate(wire), environment)])[
            0
        ]

    return ask


@pytest.fixture
def render(answer: Answer) -> Callable[..., list[JsonObject]]:
    def ask(main: str, files: Files | None = None, **jsonnet: Any) -> list[JsonObject]:
        found = answer(main, files, **jsonnet)
        assert isinstance(found, Rendered), found
        return list(found.manifests)

    return ask


@pytest.fixture
def failure(answer: Answer) -> Callable[..., str]:
    def ask(main: str, files: Files | None = None, **jsonnet: Any) -> str:
        found = answer(main, files, **jsonnet)
        assert isinstance(found, RenderFailed), found
        return found.message

    return ask


Render: TypeAlias = Callable[..., list[JsonObject]]
Fail: TypeAlias = Callable[..., str]


def names(manifests: list[JsonObject]) -> list[str]:
    return [one["metadata"]["name"] for one in manifests]


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        (ONE, ["a"]),
        ("local l = import 'l.libsonnet'; [l.config('a'), null, l.config('b')]", ["a", "b"]),
        ("[]", []),
        ("local l = import 'l.libsonnet'; {apiVersion: 'v1', kind: 'List', items: [l.config('a')]}", ["a"]),
        ("local l = import 'l.libsonnet'; [{apiVersion: 'v1', kind: 'List', items: [l.config('a')]}]", ["a"]),
        ("// +argocd:skip-file-rendering\nerror 'x'", []),
    ],
)
def test_a_file_gives_a_manifest_or_an_array_of_them(render: Render, main: str, expected: list[str]) -> None:
    assert names(render(main)) == expected


def test_whole_numbers_stay_whole(render: Render) -> None:
    (found,) = render("(import 'l.libsonnet').config('a', {a: 3, b: 1.5, c: 12345678901})")
    assert [(value, type(value)) for value in found["data"].values()] == [(3, int), (1.5, float), (12345678901, int)]


def test_variables_are_texts_or_code_with_the_build_environment_put_in(render: Render) -> None:
    main = "function(name, count) (import 'l.libsonnet').config(name, {n: count + 1, e: std.extVar('e') + 1})"
    (found,) = render(
        main,
        tlas=[{"name": "name", "value": "$ARGOCD_APP_NAME"}, {"name": "count", "value": "1 + 1", "code": True}],
        extVars=[{"name": "e", "value": "2", "code": True}],
    )
    assert (found["metadata"]["name"], found["data"]) == ("shop-web", {"n": 3, "e": 3})


def test_arguments_for_what_is_no_function_are_passed_over(render: Render) -> None:
    assert names(render(ONE, tlas=[{"name": "x", "value": "y"}])) == ["a"]


def test_imports_are_found_beside_the_file_then_in_the_last_library_first(render: Render) -> None:
    files = {
        "app/deep/main.jsonnet": "(import 'n.libsonnet') + {metadata: {name: 'deep-' + (import 'own')}}",
        "app/deep/own": "'own'",
        "app/n.libsonnet": "error 'libraries come first'",
        "one/n.libsonnet": "error 'the last library comes first'",
        "two/n.libsonnet": "import 'below/n.libsonnet'",
        "two/below/n.libsonnet": "(import '../../app/l.libsonnet').config('n')",
    }
    assert names(render(ONE, files, libs=["one", "/two"])) == ["deep-own", "a"]


def test_files_are_imported_as_they_are(render: Render) -> None:
    main = "(import 'l.libsonnet').config('a', {t: importstr 'x.txt', b: importbin 'x.txt', j: import 'x.json'})"
    (found,) = render(main, {"app/x.txt": "é", "app/x.json": '{"a": 1}'})
    assert found["data"] == {"t": "é", "b": [0xC3, 0xA9], "j": {"a": 1}}


@pytest.mark.parametrize(
    ("main", "words"),
    [
        ("(import '/etc/passwd')", "app/main.jsonnet: import '/etc/passwd' leads out of the repository"),
        ("importstr '/proc/self/environ'", "leads out of the repository"),
        ("importstr '../../../etc/passwd'", "leads out of the repository"),
        ("importstr 'out'", "leads out of the repository"),
        ("importstr 'in/../../../etc/passwd'", "leads out of the repository"),
        ("import 'no.libsonnet'", "there is no such file; looked for app/no.libsonnet, app/no.libsonnet"),
        ("import 'folder'", "import 'folder': app/folder is not a file"),
        ("importstr 'large'", "it imports more than 10,000,000 bytes"),
        ("std.native('exec')('id')", "RUNTIME ERROR"),
        ("local f(x) = f(x + 1) + 1; f(1)", "max stack frames exceeded"),
        ("{", "app/main.jsonnet: 1:2 Unexpected: end of file"),
        ("error 'words of theirs'", "RUNTIME ERROR: words of theirs"),
        ("'text'", "app/main.jsonnet: jsonnet has to give a manifest or an array of manifests"),
        ("[[]]", "app/main.jsonnet: [0]: jsonnet has to give a manifest"),
        ("[{kind: 'A'}]", "app/main.jsonnet: [0]: the manifest has no apiVersion"),
        ("std.extVar('x')", "Undefined external variable: x"),
        ("function(x) x", "Missing argument: x"),
        ("'a' + importstr 'no'", "there is no such file"),
        ("error '\0'", "embedded null"),
    ],
)
def test_what_cannot_be_evaluated_is_said(failure: Fail, main: str, words: str) -> None:
    files = {
        "app/out": Link("/etc/passwd"),
        "app/in": Link("folder"),
        "app/folder/x": "",
        "app/large": "x" * 10_000_001,
    }
    assert words in failure(main, files)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"libs": "vendor"}, "source.directory.jsonnet.libs must be a list of paths"),
        ({"libs": ["../vendor"]}, "source.directory.jsonnet.libs leads out of the repository"),
        ({"extVars": {"a": "b"}}, "source.directory.jsonnet.extVars must be a list"),
        ({"tlas": [{"value": "b"}]}, "each of source.directory.jsonnet.tlas needs a name and a text as value"),
        ({"tlas": [{"name": "a", "value": 3}]}, "each of source.directory.jsonnet.tlas needs a name"),
    ],
)
def test_options_that_are_wrong_are_named(failure: Fail, options: dict[str, Any], words: str) -> None:
    assert words in failure(ONE, **options)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        ("local a = {x: a}; a", "max stack frames exceeded"),
        ("std.repeat('x', 10000000000)", "Expected an integer"),
        ("std.foldl(function(a, i) a + a, std.range(1, 100), 'x')", "it ran out of memory"),
        ("std.makeArray(1000000000, function(i) {a: i})", "it ran out of memory"),
    ],
)
def test_what_grows_without_end_ends_with_its_child(failure: Fail, render: Render, main: str, words: str) -> None:
    assert words in failure(main)
    assert names(render(ONE)) == ["a"]


def test_imports_count_as_what_is_read(repository: Fixed) -> None:
    files: Files = {
        "app/main.jsonnet": "import 'l.libsonnet'",
        "app/l.libsonnet": "importstr '../data/x.txt'",
        "data/x.txt": "a",
        "vendor/y.libsonnet": "b",
        "app/new": "x",
    }

    def hashed(change: Files, **directory: Any) -> str | None:
        wire = {"repoURL": "https://x/y", "path": "app", "directory": directory}
        return input_hash(repository.mirror, repository.tree({**files, **change}), Source.model_validate(wire))

    for options in ({"include": "main*"}, {"recurse": True}, {"jsonnet": {"libs": ["vendor"]}}):
        before = hashed({}, **options)
        assert hashed({"data/x.txt": "b"}, **options) != before
        assert hashed({"app/l.libsonnet": "importstr '../data/x.txt' "}, **options) != before
        assert hashed({"vendor/y.libsonnet": "c"}, **options) == before
        assert hashed({"data/z": "c"}, **options) == before


@pytest.mark.parametrize(
    "main",
    [
        "import 'no'",
        'import "\\u0078"',
        "import /* x */ 'l'",
        "import @'l'",
        "import 'link'",
        "import '../../x'",
        "// import",
    ],
)
def test_an_import_that_is_not_understood_makes_the_whole_repository_count(repository: Fixed, main: str) -> None:
    source = Source.model_validate({"repoURL": "https://x/y", "path": "app"})
    tree = repository.tree({"app/main.jsonnet": main, "app/link": Link("l"), "app/l": "1"})
    found = inputs_of(repository.mirror, tree, source)
    assert (found.digest, found.paths) == (tree, None)


def test_a_library_that_would_come_first_is_watched_for(repository: Fixed) -> None:
    wire = {"repoURL": "https://x/y", "path": "app", "directory": {"jsonnet": {"libs": ["one", "two/deep"]}}}
    tree = repository.tree({"app/main.jsonnet": "import 'n'", "one/n": "1", "one/m": "1"})
    found = inputs_of(repository.mirror, tree, Source.model_validate(wire))
    assert found.paths == frozenset({"app", "app/n", "two", "one/n"})
