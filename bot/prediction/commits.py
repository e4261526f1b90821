"""Renders that are told which commit they are of, when nobody knows yet what a merge will be called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.repository.render import RenderRequest

_ANOTHER_COMMIT: Final = "5eed" * 10
"""Stands for whatever a merge will be called: it looks like a commit, and is none of any repository."""


def at_another_commit(requests: Sequence[RenderRequest], commit: str) -> list[RenderRequest]:
    """Return the requests at another commit than `commit`; none where none of them is told which it is."""
    moved = [
        _moved(one) if one.environment.revision and one.environment.revision == commit else one for one in requests
    ]
    return [] if moved == list(requests) else moved


def _moved(request: RenderRequest) -> RenderRequest:
    return replace(request, environment=replace(request.environment, revision=_ANOTHER_COMMIT))
