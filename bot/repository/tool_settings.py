"""What an operator has settled about tools: which are switched off, kustomize's versions and options, plugins.

Sources: argo-cd docs/user-guide/tool_detection.md and kustomize.md, `util/settings/settings.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import structlog

from bot.errors import Rejected
from bot.repository.plugins.declaration import Plugin
from bot.repository.toolbox import Toolbox
from bot.repository.tools import Tool

_log = structlog.get_logger()

BUILD_OPTIONS: Final = "kustomize.buildOptions"
"""The key in `argocd-cm`; with a dot and a version behind it, for that version alone."""
_SWITCHES: Final = {"kustomize.enable": Tool.KUSTOMIZE, "helm.enable": Tool.HELM, "jsonnet.enable": Tool.DIRECTORY}
_PERMITTED: Final = {
    "--load-restrictor": {"LoadRestrictionsNone", "LoadRestrictionsRootOnly"},
    "--reorder": {"none", "legacy"},
}
_LEFT_OFF: Final = frozenset({"--enable-helm", "--enable-alpha-plugins", "--enable-exec", "--network", "--helm-debug"})
"""They let kustomize run what a repository names, or fetch; without them it refuses whatever needs them."""
_LEFT_OFF_WITH_VALUE: Final = frozenset({"--helm-command", "--helm-kube-version", "--helm-api-versions"})


def read_toolbox(
    argocd_cm: Mapping[str, str],
    kustomize_versions: Sequence[str] = (),
    plugins: Mapping[str, bytes] | None = None,
) -> Toolbox:
    """Read an `argocd-cm`, pairs `version=path`, and `plugin.yaml` files by name; Rejected names what is wrong."""
    options = {
        key.removeprefix(BUILD_OPTIONS).removeprefix("."): tuple(_options(text, key))
        for key, text in argocd_cm.items()
        if key == BUILD_OPTIONS or key.startswith(f"{BUILD_OPTIONS}.")
    }
    return Toolbox(
        disabled=frozenset(tool for key, tool in _SWITCHES.items() if argocd_cm.get(key, "") not in {"", "true"}),
        kustomize_versions=dict(map(_version, kustomize_versions)),
        build_options=options,
        plugins=_plugins(plugins or {}),
    )


def _plugins(files: Mapping[str, bytes]) -> tuple[Plugin, ...]:
    found = sorted((Plugin.read(content, file) for file, content in files.items()), key=lambda plugin: plugin.name)
    for one, other in pairwise(found):
        if one.name == other.name:
            raise Rejected(f"FORESAIL_PLUGINS: two plugins have the name {one.name}")
    return tuple(found)


def _version(pair: str) -> tuple[str, str]:
    name, _, path = pair.partition("=")
    if not name or not Path(path).is_absolute():
        raise Rejected(f"FORESAIL_KUSTOMIZE_VERSIONS: {pair!r} is not a version and the whole path of its program")
    return name, path


def _options(text: str, key: str) -> Iterator[str]:
    """Yield the options that are used, each followed by its value; Rejected for one that nobody has judged."""
    waiting = [part for word in text.split() for part in word.split("=", 1)]
    while waiting:
        name = waiting.pop(0)
        if name in _LEFT_OFF:
            _log.warning("an option of kustomize is left off", setting=key, option=name)
            continue
        value = waiting.pop(0) if waiting else ""
        if name in _LEFT_OFF_WITH_VALUE:
            _log.warning("an option of kustomize is left off", setting=key, option=name)
        elif value in _PERMITTED.get(name, ()):
            yield from (name, value)
        else:
            known = ", ".join(f"{one} {'|'.join(sorted(values))}" for one, values in _PERMITTED.items())
            raise Rejected(f"{key}: {name} {value} is none of the options that may be used: {known}")
