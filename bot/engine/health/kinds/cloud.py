"""Health of what stands for clouds and clusters: Crossplane, ACK, Config Connector, Cluster API, Karpenter, Karmada."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.engine.health.conventions import (
    READY,
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    degraded,
    is_unobserved,
    judged,
    said,
    suspended,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_WITHOUT_STATUS: Final = frozenset(
    {
        "Composition",
        "CompositionRevision",
        "ControllerConfig",
        "DeploymentRuntimeConfig",
        "EnvironmentConfig",
        "ClusterProviderConfig",
        "ProviderConfig",
        "ProviderConfigUsage",
    }
)
"""Crossplane's kinds that nothing is reported about, or only who uses them."""
_WORKS: Final = ("Ready", "Healthy", "Offered", "Established", "ValidPipeline", "RevisionHealthy")
"""Conditions one of which each of Crossplane's other kinds has."""
_LABEL: Final = "shoot.gardener.cloud/status"


def crossplane(obj: Section) -> HealthStatus:
    """Judge by Synced, LastAsyncOperation and whether it works; a pause is Suspended."""
    status = obj.section("status")
    synced, last = status.condition("Synced"), status.condition("LastAsyncOperation")
    if obj.text("kind") in _WITHOUT_STATUS and not status.sections("conditions"):
        return HealthStatus(_HEALTHY, "Nothing is reported about its kind")
    if synced.text("reason") == "ReconcilePaused":
        return HealthStatus(Health.SUSPENDED, said(synced))
    for entry in (last, synced):
        if entry.text("status") == "False":
            return judged(obj, entry, _DEGRADED)
    return _working(obj, [one for one in status.sections("conditions") if one.text("type") in _WORKS])


def _working(obj: Section, entries: Sequence[Section]) -> HealthStatus:
    for entry in entries:
        works = entry.text("status") == "True"
        if not works or is_unobserved(obj, entry):
            return judged(obj, entry, _HEALTHY if works else _PROGRESSING)
    if entries:
        return HealthStatus(_HEALTHY, said(entries[-1]))
    return HealthStatus(_PROGRESSING, "Waiting for the controller to report Ready")


def controller_of_aws(obj: Section) -> HealthStatus:
    """Judge what AWS Controllers for Kubernetes manage: Terminal, then Ready, or ResourceSynced of older ones."""
    status = obj.section("status")
    name = "Ready" if status.condition("Ready").values else "ACK.ResourceSynced"
    return ByConditions((name,), (degraded("ACK.Terminal"),))(obj)


def config_connector(obj: Section) -> HealthStatus:
    """Judge the installation of Config Connector itself: it says whether it is healthy."""
    status = obj.section("status")
    if not isinstance(status.values.get("healthy"), bool):
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.healthy")
    if is_unobserved(obj, status):
        return UNOBSERVED
    healthy = status.flag("healthy")
    return HealthStatus(_HEALTHY if healthy else _DEGRADED, "It is healthy" if healthy else "It is not healthy")


def cluster(obj: Section) -> HealthStatus:
    """Judge a Cluster by its phase; Ready=False is Degraded but while it says that it is only information."""
    if obj.section("spec").flag("paused"):
        return HealthStatus(Health.SUSPENDED, "Cluster is paused")
    ready = obj.section("status").condition("Ready")
    if ready.text("status") == "False" and ready.text("severity") not in {"Info", ""}:
        return HealthStatus(_DEGRADED, said(ready))
    return _PROVISIONED(obj)


_PROVISIONED: Final = ByPhase({"Provisioned": _HEALTHY, "Failed": _DEGRADED}, words="status.failureMessage")


def control_plane(obj: Section) -> HealthStatus:
    """Judge a control plane: a failure that is final, an update, then Ready, then what is False with severity Error."""
    status = obj.section("status")
    if is_unobserved(obj, status):
        return UNOBSERVED
    if status.text("failureMessage"):
        return HealthStatus(_DEGRADED, status.text("failureMessage"))
    if status.holds("EKSControlPlaneUpdating"):
        return HealthStatus(_PROGRESSING, said(status.condition("EKSControlPlaneUpdating")))
    if status.holds("Ready"):
        return HealthStatus(_HEALTHY, said(status.condition("Ready")))
    for entry in status.sections("conditions"):
        if (entry.text("status"), entry.text("severity")) == ("False", "Error"):
            return HealthStatus(_DEGRADED, said(entry))
    return HealthStatus(_PROGRESSING, said(status.condition("Ready")) or "Waiting for the controller to report Ready")


def machine_health_check(obj: Section) -> HealthStatus:
    """Judge by the machines that are healthy of those expected."""
    status = obj.section("status")
    healthy, expected = status.number("currentHealthy"), status.count("expectedMachines")
    if healthy is None:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.currentHealthy")
    words = f"{healthy} of {expected} machines are healthy"
    return HealthStatus(_HEALTHY if healthy == expected else _DEGRADED, words)


def shoot(obj: Section) -> HealthStatus:
    """Judge a cluster of Gardener by the label that says how it is."""
    said_of_it = obj.section("metadata").section("labels").text(_LABEL)
    known = {"healthy": _HEALTHY, "progressing": _PROGRESSING, "unhealthy": _DEGRADED, "unknown": Health.UNKNOWN}
    words = f"Gardener says: {said_of_it}" if said_of_it else f"Waiting for the label {_LABEL}"
    return HealthStatus(known.get(said_of_it, _PROGRESSING), words)


