"""A checkout as a developer has it, and the command line run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import Programs

ROOT = Path(__file__).parents[3]
ORIGIN = "https://git.example.com/shop/config.git"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return orjson.loads(self.out)


@dataclass
class Work:
    """A checkout with `main` published to a remote that nobody can reach."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes | dict[str, Any]) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(content) if isinstance(content, dict) else content
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return place

    def commit(self, message: str = "Change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def publish(self) -> None:
        self.commit("Begin")
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def foresail(self, *args: str, below: str = "") -> Done:
        command = [sys.executable, "-m", "bot.cli.main", *args]
        done = subprocess.run(
            command,
            cwd=self.folder / below,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    person = {f"GIT_{who}_{what}": "dev@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GIT_CONFIG_NOSYSTEM": "1"}
    return {**own, **person}


@pytest.fixture
def work(tmp_path: Path, environment: dict[str, str]) -> Work:
    """Return a checkout without a commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    made = Work(folder, environment)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("remote", "add", "origin", ORIGIN)
    return made


@pytest.fixture
def shop(work: Work, control_plane: ControlPlane, programs: Programs, namespace: str) -> Work:
    """Return a published checkout with one application, `shop`, whose objects the cluster has."""
    work.environment |= {"KUBECONFIG": str(control_plane.kubeconfig), "FORESAIL_KUSTOMIZE": str(programs.kustomize)}
    work.write(".foresail/shop.yaml", application("shop", namespace=namespace))
    work.write("apps/shop/settings.yaml", settings())
    work.publish()
    apply(control_plane, settings(), namespace=namespace, owner="shop")
    return work


@pytest.fixture(scope="session")
def kinds(control_plane: ControlPlane) -> ControlPlane:
    """Return the control plane with our CustomResourceDefinitions served."""
    folder = ROOT / "bot/cluster/crds"
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={folder}")
    control_plane.await_established(f"--filename={folder}")
    return control_plane


def application(name: str, *, namespace: str, path: str = "", prune: bool = True, url: str = ORIGIN) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path or f"apps/{name}"},
            "destination": {"name": "in-cluster", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": prune}},
        },
    }


def settings(name: str = "settings", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"colour": "blue", "size": "small", **data},
    }


def apply(
    plane: ControlPlane, manifest: dict[str, Any], *, namespace: str, owner: str = "", manager: str = "foresail"
) -> None:
    """Apply as a sync does; with an owner, stamped as its object."""
    metadata = dict(manifest["metadata"])
    if owner:
        tracking = f"{owner}:/{manifest['kind']}:{namespace}/{metadata['name']}"
        metadata["annotations"] = {"argocd.argoproj.io/tracking-id": tracking}
    plane.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        f"--field-manager={manager}",
        f"--namespace={namespace}",
        "--filename=-",
        stdin=yaml.safe_dump({**manifest, "metadata": metadata}),
    )
