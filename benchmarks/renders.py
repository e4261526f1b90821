"""A render of 100 objects: made anew by a warm child, had from Redis by another replica, and had by who has had it."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.workload import CLONE_URL, Workload
from bot.model.applications import Source
from bot.rendering.remembered import Remembered
from bot.rendering.shared import Shared
from bot.rendering.shelf import Shelf
from bot.rendering.versions import Versions
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.redis import RedisServer
from bot.store.connection import connect
from bot.store.renders import Renders
from bot.store.seal import Seal

if TYPE_CHECKING:
    from pathlib import Path

    from bot.rendering.port import Rendering
    from bot.sandbox.toolchain import Programs

_AUTHOR: Final = Author("Benchmark", "benchmark@fleet.example", 1_700_000_000)
_WORKLOAD: Final = Workload("render_100", 1, deployments=30, config_maps=30, services=20, service_accounts=20)
_ROUNDS: Final = 60
_TIMEOUT: Final = 60.0


def measure(programs: Programs, directory: Path) -> dict[str, float]:
    """Return milliseconds: every round renders in a new tree, which for the cached ones changes elsewhere only."""
    repository = BareRepository.create(directory / "renders.git", default_branch="main")
    first = repository.write_tree(_WORKLOAD.files(0, changed=False), onto=None)
    commit = repository.write_commit(NewCommit(first, [], "Begin", _AUTHOR))
    rounds = range(_ROUNDS + 1)
    changed = [repository.write_tree(_WORKLOAD.files(round_, changed=True), onto=commit) for round_ in rounds]
    others = [repository.write_tree({"README.md": f"{number}\n"}, onto=commit) for number in range(2 * len(rounds))]
    renderer = Renderer(str(programs.kustomize), _TIMEOUT, helm=str(programs.helm))
    with RedisServer.start(programs.redis_server, directory) as server:
        connection = connect(server.url)
        seal, versions = Seal("a text for the benchmark alone, no secret"), Versions(renderer.setup)
        shared = Shared(renderer, Shelf(Renders(connection, room=64 << 20), seal, versions))
        remembered = Remembered(shared)
        figures = {
            "ms": _milliseconds(shared, repository.path, others[0::2]),
            "remembered_ms": _milliseconds(remembered, repository.path, others[1::2]),
            "uncached_ms": _milliseconds(renderer, repository.path, changed),
        }
        connection.close()
    renderer.close()
    return figures


def _milliseconds(rendering: Rendering, repository: Path, trees: list[str]) -> float:
    """Return the median over all trees but the first, which is for warming up."""
    source = Source.model_validate({"repoURL": CLONE_URL, "path": f"{_WORKLOAD.name}/000"})
    times = []
    for tree in trees:
        began = time.perf_counter()
        (answer,) = rendering.render([RenderRequest(repository, tree, source)])
        times.append(time.perf_counter() - began)
        if not isinstance(answer, Rendered) or len(answer.manifests) != _WORKLOAD.objects:
            raise AssertionError(f"not what was to be rendered: {answer}")
    return round(median(times[1:]) * 1000, 2)
