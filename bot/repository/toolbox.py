"""What sources may be rendered with, as workers know it and their renderers are told it.

Renderers import this: nothing may stand here that makes them larger, or slower to start, than rendering needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bot.errors import Rejected
from bot.repository.plugins.declaration import Plugin
from bot.repository.tools import Tool


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
