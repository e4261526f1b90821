"""What a chart's render is known to read: never less than it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Source
from bot.repository.inputs import Inputs, inputs_of
from bot.repository.tools import Tool
from tests.integration.repository.conftest import Files, Fixed, Link
from tests.integration.repository.helm.conftest import chart, echo

Read: TypeAlias = Callable[..., Inputs]

ON_COMMON = "[{name: common, version: 1.x.x, repository: 'file://../common'}, {name: r, repository: 'https://x.com'}]"
TREE: Files = {
    **chart(echo("1"), dependencies=ON_COMMON),
    "common/Chart.yaml": "name: common\n",
    "envs/one.yaml": "a: 1",
    "envs/deep/two.yaml": "a: 1",
    "envs/notes.txt": "text",
    "elsewhere/x": "x",
    "linked": Link("envs"),
}
OPTIONS: dict[str, Any] = {
    "valueFiles": ["../envs/one.yaml", "/envs/**/*.yaml", "no/such.yaml", "../gone/*.yaml", "$values/ref.yaml"],
    "fileParameters": [{"name": "f", "path": "../envs/notes.txt"}],
}


@pytest.fixture
def read(repository: Fixed) -> Read:
    def ask(files: Files, path: str = "app", **helm: Any) -> Inputs:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, "helm": helm}
        return inputs_of(repository.mirror, repository.tree(files), Source.model_validate(wire))

    return ask


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("app/templates/echo.yaml", True),
        ("app/new", True),
        ("envs/one.yaml", True),
        ("envs/deep/two.yaml", True),
        ("envs/deep/three.yaml", True),
        ("envs/notes.txt", True),
        ("app/no/such.yaml", True),
        ("gone/now.yaml", True),
        ("common/templates/x", True),
        ("ref.yaml", True),
        ("envs/other.txt", False),
        ("gone/now.txt", False),
        ("elsewhere/x", False),
        ("x.yaml", False),
    ],
)
def test_what_a_render_reads_changes_the_digest(read: Read, path: str, matters: bool) -> None:  # noqa: FBT001
    before, after = read(TREE, **OPTIONS), read({**TREE, path: "changed: 1"}, **OPTIONS)
    assert (before.digest != after.digest) is matters
    assert before.tool is Tool.HELM
    assert before.paths is not None
    above = {path[:end] for end in [*(at for at, sign in enumerate(path) if sign == "/"), len(path)]}
    assert not matters or not above.isdisjoint(before.paths)


def test_the_paths_are_the_chart_and_what_is_named(read: Read) -> None:
    paths = "app envs envs/one.yaml envs/notes.txt app/no gone ref.yaml common"
    assert read(TREE, **OPTIONS).paths == frozenset(paths.split())
    assert read(TREE).paths == frozenset({"app", "common"})


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({}, {"valueFiles": ["envs/$ARGOCD_APP_NAME.yaml"]}),
        ({}, {"fileParameters": [{"name": "a", "path": "${ARGOCD_APP_NAMESPACE}"}]}),
        ({"app/l": Link("../elsewhere/x")}, {}),
        ({"common/l": Link("../elsewhere/x")}, {}),
        ({"envs/l": Link("../elsewhere/x")}, {"valueFiles": ["../envs/*"]}),
        ({}, {"valueFiles": ["../../out.yaml"]}),
        ({"app/Chart.yaml": "dependencies: ["}, {}),
        ({"app/Chart.yaml": "# " + "x" * 1_000_000}, {}),
        ({"app/Chart.yaml": "dependencies: [{name: a, repository: 'file://../../out'}]"}, {}),
    ],
)
def test_where_it_cannot_be_told_everything_counts(read: Read, more: Files, options: dict[str, Any]) -> None:
    files: Files = {**TREE, **more}
    assert read(files, **options).digest != read({**files, "elsewhere/x": "changed"}, **options).digest
    assert read(files, **options).paths is None


def test_a_values_file_behind_a_link_counts_and_names_do_not_tell_where_it_is(read: Read) -> None:
    options = {"valueFiles": ["../linked/one.yaml"]}
    before = read(TREE, **options)
    assert before.paths is None
    assert before.digest != read({**TREE, "envs/one.yaml": "changed"}, **options).digest
    assert before.digest == read({**TREE, "elsewhere/x": "changed"}, **options).digest


def test_charts_at_the_root_and_behind_links_are_read(read: Read) -> None:
    at_root = {name.removeprefix("app/"): text for name, text in chart(echo("1")).items()}
    assert read(at_root, "").paths == frozenset({""})
    behind: Files = {**TREE, "l": Link("app")}
    assert read(behind, "l").digest != read({**behind, "app/new": "x"}, "l").digest
    assert read(behind, "l").paths is None
