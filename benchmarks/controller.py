"""The controller on 200 applications: created, changed by one push, changed by hand, and left alone.

The scene is the one that Argo CD was measured in: a Deployment of one replica, a ConfigMap and a Service for each, in
one namespace, synced and healed automatically.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import yaml

from bot.cluster.applications import APPLICATION
from bot.cluster.connection import ApiServer
from bot.cluster.errors import ApiRefused
from bot.errors import Temporary
from bot.sandbox.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.model.resources import JsonObject
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.github.people import HostedRepository
    from bot.sandbox.toolchain import Programs

_CONTROL: Final = "controller-bench"
_NAMESPACE: Final = "controller-bench-apps"
_PATIENCE: Final = 600.0
_POLL: Final = 0.1
_HEALS: Final = 40
"""Objects that are changed by hand, each of another application, so that nobody backs off."""
_HEAL_POLL: Final = 0.002
_SETTLING: Final = 30.0
"""Seconds after the last change in which pods still come and go."""
_IDLE: Final = 60.0


@dataclass
class _Scene:
    stage: Stage
    repository: HostedRepository
    server: ApiServer
    count: int

    def create(self) -> float:
        """Push and create the Applications; return the seconds until all are Synced and Healthy."""
        self.repository.push("main", self._files("blue"))
        head = self.repository.head("main")
        begin = time.monotonic()
        manifests = yaml.safe_dump_all(self._application(number) for number in range(self.count))
        self.stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifests)
        self._until(lambda: self._at(head) == self.count, "all applications Synced and Healthy")
        return time.monotonic() - begin

    def push(self) -> float:
        """Change all applications by one push; return the seconds until all are Synced and Healthy at it."""
        begin = time.monotonic()
        sha = self.repository.push("main", self._files("green"))
        self._until(lambda: self._at(sha) == self.count, "all applications at the push")
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
        return time.monotonic() - begin

    def _at(self, sha: str) -> int:
        """Count the applications that are Synced and Healthy at a commit, their operation done."""
        path = f"/apis/{APPLICATION.api_version}/namespaces/{_CONTROL}/{APPLICATION.plural}"
        statuses = [one.get("status") or {} for one in self.server.get(path)["items"]]
        return sum(
            one.get("sync", {}).get("status") == "Synced"
            and one.get("sync", {}).get("revision") == sha
            and one.get("health", {}).get("status") == "Healthy"
            and one.get("operationState", {}).get("phase") == "Succeeded"
            for one in statuses
        )

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not self._holds(holds):
            if time.monotonic() > end:
                raise Temporary(f"{what} did not come within {_PATIENCE:.0f} s")
            time.sleep(_POLL)

    @staticmethod
    def _holds(holds: Callable[[], bool]) -> bool:
        try:
            return holds()
        except (Temporary, ApiRefused):
            return False

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
        stage.open(repository, {"FORESAIL_ROOT_REPOSITORIES": ""})
        server = ApiServer.from_kubeconfig(str(plane.kubeconfig))
        scene = _Scene(stage, repository, server, count)
        created, pushed = scene.create(), scene.push()
        heals = sorted(scene.heals())
        return {
            "create_s": round(created, 1),
            "push_s": round(pushed, 1),
            "heal_median_ms": round(median(heals) * 1000),
            "heal_p99_ms": round(heals[int(len(heals) * 0.99)] * 1000),
            "idle_requests_per_minute": _idle_requests(server),
        }


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
