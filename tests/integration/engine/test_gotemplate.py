"""The committed answers against Go itself, with the modules that Argo CD renders ApplicationSets by."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.sandbox.builds import GO, GO_PLACES
from tests.unit.engine.gotemplate.corpus import answers, cases

SOURCES = Path(__file__).parent / "gotemplate"


@pytest.fixture(scope="module")
def go() -> Path:
    places = [Path(found) for found in [shutil.which("go")] if found] + [place / "go" for place in GO_PLACES]
    for place in places:
        if place.exists():
            told = subprocess.run([place, "version"], capture_output=True, text=True, timeout=20, check=True).stdout
            version = re.search(r"go(\d+)\.(\d+)", told)
            if version and (int(version[1]), int(version[2])) >= GO:
                return place
    pytest.skip("there is no Go here; what it answered is committed")


@pytest.fixture(scope="module")
def oracle(go: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("oracle") / "oracle"
    command = [str(go), "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-o", str(target), "."]
    subprocess.run(command, cwd=SOURCES, env={**os.environ, "GOFLAGS": ""}, timeout=600, check=True)
    return target


def test_go_still_answers_what_is_committed(oracle: Path) -> None:
    asked = json.dumps([case.as_json() for case in cases()])
    done = subprocess.run([oracle], input=asked, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == answers()
