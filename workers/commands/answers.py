"""Answers that change nothing: the help, another preview, one application's part of it, and why it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model.answers import Answer
from bot.model.changes import ChangeState
from bot.model.reports import counted
from bot.prediction.verdicts import reads
from bot.preview.asked import help_table
from bot.preview.inert import code, inert
from bot.preview.markdown import answer_about
from bot.repository.mirrors import Conflict
from workers.changes.forks import demand_approval
from workers.changes.landscape import Landscape
from workers.changes.merging import Merging
from workers.changes.proposal import Proposal
from workers.commands.reach import there_is
from workers.deliver import affected_by
from workers.preview import foreseen

if TYPE_CHECKING:
    from bot.model.commands import Command
    from bot.prediction.selection import Selection
    from workers.changes.asked import Asked

_MOST: Final = 50
"""Lines of an explanation."""


def show_help(asked: Asked, _command: Command) -> Answer:
    """Show what can be asked for."""
    return Answer(done=True, details=help_table(asked.services.settings.command_prefix))


def preview_again(asked: Asked, _command: Command) -> Answer:
    """Have the change previewed as it is now; its comment says the rest."""
    demand_approval(asked.services, asked.open_change)
    return Answer(done=True, previews=True)


def diff(asked: Asked, command: Command) -> Answer:
    """Show what merging changes in one application, redacted and escaped as the change's comment is."""
    services, change = asked.services, asked.open_change
    if len(command.words) != 1:
        raise Rejected("diff shows one application", remedy=f"Name it: {asked.command('diff APP')}")
    demand_approval(services, change)
    proposal = replace(Proposal.of(services, change), skipped="")  # whoever asks for it wants to see it
    report, name = foreseen(proposal).predicted.report, command.words[0]
    if report.conflict:
        raise Rejected(
            f"{report.headline[0].lower()}{report.headline[1:]}", remedy=f"Merge {report.base_branch} first."
        )
    found = [one for one in report.applications if one.name == name]
    if not found:
        words = f"merging changes nothing in an application {name}"
        raise Rejected(words, remedy=there_is([one.name for one in report.applications], name))
    about = replace(report, applications=tuple(found), notes=())
    return Answer(done=True, details=answer_about(about, room=services.settings.comment_budget // 2))


def explain(asked: Asked, command: Command) -> Answer:
    """Say which applications the change touches and why, or what one of them is rendered from."""
    landscape, selection = _selected(asked)
    verdicts = selection.verdicts
    if not command.words:
        ordered = sorted(verdicts, key=lambda name: (not verdicts[name].affected, name))
        lines = [_verdict(name, selection) for name in ordered]
        return Answer(done=True, words=_summary(selection), details=_list(lines))
    name = command.words[0]
    if name not in verdicts:
        raise Rejected(f"no application {name} was looked at", remedy=there_is(verdicts, name))
    branch = landscape.branch(asked.change.base_branch)
    found = reads(landscape.services.sources.reading, selection.looked_at[name], selection.sides, branch)
    lines = [_verdict(name, selection), *(f"- reads {code(path)}" for path in found.paths)]
    lines += ["- reads what cannot be told by name: any file of the repository counts"] if found.whole else []
    lines += [f"- changed: {code(path)}" for path in found.changed]
    return Answer(done=True, details=_list(lines))


def _selected(asked: Asked) -> tuple[Landscape, Selection]:
    """Find what the change touches, or touched when it was merged."""
    services, change = asked.services, asked.change
    if change.state is ChangeState.MERGED:
        landscape = Landscape.survey(services, change.repository)
        return landscape, affected_by(landscape, change.base_branch, commit=change.merge_sha, before="")
    demand_approval(services, asked.open_change)
    merging = Merging.of(services, change)
    if isinstance(merging.merged, Conflict):
        raise Rejected("the change is in merge conflict", remedy=f"Merge {change.base_branch} into it first.")
    landscape = merging.landscape
    return landscape, landscape.select(merging.merged, landscape.branch(change.base_branch), generating=True)


def _summary(selection: Selection) -> str:
    affected = sum(one.affected for one in selection.verdicts.values())
    return f"{counted(affected, 'application')} of {selection.considered} affected"


def _verdict(name: str, selection: Selection) -> str:
    verdict = selection.verdicts[name]
    return f"- {'**affected**' if verdict.affected else 'not affected'}: {code(name)}: {inert(verdict.words)}"


def _list(lines: list[str]) -> str:
    more = [f"- … and {counted(len(lines) - _MOST, 'more line')}"] if len(lines) > _MOST else []
    return "\n".join([*lines[:_MOST], *more, ""])
