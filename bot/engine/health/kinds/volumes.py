"""Health of volumes, buckets and backups: snapshots, Rook, MinIO, Trident, Astra, Velero."""

from __future__ import annotations

from typing import Final

from bot.engine.health.conventions import READY, ByPhase, Family
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_SUSPENDED: Final = Health.SUSPENDED


def volume_snapshot(obj: Section) -> HealthStatus:
    """Judge a snapshot: it can be used, it has an error, or it is being made."""
    status = obj.section("status")
    if status.flag("readyToUse"):
        return HealthStatus(_HEALTHY, "Ready to use")
    words = status.section("error").text("message")
    failed = status.values.get("error") is not None
    return HealthStatus(_DEGRADED if failed else _PROGRESSING, words or "Waiting for it to be ready to use")


def ceph_cluster(obj: Section) -> HealthStatus:
    """Judge a cluster of Ceph by its own health, with every warning's words, then by its state."""
    status = obj.section("status")
    ceph, state = status.section("ceph"), status.text("state")
    health, details = ceph.text("health"), ceph.section("details")
    told = [details.section(name).text("message") for name in sorted(details.values)]
    words = f"Ceph is {health or 'not heard of yet'}, state is {state or 'not reported'}"
    words += f": {'; '.join(filter(None, told))}" if any(told) else ""
    if health in {"HEALTH_ERR", "HEALTH_WARN"} or state == "Error":
        return HealthStatus(_DEGRADED, words)
    settled = health == "HEALTH_OK" and state in {"", "Created", "Connected"}
    return HealthStatus(_HEALTHY if settled else _PROGRESSING, words)


def minio_tenant(obj: Section) -> HealthStatus:
    """Judge a tenant of MinIO by its state, a sentence."""
    state = obj.section("status").text("currentState")
    failed = (
        "Statefulset not controlled by operator",
        "Another MinIO Tenant already exists in the namespace",
        "Tenant credentials are not set properly",
        "Different versions across MinIO Pools",
        "Pool Decommissioning Not Allowed",
    )
    health = _HEALTHY if state == "Initialized" else _DEGRADED if state in failed else _PROGRESSING
    return HealthStatus(health, state or "Waiting for the controller to report status.currentState")


def trident_backend(obj: Section) -> HealthStatus:
    """Judge a backend of Trident: its last operation, and whether it is bound."""
    status = obj.section("status")
    last, phase = status.text("lastOperationStatus"), status.text("phase")
    words = status.text("message") or f"Phase is {phase or 'not reported'}"
    bound = (phase, last) == ("Bound", "Success")
    return HealthStatus(_DEGRADED if last == "Failed" else _HEALTHY if bound else _PROGRESSING, words)


def astra_hook(obj: Section) -> HealthStatus:
    """Judge a hook of Astra: it is enabled or it is not."""
    enabled = obj.section("spec").values.get("enabled")
    if not isinstance(enabled, bool):
        return HealthStatus(_PROGRESSING, "It does not say whether it is enabled")
    return HealthStatus(_HEALTHY if enabled else _SUSPENDED, "Enabled" if enabled else "Disabled")


def astra_schedule(obj: Section) -> HealthStatus:
    """Judge a schedule of Astra: there is nothing about it that could be wrong."""
    last = obj.section("status").text("lastScheduleTime")
    return HealthStatus(_HEALTHY, f"Last run is of {last}" if last else "No run was due yet")


_ASTRA: Final = ByPhase(
    {"Completed": _HEALTHY, "Running": _PROGRESSING}, at="status.state", words="status.error", otherwise=_DEGRADED
)
_VAULT: Final = ByPhase(
    {"available": _HEALTHY, "Available": _HEALTHY, "failed": _DEGRADED, "Failed": _DEGRADED},
    at="status.state",
    words="status.error",
)
_VELERO_FAILED: Final = ("FailedValidation", "PartiallyFailed", "Failed")
_VELERO: Final = ByPhase(
    {"Completed": _HEALTHY, **dict.fromkeys(_VELERO_FAILED, _DEGRADED)}, words="status.failureReason"
)
_VELERO_SCHEDULE: Final = ByPhase({"Enabled": _HEALTHY, "FailedValidation": _DEGRADED}, paused="spec.paused")

FAMILIES: Final = (
    Family(
        "snapshot.storage.k8s.io",
        dict.fromkeys(("VolumeSnapshot", "VolumeSnapshotContent"), volume_snapshot),
        "https://kubernetes.io/docs/concepts/storage/volume-snapshots/",
    ),
    Family(
        "ceph.rook.io",
        {
            "CephCluster": ceph_cluster,
            **dict.fromkeys(
                ("CephBlockPool", "CephFilesystem", "CephObjectStore", "CephObjectStoreUser"),
                ByPhase({"Ready": _HEALTHY, "Failure": _DEGRADED, "Error": _DEGRADED}),
            ),
        },
        "https://rook.io/docs/rook/latest-release/CRDs/specification/",
    ),
    Family(
        "objectbucket.io",
        {"ObjectBucketClaim": ByPhase({"Bound": _HEALTHY, "Failed": _DEGRADED})},
        "https://github.com/kube-object-storage/lib-bucket-provisioner",
    ),
    Family("minio.min.io", {"Tenant": minio_tenant}, "https://github.com/minio/operator"),
    Family(
        "trident.netapp.io",
        {
            "TridentBackendConfig": trident_backend,
            "TridentOrchestrator": ByPhase(
                {"Installed": _HEALTHY, "Failed": _DEGRADED, "Error": _DEGRADED}, at="status.status"
            ),
        },
        "https://docs.netapp.com/us-en/trident/",
    ),
    Family(
        "astra.netapp.io",
        {
            "AppVault": _VAULT,
            "Application": READY,
            "ExecHook": astra_hook,
            "Schedule": astra_schedule,
            **dict.fromkeys(("Backup", "ExecHooksRun", "ResourceBackup", "ResticVolumeBackup", "Snapshot"), _ASTRA),
        },
    ),
    Family(
        "velero.io",
        {
            "BackupStorageLocation": ByPhase({"Available": _HEALTHY, "Unavailable": _DEGRADED}),
            "Schedule": _VELERO_SCHEDULE,
            "Backup": _VELERO,
            "Restore": _VELERO,
        },
        "https://velero.io/docs/main/api-types/",
    ),
)
