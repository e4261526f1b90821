"""Ask a cluster what the rules about dangers have to know: only about the objects in question, many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from bot.cluster.errors import ApiRefused
from bot.cluster.objects import collection_path
from bot.errors import Temporary
from bot.model.resources import metadata_of
from bot.preview.dangers import Contents, Inquiry, Knowledge, Volume
from bot.preview.dangers.fields import labels, mapping, mappings, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future

    from bot.cluster.objects import Cluster
    from bot.model.resources import JsonObject, ResourceKey

_AT_ONCE: Final = 8
_MOST: Final = 100
"""Inquiry of one sort that are asked; what else is in question stays unknown."""

_LOOKED_AT: Final = "50"
"""Pods of a Service that are looked at; one that stays is enough."""

_METADATA: Final = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
"""Without spec and status: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches"""

_Definition = tuple[str, str, str]
_Service = tuple["ResourceKey", tuple[tuple[str, str], ...]]
_Question = TypeVar("_Question", str, _Definition, _Service)
_Answer = TypeVar("_Answer")


def gathered(cluster: Cluster, questions: Inquiry) -> Knowledge:
    """Return the answers; what may not be read, or cannot be read now, is missing from them.

    A danger is told with what is known: no preview fails for want of an answer. Raises Temporary when the cluster does
    not even tell its version.
    """
    version = cluster.discovery.version
    if questions == Inquiry():
        return Knowledge(version=version)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="knowledge") as threads:
        ask = partial(_asked, threads)
        instances = ask(questions.definitions, partial(_instances, cluster))
        namespaces = ask(questions.namespaces, partial(_contents, cluster))
        volumes = ask(questions.volumes, partial(_volume, cluster))
        autoscalers = ask(questions.autoscaled, partial(_autoscalers, cluster))
        pods = ask(questions.services, partial(_pods, cluster))
        return Knowledge(
            version=version,
            instances={definition[0]: count for definition, count in _known(instances).items()},
            namespaces=_known(namespaces),
            volumes=_known(volumes),
            autoscalers=_known(autoscalers),
            pods={service[0]: found for service, found in _known(pods).items()},
        )


def _asked(
    threads: ThreadPoolExecutor, wanted: Iterable[_Question], ask: Callable[[_Question], _Answer | None]
) -> Mapping[_Question, Future[_Answer | None]]:
    return {each: threads.submit(_tried, ask, each) for each in sorted(wanted)[:_MOST]}


def _tried(ask: Callable[[_Question], _Answer | None], question: _Question) -> _Answer | None:
    try:
        return ask(question)
    except (ApiRefused, Temporary):
        return None


def _known(answers: Mapping[_Question, Future[_Answer | None]]) -> dict[_Question, _Answer]:
    found = ((question, answer.result()) for question, answer in answers.items())
    return {question: answer for question, answer in found if answer is not None}


def _instances(cluster: Cluster, definition: _Definition) -> int | None:
    _, group, kind = definition
    return _count(cluster, group, kind)


def _contents(cluster: Cluster, namespace: str) -> Contents | None:
    pods = _count(cluster, "", "Pod", namespace=namespace)
    claims = _count(cluster, "", "PersistentVolumeClaim", namespace=namespace)
    return Contents(pods, claims) if pods is not None and claims is not None else None


def _count(cluster: Cluster, group: str, kind: str, *, namespace: str = "") -> int | None:
    """Count objects without reading them: a page of one says how many there are more."""
    page = _page(cluster, group, kind, namespace=namespace, limit="1")
    if page is None:
        return None
    more = number(metadata_of(page).get("remainingItemCount"))
    return len(mappings(page.get("items"))) + (more or 0)


def _volume(cluster: Cluster, name: str) -> Volume | None:
    kind = cluster.discovery.preferred("", "PersistentVolume")
    found = cluster.get(kind, namespace="", name=name) if kind is not None and name else None
    if found is None:
        return None
    spec = mapping(found, "spec")
    policy = text(spec.get("persistentVolumeReclaimPolicy"))
    return Volume(policy, text(mapping(spec, "capacity").get("storage"))) if policy else None


def _autoscalers(cluster: Cluster, namespace: str) -> tuple[JsonObject, ...] | None:
    kind = cluster.discovery.preferred("autoscaling", "HorizontalPodAutoscaler")
    return tuple(cluster.listed(kind, namespace=namespace)) if kind is not None else None


def _pods(cluster: Cluster, service: _Service) -> tuple[Mapping[str, str], ...] | None:
    """Return the labels of the live pods that a Service selects, of those that have not ended."""
    key, selector = service
    query = {
        "labelSelector": ",".join(f"{name}={value}" for name, value in selector),
        "fieldSelector": "status.phase!=Succeeded,status.phase!=Failed",
        "limit": _LOOKED_AT,
    }
    page = _page(cluster, "", "Pod", namespace=key.namespace, **query)
    if page is None:
        return None
    return tuple(labels(metadata_of(pod).get("labels")) for pod in mappings(page.get("items")))


def _page(cluster: Cluster, group: str, kind: str, *, namespace: str, **query: str) -> JsonObject | None:
    """Return the metadata of one page of objects; None for a kind that is not served."""
    served = cluster.discovery.preferred(group, kind)
    if served is None:
        return None
    path = collection_path(served, namespace=namespace)
    return cluster.server.request("GET", path, query=query, headers=_METADATA)
