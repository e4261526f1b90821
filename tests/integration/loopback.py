"""What lets tests fetch from servers of this machine, as an operator would."""

from __future__ import annotations

from typing import Final

from bot.repository.fetching import Client
from bot.repository.guard import Allowed

LOOPBACK: Final = Allowed.of(["127.0.0.0/8", "127.0.0.1"])
CLIENT: Final = Client(LOOPBACK, timeout=30.0, proxies={})
