"""What an operator settles about tools, as `argocd-cm` and the settings say it."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.repository.tool_settings import read_toolbox
from bot.repository.toolbox import Toolbox
from bot.repository.tools import Tool


@pytest.mark.parametrize(
    ("argocd_cm", "disabled"),
    [
        ({}, set()),
        ({"kustomize.enable": "true", "helm.enable": ""}, set()),
        ({"kustomize.enable": "false"}, {Tool.KUSTOMIZE}),
        ({"helm.enable": "false", "jsonnet.enable": "no"}, {Tool.HELM, Tool.DIRECTORY}),
        ({"plugin.enable": "false"}, set()),
    ],
)
def test_each_tool_can_be_switched_off(argocd_cm: dict[str, str], disabled: set[Tool]) -> None:
    assert read_toolbox(argocd_cm).disabled == disabled


def test_build_options_are_for_one_version_or_for_the_program_without_a_name() -> None:
    found = read_toolbox(
        {
            "kustomize.buildOptions": "--load-restrictor=LoadRestrictionsNone",
            "kustomize.buildOptions.v4.5.7": "--reorder none --load-restrictor LoadRestrictionsRootOnly",
            "kustomize.version.v4.5.7": "/elsewhere",
        },
        ["v4.5.7=/opt/kustomize-4.5.7", "v5=/opt/kustomize-5"],
    )
    assert found.kustomize("", "kustomize") == ("kustomize", ("--load-restrictor", "LoadRestrictionsNone"))
    reordered = ("--reorder", "none", "--load-restrictor", "LoadRestrictionsRootOnly")
    assert found.kustomize("v4.5.7", "kustomize") == ("/opt/kustomize-4.5.7", reordered)
    assert found.kustomize("v5", "kustomize") == ("/opt/kustomize-5", ())
    with pytest.raises(Rejected, match=r"kustomize v6 is not registered"):
        found.kustomize("v6", "kustomize")


@pytest.mark.parametrize(
    "options",
    [
        "--enable-helm",
        "--enable-alpha-plugins --enable-exec --network",
        "--helm-command=/bin/sh --helm-kube-version 1.30",
    ],
)
def test_options_that_would_run_or_fetch_are_left_off(options: str) -> None:
    found = read_toolbox({"kustomize.buildOptions": f"{options} --load-restrictor LoadRestrictionsNone"})
    assert found.build_options == {"": ("--load-restrictor", "LoadRestrictionsNone")}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--output /etc/passwd", "kustomize.buildOptions: --output /etc/passwd is none of the options"),
        ("-o=/etc/passwd", "-o /etc/passwd is none"),
        ("--load-restrictor", "--load-restrictor  is none"),
        ("--load-restrictor Whatever", "--load-restrictor Whatever is none"),
        ("../elsewhere", "../elsewhere  is none"),
    ],
)
def test_an_option_that_nobody_has_judged_is_refused(options: str, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_toolbox({"kustomize.buildOptions": options})
    assert words in refused.value.message


@pytest.mark.parametrize("pair", ["v5", "=/opt/kustomize", "v5=kustomize", "v5="])
def test_a_version_needs_the_whole_path_of_its_program(pair: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_KUSTOMIZE_VERSIONS"):
        read_toolbox({}, [pair])


def test_a_renderer_is_told_all_of_it() -> None:
    found = read_toolbox({"helm.enable": "false", "kustomize.buildOptions": "--reorder none"}, ["v5=/opt/k"])
    assert Toolbox.of(found.to_wire()) == found
