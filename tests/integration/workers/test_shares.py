"""Several controllers, as processes, on one API server: each Application is one's, whoever is killed or paused."""

from __future__ import annotations

import os
import signal
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from bot.cluster.leases import Leases
from bot.model.jobs import advance, compare
from bot.model.metrics import APP_INFO, JOBS, SHARE, SYNCS
from bot.model.shards import Seat, owner
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import Foresail
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect
from tests.integration.workers.desk import Desk

LEASE = 4
APPS = [f"shop-{number}" for number in range(9)]


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{A: '1'}}\n"


class Replicas:
    """Controllers and one worker for syncs."""

    def __init__(self, desk: Desk, directory: Path) -> None:
        self.desk = desk
        self.namespace = desk.stage.control_namespace
        settings = desk.stage.settings(desk.repository) | {"FORESAIL_CONTROLLER_LEASE_SECONDS": str(LEASE)}
        self._leases = Leases(desk.services.control.server, namespace=self.namespace, name="")
        self._running = [
            Foresail.start(directory / name, settings, only=(role,))
            for name, role in (
                ("worker", "sync"),
                ("one", "controller"),
                ("two", "controller"),
                ("three", "controller"),
            )
        ]
        self.worker, *self.controllers = self._running

    def stop(self) -> None:
        for one in self._running:
            one.stop()

    def seats(self) -> dict[str, Seat]:
        return self._leases.all()

    def are(self, *controllers: Foresail) -> Callable[[], bool]:
        """Return whether these share the work by now, and agree on that."""

        def agree() -> bool:
            seats = self.seats()
            names = frozenset(map(self.name, controllers))
            told = [seats[name].members for name in names if name in seats]
            return told == [names] * len(controllers)

        return agree

    def name(self, controller: Foresail) -> str:
        """Return by which name a controller is known to the others; empty when it has no Lease."""
        pid = str(controller.pid("controller"))
        return next((name for name in self.seats() if name.split("-")[-2] == pid), "")

    def owner_of(self, application: str) -> Foresail:
        chosen = owner([self.name(one) for one in self.controllers], application)
        return next(one for one in self.controllers if self.name(one) == chosen)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        self.desk.stage.until(holds, what=what)

    def start_all(self) -> None:
        """Start what has ended, and wait until all agree."""

        def agree() -> bool:
            for one in self._running:
                one.keep_running()
            return self.are(*self.controllers)()

        self.until(agree, "all of them agree")

    def dismiss_worker(self) -> None:
        """Have the worker finish what it does, and end: of one that is killed a job would come back."""
        connection = connect(self.desk.stage.redis.url)
        os.killpg(self.worker.pid("sync"), signal.SIGTERM)
        self.until(lambda: connection.scard("rq:workers") == 0, "the worker has ended")
        connection.close()

    def declare(self) -> None:
        self.desk.repository.push("main", {f"apps/{name}/settings.yaml": config_map(name) for name in APPS})
        for name in APPS:
            self.desk.services.applications.apply(
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "Application",
                    "metadata": {"name": name, "namespace": self.namespace},
                    "spec": {
                        "project": "default",
                        "source": {
                            "repoURL": self.desk.repository.clone_url,
                            "path": f"apps/{name}",
                            "targetRevision": "main",
                        },
                        "destination": {"name": "in-cluster", "namespace": self.namespace},
                        "syncPolicy": {"automated": {"selfHeal": True}},
                    },
                }
            )
        self.until(self.rest, "every application at rest")

    def rest(self) -> bool:
        """Whether every application is as it should be, and nobody is about to look at one."""
        requests = [request(name) for name in APPS for request in (compare, advance)]
        return all(map(self.is_synced, APPS)) and not self.desk.services.queue.has(*requests)

    def is_synced(self, name: str) -> bool:
        found = self.desk.application(name)
        status = found.get("status") or {}
        return "operation" not in found and (status.get("sync") or {}).get("status") == "Synced"

    def data(self, name: str) -> object:
        found = self.desk.stage.get("configmap", name, namespace=self.namespace)
        return found and found["data"]

    def change(self, name: str) -> None:
        """Change an application's object by hand."""
        patch = '{"data": {"A": "by hand"}}'
        self.desk.stage.plane.kubectl("patch", "configmap", name, "-n", self.namespace, "--type=merge", "-p", patch)

    def applied(self, since: int) -> Counter[str]:
        """Return how often Foresail has written each ConfigMap since the audit log had so many bytes."""
        found: Counter[str] = Counter()
        with self.desk.stage.plane.audit_log.open("rb") as log:
            log.seek(since)
            for entry in map(orjson.loads, log):
                url = urlsplit(entry["requestURI"])
                what, query = entry.get("objectRef") or {}, parse_qs(url.query)
                ours = query.get("fieldManager") == ["foresail"] and "dryRun" not in query
                here = what.get("namespace") == self.namespace and what.get("resource") == "configmaps"
                if ours and here and entry.get("responseStatus", {}).get("code") == HTTPStatus.OK:
                    found[what["name"]] += 1
        return found


