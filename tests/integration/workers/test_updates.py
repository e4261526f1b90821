"""Newer images become changes: opened once, overtaken, refused, merged; whatever dies in between."""

from __future__ import annotations

import inspect
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.timeouts import JobTimeoutException

from bot.cluster.applications import Projects
from bot.engine.updates.grouping import grouped
from bot.errors import Paced, Rejected
from bot.model.applications import Source
from bot.model.changes import Change, ChangeState, Repository
from bot.model.jobs import JobRequest, look_for_updates, preview, preview_again
from bot.model.updates import ImageWish
from bot.prediction.updates.reading import Branch, Files, Spot
from bot.repository.charts.available import Available
from bot.repository.mirrors import Mirror
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.seats import GitHubSeat, GitLabSeat, Hosted
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from bot.services import Services
from bot.settings import Settings
from tests.contract import gitlab_schema, schema
from tests.integration.repository.charts.registry import RegistryStandIn
from workers import preview as previewing
from workers import updates as updating
from workers.updating.merging import land
from workers.updating.proposing import Proposing

ARGO = "argocd-image-updater.argoproj.io/"
AUTOMERGE = "updates: {automerge: routine}\n"
ON_GITHUB = partial(GitHubSeat, writes=True)
ON_BOTH_FORGES = pytest.mark.parametrize(
    "stage", [ON_GITHUB, partial(GitLabSeat, writes=True)], indirect=True, scope="module", ids=["github", "gitlab"]
)


@dataclass
class Desk:
    """A repository on a forge, a registry, and a worker's services; rounds are made in this process."""

    stage: Stage
    services: Services
    hosted: Hosted
    registry: RegistryStandIn

    @property
    def image(self) -> str:
        return f"{self.registry.host}/team/web"

    @property
    def repository(self) -> Repository:
        return self.services.forge.repository(self.hosted.full_name)

    def deployment(self, tag: str) -> str:
        container = {"name": "web", "image": f"{self.image}:{tag}"}
        labels = {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"selector": {"matchLabels": labels}, "template": template}
        # JSON is YAML, and stands on one line
        return (
            json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
            + "\n"
        )

    def declare(self, name: str, path: str = "deploy", *, project: str = "default", url: str = "", **more: str) -> None:
        metadata = {
            "name": name,
            "namespace": self.stage.control_namespace,
            "annotations": {f"{ARGO}image-list": f"web={self.image}:1.x", **more},
        }
        spec = {
            "project": project,
            "source": {"repoURL": url or self.hosted.clone_url, "path": path, "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": self.stage.control_namespace},
        }
        kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
        self.services.applications.apply({**kind, "metadata": metadata, "spec": spec})

    def publish(self, *tags: str) -> None:
        """Push images, and let what was asked a moment ago be forgotten."""
        for tag in tags:
            self.registry.push("team/web", tag, [], config_type=f"application/{tag}")
        self.forget("registry:*")

    def forget(self, what: str) -> None:
        redis = Redis.from_url(self.stage.redis.url)
        for key in redis.keys(f"foresail:{what}"):
            redis.delete(key)

    def round(self) -> None:
        self.do(updating.run, look_for_updates())

    def do(self, work: Callable[..., Any], request: JobRequest) -> None:
        inspect.unwrap(work)(self.services, request.payload)

    def changes(self, state: ChangeState = ChangeState.OPEN) -> list[Change]:
        every = (
            *self.services.forge.open_changes(self.repository),
            *self.services.forge.closed_changes(self.repository),
        )
        return sorted((one for one in every if one.state is state), key=lambda one: one.number)

    def mirror(self) -> Mirror:
        url = self.hosted.clone_url
        return self.services.mirrors.refresh(url, auth=self.services.sources.trees.auth_for(url, ""))

    def branches(self) -> list[str]:
        return sorted(name for name in self.mirror().branches() if name.startswith("foresail/"))

    def content(self, branch: str, path: str = "deploy/web.yaml") -> str:
        mirror = self.mirror()
        return (mirror.read(mirror.tree_of(mirror.tip(branch)), path) or b"").decode()


