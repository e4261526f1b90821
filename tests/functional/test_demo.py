"""The demo tells its story to the end, in a process of its own as somebody would start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.toolchain import Programs

ROOT = Path(__file__).parents[2]
RUN = "from bot.sandbox.demo import run; raise SystemExit(run())"

SENTENCES = (
    "Kubernetes v1.37.2 with 2 nodes",
    "foresail/sync success 3 of 3 applications Synced and Healthy",
    "foresail/preview failure Merging changes 3 resources in 2 applications, 1 resource predicted to fail",
    "denied request: a LoadBalancer is open to the internet, and this cluster allows none",
    "- password: <redacted",
    "foresail/preview success Merging changes 4 resources in 2 applications",
    "edited in place; #1 has 1 comment",
    "▾ Drift that was there before (1)",
    "- replicas: 5 + replicas: 2",
    "waiting for healthy state of Deployment shop/web: ",
    "foresail/sync success 2 of 2 applications Synced and Healthy",
    "ConfigMap banner text: Opening soon none − deleted",  # noqa: RUF001 - the minus of the comment
    "Merged: 2 of 2 applications healthy",
    ", as predicted",
    "foresail/sync/shop-web failure Deployment shop/web: pod web-",
    "CrashLoopBackOff",
    "Where to look next",
)


@pytest.fixture(scope="module")
def told(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the demo writes into a pipe, on one line and without the frames around comments."""
    assert programs.kubectl.exists()  # built before the demo's time runs
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"COLUMNS": "120", "TMPDIR": str(folder)}
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    assert not list(folder.iterdir())
    return " ".join(re.sub("[│▌]", " ", done.stdout).split())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_demo_says(told: str, sentence: str) -> None:
    assert sentence in told


def test_the_demo_shows_no_secret_and_no_surprise(told: str) -> None:
    assert "battery staple" not in told
    assert "not as predicted" not in told
    assert "<redacted>" not in told  # its Secret has the name of its namespace in it
