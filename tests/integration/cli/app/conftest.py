"""Applications in a namespace of their own, and a person who runs the command line on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cli.conftest import ROOT, Done, Work

MANIFESTS = Path(__file__).parent / "manifests"
A = "a" * 40
B = "b" * 40


@dataclass(frozen=True)
class Running:
    """A command that has begun to tell something."""

    process: subprocess.Popen[str]
    first: str
    earlier: list[str] = field(default_factory=list)
    """What was told after the first line and has been read."""

    def await_line(self, words: str) -> None:
        """Read on until a line is told that ends with these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.earlier.append(line)
            if line.rstrip().endswith(words):
                return
        raise AssertionError(f"it never told {words!r}: {self.earlier}")

    def end(self) -> Done:
        """Wait until it has ended by itself."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        with self.process:  # what comes after the first line may be read already, so that `communicate` would lose it
            told, out = self.process.stderr.read(), self.process.stdout.read()
        assert "Traceback" not in told, told
        return Done(self.process.returncode, out, "".join([self.first, *self.earlier, told]))


@dataclass(frozen=True)
class Desk:
    """A terminal, and the control plane that its kubeconfig names."""

    plane: ControlPlane
    namespace: str
    """Where the Applications are."""
    work: Work

    def app(self, *args: str) -> Done:
        """Run `foresail app …` in the Applications' namespace."""
        return self.work.foresail("app", *args)

    def begin(self, *args: str) -> Running:
        """Start `foresail app …` and wait for the first line that it tells."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli.main", "app", *args],
            cwd=self.work.folder,
            env=self.work.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        return Running(process, process.stderr.readline())

    def has(self, name: str, **fields: Any) -> None:
        """Have an Application: the usual one, with these parts instead."""
        usual = yaml.safe_load((MANIFESTS / "shop.yaml").read_text(encoding="utf-8"))
        given = {**usual, **fields, "metadata": {"name": name, **fields.get("metadata", {})}}
        self.plane.kubectl("create", f"--namespace={self.namespace}", "--filename=-", stdin=json.dumps(given))

    def merge(self, name: str, patch: dict[str, Any]) -> None:
        """Change an Application as the controller, or somebody else, would."""
        words = ("application", name, f"--namespace={self.namespace}", "--type=merge", f"--patch={json.dumps(patch)}")
        self.plane.kubectl("patch", *words)

    def read(self, name: str) -> dict[str, Any]:
        """Return an Application as it is now."""
        found = self.plane.kubectl("get", "application", name, f"--namespace={self.namespace}", "--output=json")
        return dict(json.loads(found))


@pytest.fixture
def desk(tmp_path: Path, kinds: ControlPlane, namespace: str) -> Desk:
    """Return a terminal without a checkout: no command about Applications needs one."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KUBECONFIG": str(kinds.kubeconfig),
        "FORESAIL_CONTROL_NAMESPACE": namespace,
    }
    return Desk(kinds, namespace, Work(tmp_path, environment))
