"""Predict what a change does to the clusters: render both sides, ask for dry runs, attribute."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson

from bot.engine.tracking import hijacked, owner_of
from bot.errors import Rejected
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.away import away
from bot.prediction.dangers import Foreseen, with_dangers
from bot.prediction.desired import Desired, Wanted
from bot.prediction.estimates import Estimates, defined_elsewhere, of_the_merge, within_quotas
from bot.prediction.forecast import Forecast
from bot.prediction.holds import holds_of
from bot.prediction.lasting import Recollection, Told
from bot.prediction.looks import begin_all
from bot.prediction.moved import with_moves
from bot.prediction.policies import Judged, Policies, Ruling, facts_of_change
from bot.prediction.questions import Question, Questions
from bot.prediction.trees import Sides
from bot.prediction.work import Work
from bot.preview.attribution import Attribution
from bot.preview.needs import Proof
from bot.preview.redaction import Redactor
from bot.preview.scrub import scrub
from bot.preview.telling import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.cluster.clusters import Clusters
    from bot.cluster.objects import Cluster
    from bot.cluster.writing import Writer
    from bot.prediction.lasting import Kept, Lasting
    from bot.prediction.looks import Ahead
    from bot.prediction.questions import Identity
    from bot.prediction.sources import Sources
    from bot.preview.affected import Candidate

    _Hidden = Callable[[], frozenset[str]]
    _Members = dict[Cluster, list[Work]]


_SEVERAL: Final = 2
"""Applications from which on something is kept: a push to a change about one application usually touches just that."""


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
    versions: Mapping[str, str]
    """Of each live object that was looked at, by its name in its application (`bot.preview.telling`)."""


class Predictor:
    """Predicts; safe to use from threads."""

    def __init__(self, sources: Sources, clusters: Clusters, *, mass_deletion_percent: int = 100) -> None:
        self._sources = sources
        self._clusters = clusters
        self._mass_deletion_percent = mass_deletion_percent
        self.policies: Path | None = None
        """A folder with the operator's own rules, which hold whatever the base branch says."""
        self.lasting: Lasting | None = None
        """Where predictions are kept from one preview to the next; None: each is made anew."""

    def ask_ahead(self, change: str) -> Ahead:
        """Begin to ask what a preview of `change` will ask, by what its last one did; the answers come meanwhile."""
        return begin_all(self.lasting.looked_at(change), self.lasting.now) if self.lasting else {}

    def predict(
        self,
        candidates: Sequence[Candidate],
        sides: Sides,
        *,
        words: ChangeWords,
        considered: int,
        ahead: Ahead = MappingProxyType({}),
    ) -> Predicted:
        """Predict what merging does to the applications `candidates`; `considered` is how many were looked at in all.

        `ahead`: what was asked by `ask_ahead`.

        Raises Temporary when a cluster or repository cannot be reached now.
        """
        started, redactor, work = time.monotonic(), Redactor(secrets.token_bytes(32)), list[Work]()
        hidden = cache(lambda: frozenset[str]().union(*(one.secrets for one in work)))
        rules = Policies(words.facts, redactor, hidden).of(sides.base, self.policies)
        untold = away(self._clusters, candidates)
        reached = [one for one in candidates if one.either.name not in untold]
        recalled = self._recalled(reached, sides, rules, ahead)
        work.extend([*untold.values(), *self._fresh(reached, sides, recalled)])
        clusters = self._answered(work)
        reports = [self._application_report(one, redactor, hidden) for one in work]
        applications = self._judged(work, reports, clusters, hidden)
        verdict = _ruled(work, applications, clusters, rules)
        by_name = _all_told(work, applications, verdict.applications)
        told = {at: [by_name[one.application.name] for one in members] for at, members in clusters.items()}
        recalled.keep(words.change, told)
        whole = recalled.joined(candidates, by_name)
        report = Report(
            change=words.change,
            base_branch=words.base_branch,
            base_sha=words.base_sha,
            head_sha=words.head_sha,
            applications=tuple(one.report for one in whole),
            considered=considered,
            plan=hashlib.sha256(b"".join(one.plan for one in whole)).hexdigest()[:8],
            clusters=_named([*clusters, *recalled.clusters]),
            seconds=time.monotonic() - started,
            broken_policies=verdict.broken,
            reused=len(recalled.held),
            reused_from=recalled.since,
            read=self._read(candidates, sides),
        )
        return Predicted(report, Forecast.joined(whole), _versions(whole))

    def _recalled(self, candidates: Sequence[Candidate], sides: Sides, rules: Policies, ahead: Ahead) -> Recollection:
        """Find what need not be predicted anew; nothing where rules look, as those may look at the change itself."""
        if self.lasting is None or rules.sets or len(candidates) < _SEVERAL:
            return Recollection()
        recalled = Recollection.of(self.lasting, candidates, sides, self._sources, ahead)
        places: dict[Cluster, list[str]] = defaultdict(list)
        for one in candidates:
            with suppress(Rejected):  # a destination that is none of ours is told as the application's failure
                if one.either.name in recalled.names:
                    places[self._sources.cluster_of(one.either)].append(one.either.name)
        for cluster, names in places.items():
            recalled.look(cluster, names)
        return recalled

    def _fresh(self, candidates: Sequence[Candidate], sides: Sides, recalled: Recollection) -> list[Work]:
        """Render what is to be predicted anew: everything, once some of it can matter to what was kept."""
        work = self._rendered([one for one in candidates if one.either.name not in recalled.held], sides)
        if recalled.held and any(one.disturbs for one in work):
            recalled.held.clear()
            work = self._rendered(candidates, sides)
        return work

    def _rendered(self, candidates: Sequence[Candidate], sides: Sides) -> list[Work]:
        """Render both sides of every candidate in one batch; a side without the application wants nothing."""
        wanted = [
            Wanted(application, tree, merges=tree is sides.head, predicts=True)
            for candidate in candidates
            for application, tree in ((candidate.base, sides.base), (candidate.head, sides.head))
            if application is not None
        ]
        answers = iter(self._sources.desired(wanted))
        nothing = Desired.nothing()
        return [
            Work(
                candidate,
                base=next(answers) if candidate.base is not None else nothing,
                head=next(answers) if candidate.head is not None else nothing,
            )
            for candidate in candidates
        ]

    def _read(self, candidates: Sequence[Candidate], sides: Sides) -> str:
        """Name what is rendered of the two states; commits that change nothing of it make no other name."""
        words = [
            f"{application.name} {read}"
            for candidate in candidates
            for application, tree in ((candidate.base, sides.base), (candidate.head, sides.head))
            if application is not None
            for read in self._sources.read(application, tree)
        ]
        return hashlib.sha256("\0".join(words).encode()).hexdigest()

    def _answered(self, work: Sequence[Work]) -> _Members:
        """Have each cluster asked what it would make of its part, and return of what it has answered."""
        for cluster, members in self._by_cluster(work).items():
            _predict_in(self._clusters.writer(cluster), members)
        return self._by_cluster(work)

    def _by_cluster(self, work: Iterable[Work]) -> _Members:
        groups: dict[Cluster, list[Work]] = defaultdict(list)
        for one in work:
            if not one.failure:
                groups[self._sources.cluster_of(one.application)].append(one)
        return groups

    def _judged(
        self, work: Sequence[Work], reports: Sequence[ApplicationReport], clusters: _Members, hidden: _Hidden
    ) -> tuple[ApplicationReport, ...]:
        places = {id(one): cluster for cluster, members in clusters.items() for one in members}
        told = with_moves([(report, one.states) for one, report in zip(work, reports, strict=True)])
        foreseen = [Foreseen(report, one.states, places.get(id(one))) for one, report in zip(work, told, strict=True)]
        holds = not self._sources.by_argo_cd
        return with_dangers(foreseen, percent=self._mass_deletion_percent, holds=holds, hidden=hidden)

    def _application_report(self, work: Work, redactor: Redactor, hidden: _Hidden) -> ApplicationReport:
        application = work.application
        spec = application.spec
        attribution = Attribution(
            instance=application.instance,
            # An Application that goes away leaves its objects, unless its finalizer has them deleted.
            prunes=work.candidate.head is not None and spec.prunes,
            base_prunes=work.candidate.base is not None and work.candidate.base.spec.prunes,
            cascades=work.asks_for_all,
            writes=work.head.writes if work.candidate.head is not None else work.base.writes,
            base_writes=work.base.writes,
            redactor=redactor,
            hidden=hidden,
            ignored=work.base.ignored,
            lists=lambda obj: self._clusters.at(spec.destination).lists_of(obj),
        )
        failure = work.failure
        try:
            reports = [attribution.report(states) for states in work.states.values()]
        except Rejected as error:  # an object that cannot be shown is its application's failure, not the whole change's
            reports, failure = [], error.message
        notes = (*work.head.targets.warnings, *work.repair, *holds_of(application), *work.farewell, *work.emptied)
        return ApplicationReport(
            name=application.name,
            namespace=application.namespace,
            cluster=self._clusters.name_of(spec.destination),
            target_namespace=spec.destination.namespace,
            resources=tuple(_worth_telling(reports)),
            failure=scrub(failure, hidden()) if failure else "",
            change=_change_of(work.candidate),
            automated=application.automated,
            notes=tuple(scrub(note, hidden()) for note in notes),
        )


