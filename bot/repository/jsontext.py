"""JSON as Go's decoders read it: several values one after the other, numbers of 64 bits, lone surrogates replaced."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple

from bot.errors import Rejected
from bot.repository import scalars

DEEPEST: Final = 200
"""Levels of nesting; JSON writers stop at about 250, and no Kubernetes schema comes near."""

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BLANKS: Final = re.compile(r"[^\S\n]*")
_PEEKED: Final = 4
_ESCAPE: Final = re.compile(r"\\(?:(u[dD][89abAB]..\\u[dD][c-fC-F]..)|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]', re.DOTALL)
_LONG_NUMBER: Final = 64
"""More digits than any 64-bit integer has."""


class Value(NamedTuple):
    """One value of a stream."""

    line: int
    """Where it starts, from 1."""
    value: Any


class Stream(NamedTuple):
    """What could be read of a text as JSON."""

    values: list[Value]
    rest: str
    """From the first line on that is not JSON; empty when all is."""
    line: int
    """Of the rest."""
    wrong: str = ""
    """Why the rest is not JSON, beginning with its line."""


class _TwiceError(Exception):
    """A key is there twice."""


class _OutsideError(Exception):
    """JSON can say it, but no reader of Kubernetes' holds it."""


def one_value(content: bytes, name: str) -> Any:
    """Return the one value of a JSON file; Rejected names the file and line."""
    try:
        stream = read(content.decode(), name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Rejected(f"{name}: line {line}: {error.reason}") from error
    if not stream.values:
        raise Rejected(f"{name}: {stream.wrong or 'line 1: it is empty'}")
    if stream.rest or len(stream.values) > 1:
        line = stream.values[1].line if len(stream.values) > 1 else stream.line
        raise Rejected(f"{name}: line {line}: a .json file holds one value, and here another begins")
    return stream.values[0].value


def read(text: str, name: str, *, last_wins: bool = False) -> Stream:
    """Return the values with which a text begins.

    Raises Rejected, beginning with `name` and line, for a key that is there twice unless the `last_wins`, for nesting
    deeper than DEEPEST and for numbers that are too large.
    """
    decoder = _LENIENT if last_wins else _STRICT
    if "\\ud" in text or "\\uD" in text:
        text = _ESCAPE.sub(_whole_surrogates, text)
    values: list[Value] = []
    at, line = 0, 1
    while (start := _end_of(_SPACE, text, at)) < len(text):
        line += text.count("\n", at, start)
        try:
            value, end = decoder.raw_decode(text, start)
            _refuse_deep(value)
        except json.JSONDecodeError as error:
            wrong = f"line {error.lineno if error.doc else line}: {error.msg}"
            # One value may be followed by YAML, several make a stream of JSON for good.
            rest = _rest(text, at) if len(values) <= 1 else ""
            if not rest:
                raise Rejected(f"{name}: {wrong}") from error
            return Stream(values, rest, text.count("\n", 0, len(text) - len(rest)) + 1, wrong)
        except _TwiceError:
            line, key = _key_that_is_twice(text, start)
            raise Rejected(f"{name}: line {line}: the key {key!r} is there twice") from None
        except RecursionError:
            raise Rejected(f"{name}: line {line}: nested deeper than {DEEPEST} levels") from None
        except _OutsideError as error:
            raise Rejected(f"{name}: line {line}: {error}") from error
        values.append(Value(line, value))
        line += text.count("\n", start, end)
        at = end
    return Stream(values, "", line)


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _rest(text: str, at: int) -> str:
    """Return what apimachinery's decoder goes on with as YAML: what follows `at`, or the line's end after blanks.

    Empty when it gives up: it looks at four bytes at a time.
    """
    start = _end_of(_BLANKS, text, at)
    if len(text[start : start + _PEEKED].encode()) < _PEEKED:
        return ""
    return text[start:].removeprefix("\n")


def _whole_surrogates(found: re.Match[str]) -> str:
    return r"\ufffd" if found[2] else found[0]


def _key_that_is_twice(text: str, start: int) -> tuple[int, str]:
    """Return line and name of the first key that an object of this text has a second time."""
    keys: list[set[str]] = []
    last = ""
    for token in _TOKEN.finditer(text, start):
        match token[0]:
            case "{" | "[":
                keys.append(set())
            case "}" | "]":
                keys.pop()
            case ":":
                if (key := json.loads(last)) in keys[-1]:
                    return text.count("\n", 0, token.start()) + 1, key
                keys[-1].add(key)
            case text_token:
                last = text_token
    raise AssertionError("no key is there twice")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _integer(text: str) -> int | float:
    return scalars.json_integer(int(text)) if len(text) < _LONG_NUMBER else _float(text)


def _float(text: str) -> int | float:
    value = float(text)
    if math.isinf(value):
        raise _OutsideError("a number is larger than 64 bits can say")
    return scalars.json_float(value)


def _constant(text: str) -> Any:
    # What Python takes for JSON and nobody else does.
    raise json.JSONDecodeError(f"{text} is not JSON", "", 0)


_KINDS: Final[dict[str, Any]] = {"parse_int": _integer, "parse_float": _float, "parse_constant": _constant}
_STRICT: Final = json.JSONDecoder(object_pairs_hook=_unique, **_KINDS)
_LENIENT: Final = json.JSONDecoder(**_KINDS)


def _refuse_deep(value: Any) -> None:
    level, depth = [value], 0
    while level:
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        depth += 1
        if depth > DEEPEST:
            raise RecursionError
