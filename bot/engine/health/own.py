"""Health rules that an operator has written: read from an `argocd-cm`; what is in them is evaluated elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.engine.globs import compiled
from bot.errors import Rejected
from bot.model.resources import JsonObject

LUA: Final = "resource.customizations"
"""Argo CD's key of rules by kind, `*` allowed; `resource.customizations.health.<group>_<kind>` has one rule each."""
CEL: Final = "foresail.health"
"""Foresail's own key: expressions by kind, `*` allowed."""
SETTINGS: Final = (LUA, CEL)
"""How the keys begin that matter here."""
_ONE: Final = f"{LUA}.health."


class Expressions(BaseModel):
    """A rule in CEL: what holds first decides, in this order; what none says is Progressing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    suspended: str = ""
    degraded: str = ""
    healthy: str
    message: str = ""
    """Gives the words."""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """One rule."""

    name: str
    """Where it is written."""
    question: JsonObject
    """What the evaluator is asked with: `lua`, a script, or `cel`, expressions by name."""


@dataclass(frozen=True, slots=True)
class OwnRules:
    """Rules by kind; the most exact pattern counts, and of those for the same kind Foresail's own."""

    exact: Mapping[str, OwnRule]
    patterns: tuple[tuple[str, OwnRule], ...]

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> Self:
        """Read the keys of an `argocd-cm`; Rejected names the one that cannot be read.

        Source: argo-cd `util/settings/settings.go` (GetResourceOverrides), `util/lua/lua.go` (GetHealthScript).
        """
        found = {**dict(_table(settings)), **dict(_single(settings)), **dict(_expressions(settings))}
        patterns = [kind for kind in found if set(kind) & set("*?[{")]
        for kind in patterns:
            try:
                compiled(kind)
            except ValueError as error:
                raise Rejected(f"{found[kind].name}: {kind} is no pattern: {error}") from error
        exact = {kind: rule for kind, rule in found.items() if kind not in patterns}
        longest_first = sorted(patterns, key=lambda kind: (-len(kind), kind))
        return cls(exact, tuple((kind, found[kind]) for kind in longest_first))

    def of(self, group: str, kind: str) -> OwnRule | None:
        """Return the rule of a kind; None when the operator has none for it."""
        name = f"{group}/{kind}" if group else kind
        if name in self.exact:
            return self.exact[name]
        return next((rule for pattern, rule in self.patterns if compiled(pattern).fullmatch(name)), None)


def _table(settings: Mapping[str, str]) -> Iterator[tuple[str, OwnRule]]:
    for kind, said in _mapping(settings, LUA).items():
        script = said.get("health.lua") if isinstance(said, dict) else None
        if script is not None and not isinstance(script, str):
            raise Rejected(f"{LUA}: {kind}: health.lua is not a text")
        if script:
            yield kind, OwnRule(f"{LUA}: {kind}", {"lua": script})


def _single(settings: Mapping[str, str]) -> Iterator[tuple[str, OwnRule]]:
    for key, script in settings.items():
        if key.startswith(_ONE) and script.strip():
            name = key.removeprefix(_ONE)
            yield "*/*" if name == "all" else name.replace("_", "/", 1), OwnRule(key, {"lua": script})


def _expressions(settings: Mapping[str, str]) -> Iterator[tuple[str, OwnRule]]:
    for kind, said in _mapping(settings, CEL).items():
        try:
            rule = Expressions.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise Rejected(f"{CEL}: {kind}: {f'{field}: ' if field else ''}{first['msg']}") from error
        yield kind, OwnRule(f"{CEL}: {kind}", {"cel": rule.model_dump()})


def _mapping(settings: Mapping[str, str], key: str) -> dict[str, Any]:
    try:
        said = yaml.load(settings.get(key, ""), Loader=yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise Rejected(f"{key}: is not YAML: {error}") from error
    if not isinstance(said, dict) or not all(isinstance(kind, str) for kind in said):
        raise Rejected(f"{key}: must hold a mapping of kinds, like `example.com/Ship`")
    return said