def _predict_in(writer: Writer, work: Sequence[Work]) -> None:
    """Fill in the states of every object of these applications, which all live in one cluster.

    What the change alters is asked at once. Whether the rest has to be asked takes the live objects to tell; they are
    read meanwhile.
    """
    cluster, questions = writer.cluster, Questions(writer)
    with ThreadPoolExecutor(3, thread_name_prefix="look") as beside:
        mutates = beside.submit(cluster.admission_mutates)
        quotas = beside.submit(cluster.quotas)
        reading = beside.submit(cluster.live, [obj for one in work for obj in one.looked_at])
        questions.ask([question for one in work for question in one.at_once()])
        live = reading.result()
        proof = Proof(manager=cluster.manager, admission_mutates=mutates.result())
    for one in work:
        one.base, one.head = one.base.sent(live), one.head.sent(live)
        one.refuse_shared(live, instance=one.application.instance)
    questions.ask(
        [question for one in work for question in one.questions(live) if not questions.spares(question, proof)]
    )
    answers = questions.answered()
    estimates = Estimates(
        lambda: {one.application.name: list(one.head.targets.objects.values()) for one in work},
        [(one.application.name, key) for one in work for key in one.altered_rules()],
        live,
    )
    for one in work:
        if one.failure:
            continue
        name, instance = one.application.name, one.application.instance
        states = _states(one, live, answers, instance=instance)
        settled = {key: estimates.settled(found, name) for key, found in states.items()}
        found = defined_elsewhere(settled, base=one.base.writes, head=one.head.writes)
        one.states = of_the_merge(found, one.head.of_the_commit)
    within_quotas((one.states for one in work), estimates.unaltered(quotas.result()), cluster)


