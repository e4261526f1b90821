"""Fields in which an application's objects may differ: `ignoreDifferences`, as Argo CD reads them.

Two things come of it. In a comparison such a field is taken out of both sides. And with the sync option
`RespectIgnoreDifferences=true` what is sent holds the live value of such a field, so that a sync does not write it
(`bot/engine/diff/respect.py`).

Expressions in jq are programs that others wrote. Not even `(.,.)|(.,.)|…` can be told from a harmless one by its words,
and libjq can neither be interrupted nor gives way to other threads. So they are evaluated elsewhere (`FindPaths`), in a
process that is ended after its time; here is only refused what is no path, reaches beyond the object, or loops.

Sources: argo-cd `util/argo/normalizers/diff_normalizer.go`, `util/argo/diff/{normalize,ignore}.go`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import yaml

from bot.engine.diff.managed import without_managed, without_owned
from bot.engine.diff.paths import Path, from_pointer, without, without_all
from bot.engine.diff.respect import keep_live
from bot.engine.globs import compiled
from bot.errors import Rejected
from bot.model.applications import IgnoreDifference
from bot.model.resources import group_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model.applications import Application
    from bot.model.resources import JsonObject

RESPECT: Final = "RespectIgnoreDifferences=true"
SETTING: Final = "resource.customizations.ignoreDifferences."
"""What the keys of `argocd-cm` begin with that say the same for every application."""

_LONGEST: Final = 1_000
"""Characters of an expression or a pointer."""
_MOST: Final = 500
"""Pointers, expressions and managers of one application."""

_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD: Final = re.compile(r"(?<![\w.$@])(?:\$?[A-Za-z_]\w*)")
_LOOPS: Final = ("def", "reduce", "foreach", "while", "until", "repeat", "range", "limit", "label", "recurse", "walk")
_OUTSIDE: Final = ("import", "include", "input", "inputs", "input_filename", "env", "$ENV", "$__prog_args", "now")
_EFFECTS: Final = ("debug", "stderr", "error", "halt", "halt_error", "modulemeta", "get_search_list")
_REFUSED: Final = frozenset((*_LOOPS, *_OUTSIDE, *_EFFECTS))
_OPENED: Final = {")": "(", "]": "[", "}": "{"}


class FindPaths(Protocol):
    """Where in an object a jq path expression leads; bounded in time and memory, whatever stands in either."""

    def __call__(self, expression: str, obj: JsonObject) -> Sequence[Path] | None:
        """Return the places; None when the expression fails on this object, so that it ignores nothing there.

        Raises Rejected with the reason when the expression cannot be used at all or takes too long.
        """


@dataclass(frozen=True, slots=True)
class _Pointer:
    where: str
    path: Path

    def applied(self, obj: JsonObject) -> JsonObject:
        taken: JsonObject = without(obj, self.path)
        return taken


@dataclass(frozen=True, slots=True)
class _Expression:
    where: str
    text: str
    find: FindPaths

    def applied(self, obj: JsonObject) -> JsonObject:
        try:
            found = self.find(self.text, obj)
        except Rejected as error:
            raise Rejected(f"{self.where}: {error.message}") from error
        taken: JsonObject = without_all(obj, found) if found else obj
        return taken


@dataclass(frozen=True, slots=True)
class _Rule:
    group: Any
    kind: Any
    name: str
    namespace: str
    steps: tuple[_Pointer | _Expression, ...]
    managers: frozenset[str]

    def names(self, obj: JsonObject) -> bool:
        metadata = metadata_of(obj)
        named = not self.name or self.name == metadata.get("name")
        return named and (not self.namespace or self.namespace == metadata.get("namespace"))


@dataclass(frozen=True)
class Ignored:
    """Which fields of one application's objects do not count in a comparison; safe to use from threads."""

    respected: bool = False
    """Whether syncs leave the live values of these fields: `RespectIgnoreDifferences=true`."""
    _rules: tuple[_Rule, ...] = ()
    _of_kind: dict[tuple[str, str], tuple[_Rule, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, application: Application, *, find: FindPaths, everywhere: Iterable[IgnoreDifference] = ()) -> Ignored:
        """Read what an application ignores, and what all ignore; Rejected names application, entry and expression."""
        spec = application.spec
        where = f"Application {application.name}: spec.ignoreDifferences"
        rules = [_rule(one, f"{where}[{index}]", find) for index, one in enumerate(spec.ignore_differences)]
        rules += [_rule(one, f"{SETTING}{one.group}_{one.kind}", find) for one in everywhere]
        if sum(len(rule.steps) + len(rule.managers) for rule in rules) > _MOST:
            raise Rejected(f"{where}: more than {_MOST} pointers, expressions and managers")
        return cls(spec.has_option(RESPECT), tuple(rules))

    @classmethod
    def respecting(cls, fields: Iterable[IgnoreDifference], *, where: str, find: FindPaths) -> Ignored:
        """Read fields of which whoever writes keeps the live values; Rejected names the entry in `where`."""
        return cls(respected=True, _rules=tuple(_rule(one, f"{where}[{n}]", find) for n, one in enumerate(fields)))

    def concerns(self, obj: JsonObject) -> bool:
        """Whether anything is said about this object; says nothing about its fields."""
        return bool(self._rules) and any(rule.names(obj) for rule in self._candidates(obj))

    def keeps(self, obj: JsonObject) -> bool:
        """Whether a sync may have to look at the live object before it knows what it sends for this one."""
        return self.respected and self.concerns(obj)

    def without(self, obj: JsonObject) -> JsonObject:
        """Return an object less its ignored fields, those of managers aside; the very same when it has none."""
        if not self._rules:
            return obj
        for rule in self._candidates(obj):
            if rule.names(obj):
                for step in rule.steps:
                    obj = step.applied(obj)
        return obj

    def compared(self, one: JsonObject, other: JsonObject, *, live: JsonObject | None) -> tuple[JsonObject, JsonObject]:
        """Return two states of an object less what is ignored between them; `live` tells who manages which field.

        A manager's field is only ignored where both states have it and differ.
        """
        if not self._rules:
            return one, other
        managers = self._managers(other)
        if managers and live is not None:
            one, other = without_managed(one, other, live=live, managers=managers)
        return self.without(one), self.without(other)

    def foretold(self, obj: JsonObject, *, live: JsonObject | None) -> JsonObject:
        """Return what can be foretold of an object: less the fields whose live values a sync keeps, whatever they are.

        `live` tells who manages which field. The very same object where syncs keep nothing.
        """
        if not self.respected or not self._rules:
            return obj
        managers = self._managers(obj)
        if managers and live is not None:
            obj = without_owned(obj, live=live, managers=managers)
        return self.without(obj)

    def sent(self, target: JsonObject, live: JsonObject | None) -> JsonObject:
        """Return what a sync applies for `target`: with the live values of ignored fields where they are respected.

        What is being deleted keeps nothing: the sync waits until it is gone, and creates it anew.
        """
        if live is None or not self.keeps(target) or metadata_of(live).get("deletionTimestamp"):
            return target
        cut_live, cut_target = self.compared(live, target, live=live)
        if cut_live is live and cut_target is target:
            return target
        return keep_live(target, live, cut_target=cut_target, cut_live=cut_live)

    def _managers(self, obj: JsonObject) -> set[str]:
        return {name for rule in self._candidates(obj) if rule.names(obj) for name in rule.managers}

    def _candidates(self, obj: JsonObject) -> tuple[_Rule, ...]:
        kind = (group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", "")))
        found = self._of_kind.get(kind)
        if found is None:
            found = tuple(
                rule for rule in self._rules if rule.group.fullmatch(kind[0]) and rule.kind.fullmatch(kind[1])
            )
            self._of_kind[kind] = found
        return found


def ignored_everywhere(settings: Mapping[str, str]) -> tuple[IgnoreDifference, ...]:
    """Read the entries of an `argocd-cm` that every application ignores; Rejected names the key.

    Source: argo-cd `util/settings/settings.go` (appendResourceOverridesFromSplitKeys).
    """
    found = []
    for key, text in sorted(settings.items()):
        if not key.startswith(SETTING):
            continue
        name = key.removeprefix(SETTING)
        group, underscore, kind = name.partition("_")
        group, kind = ("*", "*") if name == "all" else (group, kind) if underscore else ("", group)
        try:
            said = yaml.safe_load(text) or {}
            found.append(IgnoreDifference.model_validate({**said, "group": group, "kind": kind}))
        except (yaml.YAMLError, TypeError, ValueError) as error:
            raise Rejected(f"{key}: must hold jsonPointers, jqPathExpressions or managedFieldsManagers") from error
    return tuple(found)


def why_refused(expression: str) -> str:
    """Return why a jq expression is not even tried; empty when it is."""
    if len(expression) > _LONGEST:
        return f"it is longer than {_LONGEST:,} characters"
    bare = _TEXT.sub('""', expression)
    if '"' in bare.replace('""', "") or r"\(" in expression:
        return "text with values within is not a path"
    if "#" in bare:
        return "it holds a comment"
    words = sorted(_REFUSED.intersection(_WORD.findall(bare)))
    if words:
        return f"`{words[0]}` is not a path"
    return "" if _closes(bare) else "its brackets do not match"


def _closes(bare: str) -> bool:
    """Whether brackets match, so that the expression cannot end what it is put into."""
    opened: list[str] = []
    for character in bare:
        if character in "([{":
            opened.append(character)
        elif character in _OPENED and (not opened or opened.pop() != _OPENED[character]):
            return False
    return not opened


def _rule(one: IgnoreDifference, where: str, find: FindPaths) -> _Rule:
    return _Rule(
        group=_glob(one.group, f"{where}.group"),
        kind=_glob(one.kind, f"{where}.kind"),
        name=one.name,
        namespace=one.namespace,
        steps=(*_pointers(one.json_pointers, where), *_expressions(one.jq_path_expressions, where, find)),
        managers=frozenset(one.managed_fields_managers),
    )


def _pointers(texts: Iterable[str], where: str) -> Iterator[_Pointer]:
    for index, text in enumerate(texts):
        place = f"{where}.jsonPointers[{index}] {_quoted(text)}"
        if len(text) > _LONGEST:
            raise Rejected(f"{place}: it is longer than {_LONGEST:,} characters")
        try:
            yield _Pointer(place, from_pointer(text))
        except ValueError as error:
            raise Rejected(f"{place}: {error}") from error


def _expressions(texts: Iterable[str], where: str, find: FindPaths) -> Iterator[_Expression]:
    for index, text in enumerate(texts):
        expression = _Expression(f"{where}.jqPathExpressions[{index}] {_quoted(text)}", text, find)
        if reason := why_refused(text):
            raise Rejected(f"{expression.where}: {reason}")
        expression.applied({})
        yield expression


def _quoted(text: str) -> str:
    shown = text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - what fits on a line with its place
    return f"`{shown}`"


def _glob(pattern: str, where: str) -> Any:
    try:
        return compiled(pattern)
    except ValueError as error:
        raise Rejected(f"{where} {_quoted(pattern)}: {error}") from error
