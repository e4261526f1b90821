"""What lies in namespaces, whoever has put it there: every kind is listed, of nearly all of them metadata alone.

Nothing of it is kept: it is read when somebody asks, and an idle Foresail asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.cluster.errors import Unreachable
from bot.cluster.objects import collection_path
from bot.engine.family import Member
from bot.errors import Temporary
from bot.model.predictions import Refusal
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bot.cluster.objects import Cluster
    from bot.engine.projects import Fence
    from bot.model.resources import JsonObject, ResourceType

_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_PAGE: Final = "500"
_EACH_BELOW: Final = 10
"""Namespaces from which on every kind is listed in all namespaces at once."""
_LEFT_OUT: Final = frozenset(
    {
        ("", "Endpoints"),
        ("", "Event"),
        ("authentication.k8s.io", "SelfSubjectReview"),
        ("authentication.k8s.io", "TokenReview"),
        ("authorization.k8s.io", "LocalSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "SubjectAccessReview"),
        ("cert-manager.io", "CertificateRequest"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("cilium.io", "CiliumEndpoint"),
        ("cilium.io", "CiliumEndpointSlice"),
        ("cilium.io", "CiliumIdentity"),
        ("coordination.k8s.io", "Lease"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("events.k8s.io", "Event"),
    }
)
"""What is many, moves all the time and is declared by nobody: `resource.exclusions` as Argo CD is installed."""
_GROUPS_LEFT_OUT: Final = frozenset(
    {
        "custom.metrics.k8s.io",
        "external.metrics.k8s.io",
        "kyverno.io",
        "metrics.k8s.io",
        "reports.kyverno.io",
        "wgpolicyk8s.io",
    }
)
_READ_WHOLE: Final = frozenset({("apps", "StatefulSet")})
"""Kinds of which more than metadata tells what has come of them."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    members: tuple[Member, ...]
    unread: tuple[str, ...]
    """Kinds that could not be read, each with why; what there is of them is not known."""


def survey(cluster: Cluster, namespaces: Collection[str], fence: Fence, *, unplaced: bool = False) -> Survey:
    """Read what lies in some namespaces, and with `unplaced` what lies in none; a request a kind and page of 500.

    Kinds that `fence` leaves alone are not read.
    Of a cluster that is managed in part, only what is managed. Raises Temporary while the server is away.
    """
    wanted = frozenset(one for one in namespaces if not cluster.scope.namespaces or one in cluster.scope.namespaces)
    kinds = [
        kind
        for kind in cluster.discovery.listable()
        if (wanted if kind.namespaced else unplaced and cluster.scope.places(namespaced=False))
        and not _is_left_out(kind, fence)
    ]
    answers = cluster.asking([partial(_read, cluster, kind, wanted) for kind in kinds])()
    members: list[Member] = []
    unread: list[str] = []
    for kind, answer in zip(kinds, answers, strict=True):
        if isinstance(answer, list):
            members += answer
        else:
            unread.append(f"{kind.plural}: {answer.message if isinstance(answer, Refusal) else answer}")
    return Survey(tuple(members), tuple(unread))


def _is_left_out(kind: ResourceType, fence: Fence) -> bool:
    known = (kind.group, kind.kind) in _LEFT_OUT or kind.group in _GROUPS_LEFT_OUT
    return known or fence.leaves_alone(kind.group, kind.kind)


def _read(cluster: Cluster, kind: ResourceType, namespaces: frozenset[str]) -> list[Member] | str:
    """Return the objects of a kind, or why the server cannot tell of them now, as where another one has to serve it."""
    places: tuple[str, ...] = ("",)
    if kind.namespaced and (len(namespaces) < _EACH_BELOW or cluster.scope.namespaces):
        places = tuple(sorted(namespaces))
    found: list[Member] = []
    try:
        for place in places:
            objects = _listed(cluster, kind, place)
            found.extend(Member.of(one) for one in objects if not kind.namespaced or _namespace(one) in namespaces)
    except Unreachable:
        raise
    except Temporary as error:
        return error.message
    return found


def _namespace(obj: JsonObject) -> str:
    return str(metadata_of(obj).get("namespace") or "")


def _listed(cluster: Cluster, kind: ResourceType, namespace: str) -> Iterator[JsonObject]:
    headers = {} if (kind.group, kind.kind) in _READ_WHOLE else {"Accept": _METADATA}
    query = {"limit": _PAGE}
    while True:
        page = cluster.server.request("GET", collection_path(kind, namespace=namespace), query=query, headers=headers)
        for item in page.get("items") or []:  # a list of metadata says null for none
            yield {**item, "apiVersion": kind.api_version, "kind": kind.kind}
        token = metadata_of(page).get("continue")
        if not token:
            return
        query = {"limit": _PAGE, "continue": str(token)}
