"""A comment as a forge's page shows it, on a terminal: the Markdown that Foresail writes, no other."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

_ALERTS: Final = {"CAUTION": "red", "WARNING": "yellow", "NOTE": "blue"}
_DIFF: Final = {"+": "green", "-": "red", "@": "cyan"}
_FENCE: Final = re.compile(r"(`{3,})(?:diff)?")
_FOLD: Final = re.compile(r"<details(?: open)?><summary>(.*)</summary>")
_SPAN: Final = re.compile(r"(?P<ticks>`+) ?(?P<code>.+?) ?(?P=ticks)|\*\*(?P<bold>.+?)\*\*|<code>(?P<tag>.*?)</code>")
_RULE: Final = re.compile(r"[|:-]+")
"""The line below a table's head."""
_HIDDEN: Final = re.compile(r"<!-- .* -->")


def rendered(body: str, *, unfolds: Callable[[str], bool]) -> Group:
    """Lay out a comment's body; a fold is shown open when `unfolds` says so of its summary."""
    page = _Page(unfolds)
    lines = iter(body.splitlines())
    for line in lines:
        page.take(line, lines)
    page.end_table()
    return Group(*page.blocks)


@dataclass
class _Page:
    """What of a body was laid out already."""

    unfolds: Callable[[str], bool]
    blocks: list[RenderableType] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _alert: str = ""
    _shown: bool = True
    """Whether the fold that the lines are in, if any, is open."""
    _folded: Text | None = None
    """The summary of the last fold, if that is closed; several such stand close together."""

    def take(self, line: str, following: Iterator[str]) -> None:
        """Lay out one line, and with it those that it announces."""
        if line.startswith("|"):
            if not _RULE.fullmatch(line):
                self._rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
            return
        self.end_table()
        if fence := _FENCE.fullmatch(line):
            self._code(_until(fence[1], following))
        elif fold := _FOLD.fullmatch(line):
            self._fold(fold[1])
        elif line == "</details>":
            self._shown = True
        elif line.startswith(">"):
            self._quote(line)
        elif line and self._shown and not _HIDDEN.fullmatch(line):
            self._prose(line)

    def end_table(self) -> None:
        """Lay out the table whose last row has come."""
        if not self._rows:
            return
        head, *rows = self._rows
        self._rows = []
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
        for title in head:
            number = len(title) == 1 or title == "drift"
            table.add_column(_inline(title), justify="right" if number else "left", no_wrap=number, overflow="fold")
        for row in rows:
            table.add_row(*(_inline(cell.replace(r"\|", "|")) for cell in row))
        self.blocks.extend([Text(), table])

    def _fold(self, summary: str) -> None:
        title = _inline(summary)
        self._shown = self.unfolds(title.plain)
        below_folded = bool(self.blocks) and self._folded is self.blocks[-1] and not self._shown
        line = Text.assemble("" if below_folded else "\n", "▾ " if self._shown else "▸ ", title)
        self.blocks.append(line)
        self._folded = None if self._shown else line

    def _code(self, lines: list[str]) -> None:
        if self._shown:
            text = Text("\n").join(Text(line, style=_DIFF.get(line[:1], "")) for line in lines)
            self.blocks.append(Padding(text, (0, 0, 0, 2)))

    def _quote(self, line: str) -> None:
        said = line.removeprefix(">").strip()
        if kind := re.fullmatch(r"\[!(\w+)\]", said):
            self._alert = _ALERTS.get(kind[1], "blue")
            self.blocks.append(Text(f"\n{kind[1].capitalize()}", style=f"bold {self._alert}"))
            return
        self.blocks.append(_hanging("▌ ", said.removeprefix("- "), style=self._alert))

    def _prose(self, line: str) -> None:
        if line.startswith("### "):
            self.blocks.append(Text(line.removeprefix("### "), style="bold"))
        elif line.startswith("<sub>"):
            self.blocks.append(Text("\n") + _inline(re.sub("</?sub>", "", line), style="dim"))
        elif line.lstrip().startswith("- "):
            indent = len(line) - len(line.lstrip())
            self.blocks.append(_hanging(f"{' ' * indent}• ", line.lstrip().removeprefix("- ")))
        else:
            self.blocks.append(Text("\n") + _inline(line))


def _hanging(mark: str, words: str, *, style: str = "") -> Table:
    """Lay out words so that their further lines stand below the first, not below its mark."""
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(Text(mark, style=style), _inline(words))
    return grid


def _until(fence: str, following: Iterator[str]) -> list[str]:
    lines = []
    for line in following:
        if line == fence:
            break
        lines.append(line)
    return lines


def _inline(words: str, *, style: str = "") -> Text:
    """Read code spans and stress; everything else stands for itself."""
    text = Text(style=style)
    at = 0
    for span in _SPAN.finditer(words):
        text.append(words[at : span.start()])
        if span["bold"] is not None:
            text.append(span["bold"], style="bold")
        else:
            text.append(html.unescape(span["tag"]) if span["tag"] is not None else span["code"], style="cyan")
        at = span.end()
    text.append(words[at:])
    return text
