"""What an operator has settled about tools: which are switched off, kustomize's versions and options, plugins.

Sources: argo-cd docs/user-guide/tool_detection.md and kustomize.md, `util/settings/settings.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import structlog

from bot.errors import Rejected
from bot.repository.plugins.declaration import Plugin
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


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What sources may be rendered with."""

    disabled: frozenset[Tool] = frozenset()
    """Tools that give way to plain files; with `Tool.DIRECTORY`, jsonnet files are passed over."""
    kustomize_versions: Mapping[str, str] = field(default_factory=dict)
    """Programs by the name that a source's `kustomize.version` calls them by."""
    build_options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Arguments of `kustomize build` by that name; by the empty one, of the program without a name."""
    plugins: tuple[Plugin, ...] = ()
    """By name: the first that discovers a source renders it."""

    @classmethod
    def read(
        cls,
        argocd_cm: Mapping[str, str],
        kustomize_versions: Sequence[str] = (),
        plugins: Mapping[str, bytes] | None = None,
    ) -> Self:
        """Read an `argocd-cm`, pairs `version=path`, and `plugin.yaml` files by name; Rejected names what is wrong."""
        options = {
            key.removeprefix(BUILD_OPTIONS).removeprefix("."): tuple(_options(text, key))
            for key, text in argocd_cm.items()
            if key == BUILD_OPTIONS or key.startswith(f"{BUILD_OPTIONS}.")
        }
        return cls(
            disabled=frozenset(tool for key, tool in _SWITCHES.items() if argocd_cm.get(key, "") not in {"", "true"}),
            kustomize_versions=dict(map(_version, kustomize_versions)),
            build_options=options,
            plugins=_plugins(plugins or {}),
        )

    def kustomize(self, version: str, usual: str) -> tuple[str, tuple[str, ...]]:
        """Return the program for a source's `kustomize.version`, and its build options; Rejected when there is none."""
        options = self.build_options.get(version, ())
        if not version:
            return usual, options
        if version not in self.kustomize_versions:
            raise Rejected(
                f"source.kustomize.version: kustomize {version} is not registered",
                remedy="The operator names its program in FORESAIL_KUSTOMIZE_VERSIONS.",
            )
        return self.kustomize_versions[version], options

    def to_wire(self) -> dict[str, Any]:
        """Return it for the start of a renderer."""
        return {
            "disabled": sorted(self.disabled),
            "kustomize_versions": dict(self.kustomize_versions),
            "build_options": {name: list(options) for name, options in self.build_options.items()},
            "plugins": [plugin.to_wire() for plugin in self.plugins],
        }

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            disabled=frozenset(map(Tool, wire["disabled"])),
            kustomize_versions=wire["kustomize_versions"],
            build_options={name: tuple(options) for name, options in wire["build_options"].items()},
            plugins=tuple(map(Plugin.of, wire["plugins"])),
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
