"""Which tool renders a source, and the options it was given."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

from bot.errors import Rejected
from bot.model.resources import JsonObject

if TYPE_CHECKING:
    from wcmatch.fnmatch import WcMatcher

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""Names kustomize looks for (kustomize `api/konfig/general.go`)."""
MANIFEST: Final = re.compile(r".+\.(ya?ml|json|jsonnet)", re.DOTALL)
"""Names that a directory is rendered from (argo-cd `reposerver/repository/repository.go`)."""
_LONGEST_GLOB: Final = 2_000
"""Characters of a glob: alternatives multiply them."""


class Tool(StrEnum):
    """What turns files into manifests, in Argo CD's words."""

    DIRECTORY = "directory"
    KUSTOMIZE = "kustomize"
    HELM = "helm"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """A source as renderers see it, without pydantic: the child process starts in a tenth of a second."""

    repo_url: str = ""
    path: str = ""
    target_revision: str = ""
    chart: str = ""
    ref: str = ""
    recurse: bool = False
    include: str = ""
    exclude: str = ""
    jsonnet: bool = False
    """Whether jsonnet files are given variables or libraries."""
    blocks: frozenset[Tool] = frozenset()
    """Tools whose block in the source says something."""
    kustomize: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, source: JsonObject) -> Self:
        """Read a source in its wire form, defaults and all (`Source.model_dump(by_alias=True)`)."""
        directory = source.get("directory") or {}
        blocks = {tool for tool in (Tool.HELM, Tool.KUSTOMIZE, Tool.PLUGIN) if source.get(tool)}
        if any(directory.get(name) for name in ("recurse", "include", "exclude", "jsonnet")):
            blocks.add(Tool.DIRECTORY)
        return cls(
            repo_url=source.get("repoURL", ""),
            path=source.get("path", ""),
            target_revision=source.get("targetRevision", ""),
            chart=source.get("chart", ""),
            ref=source.get("ref", ""),
            recurse=directory.get("recurse", False),
            include=directory.get("include", ""),
            exclude=directory.get("exclude", ""),
            jsonnet=bool(directory.get("jsonnet")),
            blocks=frozenset(blocks),
            kustomize=source.get("kustomize") or {},
        )

    @property
    def only_a_reference(self) -> bool:
        """Whether other sources read from this one and it has no manifests itself."""
        return bool(self.ref) and not self.path and not self.chart

    def tool(self, names: Container[str]) -> Tool:
        """Return the tool for a folder that holds files of these names; Rejected when the source asks for two.

        Argo CD's order: a block that says something, then Chart.yaml, then a kustomization, then plain files
        (argo-cd docs/user-guide/tool_detection.md).
        """
        if self.chart:
            return Tool.HELM
        if len(self.blocks) > 1:
            raise Rejected(f"the source asks for more than one tool: {', '.join(sorted(self.blocks))}")
        for tool in self.blocks:
            return tool
        if "Chart.yaml" in names:
            return Tool.HELM
        if any(name in names for name in KUSTOMIZATIONS):
            return Tool.KUSTOMIZE
        return Tool.DIRECTORY

    def selects(self, path: str) -> bool:
        """Whether a directory is rendered from the file at `path`, which is relative to it.

        Raises Rejected for globs that are very long or whose alternatives multiply; any number of stars costs little.
        """
        if not MANIFEST.fullmatch(path.rpartition("/")[2]):
            return False
        if self.exclude and _matches(self.exclude, path):
            return False
        return not self.include or _matches(self.include, path)


def _matches(glob: str, path: str) -> bool:
    if len(glob) > _LONGEST_GLOB:
        raise Rejected(f"a glob of {len(glob):,} characters, which is more than {_LONGEST_GLOB:,}: {glob[:40]}…")
    return bool(_compiled(glob).match(path))


@lru_cache(maxsize=64)
def _compiled(glob: str) -> WcMatcher[str]:
    """Read a glob as Argo CD does: `*` crosses folders, `{a,b}` are alternatives (gobwas/glob without separators)."""
    from wcmatch import fnmatch
    from wcmatch._wcparse import PatternLimitException

    flags = fnmatch.BRACE | fnmatch.CASE | fnmatch.FORCEUNIX | fnmatch.DOTMATCH
    try:
        return fnmatch.compile(glob, flags=flags)
    except PatternLimitException:
        raise Rejected(f"the glob {glob!r} stands for too many patterns") from None
