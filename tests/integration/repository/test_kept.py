"""Files that were read before are not read again, and nobody can tell but by the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import child
from bot.repository.environment import BuildEnvironment
from bot.repository.helm.library import Library
from bot.repository.helm.program import Helm
from bot.repository.kept import KeptFiles
from bot.repository.kustomize import Kustomize
from bot.repository.plugins.program import Plugins
from bot.repository.render import CHILDREN, Rendered, Renderer, RenderRequest
from tests.integration.repository.conftest import Files, Fixed

Render: TypeAlias = Callable[[Files, str], list[JsonObject]]
WIRE = {"repoURL": "https://github.com/acme/shop"}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n"
NO_NAME = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}'


@pytest.fixture
def render(repository: Fixed, tmp_path: Path) -> Render:
    """Return what one child does with one request after the other."""
    tools = child.Tools(
        Kustomize(Path("/nowhere"), tmp_path),
        Helm(Path("/nowhere"), tmp_path, Library(Path("/nowhere"), 1.0)),
        Plugins((), tmp_path, confined=False),
        KeptFiles(),
    )

    def ask(files: Files, path: str) -> list[JsonObject]:
        request = {
            "repository": str(repository.mirror.path),
            "tree": repository.tree(files),
            "source": {"path": path},
            "environment": BuildEnvironment().to_wire(),
            "refs": {},
            "dependencies": {},
        }
        return [orjson.loads(one) for one in child.render(request, tools).manifests]

    return ask


def words(render: Render, files: Files, path: str) -> str:
    with pytest.raises(Rejected) as caught:
        render(files, path)
    return caught.value.message


def test_two_paths_with_the_same_content_get_their_own_words(render: Render) -> None:
    files = {"app/a.yaml": NO_NAME, "other/b.yaml": NO_NAME}
    for _ in range(2):
        assert words(render, files, "app").startswith("app/a.yaml: line 1: a ConfigMap has no metadata.name")
        assert words(render, files, "other").startswith("other/b.yaml: line 1: a ConfigMap has no metadata.name")


def test_the_same_content_is_read_by_the_ending_of_its_name(render: Render) -> None:
    files = {"yaml/a.yaml": CONFIG, "json/a.json": CONFIG, "jsonnet/a.jsonnet": CONFIG}
    assert len(render(files, "yaml")) == 1
    assert words(render, files, "json").startswith("json/a.json: line 1: ")
    assert words(render, files, "jsonnet").startswith("jsonnet/a.jsonnet: 1:")


def test_a_file_that_is_no_manifest_is_passed_over_each_time_but_not_as_json(render: Render) -> None:
    files = {"app/a.yaml": "a: [1\n", "json/a.json": "a: [1\n"}
    assert render(files, "app") == render(files, "app") == []
    assert words(render, files, "json").startswith("json/a.json: line 1: ")


def test_files_that_were_read_before_count_towards_the_size_of_all(render: Render) -> None:
    half = "# " + "x" * 5_000_000 + "\n" + CONFIG
    one = {"app/a.yaml": half}
    assert len(render(one, "app")) == 1
    assert "more than 10,000,000 bytes" in words(render, {**one, "app/b.yaml": half}, "app")


def test_a_changed_file_is_read_beside_those_that_stayed(render: Render) -> None:
    files = {"app/a.yaml": CONFIG, "app/b.yaml": CONFIG.replace("name: a", "name: b")}
    render(files, "app")
    after = render({**files, "app/b.yaml": CONFIG.replace("name: a", "name: c")}, "app")
    assert [one["metadata"]["name"] for one in after] == ["a", "c"]


def test_a_character_that_there_is_not_is_refused_with_the_file_it_is_in(render: Render) -> None:
    lone = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {b: "\\ud83d"}\n'
    assert words(render, {"app/a.yaml": lone}, "app").startswith("app/a.yaml: line 5: ")


def test_whoever_changes_what_was_rendered_changes_it_for_nobody_else(repository: Fixed, renderer: Renderer) -> None:
    source = Source.model_validate({**WIRE, "path": "app"})
    request = RenderRequest(repository.mirror.path, repository.tree({"app/a.yaml": CONFIG}), source)
    found: list[Any] = []
    for _ in range(CHILDREN + 1):
        (answer,) = renderer.render([request])
        assert isinstance(answer, Rendered)
        found.append(orjson.dumps(answer.manifests))
        answer.manifests[0]["data"]["b"] = "changed"
        del answer.manifests[0]["metadata"]
    assert len(set(found)) == 1
