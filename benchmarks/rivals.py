"""What previews are held against: the same dry runs sent bare, and kubectl diff."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import orjson
import urllib3
import yaml

from bot.cluster.objects import FIELD_MANAGER
from bot.model.resources import ResourceKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.model.resources import JsonObject
    from bot.sandbox.control_plane.cluster import ControlPlane

_PATHS: Final = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments/{}",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps/{}",
    "Service": "/api/v1/namespaces/{}/services/{}",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts/{}",
}
_QUERY: Final = urlencode(
    {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict", "dryRun": "All"}
)
_DIFFERS: Final = 1
"""What kubectl diff ends with when there are differences."""


class Floor:
    """The dry runs alone: written beforehand, sent over kept-alive connections, the answers not even parsed."""

    def __init__(self, plane: ControlPlane, *, concurrency: int) -> None:
        self._plane = plane
        authority = yaml.safe_load(plane.kubeconfig.read_text(encoding="ascii"))["clusters"][0]["cluster"]
        self._pool = urllib3.PoolManager(
            maxsize=concurrency, ca_certs=authority["certificate-authority"], retries=False
        )
        self._threads = ThreadPoolExecutor(concurrency)
        self._headers = {
            "Authorization": f"Bearer {plane.token}",
            "Content-Type": "application/apply-patch+yaml",
            "Accept": "application/json",
        }

    def seconds(self, manifests: Sequence[JsonObject]) -> float:
        """Send all dry runs and return how long that takes."""
        requests = [(_path(manifest), orjson.dumps(manifest)) for manifest in manifests]
        begin = time.perf_counter()
        statuses = set(self._threads.map(lambda request: self._send(*request), requests))
        taken = time.perf_counter() - begin
        if statuses != {200}:
            raise AssertionError(f"the API server answered {statuses}")
        return taken

    def _send(self, path: str, body: bytes) -> int:
        url = f"{self._plane.server}{path}?{_QUERY}"
        answer = self._pool.request("PATCH", url, body=body, headers=self._headers)
        return answer.status


class Kubectl:
    """kubectl diff, as a person would run it on the manifests that a sync applies."""

    def __init__(self, program: Path, plane: ControlPlane, directory: Path) -> None:
        self._program = program
        self._plane = plane
        self._directory = directory

    def seconds(self, manifests: Sequence[JsonObject], *, server_side: bool) -> float:
        """Diff all manifests in one call and return how long that takes."""
        file = self._directory / "manifests.yaml"
        file.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
        options = ["--server-side", "--force-conflicts", f"--field-manager={FIELD_MANAGER}"] if server_side else []
        command: list[str | Path] = [
            self._program,
            "--kubeconfig",
            self._plane.kubeconfig,
            "diff",
            *options,
            "-f",
            file,
        ]
        environment = {"HOME": str(self._directory), "PATH": "/usr/bin:/bin"}
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        taken = time.perf_counter() - begin
        differing = done.stdout.count("\n+++ ")
        if done.returncode != _DIFFERS or differing != len(manifests):
            raise AssertionError(f"kubectl diff ended with {done.returncode}, {differing} objects: {done.stderr}")
        return taken


def _path(manifest: JsonObject) -> str:
    key = ResourceKey.of(manifest)
    return _PATHS[key.kind].format(key.namespace, key.name)
