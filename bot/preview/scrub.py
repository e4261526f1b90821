"""Keep secret values out of what servers and tools say: they quote what they refuse."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ANYWHERE: Final = 8
"""Characters from which on a value is hidden wherever it stands."""
_DIGITS: Final = 60
"""Digits before or behind the point up to which a number is worth being looked for."""
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,60}(?:\.[0-9]{0,60})?(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_AS_WORD: Final = 4
"""Characters from which on a value is hidden where it stands as a word."""


def scrub(text: str, secrets: frozenset[str], *, named: Iterable[str] = ()) -> str:
    """Return a message of a server or tool without the secret values that it quotes.

    Values of eight characters and more are hidden anywhere, also as JSON escapes them, line by line, and cut as Go's
    YAML library cuts them. Shorter ones only where they stand as a word, and those of up to three only in quotes:
    hiding every `a` would leave nothing to read.

    What stands within one of the names in `named` is left: `StatefulSet shop/db` is no secret where a user is called
    `shop`, and a hole in it would tell just that.
    """
    forms = {form for secret in secrets for form in _forms(secret) if form in text}
    if not forms:
        return text
    names = [match.span() for name in named if name in text for match in re.finditer(_whole(name), text)]
    spans = sorted(match.span() for form in forms for match in re.finditer(_pattern(form), text))
    kept, at = [], 0
    for start, end in spans:
        if any(first <= start and end <= last for first, last in names):
            continue
        # Values may overlap: what lies under any of them goes.
        if start >= at:
            kept.append(text[at:start])
        at = max(at, end)
    return "<redacted>".join([*kept, text[at:]])


def _forms(secret: str) -> set[str]:
    lines = [line.strip() for line in secret.split("\n")]
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= _notations(secret)
    forms |= {line for line in lines if len(line) >= _ANYWHERE}
    if len(secret) > 10:  # noqa: PLR2004 - as gopkg.in/yaml.v3 `decode.go` does it: "cannot unmarshal !!str `hunter2...`"
        forms.add(secret[:7] + "...")
    return forms - {""}


def _notations(secret: str) -> set[str]:
    """Return the ways in which a number is written: a Secret's `1000000` comes back from a server as `1e+06`."""
    if not _NUMBER.fullmatch(secret):
        return set()
    forms: set[str] = set()
    for exact in {Decimal(secret), Decimal(repr(float(secret)))}:
        if not exact.is_finite() or abs(exact.adjusted()) > _DIGITS:
            continue
        sign, digits, _ = exact.normalize().as_tuple()
        figures = "".join(map(str, digits))
        mantissa = f"{'-' * sign}{figures[0]}{figures[1:] and '.'}{figures[1:]}"
        power = exact.adjusted()
        plain = f"{exact.normalize():f}"
        forms |= {plain, f"{plain}.0"} | {f"{mantissa}{e}{power}" for e in ("e", "E")}
        forms |= {f"{mantissa}{e}{power:+03d}" for e in ("e", "E")}
    return forms


def _whole(name: str) -> str:
    """Match a name, and not the beginning of a longer one."""
    return rf"(?<![\w./-]){re.escape(name)}(?![\w/-])"


def _pattern(form: str) -> str:
    exact = re.escape(form)
    if len(form) >= _ANYWHERE:
        return exact
    if len(form) >= _AS_WORD:
        return rf"(?<!\w){exact}(?!\w)"
    return rf"(?<=[\"'`]){exact}(?=[\"'`])"
