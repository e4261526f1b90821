"""A whole stage for each module of tests; every exchange with the forge is held to its schema."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest

from bot.engine.diff.normalise import comparable
from bot.model.resources import JsonObject
from bot.preview.words import MINUS
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.forge.statuses import Status
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import Comment
from bot.sandbox.gitlab.state import Note
from bot.sandbox.seats import GitHubSeat, GitLabSeat, Hosted, Seat
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from tests.contract import gitlab_schema, schema

Files: TypeAlias = dict[str, str]


@dataclass
class Shop:
    """A repository with one application, its pull requests, and where it lives in the cluster."""

    stage: Stage
    repository: Hosted
    namespace: str
    applies_from: int = 0
    """Bytes of the audit log that are history."""

    @property
    def name(self) -> str:
        """The application's name, the repository's own."""
        return self.repository.full_name.partition("/")[2]

    def propose(self, files: dict[str, str | None], *, branch: str = "feature", title: str = "A change") -> int:
        """Push files to a new branch and open a pull request; return its number."""
        self.repository.push(branch, files)
        return self.repository.open_pull_request(head=branch, title=title).number

    def status(self, sha: str, context: str) -> Status | None:
        return self.repository.statuses(sha).get(f"foresail/{context}")

    def comment(self, number: int) -> Comment | Note | None:
        found = [one for one in self.repository.comments(number) if one.user.login == self.stage.seat.login]
        return found[0] if found else None

    def body(self, number: int) -> str:
        comment = self.comment(number)
        return comment.body if comment else ""

    def await_preview(self, number: int) -> str:
        """Wait until the pull request's head has a final preview status; return its state."""
        sha = self.repository.pull(number).head_sha

        def told() -> bool:
            status = self.status(sha, "preview")
            return status is not None and status.state != "pending"

        self.stage.until(told, what=f"the preview of #{number}")
        status = self.status(sha, "preview")
        return status.state if status else ""

    def await_sync(self, sha: str, state: str = "success") -> None:
        """Wait until the sum of a commit's syncs has come to a state."""

        def told() -> bool:
            status = self.status(sha, "sync")
            return status is not None and status.state == state

        self.stage.until(told, what=f"{state} of {sha[:7]}")

    def await_rounds(self, count: int) -> None:
        """Wait until the open changes have been asked for so often again."""
        paths = (f"/repos/{self.repository.full_name}/pulls", f"/projects/{self.repository.full_name}/merge_requests")

        def looks() -> int:
            return sum(one.method == "GET" and one.path.endswith(paths) for one in self.stage.forge.requests)

        before = looks()
        self.stage.until(lambda: looks() >= before + count, what=f"{count} rounds")

    def written(self, number: int) -> tuple[str, float, int]:
        """Return what is written about a pull request, when, and how many statuses its head has been given."""
        comment = self.comment(number)
        assert comment is not None
        statuses = self.repository.status_history(self.repository.pull(number).head_sha)
        return comment.body, comment.updated_at, len(statuses)

    def forget_applies(self) -> None:
        """Count applies from now on."""
        self.applies_from = self.stage.plane.audit_log.read_bytes().rfind(b"\n") + 1

    def data(self, name: str) -> dict[str, str]:
        """Return what a ConfigMap holds now."""
        return dict((self.live("configmap", name) or {}).get("data", {}))

    def replicas(self, name: str) -> int:
        """Return how many pods a Deployment asks for now."""
        return int((self.live("deployment", name) or {})["spec"]["replicas"])

    def results(self) -> list[dict[str, Any]]:
        """Return what the application's last operation recorded of each object."""
        found = self.stage.get("application", self.name, namespace=self.stage.control_namespace) or {}
        return list(found["status"]["operationState"]["syncResult"]["resources"])

    def is_automated(self) -> bool:
        """Whether the Application in the cluster is synced without a person."""
        found = self.stage.get("application", self.name, namespace=self.stage.control_namespace) or {}
        return "automated" in found["spec"].get("syncPolicy", {})

    @staticmethod
    def unique() -> str:
        """Return a word that no other test has."""
        return f"t{uuid.uuid4().hex[:8]}"

    def merge(self, number: int, *, method: str = "merge") -> str:
        """Merge, wait until all is healthy, and hold what happened in the cluster against what the comment said."""
        predicted = _listed(self.body(number), self.namespace)
        before = self._snapshot()
        sha = self.repository.merge(number, method=method)
        self.await_sync(sha)
        after = self._snapshot()
        changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
        happened = {f"+ {key}" for key in after.keys() - before.keys()}
        happened |= {f"{MINUS} {key}" for key in before.keys() - after.keys()}
        assert happened | {f"~ {key}" for key in changed} == predicted
        return sha

    def _snapshot(self) -> dict[str, JsonObject]:
        """Return every object of the shop's namespace that an application may hold, less what controllers write."""
        found = self.stage.get(_KINDS, namespace=self.namespace) or {}
        objects = [obj for obj in found["items"] if obj["metadata"]["name"] != "kube-root-ca.crt"]
        return {f"{obj['kind']} {obj['metadata']['name']}": _of_the_application(obj) for obj in objects}

    def live(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.stage.get(kind, name, namespace=self.namespace)


Opener: TypeAlias = Callable[..., Shop]

ON_BOTH_FORGES = pytest.mark.parametrize(
    "forge", [GitHubSeat, GitLabSeat], indirect=True, scope="module", ids=["github", "gitlab"]
)


_SHOWN, _TAIL = 3, 15
"""Comments, and lines of a log, that a failed story shows."""
_SHOPS = [f"acme/shop-{number}" for number in range(1, 60)]


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Return settings of the module's Foresail; a module may have its own."""
    return {}


@pytest.fixture(scope="module")
def together(request: pytest.FixtureRequest) -> bool:
    """Return whether all but the web process are forks of one, which starts at half the cost.

    A module that kills, stops or hears one of them by its name has `APART = True`.
    """
    return not getattr(request.module, "APART", False)


@pytest.fixture(scope="module")
def forge(request: pytest.FixtureRequest) -> Callable[[Path], Seat]:
    """Return the forge of the module: GitHub, or for a module that is marked `ON_BOTH_FORGES` one after the other."""
    seat: Callable[[Path], Seat] = getattr(request, "param", GitHubSeat)
    return seat


@pytest.fixture(scope="module")
def empty_stage(
    programs: Programs,
    tmp_path_factory: pytest.TempPathFactory,
    control_plane: ControlPlane,
    forge: Callable[[Path], Seat],
) -> Iterator[Stage]:
    """Set up all but Foresail; in the end every exchange with the forge is held to its schema."""
    name = f"foresail-{uuid.uuid4().hex[:8]}"
    directory = tmp_path_factory.mktemp("stage")
    with Stage.set_up(programs, directory, control_plane, control_namespace=name, forge=forge) as one:
        yield one
    judge = schema if isinstance(one.forge, GitHubStandIn) else gitlab_schema
    judge.assert_exchanges_conform(one.forge.requests)
    judge.assert_deliveries_conform(one.forge.webhooks.deliveries())


@pytest.fixture(scope="module")
def stage(empty_stage: Stage, settings: dict[str, str], *, together: bool) -> Iterator[Stage]:
    """Start Foresail for the tests of a module, each of which brings a repository of its own."""
    home = empty_stage.forge.create_repository("acme/home", files={"README.md": "home\n"})
    wanted = {"FORESAIL_ROOT_REPOSITORIES": ",".join(_SHOPS), **settings}
    empty_stage.open(home, wanted, together=together)
    yield empty_stage
    empty_stage.forge.wait_for_deliveries()
    told = [comment.body for comment in empty_stage.forge.every_comment]
    assert [body for body in told if "not as predicted" in body] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed story what its people saw, and what each process of Foresail said last."""
    report = yield
    stage = getattr(item, "funcargs", {}).get("stage")
    if report.failed and isinstance(stage, Stage) and stage.foresail is not None:
        comments = [f"#{comment.pull.number}\n{comment.body}" for comment in stage.forge.every_comment[-_SHOWN:]]
        report.sections.append(("the last comments", "\n".join(comments)))
        for name in stage.foresail.names:
            report.sections.append((f"log of {name}", "\n".join(stage.foresail.log(name).splitlines()[-_TAIL:])))
    return report


@pytest.fixture
def open_shop(stage: Stage, namespace: str) -> Opener:
    """Return what opens a shop: a repository with these files that Foresail may act on, its first commit synced."""

    def opened(files: Files, *, synced: bool = True, cluster: str = "in-cluster", **how: Any) -> Shop:
        name = next(one for one in _SHOPS if one not in stage.forge.repository_names)
        repository = stage.forge.create_repository(name, files={"README.md": "shop\n"})
        stage.add(repository)
        shop = Shop(stage, repository, namespace)
        declared = application(shop, **how).replace("name: in-cluster", f"name: {cluster}")
        sha = repository.push("main", {f".foresail/{shop.name}.yaml": declared, **files})
        if synced:
            shop.await_sync(sha)
        return shop

    return opened


_KINDS = "deployments,statefulsets,configmaps,secrets,services,serviceaccounts"
_LISTED = re.compile(
    r"<summary>.*?</code> · <code>(?P<sign>.) (?P<kind>\w+) (?P<namespace>[\w-]+)/(?P<name>[\w-]+)</code>"
)


def _listed(body: str, namespace: str) -> set[str]:
    """Return the objects whose effect a comment shows, with their signs."""
    return {
        f"{one['sign']} {one['kind']} {one['name']}" for one in _LISTED.finditer(body) if one["namespace"] == namespace
    }


def _of_the_application(obj: JsonObject) -> JsonObject:
    kept = comparable(obj)
    annotations = kept["metadata"].get("annotations", {})
    annotations.pop("deployment.kubernetes.io/revision", None)
    return kept


def application(shop: Shop, *, path: str = "deploy", options: str = "", prune: bool = True, heal: bool = False) -> str:
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: {shop.name}
          namespace: {shop.stage.control_namespace}
        spec:
          project: default
          source: {{repoURL: {shop.repository.clone_url}, path: {path}, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy:
            automated: {{prune: {str(prune).lower()}{", selfHeal: true" if heal else ""}}}
            syncOptions: [{options}]
        """)


def deployment(name: str = "web", *, image: str = "nginx:1.27", replicas: int = 2, pods: str = "") -> str:
    annotations = f"annotations: {{sandbox.foresail.dev/pod: {pods}}}" if pods else "annotations: {}"
    return dedent(f"""\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: {name}}}}}
          template:
            metadata: {{labels: {{app: {name}}}, {annotations}}}
            spec:
              containers: [{{name: web, image: "{image}", ports: [{{containerPort: 80}}]}}]
        """)


def config_map(name: str = "settings", **data: str) -> str:
    lines = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{lines}"