def _states(
    work: Work, live: Mapping[ResourceKey, JsonObject], answers: Mapping[Identity, Prediction], *, instance: str
) -> dict[ResourceKey, ResourceStates]:
    def answer(key: ResourceKey, side: Desired) -> Prediction | None:
        if key not in side.targets.objects:
            return None
        words = hijacked(live.get(key), instance)
        if not words:
            found, varying = answers[Question.of(key, side, live.get(key)).identity], side.targets.varying.get(key)
            return replace(found, varying=varying) if varying else found
        refusal = Refusal(words, code=HTTPStatus.FORBIDDEN, reason="Forbidden")
        return Prediction(side.targets.objects[key], None, refusal=refusal)

    base, head = work.base.targets.objects, work.head.targets.objects
    known = work.recorded
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


def _change_of(candidate: Candidate) -> Action:
    if candidate.base is None:
        return Action.CREATE
    if candidate.head is None:
        return Action.PRUNE
    return Action.NOTHING if candidate.base.spec == candidate.head.spec else Action.CHANGE


def _worth_telling(resources: Iterable[ResourceReport]) -> list[ResourceReport]:
    """Leave out what neither the change nor a sync touches, and sort the rest by name."""
    told = [one for one in resources if one.affected or one.drift is not Action.NOTHING or one.note or one.rewritten]
    return sorted(told, key=lambda one: one.key)


def _ruled(work: Sequence[Work], reports: Sequence[ApplicationReport], clusters: _Members, rules: Policies) -> Ruling:
    versions = {id(one): at.discovery.version for at, members in clusters.items() for one in members}
    return rules.judge(
        [
            Judged(one.application, report, one.states, versions.get(id(one), ""))
            for one, report in zip(work, reports, strict=True)
        ]
    )


def _all_told(
    work: Sequence[Work], judged: Sequence[ApplicationReport], ruled: Sequence[ApplicationReport]
) -> dict[str, Told]:
    """Return what is told of each application, by name; forecast is what was judged, before users' own rules."""
    forecast = Forecast.of(
        {one.application.name: one.states for one in work},
        judged,
        {one.application.name: one.head.ignored for one in work},
    )
    return {report.name: _told(one, report, forecast) for one, report in zip(work, ruled, strict=True)}


def _told(work: Work, report: ApplicationReport, forecast: Forecast) -> Told:
    return Told(
        candidate=work.candidate,
        report=report,
        states=work.states,
        results=forecast.results.get(report.name, {}),
        grounds=forecast.grounds.get(report.name, {}),
        removals=forecast.removals.get(report.name, []),
        plan=_plan(report, forecast),
        hides=bool(work.secrets),
    )


def _named(clusters: Iterable[Cluster]) -> tuple[str, ...]:
    """Name each cluster once, with its version."""
    return tuple(f"{each.name} ({each.discovery.version})" for each in dict.fromkeys(clusters))


def _versions(whole: Iterable[Kept | Told]) -> dict[str, str]:
    return {named(one.report.name, key): version for one in whole for key, version in one.versions.items() if version}


def _plan(application: ApplicationReport, forecast: Forecast) -> bytes:
    """Name the predicted operations: the same for the same operations and results, whoever predicts them."""
    digest = hashlib.sha256()
    for one in application.resources:
        result = forecast.digest(application.name, one.key)
        digest.update(orjson.dumps([application.name, str(one.key), one.action, bool(one.failure), result]))
    return digest.digest()
