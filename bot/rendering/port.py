"""The port through which sources become manifests, wherever that happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.repository.render import Rendered, RenderFailed, RenderRequest


class Rendering(Protocol):
    """Renders sources; may be used from threads."""

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendered | RenderFailed]:
        """Return an answer to each request, in their order, each with its own failure.

        Raises Temporary when nothing can be rendered now.
        """

    def close(self) -> None:
        """Let go what is held; a later render takes it up again."""
