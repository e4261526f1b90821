"""Revisions: at which state of each of its sources an application is synced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.operations import Occasion
from bot.prediction.trees import has_several, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.applications import Application, ApplicationSpec, Source
    from bot.model.operations import Operation
    from bot.prediction.trees import Trees


def fixed(trees: Trees, application: Application, operation: Operation) -> tuple[Source, Operation]:
    """Fix what an operation leaves open: where each source is now; return the source that it is about, too.

    Sources that follow the same as that one are at the operation's revision, the others at their newest. Raises
    Rejected for revisions that are not one a source.
    """
    spec, look = application.spec, trees.look()
    source = _source_of(spec, operation)
    commit = operation.revision or look.newest(source, project=spec.project).commit
    if not has_several(spec):
        return source, replace(operation, revision=commit, revisions=())
    revisions = operation.revisions or tuple(
        commit if line_of(one) == line_of(source) else look.newest(one, project=spec.project).commit
        for one in spec.effective_sources
    )
    if len(revisions) != len(spec.effective_sources):
        raise Rejected(
            f"the operation names {len(revisions)} revisions, and the application has {len(spec.effective_sources)} "
            "sources",
            remedy="Start it again: its sources have changed since.",
        )
    return source, replace(operation, revision=commit, revisions=revisions)


def synced(spec: ApplicationSpec, operation: Operation) -> Iterator[tuple[Source, str]]:
    """Yield each source with the revision that an operation brought it to; none when it had other sources."""
    sources = spec.effective_sources
    revisions = operation.revisions or (operation.revision,) * len(sources)
    if len(revisions) == len(sources):
        yield from zip(sources, revisions, strict=True)


def _source_of(spec: ApplicationSpec, operation: Operation) -> Source:
    """Return the source that an operation's revision belongs to: where the commit is that it was started for."""
    occasion = Occasion.of(operation.info)
    repository = occasion.repository.lower()
    sources = spec.effective_sources
    there = [one for one in sources if repository and one.repo_url.lower().removesuffix(".git").endswith(repository)]
    following = {line_of(one)[1]: one for one in reversed(there)}
    ours = following.get(occasion.branch) or following.get(f"refs/heads/{occasion.branch}")
    return ours or following.get("HEAD") or next(iter(there), sources[0])
