"""Where git and ssh may go: a server is resolved once, its addresses are judged, and the programs are held to them.

Left to themselves they would resolve its name anew, and might be given another answer than was judged.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.fetching import ANONYMOUS, Client
from bot.repository.guard import Origin

_NOWHERE: Final = "255.255.255.255"
"""Held to this, git reaches a server that has no address here through a proxy or not at all."""
_OLDEST: Final = (2, 37)
"""The first git that can be held to addresses (`http.curloptResolve`)."""
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]*", re.IGNORECASE)
"""The last label of what some programs read as an address (`2130706433`, `0x7f.1`), or pass over (`host.`)."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A repository's server, and where it is."""

    url: str
    """For git."""
    origin: Origin
    addresses: Sequence[str]
    """None where only a proxy knows it."""

    @property
    def configuration(self) -> dict[str, str]:
        """What git is told: to go there, to nothing else, and never where the server sends it."""
        found = {"remote.source.url": self.url, "http.followRedirects": "false"}
        if self.origin.scheme in {"https", "http"} and not _is_address(self.origin.host):
            held_to = ",".join(self.addresses) or _NOWHERE
            found["http.curloptResolve"] = f"{self.origin.host}:{self.origin.port}:{held_to}"
        return found

    @property
    def ssh_options(self) -> list[str]:
        """What ssh is told; the host's key is looked up by its name, as ever."""
        if self.origin.scheme != "ssh":
            return []
        host, port = self.origin.host, self.origin.port
        known_as = host if self.origin == Origin.at("ssh", host, None) else f"[{host}]:{port}"
        return [f"HostName={self.addresses[0]}", f"HostKeyAlias={known_as}"]


def pinned(url: str, credentials: Credentials | None, client: Client) -> Pinned:
    """Find a repository's server, whose URL git and we read alike; Rejected when it may not be fetched from."""
    _refuse_old_git()
    origin = _origin_of(url)
    if not _is_address(origin.host) and _NUMBER.fullmatch(origin.host.rpartition(".")[2]):
        raise Rejected(f"{origin.host} is not a host", remedy="Write an address as four numbers with dots between.")
    addresses = client.reach(origin, credentials or ANONYMOUS)
    return Pinned(_at(url, addresses[0]) if origin.scheme == "git" else url, origin, addresses)


def _origin_of(url: str) -> Origin:
    if "://" not in url:
        return Origin.at("ssh", url.partition(":")[0].rpartition("@")[2], None)
    parts = urlsplit(url)
    return Origin.at(parts.scheme, parts.hostname or "", parts.port)


def _at(url: str, address: str) -> str:
    """Return a `git://` URL with an address for its host: git can be told nothing else there."""
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


@lru_cache(maxsize=1)
def _refuse_old_git() -> None:
    said = subprocess.run(["git", "--version"], capture_output=True, text=True, timeout=10.0, check=True).stdout  # noqa: S607 - the git the person installed
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise Rejected(
            f"this is {said.strip()}, which cannot be held to an address", remedy="Install git 2.37 or newer."
        )
