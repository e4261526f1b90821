"""What a chart's render reads in its own repository, told without rendering, for `bot.repository.inputs`."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.repository.environment import substituted
from bot.repository.helm.files import dependencies, located, scheme_of, within
from bot.repository.helm.globs import fixed_part, is_glob, matching
from bot.repository.helm.options import HelmOptions
from bot.repository.tools import SourceOptions
from bot.repository.trees import EntryKind, Found, Snapshot, leads_away

_VARIABLES: Final = "ARGOCD_"
"""Begins the name of every variable that is not empty."""


class ChartReads(NamedTuple):
    """Everything that is read; files in `$ref` sources belong to those."""

    rows: list[str]
    """One line for each thing."""
    paths: frozenset[str] | None
    """Where these are, and what would be read if it appeared; None when names do not tell that."""


def reads(snapshot: Snapshot, found: Found, options: SourceOptions) -> ChartReads | None:
    """Return what a render of the chart in a folder reads; None when that cannot be told.

    Raises Rejected for what would not be rendered either.
    """
    helm = HelmOptions.of(options.helm)
    # What a URL leads to changes with no state of this repository.
    named = [("valueFiles", text) for text in helm.value_files if not scheme_of(text)]
    named += [("fileParameters", text) for text in helm.file_parameters.values()]
    if leads_away(snapshot.repository, found.entry.id) or any(_VARIABLES in text for _, text in named):
        return None
    # Whether `$name/…` is a source's ref nobody knows here: if it is none, the variable is empty, and this is the path.
    paths = [located(option, substituted(text, {}), options.path) for option, text in named]
    folders = [one.folder for one in dependencies(snapshot, found)]
    paths += [within(folder, options.path, f"file://{folder}") for folder in folders if folder is not None]
    rows, watched = ["helm", found.entry.id], {snapshot.watched(options.path)}
    for path in paths:
        anchor = fixed_part(path) if is_glob(path) else path
        watched.add(snapshot.watched(anchor) if anchor else "")
        below = snapshot.find(anchor)
        if below and below.entry.kind is EntryKind.FOLDER and leads_away(snapshot.repository, below.entry.id):
            return None
        rows += [_row(snapshot, one) for one in (matching(snapshot, path) if is_glob(path) else [path])]
    names = frozenset(one for one in watched if one is not None)
    return ChartReads(rows, names if None not in watched else None)


def _row(snapshot: Snapshot, path: str) -> str:
    found = snapshot.find(path)
    return f"{found.entry.id if found else ''} {path}"
