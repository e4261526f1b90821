"""100 changes opened within a minute on a repository of 500 applications: from the webhook to the comment.

Once under GitHub's own limits (5,000 requests an hour, 80 comments and 900 points a minute), which Foresail keeps to,
and once where neither side has any: the first is what people wait for, the second what Foresail takes of it.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import yaml

from benchmarks.controller import Seen, is_at
from benchmarks.fleet import application
from bot.cluster.applications import APPLICATION
from bot.cluster.connection import ApiServer
from bot.errors import Temporary
from bot.sandbox.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.github.people import HostedRepository
    from bot.sandbox.toolchain import Programs

CHANGES: Final = 100
APPLICATIONS: Final = 500
_MINUTE: Final = 60.0
_PATIENCE: Final = 1800.0
_POLL: Final = 0.05
_BOT: Final = "foresail[bot]"
_CONTEXT: Final = "foresail/preview"


def measure(programs: Programs, plane: ControlPlane, directory: Path, *, limits: bool) -> dict[str, float]:
    """Return seconds of the median and of 99 in 100, and requests to the forge for each change."""
    with Stage.set_up(programs, directory, plane, control_namespace=directory.name) as stage:
        home = f"{directory.name}-apps"
        plane.kubectl("create", "namespace", home)
        fleet = stage.github.create_repository("acme/fleet", files={"README.md": "Fleet\n"})
        stage.open(fleet, {"FORESAIL_ROOT_REPOSITORIES": ""} | (_OURS if limits else {}), together=True)
        server = ApiServer.from_kubeconfig(str(plane.kubeconfig))
        with Seen.of(server, APPLICATION, stage.control_namespace) as seen:
            head = fleet.push("main", {_file(number): _manifest(number, "blue") for number in range(APPLICATIONS)})
            url, control = fleet.clone_url, stage.control_namespace
            applications = [application(number, url, control, home, policy={}) for number in range(APPLICATIONS)]
            plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(applications))
            seen.wait(APPLICATIONS, partial(is_at, head), "all applications Synced and Healthy")
        stage.until(stage.is_idle, what="the end of all jobs", deadline=_PATIENCE)
        if limits:
            theirs = stage.github.limits
            theirs.content_per_minute, theirs.content_per_hour, theirs.points_per_minute = 80, 500, 900
        return _opened(stage, fleet)


_OURS: Final = {
    "FORESAIL_FORGE_CONTENT_PER_MINUTE": "80",
    "FORESAIL_FORGE_CONTENT_PER_HOUR": "500",
    "FORESAIL_FORGE_WRITES_PER_MINUTE": "130",
    "FORESAIL_FORGE_PREVIEWS_PER_MINUTE": "35",
}


def _opened(stage: Stage, fleet: HostedRepository) -> dict[str, float]:
    stage.github.exchanges.clear()
    hits, begin = stage.github.limits.hits, time.monotonic()
    opened, told, requests = dict[int, float](), dict[int, float](), 0
    waiting = list(range(CHANGES))
    while len(told) < CHANGES:
        now = time.monotonic() - begin
        if now > _PATIENCE:
            raise Temporary(f"{CHANGES - len(told)} of {CHANGES} changes were not told within {_PATIENCE:.0f} s")
        if waiting and now >= _MINUTE * (CHANGES - len(waiting)) / CHANGES:
            number = waiting.pop(0)
            fleet.push(f"change-{number}", {_file(number): _manifest(number, "green")})
            pull = fleet.open_pull_request(head=f"change-{number}", title=f"Change {number}")
            opened[pull.number] = time.monotonic() - begin
            continue
        for number in opened.keys() - told.keys():
            if any(one.user.login == _BOT and "COLOUR: green" in one.body for one in fleet.comments(number)):
                told[number] = time.monotonic() - begin
        requests += len(stage.github.exchanges.take())
        time.sleep(_POLL)
    stage.until(stage.is_idle, what="the end of all jobs", deadline=_PATIENCE)
    requests += len(stage.github.exchanges.take())
    taken = sorted(told[number] - opened[number] for number in opened)
    return {
        "p50_s": round(taken[len(taken) // 2], 1),
        "p99_s": round(taken[int(len(taken) * 0.99) - 1], 1),
        "requests_per_change": round(requests / CHANGES, 1),
        "refused_by_limits": stage.github.limits.hits - hits,
    }


def _file(number: int) -> str:
    return f"apps/{number}/all.yaml"


def _manifest(number: int, colour: str) -> str:
    metadata = {"name": f"app-{number}"}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"COLOUR": colour}})
