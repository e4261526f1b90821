"""A change that takes back a commit holds that and nothing else, is opened once, and whatever fails beside it."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import rq
from redis import Redis
from rq.serializers import JSONSerializer

from bot.engine.sync.reverting import DUE, said_of, told_patch
from bot.engine.sync.rollback import AUTO_ROLLBACK, GoingBack, going_back
from bot.errors import Temporary
from bot.model.applications import Application
from bot.model.changes import Change, Repository
from bot.model.health import Health, HealthStatus
from bot.model.holds import HELD
from bot.model.jobs import JobRequest, Task, compare, recover, revert
from bot.model.operations import Operation, OperationState, Phase, timestamp
from bot.preview import reverting as words
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.forge.faults import Fault
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.seats import GitHubSeat, Hosted
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect
from workers import recover as recovering
from workers import revert as reverting

GOOD, BAD = "colour: blue\n", "colour: red\n"
WEB, OTHER = "deploy/web.yaml", "other/other.yaml"
MALLORY = Author("mallory", "mallory@example.com", 1_700_000_000.0)


@dataclass
class Desk:
    """A repository on a forge, and applications that are not well with its newest commit."""

    stage: Stage
    services: Services
    hosted: Hosted

    @property
    def repository(self) -> Repository:
        return self.services.forge.repository(self.hosted.full_name)

    def degrade(self, name: str, good: str, bad: str, *, path: str = "deploy") -> None:
        """Have an Application that was synced to one commit after the other, and is degraded at the second."""
        source = {"repoURL": self.hosted.clone_url, "path": path, "targetRevision": "main"}
        where = {"name": "in-cluster", "namespace": self.stage.control_namespace}
        metadata = {
            "name": name,
            "namespace": self.stage.control_namespace,
            "annotations": {AUTO_ROLLBACK: "10m revert"},
        }
        spec = {
            "project": "default",
            "source": source,
            "destination": where,
            "syncPolicy": {"automated": {"prune": True}},
        }
        kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
        applications, now = self.services.applications, timestamp()
        found = applications.parsed(applications.apply({**kind, "metadata": metadata, "spec": spec}))
        ended = OperationState(Operation(bad, prune=True, automated=True), Phase.SUCCEEDED, "", now, finished_at=now)
        entries = enumerate((good, bad))
        history = [{"id": number, "revision": one, "source": source, "deployedAt": now} for number, one in entries]
        status = {
            "health": {"status": "Degraded", "message": "it is sunk"},
            "history": history,
            "operationState": ended.to_wire(),
        }
        applications.update(found, {"status": status})
        found, last, back = self.seen(name)
        assert last.operation.revision == bad
        applications.update(found, {"status": told_patch(found.status, back, DUE, now=now)})

    def seen(self, name: str) -> tuple[Application, OperationState, GoingBack]:
        found = self.services.applications.get(name)
        assert found is not None
        last = OperationState.last_sync(found.status)
        assert last is not None
        back = going_back(found, last, HealthStatus(Health.DEGRADED, "it is sunk"), now=self.services.clock.now())
        assert back is not None
        return found, last, back

    def revert(self, name: str) -> None:
        inspect.unwrap(reverting.run)(self.services, self._request(name).payload)

    def give_up(self, name: str) -> None:
        reverting.excuse(self.services, self._request(name).payload, "given up")

    def _request(self, name: str) -> JobRequest:
        _, last, _ = self.seen(name)
        return revert(name, last.operation.revision, seen_at=self.services.clock.now())

    def said(self, name: str) -> str:
        found, last, _ = self.seen(name)
        return said_of(found.status, last.operation.revision)

    def held(self, name: str) -> str:
        return self.seen(name)[0].annotation(HELD)

    def changes(self) -> list[Change]:
        return [*self.services.forge.open_changes(self.repository)]

    def at(self, revision: str, path: str = WEB) -> str:
        return self.hosted.read(path, revision=revision).decode()

    def forge(self, files: dict[str, str], message: str, *parents: str) -> str:
        """Write a commit with other files than its first parent."""
        git = BareRepository(self.hosted.state.path)
        tree = git.write_tree(files, onto=parents[0])
        return git.write_commit(NewCommit(tree, parents, message.format(tree=tree), MALLORY))

    def branch(self, *commits: str) -> str:
        return words.branch("foresail", "main", commits)


@pytest.fixture(scope="module")
def stage(programs: Programs, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    name, forge = f"desk-{uuid.uuid4().hex[:8]}", partial(GitHubSeat, writes=True)
    directory = tmp_path_factory.mktemp("stage")
    with Stage.set_up(programs, directory, control_plane, control_namespace=name, forge=forge) as stage:
        stage.seat.install("http://127.0.0.1:9", stage.forge.create_repository("acme/home", files={"README.md": "h\n"}))
        yield stage


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    files = {WEB: GOOD, OTHER: "a: 1\n"}
    hosted = stage.forge.create_repository(f"acme/shop-{uuid.uuid4().hex[:8]}", files=files)
    stage.add(hosted)
    own = {"FORESAIL_DATA_DIRECTORY": str(tmp_path / "data")}
    services = Services.build(Settings.from_environment({**stage.settings(hosted), **own}))
    yield Desk(stage, services, hosted)
    services.close()
    Redis.from_url(stage.redis.url).flushall()
    stage.plane.kubectl("delete", "applications", "--all", f"--namespace={stage.control_namespace}")


@pytest.mark.parametrize("opened", [False, True])
def test_what_somebody_has_put_on_the_branch_before_is_not_proposed_as_the_revert(desk: Desk, *, opened: bool) -> None:
    good = desk.hosted.head("main")
    bad = desk.hosted.push("main", {WEB: BAD})
    desk.degrade("shop", good, bad)
    branch = desk.branch(bad)
    desk.hosted.point(branch, desk.forge({WEB: GOOD, OTHER: "a: evil\n"}, "Revert\n\nForesail-Tree: {tree}", bad))
    if opened:
        desk.hosted.open_pull_request(head=branch)
    desk.revert("shop")
    assert len(desk.changes()) == opened
    assert f"somebody else has pushed to {branch}" in desk.held("shop")


def test_what_is_left_of_a_worker_that_died_and_what_a_person_has_added_is_the_revert(desk: Desk) -> None:
    good = desk.hosted.head("main")
    bad = desk.hosted.push("main", {WEB: BAD})
    branch = desk.branch(bad)
    desk.degrade("shop", good, bad)
    desk.hosted.point(branch, desk.forge({WEB: GOOD}, "Revert\n\nForesail-Tree: {tree}", bad))
    desk.hosted.push("main", {OTHER: "a: 2\n"})
    desk.revert("shop")
    (change,) = desk.changes()
    assert (change.head_branch, desk.at(change.head_sha)) == (branch, GOOD)
    desk.hosted.push(branch, {OTHER: "a: 3\n"})
    desk.degrade("more", good, bad)
    desk.revert("more")
    assert desk.said("more").endswith(f"{change} reverts it")


def test_where_the_branch_was_turned_around_what_was_well_is_not_reverted(desk: Desk) -> None:
    first = desk.hosted.head("main")
    good = desk.hosted.push("main", {WEB: GOOD + "size: 2\n"})
    feature = desk.hosted.push("feature", {"deploy/more.yaml": "more: 1\n"}, onto=first)
    bad = desk.forge({WEB: GOOD + "size: 2\n"}, "Merge main", feature, good)
    desk.hosted.point("main", bad)
    desk.degrade("shop", good, bad)
    desk.revert("shop")
    assert desk.changes() == []
    assert "no change reverts it: the branch was turned around in between" in desk.held("shop")


def test_a_revert_that_redis_has_lost_is_asked_for_again(desk: Desk) -> None:
    good = desk.hosted.head("main")
    desk.degrade("shop", good, desk.hosted.push("main", {WEB: BAD}))
    inspect.unwrap(recovering.run)(desk.services, recover(desk.hosted.full_name).payload)
    queue = rq.Queue("sync", connection=connect(desk.stage.redis.url), serializer=JSONSerializer)
    assert [one.args[0] for one in queue.jobs if one.func_name == Task.COMPARE] == [compare("shop").payload]


def test_when_everything_degrades_no_flood_of_changes_comes(desk: Desk) -> None:
    for number in range(20):
        branch = f"{words.prefix('foresail')}{number}"
        desk.hosted.push(branch, {f"{number}.yaml": GOOD})
        desk.hosted.open_pull_request(head=branch)
    good = desk.hosted.head("main")
    desk.degrade("shop", good, desk.hosted.push("main", {WEB: BAD}))
    desk.revert("shop")
    assert len(desk.changes()) == 20
    assert "20 reverts are open already" in desk.held("shop")


def test_that_nobody_can_be_told_in_a_comment_does_not_make_it_not_so(desk: Desk) -> None:
    good = desk.hosted.head("main")
    desk.hosted.push("feature", {WEB: BAD})
    number = desk.hosted.open_pull_request(head="feature").number
    bad = desk.hosted.merge(number)
    desk.degrade("shop", good, bad)
    desk.stage.forge.faults.add("POST /repos/*/issues/*/comments", kind=Fault.ERROR, times=99)
    with pytest.raises(Temporary):
        desk.revert("shop")
    (change,) = desk.changes()
    assert desk.said("shop").endswith(f"{change} reverts it")
    desk.give_up("shop")
    assert desk.held("shop") == ""
    desk.stage.forge.faults.clear()
    for _ in range(2):
        desk.revert("shop")
    assert len(desk.hosted.comments(number)) == 1


def test_a_second_application_of_the_same_commit_asks_little_of_the_forge(desk: Desk) -> None:
    good = bad = desk.hosted.head("main")
    for turn in range(3):
        bad = desk.hosted.push("main", {WEB: f"{BAD}turn: {turn}\n"})
    for name in ("one", "two", "three"):
        desk.degrade(name, good, bad)
    desk.revert("one")
    desk.revert("two")
    before = len(desk.stage.forge.requests)
    desk.revert("three")
    asked = [f"{one.method} {one.path}" for one in desk.stage.forge.requests[before:]]
    assert desk.said("three") == desk.said("two")
    assert sum("/pulls" in one for one in asked) == 1, asked
