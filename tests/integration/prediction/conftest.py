"""What the tests of whole sources share: where states are found, and what renders them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.prediction.trees import Trees
from bot.repository.mirrors import Mirrors
from bot.repository.render import Renderer
from bot.sandbox.toolchain import Programs
from tests.integration.loopback import CLIENT


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """Return what finds states as nobody in particular."""
    return Trees(Mirrors(tmp_path / "mirrors", CLIENT, timeout=30.0), lambda _url, _project: None)


@pytest.fixture(scope="module")
def renderer(programs: Programs) -> Iterator[Renderer]:
    """Return one with all programs."""
    found = Renderer(kustomize=str(programs.kustomize), helm=str(programs.helm), timeout=30.0)
    yield found
    found.close()
