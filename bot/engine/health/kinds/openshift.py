"""Health of what OpenShift, its life-cycle manager, 3scale and KubeVirt define."""

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
    When,
    degraded,
    is_unobserved,
    progressing,
    said,
    suspended,
    text_at,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_SUSPENDED: Final = Health.SUSPENDED


def deployment_config(obj: Section) -> HealthStatus:
    """Judge a DeploymentConfig: its newest replication controller is rolled out and available."""
    status = obj.section("status")
    if is_unobserved(obj, status):
        return UNOBSERVED
    if obj.section("spec").flag("paused"):
        return HealthStatus(_SUSPENDED, "DeploymentConfig is paused")
    rolled, available = status.condition("Progressing"), status.condition("Available")
    if rolled.text("status") == "False":
        return HealthStatus(_DEGRADED, said(rolled))
    if status.number("replicas") == 0 and obj.section("spec").number("replicas") == 0:
        return HealthStatus(_HEALTHY, "Scaled to 0 replicas")
    complete = rolled.text("reason") == "NewReplicationControllerAvailable" and available.text("status") == "True"
    words = said(available) if complete else said(rolled) or said(available)
    return HealthStatus(_HEALTHY if complete else _PROGRESSING, words or "Waiting for a replication controller")


def openshift_route(obj: Section) -> HealthStatus:
    """Judge a Route by whether every router has admitted it."""
    routers = obj.section("status").sections("ingress")
    for router in routers:
        admitted = router.condition("Admitted")
        if admitted.text("status") != "True":
            refused = admitted.text("status") == "False"
            words = said(admitted) or "not admitted yet"
            return HealthStatus(_DEGRADED if refused else _PROGRESSING, f"Router {router.text('routerName')}: {words}")
    if not routers:
        return HealthStatus(_PROGRESSING, "Waiting for a router to admit it")
    return HealthStatus(_HEALTHY, f"Admitted as {routers[0].text('host') or 'asked for'}")


def subscription(obj: Section) -> HealthStatus:
    """Judge a Subscription by its conditions and state; an upgrade that a person has to approve is no fault."""
    status = obj.section("status")
    for name in ("ResolutionFailed", "InstallPlanFailed", "CatalogSourcesUnhealthy"):
        if status.holds(name):
            return HealthStatus(_DEGRADED, said(status.condition(name)))
    missing = status.condition("InstallPlanMissing")
    if missing.text("status") == "True" and missing.text("reason") != "ReferencedInstallPlanNotFound":
        return HealthStatus(_DEGRADED, said(missing))
    state, pending = status.text("state"), status.condition("InstallPlanPending")
    if state == "UpgradeFailed":
        return HealthStatus(_DEGRADED, "State is UpgradeFailed")
    if state in {"AtLatestKnown", "UpgradePending"} and _only_awaits_approval(obj, pending):
        return HealthStatus(_HEALTHY, "An upgrade waits for approval" if pending.values else f"State is {state}")
    if state == "AtLatestKnown" and pending.text("status") != "True":
        return HealthStatus(_HEALTHY, "State is AtLatestKnown")
    return HealthStatus(_PROGRESSING, said(pending) or f"State is {state or 'not reported'}")


def _only_awaits_approval(obj: Section, pending: Section) -> bool:
    asked = (pending.text("status"), pending.text("reason")) == ("True", "RequiresApproval")
    by_hand = obj.section("spec").text("installPlanApproval") == "Manual"
    return asked and by_hand and bool(obj.section("status").text("installedCSV"))


def virtual_machine(obj: Section) -> HealthStatus:
    """Judge a machine: running, paused, stopped, or starting."""
    status = obj.section("status")
    words = status.text("printableStatus")
    if status.holds("Paused"):
        return HealthStatus(_SUSPENDED, words or "Paused")
    ready = status.condition("Ready")
    if ready.text("status") == "True":
        return HealthStatus(_HEALTHY, words or "Running")
    stopped = bool(ready.values) and not status.flag("created")
    return HealthStatus(_SUSPENDED if stopped else _PROGRESSING, words or said(ready) or "Waiting for it to start")


def virtual_machine_instance(obj: Section) -> HealthStatus:
    """Judge a running machine by its phase, then by whether it is ready."""
    status = obj.section("status")
    phase = status.text("phase")
    known = {"Failed": _DEGRADED, "Succeeded": _SUSPENDED, "Unknown": Health.UNKNOWN}
    if phase != "Running":
        return HealthStatus(known.get(phase, _PROGRESSING), f"Phase is {phase or 'not reported'}")
    return ByConditions(("Ready",), (suspended("Paused"), degraded("Ready", "False")))(obj)


def data_volume(obj: Section) -> HealthStatus:
    """Judge a volume that is filled: by its phase, and by errors while it is."""
    running = obj.section("status").condition("Running")
    found = _DATA_VOLUME(obj)
    failed = (running.text("status"), running.text("reason")) == ("False", "Error")
    return HealthStatus(_DEGRADED, said(running)) if failed and found.status is _PROGRESSING else found


_DATA_VOLUME: Final = ByPhase(
    {
        "Succeeded": _HEALTHY,
        "Failed": _DEGRADED,
        "Unknown": _DEGRADED,
        "Paused": _SUSPENDED,
        "WaitForFirstConsumer": _SUSPENDED,
    }
)


