"""Values as text: Go's `fmt` (`print.go`, `format.go`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.numbers import hexadecimal, shortest
from bot.engine.gotemplate.values import (
    DEEPEST,
    LONGEST_TEXT,
    Budget,
    Record,
    TemplateError,
    TooMuchError,
    Value,
    as_bytes,
    as_text,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIRECTIVE: Final = re.compile(r"%([-+# 0]*)(\*|[0-9]+)?(?:(\.)(\*|[0-9]+)?)?(.)?", re.DOTALL)
_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}
_WIDEST: Final = 1_000_000
"""What `fmt` refuses itself (`tooLarge`)."""
_ASCII: Final = 0x80
_SHORT: Final = 0x10000
_ESCAPED_BYTES: Final = range(0xDC80, 0xDD00)
_FLOATS: Final = "eEfFgG"
_BASES: Final = {"d": "d", "b": "b", "o": "o", "x": "x", "X": "X", "O": "o"}
_PREFIXES: Final = {"x": "0x", "X": "0X", "o": "0", "b": "0b", "O": "0o"}
_DEFAULT_PRECISION: Final = 6


@dataclass(frozen=True, slots=True)
class _Verb:
    """One directive: `%-8.3f`."""

    letter: str = "v"
    flags: str = ""
    width: int = 0
    precision: int | None = None

    def has(self, flag: str) -> bool:
        return flag in self.flags


_PLAIN: Final = _Verb()


class _Writer:
    """Collects text within bounds."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        self.budget.spend()
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise TooMuchError(f"it makes a text of more than {LONGEST_TEXT:,} characters")
        self._parts.append(text)

    def done(self) -> str:
        text = "".join(self._parts)
        self.budget.text(len(text))
        return text


def sprint(values: Sequence[Value], budget: Budget) -> str:
    """Write values as `fmt.Sprint`: a space between two that are both no texts."""
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    writer = _Writer(budget)
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            writer.add(" ")
        _value(writer, value, _PLAIN)
    return writer.done()


def sprintln(values: Sequence[Value], budget: Budget) -> str:
    """Write values as `fmt.Sprintln`."""
    writer = _Writer(budget)
    for place, value in enumerate(values):
        writer.add(" " if place else "")
        _value(writer, value, _PLAIN)
    writer.add("\n")
    return writer.done()


def sprintf(template: str, values: Sequence[Value], budget: Budget) -> str:
    """Write values as `fmt.Sprintf`, its complaints in the text included; TemplateError for `%[1]d`."""
    writer = _Writer(budget)
    rest = list(values)
    position = 0
    while (start := template.find("%", position)) >= 0:
        writer.add(template[position:start])
        found = _DIRECTIVE.match(template, start)
        if found is None:
            raise AssertionError("a percent sign always matches")
        position = found.end()
        _directive(writer, found, rest)
    writer.add(template[position:])
    if rest:
        writer.add("%!(EXTRA ")
        for place, value in enumerate(rest):
            writer.add(", " if place else "")
            writer.add("<nil>" if value is None else f"{type_name(value)}=")
            if value is not None:
                _value(writer, value, _PLAIN)
        writer.add(")")
    return writer.done()


def quoted(text: str) -> str:
    """Quote a text as `strconv.Quote`."""
    return '"' + "".join(_quoted(letter) for letter in text) + '"'


def sprint_value(value: Value, budget: Budget) -> str:
    """Write one value as `%v`."""
    writer = _Writer(budget)
    _value(writer, value, _PLAIN)
    return writer.done()


def _directive(writer: _Writer, found: re.Match[str], rest: list[Value]) -> None:
    flags, width_text, dot, precision_text, letter = found.groups()
    if letter == "[":
        raise TemplateError("printf with numbered arguments is not supported")
    width, complaint = _count(width_text, rest, "WIDTH")
    precision, second = _count(precision_text, rest, "PREC") if dot else (None, "")
    writer.add(complaint + second)
    if width is not None and width < 0:
        flags, width = flags + "-", -width
    if letter is None:
        writer.add("%!(NOVERB)")
        return
    if letter == "%":
        writer.add("%")
        return
    if not rest:
        writer.add(f"%!{letter}(MISSING)")
        return
    decimals = (precision or 0) if dot else None
    flags = flags.replace("+", "") if letter == "v" else flags
    _value(writer, rest.pop(0), _Verb(letter, flags, width or 0, decimals))


def _count(text: str | None, rest: list[Value], name: str) -> tuple[int | None, str]:
    """Return a width or precision, with what Go writes into the text when it is a bad one."""
    if text is None:
        return None, ""
    if text != "*":
        number = int(text) if len(text) < len(str(_WIDEST)) + 1 else _WIDEST + 1
        return (number, "") if number <= _WIDEST else (None, "")
    value = rest.pop(0) if rest else None
    if type(value) is not int or abs(value) > _WIDEST or (name == "PREC" and value < 0):
        return None, f"%!(BAD{name})"
    return value, ""


