"""Every sort of danger there is: its id, how severe it is, and how several of it are told of at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of danger; docs/dangers.md explains each by its id."""

    id: str
    severity: Severity
    title: str
    """Heads a list of objects that share it."""

    def danger(self, words: str, *, severity: Severity | None = None, subject: str = "") -> Danger:
        """Return a danger of this sort; `severity` is given where the case is better or worse than most."""
        return Danger(self.id, severity or self.severity, words, subject)


_CAUTION, _WARNING, _NOTE = Severity

NAMESPACE_DELETED: Final = Sort("namespace-deleted", _CAUTION, "Namespaces are deleted with everything in them")
CRD_DELETED: Final = Sort("crd-deleted", _CAUTION, "Definitions are deleted with every object of their kind")
VOLUME_DELETED: Final = Sort("volume-deleted", _CAUTION, "Volumes may be deleted with their data")
STATEFUL_SET_DELETED: Final = Sort("stateful-set-deleted", _CAUTION, "StatefulSets are deleted")
DOWNTIME: Final = Sort("replaced-with-downtime", _CAUTION, "Workloads are replaced, all their pods at once")
MASS_DELETION: Final = Sort("mass-deletion", _CAUTION, "A large share of applications is deleted")
EMPTY_RENDER: Final = Sort("empty-render", _CAUTION, "Applications become empty")
NO_ENDPOINTS: Final = Sort("service-without-endpoints", _CAUTION, "Services have nothing to send traffic to")
RBAC_WILDCARD: Final = Sort("rbac-wildcard", _CAUTION, "Roles gain wildcards")
RBAC_ESCALATION: Final = Sort("rbac-escalation", _CAUTION, "Roles gain verbs that lead to any other permission")
RBAC_SECRETS: Final = Sort("rbac-secrets", _CAUTION, "Roles may read the Secrets of all namespaces")
CLUSTER_ADMIN: Final = Sort("cluster-admin-binding", _CAUTION, "Somebody becomes cluster-admin")
PUBLIC_BINDING: Final = Sort("public-binding", _CAUTION, "Everybody gains permissions")
PRIVILEGED: Final = Sort("privileged-container", _CAUTION, "Containers become privileged")
HOST_PATH: Final = Sort("host-path", _CAUTION, "Pods mount folders of their node")
HOST_NAMESPACE: Final = Sort("host-namespace", _CAUTION, "Pods share namespaces of their node")
CAPABILITY: Final = Sort("added-capability", _CAUTION, "Containers gain capabilities as good as root on the node")
PODS_DELETED: Final = Sort("pods-deleted", _WARNING, "Workloads are deleted with their pods")
SERVICE_DELETED: Final = Sort("service-deleted", _WARNING, "Services are deleted with their addresses")
REPLACED: Final = Sort("replaced", _WARNING, "Objects are deleted and created again")
ORPHANED: Final = Sort("orphaned", _WARNING, "Objects stay in the cluster, no longer managed")
TAKEN_OVER: Final = Sort("taken-over", _WARNING, "Objects are taken over from other applications")
STILL_USED: Final = Sort("still-used", _WARNING, "Objects are deleted that workloads still need")
POLICY_REMOVED: Final = Sort("network-policy-removed", _WARNING, "NetworkPolicies are deleted")
SCALED_TO_ZERO: Final = Sort("scaled-to-zero", _WARNING, "Workloads are scaled to nothing")
SELECTOR_CHANGED: Final = Sort("selector-changed", _WARNING, "Selectors change")
HPA_FIGHTS: Final = Sort("hpa-fights-replicas", _WARNING, "Autoscalers and manifests disagree about replicas")
BUDGET_BLOCKS: Final = Sort("disruption-budget-blocks", _WARNING, "PodDisruptionBudgets allow no eviction")
HOST_TWICE: Final = Sort("host-claimed-twice", _WARNING, "Ingresses claim the same host and path")
REMOVED_API: Final = Sort("removed-api", _WARNING, "API versions are removed by a coming Kubernetes")
CRD_VERSION: Final = Sort("crd-version-removed", _WARNING, "Definitions stop serving versions")
POD_SECURITY: Final = Sort("pod-security-lowered", _WARNING, "Namespaces enforce less of the pod security standards")
ESCALATION: Final = Sort("privilege-escalation", _WARNING, "Containers may gain privileges")
ROOT: Final = Sort("runs-as-root", _WARNING, "Containers run as root")
DELETED: Final = Sort("deleted", _NOTE, "Objects are deleted")
SUSPENDED: Final = Sort("suspended", _NOTE, "Jobs are suspended")
MUTABLE_TAG: Final = Sort("mutable-tag", _NOTE, "Images may change without a commit")
FINALIZER: Final = Sort("finalizer-removed", _NOTE, "Finalizers are removed")

SORTS: Final[tuple[Sort, ...]] = (
    NAMESPACE_DELETED,
    CRD_DELETED,
    VOLUME_DELETED,
    STATEFUL_SET_DELETED,
    DOWNTIME,
    MASS_DELETION,
    EMPTY_RENDER,
    NO_ENDPOINTS,
    CLUSTER_ADMIN,
    PUBLIC_BINDING,
    RBAC_WILDCARD,
    RBAC_ESCALATION,
    RBAC_SECRETS,
    PRIVILEGED,
    HOST_PATH,
    HOST_NAMESPACE,
    CAPABILITY,
    PODS_DELETED,
    SERVICE_DELETED,
    REPLACED,
    ORPHANED,
    TAKEN_OVER,
    STILL_USED,
    POLICY_REMOVED,
    SCALED_TO_ZERO,
    SELECTOR_CHANGED,
    HPA_FIGHTS,
    BUDGET_BLOCKS,
    HOST_TWICE,
    REMOVED_API,
    CRD_VERSION,
    POD_SECURITY,
    ESCALATION,
    ROOT,
    DELETED,
    SUSPENDED,
    MUTABLE_TAG,
    FINALIZER,
)
"""In the order in which they are told of, among those of one severity."""

TITLES: Final[Mapping[str, str]] = {sort.id: sort.title for sort in SORTS}

_SEVERITIES: Final = tuple(Severity)
_PLACES: Final = {sort.id: place for place, sort in enumerate(SORTS)}


def ranked(dangers: Iterable[Danger]) -> tuple[Danger, ...]:
    """Return dangers in the order in which they are told of."""
    return tuple(sorted(dangers, key=rank))


def rank(danger: Danger) -> tuple[int, int]:
    """Return a danger's place; one whose sort is not known any more comes last of its severity."""
    return _SEVERITIES.index(danger.severity), _PLACES.get(danger.id, len(_PLACES))
