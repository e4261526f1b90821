"""Client-side apply next to the real one: what kubectl would bring about, we say, and the other way round."""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.client_side import ClientSide, client_side_patch
from bot.cluster.errors import ApiRefused
from bot.cluster.objects import Apply, Cluster
from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION, without_assigned
from bot.engine.patches.directives import Unmergeable
from bot.engine.patches.hand_over import ARGO_CD, KUBECTL
from bot.engine.patches.last_applied import last_applied_of
from bot.engine.patches.schema import MergeField, MergeSchema
from bot.errors import Rejected
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import Programs
from tests.integration.cluster.conftest import MANIFESTS, config_map
from tests.integration.cluster.test_noop_proof import put
from tests.integration.cluster.variations import Variation

BASES = [
    obj
    for path in ("varied.yaml", "applied.yaml")
    for obj in yaml.safe_load_all((MANIFESTS / path).read_text(encoding="utf-8"))
]
EACH = 8
"""Triples made of each base."""
BATCH = 80
"""Objects in one call of kubectl: it reads the server's schemas anew for each, so a call has to end in time."""
DRY = ("apply", "--dry-run=server", "-f", "-")
SERVER_ONLY = {"resourceVersion", "uid", "creationTimestamp", "generation"}


@dataclass(frozen=True)
class Triple:
    """What was applied last, in how many places others change what comes of it, and what is to be applied now."""

    name: str
    applied: dict[str, Any]
    drift: int
    manifest: dict[str, Any]


def triples(place: str) -> list[Triple]:
    vary = Variation(seed=4)
    made = []
    for number in range(EACH * len(BASES)):
        base = BASES[number % len(BASES)]
        name = f"{base['kind'].lower()}-{number:03}"
        named = {**base, "metadata": {**base["metadata"], "name": name, "namespace": place}}
        applied = vary.varied(named, changes=vary.chance.randrange(4))
        manifest = vary.varied(vary.chance.choice([named, applied]), changes=vary.chance.randrange(5))
        made.append(Triple(name, applied, vary.chance.randrange(4), manifest))
    return made


@pytest.fixture(scope="module")
def lived(control_plane: ControlPlane, cluster: Cluster, harbour: str) -> list[Triple]:
    """Return triples whose objects kubectl has applied and others have changed; each ninth is yet to be created."""
    made = triples(harbour)
    there = [triple for number, triple in enumerate(made) if number % 9]
    with contextlib.suppress(Rejected):  # some are invalid, and then there is no such object
        control_plane.kubectl("apply", "-f", "-", stdin=documents([triple.applied for triple in there]))
    vary = Variation(seed=5)
    live = {key.name: obj for key, obj in cluster.live([triple.manifest for triple in there]).items()}
    for number, triple in enumerate(there):
        if triple.name in live:
            meddle(cluster, vary.varied(live[triple.name], changes=triple.drift), forget=number % 11 == 0)
    return made


def meddle(cluster: Cluster, obj: dict[str, Any], *, forget: bool) -> None:
    """Write an object as `kubectl edit` does, unless the server refuses; `forget` what was applied last."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
    if forget:
        annotations = metadata.get("annotations") or {}
        metadata["annotations"] = {name: text for name, text in annotations.items() if name != LAST_APPLIED_ANNOTATION}
    with contextlib.suppress(ApiRefused):
        put(cluster, {**obj, "metadata": metadata})


def nested(depth: int) -> dict[str, Any]:
    """Return a mapping in a mapping in a mapping."""
    whole: dict[str, Any] = {}
    for _ in range(depth):
        whole = {"a": whole}
    return whole


def documents(objects: list[dict[str, Any]]) -> str:
    return "".join(map(json.dumps, objects))


def live_of(cluster: Cluster, manifest: dict[str, Any]) -> dict[str, Any] | None:
    return next(iter(cluster.live([manifest]).values()), None)


def applied(
    cluster: Cluster, manifest: dict[str, Any], *, manager: str = KUBECTL, dry_run: bool = False
) -> dict[str, Any]:
    return ClientSide(cluster, manager=manager).apply(Apply(manifest), live_of(cluster, manifest), dry_run=dry_run)


def bare(answer: dict[str, Any] | None, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Return an answer without what the server picks or counts; None for a refusal."""
    if answer is None:
        return None
    metadata = {name: value for name, value in answer["metadata"].items() if name not in SERVER_ONLY}
    owners = sorted(json.dumps({**entry, "time": ""}, sort_keys=True) for entry in metadata.pop("managedFields", []))
    rest = {name: value for name, value in answer.items() if name not in {"metadata", "status"}}
    return without_assigned(rest | {"metadata": metadata, "owners": owners}, manifest)