@pytest.fixture(scope="module")
def stage(
    programs: Programs,
    control_plane: ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Stage]:
    """Set up a forge for the tests of this module, each of which brings a repository of its own."""
    forge = getattr(request, "param", ON_GITHUB)
    name, directory = f"desk-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("stage")
    with Stage.set_up(programs, directory, control_plane, control_namespace=name, forge=forge) as stage:
        home = stage.forge.create_repository("acme/home", files={"README.md": "home\n"})
        stage.seat.install("http://127.0.0.1:9", home)
        yield stage
    judge = schema if isinstance(home, HostedRepository) else gitlab_schema
    judge.assert_exchanges_conform(stage.forge.requests)


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    with RegistryStandIn(asks="bearer") as registry:
        hosted = stage.forge.create_repository(f"acme/shop-{uuid.uuid4().hex[:8]}", files={"README.md": "shop\n"})
        stage.add(hosted)
        where = f"--namespace={stage.control_namespace}"
        stage.plane.kubectl("apply", where, "--filename=-", stdin=secret(registry))
        own = {"FORESAIL_FETCH_ALLOW": "127.0.0.1", "FORESAIL_DATA_DIRECTORY": str(tmp_path / "data")}
        services = Services.build(Settings.from_environment({**stage.settings(hosted), **own}))
        desk = Desk(stage, services, hosted, registry)
        desk.publish("1.0.0", "1.1.0", "2.0.0")
        hosted.push("main", {"deploy/web.yaml": desk.deployment("1.0.0")})
        yield desk
        services.close()
        desk.forget("*")
        stage.plane.kubectl("delete", "applications,deployments", "--all", "--wait=false", where)


def secret(registry: RegistryStandIn, name: str = "registry") -> str:
    labels = {"argocd.argoproj.io/secret-type": "repo-creds"}
    who = {"username": "alice", "password": "hush", "insecureOCIForceHttp": "true"}
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}}
    return json.dumps({**kind, "stringData": {"type": "oci", "url": f"oci://{registry.host}", **who}})


@ON_BOTH_FORGES
def test_a_newer_image_is_proposed_once_and_gives_way_to_a_newer_one(desk: Desk) -> None:
    desk.declare("shop")
    for _ in range(2):
        desk.round()
    (first,) = desk.changes()
    assert first.title == f"Update {desk.image} to 1.1.0 in shop"
    assert desk.content(first.head_branch) == desk.deployment("1.1.0")
    assert desk.branches() == [first.head_branch]

    desk.publish("1.2.0")
    for _ in range(2):
        desk.round()
    (second,) = desk.changes()
    assert desk.content(second.head_branch) == desk.deployment("1.2.0")
    assert [one.number for one in desk.changes(ChangeState.CLOSED)] == [first.number]
    assert desk.branches() == [second.head_branch]
    (farewell,) = desk.services.forge.own_comments(desk.repository, first.number, marker="<!-- foresail-updates")
    assert f"Superseded by {desk.repository.mark}{second.number}." in farewell.body

    # What gave way may come again, as nobody has refused it.
    del desk.registry.repositories["team/web"].tags["1.2.0"]
    desk.publish()
    desk.round()
    assert [one.head_branch for one in desk.changes()] == [first.head_branch]


