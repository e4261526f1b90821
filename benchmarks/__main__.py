"""`python -m benchmarks` measures everything on this machine, prints a table and writes `benchmarks/results.json`."""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import affected, charts, controller, fidelity, fleet, load, memory, opened, previews, renders
from benchmarks.previews import Rounds
from benchmarks.workload import Workload
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs, programs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULTS: Final = Path(__file__).parent / "results.json"
_ONE: Final = Workload("preview_100", applications=1, deployments=30, config_maps=30, services=20, service_accounts=20)
_MANY: Final = Workload(
    "preview_100_apps", applications=100, deployments=3, config_maps=3, services=2, service_accounts=2
)
_ROUNDS: Final = {_ONE.name: Rounds(warm=60, rest=6), _MANY.name: Rounds(warm=8, rest=2)}
_PARTS: Final = (
    "affected",
    "renders",
    "charts",
    "previews",
    "webhooks",
    "memory",
    "controller",
    "fleet",
    "storm",
    "fidelity",
)
_APPLICATIONS: Final = 200
"""For the controller; Argo CD was measured with as many."""
_FLEETS: Final = (100, 500)
"""Applications, to see how cost grows; the largest takes long, and only when it is asked for by itself."""
_LARGEST_FLEET: Final = 2000
_RATE: Final = 200.0
_SECONDS: Final = 30.0

