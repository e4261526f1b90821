"""Applications that applications declare: whose they are, and what becomes of those that leave Git."""

from __future__ import annotations

import json

import pytest
import yaml

from bot.model.applications import Application
from bot.model.resources import JsonObject
from bot.prediction.desired import Wanted
from bot.prediction.selection import Selection
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.prediction.test_applicationsets import CONFIG, URL, WEB, Desk, desk, sides
from tests.second_cluster import cluster_secret, config_of

__all__ = ["desk"]
ROOT = {"root/c.yaml": CONFIG, "apps/db/c.yaml": CONFIG}
RECORD = {"resources": [{"version": "v1", "kind": "ConfigMap", "name": "theirs", "namespace": "b"}]}


def child(desk: Desk, *, name: str = "db", owner: str = "") -> JsonObject:
    """Return an Application, as the application `owner` has applied it."""
    tracked = f"{owner}:argoproj.io/Application:{desk.namespace}/{name}"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": desk.namespace,
            "annotations": {"argocd.argoproj.io/tracking-id": tracked} if owner else {},
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": URL, "path": "apps/db"},
            "destination": {"name": "in-cluster", "namespace": desk.namespace},
        },
        "status": RECORD,
    }


def declared(desk: Desk, live: JsonObject) -> Selection:
    """Select for a change that adds the child, which the cluster has already."""
    manifest = {key: value for key, value in child(desk).items() if key != "status"}
    head = {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}
    return desk.select(ROOT, head, desk.known(), db=Application.parse(live, home=desk.namespace))


def test_somebody_elses_application_is_not_followed(desk: Desk) -> None:
    found = declared(desk, child(desk, owner="theirs"))
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ("Application db is declared by theirs already, and not followed",)


@pytest.mark.parametrize("owner", ["", "root"])
def test_what_is_nobodys_or_ones_own_is_followed_with_what_it_has_recorded(desk: Desk, owner: str) -> None:
    found = declared(desk, child(desk, owner=owner))
    assert sides(found) == {"root": (True, True), "db": (False, True)}
    assert found.candidates[1].either.status == RECORD


def test_a_child_that_nobody_can_read_is_passed_over(desk: Desk) -> None:
    manifest = {key: value for key, value in child(desk).items() if key != "status"}
    manifest["spec"]["destination"]["server"] = "https://kubernetes.default.svc"
    found = desk.select(ROOT, {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}, desk.known())
    assert sides(found) == {"root": (True, True)}


def test_an_applicationset_does_not_take_over_what_an_application_declares(desk: Desk) -> None:
    theirs = Application.parse(child(desk, owner="theirs"), home=desk.namespace)
    found = desk.select(WEB, {**WEB, "apps/db/c.yaml": CONFIG}, desk.known(desk.manifest()), db=theirs)
    assert sides(found) == {}
    assert [note.partition(";")[0] for note in found.notes] == ["Application db is there already and was not generated"]


def of_a_team(desk: Desk, **known: Application) -> Selection:
    """Select for a change that declares an Application `db` of the namespace `team-a`, beside one of the same name."""
    manifest = {key: value for key, value in child(desk).items() if key != "status"}
    manifest["metadata"] = {"name": "db", "namespace": "team-a"}
    return desk.select(ROOT, {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}, desk.known(), **known)


def test_a_child_of_another_namespace_is_followed_where_the_operator_says_so(desk: Desk) -> None:
    desk.others = ("team-*",)
    found = of_a_team(desk, db=Application.parse(child(desk), home=desk.namespace))
    assert sides(found) == {"root": (True, True), "team-a/db": (False, True)}
    assert found.candidates[1].either.status is None  # that is another one's
    (refused,) = desk.sources.desired([Wanted(found.candidates[1].either, found.sides.head)])
    assert refused.failure == "application 'db' in namespace 'team-a' is not allowed to use project 'default'"


def test_a_child_of_a_namespace_that_the_operator_does_not_name_is_not_followed(desk: Desk) -> None:
    desk.others = ("team-b",)
    found = of_a_team(desk)
    assert sides(found) == {"root": (True, True)}
    where = f"{desk.namespace}, team-b"
    words = (
        f"Application db is declared in namespace team-a, where this Foresail does not look: it syncs those in {where}"
    )
    assert found.notes == (words,)


def test_a_child_of_a_repository_that_nobody_uses_is_not_predicted(desk: Desk) -> None:
    manifest = {key: value for key, value in child(desk).items() if key != "status"}
    before = {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}
    manifest["spec"]["source"]["repoURL"] = "https://git.example/acme/unknown"
    found = desk.select(before, {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}, desk.known())
    assert found.unpredicted == ("db",)
    assert desk.select(before, {**before, "root/c.yaml": f"{CONFIG}# 1"}, desk.known()).unpredicted == ()