def our_answers(cluster: Cluster, manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what we say the server would make of each manifest that it accepts, by name."""
    live = {key.name: obj for key, obj in cluster.live(manifests).items()}
    client, answers = ClientSide(cluster, manager=KUBECTL), {}
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        with contextlib.suppress(ApiRefused):
            answers[name] = client.apply(Apply(manifest), live.get(name), dry_run=True)
    return answers


def kubectl_answers(
    control_plane: ControlPlane, programs: Programs, manifests: list[dict[str, Any]], *, expected: set[str]
) -> dict[str, dict[str, Any]]:
    """Return what kubectl says of them: it prints objects only when none is refused, and names as it goes."""
    good = [manifest for manifest in manifests if manifest["metadata"]["name"] in expected]
    bad = [manifest for manifest in manifests if manifest["metadata"]["name"] not in expected]
    answers: dict[str, dict[str, Any]] = {}
    for first in range(0, len(good), BATCH):
        objects = documents(good[first : first + BATCH])
        answer = json.loads(control_plane.kubectl(*DRY, "-o=json", "--show-managed-fields", stdin=objects))
        answers |= {obj["metadata"]["name"]: obj for obj in answer.get("items", [answer])}
    command: list[str | Path] = [programs.kubectl, "--kubeconfig", control_plane.kubeconfig, *DRY]
    words = subprocess.run(command, input=documents(bad), capture_output=True, text=True, timeout=60, check=False)
    return answers | {line.split()[0].partition("/")[2]: {"metadata": {}} for line in words.stdout.splitlines()}


def test_kubectl_and_we_say_the_same_of_every_triple(
    control_plane: ControlPlane, programs: Programs, cluster: Cluster, lived: list[Triple]
) -> None:
    left = {triple.name: triple.manifest for triple in lived}
    kinds: list[str] = []
    for _ in range(3):  # a controller may have written between two answers
        ours = our_answers(cluster, list(left.values()))
        theirs = kubectl_answers(control_plane, programs, list(left.values()), expected=set(ours))
        pairs = {name: (bare(ours.get(name), of), bare(theirs.get(name), of)) for name, of in left.items()}
        kinds += [left[name]["kind"] for name, (our, their) in pairs.items() if our is not None and our == their]
        left = {name: left[name] for name, (our, their) in pairs.items() if our != their}
        if not left:
            break

    assert {name: pairs[name] for name in left} == {}
    assert len(kinds) >= 200
    assert len(set(kinds)) >= 18


def test_an_object_that_is_not_there_is_created_with_the_annotation(cluster: Cluster, namespace: str) -> None:
    answer = applied(cluster, config_map(namespace, data={"a": "1", "b": None}), manager=ARGO_CD)

    (owner,) = answer["metadata"]["managedFields"]
    assert (owner["manager"], owner["operation"]) == (ARGO_CD, "Update")
    assert answer["data"] == {"a": "1"}
    assert last_applied_of(answer)["data"] == {"a": "1", "b": None}


def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str) -> None:
    assert applied(cluster, config_map(namespace), dry_run=True)["data"] == {"a": "1"}
    assert live_of(cluster, config_map(namespace)) is None

    applied(cluster, config_map(namespace))
    assert applied(cluster, config_map(namespace, data={"a": "2"}), dry_run=True)["data"] == {"a": "2"}
    assert (live_of(cluster, config_map(namespace)) or {})["data"] == {"a": "1"}


def test_what_was_applied_last_goes_and_what_others_added_stays(cluster: Cluster, namespace: str) -> None:
    once = applied(cluster, config_map(namespace, data={"a": "1", "b": "2"}))
    put(cluster, {**once, "data": once["data"] | {"theirs": "3"}})

    assert applied(cluster, config_map(namespace, data={"a": "4"}))["data"] == {"a": "4", "theirs": "3"}


def test_nothing_is_sent_when_there_is_nothing_to_say(cluster: Cluster, namespace: str) -> None:
    once = applied(cluster, config_map(namespace))

    assert applied(cluster, config_map(namespace)) == once


def test_a_live_object_of_another_version_is_read_again(cluster: Cluster, namespace: str) -> None:
    newer: dict[str, Any] = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}, "maxReplicas": 2},
    }
    applied(cluster, newer)
    older = live_of(cluster, {**newer, "apiVersion": "autoscaling/v1"})
    answer = ClientSide(cluster, manager=KUBECTL).apply(
        Apply({**newer, "spec": newer["spec"] | {"maxReplicas": 3}}), older
    )

    assert (answer["apiVersion"], answer["spec"]["maxReplicas"]) == ("autoscaling/v2", 3)


@pytest.mark.parametrize(
    ("change", "code", "reason", "words"),
    [
        ({"kind": "Riddle"}, 0, "", "serves no Riddle"),
        ({"metadata": {"generateName": "a", "namespace": "x"}}, 422, "Invalid", "without a name cannot be applied"),
        ({"metadata": {"name": "a/b", "namespace": "x"}}, 422, "Invalid", "cannot be the name"),
        ({"metadata": {"name": "a", "namespace": "nowhere"}}, 404, "NotFound", 'namespaces "nowhere" not found'),
        ({"data": {1: "1"}}, 422, "Invalid", "cannot be sent as JSON"),
        ({"data": nested(5000)}, 422, "Invalid", "cannot be sent as JSON: maximum recursion"),
        ({"data": nested(300)}, 422, "Invalid", "cannot be sent as JSON"),
        ({"data": {"a/b": "1"}}, 422, "Invalid", "a valid config key must consist of"),
        ({"dat": {"a": "1"}}, 400, "BadRequest", 'unknown field "dat"'),
    ],
)
def test_a_refusal_is_in_the_words_of_who_refuses(
    cluster: Cluster, namespace: str, *, change: dict[str, Any], code: int, reason: str, words: str
) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        ClientSide(cluster, manager=KUBECTL).apply(Apply({**config_map(namespace), **change}), None, dry_run=True)
    assert (getattr(refused.value, "code", 0), getattr(refused.value, "reason", "")) == (code, reason)


def test_what_the_schema_does_not_know_is_left_out_without_validation(cluster: Cluster, namespace: str) -> None:
    unknown = Apply(config_map(namespace, dat={"a": "1"}), validate=False)

    assert "dat" not in ClientSide(cluster, manager=KUBECTL).apply(unknown, None)


def test_an_annotation_that_cannot_be_read_is_a_refusal(cluster: Cluster, namespace: str) -> None:
    live = {**config_map(namespace), "metadata": {"annotations": {LAST_APPLIED_ANNOTATION: "{"}}}

    with pytest.raises(ApiRefused, match="holds no JSON"):
        ClientSide(cluster, manager=KUBECTL).apply(Apply(config_map(namespace)), live)


@pytest.mark.parametrize("schema", [None, MergeSchema({"": {"data": MergeField(""), "a": MergeField("")}}, "")])
def test_states_nested_too_deeply_are_refused_in_words(schema: MergeSchema | None) -> None:
    live, wanted = {"data": nested(900)}, {"data": nested(901)}

    with pytest.raises(Unmergeable, match="nested too deeply"):
        client_side_patch(wanted, live, schema=schema)


def test_an_object_that_goes_meanwhile_is_a_refusal(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(ApiRefused, match="not found"):
        ClientSide(cluster, manager=KUBECTL).apply(Apply(config_map(namespace)), config_map(namespace, data={}))


def test_a_conflict_that_stays_is_told_in_the_end(cluster: Cluster, namespace: str) -> None:
    old = applied(cluster, config_map(namespace))["metadata"]["resourceVersion"]
    applied(cluster, config_map(namespace, data={"a": "2"}))
    metadata = {"name": "settings", "namespace": namespace, "resourceVersion": old}

    with pytest.raises(ApiRefused, match="the object has been modified") as refused:
        applied(cluster, config_map(namespace, metadata=metadata))
    assert refused.value.reason == "Conflict"
