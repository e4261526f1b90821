"""Predict what a change does to the clusters: render both sides, ask for dry runs, attribute."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from bot.engine.coming import decides
from bot.engine.diff.equality import same
from bot.engine.tracking import hijacked, owner_of
from bot.errors import Rejected
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.dangers import Foreseen, with_dangers
from bot.prediction.desired import Desired, Sides, Wanted
from bot.prediction.estimates import Estimates, defined_elsewhere, within_quotas
from bot.prediction.forecast import Forecast
from bot.prediction.moved import with_moves
from bot.prediction.policies import Judged, Policies, Verdict, facts_of_change
from bot.prediction.questions import Question, Questions
from bot.prediction.recorded import recorded
from bot.preview.attribution import Attribution
from bot.preview.needs import Proof
from bot.preview.redaction import Redactor, secrets_of
from bot.preview.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.cluster.clusters import Clusters
    from bot.cluster.objects import Cluster
    from bot.cluster.writing import Writer
    from bot.model.applications import Application
    from bot.prediction.desired import Sources
    from bot.prediction.questions import Identity
    from bot.preview.affected import Candidate

    _Hidden = Callable[[], frozenset[str]]


_CASCADE: Final = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """How a report names the change."""

    change: str
    base_branch: str
    base_sha: str
    head_sha: str

    @property
    def facts(self) -> JsonObject:
        """What rules see of the change."""
        return facts_of_change(
            self.change, base_branch=self.base_branch, base_sha=self.base_sha, head_sha=self.head_sha
        )


@dataclass(frozen=True, slots=True)
class Predicted:
    """A report for people, and the same in a form that a later sync can be compared with."""

    report: Report
    forecast: Forecast


@dataclass(slots=True)
class _Work:
    """One application while it is being predicted."""

    candidate: Candidate
    base: Desired
    head: Desired
    states: dict[ResourceKey, ResourceStates] = field(default_factory=dict)

    @property
    def application(self) -> Application:
        return self.candidate.either

    @property
    def failure(self) -> str:
        if self.head.failure or self.candidate.head is not None:
            return self.head.failure
        return f"as the target branch has it: {self.base.failure}" if self.base.failure else ""

    @property
    def repair(self) -> tuple[str, ...]:
        """What is to be known when only the target branch cannot be rendered: the change may be what mends it."""
        if not self.base.failure or self.failure:
            return ()
        return (f"compared with the cluster, because the target branch cannot be rendered: {self.base.failure}",)

    def altered(self) -> Iterator[tuple[ResourceKey, JsonObject]]:
        """Yield what the merge result has and the target branch has not, or not so."""
        base = self.base.targets.objects
        for key, manifest in self.head.targets.objects.items():
            if key not in base or not same(base[key], manifest):
                yield key, manifest

    def altered_rules(self) -> Iterator[ResourceKey]:
        """Yield what decides about other objects and is to decide otherwise."""
        base = self.base.targets.objects
        for key, manifest in self.altered():
            if not same(decides(base.get(key)), decides(manifest)):
                yield key

    def at_once(self) -> Iterator[Question]:
        """Yield of what is altered that of which a sync sends the same whatever is live, as far as anybody knows."""
        for key, manifest in self.altered():
            question = Question.of(key, self.head)
            if not self.head.ignored.keeps(manifest) and not question.how.depends_on_live:
                yield question

    def questions(self, live: Mapping[ResourceKey, JsonObject]) -> Iterator[Question]:
        """Yield what there is to be known of the objects of both sides."""
        for side in (self.base, self.head):
            for key in side.targets.objects:
                yield Question.of(key, side, live.get(key))

    def refuse_shared(self, live: Mapping[ResourceKey, JsonObject], *, instance: str) -> None:
        """Give up on what a sync would not even begin, as it shares an object with another application."""
        if self.candidate.head is None:
            return
        objects = (live[key] for key in self.head.targets.objects if key in live)
        if words := self.head.writes.shared(self.candidate.head, instance, objects):
            self.head = self.head.failed(words)


class Predictor:
    """Predicts; safe to use from threads."""

    def __init__(
        self, sources: Sources, clusters: Clusters, *, control_namespace: str, mass_deletion_percent: int = 100
    ) -> None:
        self._sources = sources
        self._clusters = clusters
        self._control_namespace = control_namespace
        self._mass_deletion_percent = mass_deletion_percent
        self.policies: Path | None = None
        """A folder with the operator's own rules, which hold whatever the base branch says."""

    def predict(
        self, candidates: Sequence[Candidate], sides: Sides, *, words: ChangeWords, considered: int
    ) -> Predicted:
        """Predict what merging does to the applications `candidates`; `considered` is how many were looked at in all.

        Raises Temporary when a cluster or repository cannot be reached now.
        """
        started = time.monotonic()
        work = self._rendered(candidates, sides)
        for cluster, members in self._by_cluster(work).items():
            _predict_in(self._clusters.writer(cluster), members, control_namespace=self._control_namespace)
        redactor = Redactor(secrets.token_bytes(32))
        hidden = cache(lambda: secrets_of(_all_objects(work)))
        applications = self._judged(work, [self._application_report(one, redactor, hidden) for one in work], hidden)
        forecast = Forecast.of(
            {one.application.name: one.states for one in work},
            applications,
            {one.application.name: one.head.ignored for one in work},
        )
        rules = Policies(words.facts, redactor, hidden).of(sides.base, self.policies)
        verdict = self._ruled(work, applications, rules)
        report = Report(
            change=words.change,
            base_branch=words.base_branch,
            base_sha=words.base_sha,
            head_sha=words.head_sha,
            applications=verdict.applications,
            considered=considered,
            plan=_plan(applications, forecast),
            clusters=tuple(f"{cluster.name} ({cluster.discovery.version})" for cluster in self._by_cluster(work)),
            seconds=time.monotonic() - started,
            broken_policies=verdict.broken,
        )
        return Predicted(report, forecast)

    def _rendered(self, candidates: Sequence[Candidate], sides: Sides) -> list[_Work]:
        """Render both sides of every candidate in one batch; a side without the application wants nothing."""
        wanted = [
            Wanted(application, tree)
            for candidate in candidates
            for application, tree in ((candidate.base, sides.base), (candidate.head, sides.head))
            if application is not None
        ]
        answers = iter(self._sources.desired(wanted))
        nothing = Desired.nothing()
        return [
            _Work(
                candidate,
                base=next(answers) if candidate.base is not None else nothing,
                head=next(answers) if candidate.head is not None else nothing,
            )
            for candidate in candidates
        ]

    def _by_cluster(self, work: Iterable[_Work]) -> dict[Cluster, list[_Work]]:
        groups: dict[Cluster, list[_Work]] = defaultdict(list)
        for one in work:
            if not one.failure:
                groups[self._clusters.at(one.application.spec.destination)].append(one)
        return groups

    def _judged(
        self, work: Sequence[_Work], reports: Sequence[ApplicationReport], hidden: _Hidden
    ) -> tuple[ApplicationReport, ...]:
        clusters = {id(one): cluster for cluster, members in self._by_cluster(work).items() for one in members}
        told = with_moves([(report, one.states) for one, report in zip(work, reports, strict=True)])
        foreseen = [Foreseen(report, one.states, clusters.get(id(one))) for one, report in zip(work, told, strict=True)]
        return with_dangers(foreseen, percent=self._mass_deletion_percent, hidden=hidden)

    def _ruled(self, work: Sequence[_Work], reports: Sequence[ApplicationReport], rules: Policies) -> Verdict:
        versions = {id(one): at.discovery.version for at, members in self._by_cluster(work).items() for one in members}
        return rules.judge(
            [
                Judged(one.application, report, one.states, versions.get(id(one), ""))
                for one, report in zip(work, reports, strict=True)
            ]
        )

    def _application_report(self, work: _Work, redactor: Redactor, hidden: _Hidden) -> ApplicationReport:
        application = work.application
        spec = application.spec
        attribution = Attribution(
            instance=application.instance(self._control_namespace),
            # An Application that goes away leaves its objects, as with Argo CD without a finalizer.
            prunes=work.candidate.head is not None and spec.prunes,
            writes=work.head.writes if work.candidate.head is not None else work.base.writes,
            base_writes=work.base.writes,
            redactor=redactor,
            hidden=hidden,
            ignored=work.base.ignored,
        )
        failure = work.failure
        try:
            reports = [attribution.report(states) for states in work.states.values()]
        except Rejected as error:  # an object that cannot be shown is its application's failure, not the whole change's
            reports, failure = [], error.message
        notes = (*work.head.targets.warnings, *work.repair, *_farewell(work.candidate))
        return ApplicationReport(
            name=application.name,
            namespace=application.namespace,
            cluster=self._clusters.name_of(spec.destination),
            target_namespace=spec.destination.namespace,
            resources=tuple(_worth_telling(reports)),
            failure=scrub(failure, hidden()) if failure else "",
            change=_change_of(work.candidate),
            automated=spec.automated,
            notes=tuple(scrub(note, hidden()) for note in notes),
        )