def _value(writer: _Writer, value: Value, verb: _Verb, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
    if verb.letter == "T":
        writer.add(_padded(type_name(value), verb))
    elif value is None and depth:
        writer.add("interface {}(nil)" if verb.letter == "v" and verb.has("#") else "<nil>")
    elif value is None:
        writer.add(_padded("<nil>", verb) if verb.letter == "v" else f"%!{verb.letter}(<nil>)")
    elif verb.letter == "v" and verb.has("#") and isinstance(value, (list, dict)):
        _go_syntax(writer, value, verb, depth)
    elif isinstance(value, list):
        _list(writer, value, verb, depth)
    elif isinstance(value, dict):
        _mapping(writer, value, verb, depth)
    else:
        writer.add(_scalar(value, verb, writer.budget))


def _list(writer: _Writer, value: list[Value], verb: _Verb, depth: int) -> None:
    writer.add("[")
    for place, one in enumerate(value):
        writer.add(" " if place else "")
        _value(writer, one, verb, depth + 1)
    writer.add("]")


def _mapping(writer: _Writer, value: dict[str, Value], verb: _Verb, depth: int) -> None:
    writer.add("map[")
    for place, key in enumerate(sorted(value)):
        writer.add(" " if place else "")
        _value(writer, key, verb, depth + 1)
        writer.add(":")
        _value(writer, value[key], verb, depth + 1)
    writer.add("]")


def _go_syntax(writer: _Writer, value: Value, verb: _Verb, depth: int) -> None:
    writer.add(f"{type_name(value)}{{")
    for place, one in enumerate(sorted(value) if isinstance(value, dict) else value):
        writer.add(", " if place else "")
        if isinstance(value, dict):
            writer.add(f"{quoted(one)}:")
        _value(writer, value[one] if isinstance(value, dict) else one, verb, depth + 1)
    writer.add("}")


def _scalar(value: Value, verb: _Verb, budget: Budget) -> str:
    budget.text(verb.width + (verb.precision or 0))
    match value:
        case bool() if verb.letter in "tv":
            return _padded("true" if value else "false", verb)
        case bool():
            return _bad(value, verb)
        case int():
            return _integer(value, verb)
        case float():
            return _float(value, verb)
        case Record():
            return _text(value.text, verb) or _bad(value, verb)
        case _:
            return _text(str(value), verb) if verb.letter in "vsqxX" else _bad(value, verb)


def _bad(value: Value, verb: _Verb) -> str:
    """Say that a verb does not fit; the value follows as `%v`, within the same width."""
    return f"%!{verb.letter}({type_name(value)}={_scalar(value, replace(verb, letter='v'), Budget())})"


def _text(text: str, verb: _Verb) -> str:
    if verb.precision is not None and verb.letter in "vsq":
        text = text[: verb.precision]
    match verb.letter:
        case "v" | "s":
            shown = quoted(text) if verb.letter == "v" and verb.has("#") else text
        case "q":
            plain = verb.has("#") and "`" not in text and (text.isprintable() or "\t" in text)
            shown = f"`{text}`" if plain else quoted(text)
        case "x" | "X":
            data = as_bytes(text)[: verb.precision]
            shown = data.hex(" ") if verb.has(" ") else data.hex()
            shown = f"0x{shown}" if verb.has("#") and shown else shown
            shown = shown.upper() if verb.letter == "X" else shown
        case _:
            return ""
    return _padded(shown, verb)


def _integer(value: int, verb: _Verb) -> str:
    letter = "d" if verb.letter == "v" else verb.letter
    if letter in _BASES:
        digits = format(abs(int(value)), _BASES[letter])
        if verb.precision is not None:
            digits = "" if verb.precision == 0 and value == 0 else digits.rjust(verb.precision, "0")
        prefix = _PREFIXES.get(letter, "") if verb.has("#") or letter == "O" else ""
        sign = "-" if value < 0 else _plus(verb)
        if verb.has("0") and not verb.has("-") and verb.precision is None:
            # As `fmtInteger`: zeros up to the width, the prefix not counted.
            digits = digits.rjust(verb.width - len(sign), "0")
        return _padded(sign + prefix + digits, verb, zeros=False)
    valid = 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000  # noqa: PLR2004 - Unicode's range and surrogates
    match letter:
        case "c":
            return _padded(chr(value) if valid else "\ufffd", verb)
        case "q":
            letters = _quoted(chr(value) if valid else "\ufffd")
            return _padded("'" + letters.replace('\\"', '"').replace("'", "\\'") + "'", verb)
        case "U":
            return _padded(f"U+{value:04X}" + (f" '{chr(value)}'" if verb.has("#") and valid else ""), verb)
        case _:
            return _bad(value, verb)


def _float(value: float, verb: _Verb) -> str:
    if verb.letter == "v" or (verb.letter in "gG" and verb.precision is None):
        number = shortest(value)
        number = number.upper() if verb.letter == "G" else number
    elif verb.letter in _FLOATS:
        precision = _DEFAULT_PRECISION if verb.precision is None else verb.precision
        number = format(value, f".{precision}{verb.letter}")
        number = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(number.lower(), number)
    elif verb.letter in "xX" and verb.precision is None:
        number = hexadecimal(value)
        number = number.upper() if verb.letter == "X" else number
    else:
        return _bad(value, verb)
    sign = "-" if number.startswith("-") else _plus(verb)
    digits = number.lstrip("+-")
    if verb.has("0") and not verb.has("-") and digits[0].isdigit():
        digits = digits.rjust(verb.width - len(sign), "0")
    if number.startswith("+") and not sign:
        sign = "+"
    return _padded(sign + digits, verb, zeros=False)


def _plus(verb: _Verb) -> str:
    return "+" if verb.has("+") else " " if verb.has(" ") else ""


def _padded(text: str, verb: _Verb, *, zeros: bool = True) -> str:
    if verb.has("-"):
        return text.ljust(verb.width)
    return text.rjust(verb.width, "0" if zeros and verb.has("0") else " ")


def _quoted(letter: str) -> str:
    code = ord(letter)
    if letter == '"':
        return '\\"'
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if code in _ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if letter.isprintable():
        return letter
    if code < _ASCII:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _SHORT else f"\\U{code:08x}"


def normalised(text: str) -> str:
    """Join surrogates that stand for the bytes of one character."""
    return as_text(as_bytes(text))
