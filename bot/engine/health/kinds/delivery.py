"""Health of what brings software to run: Flux, Knative, Flagger, Kruise, Keptn, KServe, Pulumi, Atlas, Ansible."""

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
    progressing,
    said,
    suspended,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED

_FLUX: Final = ByConditions(
    ("Ready",),
    (degraded("Stalled"), degraded("Ready", "False")),
    paused="spec.suspend",
)
_FLUX_IMAGES: Final = ByConditions(
    ("Ready",),
    (
        degraded("Stalled"),
        progressing("Reconciling", "True", "NewGeneration", "AccessingRepository", "ApplyingPolicy", "Scanning"),
        degraded("Ready", "False"),
    ),
    paused="spec.suspend",
)
_KEPTN: Final = ByPhase({"Succeeded": _HEALTHY, "Failed": _DEGRADED}, at="status.status")
_FLAGGER: Final = {
    "Initializing": _PROGRESSING,
    "Initialized": _HEALTHY,
    "Waiting": _PROGRESSING,
    "WaitingPromotion": Health.SUSPENDED,
    "Progressing": _PROGRESSING,
    "Promoting": _PROGRESSING,
    "Finalising": _PROGRESSING,
    "Succeeded": _HEALTHY,
    "Failed": _DEGRADED,
    "Terminating": _PROGRESSING,
    "Terminated": _PROGRESSING,
}


def helm_repository(obj: Section) -> HealthStatus:
    """Judge a chart repository as Flux's other sources; of an OCI registry nothing is ever reported."""
    if obj.section("spec").text("type") == "oci" and not obj.section("spec").flag("suspend"):
        return HealthStatus(_HEALTHY, "Nothing is reported about an OCI registry")
    return _FLUX(obj)


def clone_set(obj: Section) -> HealthStatus:
    """Judge Kruise's CloneSet, StatefulSet and GameServerSet by their updated pods; a partition needs a person."""
    rolling = _rolling(obj)
    if isinstance(rolling, HealthStatus):
        return rolling
    status = obj.section("status")
    wanted = obj.section("spec").number("replicas")
    wanted = status.count("replicas") if wanted is None else wanted
    kept = min(rolling, wanted)
    updated = status.count("updatedReplicas")
    ready = max(status.count("updatedAvailableReplicas"), status.count("updatedReadyReplicas"))
    words = f"{ready} of {wanted} pods are updated and available"
    if kept:
        held = updated >= wanted - kept
        return HealthStatus(Health.SUSPENDED if held else _PROGRESSING, f"{words}; a partition holds {kept} back")
    return HealthStatus(_HEALTHY if ready >= wanted else _PROGRESSING, words)


def advanced_daemon_set(obj: Section) -> HealthStatus:
    """Judge Kruise's DaemonSet by the nodes whose pod is updated and available; a partition needs a person."""
    rolling = _rolling(obj)
    if isinstance(rolling, HealthStatus):
        return rolling
    status = obj.section("status")
    wanted, updated = status.count("desiredNumberScheduled"), status.count("updatedNumberScheduled")
    words = f"{updated} of {wanted} pods are updated"
    if rolling:
        held = updated >= wanted - rolling
        return HealthStatus(Health.SUSPENDED if held else _PROGRESSING, f"{words}; a partition holds {rolling} back")
    available = status.count("numberAvailable")
    complete = min(updated, available) >= wanted
    return HealthStatus(_HEALTHY if complete else _PROGRESSING, f"{words}, {available} are available")


def _rolling(obj: Section) -> HealthStatus | int:
    """Return how many pods are held back, or the health that follows from the strategy alone."""
    if not obj.section("status").values or is_unobserved(obj, obj.section("status")):
        return UNOBSERVED
    strategy = obj.section("spec").section("updateStrategy")
    rolling = strategy.section("rollingUpdate")
    if strategy.flag("paused") or rolling.flag("paused"):
        return HealthStatus(Health.SUSPENDED, f"{obj.text('kind')} is paused")
    found = [one.values["partition"] for one in (strategy, rolling) if one.values.get("partition") is not None]
    if found and not isinstance(found[0], int):
        # A share of pods: how many that is only Kruise knows.
        return HealthStatus(Health.SUSPENDED, f"A partition of {found[0]} holds pods back") if found[0] != "0%" else 0
    return int(found[0]) if found else 0