def _predict_in(writer: Writer, work: Sequence[_Work], *, control_namespace: str) -> None:
    """Fill in the states of every object of these applications, which all live in one cluster.

    What the change alters is asked at once. Whether the rest has to be asked takes the live objects to tell; they are
    read meanwhile.
    """
    cluster, questions = writer.cluster, Questions(writer)
    with ThreadPoolExecutor(3, thread_name_prefix="look") as beside:
        mutates = beside.submit(cluster.admission_mutates)
        quotas = beside.submit(cluster.quotas)
        reading = beside.submit(cluster.live, _everything(work))
        questions.ask([question for one in work for question in one.at_once()])
        live = reading.result()
        proof = Proof(manager=cluster.manager, admission_mutates=mutates.result())
    for one in work:
        one.base, one.head = one.base.sent(live), one.head.sent(live)
        one.refuse_shared(live, instance=one.application.instance(control_namespace))
    questions.ask(
        [question for one in work for question in one.questions(live) if not questions.spares(question, proof)]
    )
    answers = questions.answered()
    estimates = Estimates(
        lambda: {one.application.name: list(one.head.targets.objects.values()) for one in work},
        [(one.application.name, key) for one in work for key in one.altered_rules()],
    )
    for one in work:
        if one.failure:
            continue
        name, instance = one.application.name, one.application.instance(control_namespace)
        states = _states(one, live, answers, instance=instance)
        settled = {key: estimates.settled(found, name) for key, found in states.items()}
        one.states = defined_elsewhere(settled, base=one.base.writes, head=one.head.writes)
    within_quotas((one.states for one in work), estimates.unaltered(quotas.result()), cluster)


