"""Renders that no replica has made before: each is made by one of them, while the others wait for it."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

from bot.rendering.shelf import CLAIM
from bot.repository.render import Rendered, RenderFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.rendering.shelf import Shelf
    from bot.repository.render import Renderer, RenderRequest

_LOOK: Final = 0.02
"""Seconds between two looks for what others make."""


class Shared:
    """Renders here what is not on the shelf, and puts it there; may be used from threads."""

    def __init__(self, renderer: Renderer, shelf: Shelf, *, patience: float = CLAIM) -> None:
        """Wait `patience` seconds for what others make, and make it here then."""
        self._renderer = renderer
        self._shelf = shelf
        self._patience = patience

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendered | RenderFailed]:
        """Return an answer to each request, in their order, each with its own failure.

        Raises Temporary when nothing can be rendered now.
        """
        names = [self._shelf.name(request) for request in requests]
        named = {name: request for name, request in zip(names, requests, strict=True) if name is not None}
        others = [request for name, request in zip(names, requests, strict=True) if name is None]
        answers, plain = self._answers(named), iter(self._renderer.render(others))
        return [next(plain) if name is None else answers[name] for name in names]

    def close(self) -> None:
        """Let the children go."""
        self._renderer.close()

    def _answers(self, named: Mapping[str, RenderRequest]) -> dict[str, Rendered | RenderFailed]:
        who, answers = uuid.uuid4().hex, dict[str, Rendered | RenderFailed]()
        deadline = time.monotonic() + self._patience
        while left := [name for name in named if name not in answers]:
            found, ours = self._shelf.look(left, who=who)
            answers |= found
            if time.monotonic() > deadline:
                ours = {*left} - found.keys()
            if ours:
                answers |= self._made({name: named[name] for name in left if name in ours}, who)
                deadline = time.monotonic() + self._patience
            elif len(found) < len(left):
                threading.Event().wait(_LOOK)
        return answers

    def _made(self, asked: Mapping[str, RenderRequest], who: str) -> dict[str, Rendered | RenderFailed]:
        """Render here; others have each as soon as it is made."""
        names, kept = list(asked), set[str]()

        def done(place: int, answer: Rendered | RenderFailed) -> None:
            if isinstance(answer, Rendered) and self._shelf.keep(names[place], answer, who=who):
                kept.add(names[place])

        try:
            return dict(zip(names, self._renderer.render(list(asked.values()), done), strict=True))
        finally:
            if left := [name for name in names if name not in kept]:
                self._shelf.release(left, who=who)
