"""Renders that this process had a moment ago: one job asks for the same tree more than once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from bot.repository.inputs import input_hash
from bot.repository.mirrors import Mirror
from bot.repository.render import RenderFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.rendering.port import Rendering
    from bot.repository.render import Rendered, RenderRequest

_KEPT_MANIFESTS: Final = 2_000
"""Rendered objects kept from one question to the next; about 10 MB."""


class Remembered:
    """Renders what it has not rendered a moment ago; may be used from threads."""

    def __init__(self, renderer: Rendering) -> None:
        self._renderer = renderer
        self._kept: OrderedDict[str, Rendered] = OrderedDict()
        self._size = 0
        """Objects in what is kept."""
        self._lock = threading.Lock()

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendered | RenderFailed]:
        """Return an answer to each request, in their order; equal requests are rendered once."""
        named = [(_name(request), request) for request in requests]
        with self._lock:
            answers: dict[str, Rendered | RenderFailed] = {
                key: self._kept[key] for key, _ in named if key in self._kept
            }
        missing = {key: request for key, request in named if key not in answers}
        fresh = dict(zip(missing, self._renderer.render(list(missing.values())), strict=True)) if missing else {}
        answers.update(fresh)
        with self._lock:
            for key, one in fresh.items():
                if key not in self._kept and not isinstance(one, RenderFailed):
                    self._kept[key] = one
                    self._size += len(one.manifests)
            while self._size > _KEPT_MANIFESTS:
                self._size -= len(self._kept.popitem(last=False)[1].manifests)
        return [answers[key] for key, _ in named]

    def forget(self) -> None:
        """Render anew whatever is asked for next."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def close(self) -> None:
        """Let go what the renderer holds."""
        self._renderer.close()


def _name(request: RenderRequest) -> str:
    """Name a render by what it reads: the same folder is in many trees."""
    read = input_hash(Mirror(request.repository), request.tree_id, request.source) or request.tree_id
    told = (request.environment, sorted(request.refs.items()), sorted(request.dependencies.items()))
    return f"{request.repository}\0{read}\0{request.source.model_dump_json()}\0{told}"