def _states(
    work: _Work, live: Mapping[ResourceKey, JsonObject], answers: Mapping[Identity, Prediction], *, instance: str
) -> dict[ResourceKey, ResourceStates]:
    def answer(key: ResourceKey, side: Desired) -> Prediction | None:
        if key not in side.targets.objects:
            return None
        words = hijacked(live.get(key), instance)
        if not words:
            return answers[Question.of(key, side, live.get(key)).identity]
        refusal = Refusal(words, code=HTTPStatus.FORBIDDEN, reason="Forbidden")
        return Prediction(side.targets.objects[key], None, refusal=refusal)

    base, head = work.base.targets.objects, work.head.targets.objects
    known = recorded(work.application)
    keys = [*head, *(key for key in base if key not in head)]
    states = {
        key: ResourceStates(
            key=key,
            live=live.get(key),
            base=answer(key, work.base),
            head=answer(key, work.head),
            recorded=key in known,
        )
        for key in keys
    }
    extraneous = (key for key in known if key not in states and key in live)
    states.update({key: ResourceStates(key, live[key], None, None) for key in extraneous if owner_of(live[key])})
    return states


def _everything(work: Iterable[_Work]) -> list[JsonObject]:
    """Return something with a name for every object to be read: targets of both sides, and what was managed last."""
    named: list[JsonObject] = []
    for one in work:
        named.extend(one.base.targets.objects.values())
        named.extend(one.head.targets.objects.values())
        named.extend(recorded(one.application).values())
    return named


def _all_objects(work: Iterable[_Work]) -> list[JsonObject]:
    objects: list[JsonObject] = []
    for one in work:
        for states in one.states.values():
            objects.extend(side.manifest for side in (states.base, states.head) if side is not None)
            objects.extend(one for one in (states.live, states.ending) if one is not None)
    return objects


def _farewell(candidate: Candidate) -> tuple[str, ...]:
    """Say what becomes of an application that the change removes, when its finalizer asks for more."""
    gone = candidate.base if candidate.head is None else None
    if gone is None or not any(name.startswith(_CASCADE) for name in gone.finalizers):
        return ()
    return (f"its finalizer {_CASCADE} asks for its objects to be deleted first, which Foresail leaves to a person",)


def _change_of(candidate: Candidate) -> Action:
    if candidate.base is None:
        return Action.CREATE
    if candidate.head is None:
        return Action.PRUNE
    return Action.NOTHING if candidate.base.spec == candidate.head.spec else Action.CHANGE


def _worth_telling(resources: Iterable[ResourceReport]) -> list[ResourceReport]:
    """Leave out what neither the change nor a sync touches, and sort the rest by name."""
    told = [one for one in resources if one.affected or one.drift is not Action.NOTHING or one.note]
    return sorted(told, key=lambda one: one.key)


def _plan(applications: Iterable[ApplicationReport], forecast: Forecast) -> str:
    """Name the predicted operations: the same plan for the same operations and results, whoever predicts them."""
    digest = hashlib.sha256()
    for application in applications:
        for one in application.resources:
            result = forecast.digest(application.name, one.key)
            digest.update(orjson.dumps([application.name, str(one.key), one.action, bool(one.failure), result]))
    return digest.hexdigest()[:8]