def test_what_is_declared_in_another_cluster_is_not_ours(desk: Desk, control_plane: ControlPlane) -> None:
    elsewhere = control_plane.server.replace("127.0.0.1", "localhost")
    config = config_of(control_plane) | {"tlsClientConfig": {"insecure": True}}
    secret = cluster_secret("away", elsewhere, config, namespace=desk.namespace)
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    desk.goes_to = "away"
    head = {**ROOT, "root/set.yaml": yaml.safe_dump(desk.manifest())}
    found = desk.select(ROOT, {**head, "root/db.yaml": yaml.safe_dump(child(desk))}, desk.known())
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ()
    root, tree = found.candidates[0].either, found.sides.head
    (desired,) = desk.sources.desired([Wanted(root, tree)])
    assert (desired.failure, len(desired.targets.objects)) == ("", 3)


def taken_out(desk: Desk, manifest: JsonObject) -> Selection:
    """Select for a change that takes what a manifest declares out of Git."""
    files = {**ROOT, **WEB}
    return desk.select({**files, "root/declared.yaml": yaml.safe_dump(manifest)}, files, desk.known())


def test_a_child_that_leaves_git_goes_when_its_parent_prunes(desk: Desk) -> None:
    found = taken_out(desk, child(desk))
    assert sides(found) == {"root": (True, True), "db": (True, False)}
    assert found.notes == ()


def test_a_child_that_leaves_git_stays_when_its_parent_does_not_prune(desk: Desk) -> None:
    desk.prunes = False
    found = taken_out(desk, child(desk))
    assert sides(found) == {"root": (True, True)}
    assert found.looked_at["db"].head == found.looked_at["db"].base
    assert found.notes == ("Application db stays, because root does not prune",)


def test_a_child_that_is_not_to_be_pruned_stays(desk: Desk) -> None:
    manifest = child(desk)
    manifest["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "Prune=false"}
    found = taken_out(desk, manifest)
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ("Application db stays, because its sync options keep it from being pruned",)


def test_an_applicationset_stays_when_its_parent_does_not_prune(desk: Desk) -> None:
    desk.prunes = False
    found = taken_out(desk, desk.manifest())
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ("ApplicationSet shops stays, because root does not prune",)


def removed(desk: Desk, *finalizers: str) -> Selection:
    """Select for a change that takes out an application in the middle, along with the folder of what it declares."""
    middle = child(desk, name="middle")
    middle["spec"]["source"]["path"] = "middle"
    middle["metadata"]["finalizers"] = list(finalizers)
    middle_folder = {"root/middle.yaml": yaml.safe_dump(middle), "middle/db.yaml": yaml.safe_dump(child(desk))}
    return desk.select({**ROOT, **middle_folder}, ROOT, desk.known())


def test_a_child_stays_when_its_parent_goes_without_a_finalizer(desk: Desk) -> None:
    found = removed(desk)
    assert sides(found) == {"root": (True, True), "middle": (True, False)}
    assert found.notes == ("Application db stays, because middle, which declares it, goes without deleting anything",)


def test_a_child_goes_with_a_parent_whose_finalizer_says_so(desk: Desk) -> None:
    found = removed(desk, "resources-finalizer.argocd.argoproj.io")
    assert sides(found) == {"root": (True, True), "middle": (True, False), "db": (True, False)}


def test_a_child_that_is_not_to_be_deleted_stays_when_its_parent_goes(desk: Desk) -> None:
    middle, kept = child(desk, name="middle"), child(desk)
    middle["spec"]["source"]["path"] = "middle"
    middle["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    kept["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "Delete=false"}
    folder = {"root/middle.yaml": yaml.safe_dump(middle), "middle/db.yaml": yaml.safe_dump(kept)}
    found = desk.select({**ROOT, **folder}, ROOT, desk.known())
    assert sides(found) == {"root": (True, True), "middle": (True, False)}
    assert found.notes == (
        "Application db stays, because its sync options keep it when middle, which declares it, is deleted",
    )


def test_the_finalizers_that_count_are_those_in_the_cluster(desk: Desk) -> None:
    middle = child(desk, name="middle")
    middle["spec"]["source"]["path"] = "middle"
    live = Application.parse(middle, home=desk.namespace)
    middle["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    folder = {"root/middle.yaml": yaml.safe_dump(middle), "middle/db.yaml": yaml.safe_dump(child(desk))}
    found = desk.select({**ROOT, **folder}, ROOT, desk.known(), middle=live)
    assert sides(found) == {"root": (True, True), "middle": (True, False)}
