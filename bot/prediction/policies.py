"""Ask users' own rules about what was predicted: facts without secret values go in, findings come back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.normalise import comparable
from bot.engine.hooks import is_hook
from bot.errors import Rejected
from bot.model.reports import Action
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.scrub import scrub
from bot.repository.policies.evaluator import Answer, evaluated
from bot.repository.policies.source import in_folder, in_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.model.applications import Application
    from bot.model.policies import Finding
    from bot.model.predictions import Prediction, ResourceStates
    from bot.model.reports import ApplicationReport, ResourceReport
    from bot.prediction.trees import Tree
    from bot.preview.redaction import Redactor
    from bot.repository.policies.source import PolicySet

_OPERATIONS: Final = {
    Action.CREATE: ("create", "CREATE"),
    Action.CHANGE: ("change", "UPDATE"),
    Action.REPLACE: ("replace", "UPDATE"),
    Action.PRUNE: ("delete", "DELETE"),
}
"""What rules are asked about: in our words, and in those of the API server's admission."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One application as it was predicted, with what rules may know of it."""

    application: Application
    report: ApplicationReport
    states: Mapping[ResourceKey, ResourceStates]
    version: str
    """The destination's Kubernetes version; empty when nothing could be predicted."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Reports with what the rules say, and what is wrong with the rules themselves."""

    applications: tuple[ApplicationReport, ...]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules of one change: those of its base branch, and the operator's."""

    change: JsonObject
    """What rules see of the change."""
    redactor: Redactor
    hidden: Callable[[], frozenset[str]]
    sets: tuple[PolicySet, ...] = ()
    whole: bool = field(default=False)
    """Whether some rule looks at all objects of an application."""

    def of(self, base: Tree, folder: Path | None) -> Policies:
        """Return the same with the rules that hold for a change to `base`; Rejected when a folder cannot be read."""
        found = [*([in_folder(folder)] if folder is not None else []), in_tree(base.mirror, base.tree_id)]
        sets = tuple(one for one in found if one.files or one.broken)
        return replace(self, sets=sets, whole=any(one.asks_for_all_objects for one in sets))

    def judge(self, judged: Sequence[Judged]) -> Ruling:
        """Return the reports, in their order, with findings; Temporary when nothing can be evaluated now."""
        reports = tuple(one.report for one in judged)
        asked = [number for number, one in enumerate(judged) if _touches(one)]
        if not self.sets or not asked:
            return Ruling(reports)
        broken: dict[str, None] = {}
        told = list(reports)
        requests = (self._request(judged[number], broken) for number in asked)
        for number, answer in zip(asked, evaluated(self.sets, requests), strict=True):
            told[number] = self._told(judged[number].report, answer)
            broken.update(dict.fromkeys(answer.broken))
        return Ruling(tuple(told), tuple(self._scrubbed(words) for words in broken))

    def _request(self, one: Judged, broken: dict[str, None]) -> JsonObject:
        facts = {
            "application": _facts(one.application),
            "change": self.change,
            "kubernetesVersion": one.version,
        }
        try:
            subjects = [self._subject(one.states[report.key], report) for report in _subjects(one)]
            objects = (
                [self._shown(state.head) for state in one.states.values() if _applied(state)] if self.whole else []
            )
        except Rejected as error:  # a rule must not pass what it has not seen
            broken[f"application {one.report.name}: {error.message}"] = None
            subjects, objects = [], []
        return {"facts": facts, "subjects": subjects, "objects": objects}

    def _subject(self, states: ResourceStates, report: ResourceReport) -> JsonObject:
        ours, theirs = _OPERATIONS[report.action]
        goes = report.action is Action.PRUNE
        before = states.live if goes or states.base is None else _result(states.base)
        # Before it is created there is none, whatever a sync of the target branch would make.
        old = None if report.action is Action.CREATE else before
        current = states.head.manifest if states.head is not None else states.live or {}
        kind = {
            "group": states.key.group,
            "version": str(current.get("apiVersion", "")).rpartition("/")[2],
            "kind": states.key.kind,
        }
        return {
            "operation": ours,
            "object": None if goes else self._shown(states.head),
            "oldObject": self._redacted(old),
            "request": {
                "operation": theirs,
                "kind": kind,
                "name": states.key.name,
                "namespace": states.key.namespace,
            },
        }

    def _shown(self, side: Prediction | None) -> JsonObject | None:
        return None if side is None else self._redacted(_result(side))

    def _redacted(self, obj: JsonObject | None) -> JsonObject | None:
        return None if obj is None else self.redactor.redact(comparable(obj))

    def _told(self, report: ApplicationReport, answer: Answer) -> ApplicationReport:
        """Put findings where they belong; those about no object that was asked about are the application's."""
        subjects = [one.key for one in report.resources if one.action in _OPERATIONS]
        found: dict[ResourceKey | None, list[Finding]] = {}
        for place, finding in answer.findings:
            key = subjects[place] if 0 <= place < len(subjects) else None
            words = self._scrubbed(finding.message)
            found.setdefault(key, []).append(replace(finding, policy=self._scrubbed(finding.policy), message=words))
        resources = (
            replace(one, findings=tuple(found[one.key])) if one.key in found else one for one in report.resources
        )
        return replace(report, resources=tuple(resources), findings=tuple(found.get(None, ())))

    def _scrubbed(self, words: str) -> str:
        return scrub(words, self.hidden())


def facts_of_change(change: str, *, base_branch: str, base_sha: str, head_sha: str) -> JsonObject:
    """Return what rules see of a change, `owner/name#12` (GitLab: `!12`); no number while nobody has opened one."""
    repository, _, number = change.replace("!", "#").rpartition("#")
    return {
        "repository": repository,
        "number": int(number) if number.isdecimal() else None,
        "base": {"branch": base_branch, "commit": base_sha},
        "head": {"commit": head_sha},
    }


def _facts(application: Application) -> JsonObject:
    destination = application.spec.destination
    return {
        "name": application.short_name,
        "namespace": application.namespace,
        "project": application.spec.project,
        "destination": {
            "name": destination.name,
            "server": destination.server,
            "namespace": destination.namespace,
        },
    }


def _touches(one: Judged) -> bool:
    return not one.report.failure and any(True for _ in _subjects(one))


def _subjects(one: Judged) -> Iterator[ResourceReport]:
    return (report for report in one.report.resources if report.action in _OPERATIONS)


def _applied(states: ResourceStates) -> bool:
    return states.head is not None and not is_hook(states.head.manifest)


def _result(side: Prediction) -> dict[str, Any]:
    """Return what a side becomes; what is refused is judged as it is written."""
    return side.manifest if side.result is None else side.result
