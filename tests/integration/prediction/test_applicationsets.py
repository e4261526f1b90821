"""Changes to what ApplicationSets generate: real Git trees, cluster Secrets and the definition in a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.clusters import Clusters, Others
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.cluster.secrets import ClusterSecrets
from bot.engine.applicationsets.facts import NotKnownError
from bot.engine.homes import Homes
from bot.model.applications import Application
from bot.model.resources import JsonObject
from bot.prediction.generated import KnownSets, cluster_facts
from bot.prediction.selection import Grounds, Selection, select
from bot.prediction.sources import Sources
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Branch, Candidate
from bot.repository.mirrors import Mirrors
from bot.repository.render import Renderer
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import CRDS
from bot.sandbox.toolchain import Programs
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Files, Fixed

URL = "https://git.example/acme/shops"
IDENTITY = "git.example/acme/shops"
MAIN = Branch(IDENTITY, "main", default=True)
FOLDERS = f"- git: {{repoURL: {URL}, revision: HEAD, directories: [{{path: apps/*}}]}}"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
WEB = {"apps/web/c.yaml": CONFIG}
BOTH = {**WEB, "apps/db/c.yaml": CONFIG}


@dataclass
class Desk:
    """Where changes are put before the prediction."""

    repository: Fixed
    cluster: Cluster
    sources: Sources
    namespace: str
    prunes: bool = True
    """Whether the root application deletes what left Git."""
    others: tuple[str, ...] = ()
    """Other namespaces of Applications."""
    goes_to: str = "in-cluster"
    """The cluster that the root application writes to."""

    def manifest(self, generators: str = FOLDERS, *, name: str = "{{path.basename}}", more: str = "") -> JsonObject:
        return dict(
            yaml.safe_load(f"""
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: shops, namespace: {self.namespace}}}
spec:
  generators: {generators if generators.startswith("[") else yaml.safe_load(generators)}
  template:
    metadata: {{name: '{name}'}}
    spec:
      project: default
      source: {{repoURL: {URL}, path: 'apps/{{{{path.basename}}}}'}}
      destination: {{name: in-cluster, namespace: {self.namespace}}}
  {more}
