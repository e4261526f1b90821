"""The controller on 200 applications: created, changed by one push, changed by hand, and left alone.

The scene is the one that Argo CD was measured in: a Deployment of one replica, a ConfigMap and a Service for each, in
one namespace, synced and healed automatically. The floor is the same objects applied by nobody's reconciliation: one
server-side apply each, and the cluster's own work until every Deployment has rolled out.

Argo CD was measured with a kube-controller-manager that asks 20 times a second, as it does by default. There the floor
of a push is 73 s, which is all that Argo CD took and all that anybody can: whoever is compared on that only shows that
he waits. The sandbox lifts that limit, so that what is measured here is Foresail.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks.memory import share
from bot.cluster.applications import APPLICATION
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.cluster.watch import Watch
from bot.errors import Temporary
from bot.model.jobs import compare
from bot.model.resources import ResourceType, metadata_of
from bot.sandbox.stage import Stage
from bot.store.connection import connect
from bot.store.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bot.model.resources import JsonObject
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.github.people import HostedRepository
    from bot.sandbox.installation import Foresail
    from bot.sandbox.toolchain import Programs

_CONTROL: Final = "controller-bench"
_NAMESPACE: Final = "controller-bench-apps"
_FLOOR: Final = "controller-bench-floor"
_DEPLOYMENT: Final = ResourceType("apps", "v1", "Deployment", "deployments", namespaced=True)
_AT_ONCE: Final = 8
"""Objects that the floor applies at a time; fewer and more take longer on two cores."""
_PATIENCE: Final = 600.0
_POLL: Final = 0.1
_LOOK: Final = 2.0
"""Seconds between two looks at the memory; each reads the maps of a dozen processes."""
_HEALS: Final = 40
"""Objects that are changed by hand, each of another application, so that nobody backs off."""
_HEAL_POLL: Final = 0.002
_SETTLING: Final = 30.0
"""Seconds after the last change in which pods still come and go."""
_IDLE: Final = 60.0


@dataclass
class Seen:
    """What a watch has told of a collection; asking again and again would take from what is measured."""

    objects: dict[str, JsonObject] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, server: ApiServer, kind: ResourceType, namespace: str) -> Iterator[Seen]:
        """Follow the objects of a namespace."""
        seen, stop = cls(), threading.Event()
        watch = Watch(server, kind, seen.note, namespace=namespace)
        threading.Thread(target=watch.run, args=(stop,), daemon=True).start()
        try:
            yield seen
        finally:
            stop.set()

    def note(self, _event: str, obj: JsonObject) -> None:
        """Keep what an object is now."""
        self.objects[str(metadata_of(obj)["name"])] = obj

    def wait(self, count: int, holds: Callable[[JsonObject], bool], what: str, *, seconds: float = _PATIENCE) -> None:
        """Return once something holds of so many."""
        end = time.monotonic() + seconds
        while sum(map(holds, list(self.objects.values()))) < count:
            if time.monotonic() > end:
                raise Temporary(f"{what} did not come within {seconds:.0f} s")
            time.sleep(_POLL)


@dataclass
class Memory:
    """What all processes of Foresail and its Redis take together."""

    pids: Sequence[int]
    highest: float = 0.0

    @classmethod
    @contextmanager
    def of(cls, stage: Stage, foresail: Foresail) -> Iterator[Memory]:
        """Look at it every few seconds, in a thread."""
        memory, stop = cls([stage.redis.pid, *map(foresail.pid, foresail.names)]), threading.Event()

        def look() -> None:
            while not stop.wait(_LOOK):
                memory.highest = max(memory.highest, memory.now())

        threading.Thread(target=look, daemon=True).start()
        try:
            yield memory
        finally:
            stop.set()

    def now(self) -> float:
        """Return megabytes."""
        return share(self.pids)


@dataclass
class _Scene:
    stage: Stage
    repository: HostedRepository
    server: ApiServer
    seen: Seen
    count: int

    def create(self) -> float:
        """Push and create the Applications; return the seconds until all are Synced and Healthy."""
        self.repository.push("main", self._files("blue"))
        head = self.repository.head("main")
        begin = time.monotonic()
        manifests = yaml.safe_dump_all(self._application(number) for number in range(self.count))
        self.stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifests)
        self.seen.wait(self.count, partial(is_at, head), "all applications Synced and Healthy")
        return time.monotonic() - begin

    def push(self) -> float:
        """Change all applications by one push; return the seconds until all are Synced and Healthy at it."""
        begin = time.monotonic()
        sha = self.repository.push("main", self._files("green"))
        self.seen.wait(self.count, partial(is_at, sha), "all applications at the push")
        return time.monotonic() - begin

    def heals(self) -> list[float]:
        """Change the replicas of one Deployment after the other by hand; return the seconds until each is put back."""
        return [self._heal(f"app-{number}") for number in range(min(_HEALS, self.count))]

    def _heal(self, name: str) -> float:
        path = f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments/{name}"
        headers = {"Content-Type": "application/merge-patch+json"}
        query = {"fieldManager": "somebody"}
        self.server.request("PATCH", path, query=query, body={"spec": {"replicas": 3}}, headers=headers)
        begin = time.monotonic()
        while self.server.get(path)["spec"]["replicas"] != 1:
            if time.monotonic() > begin + _PATIENCE:
                raise Temporary(f"{name} was not put back")
            time.sleep(_HEAL_POLL)
        took = time.monotonic() - begin
        self.seen.wait(self.count, is_at_rest, "the end of what put it back")
        return took

    def _files(self, value: str) -> dict[str, str]:
        return {f"apps/{number}/all.yaml": _manifests(f"app-{number}", value) for number in range(self.count)}

    def _application(self, number: int) -> JsonObject:
        return {
            "apiVersion": APPLICATION.api_version,
            "kind": APPLICATION.kind,
            "metadata": {"name": f"app-{number}", "namespace": _CONTROL},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": self.repository.clone_url,
                    "path": f"apps/{number}",
                    "targetRevision": "main",
                },
                "destination": {"name": "in-cluster", "namespace": _NAMESPACE},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            },
        }


def measure(programs: Programs, plane: ControlPlane, directory: Path, *, count: int) -> dict[str, float]:
    """Return the figures of `count` applications."""
    with Stage.set_up(programs, directory, plane, control_namespace=_CONTROL) as stage:
        plane.kubectl("create", "namespace", _NAMESPACE)
        repository = stage.github.create_repository("acme/fleet", files={"README.md": "Fleet\n"})
        foresail = stage.open(repository, {"FORESAIL_ROOT_REPOSITORIES": ""}, together=True)
        server = ApiServer.from_kubeconfig(str(plane.kubeconfig))
        with Seen.of(server, APPLICATION, _CONTROL) as seen, Memory.of(stage, foresail) as memory:
            scene = _Scene(stage, repository, server, seen, count)
            created, pushed = scene.create(), scene.push()
            heals = sorted(scene.heals())
            compared = _compared(stage, count)
        idle = _idle_requests(server)
        left = memory.now()
    floors = _floors(plane, count)
    name = f"apps_{count}"
    return {
        f"{name}.create_s": round(created, 1),
        f"{name}.create_floor_s": round(floors[0], 1),
        f"{name}.push_s": round(pushed, 1),
        f"{name}.push_floor_s": round(floors[1], 1),
        f"{name}.memory_mb": round(left),
        f"{name}.peak_memory_mb": round(memory.highest),
        f"{name}.idle_requests_per_minute": idle,
        "compare_unchanged.ms": round(compared * 1000, 1),
        "self_heal.median_ms": round(median(heals) * 1000),
        "self_heal.p99_ms": round(heals[int(len(heals) * 0.99)] * 1000),
    }


def _compared(stage: Stage, count: int) -> float:
    """Return how long one worker takes to compare an application in which nothing has changed, its job included."""
    begin = time.monotonic()
    Queue(connect(stage.redis.url)).enqueue(*(compare(f"app-{number}") for number in range(count)))
    stage.until(stage.is_idle, what="the comparisons", deadline=_PATIENCE)
    return (time.monotonic() - begin) / count


def _floors(plane: ControlPlane, count: int) -> list[float]:
    """Return how long the same objects take to be created and changed when they are applied, and no more."""
    plane.kubectl("create", "namespace", _FLOOR)
    server = ApiServer.from_kubeconfig(str(plane.kubeconfig))
    cluster = Cluster(server)
    found = []
    with Seen.of(server, _DEPLOYMENT, _FLOOR) as seen, ThreadPoolExecutor(_AT_ONCE) as threads:
        for value in ("blue", "green"):
            begin = time.monotonic()
            texts = (_manifests(f"app-{number}", value) for number in range(count))
            objects = (obj for text in texts for obj in yaml.safe_load_all(text))
            applies = [Apply({**obj, "metadata": {**obj["metadata"], "namespace": _FLOOR}}) for obj in objects]
            list(threads.map(cluster.apply, applies))
            seen.wait(count, partial(_is_rolled_out, f"nginx:{value}"), "all rollouts")
            found.append(time.monotonic() - begin)
    cluster.close()
    return found


def is_at(sha: str, application: JsonObject) -> bool:
    """Whether an application is Synced and Healthy at a commit, its operation done."""
    status: Any = application.get("status") or {}
    return bool(
        status.get("sync", {}).get("status") == "Synced"
        and status.get("sync", {}).get("revision") == sha
        and status.get("health", {}).get("status") == "Healthy"
        and status.get("operationState", {}).get("phase") == "Succeeded"
    )


def is_at_rest(application: JsonObject) -> bool:
    """Whether no operation runs and the last has come to its end."""
    status: Any = application.get("status") or {}
    return "operation" not in application and status.get("sync", {}).get("status") == "Synced"


def _is_rolled_out(image: str, deployment: JsonObject) -> bool:
    """Whether a Deployment runs an image and no other."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    counts = [status.get(name) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = status.get("observedGeneration") == metadata_of(deployment)["generation"]
    return bool(seen and counts == [1, 1, 1] and spec["template"]["spec"]["containers"][0]["image"] == image)


def _idle_requests(server: ApiServer) -> float:
    """Count what the API server is asked in a minute in which nothing happens, by anybody at all."""
    time.sleep(_SETTLING)
    before = _requests(server)
    time.sleep(_IDLE)
    return _requests(server) - before


def _requests(server: ApiServer) -> float:
    """Return how many requests the API server has answered since it began."""
    lines = server.read("/metrics", query={}, accept="text/plain").decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("apiserver_request_total{"))


def _manifests(name: str, value: str) -> str:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": f"nginx:{value}"}]},
            },
        },
    }
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"COLOUR": value}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "annotations": {"release": value}},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }
    return yaml.safe_dump_all([deployment, config, service])
