"""The rules as a table for people: `docs/health.md` holds it."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc, isfunction
from itertools import groupby
from typing import Final

from bot.engine.health.conventions import Family, Rule
from bot.engine.health.rules import FAMILIES

_ARGO_CD: Final = "https://github.com/argoproj/argo-cd/tree/master/resource_customizations/"


def kinds_table() -> str:
    """Return every kind that something is known about as a Markdown table: group, kinds, rule, where it is from."""
    rows = [row for family in FAMILIES for row in _rows(family)]
    return "\n".join(["| group | kinds | rule | from |", "|---|---|---|---|", *rows])


def _rows(family: Family) -> Iterator[str]:
    source = family.source or f"{_ARGO_CD}{family.group}"
    said = source.removeprefix("https://").partition("/")[0]
    named = sorted(family.kinds, key=lambda kind: _words(family.kinds[kind]))
    for words, kinds in groupby(named, key=lambda kind: _words(family.kinds[kind])):
        listed = ", ".join("every kind" if kind == "*" else kind for kind in sorted(kinds))
        yield f"| {f'`{family.group}`' if family.group else 'core'} | {listed} | {words} | [{said}]({source}) |"


def _words(rule: Rule) -> str:
    if not isfunction(rule):
        return str(rule)
    first = (getdoc(rule) or "").partition("\n")[0]
    return first.removesuffix(".")