def advanced_cron_job(obj: Section) -> HealthStatus:
    """Judge Kruise's AdvancedCronJob: paused, a run under way, or waiting for the next one."""
    if obj.section("spec").flag("paused"):
        return HealthStatus(Health.SUSPENDED, "AdvancedCronJob is paused")
    status = obj.section("status")
    if status.sections("active"):
        return HealthStatus(_PROGRESSING, "A run is under way")
    last = status.text("lastScheduleTime")
    return HealthStatus(_HEALTHY, f"Last run is of {last}" if last else "No run was due yet")


def kruise_rollout(obj: Section) -> HealthStatus:
    """Judge Kruise's Rollout by its phase; a step that waits for approval is Suspended."""
    status = obj.section("status")
    if not status.values or is_unobserved(obj, status):
        return UNOBSERVED
    phase = status.text("phase")
    steps = status.section("canaryStatus").text("currentStepState") or status.section("blueGreenStatus").text(
        "currentStepState"
    )
    words = f"Phase is {phase or 'not reported'}, step {steps or 'none'}"
    if phase == "Progressing" and steps == "StepPaused":
        return HealthStatus(Health.SUSPENDED, words)
    known = {"Healthy": _HEALTHY, "Disabled": _DEGRADED, "Terminating": _DEGRADED}
    return HealthStatus(known.get(phase, _PROGRESSING), words)


def game_server(obj: Section) -> HealthStatus:
    """Judge a GameServer: its state is what is desired, its pod is ready."""
    status = obj.section("status")
    current, desired = status.text("currentState"), status.text("desiredState")
    if not current or current != desired:
        return HealthStatus(_PROGRESSING, f"State is {current or 'not reported'}, {desired or 'nothing'} is desired")
    pod = status.section("podStatus").condition("KruisePodReady")
    if pod.values and pod.text("status") != "True":
        return HealthStatus(_DEGRADED, f"Its pod is not ready: {said(pod)}")
    return HealthStatus(_HEALTHY if current == "Ready" else Health.UNKNOWN, f"State is {current}")


def function(obj: Section) -> HealthStatus:
    """Judge a function of OpenFaaS as others that are ready; without replicas it is Suspended."""
    found = ByConditions(("Ready",), (degraded("Stalled"), degraded("Ready", "False")))(obj)
    if found.status is _HEALTHY and not obj.section("status").count("replicas"):
        return HealthStatus(Health.SUSPENDED, "Scaled to 0 replicas")
    return found


def inference_service(obj: Section) -> HealthStatus:
    """Judge a model of KServe: stopped, its transition blocked, then all its conditions."""
    status = obj.section("status")
    if status.holds("Stopped"):
        return HealthStatus(Health.SUSPENDED, said(status.condition("Stopped")))
    transition = status.section("modelStatus").text("transitionStatus")
    if transition not in {"", "UpToDate", "InProgress"}:
        words = status.section("modelStatus").section("lastFailureInfo").text("message")
        return HealthStatus(_DEGRADED, f"Transition is {transition}{f': {words}' if words else ''}")
    if transition == "InProgress":
        return HealthStatus(_PROGRESSING, "Transition is InProgress")
    for entry in status.sections("conditions"):
        if entry.text("type") != "Stopped" and entry.text("status") != "True":
            return HealthStatus(_PROGRESSING, said(entry))
    return READY(obj)


def spin_app(obj: Section) -> HealthStatus:
    """Judge a Wasm application by its conditions and its ready replicas."""
    found = ByConditions(
        ("Available",),
        (degraded("Progressing", "False", "ProgressDeadlineExceeded"), degraded("Available", "False")),
    )(obj)
    wanted = obj.section("spec").number("replicas")
    ready, wanted = obj.section("status").count("readyReplicas"), 1 if wanted is None else wanted
    if found.status is _HEALTHY and ready < wanted:
        return HealthStatus(_PROGRESSING, f"{ready} of {wanted} replicas are ready")
    return found