""")
        )

    def known(self, *manifests: JsonObject) -> KnownSets:
        return KnownSets(manifests, lambda: cluster_facts(self.cluster, self.namespace))

    def root(self) -> Application:
        spec = {
            "source": {"repoURL": URL, "path": "root"},
            "destination": {"name": self.goes_to, "namespace": self.namespace},
            "syncPolicy": {"automated": {"prune": self.prunes}},
        }
        return Application.parse(
            {"metadata": {"name": "root", "namespace": self.namespace}, "spec": spec}, home=self.namespace
        )

    def select(self, base: Files, head: Files, sets: KnownSets, **known: Application) -> Selection:
        """Select between two trees; the root application is among the candidates when there is its folder."""
        sides = Sides(*(Tree(IDENTITY, self.repository.mirror, self.repository.tree(one)) for one in (base, head)))
        roots = [Candidate(self.root(), self.root())] if any(path.startswith("root/") for path in base) else []
        grounds = Grounds(known, Homes(self.namespace, self.others), frozenset({URL}), sets)
        return select(self.sources, roots, sides, MAIN, grounds)


@pytest.fixture
def desk(control_plane: ControlPlane, programs: Programs, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    control_plane.kubectl("apply", "--server-side", "-f", str(CRDS))
    control_plane.await_established("-f", str(CRDS))
    cluster = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    renderer = Renderer(kustomize=str(programs.kustomize), timeout=60.0)
    sources = Sources(
        mirrors=Mirrors(tmp_path / "mirrors", CLIENT),
        renderer=renderer,
        clusters=Clusters(cluster, Others(ClusterSecrets(cluster, namespace=namespace))),
        control_namespace=namespace,
        auth_for=lambda _url, _project: None,
    )
    yield Desk(Fixed(tmp_path / "repository"), cluster, sources, namespace)
    renderer.close()
    cluster.close()


def sides(selection: Selection) -> dict[str, tuple[bool, bool]]:
    """Return by application which sides have it."""
    return {one.either.name: (one.base is not None, one.head is not None) for one in selection.candidates}


def test_a_folder_that_comes_is_an_application_that_comes(desk: Desk) -> None:
    found = desk.select(WEB, BOTH, desk.known(desk.manifest()))
    assert sides(found) == {"db": (False, True)}
    assert found.verdicts["db"].words == "generated by ApplicationSet shops: the change adds this application"
    assert found.notes == ("generated by ApplicationSet shops: the change adds db",)


def test_a_folder_that_goes_is_an_application_that_goes(desk: Desk) -> None:
    found = desk.select(BOTH, WEB, desk.known(desk.manifest()))
    assert sides(found) == {"db": (True, False)}
    assert found.candidates[0].either.finalizers == ("resources-finalizer.argocd.argoproj.io",)


def test_a_policy_keeps_what_would_go(desk: Desk) -> None:
    kept = desk.manifest(more="syncPolicy: {applicationsSync: create-update, preserveResourcesOnDeletion: true}")
    found = desk.select(BOTH, WEB, desk.known(kept))
    assert sides(found) == {}
    assert found.notes == ("generated by ApplicationSet shops: the change by its policy leaves as they are db",)


def test_what_its_controller_may_do_otherwise_is_said(desk: Desk) -> None:
    more = "strategy: {type: RollingSync}\n  ignoreApplicationDifferences: [{jsonPointers: [/spec/syncPolicy]}]"
    found = desk.select(WEB, BOTH, desk.known(desk.manifest(more=more)))
    assert sides(found) == {"db": (False, True)}
    assert [note.partition(" shops ")[2].partition(":")[0] for note in found.notes[1:]] == [
        "rolls out step by step, with automated syncs off meanwhile",
        "has ignoreApplicationDifferences",
    ]


@pytest.mark.parametrize("folder", ["Web", "we_b", "a b", "<b>", "x" * 300])
def test_a_name_that_no_server_takes_is_told(desk: Desk, folder: str) -> None:
    found = desk.select(WEB, {**WEB, f"apps/{folder}/c.yaml": CONFIG}, desk.known(desk.manifest()))
    assert sides(found) == {}
    assert found.notes == (
        f"ApplicationSet shops generates an Application called by {len(folder)} characters, which is no name",
    )


def test_a_file_that_is_none_of_its_business_changes_nothing(desk: Desk) -> None:
    found = desk.select(WEB, {**WEB, "docs/x.yaml": CONFIG}, desk.known(desk.manifest()))
    assert sides(found) == {}
    assert found.notes == ()


def test_an_applicationset_of_another_repository_is_not_generated(desk: Desk) -> None:
    other = FOLDERS.replace("acme/shops", "acme/other")
    assert desk.select(WEB, BOTH, desk.known(desk.manifest(other))).notes == ()


def test_what_a_template_declares_anew_is_compared_as_both_sides_declare_it(desk: Desk) -> None:
    before, after = desk.manifest(), desk.manifest(more="templatePatch: 'spec: {source: {path: other}}'")
    base = {**BOTH, "root/set.yaml": yaml.safe_dump(before)}
    head = {**BOTH, "root/set.yaml": yaml.safe_dump(after)}
    found = desk.select(base, head, desk.known(before))
    assert sides(found) == {"root": (True, True), "db": (True, True), "web": (True, True)}
    assert "generated by ApplicationSet shops: the change alters db, web" in found.notes


def test_an_applicationset_that_is_removed_takes_its_applications_along(desk: Desk) -> None:
    declared = yaml.safe_dump(desk.manifest())
    found = desk.select(
        {**WEB, "root/set.yaml": declared, "root/c.yaml": CONFIG}, {**WEB, "root/c.yaml": CONFIG}, desk.known()
    )
    assert sides(found) == {"root": (True, True), "web": (True, False)}


def test_an_applicationset_that_breaks_removes_nothing(desk: Desk) -> None:
    declared = desk.manifest()
    broken = {**declared, "spec": {**declared["spec"], "generators": [{"nope": {}}]}}
    base = {**WEB, "root/set.yaml": yaml.safe_dump(declared)}
    found = desk.select(base, {**WEB, "root/set.yaml": yaml.safe_dump(broken)}, desk.known(declared))
    assert sides(found) == {"root": (True, True)}
    assert "it is none of list" in found.notes[0]
    assert found.notes[0].endswith("until that is mended, what it has generated stays as it is")


def test_a_parent_that_breaks_removes_nothing(desk: Desk) -> None:
    declared = yaml.safe_dump(desk.manifest())
    base = {**WEB, "root/set.yaml": declared}
    found = desk.select(base, {**base, "root/broken.yaml": "a: {"}, desk.known())
    assert sides(found) == {"root": (True, True)}


def test_what_cannot_be_evaluated_is_not_said_to_go(desk: Desk) -> None:
    before = desk.manifest()
    elsewhere = FOLDERS.replace("acme/shops", "acme/new")
    base = {**WEB, "root/set.yaml": yaml.safe_dump(before)}
    head = {**WEB, "root/set.yaml": yaml.safe_dump(desk.manifest(elsewhere))}
    found = desk.select(base, head, desk.known(before))
    assert sides(found) == {"root": (True, True)}
    assert "what a change alone asks for is not read before it is merged" in found.notes[0]
    assert "whether ApplicationSet shops still generates web is not known" in found.notes
    assert found.unpredicted == ("shops",)


def test_applications_of_a_generated_application_are_followed(desk: Desk) -> None:
    child = yaml.safe_dump(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "grandchild"},
            "spec": {
                "project": "default",
                "source": {"repoURL": URL, "path": "deep"},
                "destination": {"name": "in-cluster", "namespace": desk.namespace},
            },
        }
    )
    head = {**WEB, "apps/more/child.yaml": child, "deep/c.yaml": CONFIG}
    found = desk.select(WEB, head, desk.known(desk.manifest()))
    assert sides(found) == {"more": (False, True), "grandchild": (False, True)}
    assert found.parents["grandchild"] == "more"


def secret(name: str, server: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"argocd.argoproj.io/secret-type": "cluster", **labels}},
        "stringData": {"name": name, "server": server, "config": '{"bearerToken": "canary"}'},
    }


def test_clusters_are_those_that_have_a_secret(desk: Desk, control_plane: ControlPlane) -> None:
    for one in (secret("eu", "https://eu.example", env="prod"), secret("us", "https://us.example", env="dev")):
        control_plane.kubectl("apply", "-n", desk.namespace, "-f", "-", stdin=yaml.safe_dump(one))
    found = cluster_facts(desk.cluster, desk.namespace)
    assert [(one.name, one.server, one.labels["env"]) for one in found] == [
        ("eu", "https://eu.example", "prod"),
        ("us", "https://us.example", "dev"),
    ]
    assert "canary" not in repr(found)


def test_clusters_that_may_not_be_read_are_said_to_be_unknown(
    desk: Desk, control_plane: ControlPlane, tmp_path: Path
) -> None:
    configuration = yaml.safe_load(control_plane.kubeconfig.read_text(encoding="utf-8"))
    for user in configuration["users"]:
        user["user"] = {}
    (tmp_path / "nobody").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    nobody = Cluster(ApiServer.from_kubeconfig(str(tmp_path / "nobody")))
    with pytest.raises(NotKnownError, match="cannot be read: secrets is forbidden"):
        cluster_facts(nobody, desk.namespace)
    known = KnownSets.survey(nobody, desk.namespace)
    nobody.close()
    (note,) = desk.select(WEB, BOTH, known).notes
    assert "cannot be read, so what they generate is not known: " in note


def test_where_the_kind_is_not_known_nothing_is_generated(desk: Desk) -> None:
    head = {**WEB, "root/c.yaml": CONFIG, "root/set.yaml": yaml.safe_dump(desk.manifest())}
    found = desk.select({**WEB, "root/c.yaml": CONFIG}, head, KnownSets(is_served=False))
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ("ApplicationSet shops generates nothing: the cluster does not know the kind",)


def test_the_cluster_tells_its_applicationsets(desk: Desk, control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(desk.manifest()))
    known = KnownSets.survey(desk.cluster, desk.namespace)
    assert [one["metadata"]["name"] for one in known.manifests] == ["shops"]
    assert sides(desk.select(WEB, BOTH, known)) == {"db": (False, True)}
