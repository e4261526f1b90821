"""What happens to an application as a whole: its share that goes, what it still needs, its images, its routine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.model.dangers import ImageChange
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.reports import Action
from bot.model.resources import JsonObject
from bot.preview.dangers import Knowledge, inquiry, judged
from bot.preview.dangers.apis import REMOVALS
from tests.unit.preview.dangers.scenes import change, dangers, ids, obj, said, same, scene, workload


def test_deleting_too_large_a_share_is_told() -> None:
    many = [change(obj("ConfigMap", str(number))) for number in range(3)]
    (found, *rest) = dangers(*many, percent=50)

    assert found.subject == "Application shop"
    assert found.words == "is held until a person allows it: the sync would delete 3 of 4 objects, more than 50 %"
    assert {danger.id for danger in rest} == {"deleted"}
    assert "mass-deletion" not in ids(*many, percent=75)


def test_where_an_argo_cd_does_the_syncing_nothing_is_said_to_be_held() -> None:
    alone = replace(scene(*(change(obj("ConfigMap", str(number))) for number in range(3)), percent=50), holds=False)
    words = [one.words for one in judged(alone).dangers if one.id == "mass-deletion"]
    assert words == ["loses much at once: the sync would delete 3 of 3 objects, more than 50 %"]


def test_an_application_that_becomes_empty_is_told() -> None:
    empty = judged(scene(change(obj("ConfigMap"))))

    assert [danger.words for danger in empty.dangers] == ["renders to nothing, where it rendered 1 object before"]
    assert judged(scene(change(obj("ConfigMap")), same(obj("Secret")))).dangers == ()
    assert judged(scene(change(obj("ConfigMap")), change=Action.PRUNE)).dangers == ()
    assert judged(scene(change(None, None, live=obj("ConfigMap")))).dangers == ()
    assert judged(scene(change(obj("ConfigMap")), failure="no chart")).dangers == ()


NEEDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ConfigMap", {}, {"envFrom": [{"configMapRef": {"name": "x"}}]}),
    ("Secret", {}, {"envFrom": [{"secretRef": {"name": "x"}}]}),
    ("ConfigMap", {}, {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "a"}}}]}),
    ("Secret", {}, {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x", "key": "a"}}}]}),
    ("ConfigMap", {"volumes": [{"configMap": {"name": "x"}}]}, {}),
    ("Secret", {"volumes": [{"secret": {"secretName": "x"}}]}, {}),
    ("Secret", {"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}, {}),
    ("PersistentVolumeClaim", {"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}, {}),
    ("ServiceAccount", {"serviceAccountName": "x"}, {}),
]


@pytest.mark.parametrize(("kind", "pod", "container"), NEEDS)
def test_what_is_deleted_and_still_needed_is_told(kind: str, pod: dict[str, Any], container: dict[str, Any]) -> None:
    needing = workload(pod=pod, container=container)

    assert "warning: is deleted, and Deployment shop/web still needs it" in said(same(needing), change(obj(kind, "x")))
    assert "still-used" not in ids(same(needing), change(obj(kind, "y")))
    assert "still-used" not in ids(change(needing, workload()), change(obj(kind, "x")))
    assert "still-used" not in ids(change(needing), change(obj(kind, "x")))


def test_what_is_optional_is_not_needed() -> None:
    optional = workload(container={"envFrom": [{"configMapRef": {"name": "x", "optional": True}}]})

    assert "still-used" not in ids(same(optional), change(obj("ConfigMap", "x")))


def running(image: str, **more: Any) -> JsonObject:
    return workload(container={"image": image}, **more)


@pytest.mark.parametrize("image", ["nginx", "nginx:latest", "r.example:5000/a/nginx", "r.example/nginx:latest"])
def test_an_image_by_a_mutable_tag_is_told(image: str) -> None:
    words = [f"note: runs {image}: what that is may change without a commit"]

    assert said(change(None, running(image))) == words
    assert said(change(running("nginx:1.27"), running(image))) == words
    assert said(change(running(image), running(image, paused=True))) == []


@pytest.mark.parametrize("image", ["nginx:1.27", "nginx:latest@sha256:abc", "r.example:5000/nginx:1", "nginx@sha256:a"])
def test_an_image_by_a_fixed_name_is_no_danger(image: str) -> None:
    assert said(change(None, running(image))) == []


def test_image_changes_are_counted() -> None:
    three = [change(running("a:1", name=f"w{number}"), running("a:2", name=f"w{number}")) for number in range(3)]
    one = change(running("b:1", name="b"), running("b:2", name="b"))

    assert judged(scene(*three, one, change(None, running("c:1", name="c")))).images == (
        ImageChange("a:1", "a:2", 3),
        ImageChange("b:1", "b:2", 1),
    )


def marked(image: str, sum_: str = "1", **more: Any) -> JsonObject:
    one = running(image, **more)
    one["metadata"]["labels"] = {"helm.sh/chart": f"web-{sum_}", "app.kubernetes.io/version": sum_}
    one["spec"]["template"]["metadata"]["annotations"] = {"checksum/config": sum_}
    return one


@pytest.mark.parametrize(
    ("after", "routine"),
    [
        (marked("a:2"), True),
        (marked("a:2", "2"), True),
        (marked("a:1", "2"), True),
        (marked("a:latest", "2"), True),
        (marked("a:2", replicas=3), False),
        (None, False),
        (workload(name="web", container={"image": "a:2", "command": ["x"]}), False),
    ],
)
def test_only_images_versions_and_checksums_are_routine(after: JsonObject | None, *, routine: bool) -> None:
    assert judged(scene(change(marked("a:1"), after), same(obj("ConfigMap")))).routine is routine


@pytest.mark.parametrize("name", ["checksum", "x.io/checksum-secret", "x.io/values-hash", "rollme"])
def test_what_a_diff_folds_away_is_routine(name: str) -> None:
    before, after = running("a:1"), running("a:1")
    before["metadata"]["annotations"], after["metadata"]["annotations"] = {name: "1"}, {name: "2"}

    assert judged(scene(change(before, after))).routine


def test_routine_ends_where_anything_else_happens() -> None:
    move = change(marked("a:1"), marked("a:2"))

    assert not judged(scene(move, change(None, obj("ConfigMap")))).routine
    assert not judged(scene(move, change=Action.CHANGE)).routine
    assert not judged(scene(move, change(obj("ConfigMap")))).routine
    assert not judged(scene(same(marked("a:1")))).routine


def old_job(kind: str = "CronJob", api: str = "batch/v1beta1") -> JsonObject:
    return obj(kind, api=api)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v1.24.3", "warning: uses batch/v1beta1, which is removed in v1.25, the cluster has v1.24: use batch/v1"),
        ("v1.20.0", "note: uses batch/v1beta1, which is removed in v1.25, the cluster has v1.20: use batch/v1"),
        ("v1.37.2", "note: uses batch/v1beta1, which was removed in v1.25, the cluster has v1.37: use batch/v1"),
        ("", "note: uses batch/v1beta1, which is removed in v1.25: use batch/v1"),
    ],
)
def test_an_api_that_is_removed_is_told(version: str, words: str) -> None:
    assert said(change(None, old_job()), knowledge=Knowledge(version=version)) == [words]
    assert said(change(None, old_job(api="batch/v1")), knowledge=Knowledge(version=version)) == []


def test_an_api_that_was_used_before_is_only_noted() -> None:
    now = Knowledge(version="v1.24.0")

    assert said(same(old_job()), knowledge=now) == []
    assert [word[:5] for word in said(change(old_job(), {**old_job(), "spec": {}}), knowledge=now)] == ["note:"]


def test_a_kind_that_is_refused_for_its_age_says_so() -> None:
    refusal = Refusal("prod serves no CronJob in batch/v1beta1", 404, "UnknownKind")
    manifest = old_job()
    states = ResourceStates(change(None, manifest).key, None, None, Prediction(manifest, None, refusal=refusal))

    assert ids(states, knowledge=Knowledge(version="v1.37.0")) == ["removed-api"]


def test_the_table_of_removals_never_names_its_own_version() -> None:
    assert all(removal.instead != version for (version, _), removal in REMOVALS.items())
    assert ("policy/v1beta1", "PodSecurityPolicy") in REMOVALS


def test_the_worst_comes_first() -> None:
    mighty = workload(pod={"hostPID": True}, container={"image": "a", "securityContext": {"runAsUser": 0}})

    assert ids(change(None, mighty)) == ["host-namespace", "runs-as-root", "mutable-tag"]


def test_what_fails_has_no_other_danger() -> None:
    mighty = workload(pod={"hostPID": True})
    states = change(None, mighty)
    refused = ResourceStates(states.key, None, None, Prediction(mighty, None, refusal=Refusal("no", 403)))

    assert ids(refused) == []


def test_nothing_is_asked_for_a_change_of_nothing_much() -> None:
    assert inquiry(scene(change(obj("ConfigMap"), obj("ConfigMap", data={"a": "b"})))) == inquiry(scene())
