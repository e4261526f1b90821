"""The child's side: takes rules, then one application after the other, and answers what the rules say.

First request: `policies`, a list of folders, each a mapping of files; answer: `broken`. Every further request is an
application: `subjects` (what the change does to each object), `objects` (all of them, where a rule asks for that) and
`facts`, which stand beside them; answer: `findings`, `[subject or -1, policy, severity, message]`, and `broken`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected

if TYPE_CHECKING:
    from bot.repository.policies.answers import Said
    from bot.repository.policies.cel import Condition
    from bot.repository.policies.rego import Package

MOST_FINDINGS: Final = 1_000
"""Of one application; a rule that says more is at fault."""
LONGEST: Final = 1_000
"""Characters of one message."""
APPLICATION_ITSELF: Final = -1


@dataclass(slots=True)
class Evaluation:
    """The rules of every folder, ready to be asked."""

    folders: list[tuple[dict[str, Package], list[Condition]]] = field(default_factory=list)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Take rules, or answer what they say about an application."""
        if "policies" in request:
            broken: list[str] = []
            self.folders = [_loaded(files, broken) for files in request["policies"]]
            return {"broken": broken}
        findings: list[tuple[int, str, str, str]] = []
        broken = []
        for place, said in self._said(request, broken):
            if len(findings) == MOST_FINDINGS:
                name = request["facts"]["application"]["name"]
                broken.append(f"the rules say more than {MOST_FINDINGS:,} things about application {name}")
                break
            findings.append((place, said.policy, said.severity, said.message[:LONGEST]))
        return {"findings": findings, "broken": broken}

    def _said(self, request: Mapping[str, Any], broken: list[str]) -> Iterator[tuple[int, Said]]:
        facts = request["facts"]
        for packages, conditions in self.folders:
            for place, subject in enumerate(request["subjects"]):
                asked = {**subject, **facts}
                for said in _heard(_about_object(packages, conditions, asked), broken):
                    yield place, said
            if "foresail.application" in packages:
                asked = {"objects": request["objects"], **facts}
                for said in _heard(packages["foresail.application"].ask(asked), broken):
                    yield APPLICATION_ITSELF, said


def _about_object(
    packages: Mapping[str, Package], conditions: Iterable[Condition], subject: Mapping[str, Any]
) -> Iterator[Said]:
    if "main" in packages and subject["object"] is not None:
        yield from packages["main"].ask(subject["object"])
    if "foresail" in packages:
        review = {**subject["request"], "object": subject["object"], "oldObject": subject["oldObject"]}
        yield from packages["foresail"].ask({**subject, "review": review})
    if conditions:
        from bot.repository.policies.cel import context

        variables = context(subject)
        for condition in conditions:
            yield from condition.ask(subject, variables)


def _heard(said: Iterator[Said], broken: list[str]) -> Iterator[Said]:
    """Pass on what rules say until they cannot be evaluated."""
    try:
        yield from said
    except Rejected as error:
        if error.message not in broken:
            broken.append(error.message)


def _loaded(files: Mapping[str, str], broken: list[str]) -> tuple[dict[str, Package], list[Condition]]:
    """Make rules ready; what is wrong with a file leaves the others as they are, but for Rego, where all are one."""
    conditions: list[Condition] = []
    for name, text in files.items():
        if not name.endswith(".rego"):
            from bot.repository.policies import cel

            try:
                conditions.extend(cel.conditions(name, text))
            except Rejected as error:
                broken.append(error.message)
    packages: dict[str, Package] = {}
    modules = {name: text for name, text in files.items() if name.endswith(".rego")}
    if modules:
        from bot.repository.policies import rego

        try:
            packages = rego.packages(modules)
        except Rejected as error:
            broken.append(error.message)
    return packages, conditions
