"""Which of 10,000 applications a change of 300 files touches: in a process that knows the branch, and in a new one."""

from __future__ import annotations

import time
import tracemalloc
from statistics import median
from typing import TYPE_CHECKING, Final

from bot.model.applications import Application
from bot.prediction.reading import Reading
from bot.prediction.trees import Sides, Tree
from bot.prediction.verdicts import verdicts
from bot.preview.affected import Branch, Candidate
from bot.repository.mirrors import Mirror
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from workers.runtime import settle, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bot.model.resources import JsonObject

_AUTHOR: Final = Author("Benchmark", "benchmark@fleet.example", 1_700_000_000)
_IDENTITY: Final = "github.example/acme/fleet"
_URL: Final = f"https://{_IDENTITY}.git"
_BRANCH: Final = Branch(_IDENTITY, "main", default=True)
_APPLICATIONS: Final = 10_000
_TEAMS: Final = 100
_FILES: Final = 300
_ROUNDS: Final = 15
_TOUCHED: Final = _FILES - 2 + _APPLICATIONS // _TEAMS // 2
"""Applications whose own file changes, and those that share the base of one team."""

_CONFIG_MAP: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {value: 'VALUE'}\n"


def measure(directory: Path) -> dict[str, float]:
    """Return milliseconds and megabytes."""
    repository = BareRepository.create(directory / "affected.git", default_branch="main")
    mirror = Mirror(repository.path)
    base = repository.write_tree(dict(_files()), onto=None)
    commit = repository.write_commit(NewCommit(base, [], "Begin", _AUTHOR))
    trees = [repository.write_tree(dict(_changed(round_)), onto=commit) for round_ in range(_ROUNDS + 1)]
    sides = [Sides(*(Tree(_IDENTITY, mirror, tree) for tree in (base, head))) for head in trees]
    reading = Reading()
    settle()  # as every worker does
    cold, *warm = [_milliseconds(reading, each) for each in sides]
    return {"ms": round(median(warm), 1), "cold_ms": round(cold), "index_mb": round(_megabytes(sides[0]), 1)}


def _milliseconds(reading: Reading, sides: Sides) -> float:
    """Judge all applications, read from the cluster anew as for each job, and return how long that takes."""
    candidates = _candidates()
    tidy()
    begin = time.perf_counter()
    found = verdicts(reading, candidates, sides, _BRANCH)
    taken = time.perf_counter() - begin
    touched = sum(verdict.affected for verdict in found.values())
    if touched != _TOUCHED:
        raise AssertionError(f"{touched} applications found, {_TOUCHED} are touched")
    return taken * 1000


def _megabytes(sides: Sides) -> float:
    candidates, reading = _candidates(), Reading()
    tracemalloc.start()
    try:
        verdicts(reading, candidates, sides, _BRANCH)
        return (
            sum(one.size for one in tracemalloc.take_snapshot().statistics("filename") if "reading" in str(one)) / 1e6
        )
    finally:
        tracemalloc.stop()


def _candidates() -> dict[str, Candidate]:
    applications = (Application.parse(_application(number), home="argocd") for number in range(_APPLICATIONS))
    return {one.name: Candidate(one, one) for one in applications}


def _application(number: int) -> JsonObject:
    return {
        "metadata": {"name": f"app-{number:05}", "namespace": "foresail"},
        "spec": {
            "project": "default",
            "source": {"repoURL": _URL, "path": _folder(number), "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": f"team-{number % _TEAMS}"},
        },
    }


def _folder(number: int) -> str:
    return f"teams/{number % _TEAMS:03}/{number:05}"


def _files() -> Iterable[tuple[str, str]]:
    """Yield every file: each second application is a kustomization over the base of its team."""
    yield "README.md", "Fleet\n"
    for team in range(_TEAMS):
        yield f"teams/{team:03}/base/kustomization.yaml", "resources: [settings.yaml]\n"
        yield f"teams/{team:03}/base/settings.yaml", _CONFIG_MAP.replace("NAME", "shared")
    for number in range(_APPLICATIONS):
        yield f"{_folder(number)}/settings.yaml", _CONFIG_MAP.replace("NAME", f"app-{number}")
        if number // _TEAMS % 2:
            yield f"{_folder(number)}/kustomization.yaml", "resources: [../base, settings.yaml]\n"


def _changed(round_: int) -> Iterable[tuple[str, str]]:
    """Yield the files of one change: of applications of many teams, one team's base, and one that nobody reads."""
    value = f"round {round_}"
    yield "README.md", f"Fleet, {value}\n"
    yield "teams/099/base/settings.yaml", _CONFIG_MAP.replace("NAME", "shared").replace("VALUE", value)
    plain = [number for number in range(_APPLICATIONS) if number % _TEAMS != _TEAMS - 1]
    for number in plain[:: len(plain) // _FILES][: _FILES - 2]:
        yield f"{_folder(number)}/settings.yaml", _CONFIG_MAP.replace("VALUE", value)