def test_what_a_person_has_closed_is_not_opened_again(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    desk.hosted.close(change.number)
    desk.round()
    desk.forget("*")  # a Redis that has lost everything
    desk.round()
    assert desk.changes() == []
    desk.publish("1.3.0")
    desk.round()
    assert [one.title for one in desk.changes()] == [f"Update {desk.image} to 1.3.0 in shop"]


def test_one_that_a_person_has_retargeted_is_theirs_to_settle(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    desk.hosted.point("release", desk.hosted.head("main"))
    desk.hosted.retarget(change.number, "release")
    desk.round()
    assert [(one.number, one.base_branch) for one in desk.changes()] == [(change.number, "release")]


def test_what_is_merged_and_taken_back_is_not_opened_again(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    desk.hosted.merge(desk.changes()[0].number)
    desk.hosted.push("main", {"deploy/web.yaml": desk.deployment("1.0.0")})
    desk.round()
    assert desk.changes() == []


def test_nothing_is_pushed_over_somebodys_commits(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (first,) = desk.changes()
    theirs = desk.hosted.push(first.head_branch, {"notes.txt": "mine\n"}, author="alice")
    desk.hosted.push("main", {"deploy/web.yaml": desk.deployment("1.0.1")})
    desk.round()
    assert desk.changes()[0].head_sha == theirs
    desk.publish("1.2.0")
    desk.round()
    second = desk.changes()[-1]
    assert [one.number for one in desk.changes()] == [second.number]
    assert first.head_branch in desk.branches()
    (farewell,) = desk.services.forge.own_comments(desk.repository, first.number, marker="<!-- foresail-updates")
    assert "left as it is" in farewell.body


def test_a_branch_of_somebody_else_with_the_same_name_is_left_alone(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    name = change.head_branch
    desk.hosted.close(change.number)
    desk.hosted.push(name, {"notes.txt": "mine\n"}, author="alice")
    theirs = desk.hosted.head(name)
    desk.forget("refused:*")
    desk.round()
    assert desk.hosted.head(name) == theirs
    assert desk.changes() == []


@ON_BOTH_FORGES
def test_a_conflict_is_resolved_on_top_of_the_new_base(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (before,) = desk.changes()
    desk.hosted.push("main", {"deploy/web.yaml": desk.deployment("1.0.1")})
    desk.round()
    (after,) = desk.changes()
    assert (after.number, after.head_branch) == (before.number, before.head_branch)
    assert after.head_sha != before.head_sha
    desk.hosted.merge(after.number)
    assert desk.content("main") == desk.deployment("1.1.0")


def test_what_is_not_wanted_any_more_is_closed_but_not_while_the_registry_is_away(desk: Desk) -> None:
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    tags = desk.registry.repositories.pop("team/web")
    desk.publish()
    desk.round()
    assert [one.number for one in desk.changes()] == [change.number]
    desk.registry.repositories["team/web"] = tags
    desk.publish()
    desk.hosted.push("main", {"deploy/web.yaml": desk.deployment("1.1.0")})
    desk.round()
    assert desk.changes() == []
    assert desk.branches() == []


def test_an_image_whose_registry_is_away_has_no_change_replaced(desk: Desk) -> None:
    where = f"--namespace={desk.stage.control_namespace}"
    with RegistryStandIn(asks="bearer") as other:
        desk.stage.plane.kubectl("apply", where, "--filename=-", stdin=secret(other, "other"))
        for tag in ("1.0.0", "1.1.0"):
            other.push("team/api", tag, [])
        image = f"{other.host}/team/api"
        desk.hosted.push("main", {"deploy/api.yaml": desk.deployment("1.0.0").replace(desk.image, image)})
        desk.declare("shop", **{f"{ARGO}image-list": f"web={desk.image}:1.x,api={image}:1.x"})
        desk.round()
    (change,) = desk.changes()
    assert change.title == "Update 2 images and charts in shop"
    desk.publish("1.2.0")
    desk.round()
    assert desk.changes() == [change]
    assert desk.changes(ChangeState.CLOSED) == []


def test_applications_of_a_group_share_a_change_and_others_do_not(desk: Desk) -> None:
    desk.hosted.push("main", {f"{name}/web.yaml": desk.deployment("1.0.0") for name in ("a", "b", "c")})
    for name in ("a", "b"):
        desk.declare(name, name, **{"foresail.dev/update-group": "letters"})
    desk.declare("c", "c")
    desk.declare("d", "c")  # what c writes already
    desk.round()
    titles = [f"Update {desk.image} to 1.1.0 in {name}" for name in ("c", "letters")]
    changes = sorted(desk.changes(), key=lambda one: one.title)
    assert [one.title for one in changes] == titles
    for name in ("a", "b"):
        assert desk.content(changes[1].head_branch, f"{name}/web.yaml") == desk.deployment("1.1.0")


@pytest.mark.parametrize("step", ["_push", "_body"])
def test_a_round_that_dies_is_made_up_for(desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    desk.declare("shop")
    real: Callable[..., Any] = getattr(Proposing, step)

    def dies_after(*args: Any) -> Any:
        real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(Proposing, step, dies_after)
    with pytest.raises(KeyboardInterrupt):
        desk.round()
    monkeypatch.undo()
    assert desk.changes() == []
    desk.forget("*")
    for _ in range(2):
        desk.round()
    assert [one.title for one in desk.changes()] == [f"Update {desk.image} to 1.1.0 in shop"]


def test_an_older_change_that_was_taken_leave_of_is_closed_after_a_death(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.declare("shop")
    desk.round()
    desk.publish("1.2.0")
    proposals = type(desk.services.forge.proposals)

    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proposals, "close", dies)
    with pytest.raises(KeyboardInterrupt):
        desk.round()
    monkeypatch.undo()
    assert len(desk.changes()) == 2
    desk.round()
    assert [one.title for one in desk.changes()] == [f"Update {desk.image} to 1.2.0 in shop"]
    (first,) = desk.changes(ChangeState.CLOSED)
    assert len(desk.services.forge.own_comments(desk.repository, first.number, marker="<!-- foresail-updates")) == 1


def test_one_application_that_breaks_the_planning_keeps_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.hosted.push("main", {"bad/web.yaml": desk.deployment("1.0.0")})
    desk.declare("bad", "bad")
    desk.declare("shop")
    real = Files.spots

    def breaks(self: Files, branch: Branch, source: Source, wish: ImageWish) -> list[Spot]:
        if source.path == "bad":
            raise ZeroDivisionError
        return real(self, branch, source, wish)

    monkeypatch.setattr(Files, "spots", breaks)
    desk.round()
    assert [one.title for one in desk.changes()] == [f"Update {desk.image} to 1.1.0 in shop"]


def test_that_the_time_of_a_round_is_over_is_nothing_unforeseen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_args: Any) -> None:
        raise JobTimeoutException

    desk.declare("shop")
    monkeypatch.setattr(Files, "spots", too_late)
    with pytest.raises(JobTimeoutException):
        desk.round()


def test_a_repository_whose_account_has_to_wait_keeps_no_other_from_its_changes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = desk.stage.forge.create_repository(
        f"acme/busy-{uuid.uuid4().hex[:8]}", files={"deploy/web.yaml": desk.deployment("1.0.0")}
    )
    desk.stage.add(other)
    desk.declare("shop")
    desk.declare("busy", url=other.clone_url)
    real, asked = Proposing.of.__func__, list[str]()  # type: ignore[attr-defined] # a classmethod has it

    def first_paced(cls: type[Proposing], services: Services, available: Available, one: Repository) -> Proposing:
        asked.append(one.full_name)
        if len(asked) == 1:
            raise Paced("no room", retry_after=60.0)
        found: Proposing = real(cls, services, available, one)
        return found

    monkeypatch.setattr(Proposing, "of", classmethod(first_paced))
    desk.round()
    assert sorted(asked) == sorted((desk.hosted.full_name, other.full_name))
    (change,) = desk.services.forge.open_changes(desk.services.forge.repository(asked[1]))
    assert change.title.endswith(f"in {'shop' if asked[1] == desk.hosted.full_name else 'busy'}")


@ON_BOTH_FORGES
def test_in_bad_weather_nothing_is_opened_twice_and_in_the_end_all_is_right(desk: Desk) -> None:
    desk.declare("shop")
    faults = desk.stage.forge.faults
    name = desk.hosted.full_name.partition("/")[2]
    faults.rage(0.3, seed=7, match=f"* /*s/*{name}*")
    faults.add(f"POST *{name}.git/git-receive-pack", kind=Fault.LOSE_ANSWER, times=2)
    for minor in (2, 3, 4):
        desk.publish(f"1.{minor}.0")
        for _ in range(3):
            desk.round()
    faults.clear()
    for _ in range(5):
        desk.forget("pace:*")  # the silence that a forge has asked for
        desk.round()
    assert [one.title for one in desk.changes()] == [f"Update {desk.image} to 1.4.0 in shop"]
    assert desk.branches() == [desk.changes()[0].head_branch]
    closed = desk.changes(ChangeState.CLOSED)
    assert len({one.head_branch for one in closed}) == len(closed)


def test_two_rounds_at_once_open_one_change(desk: Desk) -> None:
    desk.declare("shop")
    every = desk.services.applications.all().applications
    planner = updating._planner(desk.services, {"": desk.repository})  # noqa: SLF001 - two that know nothing of each other
    groups = grouped(planner.plan(every, every=every))
    first, second = (Proposing.of(desk.services, planner.available, desk.repository) for _ in range(2))
    first.bring(groups[0])
    second.bring(groups[0])
    assert len(desk.changes()) == 1


def previewed(desk: Desk, change: Change) -> None:
    desk.do(previewing.run, preview(desk.repository, change.number))


@ON_BOTH_FORGES
def test_a_routine_change_lands_by_itself_where_the_repository_says_so(desk: Desk) -> None:
    desk.stage.plane.kubectl("apply", "-n", desk.stage.control_namespace, "-f", "-", stdin=desk.deployment("1.0.0"))
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    previewed(desk, change)
    desk.round()
    assert desk.changes() == [change]  # nobody has allowed it
    desk.hosted.push("main", {".foresail/config.yaml": AUTOMERGE})
    previewed(desk, change)
    desk.round()
    assert desk.changes() == []
    assert desk.content("main") == desk.deployment("1.1.0")
    assert [one.number for one in desk.changes(ChangeState.MERGED)] == [change.number]
    assert desk.branches() == []


def to_land(desk: Desk) -> Change:
    """Return a change of ours that may be merged, and does nothing but move a version."""
    desk.stage.plane.kubectl("apply", "-n", desk.stage.control_namespace, "-f", "-", stdin=desk.deployment("1.0.0"))
    desk.hosted.push("main", {".foresail/config.yaml": AUTOMERGE})
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    previewed(desk, change)
    return change


def test_what_was_predicted_on_another_base_is_predicted_again_before_it_lands(desk: Desk) -> None:
    change = to_land(desk)
    desk.hosted.push("main", {"README.md": "another\n"})
    desk.round()
    assert desk.changes() == [change]
    again = preview_again(desk.repository, [change.number])
    assert desk.services.queue.has(again)
    desk.do(previewing.again, again)
    desk.round()
    assert desk.content("main") == desk.deployment("1.1.0")


def test_what_is_not_ours_to_the_letter_or_not_routine_does_not_land(desk: Desk) -> None:
    desk.hosted.push("main", {".foresail/config.yaml": AUTOMERGE})
    desk.declare("shop")
    desk.round()
    (change,) = desk.changes()
    desk.round()
    assert desk.changes() == [change]  # nobody has predicted it
    previewed(desk, change)
    desk.round()
    assert desk.changes() == [change]  # it creates what is not there yet, which is no routine
    desk.services.memory.keep_routine(str(change), change.head_sha, base_sha=desk.hosted.head())
    theirs = desk.hosted.push(change.head_branch, {"deploy/web.yaml": desk.deployment("2.0.0")}, author="alice")
    (moved,) = desk.changes()
    previewed(desk, moved)
    desk.services.memory.keep_routine(str(moved), theirs, base_sha=desk.hosted.head())
    desk.round()
    assert [one.head_sha for one in desk.changes()] == [theirs]


@ON_BOTH_FORGES
def test_one_that_a_reviewer_wants_changed_does_not_land_until_they_approve(desk: Desk) -> None:
    change = to_land(desk)
    desk.hosted.grant("ana", "write")
    desk.hosted.ask_for_changes(change.number, user="ana")
    desk.round()
    assert desk.changes() == [change]
    desk.hosted.approve(change.number, user="ana")
    desk.round()
    assert [one.number for one in desk.changes(ChangeState.MERGED)] == [change.number]


@ON_BOTH_FORGES
def test_who_may_not_write_keeps_nothing_from_landing(desk: Desk) -> None:
    change = to_land(desk)
    desk.hosted.ask_for_changes(change.number, user="mallory")
    desk.round()
    assert [one.number for one in desk.changes(ChangeState.MERGED)] == [change.number]


def test_one_that_was_retargeted_a_moment_ago_does_not_land(desk: Desk) -> None:
    change = to_land(desk)
    mirror, files = desk.mirror(), {"deploy/web.yaml": desk.deployment("1.1.0").encode()}
    desk.hosted.point("release", desk.hosted.head("main"))
    desk.hosted.retarget(change.number, "release")
    assert not land(desk.services, mirror, change, files)
    desk.hosted.retarget(change.number, "main")
    assert land(desk.services, mirror, change, files)


def test_a_registry_that_the_project_does_not_permit_is_asked_as_nobody(desk: Desk) -> None:
    where = {"name": f"tenant-{uuid.uuid4().hex[:8]}", "namespace": desk.stage.control_namespace}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": where}
    anywhere = [{"server": "*", "namespace": "*"}]
    for repositories, changes in (([desk.hosted.clone_url], 0), ([desk.hosted.clone_url, f"oci://{desk.image}"], 1)):
        spec = {"sourceRepos": repositories, "destinations": anywhere}
        desk.stage.plane.kubectl("apply", "--filename=-", stdin=json.dumps({**kind, "spec": spec}))
        desk.declare("shop", project=where["name"])
        desk.registry.requests.clear()
        desk.services.sources.project_of = Projects(
            desk.services.control, namespace=desk.stage.control_namespace
        ).find  # which has nothing kept
        desk.round()
        assert len(desk.changes()) == changes
        shown = [authorization for _, path, authorization in desk.registry.requests if path.startswith("/token")]
        assert any(shown) is bool(changes)


def test_without_the_permission_nothing_is_opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = desk.stage.app
    monkeypatch.setattr(app, "permissions", {**app.permissions, "contents": "read"})
    desk.declare("shop")
    desk.round()
    with pytest.raises(Rejected):
        desk.services.forge.proposals.push_credentials(desk.repository)
    assert desk.changes() == []
