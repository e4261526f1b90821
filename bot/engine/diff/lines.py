"""Present an object as lines of YAML that people know from their files and that a diff can work on.

A dumper of its own because a report presents thousands of objects: 100 Deployments of 94 lines take 4 ms, PyYAML's
`CSafeDumper` needs 35 ms for the same, sorts what names an object into the middle, and quotes scripts.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model.resources import JsonObject

DEEPEST: Final = 100
"""Levels of nesting that can be shown; Kubernetes' own types have about 20."""

_FIRST: Final = ("apiVersion", "kind", "metadata", "name", "namespace", "labels", "annotations", "spec")
"""Keys that stand before the others, at every level: what names a thing is its first line."""

_RANK: Final = {key: rank for rank, key in enumerate(_FIRST)}

_UNSEEN: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
"""Characters that show nothing, turn the writing direction or cannot be encoded: a reader must see they are there."""

_ESCAPED: Final = re.compile(f"[{_UNSEEN}]")
_MISREAD: Final = (
    r"(?:y|n|yes|no|on|off|true|false|null|=|~|<<)\Z"  # YAML 1.1, which Kubernetes' loader follows
    r"|[-+]?(?:\d[\d_,]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?\Z"
    r"|[-+]?\d[\d_]*(?::\d+)+(?:\.[\d_]*)?\Z"
    r"|[-+]?0(?:x[\da-f_]+|o[0-7_]+|b[01_]+)\Z"
    r"|[-+]?\.(?:inf|nan)\Z"
    r"|\d{4}-\d\d?-\d\d?(?:[t\s].*)?\Z"
)
_PLAIN: Final = re.compile(
    rf"(?!{_MISREAD})"
    rf"(?:--?(?=[a-z])|\.(?!\.)|[^-?:,.\[\]{{}}#&*!|>'\"%@`\s{_UNSEEN}])"
    rf"[^:#\s{_UNSEEN}]*+(?:(?::(?=\S)|(?<! )#| +(?=\S))[^:#\s{_UNSEEN}]*+)*\Z",
    re.IGNORECASE,
)
"""A string that every YAML reader takes as it stands, as a value and as a key."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False)

_SHORT: Final = 100
"""Characters up to which it is remembered that a value needs no quotes: the same ones come again and again."""

_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
"""A key that needs no brackets in a path."""


@dataclass(slots=True)
class Outline:
    """An object as lines of YAML, and where each of them stands in it."""

    lines: list[str] = field(default_factory=list)
    parts: list[tuple[int, int, str]] = field(default_factory=list)
    """The first line of a part, the line after its last, and its step of a path; a part stands behind its own parts."""

    @classmethod
    def of(cls, obj: JsonObject) -> Outline:
        """Write `obj` as `to_lines` does, and raise what it raises."""
        outline = cls()
        if obj:
            _mapping(obj, "", outline)
        else:
            outline.lines.append("{}")
        return outline

    def paths(self, wanted: Iterable[int]) -> dict[int, str]:
        """Return the path of what holds each wanted line, such as `spec.template.spec.containers[web]`."""
        found: dict[int, str] = {}
        holders: list[tuple[int, int, str]] = []
        waiting = self.parts.copy()
        for line in sorted(wanted, reverse=True):
            while waiting and waiting[-1][1] > line:
                part = waiting.pop()
                while holders and holders[-1][0] >= part[1]:
                    holders.pop()
                holders.append(part)
            while holders and holders[-1][0] > line:
                holders.pop()
            found[line] = "".join(step for _, _, step in holders).removeprefix(".")
        return found


def to_lines(obj: JsonObject) -> list[str]:
    """Return `obj` as lines of YAML, the same for equal objects; reading them gives `obj` again.

    Raises Rejected for an object nested deeper than 100 levels. A key of more than 1,024 characters is shown, though
    YAML readers refuse it.
    """
    return Outline.of(obj).lines


def visible(text: str) -> str:
    """Return `text` with its characters that show nothing or deceive written as escapes; line feeds and tabs stay."""
    return _ESCAPED.sub(_escape, text)


def _mapping(obj: JsonObject, pad: str, outline: Outline) -> None:
    lines = outline.lines
    below, heads = _heads(tuple(obj), pad)
    # A line stands in what holds its key; at the top nothing does but the key itself.
    own = 1 if pad else 0
    for key, head, step in heads:
        value = obj[key]
        kind = type(value)
        if kind is str and len(value) <= _SHORT and _is_plain(value):
            lines.append(f"{head} {value}")
            if not pad:
                outline.parts.append((len(lines) - 1, len(lines), step))
            continue
        start = len(lines) + own
        if kind is dict and value:
            lines.append(head)
            _mapping(value, below, outline)
        elif kind is list and value:
            lines.append(head)
            _items(value, pad, outline)
        else:
            _scalar(head, value, below, lines)
        if len(lines) > start:
            outline.parts.append((start, len(lines), step))


def _items(items: list[Any], pad: str, outline: Outline) -> None:
    lines, below = outline.lines, _deeper(pad)
    for index, item in enumerate(items):
        start = len(lines)
        if type(item) is dict and item:
            _mapping(item, below, outline)
        elif type(item) is list and item:
            _items(item, below, outline)
        else:
            _scalar(f"{pad}-", item, below, lines)
            if len(lines) > start + 1:
                outline.parts.append((start + 1, len(lines), f"[{index}]"))
            continue
        first = lines[start][len(below) :]
        lines[start] = f"{pad}- {first}"
        label = first.removeprefix("name: ") if first.startswith("name: ") else index
        outline.parts.append((start, len(lines), f"[{label}]"))


def _deeper(pad: str) -> str:
    if len(pad) > 2 * DEEPEST:
        raise Rejected(f"an object nested deeper than {DEEPEST} levels cannot be shown")
    return pad + "  "


@lru_cache(maxsize=4096)
def _heads(keys: tuple[str, ...], pad: str) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """Return the indentation below, and the keys in order, each with the start of its line and its step of a path."""
    ordered = sorted(keys, key=lambda key: (_RANK.get(key, len(_FIRST)), key))
    return _deeper(pad), tuple((key, f"{pad}{_key(key)}:", _step(key)) for key in ordered)


@lru_cache(maxsize=8192)
def _is_plain(text: str) -> bool:
    return _PLAIN.match(text) is not None


def _key(key: str) -> str:
    return key if _PLAIN.match(key) else _quoted(key)


def _step(key: str) -> str:
    if _NAME.fullmatch(key):
        return f".{key}"
    written = _key(key)
    return f"[{written if written == key else written[1:-1]}]"


def _scalar(head: str, value: Any, pad: str, lines: list[str]) -> None:
    """Add a value that is no filled mapping or list after `head`; further lines of it are indented by `pad`."""
    if type(value) is int:
        lines.append(f"{head} {value}")
    elif isinstance(value, str):
        if "\n" in value:
            _text(head, value, pad, lines)
        else:
            lines.append(f"{head} {value if _PLAIN.match(value) else _quoted(value)}")
    elif isinstance(value, bool) or value is None or (isinstance(value, (dict, list)) and not value):
        lines.append(f"{head} {json.dumps(value)}")
    elif isinstance(value, float):
        lines.append(f"{head} {_float(value)}")
    else:
        lines.append(f"{head} {value if isinstance(value, int) else _quoted(str(value))}")


def _text(head: str, text: str, pad: str, lines: list[str]) -> None:
    """Add a text of several lines, one a line: as a block where a block can hold it, else quoted."""
    last = text.rpartition("\n")[2]
    if _ESCAPED.search(text) or not text.strip() or (last and not last.strip()):
        lines.extend(_continued(head, text, pad))
        return
    keep = "-" if last else "+" if text.endswith("\n\n") else ""
    indent = "2" if text[0] in " \n\t" else ""
    lines.append(f"{head} |{indent}{keep}")
    lines.extend(pad + line if line else "" for line in text.removesuffix("\n").split("\n"))


def _continued(head: str, text: str, pad: str) -> list[str]:
    """Quote a text line by line: a backslash at the end of a line joins it with the next."""
    pieces = [_quoted(line)[1:-1] for line in text.split("\n")]
    if not pieces[-1]:
        pieces[-2:] = [pieces[-2] + "\\n"]
    # A space at the start of a continued line would be taken for indentation.
    further = ["\\" + piece if piece.startswith(" ") else piece for piece in pieces[1:]]
    quoted = [f'{head} "{pieces[0]}', *(pad + piece for piece in further)]
    return [*(line + "\\n\\" for line in quoted[:-1]), quoted[-1] + '"']


def _quoted(text: str) -> str:
    return visible(_JSON.encode(text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - what four hexadecimal digits hold


def _float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    words = repr(value)
    mantissa, exponent, power = words.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else words
