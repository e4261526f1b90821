"""ApplicationSets: make their Applications what they generate, and write down what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applicationsets import ApplicationSets
from bot.engine.applicationsets import plan as planning
from bot.engine.applicationsets import status
from bot.engine.applicationsets.definition import REFRESH, ApplicationSet
from bot.engine.applicationsets.facts import NotKnownError
from bot.engine.applicationsets.forges import repository_of_changes
from bot.engine.applicationsets.generating import Generated, generated
from bot.engine.applicationsets.ownership import Belonging
from bot.engine.applicationsets.rollout import last_step, without_automation
from bot.engine.applicationsets.status import Outcome
from bot.engine.deletion import CASCADE
from bot.engine.diff.ignored import Ignored
from bot.errors import Rejected, Temporary
from bot.model.changes import repository_identity
from bot.model.jobs import generate
from bot.model.operations import timestamp
from bot.model.predictions import Refusal
from bot.model.resources import JsonObject, annotations_of, metadata_of
from bot.prediction.applicationsets import git_sources
from bot.prediction.generated import TreeFacts, cluster_facts, project_of_template
from bot.services import Services, listing
from bot.settings import Mode
from workers.changes.payloads import repository_in
from workers.rollouts import Rolling
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.engine.applicationsets.facts import Facts, ForgeFacts
    from bot.engine.applicationsets.plan import Plan
    from bot.model.changes import Repository
    from bot.model.jobs import JobRequest

_log = structlog.get_logger()

_NO_ROLLOUT: Final[JsonObject] = {"applicationStatus": []}
_LONGEST: Final = 600.0
"""Seconds after which somebody else may work on an ApplicationSet whose worker went silent."""


@job
def from_repository(services: Services, payload: JsonObject) -> None:
    """Have every ApplicationSet looked at that goes by what a repository holds, or by its open changes."""
    if services.settings.mode is Mode.PREVIEW:
        return
    repository = repository_in(payload)
    goes_by = _goes_by_changes if payload["changes"] else _may_read
    found = (one for one in services.applicationsets.all() if goes_by(one, repository))
    services.queue.enqueue(*(generate(_name(one)) for one in found))


def that_may_read(services: Services, repositories: frozenset[str]) -> list[JobRequest]:
    """Ask for each ApplicationSet that goes by what one of these repositories (identities) holds."""
    return [generate(_name(one)) for one in services.applicationsets.all() if _names(one, repositories)]


def _may_read(applicationset: JsonObject, repository: Repository) -> bool:
    return _names(applicationset, frozenset({repository_identity(repository.clone_url)}))


def _names(applicationset: JsonObject, repositories: frozenset[str]) -> bool:
    return any("{{" in url or repository_identity(url) in repositories for url, _ in git_sources(applicationset))


def _goes_by_changes(applicationset: JsonObject, repository: Repository) -> bool:
    paths = _places_of_changes(applicationset)
    return any("{{" in path or path.lower() == repository.full_name.lower() for path in paths)


def _places_of_changes(applicationset: JsonObject) -> list[str]:
    """Return the repositories whose changes an ApplicationSet goes by, templates and all."""
    found = []
    with suppress(Rejected, NotKnownError):
        for kind, generator in ApplicationSet.parse(applicationset).kinds():
            if kind == "pullRequest":
                found.append(repository_of_changes(generator).path)
    return found


@job
def run(services: Services, payload: JsonObject) -> None:
    """Look at one ApplicationSet; one at a time does, since an older look must not undo what a newer one did."""
    with _alone_with(services, payload) as found:
        if found is not None and metadata_of(found).get("deletionTimestamp"):
            _let_go(services.applicationsets, found)
        elif found is not None:
            _Look(services, found).work()


@job
def report(services: Services, payload: JsonObject) -> None:
    """Write down what the Applications of one ApplicationSet are like; nothing is generated for that."""
    with _alone_with(services, payload) as found:
        if found is not None:
            _Look(services, found).tell()


@contextmanager
def _alone_with(services: Services, payload: JsonObject) -> Iterator[JsonObject | None]:
    """Read an ApplicationSet, None where there is nothing to do, and let nobody else work on it meanwhile."""
    name = str(payload["applicationset"])
    if services.settings.mode is Mode.PREVIEW:
        yield None
        return
    with (
        structlog.contextvars.bound_contextvars(applicationset=name),
        services.locks.hold(f"ApplicationSet {name}", seconds=_LONGEST),
    ):
        yield services.applicationsets.get(name)


@dataclass
class _Look:
    """One look at one ApplicationSet."""

    services: Services
    applicationset: JsonObject

    @property
    def name(self) -> str:
        return str(metadata_of(self.applicationset)["name"])

    def work(self) -> None:
        """Generate, bring the Applications there, and write down how that went; nothing is deleted for an error."""
        try:
            found = generated(self.applicationset, self.facts(listing(self.services)))
            plan = self.plan(found)
        except (Rejected, Temporary) as error:
            self.tell(Outcome((error.message,), status.GENERATION_FAILED, generated=False))
            if isinstance(error, Temporary):
                raise
            return
        refusals = self.carry_out(plan)
        rollout = Rolling(self.services, self.applicationset, found) if found.steps else None
        self.tell(_outcome(found, plan, refusals), rollout.status() if rollout is not None else _NO_ROLLOUT)
        if rollout is not None:
            rollout.begin()
        self.answer_refresh()
        if plan.creates or plan.updates or plan.deletes:
            _log.info(
                "applicationset carried out",
                created=len(plan.creates),
                updated=len(plan.updates),
                deleted=len(plan.deletes),
                refused=len(refusals),
            )

    def facts(self, forge: ForgeFacts) -> Facts:
        """Return what generators ask, as the world is now."""
        services = self.services
        clusters = partial(cluster_facts, services.control, services.settings.control_namespace)
        project = project_of_template(self.applicationset)
        return TreeFacts(services.sources, None, None, clusters, forge, project=project)

    def plan(self, found: Generated) -> Plan:
        """Decide what is to be done; what went with a change that was closed needs no person."""
        if found.steps:
            found = replace(found, applications=tuple(map(without_automation, found.applications)))
        existing = self.services.applicationsets.applications()
        ignored = Ignored.respecting(
            found.preserved.differences,
            where=f"ApplicationSet {self.name}: spec.ignoreApplicationDifferences",
            find=self.services.sources.expressions,
        )
        guard = planning.Guard(self.services.settings.mass_deletion_percent)
        plan = planning.plan(self.applicationset, found, existing, guard, ignored)
        if not plan.held or not _places_of_changes(self.applicationset):
            return plan
        guard = replace(guard, explained=self.with_closed())
        return planning.plan(self.applicationset, found, existing, guard, ignored)

    def with_closed(self) -> frozenset[str]:
        """Return the names of what would be generated if the changes that were closed of late were open."""
        found = generated(self.applicationset, self.facts(listing(self.services).with_closed()))
        return frozenset(map(_name, found.applications))

    def carry_out(self, plan: Plan) -> list[str]:
        """Create, alter and delete, in this order; return what the API server refused, each with its Application."""
        sets = self.services.applicationsets
        named: list[tuple[str, Callable[[], None]]] = [
            *((_name(one), partial(sets.create, one)) for one in plan.creates),
            *((_name(one.live), partial(sets.update, one.live, one.operations)) for one in plan.updates),
            *((_name(one), partial(sets.delete, one)) for one in plan.deletes),
        ]
        answers = sets.asked([question for _, question in named])
        return [
            f"Application {name}: {answer.message}"
            for (name, _), answer in zip(named, answers, strict=True)
            if isinstance(answer, Refusal)
        ]

    def tell(self, outcome: Outcome | None = None, rollout: JsonObject | None = None) -> None:
        """Write down how it went and how far a rollout is, None: as before, and what the Applications are like now."""
        existing = self.services.applicationsets.applications()
        wanted: JsonObject = {"resources": status.resources(planning.owned(existing, self.name).values())}
        if outcome is not None:
            before = self.applicationset.get("status")
            before = before.get("conditions") if isinstance(before, dict) else None
            rolls = (rollout or {}).get("condition")
            wanted["conditions"] = status.conditions(before, outcome, now=timestamp(), rollout=rolls)
        if rollout is not None:
            wanted["applicationStatus"] = rollout["applicationStatus"]
        if patch := status.status_patch(self.applicationset, wanted):
            self.services.applicationsets.write_status(self.applicationset, patch)
        for words in outcome.problems if outcome is not None else ():
            _log.warning("applicationset has a problem", reason=words)

    def answer_refresh(self) -> None:
        """Take the annotation away by which somebody asked for this look, and see to it that an end has an order."""
        finalizers = metadata_of(self.applicationset).get("finalizers") or []
        if _goes_in_reverse(self.applicationset) and CASCADE not in finalizers:
            self.services.applicationsets.write_metadata(self.applicationset, {"finalizers": [*finalizers, CASCADE]})
        if REFRESH in annotations_of(self.applicationset):
            self.services.applicationsets.write_metadata(self.applicationset, {"annotations": {REFRESH: None}})


def _outcome(found: Generated, plan: Plan, refusals: list[str]) -> Outcome:
    """Say how it went: what a person has to act upon comes first."""
    outcome = Outcome((*plan.refused, *refusals), status.VALIDATION_FAILED if plan.refused else status.UPDATE_FAILED)
    if found.not_evaluated:
        return Outcome((*found.not_evaluated, *outcome.problems), status.GENERATION_FAILED, generated=False)
    if plan.held:
        return Outcome((plan.held, *outcome.problems), status.DELETION_HELD)
    return outcome


def _let_go(sets: ApplicationSets, applicationset: JsonObject) -> None:
    """Let an ApplicationSet that is being deleted go; its Applications go with it where its policy deletes them.

    They are its dependents, which Kubernetes deletes. As with Argo CD, policies that do not delete can only be heeded
    where the ApplicationSet has its finalizer: without one there is no time.
    """
    name, finalizers = _name(applicationset), metadata_of(applicationset).get("finalizers") or []
    if CASCADE not in finalizers:
        return
    existing = sets.applications()
    if not _may_delete(applicationset):
        for one in planning.owned(existing, name).values():
            sets.update(one, [{"op": "remove", "path": "/metadata/ownerReferences"}])
    elif _goes_in_reverse(applicationset):
        ours = [one for one in existing.values() if Belonging.of(one).is_to(name)]
        for one in (going := last_step(ApplicationSet.parse(applicationset).steps, ours)):
            sets.delete(one)
        if going:
            return  # it is looked at again once they are gone
    sets.write_metadata(applicationset, {"finalizers": [one for one in finalizers if one != CASCADE]})


def _may_delete(applicationset: JsonObject) -> bool:
    try:
        return ApplicationSet.parse(applicationset).sync_policy.may_delete
    except Rejected:
        return False


def _goes_in_reverse(applicationset: JsonObject) -> bool:
    try:
        definition = ApplicationSet.parse(applicationset)
    except Rejected:
        return False
    return definition.in_reverse and bool(definition.steps)


def _name(application: JsonObject) -> str:
    return str(metadata_of(application)["name"])