_MEANINGS: Final = {
    "changes": "generated changes that were previewed and then synced",
    "cpu_share": "of one core, in a minute in which nothing happens",
    "detect_s": "until something that is changed by hand is put back",
    "detect_max_s": "the longest of 20 times",
    "p50_s": "half of 100 changes, opened within a minute on 500 applications, have their comment within",
    "p99_s": "99 of them do",
    "requests_per_change": "asked of the forge",
    "refused_by_limits": "of them, by secondary limits of the forge",
    "differences": "of them, where the sync did something else than predicted",
    "floor_seconds": "the dry runs of its head side alone, on kept-alive connections",
    "warm_seconds": "a worker that has previewed before; both renders are made anew",
    "cold_seconds": "a new worker's first preview",
    "kubectl_diff_seconds": "kubectl diff",
    "kubectl_server_side_diff_seconds": "kubectl diff --server-side",
    "ratio_to_floor": "warm / floor: smaller is better, 1 is the least",
    "cold_ratio_to_floor": "cold / floor: smaller is better",
    "ratio_to_kubectl_diff": "kubectl diff / warm: bigger is better",
    "ratio_to_kubectl_server_side_diff": "kubectl diff --server-side / warm: bigger is better",
    "first_seconds": "the preview of a change to each of 100 applications",
    "seconds": "the next, after a push that touches one of them",
    "ratio_to_first": "that / first: smaller is better",
    "ms": "which of 10,000 applications a change of 300 files touches, where the branch is known",
    "cold_ms": "the same in a new process",
    "index_mb": "what is kept of 10,000 applications",
    "render_cached_100.ms": "a source of 100 objects, rendered by another replica before and had from Redis",
    "remembered_ms": "the same, had by this process before",
    "uncached_ms": "the same, made by a warm child from files that it has not seen",
    "ours_seconds": "100 small charts that nobody has seen, by two warm renderers with Helm as a library",
    "helm_seconds": "100 runs of helm template, one after another",
    "parallel_helm_seconds": "the same, one a core at a time",
    "from_start_seconds": "the same by renderers that have to be started, library and all",
    "ours_by_program_seconds": "the same without the library",
    "speedup_over_helm": "100 runs of helm template, one after another / ours: bigger is better",
    "program_speedup_over_parallel_helm": "100 runs, one a core at a time / ours without the library",
    "speedup_over_parallel_helm": "the same, one a core at a time / ours: bigger is better",
    "p50_ms": f"half of the webhooks, at {_RATE:.0f} a second for {_SECONDS:.0f} s, are answered within",
    "p99_ms": "99 of 100 are",
    "max_ms": "all are",
    "refused": "webhooks not answered with 202",
    "lost": "webhooks whose job is not in the queue",
    "web_mb": "the web process, gunicorn's worker, after that load (peak)",
    "web_all_mb": "with gunicorn's master; pages that both share count twice (peak)",
    "worker_mb": "the largest worker process after previews of 100 objects (peak)",
    "worker_all_mb": "after previews of 1,100 objects in 101 applications (peak)",
    "renderers_mb": "the confined children of that worker together (peak)",
    "create_s": "applications created: until all are Synced and Healthy (Argo CD v3.2.6, throttled: 52 to 246 s)",
    "create_floor_s": "the same objects applied, until the Deployments have rolled out: nobody can be faster",
    "push_s": "one push that changes all of them: until all are Synced and Healthy at it (Argo CD, throttled: 73 s)",
    "push_floor_s": "the same objects applied, until the Deployments have rolled out",
    "memory_mb": "all processes and Redis, when nothing happens any more (Argo CD: 528)",
    "peak_memory_mb": "the same at its highest (Argo CD: 1,043)",
    "compare_unchanged.ms": "an application in which nothing has changed, compared by a worker, job and all",
    "median_ms": "replicas changed by hand: half are put back within (Argo CD: 190 ms)",
    "self_heal.p99_ms": "99 of 100 are",
    "idle_requests_per_minute": "what the API server is asked when nothing happens, by anybody (Argo CD: 113)",
    "controller_mb": "the controller with 102 applications (peak)",
}
_TARGETS: Final = {
    "fidelity.changes": "≥ 300",
    "fidelity.differences": "0",
    "preview_100.ratio_to_floor": "≤ 1.5",
    "preview_100.ratio_to_kubectl_diff": "≥ 15",
    "preview_100.ratio_to_kubectl_server_side_diff": "≥ 1.5",
    "second_preview.ratio_to_first": "≤ 0.05",
    "affected_10k.ms": "≤ 50",
    "affected_10k.index_mb": "≤ 10",
    "render_cached_100.ms": "≤ 3",
    "charts_100.speedup_over_helm": "≥ 8",
    "charts_100.speedup_over_parallel_helm": "≥ 1",
    "apps_200.create_s": "≤ 15",
    "apps_200.push_s": "≤ 15",
    "apps_200.memory_mb": "≤ 300",
    "apps_200.peak_memory_mb": "≤ 520",
    "apps_2000.cpu_share": "≤ 0.2",
    "apps_2000.memory_mb": "≤ 600",
    "apps_2000.detect_s": "< 2",
    "compare_unchanged.ms": "≤ 5",
    "self_heal.median_ms": "≤ 150",
    "self_heal.p99_ms": "≤ 500",
    "apps_200.idle_requests_per_minute": "< 113",
    "webhook.p99_ms": "≤ 15",
    "webhook.lost": "0",
    "memory.web_mb": "≤ 80",
    "memory.worker_mb": "≤ 120",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line names, by default everything, and return the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*_PARTS, []], help="by default all, and only then written")
    parts = set(parser.parse_args(arguments).part) or set(_PARTS)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="foresail-bench-") as name:
        directory, tools = Path(name), programs()
        if "affected" in parts:
            _say("affected: 10,000 applications")
            found |= _named("affected_10k", affected.measure(directory))
        found |= _rendering(parts, tools, directory)
        if "webhooks" in parts:
            found |= _webhooks(tools, directory)
        if parts & {"previews", "memory"}:
            with ControlPlane.start(tools, directory / "control-plane") as plane:
                found |= _on_a_cluster(parts, tools, plane, directory)
        found |= _syncing(parts, tools, directory)
        if "fidelity" in parts:
            start = secrets.randbelow(1_000_000)
            _say(f"fidelity: generated changes, previewed and synced, seed {start}")
            found |= _named("fidelity", fidelity.measure(tools, directory / "fidelity", start=start))
    _print(found)
    if len(parts) == len(_PARTS):  # figures of different runs do not belong together
        RESULTS.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return 0