def karmada_binding(obj: Section) -> HealthStatus:
    """Judge by what every cluster that it is bound to says of it."""
    bound, told = obj.section("spec").sections("clusters"), obj.section("status").sections("aggregatedStatus")
    for one in told:
        away = one.text("health") == "Unknown" and not one.flag("applied")
        if one.text("health") == "Unhealthy" or away:
            words = one.text("appliedMessage") or f"Health is {one.text('health')}"
            return HealthStatus(_DEGRADED, f"Cluster {one.text('clusterName')}: {words}")
    unbound = obj.section("spec").values.get("clusters") is None and obj.text("kind") == "ResourceBinding"
    if not told or (len(told) != len(bound) and not unbound):
        return HealthStatus(_PROGRESSING, f"{len(told)} of {len(bound)} clusters have told how it is")
    return HealthStatus(_HEALTHY, f"{len(told)} clusters have it")


def iam_role(obj: Section) -> HealthStatus:
    """Judge a role of iam-manager by its state."""
    failed = ("Error", "RolesMaxLimitReached", "PolicyNotAllowed", "RoleNameNotAvailable")
    phases = {"Ready": _HEALTHY, **dict.fromkeys(failed, _DEGRADED)}
    return ByPhase(phases, at="status.state", words="status.errorDescription")(obj)


_CONFIG_CONNECTOR: Final = ByConditions(
    ("Ready",),
    (
        degraded(
            "Ready",
            "False",
            "UpdateFailed",
            "DeletionFailed",
            "DependencyNotFound",
            "DependencyInvalid",
            "ManagementConflict",
        ),
    ),
)
_PACKAGE: Final = ByConditions(("Installed", "Healthy"), (degraded("Installed", "False"), degraded("Healthy", "False")))
_NODE_CLAIM: Final = ByConditions(("Ready",), (suspended("Disrupting"), degraded("Ready", "False")))
_MACHINES: Final = {"Running": _HEALTHY, "Failed": _DEGRADED}
_KARPENTER: Final = "https://karpenter.sh/docs/concepts/"
_CLUSTER_API: Final = "https://cluster-api.sigs.k8s.io/developer/core/controllers/"
_CROSSPLANE: Final = "https://docs.crossplane.io/latest/guides/crossplane-with-argo-cd/"

FAMILIES: Final = (
    Family("pkg.crossplane.io", dict.fromkeys(("Provider", "Configuration", "Function"), _PACKAGE), _CROSSPLANE),
    Family(
        "stacks.crossplane.io",
        {"ClusterStackInstall": ByConditions(("Ready",), within="status.conditionedStatus")},
    ),
    Family("*.crossplane.io", {"*": crossplane}, _CROSSPLANE),
    Family("*.upbound.io", {"*": crossplane}, _CROSSPLANE),
    Family(
        "*.services.k8s.aws",
        {"*": controller_of_aws},
        "https://aws-controllers-k8s.github.io/community/docs/user-docs/resource-crud/",
    ),
    Family(
        "core.cnrm.cloud.google.com",
        dict.fromkeys(("ConfigConnector", "ConfigConnectorContext"), config_connector),
        "https://cloud.google.com/config-connector/docs/how-to/monitoring-your-resources",
    ),
    Family(
        "*.cnrm.cloud.google.com",
        {"*": _CONFIG_CONNECTOR},
        "https://cloud.google.com/config-connector/docs/how-to/monitoring-your-resources",
    ),
    Family(
        "cluster.x-k8s.io",
        {
            "Cluster": cluster,
            "Machine": ByPhase(_MACHINES, words="status.failureMessage"),
            "MachineDeployment": ByPhase(_MACHINES, paused="spec.paused"),
            "MachinePool": ByPhase(
                {**_MACHINES, "Scaling": _HEALTHY, "Unknown": _DEGRADED}, words="status.failureMessage"
            ),
            "MachineHealthCheck": machine_health_check,
        },
        _CLUSTER_API,
    ),
    Family(
        "addons.cluster.x-k8s.io",
        {"ClusterResourceSet": ByConditions(("ResourcesApplied",), (degraded("ResourcesApplied", "False"),))},
        _CLUSTER_API,
    ),
    Family(
        "controlplane.cluster.x-k8s.io",
        dict.fromkeys(("AWSManagedControlPlane", "KubeadmControlPlane"), control_plane),
        _CLUSTER_API,
    ),
    Family("karpenter.sh", {"NodePool": READY, "NodeClaim": _NODE_CLAIM}, _KARPENTER),
    Family("karpenter.k8s.aws", {"EC2NodeClass": READY}, _KARPENTER),
    Family("core.gardener.cloud", {"Shoot": shoot}, "https://gardener.cloud/docs/gardener/shoot/shoot_status/"),
    Family("work.karmada.io", dict.fromkeys(("ResourceBinding", "ClusterResourceBinding"), karmada_binding)),
    Family("iammanager.keikoproj.io", {"Iamrole": iam_role}, "https://github.com/keikoproj/iam-manager"),
    Family(
        "services.cloud.sap.com",
        dict.fromkeys(
            ("ServiceInstance", "ServiceBinding"),
            ByConditions(("Succeeded", "Ready"), (degraded("Failed"),)),
        ),
        "https://github.com/SAP/sap-btp-service-operator#readme",
    ),
)
