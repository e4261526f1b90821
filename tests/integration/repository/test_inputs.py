"""The hash over what a render reads: it changes whenever the render can, and seldom otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from bot.errors import Temporary
from bot.model.applications import Source
from bot.repository.inputs import input_hash
from tests.integration.repository.conftest import Files, Fixed, Link, Submodule

Differ: TypeAlias = Callable[..., bool]

KUSTOMIZATION = """\
resources: [../base, ../loose/pod.yaml, missing.yaml]
components: [../part]
patches: [{path: ../loose/patch.yaml}, {patch: "- {op: remove, path: /x}"}]
patchesStrategicMerge: [../loose/merge.yaml, "kind: A\\nmetadata: {name: a}\\n"]
patchesJson6902: [{path: ../loose/json.yaml, target: {kind: A, name: a, version: v1}}]
configMapGenerator:
  - {name: a, files: [key=../loose/a.txt, ../loose/b.txt], envs: [../loose/c.env], env: ../loose/d.env}
secretGenerator: [{name: b, files: [../loose/s.txt], literals: [a=b]}]
crds: [../loose/crd.json]
configurations: [../loose/conf.yaml]
replacements: [{path: ../loose/replace.yaml}, {source: {kind: A}}]
openapi: {path: ../loose/openapi.json}
"""
LOOSE = """
pod.yaml patch.yaml merge.yaml json.yaml a.txt b.txt c.env d.env s.txt crd.json conf.yaml replace.yaml openapi.json
"""
TREE: Files = {
    "app/kustomization.yaml": KUSTOMIZATION,
    "base/kustomization.yaml": "resources: [deep]\n",
    "base/deep/kustomization.yaml": "resources: [../../far]\n",
    "far/kustomization.yml": "resources: [x.yaml, ../app]\n",
    "far/x.yaml": "x",
    "part/Kustomization": "kind: Component\n",
    "elsewhere/x.yaml": "x",
    "link/to": Link("../base"),
    **{f"loose/{name}": "x" for name in LOOSE.split()},
}
DIRECTORY: Files = {
    "app/a.yaml": "a",
    "app/b.json": "b",
    "app/c.txt": "c",
    "app/deep/d.yaml": "d",
    "other/e.yaml": "e",
}


@pytest.fixture
def hashed(repository: Fixed) -> Callable[..., str | None]:
    def hash_of(files: Files, path: str = "app", **source: Any) -> str | None:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, **source}
        return input_hash(repository.mirror, repository.tree(files), Source.model_validate(wire))

    return hash_of


@pytest.fixture
def differ(hashed: Callable[..., str | None]) -> Differ:
    def ask(files: Files, change: Files, path: str = "app", **source: Any) -> bool:
        before, after = hashed(files, path, **source), hashed({**files, **change}, path, **source)
        assert before is not None
        return before != after

    return ask


def test_files_directly_in_a_folder_count(differ: Differ) -> None:
    assert differ(DIRECTORY, {"app/a.yaml": "changed"})
    assert differ(DIRECTORY, {"app/new.yml": "new"})
    assert not differ(DIRECTORY, {"app/c.txt": "changed"})
    assert not differ(DIRECTORY, {"app/deep/d.yaml": "changed"})
    assert not differ(DIRECTORY, {"other/e.yaml": "changed"})


def test_with_recursion_everything_below_counts(differ: Differ) -> None:
    assert differ(DIRECTORY, {"app/deep/d.yaml": "changed"}, directory={"recurse": True})
    assert not differ(DIRECTORY, {"other/e.yaml": "changed"}, directory={"recurse": True})


def test_globs_decide_what_counts(differ: Differ) -> None:
    assert not differ(DIRECTORY, {"app/b.json": "changed"}, directory={"include": "*.yaml"})
    assert not differ(DIRECTORY, {"app/a.yaml": "changed"}, directory={"exclude": "{a,x}.yaml"})
    assert differ(DIRECTORY, {"app/b.json": "changed"}, directory={"exclude": "{a,x}.yaml"})


@pytest.mark.parametrize("glob", ["*a" * 40 + "b", "?*" * 100 + "b", "[!b]*" * 50 + "c", "{a,b}" * 300])
def test_a_glob_with_many_stars_or_alternatives_costs_little(differ: Differ, glob: str) -> None:
    assert not differ({f"app/{'a' * 200}.yaml": "a"}, {f"app/{'a' * 200}.yaml": "b"}, directory={"include": glob})


def test_a_path_that_is_not_there_has_no_hash(hashed: Callable[..., str | None]) -> None:
    assert [hashed(DIRECTORY, path) for path in ("no", "app/a.yaml", "../app", "/app", "app/no/../a")] == [None] * 5


def test_a_renamed_folder_of_the_same_content_is_the_same(hashed: Callable[..., str | None]) -> None:
    assert hashed(DIRECTORY) == hashed({"new/a.yaml": "a", "new/b.json": "b"}, "new")


def test_a_link_makes_the_whole_repository_count(differ: Differ) -> None:
    files = {**DIRECTORY, "app/l.yaml": Link("../other/e.yaml")}
    assert differ(files, {"other/e.yaml": "changed"})
    assert differ(files, {"other/e.yaml": "changed"}, directory={"recurse": True})


def test_a_submodule_counts(differ: Differ) -> None:
    files = {**DIRECTORY, "app/sub": Submodule("1" * 40)}
    assert differ(files, {"app/sub": Submodule("2" * 40)}, directory={"recurse": True})


@pytest.mark.parametrize("path", [f"loose/{name}" for name in LOOSE.split()])
def test_every_file_a_kustomization_names_counts(differ: Differ, path: str) -> None:
    assert differ(TREE, {path: "changed"})


@pytest.mark.parametrize("path", ["base/new", "base/deep/new", "far/x.yaml", "part/new", "app/new", "app/missing.yaml"])
def test_every_folder_a_kustomization_reaches_counts(differ: Differ, path: str) -> None:
    assert differ(TREE, {path: "changed"})


def test_what_is_fetched_from_elsewhere_changes_with_nothing_here(differ: Differ) -> None:
    files = {**TREE, "app/kustomization.yaml": "resources: [https://example.com/x, ../loose/pod.yaml]"}
    assert not differ(files, {"elsewhere/x.yaml": "changed"})
    assert differ(files, {"loose/pod.yaml": "changed"})
    assert differ(files, {"app/kustomization.yaml": "resources: [https://example.com/y, ../loose/pod.yaml]"})


@pytest.mark.parametrize("path", ["elsewhere/x.yaml", "loose/other", "x"])
def test_what_no_kustomization_names_does_not_count(differ: Differ, path: str) -> None:
    assert not differ(TREE, {path: "changed"})


def test_what_the_application_adds_counts(differ: Differ) -> None:
    options = {"components": ["../elsewhere"], "patches": [{"path": "../loose/other"}]}
    assert differ(TREE, {"elsewhere/x.yaml": "changed"}, kustomize=options)
    assert differ(TREE, {"loose/other": "changed"}, kustomize=options)


@pytest.mark.parametrize(
    "kustomization",
    [
        "transformers: [t.yaml]",
        "generators: [g.yaml]",
        "helmCharts: [{name: a}]",
        "unknown: 1",
        "resources: [../link/to]",
        "resources: ../base",
        "resources: [{a: b}]",
        "patches: [a]",
        "a: [",
        "a: 1\n---\nb: 2",
        "resources: [../../x]",
        "[]",
    ],
)
def test_what_is_not_understood_makes_the_whole_repository_count(differ: Differ, kustomization: str) -> None:
    files = {**TREE, "app/kustomization.yaml": kustomization}
    assert differ(files, {"elsewhere/x.yaml": "changed"})


@pytest.mark.parametrize(
    "source",
    [
        {"helm": {"unknown": "a"}},
        {"plugin": {"name": "a"}},
        {"helm": {"a": 1}, "kustomize": {"b": 1}},
        {"kustomize": {"components": "x"}},
    ],
)
def test_tools_that_are_not_understood_make_the_whole_repository_count(differ: Differ, source: dict[str, Any]) -> None:
    assert differ(TREE, {"elsewhere/x.yaml": "changed"}, **source)


@pytest.mark.parametrize(
    ("named", "edited", "differs"),
    [
        ((), "envs/prod.yaml", False),
        (("envs/prod.yaml",), "envs/prod.yaml", True),
        (("envs/prod.yaml",), "envs/test.yaml", False),
        (("envs/appears.yaml",), "envs/appears.yaml", True),
        (("envs/appears.yaml",), "envs/prod.yaml", False),
        (("envs/*.yaml",), "envs/new.yaml", True),
        (("envs/*.yaml",), "app/a.yaml", False),
        (("envs/$ARGOCD_APP_NAME.yaml",), "envs/prod.yaml", True),
        (("link.yaml",), "app/a.yaml", True),
    ],
)
def test_a_source_that_others_refer_to_is_read_where_they_name_it(
    repository: Fixed,
    named: tuple[str, ...],
    edited: str,
    differs: bool,  # noqa: FBT001 - a table's column
) -> None:
    files: Files = {
        "envs/prod.yaml": "a: 1\n",
        "envs/test.yaml": "a: 2\n",
        "app/a.yaml": "x",
        "link.yaml": Link("app/a.yaml"),
    }
    source = Source.model_validate({"repoURL": "https://x/y", "ref": "values"})
    source = source.model_copy(update={"read_by_others": named})
    hashes = [
        input_hash(repository.mirror, repository.tree(one), source) for one in (files, {**files, edited: "edited"})
    ]
    assert (hashes[0] != hashes[1]) is differs


def test_another_tool_is_another_render(differ: Differ) -> None:
    assert differ(DIRECTORY, {"app/Kustomization": ""})
    assert differ(DIRECTORY, {"app/Chart.yaml": ""})


def test_hostile_trees_cost_little(repository: Fixed) -> None:
    tree = tree_bomb(repository)
    source = Source.model_validate({"repoURL": "https://x/y", "path": "t", "directory": {"recurse": True}})
    assert input_hash(repository.mirror, tree, source)


def tree_bomb(repository: Fixed) -> str:
    """Ten names for one folder with ten names for one folder…: a billion files in a few hundred bytes."""
    files: Files = {"x.yaml": "x"}
    below = repository.git[repository.tree(files)].id
    for _ in range(9):
        builder = repository.git.TreeBuilder()
        for name in "0123456789t":
            builder.insert(name, below, 0o040000)
        below = builder.write()
    return str(below)


def test_a_tree_that_is_not_here_is_a_matter_of_time(repository: Fixed) -> None:
    with pytest.raises(Temporary):
        input_hash(repository.mirror, "1" * 40, Source.model_validate({"repoURL": "https://x/y", "path": "a"}))