def spot_deployment(obj: Section) -> HealthStatus:
    """Judge a rollout of Spot by its conditions, then by its phase."""
    found = _SPOT(obj)
    phase = obj.section("status").text("phase")
    settled = found.status is not _HEALTHY or phase not in {"", "Progressing"}
    return found if settled else HealthStatus(_PROGRESSING, f"Phase is {phase or 'not reported'}")


def atlas_schema(obj: Section) -> HealthStatus:
    """Judge a database schema of Atlas: what it says instead of a reason tells work from failure."""
    found = READY(obj)
    at_work = obj.section("status").condition("Ready").text("message") in {"Reconciling", "GettingDevDB"}
    return replace(found, status=_PROGRESSING) if found.status is _DEGRADED and at_work else found


def analysis(obj: Section) -> HealthStatus:
    """Judge an analysis of Keptn: passed, passed with warnings, or failed."""
    status = obj.section("status")
    if status.flag("pass") or status.flag("warning"):
        return HealthStatus(_HEALTHY, "Passed" if status.flag("pass") else "Passed with warnings")
    ended = status.values.get("pass") is False
    return HealthStatus(_DEGRADED if ended else _PROGRESSING, "Failed" if ended else "Waiting for a result")


def keptn_metric(obj: Section) -> HealthStatus:
    """Judge a metric of Keptn: it has an error, a value, or nothing yet."""
    status = obj.section("status")
    if status.text("errMsg"):
        return HealthStatus(_DEGRADED, status.text("errMsg"))
    found = status.values.get("value") not in (None, "")
    return HealthStatus(_HEALTHY if found else _PROGRESSING, "It has a value" if found else "Waiting for a value")


_FLUX_SOURCES: Final = ("GitRepository", "OCIRepository", "Bucket", "HelmChart", "ExternalArtifact")
_KRUISE: Final[dict[str, Rule]] = {
    "CloneSet": clone_set,
    "StatefulSet": clone_set,
    "DaemonSet": advanced_daemon_set,
    "AdvancedCronJob": advanced_cron_job,
    "BroadcastJob": ByPhase({"completed": _HEALTHY, "failed": _DEGRADED, "paused": Health.SUSPENDED}),
}
_KNATIVE: Final = "https://github.com/knative/specs/blob/main/specs/serving/overview.md"
_ANSIBLE: Final = {"successful": _HEALTHY, "failed": _DEGRADED, "error": _DEGRADED, "canceled": _DEGRADED}
_SPOT: Final = ByConditions(
    (),
    (
        degraded("InvalidSpec"),
        degraded("Progressing", "False", "RolloutAborted", "ProgressDeadlineExceeded"),
        suspended("Paused"),
    ),
)
_RUN: Final = ByConditions(("Succeeded",), (degraded("Succeeded", "False"),))
_TRAINING: Final = ByConditions(("Succeeded",), (degraded("Failed"), suspended("Suspended")))
_TRAININGS: Final = ("JAXJob", "MPIJob", "PaddleJob", "PyTorchJob", "TFJob", "XGBoostJob")
_JOB_SET: Final = ByConditions(("Completed",), (degraded("Failed"), suspended("Suspended")))
_QUEUE: Final = ByConditions(("Active",), (degraded("Active", "False"),))
_RAY_JOB: Final = ByPhase({"SUCCEEDED": _HEALTHY, "FAILED": _DEGRADED, "STOPPED": _DEGRADED}, at="status.jobStatus")
_RAY_CLUSTER: Final = ByPhase(
    {"ready": _HEALTHY, "failed": _DEGRADED, "suspended": Health.SUSPENDED}, at="status.state", words="status.reason"
)
_ATLAS: Final = ByConditions(("Ready",), (progressing("Ready", "False", "Reconciling"), degraded("Ready", "False")))

