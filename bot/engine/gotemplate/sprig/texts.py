"""Texts (sprig `strings.go`, `github.com/Masterminds/goutils`)."""

from __future__ import annotations

import unicodedata
from typing import Final

from bot.engine.gotemplate.formatting import quoted, sprint_value
from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.sprig.casing import camel, connected, lower, upper
from bot.engine.gotemplate.sprig.conversion import text_of, texts_of
from bot.engine.gotemplate.values import SPACES, Budget, StringMap, Strings, TemplateError, Value, as_bytes, as_text

_NARROWEST: Final = 4
_NARROWEST_BOTH: Final = 7
_MARK: Final = "..."


def _abbreviated(left: int, width: int, text: str) -> str:
    data = as_bytes(text)
    if width < _NARROWEST or (left > 0 and width < _NARROWEST_BOTH) or len(data) <= width:
        return text
    left = min(left, len(data))
    if len(data) - left < width - len(_MARK):
        left = len(data) - (width - len(_MARK))
    if left <= _NARROWEST:
        return as_text(data[: width - len(_MARK)]) + _MARK
    if left + width - len(_MARK) < len(data):
        return _MARK + _cut(data[left:], width - len(_MARK))
    return _MARK + as_text(data[len(data) - (width - len(_MARK)) :])


def _cut(data: bytes, width: int) -> str:
    return as_text(data) if len(data) <= width else as_text(data[: width - len(_MARK)]) + _MARK


def _truncated(count: int, text: str) -> str:
    data = as_bytes(text)
    if count < 0 < len(data) + count:
        return as_text(data[len(data) + count :])
    return as_text(data[:count]) if 0 <= count < len(data) else text


def _substring(start: int, end: int, text: str) -> str:
    data = as_bytes(text)
    if start < 0:
        return as_text(data[: _within(end, data)])
    if end < 0 or end > len(data):
        return as_text(data[_within(start, data) :])
    if start > end:
        raise TemplateError(f"slice bounds out of range: {start} > {end}")
    return as_text(data[start:end])


def _within(position: int, data: bytes) -> int:
    if not 0 <= position <= len(data):
        raise TemplateError(f"slice bounds out of range: {position} of {len(data)}")
    return position


def _repeated(budget: Budget, count: int, text: str) -> str:
    if count < 0:
        raise TemplateError("repeat of a negative count")
    budget.text(len(text) * count)
    return text * count


def _indented(budget: Budget, spaces: int, text: str) -> str:
    if spaces < 0:
        raise TemplateError("indent by a negative count")
    budget.text(len(text) + spaces * (1 + text.count("\n")))
    pad = " " * spaces
    return pad + text.replace("\n", f"\n{pad}")


def _replaced(budget: Budget, old: str, new: str, text: str) -> str:
    count = text.count(old) if old else len(text) + 1
    budget.text(len(text) + count * len(new))
    return text.replace(old, new)