def api_manager(obj: Section) -> HealthStatus:
    """Judge 3scale itself by its deployments, then by whether it says that it is available."""
    deployments = obj.section("status").section("deployments")
    ready, waiting = (bool(deployments.values.get(name)) for name in ("ready", "starting"))
    if ready and not waiting and not deployments.values.get("stopped"):
        return HealthStatus(_HEALTHY, "All deployments are ready")
    available = obj.section("status").condition("Available")
    if available.text("status") == "False" and available.text("reason"):
        return HealthStatus(_DEGRADED, said(available))
    return ByConditions(("Available",))(obj)


def three_scale_application(obj: Section) -> HealthStatus:
    """Judge an application of 3scale: suspended, then ready."""
    if obj.section("status").text("state") == "suspended":
        return HealthStatus(_SUSPENDED, "Application is suspended")
    return READY(obj)


def developer_user(obj: Section) -> HealthStatus:
    """Judge a user of 3scale: suspended until somebody approves, then as others of its kinds."""
    if obj.section("status").text("developerUserState") == "suspended":
        return HealthStatus(_SUSPENDED, "It waits for approval")
    return _THREE_SCALE(obj)


def catalog_source(obj: Section) -> HealthStatus:
    """Judge a catalogue by its last connection."""
    state = text_at(obj, "status.connectionState.lastObservedState")
    failed = state == "TRANSIENT_FAILURE"
    health = _HEALTHY if state == "READY" else _DEGRADED if failed else _PROGRESSING
    return HealthStatus(health, f"Connection is {state or 'not reported'}")


_THREE_SCALE: Final = ByConditions(("Ready",), (degraded("Invalid"), degraded("Orphan"), degraded("Failed")))
_SYNCED: Final = replace(_THREE_SCALE, healthy=("Synced",))
_CAPABILITIES: Final[dict[str, Rule]] = {
    **dict.fromkeys(
        ("ActiveDoc", "ApplicationAuth", "CustomPolicyDefinition", "OpenAPI", "ProxyConfigPromote"), _THREE_SCALE
    ),
    **dict.fromkeys(("Backend", "Product"), _SYNCED),
    "Application": three_scale_application,
    "DeveloperAccount": replace(_THREE_SCALE, whens=(*_THREE_SCALE.whens, suspended("Waiting"))),
    "DeveloperUser": developer_user,
    "Tenant": READY,
}
_OPERATOR: Final[tuple[When, ...]] = (degraded("Degraded"), progressing("Progressing"))
_OPERATOR_LIKE: Final = ByConditions(("Available",), (*_OPERATOR, degraded("Available", "False")))
_INGRESS_CONTROLLER: Final = ByConditions(
    ("Available",),
    (degraded("Degraded"), progressing("DeploymentReplicasAllAvailable", "False"), progressing("Progressing")),
)
_POOL: Final = ByConditions(
    ("Updated",), (degraded("Degraded"), degraded("NodeDegraded"), degraded("RenderDegraded")), paused="spec.paused"
)
_BUILD: Final = {"Complete": _HEALTHY, **dict.fromkeys(("Failed", "Error", "Cancelled"), _DEGRADED)}
_OPENSHIFT: Final = "https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/api_overview/"
_OLM: Final = "https://olm.operatorframework.io/docs/concepts/crds/"
_KUBEVIRT: Final = "https://kubevirt.io/user-guide/user_workloads/lifecycle/"

FAMILIES: Final = (
    Family("apps.openshift.io", {"DeploymentConfig": deployment_config}, _OPENSHIFT),
    Family("route.openshift.io", {"Route": openshift_route}, _OPENSHIFT),
    Family("build.openshift.io", {"Build": ByPhase(_BUILD)}, _OPENSHIFT),
    Family("config.openshift.io", {"ClusterOperator": _OPERATOR_LIKE}, _OPENSHIFT),
    Family("operator.openshift.io", {"IngressController": _INGRESS_CONTROLLER}, _OPENSHIFT),
    Family("machineconfiguration.openshift.io", {"MachineConfigPool": _POOL}, _OPENSHIFT),
    Family("ocs.openshift.io", {"StorageCluster": ByConditions(("Available",), _OPERATOR)}, _OPENSHIFT),
    Family(
        "operators.coreos.com",
        {
            "Subscription": subscription,
            "CatalogSource": catalog_source,
            "ClusterServiceVersion": ByPhase({"Succeeded": _HEALTHY, "Failed": _DEGRADED, "Unknown": Health.UNKNOWN}),
            "InstallPlan": ByPhase({"Complete": _HEALTHY, "Failed": _DEGRADED, "RequiresApproval": _SUSPENDED}),
        },
        _OLM,
    ),
    Family("apps.3scale.net", {"APIManager": api_manager}),
    Family("capabilities.3scale.net", _CAPABILITIES),
    Family(
        "kubevirt.io",
        {"VirtualMachine": virtual_machine, "VirtualMachineInstance": virtual_machine_instance},
        _KUBEVIRT,
    ),
    Family(
        "cdi.kubevirt.io",
        {"DataVolume": data_volume},
        "https://github.com/kubevirt/containerized-data-importer/blob/main/doc/datavolumes.md",
    ),
)
