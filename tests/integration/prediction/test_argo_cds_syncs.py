"""Previews where an Argo CD does the syncing: what its own way of writing makes of objects that kubectl applied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.cluster.clusters import Clusters
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.engine.patches.hand_over import ARGO_CD
from bot.model.applications import Application
from bot.model.reports import Action, ApplicationReport, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.desired import Wanted
from bot.prediction.preview import ChangeWords, Predictor
from bot.prediction.sources import Sources
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Candidate
from bot.repository.mirrors import Mirrors
from bot.repository.render import Renderer
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import Programs
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Fixed

URL = "https://git.example/acme/shop"
IDENTITY = "git.example/acme/shop"
DEFINITIONS = Path(__file__).parents[1] / "cluster" / "manifests" / "definitions.yaml"


@dataclass
class Desk:
    """An application whose changes are predicted, and kubectl, which writes as its Argo CD does."""

    repository: Fixed
    plane: ControlPlane
    sources: Sources
    cluster: Cluster
    namespace: str
    options: tuple[str, ...] = ()
    managed: JsonObject | None = None

    @property
    def application(self) -> Application:
        policy: JsonObject = {"automated": {"prune": True}, "syncOptions": list(self.options)}
        spec = {
            "source": {"repoURL": URL, "path": "deploy"},
            "destination": {"name": "in-cluster", "namespace": self.namespace},
            "syncPolicy": policy | ({"managedNamespaceMetadata": self.managed} if self.managed else {}),
        }
        return Application.parse({"metadata": {"name": "shop", "namespace": "argocd"}, "spec": spec}, home="argocd")

    def tree(self, *manifests: JsonObject) -> Tree:
        files = {f"deploy/{number}.json": orjson.dumps(one).decode() for number, one in enumerate(manifests)}
        return Tree(IDENTITY, self.repository.mirror, self.repository.tree({"deploy/README.md": "Shop\n", **files}))

    def synced(self, *manifests: JsonObject) -> None:
        """Have it synced, as Argo CD does without options."""
        targets = self.sources.desired([Wanted(self.application, self.tree(*manifests))])[0].targets.objects.values()
        listed = orjson.dumps({"apiVersion": "v1", "kind": "List", "items": list(targets)}).decode()
        self.plane.kubectl("apply", f"--field-manager={ARGO_CD}", "--validate=false", "-f", "-", stdin=listed)

    def preview(
        self, base: list[JsonObject], head: list[JsonObject], candidate: Candidate | None = None
    ) -> ApplicationReport:
        predictor = Predictor(self.sources, Clusters(self.cluster), mass_deletion_percent=50)
        sides = Sides(self.tree(*base), self.tree(*head))
        words = ChangeWords("acme/shop#1", "main", "b" * 40, "h" * 40)
        candidates = [candidate or Candidate(self.application, self.application)]
        (report,) = predictor.predict(candidates, sides, words=words, considered=1).report.applications
        return report

    def changed(self, base: JsonObject, head: JsonObject) -> ResourceReport:
        report = self.preview([base], [head])
        assert report.failure == ""
        return report.resources[0]

    def live(self, manifest: JsonObject) -> JsonObject:
        placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": self.namespace}}
        return self.cluster.live([placed])[ResourceKey.of(placed)]


@pytest.fixture
def ferry(control_plane: ControlPlane, desk: Desk) -> JsonObject:
    """Return a ship in a cluster that knows ships, which are custom resources."""
    control_plane.kubectl("apply", "-f", str(DEFINITIONS))
    control_plane.await_established("crd/ships.harbour.example")
    kind = {"apiVersion": "harbour.example/v1", "kind": "Ship", "metadata": {"name": "ferry"}}
    ship = {**kind, "spec": {"ports": ["x", "y"], "cargo": [{"hold": "a"}, {"hold": "b"}]}}
    desk.synced(ship)
    while not desk.cluster.lists_of(ship):  # described a moment after it is served
        time.sleep(0.1)
    return ship


def test_another_order_in_a_set_of_a_custom_resource_is_no_change(desk: Desk, ferry: JsonObject) -> None:
    turned = {**ferry, "spec": {"ports": ["y", "x"], "cargo": [{"hold": "b"}, {"hold": "a"}]}}
    told = desk.changed(ferry, turned)
    assert (told.action, told.drift, told.effect_diff, told.rewritten) == (Action.NOTHING, Action.NOTHING, "", True)
    more = desk.changed(ferry, {**ferry, "spec": {**turned["spec"], "ports": ["z", "y", "x"]}})
    assert (more.action, more.added, more.removed) == (Action.CHANGE, 1, 0)


@pytest.fixture
def desk(control_plane: ControlPlane, programs: Programs, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    cluster = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)), manager=ARGO_CD)
    renderer = Renderer(kustomize=str(programs.kustomize), timeout=60.0)
    sources = Sources(
        mirrors=Mirrors(tmp_path / "mirrors", CLIENT),
        renderer=renderer,
        clusters=Clusters(cluster),
        control_namespace="argocd",
        auth_for=lambda _url, _project: None,
    )
    sources.by_argo_cd = True
    yield Desk(Fixed(tmp_path / "repository"), control_plane, sources, cluster, namespace)
    renderer.close()
    cluster.close()


def make(kind: str = "ConfigMap", api: str = "v1", options: str = "", **fields: Any) -> JsonObject:
    annotations = {"annotations": {"argocd.argoproj.io/sync-options": options}} if options else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "one", **annotations}, **fields}


def deployment(app: str = "web", **spec: Any) -> JsonObject:
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
    return make("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"app": app}}, "template": template, **spec})


def binding(role: str) -> JsonObject:
    group = "rbac.authorization.k8s.io"
    return make("RoleBinding", f"{group}/v1", roleRef={"apiGroup": group, "kind": "Role", "name": role})


def test_what_leaves_git_goes_and_what_a_hand_added_stays(desk: Desk) -> None:
    base, head = make(data={"a": "1", "b": "2"}), make(data={"a": "1"})
    desk.synced(base)
    patch = '{"data": {"c": "3"}}'
    desk.plane.kubectl("patch", "configmap", "one", "-n", desk.namespace, "--type=merge", "-p", patch)

    found = desk.changed(base, head)
    assert (found.action, found.drift) == (Action.CHANGE, Action.NOTHING)
    assert [line for line in found.effect_diff.split("\n") if line.startswith(("+", "-"))] == ['-  b: "2"']
    desk.synced(head)
    assert desk.live(head)["data"] == {"a": "1", "c": "3"}


def test_what_the_sync_made_of_it_needs_no_further_one(desk: Desk) -> None:
    base, head = deployment(revisionHistoryLimit=3), deployment(replicas=2)
    desk.synced(base)
    assert "+  revisionHistoryLimit: 10" in desk.changed(base, head).effect_diff
    desk.synced(head)

    assert desk.preview([head], [head]).resources == ()


def test_an_unknown_field_is_left_out_as_argo_cd_leaves_it_out(desk: Desk) -> None:
    base, head = deployment(), deployment(replica=2)
    desk.synced(base)

    (found,) = desk.preview([base], [head]).resources
    assert (found.action, found.effect_diff, found.rewritten) == (Action.NOTHING, "", True)
    assert desk.preview([base], [deployment(replicas="two")]).resources[0].failure != ""


def test_a_binding_is_recreated_where_its_role_changes(desk: Desk) -> None:
    desk.synced(binding("reader"))

    assert desk.changed(binding("reader"), binding("writer")).action is Action.REPLACE


@pytest.mark.parametrize(
    ("options", "action", "words"),
    [
        ("", Action.CHANGE, "field is immutable"),
        ("Force=true", Action.REPLACE, ""),
        ("Replace=true", Action.CHANGE, "field is immutable"),
        ("Replace=true,Force=true", Action.REPLACE, ""),
    ],
)
def test_an_immutable_field_takes_force(desk: Desk, options: str, action: Action, words: str) -> None:
    desk.synced(deployment())
    head = deployment("api")
    head["metadata"] |= {"annotations": {"argocd.argoproj.io/sync-options": options}}

    found = desk.changed(deployment(), head)
    assert found.action is action
    assert words in found.failure


def test_replace_with_force_recreates_an_object_that_nobody_changes(desk: Desk) -> None:
    one = make(options="Replace=true,Force=true", data={"a": "1"})
    desk.synced(one)

    (found,) = desk.preview([one], [one]).resources
    assert (found.action, found.drift) == (Action.NOTHING, Action.REPLACE)
    assert found.note.startswith("Replace=true with Force=true")


def test_force_with_server_side_apply_fails_in_kubectls_words(desk: Desk) -> None:
    desk.options = ("ServerSideApply=true",)

    (found,) = desk.preview([], [make(options="Force=true")]).resources
    assert found.failure == "error validating options: --force cannot be used with --server-side"


def test_server_side_apply_takes_over_what_was_applied_on_the_client(desk: Desk) -> None:
    base, head = make(data={"a": "1", "b": "2"}), make(data={"a": "1"})
    desk.synced(base)
    desk.options = ("ServerSideApply=true",)

    assert '-  b: "2"' in desk.changed(base, head).effect_diff


def test_the_namespace_is_given_labels_beside_those_it_has(desk: Desk) -> None:
    desk.options, desk.managed = ("CreateNamespace=true",), {"labels": {"team": "shop"}}

    (found,) = desk.preview([], []).resources
    assert (found.key.kind, found.action, found.drift) == ("Namespace", Action.NOTHING, Action.CHANGE)
    assert "+    team: shop" in found.drift_diff
    assert "-    kubernetes.io/metadata.name" not in found.drift_diff


def test_only_what_is_out_of_sync_is_written_where_that_is_asked_for(desk: Desk) -> None:
    base = make(data={"a": "1"})
    desk.synced(base)
    desk.options = ("ApplyOutOfSyncOnly=true", "Replace=true")
    patch = '{"metadata": {"labels": {"by": "hand"}}}'
    desk.plane.kubectl("patch", "configmap", "one", "-n", desk.namespace, "--type=merge", "-p", patch)

    assert desk.preview([base], [base]).resources == ()
    desk.options = ("Replace=true",)
    assert desk.preview([base], [base]).resources[0].drift is Action.CHANGE


def test_what_an_automated_sync_would_not_empty_is_left_to_a_person(desk: Desk) -> None:
    base = [make(), make("ServiceAccount")]
    desk.synced(*base)
    found = desk.preview(base, [])
    (note,) = found.notes
    assert note.startswith("Argo CD does not sync it by itself, as that would delete all of its objects and allowEmpty")
    (mass,) = [one.words for one in found.dangers if one.id == "mass-deletion"]
    assert mass.startswith("loses much at once: the sync would delete 2 of 2 objects")

    policy = desk.application.spec.sync_policy
    assert policy.automated is not None
    allowed = policy.model_copy(update={"automated": policy.automated.model_copy(update={"allow_empty": True})})
    wipes = replace(desk.application, spec=desk.application.spec.model_copy(update={"sync_policy": allowed}))
    assert desk.preview(base, [], Candidate(wipes, wipes)).notes == ()
    assert desk.preview(base, base[:1]).notes == ()


CASCADE = "resources-finalizer.argocd.argoproj.io"


@pytest.mark.parametrize(
    ("finalizer", "who"),
    [(CASCADE, "Argo CD"), (f"{CASCADE}/background", "Argo CD"), (f"{CASCADE}/foreground", "Foresail")],
)
def test_what_a_deleted_application_manages_goes_with_it_where_its_finalizer_says_so(
    desk: Desk, finalizer: str, who: str
) -> None:
    claim = make(
        "PersistentVolumeClaim",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )
    base = [claim, make(options="Delete=false"), make("Service", options="Prune=false", spec={"ports": [{"port": 80}]})]
    desk.synced(*base)
    desk.sources.by_argo_cd = who == "Argo CD"

    gone = Candidate(replace(desk.application, finalizers=(finalizer,)), None)
    found = desk.preview(base, [], gone)
    assert {one.key.kind: one.action for one in found.resources} == {
        "PersistentVolumeClaim": Action.PRUNE,
        "ConfigMap": Action.ORPHAN,
        "Service": Action.PRUNE,
    }
    assert found.notes == (f"its finalizer {CASCADE} has {who} delete its objects",)
    assert next(one.dangers for one in found.resources if one.key.kind == "PersistentVolumeClaim")


def test_what_a_deleted_application_manages_stays_without_the_finalizer(desk: Desk) -> None:
    base = [make(data={"a": "1"})]
    desk.synced(*base)

    found = desk.preview(base, [], Candidate(desk.application, None))
    assert [one.action for one in found.resources] == [Action.ORPHAN]
    assert found.notes == ()


def test_what_goes_because_pruning_is_turned_on_is_an_effect(desk: Desk) -> None:
    left = make(data={"a": "1"})
    desk.synced(left)
    place = {"group": "", "kind": "ConfigMap", "namespace": desk.namespace, "name": "one", "version": "v1"}
    head = replace(desk.application, status={"resources": [place]})
    manual = head.spec.model_copy(update={"sync_policy": head.spec.sync_policy.model_copy(update={"automated": None})})

    (found,) = desk.preview([], [], Candidate(replace(head, spec=manual), head)).resources
    assert (found.action, found.drift) == (Action.PRUNE, Action.NOTHING)
    (found,) = desk.preview([], [], Candidate(head, head)).resources
    assert (found.action, found.drift) == (Action.NOTHING, Action.PRUNE)
