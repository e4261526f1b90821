"""`.argocd-source.yaml` files, merged as Argo CD's own structures and JSON merge patch do (the answers are Go's)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.repository.inputs import input_hash, inputs_of
from bot.repository.overrides import with_overrides
from bot.repository.tools import Tool
from bot.repository.trees import Snapshot
from tests.integration.repository.conftest import Files, Fixed, Link

Merge: TypeAlias = Callable[..., Source]
FILE, OF_WEB = "app/.argocd-source.yaml", "app/.argocd-source-web.yaml"


def source(path: str = "app", **blocks: Any) -> Source:
    return Source.model_validate({"repoURL": "https://github.com/acme/shop", "path": path, **blocks})


@pytest.fixture
def merge(repository: Fixed) -> Merge:
    def ask(files: Files, given: Source | None = None, application: str = "web") -> Source:
        tree = repository.tree({"app/a.yaml": "a", **files})
        return with_overrides(Snapshot(str(repository.mirror.path), tree), given or source(), application)

    return ask


@pytest.mark.parametrize(
    ("before", "override", "after"),
    [
        (None, {"namePrefix": "b-"}, {"namePrefix": "b-"}),
        ({"namePrefix": "a-"}, {"namePrefix": "b-", "images": ["x"]}, {"namePrefix": "b-", "images": ["x"]}),
        ({"namePrefix": "a-"}, None, {"namePrefix": "a-"}),
        ({"namePrefix": "a-"}, {"namePrefix": None}, {"namePrefix": "a-"}),
        ({"namePrefix": "a-"}, {"namePrefix": ""}, {"namePrefix": ""}),
        (
            {"commonLabels": {"a": "1", "b": "2"}},
            {"commonLabels": {"a": None, "c": "3"}},
            {"commonLabels": {"a": "1", "b": "2", "c": "3"}},
        ),
        ({"images": ["a", "b"]}, {"images": ["c"]}, {"images": ["c"]}),
        ({"images": ["a", "b"]}, {"images": []}, {"images": []}),
        ({"images": ["a", "b"]}, {"images": [None, "d"]}, {"images": ["a", "d"]}),
        (
            {"patches": [{"path": "x", "target": {"kind": "A", "name": "n"}}]},
            {"patches": [{"patch": "p", "target": {"kind": "B"}}]},
            {"patches": [{"path": "x", "patch": "p", "target": {"kind": "B", "name": "n"}}]},
        ),
        (None, {"commonLabels": {"a": None}}, {"commonLabels": {}}),
    ],
)
def test_an_override_is_merged_and_takes_nothing_away(merge: Merge, before: Any, override: Any, after: Any) -> None:
    merged = merge({FILE: json.dumps({"kustomize": override})}, source(kustomize=before))
    assert merged.kustomize == after


def test_an_element_of_a_list_keeps_fields_of_the_one_it_replaces(merge: Merge) -> None:
    helm = {"parameters": [{"name": "a", "value": "1", "forceString": True}, {"name": "b"}]}
    merged = merge({FILE: "helm: {parameters: [{name: c, value: '2'}]}"}, source(helm=helm))
    assert merged.helm == {"parameters": [{"name": "c", "value": "2", "forceString": True}]}


def test_values_are_merged_and_can_be_taken_away(merge: Merge) -> None:
    helm = {"valuesObject": {"a": {"b": 1, "c": 2}, "l": [{"x": 1, "y": 2}]}}
    merged = merge({FILE: "helm: {valuesObject: {a: {b: null}, l: [{x: 3}]}}"}, source(helm=helm))
    assert merged.helm == {"valuesObject": {"a": {"c": 2}, "l": [{"x": 3}]}}


def test_the_file_for_one_application_comes_last_and_counts_for_it_alone(merge: Merge) -> None:
    files = {FILE: "kustomize: {namePrefix: a-, nameSuffix: -a}", OF_WEB: "kustomize: {namePrefix: web-}"}
    assert merge(files).kustomize == {"namePrefix": "web-", "nameSuffix": "-a"}
    assert merge(files, application="other").kustomize == {"namePrefix": "a-", "nameSuffix": "-a"}


def test_where_a_source_is_cannot_be_overridden(merge: Merge) -> None:
    text = (
        "{repoURL: 'https://evil.example', path: b, chart: c, targetRevision: d, ref: e, kustomize: {namePrefix: x-}}"
    )
    merged = merge({FILE: text})
    assert merged == source(kustomize={"namePrefix": "x-"})


def test_a_source_without_overrides_is_the_very_same(merge: Merge) -> None:
    given = source()
    assert merge({"app/.argocd-source-other.yaml": "helm: {}", "app/.argocd-source.yaml/x": ""}, given) is given
    assert merge({FILE: "helm: {}"}, source("elsewhere")) == source("elsewhere")


def test_a_chart_may_bring_one_along(merge: Merge) -> None:
    chart = source("", chart="redis", targetRevision="1.0.0")
    assert merge({".argocd-source.yaml": "helm: {releaseName: a}"}, chart).helm == {"releaseName": "a"}


def test_an_override_behind_a_link_is_read(merge: Merge) -> None:
    assert merge({FILE: Link("../o.yaml"), "o.yaml": "helm: {releaseName: a}"}).helm == {"releaseName": "a"}
    assert merge({FILE: Link("nowhere")}).helm is None


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("", f"{FILE}: an override is one mapping, with helm, kustomize, directory or plugin"),
        ("[]", f"{FILE}: an override is one mapping"),
        ("a: 1\n---\nb: 2", f"{FILE}: an override is one mapping"),
        ("kustomize: [", f"{FILE}: line"),
        ("kustomize: 3", f"{FILE}: kustomize: Input should be a valid dictionary"),
        ("directory: {recurse: 'yes'}", f"{FILE}: directory.recurse: Input should be a valid boolean"),
        ("x" * 1_000_001, f"{FILE}: an override of more than 1,000,000 bytes"),
        (Link("/etc/passwd"), "leads out of the repository"),
    ],
)
def test_an_override_that_is_wrong_is_named(merge: Merge, override: str | Link, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        merge({FILE: override})
    assert words in refused.value.message


def test_what_an_override_says_decides_what_a_render_reads(repository: Fixed) -> None:
    def hashed(change: Files, application: str | None = "web") -> str | None:
        files: Files = {
            "app/kustomization.yaml": "resources: []",
            "app/.argocd-source-web.yaml": "kustomize: {components: [../part]}",
            "part/kustomization.yaml": "kind: Component",
            "part/x": "x",
        }
        return input_hash(repository.mirror, repository.tree({**files, **change}), source(), application)

    assert hashed({}) != hashed({"part/x": "changed"})
    assert hashed({}) != hashed({OF_WEB: "kustomize: {namePrefix: a-}"})
    assert hashed({}, "other") == hashed({"part/x": "changed"}, "other")
    assert hashed({}, None) == hashed({"part/x": "changed"}, None)


def test_an_override_chooses_the_tool(repository: Fixed) -> None:
    tree = repository.tree({FILE: "kustomize: {}", "app/a.yaml": "a"})
    assert inputs_of(repository.mirror, tree, source(), "web").tool is Tool.KUSTOMIZE


def test_a_source_that_mentions_the_revision_differs_with_every_commit(repository: Fixed) -> None:
    def differs(override: str) -> bool:
        files = {"app/kustomization.yaml": "resources: []", FILE: override}
        first, second = (repository.tree({**files, "README.md": text}) for text in ("a", "b"))
        before, after = (inputs_of(repository.mirror, tree, source(), "web") for tree in (first, second))
        assert before.each_commit == (before.paths is None) == (before.digest != after.digest)
        return before.digest != after.digest

    assert differs('kustomize: {commonLabels: {a: "${\\x41RGOCD_APP_REVISION_SHORT}"}}')
    assert not differs("kustomize: {commonLabels: {a: $ARGOCD_APP_NAME}}")
