"""Regular expressions (sprig `regex.go`), on RE2: the engine that Go's has its syntax from, and linear in time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import re2  # type: ignore[import-untyped]  # it ships no types

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import Budget, NoStrings, Strings, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST: Final = 1_000
"""Characters of a pattern; Go itself refuses those that repeat too much, which RE2's memory limit does here."""
_MEMORY: Final = 1 << 20
_TEMPLATE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    if len(pattern) > _LONGEST:
        raise TemplateError(f"a regular expression is longer than {_LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        words = error.args[0] if error.args else "it is not understood"
        shown = words.decode("utf-8", errors="replace") if isinstance(words, bytes) else str(words)
        raise TemplateError(f"the regular expression {pattern!r} is wrong: {shown}") from error


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; TemplateError says what is wrong with one."""
    return _compiled(pattern).search(_whole(text)) is not None


def _whole(text: str) -> str:
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _found(budget: Budget, pattern: str, text: str, count: int = -1) -> Iterator[Any]:
    """Yield matches as Go's `All` functions: an empty one right behind another is none."""
    compiled, position, last = _compiled(pattern), 0, -1
    while position <= len(text) and count != 0:
        budget.spend(1 + (len(text) - position) // 64)
        match = compiled.search(text, position)
        if match is None:
            return
        start, end = match.span()
        is_empty = end == position
        position = position + 1 if is_empty else end
        accepted = not (is_empty and start == last)
        last = end
        if accepted:
            count -= 1
            yield match


def _find(pattern: str, text: str) -> str:
    match = _compiled(pattern).search(_whole(text))
    return "" if match is None else str(match.group())


def _find_all(budget: Budget, pattern: str, text: str, count: int) -> Strings:
    found = [match.group() for match in _found(budget, pattern, _whole(text), count)]
    return Strings(found) if found else NoStrings()


def _replace(budget: Budget, pattern: str, text: str, expand: Callable[[Any], str]) -> str:
    text = _whole(text)
    parts: list[str] = []
    position, length = 0, 0
    for match in _found(budget, pattern, text):
        parts.append(text[position : match.start()])
        parts.append(expand(match))
        length += len(parts[-1])
        budget.text(length)
        position = match.end()
    return "".join([*parts, text[position:]])


def _replace_all(budget: Budget, pattern: str, text: str, replacement: str) -> str:
    names = _compiled(pattern).groupindex
    return _replace(budget, pattern, text, lambda match: _expanded(replacement, match, names))


def _expanded(template: str, match: Any, names: dict[str, int]) -> str:
    """Put groups into `$1`, `$name` and `${name}`, as `Regexp.Expand`; a group that is not there is empty."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        number = int(name) if name.isdigit() and len(name) < 9 else names.get(name, -1)  # noqa: PLR2004 - any group
        inside = 0 <= number <= match.re.groups
        return (match.group(number) or "") if inside else ""

    return _TEMPLATE.sub(one, template)


def _split(budget: Budget, pattern: str, text: str, count: int) -> Strings:
    """Split as `Regexp.Split`."""
    text = _whole(text)
    _compiled(pattern)
    if count == 0:
        return NoStrings()
    if pattern and not text:
        return Strings([""])
    parts, start, end = Strings(), 0, 0
    for match in _found(budget, pattern, text, count):
        if count > 0 and len(parts) == count - 1:
            break
        end = match.start()
        if match.end() != 0:
            parts.append(text[start:end])
        start = match.end()
    if end != len(text):
        parts.append(text[start:])
    return parts


def _quote(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", lambda found: f"\\{found.group()}", text)


_PATTERNS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "regexFind": ("string string", _find),
    "regexFindAll": ("$ string string int", _find_all),
    "regexMatch": ("string string", matches),
    "regexReplaceAll": ("$ string string string", _replace_all),
    "regexReplaceAllLiteral": (
        "$ string string string",
        lambda budget, pattern, text, replacement: _replace(budget, pattern, text, lambda _: replacement),
    ),
    "regexSplit": ("$ string string int", _split),
}

PATTERNS: Final[Table] = {
    **{name: takes(signature, call) for name, (signature, call) in _PATTERNS.items()},
    **{f"mustR{name[1:]}": takes(signature, call) for name, (signature, call) in _PATTERNS.items()},
    "regexQuoteMeta": takes("string", _quote),
}
"""`regexMatch` is false in sprig for a pattern that is wrong; here that is an error, as with every other."""
