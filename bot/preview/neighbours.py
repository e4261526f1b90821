"""Which other open changes touch what a change touches, as far as its readers may know of them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.model.reports import Action, Neighbour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.model.reports import Report, ResourceReport

_PLACE: Final = re.compile(r"^@@ ([^\n]{1,200}) @@$", re.MULTILINE)
_FIELDS: Final = 3
"""Fields of an object that are named."""


def touched(report: Report, *, repository: str) -> dict[str, bytes]:
    """Return by the name of each object that a change touches what others may be told about that, the gravest first."""
    found: list[tuple[bool, str, bytes]] = []
    for name, resource in _objects(report):
        places = list(dict.fromkeys(_PLACE.findall(resource.effect_diff)))[:_FIELDS]
        words = json.dumps({"repository": repository, "fields": places}).encode()
        found.append((resource.action is Action.CHANGE, name, words))
    return {name: words for _, name, words in sorted(found, key=lambda each: each[0])}


def neighbours(
    report: Report, others: Iterable[tuple[str, int, Mapping[str, bytes]]], *, repository: str
) -> tuple[Neighbour, ...]:
    """Return whom to tell of: `others` are names of objects, how many others touch each, and their names and words.

    Of changes in another repository, whose readers may be others, nothing is told but that there are some.
    """
    subjects = {name: str(resource.key) for name, resource in _objects(report)}
    here: dict[str, list[str]] = defaultdict(list)
    elsewhere, many = [], []
    for name, count, who in others:
        if name not in subjects:
            continue
        told = {change: _read(words) for change, words in who.items()}
        own = {change: fields for change, (of, fields) in told.items() if of == repository}
        for change, fields in own.items():
            here[change.removeprefix(repository)].append(_with(subjects[name], fields))
        if not who:
            many.append(f"{subjects[name]} ({count} changes)")
        elif len(own) < len(who):
            elsewhere.append(subjects[name])
    found = [Neighbour(change, tuple(here[change])) for change in sorted(here, key=lambda one: (len(one), one))]
    found += [Neighbour("", tuple(elsewhere))] if elsewhere else []
    return (*found, *([Neighbour("", tuple(many), many=True)] if many else []))


def _objects(report: Report) -> Iterator[tuple[str, ResourceReport]]:
    for application in report.applications:
        for resource in application.resources:
            if resource.action is not Action.NOTHING:
                yield f"{application.cluster} {resource.key.group}/{resource.key}", resource


def _read(words: bytes) -> tuple[str, list[str]]:
    kept = json.loads(words)
    return kept["repository"], kept["fields"]


def _with(subject: str, fields: list[str]) -> str:
    return f"{subject} ({', '.join(fields)})" if fields else subject
