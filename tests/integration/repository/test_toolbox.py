"""What an operator settles about tools holds in the real child."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Source
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from bot.repository.tool_settings import read_toolbox
from bot.repository.toolbox import Toolbox
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed

Ask: TypeAlias = Callable[..., Rendered | RenderFailed]
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
OUTSIDE: Files = {
    "app/kustomization.yaml": "configMapGenerator: [{name: a, files: [x=../data/x]}]",
    "data/x": "hello",
}


@pytest.fixture
def ask(repository: Fixed, programs: Programs) -> Iterator[Ask]:
    with ExitStack() as stack:

        def answer(files: Files, toolbox: Toolbox, **blocks: Any) -> Rendered | RenderFailed:
            renderer = Renderer(str(programs.kustomize), 30.0, toolbox=toolbox)
            stack.callback(renderer.close)
            source = Source.model_validate({"repoURL": "https://example.com/r", "path": "app", **blocks})
            return renderer.render([RenderRequest(repository.mirror.path, repository.tree(files), source)])[0]

        yield answer


def kinds(found: Rendered | RenderFailed) -> list[str]:
    assert isinstance(found, Rendered), found
    return [one["kind"] for one in found.manifests]


def test_with_kustomize_switched_off_its_folder_is_plain_files(ask: Ask) -> None:
    files = {"app/kustomization.yaml": "namePrefix: x-\nresources: [a.yaml]", "app/a.yaml": CONFIG}
    found = ask(files, read_toolbox({"kustomize.enable": "false"}))
    assert isinstance(found, Rendered)
    assert [one["metadata"]["name"] for one in found.manifests] == ["a"]


def test_with_helm_switched_off_a_chart_is_plain_files(ask: Ask) -> None:
    files = {"app/Chart.yaml": "name: web\nversion: 1.0.0\n", "app/values.yaml": "a: 1\n", "app/more.yaml": CONFIG}
    toolbox = read_toolbox({"helm.enable": "false"})
    assert kinds(ask({**files, "app/templates/a.yaml": "{{ nothing }}"}, toolbox)) == ["ConfigMap"]
    chart = {name.removeprefix("app/"): content for name, content in files.items()}
    assert kinds(ask(chart, toolbox, path="", chart="web", targetRevision="1.0.0")) == ["ConfigMap"]


def test_with_jsonnet_switched_off_its_files_are_passed_over(ask: Ask) -> None:
    files = {"app/a.yaml": CONFIG, "app/b.jsonnet": "error 'x'"}
    assert kinds(ask(files, read_toolbox({"jsonnet.enable": "false"}))) == ["ConfigMap"]


def test_files_from_elsewhere_are_loaded_where_the_operator_allows_that(ask: Ask) -> None:
    refused = ask(OUTSIDE, Toolbox())
    assert isinstance(refused, RenderFailed)
    assert "is not in or below" in refused.message
    allowed = read_toolbox({"kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone"})
    assert kinds(ask(OUTSIDE, allowed)) == ["ConfigMap"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../../../etc/passwd", "../../renders/x"])
def test_even_then_nothing_outside_of_the_repository_is_loaded(ask: Ask, path: str) -> None:
    allowed = read_toolbox({"kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone"})
    plain = ask({"app/kustomization.yaml": f"configMapGenerator: [{{name: a, files: ['x={path}']}}]"}, allowed)
    generator = f"apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {{name: a}}\nname: a\nfiles: ['x={path}']\n"
    hidden = ask({"app/kustomization.yaml": "generators: [g.yaml]", "app/g.yaml": generator}, allowed)
    assert isinstance(plain, RenderFailed)
    assert isinstance(hidden, RenderFailed)
    assert "root:" not in hidden.message


def test_a_version_of_kustomize_is_the_program_that_is_registered(ask: Ask, programs: Programs, tmp_path: Path) -> None:
    other = tmp_path / "kustomize-other"
    other.write_bytes(programs.kustomize.read_bytes())
    other.chmod(0o755)
    toolbox = read_toolbox({}, [f"v5.7.1={other}", f"gone={tmp_path}/gone"])
    files = {"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": CONFIG}
    assert kinds(ask(files, toolbox, kustomize={"version": "v5.7.1"})) == ["ConfigMap"]
    unknown = ask(files, toolbox, kustomize={"version": "v4"})
    assert isinstance(unknown, RenderFailed)
    assert "kustomize v4 is not registered" in unknown.message
    gone = ask(files, toolbox, kustomize={"version": "gone"})
    assert isinstance(gone, RenderFailed)
    assert gone.message == f"{tmp_path}/gone cannot be run: No such file or directory"


def test_versions_for_helm_charts_are_taken_and_of_no_use(ask: Ask) -> None:
    files = {"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": CONFIG}
    options = {"kubeVersion": "1.30", "apiVersions": ["apps/v1"]}
    assert kinds(ask(files, Toolbox(), kustomize=options)) == ["ConfigMap"]
    files = {"app/kustomization.yaml": "helmCharts: [{name: c, repo: 'https://example.com', version: '1'}]"}
    found = ask(files, read_toolbox({"kustomize.buildOptions": "--enable-helm"}), kustomize=options)
    assert isinstance(found, RenderFailed)
    assert "helmCharts are not inflated" in found.message
