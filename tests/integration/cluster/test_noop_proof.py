"""What counts as in sync without a dry run is held against the truth: the dry run."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
import yaml

from bot.cluster.errors import ApiRefused
from bot.cluster.objects import FIELD_MANAGER, Apply, Cluster, object_path
from bot.engine.diff.equality import same
from bot.engine.diff.ownership import applying_changes_nothing
from tests.integration.cluster.conftest import MANIFESTS, dry_run
from tests.integration.cluster.mutations import Mutator

VARIED = {
    f"{obj['kind']}/{obj['metadata']['name']}": obj
    for obj in yaml.safe_load_all((MANIFESTS / "varied.yaml").read_text(encoding="utf-8"))
}
UNPROVABLE = {
    "Deployment/quantities": "the server writes 1000m as 1",
    "Deployment/dns": "the server drops the empty list of initContainers",
    "Deployment/nulls": "nulls and empty values are dropped",
    "ConfigMap/hollow": "empty data is dropped",
    "Secret/plain": "stringData becomes data",
    "StatefulSet/db": "a claim template is one value, and the server completes it",
    "ResourceQuota/quota": "the server writes 1000 as 1k",
    "Ship/full": "the definition has a default for a key of its list",
    "Ship/hollow": "nulls and empty lists are dropped",
    "Ship/bare": "the definition fills the empty spec",
}
SERVER_ONLY = {"managedFields", "resourceVersion"}


def placed(name: str, namespace: str, suffix: str = "") -> dict[str, Any]:
    obj = VARIED[name]
    metadata = {**obj["metadata"], "namespace": namespace, "name": obj["metadata"]["name"] + suffix}
    return {**obj, "metadata": metadata}


def live_of(cluster: Cluster, manifest: dict[str, Any]) -> dict[str, Any]:
    (found,) = cluster.live([manifest]).values()
    return found


def proven(manifest: dict[str, Any], live: dict[str, Any]) -> bool:
    return applying_changes_nothing(manifest, live, manager=FIELD_MANAGER)


def bare(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in SERVER_ONLY}
    return {name: value for name, value in obj.items() if name != "status"} | {"metadata": metadata}


def lies(cluster: Cluster, manifest: dict[str, Any]) -> Any:
    """Return what the dry run answers when the proof holds and the answer is something else; None when all is well."""
    for _ in range(20):
        live = live_of(cluster, manifest)
        if not proven(manifest, live):
            return None
        answer = dry_run(cluster, manifest)
        if isinstance(answer, dict) and same(bare(answer), bare(live)):
            return None
        # A controller may have written in between; then the two answers are about different objects.
        if same(live_of(cluster, manifest), live):
            return answer
    raise AssertionError(f"{manifest['metadata']['name']} never stands still")


@pytest.mark.parametrize("name", VARIED)
def test_an_object_just_applied_is_proven_in_sync_and_is(cluster: Cluster, harbour: str, name: str) -> None:
    manifest = placed(name, harbour)
    cluster.apply(Apply(manifest))

    assert lies(cluster, manifest) is None
    assert proven(manifest, live_of(cluster, manifest)) is (name not in UNPROVABLE)


@pytest.mark.parametrize("name", VARIED)
def test_no_other_manifest_is_proven_in_sync_that_a_dry_run_would_change(
    cluster: Cluster, harbour: str, name: str
) -> None:
    manifest = placed(name, harbour, "-manifest")
    cluster.apply(Apply(manifest))
    mutator = Mutator(seed=1)
    roots = [root for root in manifest if root not in {"apiVersion", "kind", "metadata"}]

    for _ in range(60):
        mutated = mutator.mutated(manifest, *roots)
        assert lies(cluster, mutated) is None, mutated


@pytest.mark.parametrize("name", VARIED)
def test_no_object_changed_by_others_is_proven_in_sync_that_a_dry_run_would_change(
    cluster: Cluster, harbour: str, name: str
) -> None:
    manifest = placed(name, harbour, "-live")
    cluster.apply(Apply(manifest))
    mutator = Mutator(seed=2)

    for _ in range(15):
        meddle(cluster, mutator, live_of(cluster, manifest))
        assert lies(cluster, manifest) is None, live_of(cluster, manifest)
        apply_if_accepted(cluster, manifest)
        assert lies(cluster, manifest) is None, live_of(cluster, manifest)


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({"replicas": 1}, False),
        ({"replicas": None}, False),
        ({"minReadySeconds": 3}, True),
        ({"containers": lambda both: [*both, {"name": "extra", "image": "x"}]}, True),
        ({"containers": lambda both: both[::-1]}, False),
        ({"containers": lambda both: both[:1]}, False),
    ],
)
def test_a_proof_survives_what_others_add_and_nothing_else(
    cluster: Cluster, namespace: str, change: dict[str, Any], *, holds: bool
) -> None:
    manifest = placed("Deployment/web", namespace)
    written = copy.deepcopy(cluster.apply(Apply(manifest)))
    written["spec"] |= {name: value for name, value in change.items() if name != "containers"}
    if "containers" in change:
        pods = written["spec"]["template"]["spec"]
        pods["containers"] = change["containers"](pods["containers"])
    put(cluster, {**written, "metadata": {**written["metadata"], "resourceVersion": None}})

    assert proven(manifest, live_of(cluster, manifest)) is holds
    assert lies(cluster, manifest) is None


def meddle(cluster: Cluster, mutator: Mutator, live: dict[str, Any]) -> None:
    """Change an object in one place and write it as `kubectl edit` does; what the server refuses changes nothing."""
    metadata = live["metadata"]
    roots = {name: value for name, value in live.items() if name not in {"apiVersion", "kind", "metadata", "status"}}
    roots |= {name: metadata[name] for name in ("labels", "annotations", "finalizers") if name in metadata}
    changed = mutator.mutated(roots, *roots)
    named = {name: changed.pop(name, None) for name in ("labels", "annotations", "finalizers")}
    written = {**live, **changed, "metadata": {**metadata, **named}}
    with contextlib.suppress(ApiRefused):
        put(cluster, written)


def put(cluster: Cluster, obj: dict[str, Any]) -> None:
    metadata = obj["metadata"]
    path = object_path(cluster.discovery.find(obj), namespace=metadata["namespace"], name=metadata["name"])
    cluster.server.request("PUT", path, query={"fieldManager": "kubectl-edit"}, body=obj)


def apply_if_accepted(cluster: Cluster, manifest: dict[str, Any]) -> None:
    """Sync an object; what others left in it may stand in the way."""
    with contextlib.suppress(ApiRefused):
        cluster.apply(Apply(manifest))