def _fleets(tools: Programs, directory: Path, *, counts: Sequence[int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for count in counts:
        _say(f"apps_{count}: created, left alone, changed by hand")
        with ControlPlane.start(tools, directory / f"fleet-plane-{count}", nodes=0) as plane:
            found |= fleet.measure(tools, plane, directory / f"fleet-{count}", count=count)
    return found


def _syncing(parts: set[str], tools: Programs, directory: Path) -> dict[str, float]:
    """Run a whole Foresail on a control plane of its own."""
    found: dict[str, float] = {}
    if "controller" in parts:
        _say(f"apps_{_APPLICATIONS}: created, pushed, changed by hand, left alone")
        with ControlPlane.start(tools, directory / "controller-plane") as plane:
            figures = controller.measure(tools, plane, directory / "controller", count=_APPLICATIONS)
        found |= figures
    if "fleet" in parts:
        found |= _fleets(tools, directory, counts=_FLEETS if len(parts) > 1 else (*_FLEETS, _LARGEST_FLEET))
    if "storm" in parts:
        found |= _storms(tools, directory)
    return found


def _storms(tools: Programs, directory: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    with ControlPlane.start(tools, directory / "storm-plane", nodes=0) as plane:
        for name, limits in (("storm_100", True), ("storm_100_unlimited", False)):
            _say(f"{name}: {opened.CHANGES} changes opened within a minute on {opened.APPLICATIONS} applications")
            figures = opened.measure(tools, plane, directory / name.replace("_", "-"), limits=limits)
            found |= _named(name, figures)
    return found


def _rendering(parts: set[str], tools: Programs, directory: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    if "renders" in parts:
        _say("render_cached_100: 100 objects, rendered, shared and remembered")
        found |= _named("render_cached_100", renders.measure(tools, directory))
    if "charts" in parts:
        _say("charts_100: 100 small charts, by us and by the helm program")
        found |= _named("charts_100", charts.measure(tools, directory))
    return found


def _webhooks(tools: Programs, directory: Path) -> dict[str, float]:
    """Take webhooks in a web process of its own, with a Redis of its own and nobody who empties the queue."""
    _say(f"webhooks: {_RATE:.0f} a second for {_SECONDS:.0f} s")
    with RedisServer.start(tools.redis_server, directory) as server:
        settings = {"FORESAIL_REDIS_URL": server.url, "FORESAIL_GITHUB_WEBHOOK_SECRET": load.SECRET}
        with Foresail.start(directory / "web", settings, only=("web",)) as foresail:
            figures = load.run(foresail.url, server.url, rate=_RATE, seconds=_SECONDS)
            peaks = memory.peaks(foresail.pid("web"))
    told = {name: getattr(figures, name) for name in ("p50_ms", "p99_ms", "max_ms", "refused", "lost")}
    return _named("webhook", told) | {"memory.web_mb": max(peaks), "memory.web_all_mb": round(sum(peaks), 1)}


def _on_a_cluster(parts: set[str], tools: Programs, plane: ControlPlane, directory: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    workloads = (_ONE, _MANY)
    for workload in workloads:
        rounds = _ROUNDS[workload.name] if "previews" in parts else Rounds(warm=0, rest=0)
        _say(f"{workload.name}: {workload.objects} objects, {rounds.warm} rounds, once they are in sync")
        times = previews.measure(workload, tools, plane, directory / workload.name, rounds)
        if rounds.warm:
            found |= _named(workload.name, times.figures())
    if "previews" in parts:
        _say("second_preview: a push that touches one of 100 applications")
        figures = previews.second(_MANY, tools, plane, directory / "second", rounds=_ROUNDS[_MANY.name].warm)
        found |= _named("second_preview", figures)
    if "memory" in parts:
        _say("memory: previews through the queue")
        found |= _named("memory", memory.measure(workloads, tools, plane, directory / "memory"))
    return found


def _named(part: str, figures: Mapping[str, float]) -> dict[str, float]:
    return {f"{part}.{name}": figure for name, figure in figures.items()}


def _print(found: Mapping[str, float]) -> None:
    title = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end"
    table = Table("figure", "value", "target", "is", title=title)
    for name, figure in found.items():
        meaning = _MEANINGS.get(name) or _MEANINGS[name.partition(".")[2]]
        table.add_row(name, f"{figure:g}", _TARGETS.get(name, ""), meaning)
    Console(width=150).print(table)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