@pytest.fixture(scope="module")
def crowd(
    programs: Programs, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    directory = tmp_path_factory.mktemp("shares")
    name = f"shares-{uuid.uuid4().hex[:8]}"
    with Stage.set_up(programs, directory / "stage", control_plane, control_namespace=name) as stage:
        repository = stage.github.create_repository("acme/shop", files={"README.md": "nothing\n"})
        stage.github.install(stage.app, owner="acme", repositories=["acme/shop"])
        services = Services.build(Settings.from_environment(stage.settings(repository)))
        found = Replicas(Desk(stage, services, repository, directory / "git.log"), directory)
        try:
            found.start_all()
            found.declare()
            yield found
        finally:
            found.stop()
            services.close()
            control_plane.kubectl("delete", "applications", "--all", "-n", name)


@pytest.fixture
def replicas(crowd: Replicas) -> Replicas:
    crowd.start_all()
    return crowd


def test_the_metrics_of_all_tell_of_each_application_once(replicas: Replicas) -> None:
    metrics = replicas.desk.services.metrics

    def tell() -> bool:
        shown = metrics.shown()
        shares = [one.number for one in shown if one.family is SHARE]
        names = sorted(one.values[1] for one in shown if one.family is APP_INFO and one.values[6] == "Synced")
        return (len(shares), sum(shares), names) == (3, len(APPS), APPS)

    replicas.until(tell, "each application once")
    counted = metrics.counted()
    assert {labels[1] for labels in counted[SYNCS] if labels[4] == "Succeeded"} == set(APPS)
    assert ("advance.run", "done") in counted[JOBS]


def test_the_metrics_say_nothing_more_of_one_that_cannot_be_used(replicas: Replicas) -> None:
    metrics, plane = replicas.desk.services.metrics, replicas.desk.stage.plane

    def told() -> set[str]:
        return {one.values[1] for one in metrics.shown() if one.family is APP_INFO}

    without = '{"spec": {"source": null, "sourceHydrator": {}}}'
    plane.kubectl("patch", "application", APPS[0], "-n", replicas.namespace, "--type=merge", "-p", without)
    replicas.until(lambda: told() == {*APPS[1:]}, "it is not told of")
    replicas.declare()
    replicas.until(lambda: told() == {*APPS}, "it is told of again")


def test_what_was_a_killed_ones_is_healed_by_the_others_and_once(replicas: Replicas) -> None:
    victim = replicas.owner_of(APPS[0])
    since = replicas.desk.stage.plane.audit_log.stat().st_size
    victim.kill("controller")
    for name in APPS:
        replicas.change(name)
    replicas.until(lambda: all(replicas.data(name) == {"A": "1"} for name in APPS), "everything put back")
    others = [one for one in replicas.controllers if one is not victim]
    assert replicas.are(*others)()
    replicas.until(replicas.rest, "rest")
    assert replicas.applied(since) == dict.fromkeys(APPS, 1)


def test_one_that_leaves_is_not_waited_for(replicas: Replicas) -> None:
    leaver, *others = replicas.controllers
    gone = replicas.name(leaver)
    os.killpg(leaver.pid("controller"), signal.SIGTERM)
    replicas.until(lambda: gone not in replicas.seats(), "it says that it is gone")
    replicas.until(replicas.are(*others), "the others agree")
    replicas.change(APPS[0])
    replicas.until(lambda: replicas.data(APPS[0]) == {"A": "1"}, "it is put back")


def test_one_that_was_paused_past_its_lease_asks_for_nothing_before_that_is_its_own_again(replicas: Replicas) -> None:
    paused = replicas.owner_of(APPS[0])
    name = replicas.name(paused)
    others = [one for one in replicas.controllers if one is not paused]
    asked = compare(APPS[0])
    queue = replicas.desk.services.queue
    os.killpg(paused.pid("controller"), signal.SIGSTOP)
    replicas.until(replicas.are(*others), "the others share what was its")
    replicas.change(APPS[0])
    replicas.until(lambda: replicas.data(APPS[0]) == {"A": "1"} and replicas.rest(), "another puts it back")
    replicas.dismiss_worker()
    replicas.change(APPS[0])
    replicas.until(lambda: queue.has(asked), "another asks for it")
    for one in others:
        os.killpg(one.pid("controller"), signal.SIGSTOP)
    queue.withdraw(asked)
    os.killpg(paused.pid("controller"), signal.SIGCONT)

    def asks() -> bool:
        if not queue.has(asked):
            return False
        # It had heard of the change by its first breath. Whoever asks has said before that it shares with nobody.
        assert replicas.seats()[name].members == {name}
        return True

    replicas.until(asks, "it is alone, and asks")
    for one in others:
        one.kill("controller")
