"""What stops Helm where nothing else has: links that nobody refused, run as a renderer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.toolchain import Programs

ROOT = Path(__file__).parents[4]
SCRIPT = """
import subprocess, sys
from pathlib import Path
from bot.repository import confinement
home, program, *arguments = sys.argv[1:]
def confine():
    confinement.touch_only(Path(home), Path(program))
assert confinement.leave_network()
subprocess.run([program, *arguments], cwd=f"{home}/app", env={"HOME": home}, preexec_fn=confine, stderr=1)
"""


def helm(programs: Programs, home: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", SCRIPT, str(home), str(programs.helm), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "FORESAIL_GITHUB_TOKEN": "hunter2"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("hunter2")
    home = tmp_path / "home"
    (home / "app" / "files").mkdir(parents=True)
    (home / "app" / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    return home


@pytest.mark.parametrize("target", ["/proc/self/environ", "/etc/passwd", "../../../secret", "/proc/1/environ"])
def test_the_kernel_keeps_helm_from_what_a_link_leads_to(programs: Programs, home: Path, target: str) -> None:
    (home / "app" / "files" / "x").symlink_to(target)
    assert "permission denied" in helm(programs, home, "template", ".")


@pytest.mark.parametrize("path", ["/proc/self/environ", "/etc/passwd", "../../secret"])
@pytest.mark.parametrize("option", ["--values={}", "--set-file=a={}", "--kubeconfig={}", "--post-renderer={}"])
def test_the_kernel_keeps_helm_from_what_an_option_names(
    programs: Programs, home: Path, option: str, path: str
) -> None:
    words = helm(programs, home, "template", ".", option.format(path), "--dry-run=server")
    assert "hunter2" not in words
    assert "Error: " in words


def test_nothing_is_fetched(programs: Programs, home: Path) -> None:
    assert "dial tcp" in helm(programs, home, "template", ".", "--values=https://127.0.0.1:1/a.yaml")
    chart = home / "app" / "Chart.yaml"
    chart.write_text(
        chart.read_text() + "dependencies: [{name: a, version: 1.0.0, repository: 'oci://127.0.0.1:1/a'}]\n"
    )
    words = helm(programs, home, "dependency", "build", ".")
    assert "dial tcp" in words or "network is unreachable" in words
