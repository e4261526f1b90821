"""Which tool renders a source, and the options it was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository.trees import Entry, EntryKind

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""Names kustomize looks for (kustomize `api/konfig/general.go`)."""
MANIFEST: Final = re.compile(r".*\.(ya?ml|json|jsonnet)")
"""Names that a directory is rendered from (argo-cd `reposerver/repository/repository.go`)."""
LONGEST_GLOB: Final = 2_000
"""Characters of a glob."""


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
    disable_extension_filter: bool = False
    """Whether files of every name are manifests, unless a glob says otherwise."""
    jsonnet: Mapping[str, Any] = field(default_factory=dict)
    """What jsonnet files are given: `extVars`, `tlas` and `libs`."""
    blocks: frozenset[Tool] = frozenset()
    """Tools that have a block in the source."""
    kustomize: Mapping[str, Any] = field(default_factory=dict)
    plugin: Mapping[str, Any] = field(default_factory=dict)
    helm: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, source: JsonObject) -> Self:
        """Read a source in its wire form, defaults and all (`Source.model_dump(by_alias=True)`)."""
        directory = source.get("directory") or {}
        return cls(
            repo_url=source.get("repoURL", ""),
            path=source.get("path", ""),
            target_revision=source.get("targetRevision", ""),
            chart=source.get("chart", ""),
            ref=source.get("ref", ""),
            recurse=directory.get("recurse", False),
            include=directory.get("include", ""),
            exclude=directory.get("exclude", ""),
            disable_extension_filter=directory.get("disableExtensionFilter", False),
            jsonnet=directory.get("jsonnet") or {},
            blocks=frozenset(tool for tool in Tool if source.get(tool) is not None),
            kustomize=source.get("kustomize") or {},
            plugin=source.get("plugin") or {},
            helm=source.get("helm") or {},
        )

    @property
    def only_a_reference(self) -> bool:
        """Whether other sources read from this one and it has no manifests itself."""
        return bool(self.ref) and not self.path and not self.chart

    @property
    def libraries(self) -> list[str]:
        """Folders in which jsonnet looks for imports, from the repository's root; Rejected when they are no list."""
        libraries = self.jsonnet.get("libs") or []
        if not isinstance(libraries, list) or not all(isinstance(one, str) for one in libraries):
            raise Rejected("source.directory.jsonnet.libs must be a list of paths")
        return libraries

    def tool(self, entries: Mapping[str, Entry], disabled: frozenset[Tool] = frozenset()) -> Tool:
        """Return the tool for a folder with these entries; Rejected when the source asks for two.

        Argo CD's order: a block in the source, then what the folder's files tell, then plain files. One of the
        `disabled`, whoever asks for it, gives way to plain files. That a chart is named decides nothing: it is fetched,
        and then a folder like others (argo-cd `reposerver/repository/repository.go`, `GetAppSourceType`).
        """
        if len(self.blocks) > 1:
            raise Rejected(f"the source asks for more than one tool: {', '.join(sorted(self.blocks))}")
        for tool in self.blocks:
            return Tool.DIRECTORY if tool in disabled else tool
        told = [tool for tool in tools_told_by(entries) if tool not in disabled]
        return told[-1] if told else Tool.DIRECTORY

    def selects(self, path: str) -> bool:
        """Whether a directory is rendered from the file at `path`, which is relative to it.

        Raises Rejected for globs that are very long; any number of stars and alternatives costs little.
        """
        if not self.disable_extension_filter and not MANIFEST.fullmatch(path.rpartition("/")[2]):
            return False
        if self.exclude and _fits(self.exclude, path):
            return False
        return not self.include or _fits(self.include, path)


def tools_told_by(entries: Mapping[str, Entry]) -> list[Tool]:
    """Return what tools the files of a folder stand for, by their names; Argo CD takes the last.

    It looks at them in order, and at the end of a name only for a chart: beside `Chart.yaml` a kustomization wins
    (argo-cd `util/app/discovery/discovery.go`, whatever its documentation says).
    """
    telling = sorted(name for name in entries if name.endswith("Chart.yaml") or name in KUSTOMIZATIONS)
    files = (name for name in telling if entries[name].kind in (EntryKind.FILE, EntryKind.LINK))
    return [Tool.HELM if name.endswith("Chart.yaml") else Tool.KUSTOMIZE for name in files]


def _fits(glob: str, path: str) -> bool:
    """Read a glob as Argo CD does: `*` crosses folders, `{a,b}` are alternatives, what is no glob fits nothing."""
    from bot.engine.globs import fits  # only where a source has globs: the library takes a while to load

    if len(glob) > LONGEST_GLOB:
        raise Rejected(f"a glob of {len(glob):,} characters, which is more than {LONGEST_GLOB:,}: {glob[:40]}…")
    return fits(glob, path, longest=LONGEST_GLOB)
