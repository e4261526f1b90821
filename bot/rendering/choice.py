"""Which way renders are made, as the settings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.rendering.queued import Patience, Queued
from bot.rendering.shared import Shared
from bot.rendering.shelf import Shelf
from bot.rendering.versions import Versions
from bot.settings import RenderMode
from bot.store.renders import Renders
from bot.store.seal import Seal

if TYPE_CHECKING:
    import redis

    from bot.rendering.port import Rendering
    from bot.repository.render import Renderer
    from bot.settings import Settings
    from bot.store.queue import Queue

_DEATHS_NOTICED: Final = 60.0
"""Seconds in which it is noticed that one renderer died, and then another, and their job is refused by a third."""


def rendering_of(settings: Settings, connection: redis.Redis, queue: Queue, *, renderer: Renderer) -> Rendering:
    """Return what renders for a worker: its own children, helped by what others have rendered, or others first.

    Rejected when renders are to go through Redis, and there is no key to seal them with.
    """
    if settings.render is RenderMode.QUEUE:
        shelf = shelf_of(settings, connection, renderer)
        patience = Patience(begun=3 * settings.render_timeout + _DEATHS_NOTICED)
        return Queued(shelf, queue, here=Shared(renderer, shelf), root=settings.data_directory, patience=patience)
    if settings.cache_key is None:
        return renderer
    return Shared(renderer, shelf_of(settings, connection, renderer))


def shelf_of(settings: Settings, connection: redis.Redis, renderer: Renderer) -> Shelf:
    """Return where renders are shared; Rejected without a key to seal them with."""
    if settings.cache_key is None:
        raise Rejected(
            "renders go through Redis, and FORESAIL_CACHE_KEY is not set to seal them with",
            remedy="Give all workers the same, made by `openssl rand -hex 32`.",
        )
    renders = Renders(connection, room=settings.cache_megabytes << 20)
    seal = Seal(settings.cache_key.get_secret_value())
    return Shelf(renders, seal, Versions(renderer.setup))
