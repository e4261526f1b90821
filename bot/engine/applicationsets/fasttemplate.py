"""`{{name}}` without Go templates (`github.com/valyala/fasttemplate`, `applicationset/utils`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.values import Budget, TemplateError, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGGED: Final = re.compile(r"\{\{[^\n]*\}\}")


def replaced(text: str, params: Mapping[str, Value], budget: Budget) -> str:
    """Replace each tag by the parameter of its name; one that is unknown, or no text, is left as it stands."""
    if "{{" not in text or not _TAGGED.search(text):
        return text
    parts: list[str] = []
    position, length = 0, 0
    while (start := text.find("{{", position)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            raise TemplateError(f"a {{{{ in {text[:100]!r} is not closed with }}}}")
        name = text[start + 2 : end].strip()
        value = params.get(name)
        parts += [text[position:start], value if name and isinstance(value, str) else text[start : end + 2]]
        position = end + 2
        length += len(parts[-1]) + len(parts[-2])
        budget.text(length)
    return "".join([*parts, text[position:]])
