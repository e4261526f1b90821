"""What the demo writes: chapters, steps, statuses, tables and comments; colours on a terminal, plain text elsewhere."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.sandbox.demo.comment import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from bot.sandbox.forge.statuses import Status
    from bot.sandbox.seats import Remark

_WIDEST: Final = 120
"""Columns beyond which lines only become harder to read."""
_STATES: Final = {"pending": ("●", "yellow"), "success": ("✓", "green"), "failure": ("✗", "red"), "error": ("✗", "red")}
_INDENT: Final = 2
_TAIL: Final = 2000
_TRAILING: Final = re.compile(r" +((?:\x1b\[[\d;]*m)*)$", re.MULTILINE)


class Screen:
    """Writes to standard output; narrow terminals wrap, none is overrun."""

    def __init__(self) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a tick is no reason to stop
        self._console = Console(highlight=False, soft_wrap=False)
        self._console.width = min(self._console.width, _WIDEST)
        self.step_words = "starting"
        """What is being done now, for the words about a failure."""
        self.log: Path | None = None
        """Where more about it would stand."""

    def title(self, words: str, below: str) -> None:
        """Write how it begins."""
        self._console.print(Text(f"\n{words}", style="bold"))
        self.say(below)

    def chapter(self, words: str) -> None:
        """Begin a chapter."""
        self.step_words = words
        self._console.print()
        self._console.rule(Text(words, style="bold"), align="left", style="dim")

    def say(self, words: str) -> None:
        """Write a paragraph."""
        self._write(Text(words))

    def note(self, words: str) -> None:
        """Write something beside the story."""
        self._write(Text(words, style="dim"))

    def command(self, words: str) -> None:
        """Write what somebody types."""
        self._write(Text.assemble(("$ ", "dim"), (words, "bold")))

    @contextmanager
    def step(self, words: str, *, moving: bool = True) -> Iterator[Callable[[str], None]]:
        """Show that something goes on, then a tick, what came of it and how long it took.

        The value is called with more words for the line. Not `moving`: what goes on writes to the terminal itself.
        """
        self.step_words = words
        started = time.monotonic()
        found: list[str] = []
        if moving and self._console.is_terminal:
            with self._console.status(Text(words)):
                yield found.append
        else:
            yield found.append
        self._line(_took(started), ("✓", "green"), " ".join([words, *found]))

    def status(self, started: float, status: Status) -> None:
        """Write a commit status with the seconds since `started` (monotonic)."""
        self._line(_took(started), _STATES[status.state], f"{status.context} {status.state}", status.description or "")

    def happened(self, started: float, words: str) -> None:
        """Write something that happened, with the seconds since `started` (monotonic)."""
        self._line(_took(started), ("·", "dim"), words)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; rows whose last cell says what changed stand out."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
        for number, column in enumerate(columns):
            table.add_column(column, no_wrap=number == 0, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row), style=_row_style(row[-1]))
        self._write(Padding(table, (1, 0, 0, _INDENT)))

    def comment(self, comment: Remark, *, where: str, unfolds: Callable[[str], bool]) -> None:
        """Write a comment as the forge's page would show it."""
        title = f"comment {comment.id} by {comment.user.login} on {where}"
        body = rendered(comment.body, unfolds=unfolds)
        self._write(Panel(body, title=Text(title, style="dim"), title_align="left", border_style="dim"))

    def failure(self, words: str) -> None:
        """Write what went wrong."""
        self._write(Text.assemble(("✗ ", "bold red"), words))

    def pointer(self, to: str, words: str) -> None:
        """Write where somebody might go on, and for what."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=20, no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row(Text(to, style="bold"), Text(words))
        self._write(grid)

    def log_tail(self) -> str:
        """Return the end of the log that is about what is being done; empty when there is none."""
        if self.log is None or not self.log.is_file():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]

    def raw(self, words: str) -> None:
        """Write lines that somebody may copy: never wrapped."""
        self._console.print(Text(words), soft_wrap=True)

    def _line(self, took: str, mark: tuple[str, str], words: str, more: str = "") -> None:
        """Write when, how and what; more words on the same line if the terminal is wide enough, else below it."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=7, justify="right")
        grid.add_column(width=1)
        grid.add_column(ratio=1)
        beside = Text(f"{words}  {more}" if more else words)
        if more and beside.cell_len > self._console.width - _INDENT - 11:
            beside = Text(f"{words}\n{more}")
        beside.stylize("dim", len(words))
        grid.add_row(Text(took, style="dim"), Text(*mark), beside)
        self._write(grid)

    def _write(self, what: RenderableType) -> None:
        with self._console.capture() as written:
            self._console.print(Padding(what, (0, 0, 0, _INDENT)))
        # Layout fills lines with blanks, which are in the way of whoever copies them.
        self._console.out(_TRAILING.sub(r"\1", written.get()), end="", highlight=False)


def _took(started: float) -> str:
    seconds = time.monotonic() - started
    return f"{seconds:.0f} s" if seconds >= 1000 else f"{seconds:.1f} s"  # noqa: PLR2004 - what the column holds


def _row_style(change: str) -> str:
    return {"+": "green", "−": "red", "~": "yellow"}.get(change[:1], "")  # noqa: RUF001 - the minus of the comment
