"""Workers on several machines, each with copies of repositories of its own: what one has fetched another has not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model.jobs import deliver, notify
from bot.services import Services
from tests.integration.workers.desk import Desk
from workers import deliver as delivering
from workers import notify as notifying


@pytest.fixture
def there(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """Return the same desk on another machine."""
    settings = desk.services.settings.model_copy(update={"data_directory": tmp_path / "elsewhere"})
    services = Services.build(settings)
    yield dataclasses.replace(desk, services=services)
    services.close()


def told(desk: Desk, commit: str) -> dict[str, str]:
    """Return the states that the forge was told about a commit."""
    return {context: one.state for context, one in desk.repository.statuses(commit).items()}


def test_a_commit_that_another_machine_delivered_is_told_however_lately_this_one_fetched(
    desk: Desk, there: Desk
) -> None:
    desk.declare("shop")
    repository, name = desk.services.forge.repository(desk.repository.full_name), desk.repository.full_name
    there.do(notifying.run, notify(name, desk.repository.head()))

    commit = desk.repository.push("main", {"deploy/more.yaml": "# more"})
    desk.do(delivering.run, deliver(repository, branch="main", before="", commit=commit))
    there.do(notifying.run, notify(name, commit))

    assert set(told(desk, commit).values()) == {"pending"}


def test_a_commit_that_was_the_head_of_a_change_is_not_said_to_be_gone_from_its_branch(desk: Desk, there: Desk) -> None:
    desk.declare("shop")
    repository, name = desk.services.forge.repository(desk.repository.full_name), desk.repository.full_name
    commit = desk.repository.push("feature", {"deploy/more.yaml": "# more"})
    there.do(notifying.run, notify(name, desk.repository.head()))
    assert there.services.mirrors.path_of(desk.repository.clone_url).exists()

    desk.repository.point("main", commit)
    desk.do(delivering.run, deliver(repository, branch="main", before="", commit=commit))
    there.do(notifying.run, notify(name, commit))

    assert set(told(desk, commit).values()) == {"pending"}
