"""How the cost of having many applications grows: five small objects each, synced and healed automatically.

No object of theirs has a controller of its own in the cluster, so that what is measured is what Foresail takes.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks.controller import Memory, Seen, is_at, is_at_rest
from benchmarks.memory import family
from bot.cluster.applications import APPLICATION
from bot.cluster.connection import ApiServer
from bot.errors import Temporary
from bot.sandbox.stage import Stage

if TYPE_CHECKING:
    from bot.model.resources import JsonObject
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.toolchain import Programs

_CONFIG_MAPS: Final = 3
_CHANGED: Final = 20
"""Objects that are changed by hand, each of another application, so that nobody backs off."""
_SETTLING: Final = 30.0
_IDLE: Final = 60.0
_PATIENCE: Final = 3600.0
_POLL: Final = 0.01
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def measure(programs: Programs, plane: ControlPlane, directory: Path, *, count: int) -> dict[str, float]:
    """Create so many applications, leave them alone for a minute, change some objects by hand; return what it takes."""
    control, home = f"fleet-{count}", f"fleet-{count}-apps"
    with Stage.set_up(programs, directory, plane, control_namespace=control) as stage:
        plane.kubectl("create", "namespace", home)
        repository = stage.forge.create_repository(f"acme/fleet-{count}", files={"README.md": "Fleet\n"})
        foresail = stage.open(repository, {"FORESAIL_ROOT_REPOSITORIES": ""}, together=True)
        server = ApiServer.from_kubeconfig(str(plane.kubeconfig))
        pids = [stage.redis.pid, *map(foresail.pid, foresail.names)]
        with Seen.of(server, APPLICATION, control) as seen, Memory.of(stage, foresail) as memory:
            head = repository.push("main", {f"apps/{number}/all.yaml": _manifests(number) for number in range(count)})
            begin = time.monotonic()
            url, policy = repository.clone_url, {"prune": True, "selfHeal": True}
            applications = (application(number, url, control, home, policy=policy) for number in range(count))
            plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(applications))
            seen.wait(count, partial(is_at, head), "all applications Synced and Healthy", seconds=_PATIENCE)
            created = time.monotonic() - begin
            stage.until(stage.is_idle, what="the end of all jobs", deadline=_PATIENCE)
            time.sleep(_SETTLING)
            before = _seconds(pids)
            time.sleep(_IDLE)
            share, idle = (_seconds(pids) - before) / _IDLE, memory.now()
            noticed = [_changed_by_hand(server, seen, number, home) for number in range(min(_CHANGED, count))]
    name = f"apps_{count}"
    return {
        f"{name}.create_s": round(created, 1),
        f"{name}.cpu_share": round(share, 3),
        f"{name}.memory_mb": round(idle),
        f"{name}.detect_s": round(median(noticed), 2),
        f"{name}.detect_max_s": round(max(noticed), 2),
    }


def _changed_by_hand(server: ApiServer, seen: Seen, number: int, namespace: str) -> float:
    """Return how long it takes until a change is put back."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/app-{number}-0"
    headers = {"Content-Type": "application/merge-patch+json"}
    server.request("PATCH", path, query={"fieldManager": "me"}, body={"data": {"COLOUR": "red"}}, headers=headers)
    begin = time.monotonic()
    while server.get(path)["data"]["COLOUR"] != "blue":
        if time.monotonic() > begin + _PATIENCE:
            raise Temporary(f"{path} was not put back")
        time.sleep(_POLL)
    took = time.monotonic() - begin
    seen.wait(1, lambda one: one["metadata"]["name"] == f"app-{number}" and is_at_rest(one), "the end of it")
    return took


def _seconds(pids: list[int]) -> float:
    """Return the processor time of processes and of everything they started, what has ended included."""
    total = 0.0
    for pid in (one for root in pids for one in family(root)):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / _TICKS  # utime, stime, and those of reaped children
    return total


def application(number: int, url: str, control: str, home: str, *, policy: JsonObject) -> JsonObject:
    """Return the Application of a folder of its own, `apps/<number>`, whose syncs follow an automated `policy`."""
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": f"app-{number}", "namespace": control},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": f"apps/{number}", "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": home},
            "syncPolicy": {"automated": policy},
        },
    }


def _manifests(number: int) -> str:
    name = f"app-{number}"
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-{one}"}, "data": {"COLOUR": "blue"}}
        for one in range(_CONFIG_MAPS)
    ]
    ports = {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80}]}
    objects.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": ports})
    objects.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    return yaml.safe_dump_all(objects)