FAMILIES: Final = (
    Family(
        "source.toolkit.fluxcd.io",
        {**dict.fromkeys(_FLUX_SOURCES, _FLUX), "HelmRepository": helm_repository},
        "https://fluxcd.io/flux/components/source/",
    ),
    Family(
        "kustomize.toolkit.fluxcd.io",
        {"Kustomization": _FLUX},
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions",
    ),
    Family(
        "helm.toolkit.fluxcd.io",
        {"HelmRelease": _FLUX},
        "https://fluxcd.io/flux/components/helm/helmreleases/#conditions",
    ),
    Family(
        "image.toolkit.fluxcd.io",
        {"ImagePolicy": _FLUX_IMAGES, "ImageRepository": _FLUX_IMAGES, "ImageUpdateAutomation": _FLUX},
        "https://fluxcd.io/flux/components/image/",
    ),
    Family(
        "notification.toolkit.fluxcd.io",
        {"Receiver": _FLUX},
        "https://fluxcd.io/flux/components/notification/receivers/#conditions",
    ),
    Family(
        "flagger.app",
        {"Canary": ByPhase(_FLAGGER, otherwise=Health.UNKNOWN)},
        "https://docs.flagger.app/usage/how-it-works",
    ),
    Family(
        "serving.knative.dev",
        dict.fromkeys(("Service", "Configuration", "Revision", "Route", "DomainMapping"), READY),
        _KNATIVE,
    ),
    Family("eventing.knative.dev", dict.fromkeys(("Broker", "Trigger"), READY), _KNATIVE),
    Family(
        "operator.knative.dev",
        {
            "KnativeEventing": ByConditions(("InstallSucceeded", "Ready")),
            "KnativeServing": ByConditions(
                ("DependenciesInstalled", "DeploymentsAvailable", "InstallSucceeded", "Ready")
            ),
        },
        "https://knative.dev/docs/install/operator/knative-with-operators/",
    ),
    Family("apps.kruise.io", _KRUISE),
    Family("rollouts.kruise.io", {"Rollout": kruise_rollout}),
    Family(
        "game.kruise.io",
        {"GameServer": game_server, "GameServerSet": clone_set},
    ),
    Family(
        "lifecycle.keptn.sh",
        {
            **dict.fromkeys(("KeptnAppVersion", "KeptnTask", "KeptnWorkloadInstance", "KeptnWorkloadVersion"), _KEPTN),
            "KeptnEvaluation": replace(_KEPTN, at="status.overallStatus"),
        },
    ),
    Family(
        "metrics.keptn.sh",
        {"Analysis": analysis, "KeptnMetric": keptn_metric},
    ),
    Family("serving.kserve.io", {"InferenceService": inference_service}),
    Family("core.spinkube.dev", {"SpinApp": spin_app}),
    Family("openfaas.com", {"Function": function}),
    Family(
        "db.atlasgo.io",
        {"AtlasMigration": _ATLAS, "AtlasSchema": atlas_schema},
    ),
    Family(
        "pulumi.com",
        {"Stack": ByConditions(("Ready",), (degraded("Stalled"), progressing("Reconciling")))},
        "https://github.com/pulumi/pulumi-kubernetes-operator/blob/master/docs/stacks.md",
    ),
    Family(
        "tower.ansible.com",
        {"AnsibleJob": ByPhase(_ANSIBLE, at="status.ansibleJobResult.status", words="status.ansibleJobResult.url")},
    ),
    Family("spot.io", {"SpotDeployment": spot_deployment}),
    Family(
        "tekton.dev",
        dict.fromkeys(("PipelineRun", "TaskRun", "CustomRun"), _RUN),
        "https://tekton.dev/docs/pipelines/pipelineruns/#monitoring-execution-status",
    ),
    Family(
        "kubeflow.org",
        dict.fromkeys(_TRAININGS, _TRAINING),
        "https://www.kubeflow.org/docs/components/trainer/legacy-v1/",
    ),
    Family("jobset.x-k8s.io", {"JobSet": _JOB_SET}, "https://jobset.sigs.k8s.io/docs/concepts/"),
    Family(
        "kueue.x-k8s.io",
        dict.fromkeys(("ClusterQueue", "LocalQueue"), _QUEUE),
        "https://kueue.sigs.k8s.io/docs/concepts/cluster_queue/",
    ),
    Family(
        "ray.io",
        {"RayCluster": _RAY_CLUSTER, "RayJob": _RAY_JOB},
        "https://docs.ray.io/en/latest/cluster/kubernetes/",
    ),
    Family("camel.apache.org", {"Integration": READY}),
)
