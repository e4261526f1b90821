"""What a registry asks of those it does not know, as it writes it into a header.

Source: RFC 9110 section 11.6.1, https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = re.compile(r"\s*,?\s*([A-Za-z]+)(?=\s|,|$)(?!\s*=)")
_PARAMETER: Final = re.compile(r'\s*,?\s*([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to show who one is."""

    scheme: str
    """Lower case: `bearer`, `basic`."""
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return a parameter, empty when it is not there."""
        return dict(self.parameters).get(name, "")


def challenges_of(header: str) -> list[Challenge]:
    """Read `WWW-Authenticate`; what cannot be read ends the list."""
    found: list[Challenge] = []
    text, position = header[:_LONGEST], 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        parameters = []
        while parameter := _PARAMETER.match(text, position):
            position = parameter.end()
            quoted, plain = parameter[2], parameter[3]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            parameters.append((parameter[1].lower(), value))
        found.append(Challenge(match[1].lower(), tuple(parameters)))
    return found
