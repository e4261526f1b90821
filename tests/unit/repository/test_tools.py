"""Which tool renders a source: one test a rule of argo-cd docs/user-guide/tool_detection.md."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Rejected
from bot.model.applications import ApplicationSpec
from bot.repository.tools import SourceOptions, Tool
from bot.repository.trees import Entry, EntryKind

FILE, FOLDER, LINK = (Entry(kind, "1" * 40) for kind in (EntryKind.FILE, EntryKind.FOLDER, EntryKind.LINK))


def tool(*names: str, disabled: tuple[Tool, ...] = (), entries: dict[str, Entry] | None = None, **blocks: Any) -> Tool:
    wire = {"repoURL": "https://example.com/r", "path": "app", **blocks}
    spec = ApplicationSpec.model_validate({"destination": {"name": "in-cluster"}, "source": wire})
    assert spec.source is not None
    options = SourceOptions.of(spec.source.model_dump(by_alias=True))
    return options.tool(entries or dict.fromkeys(names, FILE), frozenset(disabled))


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ({"helm": {"releaseName": "a"}}, Tool.HELM),
        ({"helm": {"valuesObject": {}}}, Tool.HELM),
        ({"kustomize": {"namePrefix": "a"}}, Tool.KUSTOMIZE),
        ({"kustomize": {"ignoreMissingComponents": True}}, Tool.KUSTOMIZE),
        ({"kustomize": {"version": "v5"}}, Tool.KUSTOMIZE),
        ({"directory": {"recurse": True}}, Tool.DIRECTORY),
        ({"directory": {"include": "*.yaml"}}, Tool.DIRECTORY),
        ({"directory": {"exclude": "*.yaml"}}, Tool.DIRECTORY),
        ({"directory": {"disableExtensionFilter": True}}, Tool.DIRECTORY),
        ({"directory": {"jsonnet": {"libs": ["a"]}}}, Tool.DIRECTORY),
        ({"plugin": {}}, Tool.PLUGIN),
        ({"plugin": {"name": "a"}}, Tool.PLUGIN),
    ],
)
def test_a_block_that_says_something_chooses_the_tool(blocks: dict[str, Any], expected: Tool) -> None:
    assert tool("Chart.yaml", "kustomization.yaml", **blocks) is expected


@pytest.mark.parametrize(
    "blocks",
    [
        {"helm": {}},
        {"helm": {"releaseName": "", "valueFiles": []}},
        {"kustomize": {}},
        {"kustomize": {"namePrefix": "", "images": []}},
        {"kustomize": {"forceCommonLabels": True, "labelWithoutSelector": True, "commonAnnotationsEnvsubst": True}},
        {"directory": {}},
        {"directory": {"recurse": False, "jsonnet": {}}},
        {"directory": {"jsonnet": {"extVars": [], "libs": []}}},
        {"helm": {}, "kustomize": {}, "directory": {}},
    ],
)
def test_a_block_that_says_nothing_chooses_none(blocks: dict[str, Any]) -> None:
    assert tool("kustomization.yaml", **blocks) is Tool.KUSTOMIZE
    assert tool("Chart.yaml", **blocks) is Tool.HELM
    assert tool("a.yaml", **blocks) is Tool.DIRECTORY


def test_a_chart_that_was_fetched_is_a_folder_like_others() -> None:
    assert tool("Chart.yaml", chart="redis") is Tool.HELM
    assert tool("Chart.yaml", chart="redis", disabled=(Tool.HELM,)) is Tool.DIRECTORY
    assert tool("Chart.yaml", chart="redis", directory={"recurse": True}) is Tool.DIRECTORY
    assert tool("Chart.yaml", "kustomization.yaml", chart="redis") is Tool.KUSTOMIZE


def test_two_blocks_that_say_something_are_refused() -> None:
    with pytest.raises(Rejected, match="more than one tool: directory, helm"):
        tool(helm={"releaseName": "a"}, directory={"recurse": True})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Chart.yaml"], Tool.HELM),
        (["my-Chart.yaml"], Tool.HELM),
        (["chart.yaml", "Chart.yml"], Tool.DIRECTORY),
        (["kustomization.yaml"], Tool.KUSTOMIZE),
        (["kustomization.yml"], Tool.KUSTOMIZE),
        (["Kustomization"], Tool.KUSTOMIZE),
        (["kustomization", "Kustomization.yaml"], Tool.DIRECTORY),
        (["Chart.yaml", "Kustomization"], Tool.KUSTOMIZE),
        (["kustomization.yaml", "zChart.yaml"], Tool.HELM),
        ([], Tool.DIRECTORY),
    ],
)
def test_files_tell_the_tool_and_the_last_of_them_wins(names: list[str], expected: Tool) -> None:
    assert tool(*names) is expected


def test_a_folder_of_the_name_tells_nothing_and_a_link_does() -> None:
    assert tool(entries={"Chart.yaml": FOLDER, "kustomization.yaml": FOLDER}) is Tool.DIRECTORY
    assert tool(entries={"Chart.yaml": LINK}) is Tool.HELM


@pytest.mark.parametrize(
    ("names", "disabled", "expected"),
    [
        (["Chart.yaml"], [Tool.HELM], Tool.DIRECTORY),
        (["kustomization.yaml"], [Tool.KUSTOMIZE], Tool.DIRECTORY),
        (["Chart.yaml", "kustomization.yaml"], [Tool.KUSTOMIZE], Tool.HELM),
        (["Chart.yaml", "kustomization.yaml"], [Tool.HELM], Tool.KUSTOMIZE),
        (["kustomization.yaml"], [Tool.DIRECTORY], Tool.KUSTOMIZE),
    ],
)
def test_a_tool_that_is_switched_off_is_not_told_by_files(
    names: list[str], disabled: list[Tool], expected: Tool
) -> None:
    assert tool(*names, disabled=tuple(disabled)) is expected


def test_a_tool_that_is_switched_off_gives_way_to_plain_files_though_a_block_asks_for_it() -> None:
    assert tool("Chart.yaml", disabled=(Tool.HELM,), helm={"releaseName": "a"}) is Tool.DIRECTORY
    assert tool("Chart.yaml", disabled=(Tool.KUSTOMIZE,), kustomize={"namePrefix": "a"}) is Tool.DIRECTORY
    assert tool(disabled=(Tool.KUSTOMIZE, Tool.HELM), plugin={"name": "a"}) is Tool.PLUGIN
