"""Texts anywhere in a manifest, rendered with one set of parameters (`applicationset/utils/utils.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.applicationsets.fasttemplate import replaced
from bot.engine.gotemplate.execution import MissingKeyError
from bot.engine.gotemplate.rendering import GoTemplates
from bot.engine.gotemplate.values import DEEPEST, Budget, StringMap, TemplateError, TooMuchError
from bot.errors import Rejected

if TYPE_CHECKING:
    from bot.engine.applicationsets.definition import ApplicationSet
    from bot.engine.applicationsets.facts import Facts
    from bot.engine.applicationsets.parameters import Parameters

_WITH_VALUES: Final = frozenset({"clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin"})


class Templating:
    """The templates of one ApplicationSet, within one budget."""

    def __init__(self, applicationset: ApplicationSet, facts: Facts, budget: Budget) -> None:
        self.budget = budget
        self.go_template = applicationset.go_template
        self._facts = facts
        self._usual = self._go(applicationset.go_template_options)
        self._strict = self._go(("missingkey=error",))

    def text(self, text: str, params: Parameters) -> str:
        """Render one text; TemplateError says where in it something is wrong."""
        if self.go_template:
            return self._usual.render(text, params)
        return replaced(text, params, self.budget)

    def values(self, values: Any, params: Parameters) -> Parameters:
        """Return parameters with the `values` of a generator added, each rendered without the others."""
        if not values:
            return params
        if not isinstance(values, dict):
            raise Rejected("its values are no mapping")
        texts = {key: self.text(_text(value), params) for key, value in values.items()}
        if self.go_template:
            return {**params, "values": StringMap(texts)}
        return {**params, **{f"values.{key}": text for key, text in texts.items()}}

    def everywhere(self, value: Any, params: Parameters, place: str) -> Any:
        """Render every text in a value, keys as well; Rejected names the place."""
        return self._deep(value, params, place, in_generator=False)

    def generator(self, generator: Any, params: Parameters, place: str) -> Any:
        """Render a generator with what another gave; `values` that need its own parameters wait for them."""
        return self._deep(generator, params, place, in_generator=True) if params else generator

    def _go(self, options: tuple[str, ...]) -> GoTemplates:
        return GoTemplates(options if self.go_template else (), read_yaml=self._yaml, budget=self.budget)

    def _yaml(self, text: str) -> Any:
        try:
            return self._facts.yaml(text.encode("utf-8", errors="replace"), "YAML")
        except Rejected as error:
            raise TemplateError(error.message) from error

    def _deep(self, value: Any, params: Parameters, place: str, *, in_generator: bool, depth: int = 0) -> Any:
        self.budget.spend()
        if depth > DEEPEST:
            raise TooMuchError(f"{place} is nested deeper than {DEEPEST} levels")
        match value:
            case str():
                return self._at(value, params, place)
            case list():
                return [
                    self._deep(one, params, f"{place}[{number}]", in_generator=in_generator, depth=depth + 1)
                    for number, one in enumerate(value)
                ]
            case dict():
                return {
                    self._at(key, params, place): (
                        self._waiting(one, params)
                        if in_generator and key in _WITH_VALUES and isinstance(one, dict)
                        else self._deep(one, params, f"{place}.{key}", in_generator=in_generator, depth=depth + 1)
                    )
                    for key, one in value.items()
                }
            case _:
                return value

    def _at(self, text: str, params: Parameters, place: str) -> str:
        try:
            return self.text(text, params)
        except TooMuchError:
            raise
        except TemplateError as error:
            raise Rejected(f"{place}: {error}") from error

    def _waiting(self, generator: dict[str, Any], params: Parameters) -> dict[str, Any]:
        found = {
            key: self._deep(one, params, key, in_generator=True) for key, one in generator.items() if key != "values"
        }
        values = generator.get("values")
        if isinstance(values, dict):
            found["values"] = {key: self._perhaps(_text(one), params) for key, one in values.items()}
        return found

    def _perhaps(self, text: str, params: Parameters) -> str:
        if not self.go_template:
            return replaced(text, params, self.budget)
        try:
            return self._strict.render(text, params)
        except MissingKeyError:
            return text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Rejected("one of its values is no text")
