"""The way in: texts of one ApplicationSet, rendered within one budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.execution import Execution, MissingKey
from bot.engine.gotemplate.formatting import normalised
from bot.engine.gotemplate.parser import parse
from bot.engine.gotemplate.table import functions, problem_with
from bot.engine.gotemplate.values import LONGEST_TEXT, Budget, TemplateError, TooMuchError, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.engine.gotemplate.nodes import Template

_MISSING: Final = {
    "missingkey=default": MissingKey.DEFAULT,
    "missingkey=invalid": MissingKey.DEFAULT,
    "missingkey=zero": MissingKey.ZERO,
    "missingkey=error": MissingKey.ERROR,
}


class GoTemplates:
    """Renders texts; each is parsed once."""

    def __init__(self, options: Sequence[str], *, read_yaml: Callable[[str], Value], budget: Budget) -> None:
        self._missing = MissingKey.DEFAULT
        for option in options:
            if option not in _MISSING:
                raise TemplateError(f"goTemplateOptions has {option!r}, which is no option")
            self._missing = _MISSING[option]
        self._functions = functions(read_yaml)
        self._budget = budget
        self._parsed: dict[str, Template] = {}

    def render(self, source: str, data: Value) -> str:
        """Return what a template writes with `data` as its dot; TemplateError names line and action."""
        if "{{" not in source:
            return source
        template = self._parsed.get(source)
        if template is None:
            if len(source) > LONGEST_TEXT:
                raise TooMuchError(f"a template is longer than {LONGEST_TEXT:,} characters")
            self._budget.text(len(source))
            template = self._parsed[source] = parse(source, knows=problem_with)
        return normalised(Execution(template, self._functions, self._missing, self._budget).run(data))
