"""Whom a change concerns, by an index of what applications read: the same answer as comparing every one of them."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import Temporary
from bot.model.applications import MANIFEST_GENERATE_PATHS, Application
from bot.prediction.reading import Reading
from bot.prediction.trees import Sides, Tree
from bot.prediction.verdicts import verdicts
from bot.preview.affected import Branch, Candidate, Verdict, judge
from bot.repository.inputs import input_hash
from bot.repository.steps import Between, changed_paths
from tests.integration.repository.conftest import FOLDER, Files, Fixed, Link, Submodule

URL = "https://git.example/acme/fleet"
MAIN = Branch("git.example/acme/fleet", "main", default=True)


@pytest.fixture
def repository(tmp_path: Path) -> Fixed:
    return Fixed(tmp_path / "repository.git")


def application(name: str, path: str = "", *, named: str = "", revision: str = "main", **source: Any) -> Application:
    return Application.parse(
        {
            "metadata": {"name": name, "annotations": {MANIFEST_GENERATE_PATHS: named} if named else {}},
            "spec": {
                "destination": {"name": "prod"},
                "source": {"repoURL": URL, "path": path or name, "targetRevision": revision, **source},
            },
        },
        home="argocd",
    )


def sides(repository: Fixed, base: Files, head: Files) -> Sides:
    return Sides(*(Tree(MAIN.repository, repository.mirror, repository.tree(files)) for files in (base, head)))


def judged(reading: Reading, step: Sides, *applications: Application) -> dict[str, Verdict]:
    return verdicts(reading, {one.name: Candidate(one, one) for one in applications}, step, MAIN)


def affected(reading: Reading, step: Sides, *applications: Application) -> set[str]:
    return {name for name, verdict in judged(reading, step, *applications).items() if verdict.affected}


def compared(step: Sides, *applications: Application) -> dict[str, Verdict]:
    """Judge without an index."""

    def inputs(source: Any, head: bool) -> str | None:  # noqa: FBT001 - the shape that `judge` asks for
        tree = step.head if head else step.base
        return input_hash(tree.mirror, tree.tree_id, source)

    return {one.name: judge(Candidate(one, one), MAIN, inputs) for one in applications}


KUSTOMIZATIONS = [
    "resources: [x.yaml, ../base]",
    "resources: [../gone, ../base/gone/x.yaml]",
    "resources: [../gone/../base]",
    "components: [../a/../b]\nresources: [../base/x.yaml]",
    "resources: [deep]",
    "namePrefix: a-",
    "resources: [https://git.example/other]",
    "helmCharts: []",
]
PATHS = [
    *(f"{folder}/{name}" for folder in ("a", "b", "base", "base/gone", "a/deep") for name in ("x.yaml", "y.txt")),
    *("a", "b", "base", "gone", "gone/x.yaml", "gone/deep/x.yaml", "x.yaml", "a/deep", "a/Chart.yaml"),
]
CONTENT = st.one_of(
    st.sampled_from(["one", "two"]), st.sampled_from(["../base", "a", "gone"]).map(Link), st.just(Submodule())
)
TREES = st.builds(
    lambda files, kustomizations: _possible({**files, **kustomizations}),
    st.dictionaries(st.sampled_from(PATHS), CONTENT, max_size=8),
    st.dictionaries(
        st.sampled_from([f"{folder}/kustomization.yaml" for folder in ("a", "b", "base", "gone", "a/deep")]),
        st.sampled_from(KUSTOMIZATIONS),
        max_size=3,
    ),
)
FLEET = [
    application("a"),
    application("b", directory={"recurse": True}),
    application("deep", "a/deep", named="../../gone;/b/*.yaml"),
    application("linked", "a/deep/../deep"),
    application("root", "."),
    application("missing", "gone/deep"),
    application("kustomized", "b", kustomize={"components": ["../gone"], "ignoreMissingComponents": True}),
    application("patched", "base", kustomize={"patches": [{"path": "../gone/x.yaml"}]}),
    application("elsewhere", "a", revision="next"),
]


def _possible(files: Files) -> Files:
    """Leave out what lies below a file."""
    return {path: one for path, one in files.items() if not any(path.startswith(f"{other}/") for other in files)}


@given(steps=st.lists(TREES, min_size=2, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[{"a/kustomization.yaml": KUSTOMIZATIONS[1]}, {"gone/x.yaml": "one"}])
@example(steps=[{"gone": Link("base"), "base/x.yaml": "one"}, {"base/deep/x.yaml": "one"}])
@example(steps=[{"gone/x.yaml": "one"}, {"gone": Submodule()}])
@example(steps=[{"gone/x.yaml": "one"}, {"gone": Link("base"), "base/deep/x.yaml": "one"}])
@example(steps=[{"gone/x.yaml": "one"}, {"gone": "a file"}])
@example(steps=[{"gone/x.yaml": "one"}, {}, {"gone": Submodule()}])
def test_an_index_judges_as_comparing_does(repository: Fixed, steps: list[Files]) -> None:
    """Also when it moves along with the branch."""
    reading = Reading()
    plain = [one for one in FLEET if not one.annotations]

    for base, head in pairwise(steps):
        step = sides(repository, base, head)
        assert judged(reading, step, *plain) == compared(step, *plain)
        assert affected(reading, step, *FLEET) >= {
            name for name, verdict in compared(step, *FLEET).items() if verdict.affected
        }


@given(base=TREES, head=TREES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_differs_between_two_trees_is_named(repository: Fixed, base: Files, head: Files) -> None:
    found = changed_paths(repository.mirror, repository.tree(base), repository.tree(head))

    assert found == frozenset(path for path in {*base, *head} if base.get(path) != head.get(path))


def test_only_readers_of_what_differs_are_looked_at(repository: Fixed) -> None:
    before: Files = {"a/x.yaml": "one", "b/kustomization.yaml": "resources: [../base]", "base/x.yaml": "one"}
    step = sides(repository, before, {**before, "base/y.yaml": "two"})

    between = Between(repository.mirror, step.base.tree_id, step.head.tree_id)
    found = Reading().step({"a": application("a"), "b": application("b")}, between, MAIN)

    assert (set(found.changed), set(found.readers)) == ({"base/y.yaml"}, {"b"})


def test_a_definition_that_differs_is_read_anew(repository: Fixed) -> None:
    reading, step = Reading(), sides(repository, {"a/x.yaml": "one", "b/x.yaml": "one"}, {"a/x.yaml": "two"})

    assert affected(reading, step, application("shop", "c")) == set()
    assert affected(reading, step, application("shop", "a")) == {"shop"}
    assert affected(reading, step, application("shop", "c", directory={"recurse": True})) == set()
    assert affected(reading, step, application("shop", "b", directory={"recurse": True})) == {"shop"}


@pytest.mark.parametrize(
    ("named", "changed"),
    [
        ("/lib", "lib/deep/x.libsonnet"),
        ("../lib/x.libsonnet", "lib/x.libsonnet"),
        (".;../lib", "lib/x.libsonnet"),
        ("/lib/*.libsonnet", "lib/x.libsonnet"),
        ("../*/values", "lib/values"),
        ("/", "lib/x"),
    ],
)
def test_files_that_the_annotation_names_count_as_well(repository: Fixed, named: str, changed: str) -> None:
    one = application("shop", named=named)
    step = sides(repository, {"shop/x.yaml": "one"}, {"shop/x.yaml": "one", changed: "two"})

    verdict = judged(Reading(), step, one)["shop"]

    assert (verdict.affected, verdict.words) == (True, f"its {MANIFEST_GENERATE_PATHS} names {changed}")


@pytest.mark.parametrize("named", ["/lib", "../lib/x", "/lib/*", "../[", "/library"])
def test_files_that_the_annotation_does_not_name_count_only_when_they_are_read(repository: Fixed, named: str) -> None:
    one = application("shop", named=named)
    before: Files = {"shop/x.yaml": "one"}

    assert not affected(Reading(), sides(repository, before, {**before, "libs/x": "two"}), one)
    assert affected(Reading(), sides(repository, before, {"shop/x.yaml": "two"}), one)


def test_a_folder_without_a_file_is_named(repository: Fixed) -> None:
    git = repository.git
    nothing = git.TreeBuilder().write()
    with_folder = git.TreeBuilder()
    with_folder.insert("shop", nothing, FOLDER)

    assert changed_paths(repository.mirror, str(with_folder.write()), str(nothing)) == frozenset({"shop"})


def test_each_kind_of_entry_is_named(repository: Fixed) -> None:
    kinds: Files = {"file": "x", "link": Link("file"), "module": Submodule(), "folder/file": "x"}

    assert changed_paths(repository.mirror, repository.tree({}), repository.tree(kinds)) == frozenset(kinds)


def test_a_state_that_is_not_here_is_waited_for(repository: Fixed) -> None:
    with pytest.raises(Temporary, match="lacks a state"):
        changed_paths(repository.mirror, repository.tree({}), "1" * 40)


def test_an_index_begins_anew_when_its_own_state_is_gone(repository: Fixed) -> None:
    reading, shop = Reading(), application("a")
    assert affected(reading, sides(repository, {"a/x.yaml": "one"}, {"a/x.yaml": "two"}), shop) == {"a"}

    shutil.rmtree(repository.git.path)
    again = Fixed(Path(repository.git.path))

    assert affected(reading, sides(again, {"a/y.yaml": "three"}, {"a/y.yaml": "four"}), shop) == {"a"}
