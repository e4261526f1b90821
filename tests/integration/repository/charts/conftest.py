"""Charts packaged by helm itself, and where to get them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pygit2
import pytest

from bot.repository.charts.charts import Charts
from bot.repository.environment import Place
from bot.repository.fetching import Client
from bot.repository.guard import Allowed
from bot.repository.trees import Snapshot
from bot.sandbox.toolchain import Programs
from tests.integration.repository.charts.registry import RegistryStandIn
from tests.integration.repository.charts.servers import WebServer

LOOPBACK = Allowed.of(["127.0.0.0/8"])
Packager: TypeAlias = Callable[..., Path]


@dataclass(frozen=True, slots=True)
class Helm:
    """The helm program with a home of its own."""

    program: Path
    home: Path

    def run(self, *arguments: str | Path) -> str:
        """Run it; its words when it fails."""
        found = subprocess.run(
            [self.program, *arguments],
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert found.returncode == 0, found.stderr
        return found.stdout


@pytest.fixture(scope="session")
def helm(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(programs.helm, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def packaged(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Packager:
    """Return what packages a chart of a name and version with `helm package`; the same twice is packaged once."""
    folder, made = tmp_path_factory.mktemp("packages"), dict[str, Path]()

    def package(name: str, version: str, files: Mapping[str, str] | None = None) -> Path:
        key = f"{name} {version} {files}"
        if key not in made:
            source = tmp_path_factory.mktemp(name)
            written = {
                "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
                "values.yaml": "replicas: 1\n",
                "templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n",
                **(files or {}),
            }
            for path, content in written.items():
                place = source / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content, encoding="utf-8")
            helm.run("package", source / name, "--destination", folder / str(len(made)))
            made[key] = folder / str(len(made)) / f"{name}-{version}.tgz"
        return made[key]

    return package


@pytest.fixture
def client() -> Client:
    return Client(LOOPBACK, timeout=20.0, proxies={})


@pytest.fixture
def charts(tmp_path: Path, client: Client) -> Charts:
    return Charts(tmp_path / "charts", client)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path) as found:
        yield found


@pytest.fixture
def registry() -> Iterator[RegistryStandIn]:
    with RegistryStandIn() as found:
        yield found


def files_of(place: Place) -> dict[str, bytes]:
    """Return what a tree holds."""
    snapshot = Snapshot(str(place.repository), place.tree_id)
    return {path: snapshot.read(entry.id) for path, entry in snapshot.walk(place.tree_id)}


def bare(path: Path) -> pygit2.Repository:
    """Make an empty repository."""
    return pygit2.init_repository(str(path), bare=True)
