"""One story in which everything the stand-in can do happens once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.github.server import GitHubStandIn
from tests.contract.story import tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubStandIn]:
    directory: Path = tmp_path_factory.mktemp("github")
    with GitHubStandIn.start(directory) as github:
        tell(github)
        github.wait_for_deliveries()
        yield github
