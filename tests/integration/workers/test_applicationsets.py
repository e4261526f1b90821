"""The job that makes the Applications of an ApplicationSet what it generates, on a real API server and real Git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from bot.engine.applicationsets.definition import REFRESH
from bot.errors import Temporary
from bot.model.changes import Repository
from bot.model.jobs import Task, generate, generate_from, report_generated
from bot.model.resources import JsonObject
from bot.prediction.applicationsets import SetChange, follow
from bot.prediction.generated import TreeFacts
from tests.integration.workers.desk import Desk
from tests.integration.workers.test_deletions import is_asked_for
from tests.integration.workers.test_index import controller
from workers import applicationsets

FOLDERS = {"apps/web/c.yaml": "", "apps/db/c.yaml": "", "apps/api/c.yaml": ""}


@dataclass
class Sets:
    """One ApplicationSet over the folders of the desk's repository."""

    desk: Desk

    @property
    def namespace(self) -> str:
        return self.desk.stage.control_namespace

    def manifest(self, name: str = "shops", **more: Any) -> JsonObject:
        url = self.desk.repository.clone_url
        spec = {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"git": {"repoURL": url, "revision": "main", "directories": [{"path": "apps/*"}]}}],
            "template": {
                "metadata": {"name": "{{ .path.basename }}", "labels": {"folder": "{{ .path.basename }}"}},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": url, "path": "{{ .path.path }}", "targetRevision": "main"},
                    "destination": {"name": "in-cluster", "namespace": self.namespace},
                },
            },
        }
        # Without their finalizer the Applications can go though nobody here deletes their objects.
        spec["syncPolicy"] = {"preserveResourcesOnDeletion": True, **more.pop("syncPolicy", {})}
        head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet"}
        return {**head, "metadata": {"name": name, "namespace": self.namespace}, "spec": {**spec, **more}}

    def declare(self, name: str = "shops", **more: Any) -> None:
        """Put the ApplicationSet into the cluster, with other fields than usual, and look at it."""
        self.desk.stage.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(self.manifest(name, **more)))
        self.look(name)

    def look(self, name: str = "shops") -> None:
        self.desk.do(applicationsets.run, generate(name))

    def get(self, name: str = "shops") -> JsonObject:
        return self.desk.stage.get("applicationset", name, namespace=self.namespace) or {}

    def conditions(self, name: str = "shops") -> dict[str, tuple[str, str]]:
        return {one["type"]: (one["status"], one["message"]) for one in self.get(name)["status"]["conditions"]}

    def applications(self) -> dict[str, JsonObject]:
        return self.desk.services.applicationsets.applications()

    def patch(self, name: str, patch: JsonObject, *, kind: str = "application") -> None:
        where = ("-n", self.namespace, "--type", "merge", "-p")
        self.desk.stage.plane.kubectl("patch", kind, name, *where, yaml.safe_dump(patch))


@pytest.fixture
def sets(desk: Desk) -> Iterator[Sets]:
    desk.repository.push("main", dict(FOLDERS))
    yield Sets(desk)
    desk.stage.plane.kubectl("delete", "applicationsets", "--all", "-n", desk.stage.control_namespace)


def without(desk: Desk, *folders: str) -> None:
    desk.repository.push("main", {f"apps/{one}/c.yaml": None for one in folders})


