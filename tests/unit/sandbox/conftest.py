"""A machine to look for programs on: folders of small scripts that answer as the real programs do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bot.sandbox.toolchain import Programs, programs

ANSWERS: Final = {
    "etcd": "etcd Version: 3.6.1",
    "kustomize": "v5.7.1",
    "helm": "v4.3.1",
    "kube-apiserver": "Kubernetes v1.37.4",
    "kube-controller-manager": "Kubernetes v1.37.4",
    "kube-scheduler": "Kubernetes v1.37.4",
    "kubectl": "Client Version: v1.37.4",
    "kwok": "kwok version v0.8.0",
    "redis-server": "Redis server v=7.0.15",
}

_GO: Final = """\
#!/bin/sh
[ "$1" = version ] && {{ echo go version go1.27.0 linux/amd64; exit 0; }}
while [ "$1" != -o ]; do shift; done
echo "$2" >> {log}
{before}
echo '#!/bin/sh' > "$2" && chmod +x "$2"
"""


@dataclass(frozen=True)
class Machine:
    """PATH, KUBEBUILDER_ASSETS and a cache of its own."""

    root: Path

    @property
    def path(self) -> Path:
        return self.root / "bin"

    @property
    def assets(self) -> Path:
        return self.root / "assets"

    @property
    def environment(self) -> dict[str, str]:
        places = {"PATH": f"{self.path}:/usr/bin:/bin", "KUBEBUILDER_ASSETS": str(self.assets)}
        return {**places, "HOME": str(self.root), "XDG_CACHE_HOME": str(self.root / "cache")}

    @property
    def builds(self) -> list[str]:
        """The programs that Go was asked to build, in order."""
        log = self.root / "builds"
        return [Path(line).name for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def cached(self) -> set[str]:
        return {path.name for path in self.root.glob("cache/foresail/bin/*/*") if path.suffix != ".lock"}

    def put(self, folder: Path, **answers: str) -> None:
        """Put scripts into a folder that answer with these words, whatever they are asked."""
        folder.mkdir(exist_ok=True)
        for name, words in answers.items():
            script = folder / name
            script.write_text(f"#!/bin/sh\necho '{words}'\n")
            script.chmod(0o755)

    def put_go(self, *, before: str = "true") -> None:
        """Put a Go there that runs the shell commands `before` each build."""
        self.path.mkdir(exist_ok=True)
        go = self.path / "go"
        go.write_text(_GO.format(log=self.root / "builds", before=before))
        go.chmod(0o755)

    def programs(self) -> Programs:
        return programs(self.environment, go_places=())

    def start(self) -> subprocess.Popen[str]:
        """Look for the programs in a process of its own."""
        code = "import os; from bot.sandbox.toolchain import programs; programs(dict(os.environ), go_places=())"
        command = [sys.executable, "-c", code]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with every program but Go on its PATH."""
    one = Machine(tmp_path)
    one.put(one.path, **ANSWERS)
    return one


@pytest.fixture
def building(machine: Machine) -> Machine:
    """Return a machine that lacks etcd and has a Go to build it with."""
    (machine.path / "etcd").unlink()
    machine.put_go()
    return machine
