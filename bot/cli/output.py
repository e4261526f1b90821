"""What the command line writes: reports on standard output, progress and errors on standard error."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.console import Console
from rich.text import Text

from bot.cli.manifests import written
from bot.cli.outcome import Format, ListFormat, ManifestFormat, exit_code
from bot.engine.diff.lines import visible
from bot.engine.updates.scalars import shown
from bot.model.reports import Action
from bot.preview.files import JSON_VERSION, document
from bot.preview.markdown import comments
from bot.preview.page.page import About, page
from bot.preview.text import text
from bot.preview.words import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.cli.preview import Explained
    from bot.errors import ForesailError
    from bot.model.reports import Report
    from bot.model.resources import JsonObject
    from bot.model.updates import Planned
    from bot.settings import Settings

_COLOURS: Final = {
    "+": "green",
    "-": "red",
    SIGNS[Action.PRUNE][0]: "red",
    SIGNS[Action.CHANGE][0]: "yellow",
    SIGNS[Action.ORPHAN][0]: "yellow",
    "@": "cyan",
}
"""By the first character of a line: of a diff, or of the line above it that names the object."""


def write_report(report: Report, form: Format, settings: Settings) -> None:
    """Write a report to standard output."""
    if form is Format.MARKDOWN:
        write("\n".join(comments(report, instance=settings.instance, budget=settings.comment_budget)))
    elif form is Format.JSON:
        write(document(report, exit_code=exit_code(report)))
    elif form is Format.HTML:
        write("".join(page(report, About(made=time.time()))))
    else:
        write_coloured(text(report))


def write_verdicts(verdicts: Sequence[Explained], form: Format) -> None:
    """Write why each application was selected, or was not, as text or JSON."""
    if form is Format.JSON:
        _write_json({"verdicts": verdicts})
        return
    width = max((len(one.application) for one in verdicts), default=0)
    write(visible("\n".join(line for one in verdicts for line in _explained(one, width))) + "\n")


def _explained(one: Explained, width: int) -> Iterator[str]:
    yield f"{'*' if one.affected else ' '} {one.application.ljust(width)}  {one.words}"
    if one.reads is None:
        return
    yield from (f"    reads    {path}" for path in one.reads.paths)
    if one.reads.whole:
        yield "    reads    what cannot be told by name: any file of the repository counts"
    yield from (f"    changed  {path}" for path in one.reads.changed)


def write_updates(plans: Sequence[Planned], form: ListFormat) -> None:
    """Write what could be newer, and what stands in the way, as text or JSON."""
    if form is ListFormat.JSON:
        _write_json({"updates": plans})
        return
    lines = [line for plan in plans for line in _planned(plan)]
    write(visible("\n".join(lines or ["no Application asks for newer images or charts"])) + "\n")


def _planned(plan: Planned) -> Iterator[str]:
    yield plan.application
    for bump in plan.bumps:
        yield f"  {bump.thing}  {bump.old} → {bump.new}"
        yield from (f"    {edit.path}: {shown(edit.way)} ({bump.branch} of {bump.url})" for edit in bump.edits)
    yield from (f"  ! {problem}" for problem in plan.problems)
    if not plan.bumps and not plan.problems:
        yield "  nothing is newer"


def write_manifests(manifests: Sequence[JsonObject], form: ManifestFormat) -> None:
    """Write manifests to standard output, as something that can be piped into kubectl."""
    write(written(manifests, form))


def write_error(error: ForesailError) -> None:
    """Write what went wrong, and what to do about it, to standard error."""
    remedy = getattr(error, "remedy", "")
    sys.stderr.write(visible(f"foresail: {error}\n" + (f"  {remedy}\n" if remedy else "")))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what tells a person at a terminal what takes time; it writes nothing anywhere else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield lambda words: status.update(Text(visible(words)))


def write_coloured(written: str) -> None:
    """Write text to standard output, in colours at a terminal; no character of it may be one that a terminal obeys."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        write(written)
        return
    for line in written.splitlines():
        console.print(Text(line, style=_COLOURS.get(line[:1], "")))


def _write_json(fields: dict[str, Any]) -> None:
    write(orjson.dumps({"version": JSON_VERSION, **fields}, option=orjson.OPT_INDENT_2).decode() + "\n")


def write(written: str) -> None:
    """Write UTF-8 whatever the terminal's locale: comments and JSON are UTF-8 by definition."""
    sys.stdout.flush()
    sys.stdout.buffer.write(written.encode("utf-8", errors="replace"))
    sys.stdout.buffer.flush()
