"""Cases that are compared with Go, and what Go made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.engine.gotemplate.rendering import GoTemplates
from bot.engine.gotemplate.values import Budget, StringMap, Strings, TemplateError
from bot.errors import Rejected
from bot.repository import manifests

HERE = Path(__file__).parent
ANSWERS = HERE / "answers.json"


@dataclass(frozen=True)
class Case:
    """One question; its answer stands at the same place of answers.json."""

    engine: str
    template: str
    params: Any
    options: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "template": self.template,
            "params": self.params,
            "options": list(self.options),
        }


def cases() -> list[Case]:
    """Read the corpus."""
    corpus = yaml.safe_load((HERE / "corpus.yaml").read_text(encoding="utf-8"))
    return [case for group in corpus["groups"] for case in _of(group, corpus["params"]["shop"])]


def answers() -> list[dict[str, str]]:
    """Read what Go made of them."""
    found = json.loads(ANSWERS.read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def _of(group: dict[str, Any], usual: dict[str, Any]) -> Iterator[Case]:
    engine = group.get("engine", "go")
    for template, params in group.get("texts", []):
        yield Case(engine, template, params, ())
    for template in group.get("templates", []):
        yield Case(engine, template, group.get("params", usual), tuple(group.get("options", ())))


def as_values(params: Any) -> Any:
    """Return JSON as the values that a template sees; `$strings` and `$list` mark what Go has as texts only."""
    match params:
        case {"$strings": dict(texts)}:
            return StringMap(texts)
        case {"$list": list(texts)}:
            return Strings(texts)
        case dict():
            return {key: as_values(value) for key, value in params.items()}
        case list():
            return [as_values(value) for value in params]
        case int() if not isinstance(params, bool):
            return float(params)
        case _:
            return params


def read_yaml(text: str) -> Any:
    """Read YAML as the product does."""
    try:
        documents = manifests.read(text.encode(), "template")
    except Rejected as error:
        raise TemplateError(error.message) from error
    return documents[0].value if documents else None


def rendered(template: str, params: Any, *options: str, steps: int = 200_000) -> str:
    """Render a template within a small budget."""
    templates = GoTemplates(options, read_yaml=read_yaml, budget=Budget(steps))
    return templates.render(template, as_values(params))
