"""Rules in CEL: a list of conditions that must hold, as in a ValidatingAdmissionPolicy, each with what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

import cel
import yaml
from cel.stdlib import add_stdlib_to_context
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import Rejected
from bot.repository import manifests
from bot.repository.policies.answers import Said

VARIABLES: Final = frozenset(
    {"object", "oldObject", "operation", "request", "application", "change", "kubernetesVersion"}
)
FAILURES: Final = (ValueError, TypeError, KeyError, IndexError, RuntimeError, ArithmeticError, OverflowError)
"""What the engine raises, by what is wrong with an expression or with what it is given."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Match(_Strict):
    """What a rule is about; globs, and what is left out is about everything."""

    kinds: list[str] = ["*"]
    """`Deployment`, `apps/Deployment`, `*.example.com/*`."""
    namespaces: list[str] = ["*"]
    applications: list[str] = ["*"]
    operations: list[Literal["create", "change", "replace", "delete"]] = ["create", "change", "replace"]

    def takes(self, subject: Mapping[str, Any]) -> bool:
        """Tell whether a rule is about an object."""
        request = subject["request"]
        kind = request["kind"]
        names = (kind["kind"], f"{kind['group']}/{kind['kind']}")
        return (
            subject["operation"] in self.operations
            and any(_fits(name, self.kinds) for name in names)
            and _fits(request["namespace"], self.namespaces)
            and _fits(subject["application"]["name"], self.applications)
        )


class Rule(_Strict):
    """One rule as a file has it."""

    name: str = Field(min_length=1, max_length=100)
    expression: str
    """True where all is well."""
    message: str = ""
    message_expression: str = Field(default="", alias="messageExpression")
    severity: Literal["deny", "warn"] = "deny"
    match: Match = Match()

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        if not self.message and not self.message_expression:
            raise ValueError("a rule needs a message or a messageExpression")
        return self


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule, ready to be asked."""

    rule: Rule
    expression: cel.Program
    message: cel.Program | None

    def ask(self, subject: Mapping[str, Any], variables: cel.Context) -> Iterator[Said]:
        """Yield what the rule says about an object; that it cannot be evaluated is said as loudly as the rule is."""
        if not self.rule.match.takes(subject):
            return
        try:
            holds = self.expression.execute(variables)
            words = "" if holds is True else self._message(variables)
        except FAILURES as error:
            holds, words = False, f"cannot be evaluated: {reason(error)}"
        if not isinstance(holds, bool):
            words = f"its expression gives {type(holds).__name__}, not true or false"
        if holds is not True:
            yield Said(self.rule.name, self.rule.severity, words)

    def _message(self, variables: cel.Context) -> str:
        if self.message is None:
            return self.rule.message
        found = self.message.execute(variables)
        return found if isinstance(found, str) else self.rule.message or str(found)


def conditions(name: str, text: str) -> list[Condition]:
    """Read a file of rules; Rejected names it, the line and the rule where something is wrong."""
    documents = manifests.read(text.encode(), name)
    found: list[Condition] = []
    for document in documents:
        if not isinstance(document.value, list):
            raise Rejected(f"{name}: line {document.line}: a file of CEL rules is a list of them")
    for line, value in zip(_lines(text), (one for document in documents for one in document.value), strict=True):
        where = f"{name}: line {line}"
        rule = _rule(value, where)
        if any(rule.name == other.rule.name for other in found):
            raise Rejected(f"{where}: there are two rules {rule.name!r}")
        message = program(rule.message_expression, f"{where}: {rule.name}: messageExpression")
        expression = program(rule.expression or "?", f"{where}: {rule.name}: expression")
        if expression is not None:
            found.append(Condition(rule, expression, message))
    return found


def context(subject: Mapping[str, Any]) -> cel.Context:
    """Return what expressions see of an object."""
    made = cel.Context({name: subject.get(name) for name in VARIABLES})
    add_stdlib_to_context(made)
    return made


def program(expression: str, where: str) -> cel.Program | None:
    """Return an expression ready to be asked, None of an empty one; Rejected begins with `where`."""
    if not expression:
        return None
    try:
        return cel.compile(expression)
    except FAILURES as error:
        raise Rejected(f"{where}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return an engine's words on one line, without the drawing of where it is."""
    if isinstance(error, KeyError):
        return f"no such key: {error.args[0] if error.args else ''}"
    words = str(error).partition("\n")[0]
    return words.partition(". Check that")[0].partition(". CEL does not")[0]


def _rule(value: Any, where: str) -> Rule:
    try:
        return Rule.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Rejected(f"{where}: {f'{field}: ' if field else ''}{first['msg']}") from error


def _lines(text: str) -> Iterator[int]:
    """Yield the line of each item of the lists that a file's documents are."""
    for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        if isinstance(node, yaml.SequenceNode):
            yield from (item.start_mark.line + 1 for item in node.value)


def _fits(text: str, globs: list[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs)
