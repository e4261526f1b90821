"""The settings of one command: the environment's, as the server reads it, and what the command line gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def settings_with(**given: str | float | None) -> Settings:
    """Read the environment as the server does; what the command line gives wins."""
    from bot.settings import Settings

    read = Settings.from_environment(os.environ)
    return read.model_copy(update={name: value for name, value in given.items() if value})
