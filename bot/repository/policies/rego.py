"""Rules in Rego, on rego-cpp: packages `main` as conftest has it, `foresail` and `foresail.application`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import regopy
from regopy import rego_shared

from bot.errors import Rejected
from bot.repository.policies.answers import Said
from bot.repository.policies.modules import Module, line_at, read

CONFTEST: Final = "main"
OBJECT: Final = "foresail"
APPLICATION: Final = "foresail.application"
_ERROR: Final = re.compile(r"\(error \d+:(?P<file>[^|]*)\|(?P<place>\d+)\|\d+\s*\(errormsg ")
_WORDS: Final = re.compile(r"\(errormsg (\d+):")
_FAILED: Final = "evaluation fails: rules give different values for the same, or compute too much"
_SEVERITIES: Final = {"deny": "deny", "violation": "deny", "warn": "warn"}


@dataclass(frozen=True, slots=True)
class Package:
    """The rules of one package, ready to be asked."""

    interpreter: regopy.Interpreter
    bundle: regopy.Bundle
    name: str
    rules: tuple[str, ...]
    files: tuple[str, ...]

    def ask(self, document: Any) -> Iterator[Said]:
        """Yield what the rules say about an input document; Rejected when they cannot be evaluated."""
        rego_shared.rego_set_input_term(self.interpreter._impl, orjson.dumps(document).decode())  # noqa: SLF001 - a Python value would be copied term by term
        output = rego_shared.rego_bundle_query(self.interpreter._impl, self.bundle._impl)  # noqa: SLF001 - its own wrapper raises JSON errors for words
        try:
            ok, written = rego_shared.rego_output_ok(output), rego_shared.rego_output_string(output)
        finally:
            rego_shared.rego_free_output(output)
        bindings = _bindings(written) if ok else None
        if bindings is None:
            raise Rejected(f"{', '.join(self.files)}: {_words(written) or _FAILED}")
        values = {rule: bindings.get(f"r{number}", []) for number, rule in enumerate(self.rules)}
        excepted = set(_excepted(values.get("exception", [])))
        for rule, found in values.items():
            severity = _SEVERITIES.get(rule.partition("_")[0])
            if severity is not None and rule.partition("_")[2] not in excepted:
                said = (words for one in found for words in self._each(rule, one))
                yield from (Said(f"{self.name}.{rule}", severity, words) for words in said)

    def _each(self, rule: str, value: Any) -> Iterator[str]:
        """Yield the messages in a rule's value: a set, a mapping to true, or one message."""
        if isinstance(value, dict) and "msg" not in value:
            value = [_key(key) for key, there in value.items() if there is True]
        for one in value if isinstance(value, list) else [value]:
            message = one.get("msg") if isinstance(one, dict) else one
            if message is True:
                message = f"{self.name}.{rule} holds"
            if message is False:
                continue
            if not isinstance(message, str):
                raise Rejected(f"{', '.join(self.files)}: {self.name}.{rule} gives something that is no message")
            yield message


def packages(files: Mapping[str, str]) -> dict[str, Package]:
    """Return the packages that have something to ask, by name; Rejected names file and line of what is wrong."""
    if not files:
        return {}
    known = regopy.Interpreter()
    modules = read(files, is_builtin=known.is_builtin)
    found = {}
    for name in (CONFTEST, OBJECT, APPLICATION):
        own = [module for module in modules if module.package == name and module.rules]
        if own:
            found[name] = _package(name, own, modules)
    if not found:
        raise Rejected(
            f"{', '.join(files)}: no deny, violation or warn in a package {CONFTEST}, {OBJECT} or {APPLICATION}"
        )
    return found


def _package(name: str, own: list[Module], modules: list[Module]) -> Package:
    rules = tuple(dict.fromkeys(rule for module in own for rule in module.rules))
    interpreter = regopy.Interpreter()
    interpreter.log_level = regopy.LogLevel.NONE
    try:
        for module in modules:
            interpreter.add_module(module.name, module.text)
        query = "; ".join(f"r{number} = [x | x := data.{name}.{rule}]" for number, rule in enumerate(rules))
        bundle = interpreter.build(query)
    except regopy.RegoError as error:
        raise Rejected(_place(str(error), {module.name: module.text for module in modules})) from error
    return Package(interpreter, bundle, name, rules, tuple(module.name for module in own))


def _place(error: str, texts: Mapping[str, str]) -> str:
    found = _ERROR.search(error)
    if found is None or found["file"] not in texts:
        return f"{', '.join(texts)}: {_words(error) or 'not Rego'}"
    line = line_at(texts[found["file"]], int(found["place"]))
    return f"{found['file']}: line {line}: {_words(error[found.start() :])}"


def _words(error: str) -> str:
    found = _WORDS.search(error)
    return error[found.end() : found.end() + int(found[1])] if found else ""


def _bindings(written: str) -> dict[str, Any] | None:
    """Read what the engine writes; None for an error, which is text that is no JSON."""
    try:
        answer = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    bindings = answer.get("bindings") if isinstance(answer, dict) else None
    return bindings if isinstance(bindings, dict) else None


def _key(key: str) -> Any:
    """Return what a mapping's key was before it became text."""
    try:
        value = orjson.loads(key)
    except orjson.JSONDecodeError:
        return key
    return value if isinstance(value, dict) else key


def _excepted(values: list[Any]) -> Iterator[str]:
    """Yield the rules, without `deny_`, that conftest's `exception` takes out."""
    for value in values:
        for names in value if isinstance(value, list) else []:
            yield from (name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str))
