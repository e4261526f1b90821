"""What an API server's answers depend on beside the objects themselves: read before they are asked, compared after.

Everything is named by its version, which the server moves with each write. What may not be read, or decides by other
means than these (a webhook's program, parameters of a policy), is never said to be the same.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from bot.cluster.errors import ApiRefused
from bot.cluster.metadata import ACCEPT, Named, read_page
from bot.cluster.objects import collection_path, object_path
from bot.model.resources import JsonObject, ResourceKey, ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cluster.objects import Cluster

_AT_ONCE: Final = 4
"""Requests of one sort at a time; the three sorts are asked beside each other."""
_PAGE: Final = "500"
_WHOLE_CLUSTER: Final = 3
"""From this many namespaces on, a kind is listed once for all: a list costs more by itself than by its objects."""
_TOO_MANY: Final = 4
"""Unless the cluster has so many times as many objects of the kind as are asked for."""
_SINGLY: Final = 4
"""Below this many objects in a namespace they are read one by one."""
_METADATA: Final = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
"""Without spec and status: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches"""

_ADMISSION: Final = "admissionregistration.k8s.io"
_WEBHOOKS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_POLICIES: Final = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
_BINDINGS: Final = ("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding")
_IN_NAMESPACES: Final = ("ResourceQuota", "LimitRange")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds the objects of one cluster at one time."""

    common: str
    """Digest of what counts everywhere: the server's version, admission policies and their bindings, webhooks."""
    namespaces: Mapping[str, str]
    """Digest of what counts in a namespace: itself, its quotas and limit ranges."""
    elsewhere: tuple[JsonObject, ...]
    """Rules of those who decide by what is not seen here."""

    def about(self, kinds: Iterable[ResourceType], namespaces: Iterable[str]) -> str | None:
        """Name what objects of these kinds in these namespaces depend on; None when somebody decides elsewhere."""
        if any(_covers(rule, kind) for rule in self.elsewhere for kind in kinds):
            return None
        words = [self.common, *(f"{name}={self.namespaces.get(name)}" for name in sorted(namespaces))]
        return _digest(words)


def surroundings(cluster: Cluster) -> Surroundings | None:
    """Read them; None when some of it may not be read. Raises Temporary when the server cannot be reached now."""
    if cluster.scope.namespaces:
        return None  # what decides about them lies outside of these
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="surroundings") as threads:
        version = threads.submit(cluster.server.get, "/version")
        admission = {
            name: threads.submit(_whole, cluster, _ADMISSION, name) for name in (*_WEBHOOKS, *_POLICIES, *_BINDINGS)
        }
        inside = [threads.submit(_versions, cluster, name) for name in ("Namespace", *_IN_NAMESPACES)]
        try:
            found = {name: answer.result() for name, answer in admission.items()}
            listed = [answer.result() for answer in inside]
            served = str(version.result())
        except ApiRefused:
            return None
        words = [served, *(_generation(obj) for objects in found.values() for obj in objects)]
    by_namespace: dict[str, list[str]] = defaultdict(list)
    for objects in listed:
        for one in objects:
            by_namespace[one.namespace or one.name].append(f"{one.name} {one.version}")
    return Surroundings(
        common=_digest(words),
        namespaces={name: _digest(versions) for name, versions in by_namespace.items()},
        elsewhere=tuple(_deciding_elsewhere(found)),
    )


