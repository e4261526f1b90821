"""References to images, as container runtimes read them.

Source: https://github.com/distribution/reference/blob/main/normalize.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

from bot.errors import Rejected

_PATH: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"(?P<host>(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?(?P<path>{_PATH}(?:/{_PATH})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
)
_LONGEST: Final = 500
_HUB: Final = "docker.io"


@dataclass(frozen=True, slots=True)
class Image:
    """An image by name, and by tag or digest where it has them."""

    name: str
    """As it is written, without tag and digest."""
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference; Rejected when it is none."""
        found = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            raise Rejected(f"{text[:100]!r} is no image")
        return cls(f"{found['host'] or ''}{found['path']}", found["tag"] or "", found["digest"] or "")

    @property
    def full_name(self) -> str:
        """The name with its registry: `docker.io/library/nginx`."""
        host, slash, path = self.name.partition("/")
        if not slash or not (set(host) & {".", ":"} or host == "localhost"):
            host, path = _HUB, self.name
        if host in {_HUB, "index.docker.io", "registry-1.docker.io"}:
            return f"{_HUB}/{path if '/' in path else f'library/{path}'}"
        return f"{host.lower()}/{path}"

    def at(self, tag: str, digest: str = "") -> Image:
        """Return the same at another tag and digest."""
        return replace(self, tag=tag, digest=digest)

    def __str__(self) -> str:
        """Write it as a reference."""
        return f"{self.name}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"


@lru_cache(maxsize=4096)
def parsed(text: str) -> Image | None:
    """Return what a text names; None when that is no image."""
    try:
        return Image.parse(text)
    except Rejected:
        return None


def is_same(one: str, other: str) -> bool:
    """Whether two names without tags mean the same image."""
    first, second = parsed(one), parsed(other)
    return first is not None and second is not None and first.full_name == second.full_name
