"""Colour and progress are for a terminal alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.integration.cli.conftest import Work, settings


def on_a_terminal(work: Work, *args: str, errors: bool = False) -> str:
    """Run with standard output, or standard error, at a terminal and return what it shows."""
    ours, theirs = pty.openpty()
    environment = {**work.environment, "TERM": "xterm-256color", "COLUMNS": "60"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli.main", *args],
        cwd=work.folder,
        env=environment,
        stdout=subprocess.DEVNULL if errors else theirs,
        stderr=theirs if errors else subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    try:
        while read := os.read(ours, 65536):
            shown += read
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(ours)
    process.wait(timeout=60)
    return shown.decode()


def test_a_terminal_gets_colours_and_whole_lines(shop: Work) -> None:
    long = "x" * 200
    shop.write("apps/shop/settings.yaml", settings(colour="green", long=long))
    shown = on_a_terminal(shop, "preview")
    assert "\x1b[32m+  colour: green\x1b[0m" in shown
    assert "\x1b[31m-  colour: blue\x1b[0m" in shown
    assert long in shown


def test_a_terminal_is_told_what_takes_time(shop: Work) -> None:
    shown = on_a_terminal(shop, "preview", errors=True)
    assert "asking sandbox what merging does" in shown


def test_a_file_gets_neither(shop: Work) -> None:
    shop.write("apps/shop/settings.yaml", settings(colour="green"))
    done = shop.foresail("preview")
    assert "\x1b" not in done.out
    assert done.err == ""


def test_who_wants_no_colours_gets_none(shop: Work) -> None:
    shop.environment["NO_COLOR"] = "1"
    shop.write("apps/shop/settings.yaml", settings(colour="green"))
    assert "\x1b[32m" not in on_a_terminal(shop, "preview")


def test_markdown_and_json_have_no_colours_on_a_terminal_either(shop: Work) -> None:
    shop.write("apps/shop/settings.yaml", settings(colour="green"))
    for form in ("markdown", "json"):
        assert "\x1b[32m" not in on_a_terminal(shop, "preview", "-o", form)