def versions(cluster: Cluster, keys: Mapping[ResourceKey, ResourceType]) -> dict[ResourceKey, str]:
    """Return the version of each object that there is, many at once, without reading more than its metadata."""
    groups: dict[ResourceType, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key, kind in keys.items():
        groups[kind][key.namespace].add(key.name)
    found: dict[ResourceKey, str] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versions") as threads:
        jobs = [threads.submit(_of_kind, cluster, kind, wanted) for kind, wanted in groups.items()]
        for job in jobs:
            found.update(job.result())
    return found


def may_change(cluster: Cluster, kinds: Iterable[ResourceType]) -> bool:
    """Ask whether we may still change objects of these kinds, in every namespace: a dry run asks for the same."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="access") as threads:
        return all(threads.map(lambda kind: _may(cluster, kind), kinds))


def version_of(obj: JsonObject) -> str:
    """Name one state of one object."""
    metadata = metadata_of(obj)
    return f"{metadata.get('uid')}/{metadata.get('resourceVersion')}"


def _may(cluster: Cluster, kind: ResourceType) -> bool:
    review: JsonObject = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"group": kind.group, "resource": kind.plural, "verb": "patch"}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    try:
        answer = cluster.server.request("POST", path, body=review)
    except ApiRefused:
        return False
    status = answer.get("status")
    return isinstance(status, dict) and status.get("allowed") is True


def _of_kind(cluster: Cluster, kind: ResourceType, wanted: Mapping[str, set[str]]) -> dict[ResourceKey, str]:
    many = len(wanted) >= _WHOLE_CLUSTER
    most = _TOO_MANY * sum(map(len, wanted.values()))
    listed = _listed(cluster, kind, most=most) if many else None
    items = listed if listed is not None else _by_namespace(cluster, kind, wanted)
    return {
        ResourceKey(kind.group, kind.kind, item.namespace, item.name): item.version
        for item in items
        if item.name in wanted.get(item.namespace, ())
    }


def _by_namespace(cluster: Cluster, kind: ResourceType, wanted: Mapping[str, set[str]]) -> Iterator[Named]:
    for namespace, names in wanted.items():
        if len(names) >= _SINGLY:
            yield from _listed(cluster, kind, namespace=namespace) or ()
            continue
        for name in names:
            try:
                path = object_path(kind, namespace=namespace, name=name)
                item = cluster.server.request("GET", path, headers=_METADATA)
            except ApiRefused as error:
                if error.code != 404:  # noqa: PLR2004 - HTTP's "not found"
                    raise
                continue
            yield Named(namespace, name, version_of(item))


def _listed(
    cluster: Cluster, kind: ResourceType, *, namespace: str = "", most: int | None = None
) -> list[Named] | None:
    """Return the objects of a kind by name and version; None when there are more than `most`."""
    query, found = {"limit": _PAGE}, list[Named]()
    while True:
        path = collection_path(kind, namespace=namespace)
        page = read_page(cluster.server.read(path, query=query, accept=ACCEPT))
        found.extend(page.items)
        if most is not None and len(found) + page.more > most:
            return None
        if not page.token:
            return found
        query = {"limit": _PAGE, "continue": page.token}


def _whole(cluster: Cluster, group: str, name: str) -> list[JsonObject]:
    kind = cluster.discovery.preferred(group, name)
    return list(cluster.listed(kind)) if kind is not None else []


def _versions(cluster: Cluster, name: str) -> list[Named]:
    kind = cluster.discovery.preferred("", name)
    return (_listed(cluster, kind) or []) if kind is not None else []


def _generation(obj: JsonObject) -> str:
    """Name what a rule says, whatever is noted of it in its status."""
    metadata = metadata_of(obj)
    state = metadata.get("generation") or metadata.get("resourceVersion")
    return f"{obj.get('kind')} {metadata.get('name')} {metadata.get('uid')} {state}"


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def _deciding_elsewhere(found: Mapping[str, list[JsonObject]]) -> Iterator[JsonObject]:
    """Yield the rules (groups and resources) of webhooks, and of policies with parameters or questions of their own."""
    for name in _WEBHOOKS:
        for webhook in (one for obj in found[name] for one in obj.get("webhooks") or []):
            yield from webhook.get("rules") or []
    for name in _POLICIES:
        for policy in found[name]:
            spec = policy.get("spec") or {}
            if spec.get("paramKind") or b"authorizer" in orjson.dumps(spec):
                yield from (spec.get("matchConstraints") or {}).get("resourceRules") or [{}]


def _covers(rule: JsonObject, kind: ResourceType) -> bool:
    groups, resources = (rule.get(name) or ["*"] for name in ("apiGroups", "resources"))
    named = {str(resource).partition("/")[0] for resource in resources}
    return bool({"*", kind.group} & set(groups)) and bool({"*", kind.plural} & named)
