"""API versions of Kubernetes itself that are removed by some release, and which.

Sources: `APILifecycleRemoved` and `APILifecycleReplacement` in k8s.io/api v0.37.2, which the API server itself obeys;
https://kubernetes.io/docs/reference/using-api/deprecation-guide/ for types that are gone from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger, Severity
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.preview.dangers.scene import Subject

SOON: Final = 3
"""Minor releases ahead within which a removal is a warning: about a year."""

_MINOR: Final = re.compile(r"v?1\.(\d{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Removal:
    """The end of an API version."""

    minor: int
    """Of the Kubernetes release that serves it no longer: 22 for v1.22."""
    instead: str = ""
    """The apiVersion to use; empty when nothing takes its place."""


def removed_api(subject: Subject) -> Iterator[Danger]:
    """Tell of an object whose API version is removed by a coming release, or is removed already."""
    head, base = subject.states.head, subject.states.base
    if head is None:
        return
    version, kind = text(head.manifest.get("apiVersion")), text(head.manifest.get("kind"))
    removal = REMOVALS.get((version, kind))
    if removal is None:
        return
    has = _minor(subject.scene.knowledge.version)
    new = base is None or base.manifest.get("apiVersion") != version
    soon = has is not None and has < removal.minor <= has + SOON
    yield sorts.REMOVED_API.danger(
        _words(version, removal, has), severity=Severity.WARNING if soon and new else Severity.NOTE
    )


def _words(version: str, removal: Removal, has: int | None) -> str:
    verb = "was" if has is not None and has >= removal.minor else "is"
    cluster = f", the cluster has v1.{has}" if has is not None else ""
    instead = f"use {removal.instead}" if removal.instead else "nothing takes its place"
    return f"uses {version}, which {verb} removed in v1.{removal.minor}{cluster}: {instead}"


def _minor(version: str) -> int | None:
    found = _MINOR.match(version)
    return int(found[1]) if found else None


def _table(*rows: tuple[int, str, str, str]) -> dict[tuple[str, str], Removal]:
    return {
        (version, kind): Removal(minor, instead) for minor, version, kinds, instead in rows for kind in kinds.split()
    }


_ADMISSION: Final = "admissionregistration.k8s.io"
_FLOW_KINDS: Final = "FlowSchema PriorityLevelConfiguration"
_DRA_KINDS: Final = "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"
_RBAC_KINDS: Final = "ClusterRole ClusterRoleBinding Role RoleBinding"
_VALIDATING: Final = "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
_MUTATING: Final = "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"

REMOVALS: Final[Mapping[tuple[str, str], Removal]] = _table(
    (16, "apps/v1beta1", "ControllerRevision Deployment StatefulSet", "apps/v1"),
    (16, "apps/v1beta2", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", "apps/v1"),
    (16, "extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "apps/v1"),
    (16, "extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"),
    (16, "extensions/v1beta1", "PodSecurityPolicy", ""),
    (22, "extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
    (22, f"{_ADMISSION}/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", f"{_ADMISSION}/v1"),
    (22, "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    (22, "apiregistration.k8s.io/v1beta1", "APIService", "apiregistration.k8s.io/v1"),
    (22, "certificates.k8s.io/v1beta1", "CertificateSigningRequest", "certificates.k8s.io/v1"),
    (22, "coordination.k8s.io/v1beta1", "Lease", "coordination.k8s.io/v1"),
    (22, "networking.k8s.io/v1beta1", "Ingress IngressClass", "networking.k8s.io/v1"),
    (22, "rbac.authorization.k8s.io/v1beta1", _RBAC_KINDS, "rbac.authorization.k8s.io/v1"),
    (22, "scheduling.k8s.io/v1beta1", "PriorityClass", "scheduling.k8s.io/v1"),
    (22, "storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", "storage.k8s.io/v1"),
    (24, "storage.k8s.io/v1alpha1", "CSIStorageCapacity VolumeAttachment", "storage.k8s.io/v1"),
    (25, "autoscaling/v2beta1", "HorizontalPodAutoscaler", "autoscaling/v2"),
    (25, "batch/v1beta1", "CronJob", "batch/v1"),
    (25, "discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1"),
    (25, "events.k8s.io/v1beta1", "Event", "events.k8s.io/v1"),
    (25, "node.k8s.io/v1beta1", "RuntimeClass", "node.k8s.io/v1"),
    (25, "policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
    (25, "policy/v1beta1", "PodSecurityPolicy", ""),
    (26, "autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2"),
    (26, "flowcontrol.apiserver.k8s.io/v1beta1", _FLOW_KINDS, "flowcontrol.apiserver.k8s.io/v1"),
    (27, "storage.k8s.io/v1beta1", "CSIStorageCapacity", "storage.k8s.io/v1"),
    (29, "flowcontrol.apiserver.k8s.io/v1beta2", _FLOW_KINDS, "flowcontrol.apiserver.k8s.io/v1"),
    (32, "flowcontrol.apiserver.k8s.io/v1beta3", _FLOW_KINDS, "flowcontrol.apiserver.k8s.io/v1"),
    (32, f"{_ADMISSION}/v1alpha1", _VALIDATING, f"{_ADMISSION}/v1"),
    (34, f"{_ADMISSION}/v1beta1", _VALIDATING, f"{_ADMISSION}/v1"),
    (35, "storage.k8s.io/v1alpha1", "VolumeAttributesClass", "storage.k8s.io/v1"),
    (37, "certificates.k8s.io/v1alpha1", "ClusterTrustBundle", "certificates.k8s.io/v1"),
    (37, "networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", "networking.k8s.io/v1"),
    (37, "storage.k8s.io/v1beta1", "VolumeAttributesClass", "storage.k8s.io/v1"),
    (38, f"{_ADMISSION}/v1alpha1", _MUTATING, f"{_ADMISSION}/v1"),
    (38, "coordination.k8s.io/v1alpha2", "LeaseCandidate", "coordination.k8s.io/v1beta1"),
    (38, "resource.k8s.io/v1beta1", _DRA_KINDS, "resource.k8s.io/v1"),
    (39, "coordination.k8s.io/v1beta1", "LeaseCandidate", ""),
    (39, "resource.k8s.io/v1alpha3", "DeviceTaintRule", "resource.k8s.io/v1"),
    (39, "resource.k8s.io/v1beta2", _DRA_KINDS, "resource.k8s.io/v1"),
    (40, f"{_ADMISSION}/v1beta1", _MUTATING, f"{_ADMISSION}/v1"),
    (40, "certificates.k8s.io/v1beta1", "ClusterTrustBundle PodCertificateRequest", "certificates.k8s.io/v1"),
    (40, "storagemigration.k8s.io/v1beta1", "StorageVersionMigration", "storagemigration.k8s.io/v1"),
    (42, "resource.k8s.io/v1beta2", "DeviceTaintRule", "resource.k8s.io/v1"),
    (43, "scheduling.k8s.io/v1beta1", "PodGroup Workload", ""),
)
"""By apiVersion and kind. An entry without a replacement had none when its release was made."""