def _joined(budget: Budget, separator: str, value: Value) -> str:
    parts = texts_of(budget, value)
    budget.text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _split(budget: Budget, separator: str, text: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    budget.spend(len(text) if not separator else text.count(separator))
    if separator:
        return text.split(separator, count - 1 if count > 0 else -1)
    letters = list(text)
    if 0 < count < len(letters):
        letters[count - 1 :] = ["".join(letters[count - 1 :])]
    return letters


def _numbered(parts: list[str]) -> StringMap:
    return StringMap({f"_{place}": part for place, part in enumerate(parts)})


def _quotes(budget: Budget, *values: Value) -> str:
    return " ".join(quoted(text_of(budget, value)) for value in values if value is not None)


def _single_quotes(budget: Budget, *values: Value) -> str:
    return " ".join(f"'{sprint_value(value, budget)}'" for value in values if value is not None)


def _cat(budget: Budget, *values: Value) -> str:
    # Its format is `%v %v …`: what it joins may itself begin or end with spaces.
    return " ".join(sprint_value(value, budget) for value in values if value is not None)


def _trimmed(text: str, letters: str) -> str:
    return text.strip(letters) if letters else text


def _title(text: str) -> str:
    """Upper-case the first letter of each word, as Go's deprecated `strings.Title`."""
    found, before = [], " "
    for letter in text:
        found.append(_title_letter(letter) if _separates(before) else letter)
        before = letter
    return "".join(found)


def _title_letter(letter: str) -> str:
    upper = letter.title()
    return upper if len(upper) == 1 else letter


def _separates(letter: str) -> bool:
    if letter.isascii():
        return not (letter.isalnum() or letter == "_")
    return not letter.isalnum() and letter in SPACES


def _untitled(text: str) -> str:
    found, first = [], True
    for letter in text:
        found.append(letter.lower() if first else letter)
        first = letter in SPACES
    return "".join(found)


def _initials(text: str) -> str:
    found, first = [], True
    for letter in _as_bytes_are(text):
        if letter in SPACES:
            first = True
        elif first:
            found.append(letter)
            first = False
    return "".join(found)


def _swapped(text: str) -> str:
    found, space = [], True
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in ("Lu", "Lt"):
            found.append(lower(letter))
            space = False
        elif kind == "Ll":
            found.append(_title_letter(letter) if space else upper(letter))
            space = False
        else:
            found.append(letter)
            space = letter in SPACES
    return "".join(found)


def _wrapped(budget: Budget, width: int, line: str, text: str, *, long_words: bool) -> str:
    """Wrap as `goutils.WrapCustom`: at spaces, by bytes."""
    data, width, offset = as_bytes(text), max(width, 1), 0
    line = line or "\n"
    lines: list[bytes] = []
    while len(data) - offset > width:
        budget.text(len(line))
        if data[offset : offset + 1] == b" ":
            offset += 1
            continue
        space = data.rfind(b" ", offset, offset + width + 1)
        if space < 0 and long_words:
            lines.append(data[offset : offset + width])
            offset += width
            continue
        space = data.find(b" ", offset + width) if space < 0 else space
        if space < 0:
            break
        lines.append(data[offset:space])
        offset = space + 1
    lines.append(data[offset:])
    return as_text(as_bytes(line).join(lines))


def _without_space(text: str) -> str:
    mangled = _as_bytes_are(text)
    kept = "".join(letter for letter in mangled if letter not in SPACES)
    return text if kept == mangled else kept


def _as_bytes_are(text: str) -> str:
    """Take each byte for a letter, as `goutils` does: what is not ASCII comes out mangled."""
    return as_bytes(text).decode("latin-1")


def _failed(words: str) -> Value:
    raise TemplateError(words)


TEXTS: Final[Table] = {
    "abbrev": takes("int string", lambda width, text: _abbreviated(0, width, text)),
    "abbrevboth": takes("int int string", _abbreviated),
    "camelcase": takes("string", camel),
    "cat": takes("$ any*", _cat),
    "contains": takes("string string", lambda part, text: part in text),
    "fail": takes("string", _failed),
    "hasPrefix": takes("string string", lambda part, text: text.startswith(part)),
    "hasSuffix": takes("string string", lambda part, text: text.endswith(part)),
    "indent": takes("$ int string", _indented),
    "initials": takes("string", _initials),
    "join": takes("$ string any", _joined),
    "kebabcase": takes("string", lambda text: connected(text, "-")),
    "lower": takes("string", lower),
    "nindent": takes("$ int string", lambda budget, spaces, text: "\n" + _indented(budget, spaces, text)),
    "nospace": takes("string", _without_space),
    "plural": takes("string string int", lambda one, many, count: one if count == 1 else many),
    "quote": takes("$ any*", _quotes),
    "repeat": takes("$ int string", _repeated),
    "replace": takes("$ string string string", _replaced),
    "snakecase": takes("string", lambda text: connected(text, "_")),
    "split": takes("$ string string", lambda budget, separator, text: _numbered(_split(budget, separator, text))),
    "splitList": takes("$ string string", lambda budget, separator, text: Strings(_split(budget, separator, text))),
    "splitn": takes(
        "$ string int string",
        lambda budget, separator, count, text: _numbered(_split(budget, separator, text, count)),
    ),
    "squote": takes("$ any*", _single_quotes),
    "substr": takes("int int string", _substring),
    "swapcase": takes("string", _swapped),
    "title": takes("string", _title),
    "toString": takes("$ any", text_of),
    "toStrings": takes("$ any", texts_of),
    "trim": takes("string", lambda text: text.strip(SPACES)),
    "trimAll": takes("string string", lambda letters, text: _trimmed(text, letters)),
    "trimPrefix": takes("string string", lambda part, text: text.removeprefix(part)),
    "trimSuffix": takes("string string", lambda part, text: text.removesuffix(part)),
    "trimall": takes("string string", lambda letters, text: _trimmed(text, letters)),
    "trunc": takes("int string", _truncated),
    "untitle": takes("string", _untitled),
    "upper": takes("string", upper),
    "wrap": takes("$ int string", lambda budget, width, text: _wrapped(budget, width, "", text, long_words=False)),
    "wrapWith": takes(
        "$ int string string", lambda budget, width, line, text: _wrapped(budget, width, line, text, long_words=True)
    ),
}