def test_applications_are_made_marked_as_argo_cd_does_and_told_of(sets: Sets) -> None:
    sets.declare()
    made = sets.applications()
    assert set(made) == {"web", "db", "api"}
    (owner,) = made["web"]["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "name": "shops",
        "uid": sets.get()["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    assert {kind: status for kind, (status, _) in sets.conditions().items()} == {
        "ErrorOccurred": "False",
        "ParametersGenerated": "True",
        "ResourcesUpToDate": "True",
    }
    assert [one["name"] for one in sets.get()["status"]["resources"]] == ["api", "db", "web"]


def test_what_is_predicted_is_what_is_done(sets: Sets) -> None:
    sets.declare()
    before = sets.applications()
    facts = TreeFacts(sets.desk.services.sources, None, None, list)
    old = sets.get()
    template = {**old["spec"]["template"], "metadata": {"name": "{{ .path.basename }}-{{ len .path.basename }}"}}
    new = {**old, "spec": {**old["spec"], "template": template}}
    new["spec"]["generators"] = [*old["spec"]["generators"], {"list": {"elements": [{"path": {"path": "x"}}]}}]
    new["spec"]["template"]["metadata"]["name"] = '{{ if eq .path.path "x" }}new{{ else }}{{ .path.basename }}{{ end }}'
    known = {name: sets.desk.services.applications.get(name) for name in before}
    predicted = follow(SetChange(old, new), facts, facts, {name: one for name, one in known.items() if one}).candidates
    sets.declare(generators=new["spec"]["generators"], template=template)
    after = sets.applications()
    assert set(after) - set(before) == {name for name, one in predicted.items() if one.base is None} == {"new"}
    for name, candidate in predicted.items():
        made = sets.desk.services.applications.get(name)
        assert made is not None
        assert candidate.head is not None
        assert made.spec == candidate.head.spec


def test_what_left_the_folder_is_deleted_and_what_changed_is_altered(sets: Sets) -> None:
    sets.declare()
    without(sets.desk, "web")
    template = sets.manifest()["spec"]["template"]
    template["spec"]["source"]["path"] = "other/{{ .path.basename }}"
    sets.declare(template=template)
    found = sets.applications()
    assert set(found) == {"db", "api"}
    assert found["db"]["spec"]["source"]["path"] == "other/db"


def test_an_error_deletes_nothing_and_is_told(sets: Sets) -> None:
    sets.declare()
    git = {"repoURL": sets.desk.repository.clone_url, "revision": "gone", "directories": [{"path": "apps/*"}]}
    sets.declare(generators=[{"git": git}])
    assert set(sets.applications()) == {"web", "db", "api"}
    status, words = sets.conditions()["ErrorOccurred"]
    assert status == "True"
    assert "gone" in words
    assert sets.conditions()["ParametersGenerated"][0] == "False"


def test_many_gone_at_once_wait_for_a_person(sets: Sets) -> None:
    sets.declare()
    without(sets.desk, "web", "db", "api")
    sets.look()
    assert set(sets.applications()) == {"web", "db", "api"}
    words = sets.conditions()["ErrorOccurred"][1]
    assert words.startswith("held: 3 of 3 Applications are no longer generated, more than 50 %")
    approval = {"metadata": {"annotations": {"foresail.dev/approve": words.rpartition(": ")[2]}}}
    sets.patch("shops", approval, kind="applicationset")
    sets.look()
    assert sets.applications() == {}
    assert sets.conditions()["ErrorOccurred"][0] == "False"


def test_a_policy_keeps_applications_from_being_altered_and_deleted(sets: Sets) -> None:
    sets.declare(syncPolicy={"applicationsSync": "create-only"})
    sets.patch("web", {"spec": {"source": {"path": "by-hand"}}})
    without(sets.desk, "db")
    sets.look()
    found = sets.applications()
    assert set(found) == {"web", "db", "api"}
    assert found["web"]["spec"]["source"]["path"] == "by-hand"


def test_what_somebody_altered_is_put_back_but_for_what_is_ignored(sets: Sets) -> None:
    more: dict[str, Any] = {
        "ignoreApplicationDifferences": [{"name": "db", "jqPathExpressions": [".spec.source.targetRevision"]}],
        "preservedFields": {"labels": ["team"]},
    }
    sets.declare(**more)
    labels = {"team": "shop", "stray": "x"}
    for name in ("web", "db"):
        sets.patch(name, {"metadata": {"labels": labels}, "spec": {"source": {"targetRevision": "v1"}}})
    sets.look()
    found = sets.applications()
    assert [found[name]["spec"]["source"]["targetRevision"] for name in ("web", "db")] == ["main", "v1"]
    assert found["web"]["metadata"]["labels"] == {"team": "shop", "folder": "web"}


def test_a_template_patch_alters_some_applications(sets: Sets) -> None:
    patch = '{{ if eq .path.basename "web" }}\nspec: {syncPolicy: {automated: {prune: true}}}\n{{ end }}'
    sets.declare(templatePatch=patch)
    found = sets.applications()
    assert found["web"]["spec"]["syncPolicy"] == {"automated": {"prune": True}}
    assert "syncPolicy" not in found["db"]["spec"]


def test_two_sets_do_not_fight_over_a_name(sets: Sets) -> None:
    sets.declare()
    sets.desk.declare("mine")
    template = sets.manifest()["spec"]["template"]
    template["metadata"]["name"] = '{{ if eq .path.basename "web" }}mine{{ else }}{{ .path.basename }}{{ end }}'
    before = sets.applications()
    sets.declare("others", template=template)
    assert sets.applications() == before
    words = sets.conditions("others")["ErrorOccurred"][1]
    assert "is there already and" in words
    assert words.endswith("(and 2 more)")


def test_what_the_api_server_refuses_is_told_and_the_rest_is_done(sets: Sets) -> None:
    patch = '{{ if eq .path.basename "web" }}\nspec: {destinations: nowhere}\n{{ end }}'
    sets.declare(templatePatch=patch)
    assert set(sets.applications()) == {"db", "api"}
    assert "Application web: " in sets.conditions()["ErrorOccurred"][1]
    assert "destinations" in sets.conditions()["ErrorOccurred"][1]


def test_what_applications_are_like_is_written_down_without_asking_git(sets: Sets) -> None:
    sets.declare()
    sets.patch("web", {"status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}})
    fetches = sets.desk.fetches()
    sets.desk.do(applicationsets.report, report_generated("shops"))
    assert sets.desk.fetches() == fetches
    web = next(one for one in sets.get()["status"]["resources"] if one["name"] == "web")
    assert (web["status"], web["health"]) == ("Synced", {"status": "Healthy"})


def test_a_look_that_somebody_asked_for_is_answered(sets: Sets) -> None:
    sets.declare()
    asked = {"metadata": {"annotations": {REFRESH: "true"}}}
    sets.patch("shops", asked, kind="applicationset")
    sets.look()
    assert REFRESH not in sets.get()["metadata"].get("annotations", {})


def test_one_at_a_time_works_on_a_set(sets: Sets) -> None:
    with sets.desk.services.locks.hold("ApplicationSet shops", seconds=60), pytest.raises(Temporary):
        sets.declare()
    assert sets.applications() == {}


def test_a_set_that_goes_lets_its_applications_stay_where_its_policy_deletes_none(sets: Sets) -> None:
    sets.declare(syncPolicy={"applicationsSync": "create-update"})
    finalizers = {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}}
    sets.patch("shops", finalizers, kind="applicationset")
    sets.desk.stage.plane.kubectl("delete", "applicationset", "shops", "-n", sets.namespace, "--wait=false")
    sets.look()
    assert sets.get() == {}
    found = sets.applications()
    assert set(found) == {"web", "db", "api"}
    assert [one["metadata"].get("ownerReferences") for one in found.values()] == [None, None, None]


def test_a_push_has_the_sets_looked_at_that_read_the_repository(sets: Sets) -> None:
    sets.declare()
    for url, expected in (("https://git.example/acme/other.git", False), (sets.desk.repository.clone_url, True)):
        sets.desk.do(applicationsets.from_repository, generate_from(Repository("acme/shop", url)))
        assert is_asked_for(sets.desk, Task.GENERATE) is expected


def test_the_controller_has_sets_looked_at_that_appear_and_whose_applications_are_altered(sets: Sets) -> None:
    with controller(sets.desk):
        sets.declare()
        sets.desk.stage.until(lambda: is_asked_for(sets.desk, Task.GENERATE), what="a look at what appeared")
        sets.patch("web", {"spec": {"source": {"path": "by-hand"}}})
        sets.desk.stage.until(lambda: is_asked_for(sets.desk, Task.GENERATE), what="a look at what was altered")
        sets.patch("db", {"status": {"health": {"status": "Degraded"}}})
        sets.desk.stage.until(lambda: is_asked_for(sets.desk, Task.REPORT_GENERATED), what="a report")


def of_changes(sets: Sets, **github: Any) -> JsonObject:
    """Return what an ApplicationSet with an environment for each change is otherwise."""
    generator = {"pullRequest": {"github": {"owner": "acme", "repo": "shop", **github}}}
    template = sets.manifest()["spec"]["template"]
    template["metadata"] = {"name": "change-{{ .number }}"}
    template["spec"]["source"] |= {"path": "deploy", "targetRevision": "{{ .head_sha }}"}
    return {"generators": [generator], "template": template}


def open_change(sets: Sets, branch: str, *, label: str = "") -> int:
    repository = sets.desk.repository
    repository.push(branch, {f"{branch}.yaml": ""})
    number = repository.open_pull_request(branch).number
    if label:
        repository.label(number, label)
    return number


def test_environments_of_changes_that_are_closed_go_all_at_once_and_no_others(sets: Sets) -> None:
    numbers = [open_change(sets, branch, label="preview") for branch in ("one", "two", "three")]
    sets.declare(**of_changes(sets, labels=["preview"]))
    assert set(sets.applications()) == {f"change-{number}" for number in numbers}
    sets.declare(**of_changes(sets, labels=["prevew"]))
    assert len(sets.applications()) == 3, "a slip of the pen closes nothing"
    assert sets.conditions()["ErrorOccurred"][1].startswith("held: 3 of 3")
    sets.declare(**of_changes(sets, labels=["preview"]))
    for number in numbers:
        sets.desk.repository.close(number)
    sets.look()
    assert sets.applications() == {}
    assert sets.conditions()["ErrorOccurred"][0] == "False"


def test_a_change_of_a_fork_gets_no_environment(sets: Sets) -> None:
    sets.desk.stage.github.create_fork("acme/shop", "mallory").push("patch", {"a.yaml": ""})
    sets.desk.repository.open_pull_request("mallory:patch", user="mallory")
    number = open_change(sets, "ours")
    sets.declare(**of_changes(sets))
    assert set(sets.applications()) == {f"change-{number}"}


@pytest.mark.parametrize("where", [{"repo": "unknown"}, {"api": "https://github.example/api/v3"}])
def test_a_repository_that_is_not_served_deletes_nothing(sets: Sets, where: dict[str, str]) -> None:
    open_change(sets, "one")
    sets.declare(**of_changes(sets))
    sets.declare(**of_changes(sets, **where))
    assert len(sets.applications()) == 1
    assert sets.conditions()["ErrorOccurred"][0] == "True"


def test_what_happens_to_a_change_has_the_sets_looked_at_that_go_by_it(sets: Sets) -> None:
    sets.declare(**of_changes(sets))
    repository = Repository("acme/shop", sets.desk.repository.clone_url)
    for changes, expected in ((False, False), (True, True)):
        sets.desk.do(applicationsets.from_repository, generate_from(repository, changes=changes))
        assert is_asked_for(sets.desk, Task.GENERATE) is expected


def test_repositories_of_the_forge_are_found_by_what_they_hold(sets: Sets) -> None:
    generator: JsonObject = {"scmProvider": {"github": {"organization": "acme"}, "cloneProtocol": "https"}}
    generator["scmProvider"]["filters"] = [{"pathsExist": ["apps/web"], "repositoryMatch": "^sh"}]
    template = sets.manifest()["spec"]["template"]
    template["metadata"] = {"name": "{{ .organization }}-{{ .repository }}-{{ .branchNormalized }}"}
    template["spec"]["source"] = {"repoURL": "{{ .url }}", "path": "apps/web", "targetRevision": "{{ .branch }}"}
    sets.declare(generators=[generator], template=template)
    (found,) = sets.applications().values()
    assert found["metadata"]["name"] == "acme-shop-main"
    assert found["spec"]["source"]["repoURL"] == sets.desk.repository.clone_url
    generator["scmProvider"]["github"]["organization"] = "nobody"
    sets.declare(generators=[generator], template=template)
    assert len(sets.applications()) == 1
    assert "serves no repository of nobody" in sets.conditions()["ErrorOccurred"][1]


def test_a_set_that_goes_in_reverse_takes_one_step_after_the_other(sets: Sets) -> None:
    first, second = ([{"key": "folder", "operator": "In", "values": [name]}] for name in ("web", "db"))
    steps = [{"matchExpressions": first}, {"matchExpressions": second}]
    strategy = {"type": "RollingSync", "deletionOrder": "Reverse", "rollingSync": {"steps": steps}}
    sets.declare(strategy=strategy)
    statuses = {one["application"]: one["status"] for one in sets.get()["status"]["applicationStatus"]}
    assert statuses == {"web": "Pending", "db": "Waiting", "api": "Waiting"}
    sets.desk.stage.plane.kubectl("delete", "applicationset", "shops", "-n", sets.namespace, "--wait=false")
    left = []
    while sets.get():
        sets.look()
        left.append(set(sets.applications()))
    assert left == [{"web", "db"}, {"web"}, set(), set()]
