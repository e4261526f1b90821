"""Present the difference of two states with what is routine folded away: counted, never left out without a word.

Folded are annotations that only say that something else changed (checksums), labels that repeat a chart's version, the
insides of binary data and of very long lines, and the schemas of definitions. Secrets are hidden before
(`bot/preview/redaction.py`): what comes here may be shown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.definitions import is_definition, schema_changes, without_schemas
from bot.engine.diff.routine import is_chart_label, is_checksum
from bot.engine.diff.unified import unified

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

LONGEST: Final = 1_024
"""Characters of a line that is shown whole."""
_AROUND: Final = 60
"""Characters shown on each side of where a long line changes."""

_SIGNS: Final = frozenset({"-", "+"})


def difference(before: JsonObject | None, after: JsonObject | None) -> str:
    """Return `unified` of two states with routine noise folded: `  … 2 checksum annotations changed`.

    Empty exactly when `unified` would be. Both may be shown: comparable, and secrets already hidden. Nothing is folded
    of an object that comes or goes but binary data, long lines and schemas.
    """
    remarks: list[str] = []
    if before is not None and after is not None:
        if is_definition(before) and is_definition(after):
            remarks += schema_changes(before, after)
        before, after, counts = without_routine(before, after)
        remarks += [f"  … {count:,} {what if count == 1 else f'{what}s'} changed" for what, count in counts.items()]
    text = shortened(unified(_summarised(before), _summarised(after)))
    return "\n".join([text, *remarks] if text else remarks)


def without_routine(before: JsonObject, after: JsonObject) -> tuple[JsonObject, JsonObject, Counter[str]]:
    """Return two states less the checksums and chart versions that differ, and how many of which there were.

    Only what both have is routine: an annotation that comes or goes is shown. Looks at differing parts alone.
    """
    counts: Counter[str] = Counter()
    try:
        one, other = _folded(before, after, "", counts)
    except RecursionError:  # nested deeper than can be shown; who shows it says so
        return before, after, Counter()
    return one, other, counts


def shortened(diff: str) -> str:
    """Return a diff with its lines of more than 1,024 characters cut down to where their changes begin and end.

    Each says how much lies between the two unseen, how long it is, and a digest.
    """
    if len(diff) <= LONGEST:
        return diff
    lines = diff.split("\n")
    long = [number for number, line in enumerate(lines) if len(line) > LONGEST]
    cut = {number: _cut(lines[number], *_differing(lines, number)) for number in long}
    return "\n".join(cut.get(number, line) for number, line in enumerate(lines)) if cut else diff


def _folded(before: Any, after: Any, name: str, counts: Counter[str]) -> tuple[Any, Any]:
    if before == after:
        return before, after
    if isinstance(before, dict) and isinstance(after, dict):
        within = _folded_words if name in {"annotations", "labels"} else _folded_fields
        return within(before, after, name, counts)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [_folded(one, other, "", counts) for one, other in zip(before, after, strict=True)]
        return [one for one, _ in pairs], [other for _, other in pairs]
    return before, after


def _folded_fields(
    before: JsonObject, after: JsonObject, _: str, counts: Counter[str]
) -> tuple[JsonObject, JsonObject]:
    for key, value in list(before.items()):
        if isinstance(value, (dict, list)) and key in after and value != after[key]:
            one, other = _folded(value, after[key], key, counts)
            if one is not value:
                before, after = _with(before, key, one), _with(after, key, other)
    return before, after


def _folded_words(
    before: JsonObject, after: JsonObject, name: str, counts: Counter[str]
) -> tuple[JsonObject, JsonObject]:
    annotations = name == "annotations"
    routine = {
        key
        for key, value in before.items()
        if value != after.get(key, value) and (is_checksum(key) if annotations else is_chart_label(key))
    }
    if not routine:
        return before, after
    counts["checksum annotation" if annotations else "chart-version label"] += len(routine)
    return (
        {key: value for key, value in before.items() if key not in routine},
        {key: value for key, value in after.items() if key not in routine},
    )


def _with(obj: JsonObject, key: str, value: Any) -> JsonObject:
    """Return an object with another value, or without the field when nothing is left of it."""
    if value == {}:
        return {name: below for name, below in obj.items() if name != key}
    return {**obj, key: value}


def _summarised(obj: JsonObject | None) -> JsonObject | None:
    if obj is None:
        return None
    binary = obj.get("binaryData")
    if isinstance(binary, dict) and binary:
        obj = {**obj, "binaryData": {name: _described(value) for name, value in binary.items()}}
    return without_schemas(obj) if is_definition(obj) else obj


def _described(value: Any) -> Any:
    if not isinstance(value, str) or value.startswith("<redacted "):
        return value
    try:
        size = len(base64.b64decode(value, validate=True))
    except (ValueError, binascii.Error):
        size = len(value)
    return f"<{size:,} bytes, sha256 {_digest(value)}>"


def _differing(lines: list[str], number: int) -> tuple[int, int]:
    """Return from where and up to where a taken-away or added line differs from its counterpart; 0 without one."""
    line = lines[number]
    sign, step = line[:1], 1 if line[:1] == "-" else -1
    head = line[1:LONGEST].partition(":")[0]
    at = number + step
    others = []
    while sign in _SIGNS and 0 <= at < len(lines) and lines[at][:1] in _SIGNS:
        if lines[at][:1] != sign:
            others.append(lines[at])
        at += step
    # Lines of a text have no names; the nearest one is compared with.
    other = next((one for one in others if one[1:].startswith(head)), others[0] if others else None)
    if other is None:
        return 0, 0
    first = _common(line, other)
    # What both end with may not reach into what both begin with.
    ends = _common(f" {line[: first - 1 : -1]}", f" {other[: first - 1 : -1]}") - 1
    return first, len(line) - ends


def _common(one: str, other: str) -> int:
    """Return how many characters after the first are the same, by halves: lines of megabytes are compared too."""
    low, high = 1, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(line: str, first: int, end: int) -> str:
    """Return a line's beginning and what is around both ends of its difference."""
    shown, upto = line[: 2 * _AROUND], 2 * _AROUND
    for place in (first, end):
        start, stop = max(upto, place - _AROUND), place + _AROUND
        if stop <= upto:
            continue
        unseen = start - max(upto, first)
        between = f" … {unseen:,} more characters … " if unseen > 0 else " … " if start > upto else ""
        shown, upto = f"{shown}{between}{line[start:stop]}", stop
    return f"{shown} … ({len(line) - 1:,} characters, sha256 {_digest(line[1:])})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
