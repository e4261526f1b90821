"""Health of what the Argo projects and those around them define: Rollouts, Workflows, Events, Promoter, Numaflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.engine.health.conventions import (
    READY,
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    Rule,
    degraded,
    is_unobserved,
    judged,
    progressing,
    said,
    text_at,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus
from bot.model.resources import annotations_of

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_PROMOTED: Final = "numaplane.numaproj.io/progressive-result-state"
_WORKLOAD_GENERATION: Final = "rollout.argoproj.io/workload-generation"

_ANALYSIS: Final = {
    "Pending": _PROGRESSING,
    "Running": _PROGRESSING,
    "Successful": _HEALTHY,
    "Failed": _DEGRADED,
    "Error": _DEGRADED,
}
_ROLLOUT: Final = ByPhase(
    {
        "Healthy": _HEALTHY,
        "Paused": Health.SUSPENDED,
        "Progressing": _PROGRESSING,
        "Degraded": _DEGRADED,
    },
    otherwise=Health.UNKNOWN,
)
_DEPLOYED: Final = ByConditions(("Deployed",), (degraded("Deployed", "False"),))


def rollout(obj: Section) -> HealthStatus:
    """Judge by the phase that is reported: Paused is Suspended; changes that nobody has seen yet are Progressing."""
    status = obj.section("status")
    if not status.values or is_unobserved(obj, status):
        return UNOBSERVED
    workload = annotations_of(obj.values).get(_WORKLOAD_GENERATION, "")
    if obj.section("spec").values.get("workloadRef") and workload != status.text("workloadObservedGeneration"):
        return HealthStatus(_PROGRESSING, "Waiting for the controller to see the last change of its workload")
    return _ROLLOUT(obj)


def flow(obj: Section) -> HealthStatus:
    """Judge what Numaflow runs by phase, conditions and the result of a promotion; Paused is Healthy."""
    status = obj.section("status")
    phase = status.text("phase")
    if obj.section("metadata").count("generation") != status.count("observedGeneration"):
        return UNOBSERVED
    if phase == "Failed":
        return HealthStatus(_DEGRADED, status.text("message") or "Phase is Failed")
    if obj.section("metadata").section("labels").text(_PROMOTED) == "failed":
        return HealthStatus(_DEGRADED, "Its progressive upgrade failed")
    for entry in status.sections("conditions"):
        if entry.text("status") == "False":
            return HealthStatus(_DEGRADED, said(entry))
    healthy = phase in {"Running", "Paused", "Pausing"}
    return HealthStatus(_HEALTHY if healthy else _PROGRESSING, f"Phase is {phase}" if phase else "Waiting for a phase")


def flow_rollout(obj: Section) -> HealthStatus:
    """Judge what Numaplane rolls out: upgrades and children under way, failed ones, then healthy children."""
    status = obj.section("status")
    child = status.condition("ChildResourcesHealthy")
    upgrade_failed = status.condition("ProgressiveUpgradeSucceeded").text("status") == "False"
    if not status.values or obj.section("metadata").count("generation") != status.count("observedGeneration"):
        return UNOBSERVED
    if (status.text("upgradeInProgress") or status.text("phase") == "Pending") and not upgrade_failed:
        return HealthStatus(_PROGRESSING, "An upgrade is under way")
    if (child.text("status"), child.text("reason")) == ("False", "Progressing"):
        return HealthStatus(_PROGRESSING, said(child))
    if status.text("phase") == "Failed":
        return HealthStatus(_DEGRADED, status.text("message") or "Phase is Failed")
    if upgrade_failed:
        return HealthStatus(_DEGRADED, "Its progressive upgrade failed")
    return _child(status, child)


def _child(status: Section, child: Section) -> HealthStatus:
    if child.text("status") == "False" and child.text("reason").endswith("Failed"):
        return HealthStatus(_DEGRADED, said(child))
    for name in ("PipelinePausingOrPaused", "MonoVertexPausingOrPaused"):
        if status.holds(name):
            return HealthStatus(_HEALTHY, said(status.condition(name)))
    if child.text("status") == "True":
        return HealthStatus(_HEALTHY, said(child))
    return HealthStatus(Health.UNKNOWN, said(child) or "Nothing is reported about what it rolls out")


def gate(obj: Section) -> HealthStatus:
    """Judge a commit status for several environments: it is ready, and each environment has passed."""
    ready = READY(obj)
    if ready.status is not _HEALTHY:
        return ready
    environments = obj.section("status").sections("environments")
    for phase, health in (("failure", _DEGRADED), ("pending", _PROGRESSING)):
        named = [one.text("branch") for one in environments if (one.text("phase") or "pending") == phase]
        if named:
            return HealthStatus(health, f"Phase is {phase} for {', '.join(named)}")
    return ready


def promotion(obj: Section) -> HealthStatus:
    """Judge a promotion: it is ready, and in each environment what is proposed is what is active."""
    ready = READY(obj)
    if ready.status is not _HEALTHY:
        return ready
    status = obj.section("status")
    environments = status.sections("environments") if obj.text("kind") == "PromotionStrategy" else (status,)
    if not environments:
        return HealthStatus(_DEGRADED, "No environments are configured")
    if len({text_at(one, "proposed.note.drySha") or text_at(one, "proposed.dry.sha") for one in environments}) > 1:
        return HealthStatus(_PROGRESSING, "Not the same is proposed in all environments yet")
    for one in environments:
        proposed, active = text_at(one, "proposed.dry.sha"), text_at(one, "active.dry.sha")
        if not proposed or proposed != active:
            where = f" in {one.text('branch')}" if one.text("branch") else ""
            words = f"{active[:7] or 'Nothing'} is active{where} and {proposed[:7] or 'nothing'} is proposed"
            return HealthStatus(_PROGRESSING, words)
    return ready


def argocd_commit_status(obj: Section) -> HealthStatus:
    """Judge a commit status about applications: it is ready and selects some."""
    ready = READY(obj)
    if ready.status is _HEALTHY and not obj.section("status").sections("applicationsSelected"):
        return HealthStatus(_DEGRADED, "No applications are selected")
    return ready


def cron_workflow(obj: Section) -> HealthStatus:
    """Judge a schedule: it cannot be read, a run cannot be submitted, or all is well."""
    status = obj.section("status")
    for name in ("SpecError", "SubmissionError"):
        if status.holds(name):
            return judged(obj, status.condition(name), _DEGRADED)
    return HealthStatus(_HEALTHY, f"Last run is of {status.text('lastScheduledTime') or 'no time yet'}")


_WORKFLOW: Final = ByPhase(
    {
        "Pending": _PROGRESSING,
        "Running": _PROGRESSING,
        "Succeeded": _HEALTHY,
        "Failed": _DEGRADED,
        "Error": _DEGRADED,
    },
    otherwise=Health.UNKNOWN,
)
_APPLICATION_SET: Final = ByConditions(
    ("ResourcesUpToDate",),
    (degraded("ErrorOccurred"), degraded("ResourcesUpToDate", "False"), progressing("RolloutProgressing")),
)
_PROMOTER: Final[dict[str, Rule]] = {
    **dict.fromkeys(("ScmProvider", "ClusterScmProvider", "GitRepository", "CommitStatus", "PullRequest"), READY),
    **dict.fromkeys(("GitCommitStatus", "TimedCommitStatus", "WebRequestCommitStatus"), gate),
    **dict.fromkeys(("PromotionStrategy", "ChangeTransferPolicy"), promotion),
    "ArgoCDCommitStatus": argocd_commit_status,
}
_ROLLED_OUT: Final = ("ISBServiceRollout", "MonoVertexRollout", "NumaflowControllerRollout", "PipelineRollout")

FAMILIES: Final = (
    Family(
        "argoproj.io",
        {
            "Rollout": rollout,
            "AnalysisRun": ByPhase({**_ANALYSIS, "Inconclusive": Health.UNKNOWN}, otherwise=Health.UNKNOWN),
            "Experiment": ByPhase(_ANALYSIS, otherwise=Health.UNKNOWN),
            "Workflow": _WORKFLOW,
            "CronWorkflow": cron_workflow,
            "ApplicationSet": _APPLICATION_SET,
            "EventBus": _DEPLOYED,
            "EventSource": replace(_DEPLOYED, healthy=("SourcesProvided", "Deployed")),
            "Sensor": replace(_DEPLOYED, healthy=("DependenciesProvided", "TriggersProvided", "Deployed")),
        },
        "https://argo-cd.readthedocs.io/en/stable/operator-manual/health/",
    ),
    Family("promoter.argoproj.io", _PROMOTER, "https://gitops-promoter.readthedocs.io/en/latest/crd-specs/"),
    Family(
        "numaflow.numaproj.io",
        dict.fromkeys(("InterStepBufferService", "MonoVertex", "Pipeline", "Vertex"), flow),
        "https://numaflow.numaproj.io/APIs/",
    ),
    Family(
        "numaplane.numaproj.io",
        dict.fromkeys(_ROLLED_OUT, flow_rollout),
        "https://github.com/numaproj/numaplane/tree/main/docs",
    ),
)
