"""A GitLab with one project and a bot in it, and Foresail's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from pydantic import SecretStr

from bot.forges.gitlab.client import GitLab
from bot.model.changes import Repository
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn
from bot.sandbox.gitlab.state import Token
from bot.settings import Settings
from tests.contract.gitlab_schema import assert_exchanges_conform

Connect: TypeAlias = Callable[..., GitLab]


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[GitLabStandIn]:
    """Everything sent and answered is held against GitLab's documentation when the test is done."""
    with GitLabStandIn.start(tmp_path / "gitlab") as stand_in:
        yield stand_in
        assert_exchanges_conform(stand_in.requests)


@pytest.fixture
def stand_in(gitlab: GitLabStandIn) -> GitLabStandIn:
    return gitlab


@pytest.fixture
def shop(gitlab: GitLabStandIn) -> HostedProject:
    shop = gitlab.create_repository("acme/team/shop", files={"app.yaml": "replicas: 1\n"})
    shop.grant("foresail", "maintain")
    return shop


@pytest.fixture
def token(gitlab: GitLabStandIn) -> Token:
    return gitlab.access_token("foresail")


@pytest.fixture
def settings(gitlab: GitLabStandIn, token: Token) -> Settings:
    return Settings(gitlab_url=gitlab.url, gitlab_token=SecretStr(token.value), forge_timeout=5)


@pytest.fixture
def connect(settings: Settings) -> Connect:
    def build(**changed: object) -> GitLab:
        return GitLab.from_settings(settings.model_copy(update=changed))

    return build


@pytest.fixture
def forge(connect: Connect) -> GitLab:
    return connect()


@pytest.fixture
def repository(shop: HostedProject) -> Repository:
    return Repository(shop.full_name, shop.clone_url, mark="!")


@pytest.fixture
def number(shop: HostedProject) -> int:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    return shop.open_pull_request("feature", title="Scale", user="alice").number
