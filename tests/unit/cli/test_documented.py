"""docs/cli.md says of every command what its own help says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from bot.cli.app.commands import group

DOCUMENT = Path(__file__).parents[3] / "docs/cli.md"
COMMANDS = sorted(get_group(group).commands)


def helped(command: str) -> str:
    """Return the help of `foresail app …` as a terminal of 100 columns shows it."""
    shown = CliRunner().invoke(group, [command, "--help"], prog_name="foresail app", terminal_width=100)
    return shown.output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_documented_with_its_help(command: str) -> None:
    assert f"$ foresail app {command} --help\n{helped(command)}```" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_shows_an_example(command: str) -> None:
    assert f"foresail app {command}" in helped(command).partition("Examples:")[2]
