"""The small commands, and help that teaches."""

from __future__ import annotations

import pytest

from bot.settings import Settings, settings_table
from tests.integration.cli.conftest import Work


@pytest.mark.parametrize("command", ["preview", "demo", "settings", "version"])
def test_every_command_shows_an_example(work: Work, command: str) -> None:
    done = work.foresail(command, "--help")
    assert done.code == 0
    assert f"foresail {command}" in done.out.partition("Example")[2]


def test_alone_it_shows_its_commands(work: Work) -> None:
    assert work.foresail().out == work.foresail("--help").out


def test_help_loads_no_heavy_part(work: Work) -> None:
    work.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    loaded = work.foresail("--help").err
    assert not [name for name in ("kubernetes", "pygit2", "pydantic", "rich.console") if f" {name}\n" in loaded]


def test_the_version_is_told(work: Work) -> None:
    done = work.foresail("version")
    assert (done.code, done.out.split()[0]) == (0, "foresail")


def test_every_setting_is_listed(work: Work) -> None:
    assert work.foresail("settings").out == settings_table() + "\n"
    assert all(f"FORESAIL_{name.upper()}" in settings_table() for name in Settings.model_fields)
