"""Predictions that are told again: only while nothing they depend on has moved, in a real API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.clusters import Clusters
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.model.applications import Application
from bot.model.projects import AppProject
from bot.model.reports import Report
from bot.prediction.desired import Wanted
from bot.prediction.lasting import Lasting
from bot.prediction.preview import ChangeWords, Predicted, Predictor
from bot.prediction.sources import Sources
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Branch, Candidate
from bot.repository.mirrors import Mirrors
from bot.repository.render import Renderer
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import Programs
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Files, Fixed

URL = "https://git.example/acme/shops"
MAIN = Branch("git.example/acme/shops", "main", default=True)
NAMES = ("db", "jobs", "web")
WORDS = ChangeWords("acme/shops#1", "main", "1" * 40, "2" * 40)
NOON = 1_764_072_180.0


def settings(name: str, **data: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n"
BASE: dict[str, str] = {
    path: text
    for name in NAMES
    for path, text in (
        (f"{name}/settings.yaml", settings(name, colour="blue")),
        (f"{name}/service.yaml", SERVICE.replace("NAME", name)),
    )
}
CHANGE = {f"{name}/settings.yaml": settings(name, colour="green") for name in NAMES}
FIRST = BASE | CHANGE
PUSHED = FIRST | {"web/settings.yaml": settings("web", colour="red")}


@dataclass
class Desk:
    """Where one change is previewed again and again."""

    plane: ControlPlane
    repository: Fixed
    cluster: Cluster
    sources: Sources
    namespace: str
    now: float = NOON
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    """What is said of the application `db` besides."""
    meanwhile: Callable[[], None] = lambda: None
    """What happens between the first questions of a preview and the rest of it."""

    def __post_init__(self) -> None:
        self.remembering = self.predictor()
        self.remembering.lasting = Lasting(now=lambda: self.now)

    def predictor(self) -> Predictor:
        return Predictor(self.sources, Clusters(self.cluster))

    def application(self, name: str) -> Application:
        spec = {
            "source": {"repoURL": URL, "path": name, "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": self.namespace},
            "syncPolicy": {"automated": {"prune": True}},
        }
        more, status = (self.spec, self.status) if name == "db" else ({}, {})
        manifest = {"metadata": {"name": name, "namespace": self.namespace}, "spec": spec | more, "status": status}
        return Application.parse(manifest, home=self.namespace)

    def tree(self, files: Files) -> Tree:
        return Tree(MAIN.repository, self.repository.mirror, self.repository.tree(files), branch=MAIN)

    def sync(self) -> None:
        for desired in self.sources.desired([Wanted(self.application(name), self.tree(BASE)) for name in NAMES]):
            for manifest in desired.targets.objects.values():
                self.cluster.apply(Apply(manifest))

    def preview(self, head: Files, base: Files = BASE) -> Report:
        """Preview with what is remembered; the same must come out as without."""
        predicted, fresh = (self.predicted(one, base, head) for one in (self.remembering, self.predictor()))
        assert steady(predicted.report) == steady(fresh.report)
        assert predicted.forecast == fresh.forecast
        return predicted.report

    def predicted(self, predictor: Predictor, base: Files, head: Files) -> Predicted:
        applications = [self.application(name) for name in NAMES]
        candidates = [Candidate(one, one) for one in applications]
        sides, ahead = Sides(self.tree(base), self.tree(head)), predictor.ask_ahead(WORDS.change)
        self.meanwhile()
        return predictor.predict(candidates, sides, words=WORDS, considered=3, ahead=ahead)

    def kubectl(self, *args: str, manifest: str = "") -> None:
        self.plane.kubectl(f"--namespace={self.namespace}", *args, stdin=manifest)


def steady(report: Report) -> str:
    """Write a report down without what differs from one preview to the next."""
    return re.sub(r"<redacted \w+>", "<redacted>", repr(replace(report, seconds=0.0, reused=0, reused_from="")))


@pytest.fixture
def desk(control_plane: ControlPlane, programs: Programs, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    cluster = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    renderer = Renderer(kustomize=str(programs.kustomize), timeout=60.0)
    sources = Sources(
        mirrors=Mirrors(tmp_path / "mirrors", CLIENT),
        renderer=renderer,
        clusters=Clusters(cluster),
        control_namespace=namespace,
        auth_for=lambda _url, _project: None,
    )
    made = Desk(control_plane, Fixed(tmp_path / "repository"), cluster, sources, namespace)
    made.sync()
    yield made
    renderer.close()
    cluster.close()


def test_what_a_push_does_not_touch_is_told_again(desk: Desk) -> None:
    first = desk.preview(FIRST)
    desk.now += 60

    second = desk.preview(PUSHED)

    assert (first.reused, second.reused, second.reused_from) == (0, 2, "12:03 UTC")
    assert "+  colour: red" in second.applications[2].resources[0].effect_diff


def test_a_first_preview_asks_nothing_ahead_and_the_next_all_that_can_hold(desk: Desk) -> None:
    before = desk.remembering.ask_ahead(WORDS.change)
    desk.preview(FIRST)

    (look,) = desk.remembering.ask_ahead(WORDS.change).values()

    assert not before
    assert {key.name for key in look.kinds} == set(NAMES)
    assert look.versions.result().keys() == look.kinds.keys()


def test_answers_that_were_asked_ahead_too_long_ago_are_asked_for_again(desk: Desk) -> None:
    desk.preview(FIRST)

    def drift_while_it_takes_long() -> None:
        desk.now += 60
        desk.kubectl("patch", "configmap", "db", "--type=merge", "--patch", '{"data": {"colour": "grey"}}')

    desk.meanwhile = drift_while_it_takes_long

    second = desk.preview(PUSHED)

    assert (second.reused, second.drifted) == (1, 1)


def test_drift_that_appeared_in_between_is_shown(desk: Desk) -> None:
    desk.preview(FIRST)
    desk.kubectl("patch", "configmap", "db", "--type=merge", "--patch", '{"data": {"colour": "grey"}}')

    second = desk.preview(PUSHED)

    assert (second.reused, second.drifted) == (1, 1)
    assert "-  colour: grey" in second.applications[0].resources[0].drift_diff


def test_an_object_that_was_deleted_in_between_is_missed(desk: Desk) -> None:
    desk.preview(FIRST)
    desk.kubectl("delete", "service", "db")

    assert (desk.preview(PUSHED).reused, desk.preview(PUSHED).drifted) == (1, 1)


QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few}\nspec: {hard: {configmaps: 90}}\n"
LIMITS = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: low}\nspec: {limits: [{type: Pod, max: {cpu: 1}}]}\n"


@pytest.mark.parametrize("manifest", [QUOTA, LIMITS])
def test_what_counts_in_a_namespace_counts(desk: Desk, manifest: str) -> None:
    desk.preview(FIRST)
    desk.kubectl("apply", "-f", "-", manifest=manifest)

    assert desk.preview(PUSHED).reused == 0


def test_the_namespace_itself_counts(desk: Desk) -> None:
    desk.preview(FIRST)
    desk.kubectl("label", "namespace", desk.namespace, "pod-security.kubernetes.io/enforce=restricted")

    assert desk.preview(PUSHED).reused == 0


WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAME}
webhooks:
  - name: never.example.com
    clientConfig: {url: "https://127.0.0.1:1/"}
    failurePolicy: Ignore
    sideEffects: None
    admissionReviewVersions: [v1]
    objectSelector: {matchLabels: {nobody: has-this}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [RESOURCES]}]
"""
POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAME}
spec:
  failurePolicy: Ignore
  matchConstraints:
    namespaceSelector: {matchLabels: {nobody: has-this}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
  validations: [{expression: EXPRESSION}]
"""


@pytest.fixture
def rule(desk: Desk) -> Iterator[Callable[[str], None]]:
    """Apply a rule for the whole cluster, and take it away after the test."""
    applied: list[str] = []

    def apply(manifest: str) -> None:
        applied.append(manifest.replace("NAME", desk.namespace))
        desk.kubectl("apply", "-f", "-", manifest=applied[-1])

    yield apply
    for manifest in applied:
        desk.kubectl("delete", "-f", "-", manifest=manifest)


def test_a_policy_counts_once_it_is_there(desk: Desk, rule: Callable[[str], None]) -> None:
    desk.preview(FIRST)
    rule(POLICY.replace("EXPRESSION", "'true'"))

    assert [desk.preview(PUSHED).reused, desk.preview(PUSHED).reused] == [0, 3]


def test_nothing_lasts_under_a_policy_that_asks_who_may_do_what(desk: Desk, rule: Callable[[str], None]) -> None:
    rule(POLICY.replace("EXPRESSION", "\"authorizer.group('').resource('pods').check('get').allowed()\""))
    desk.preview(FIRST)

    assert desk.preview(PUSHED).reused == 0


@pytest.mark.parametrize(("resources", "reused"), [("configmaps", 0), ("'*'", 0), ("services/status", 0), ("nodes", 2)])
def test_nothing_lasts_about_which_a_webhook_is_asked(
    desk: Desk, rule: Callable[[str], None], resources: str, reused: int
) -> None:
    rule(WEBHOOK.replace("RESOURCES", resources))
    desk.preview(FIRST)

    assert desk.preview(PUSHED).reused == reused


def test_another_base_is_another_question(desk: Desk) -> None:
    desk.preview(FIRST)

    assert desk.preview({**PUSHED, "README.md": "new"}, base={**BASE, "README.md": "new"}).reused == 0


def test_another_definition_is_another_question(desk: Desk) -> None:
    desk.preview(FIRST)
    desk.spec = {"syncPolicy": {"syncOptions": ["Replace=true"]}}

    assert desk.preview(PUSHED).reused == 1


def test_what_was_managed_last_counts(desk: Desk) -> None:
    desk.preview(FIRST)
    desk.status = {"resources": [{"version": "v1", "kind": "ConfigMap", "namespace": desk.namespace, "name": "web"}]}

    assert desk.preview(PUSHED).reused == 1


def test_what_a_project_allows_counts(desk: Desk) -> None:
    desk.preview(FIRST)
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "elsewhere"}]}
    project = AppProject.parse({"metadata": {"name": "default"}, "spec": spec})
    desk.sources.project_of = lambda _: project

    second = desk.preview(PUSHED)

    assert (second.reused, second.unrendered) == (0, 3)


@pytest.mark.parametrize(("seconds", "reused"), [(599, 2), (601, 0), (-1, 0)])
def test_nothing_lasts_longer_than_ten_minutes(desk: Desk, seconds: float, reused: int) -> None:
    desk.preview(FIRST)
    desk.now += seconds

    assert desk.preview(PUSHED).reused == reused


def test_a_rule_that_the_change_brings_counts_for_all(desk: Desk) -> None:
    desk.preview(FIRST)

    assert desk.preview({**PUSHED, "web/quota.yaml": QUOTA}).reused == 0


@pytest.mark.parametrize(
    "more",
    [
        {"db/new.yaml": settings("new")},
        {"db/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n"},
        {"db/settings.yaml": settings("db", DB_PASSWORD="correct-horse-battery")},
        {"db/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: [wrong]\n"},
        {"db/service.yaml": SERVICE.replace("NAME", "db").replace("spec: {", "spec: {type: NodePort, ")},
    ],
    ids=["creates", "secret", "credential", "refused", "allocates"],
)
def test_what_more_than_its_own_objects_decide_about_is_predicted_anew(desk: Desk, more: dict[str, str]) -> None:
    desk.preview(FIRST | more)

    assert desk.preview(PUSHED | more).reused == 1


def test_a_destination_that_is_not_known_is_one_applications_failure(desk: Desk) -> None:
    desk.spec = {"destination": {"name": "nowhere"}}

    assert [desk.preview(FIRST).unrendered, desk.preview(PUSHED).reused] == [1, 1]


def test_one_application_alone_is_predicted_anew(desk: Desk) -> None:
    (candidate,) = (Candidate(one, one) for one in [desk.application("db")])
    sides = Sides(desk.tree(BASE), desk.tree(FIRST))

    reports = [desk.remembering.predict([candidate], sides, words=WORDS, considered=1).report for _ in range(2)]

    assert [one.reused for one in reports] == [0, 0]
