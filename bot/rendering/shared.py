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

_SHORTEST: Final = 0.01
_LONGEST: Final = 0.2
"""Seconds between two looks for what others make, growing while there is nothing."""


class Shared:
    """Renders here what is not on the shelf, and puts it there; may be used from threads."""

    def __init__(self, renderer: Renderer, shelf: Shelf, *, patience: float = CLAIM) -> None:
        """Make here what others make, once nothing has come of them for `patience` seconds."""
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
        last, pause = time.monotonic(), _SHORTEST
        while left := [name for name in named if name not in answers]:
            found, ours = self._shelf.look(left, who=who)
            if time.monotonic() - last > self._patience:
                ours = set(left)
            made = self._made({name: named[name] for name in left if name in ours and name not in found}, who)
            answers |= {**found, **made}
            if found or made:
                last, pause = time.monotonic(), _SHORTEST
            else:
                threading.Event().wait(pause)
                pause = min(_LONGEST, pause * 1.5)
        return answers

    def _made(self, asked: Mapping[str, RenderRequest], who: str) -> dict[str, Rendered | RenderFailed]:
        """Render here; others have each as soon as it is made, and wait for the rest as long as it goes on."""
        if not asked:
            return {}
        names, left = list(asked), set(asked)
        kept, renewed = set[str](), time.monotonic()

        def done(place: int, answer: Rendered | RenderFailed) -> None:
            nonlocal renewed
            left.discard(names[place])
            if isinstance(answer, Rendered) and self._shelf.keep(names[place], answer, who=who):
                kept.add(names[place])
            if time.monotonic() - renewed > CLAIM / 4:
                renewed = time.monotonic()
                self._shelf.renew(list(left), who=who)

        try:
            return dict(zip(names, self._renderer.render(list(asked.values()), done), strict=True))
        finally:
            if given_up := [name for name in names if name not in kept]:
                self._shelf.release(given_up, who=who)
