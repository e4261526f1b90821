"""A report for a terminal: the sentences of the comment as plain lines; colours are the caller's.

Nothing in it can move the cursor or change a colour: what shows nothing is written as an escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.diff.lines import visible
from bot.model.dangers import Severity
from bot.model.policies import PolicySeverity
from bot.model.reports import Action, counted
from bot.preview import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model.deliveries import Epilogue
    from bot.model.reports import ApplicationReport, Report


def text(report: Report, *, epilogue: Epilogue | None = None) -> str:
    """Return headline, table, failures, differences and drift, ending with a line feed."""
    return visible("\n".join(_lines(report, epilogue))).replace("\t", "    ") + "\n"


def _lines(report: Report, epilogue: Epilogue | None) -> Iterator[str]:
    yield report.headline
    if epilogue is not None:
        yield from _epilogue(epilogue)
    if report.conflict:
        yield from ("", words.conflict(report), *(f"  {_one_line(path)}" for path in report.conflict))
    elif not report.affected:
        yield words.considered(report)
    yield from _table(report)
    yield from _listed("Policy violations", map(_failure, words.policies(report, PolicySeverity.DENY)))
    yield from _listed("Predicted to fail", map(_failure, words.failures(report)))
    yield from _dangers(report)
    yield from _listed("Policy warnings", map(_failure, words.policies(report, PolicySeverity.WARN)))
    yield from _images(report)
    yield from _effects(report)
    yield from _drifts(report)
    yield from ("", _foot(report))


def _epilogue(epilogue: Epilogue) -> Iterator[str]:
    yield from ("", f"{words.merged(epilogue)} ({epilogue.merge_sha[:7]})")
    for delivery in epilogue.deliveries:
        where = f" ({delivery.where})" if delivery.where else ""
        yield f"  {_one_line(f'{delivery.application}{where}: {words.progress(delivery)}')}"
        yield from (f"    {_one_line(difference)}" for difference in delivery.differences)


def _table(report: Report) -> Iterator[str]:
    shown = [application for application in report.applications if application.affected or application.drifted]
    if not shown:
        return
    rows = [["application", "where", "+", "~", words.MINUS, "drift", ""], *map(_row, shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield ""
    for name, where, *numbers, remarks in rows:
        aligned = [number.rjust(width) for number, width in zip(numbers, widths[2:-1], strict=True)]
        yield "  ".join([name.ljust(widths[0]), where.ljust(widths[1]), *aligned, remarks]).rstrip()


def _row(application: ApplicationReport) -> list[str]:
    changed = application.changes + application.replaces
    numbers = [application.creates, changed, application.deletes, application.drifted]
    counts = ["?" if application.failure else str(number) for number in numbers]
    row = [application.name, application.where, *counts, "; ".join(words.remarks(application))]
    return [_one_line(value) for value in row]


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [item.replace("\n", "\n    ") for item in items]
    if lines:
        yield from ("", f"{title}:", *(f"  {line}" for line in lines))


def _failure(failure: words.Failure) -> str:
    return f"{failure.subject}: {failure.message.strip()}"


def _dangers(report: Report) -> Iterator[str]:
    told = words.dangers(report)
    titles = {Severity.CAUTION: "Be sure of this", Severity.WARNING: "Take care", Severity.NOTE: "Note"}
    for severity, title in titles.items():
        lines = [f"{one.words} [{one.id}]" for one in told if one.severity is severity]
        yield from _listed(title, [*lines, *(words.remarkable(report) if severity is Severity.NOTE else ())])


def _images(report: Report) -> Iterator[str]:
    changes = [(one.name, image) for one in report.applications for image in one.images]
    told = (f"{image.old} → {image.new} ({name}, {counted(image.workloads, 'object')})" for name, image in changes)
    yield from _listed("Images", map(_one_line, told))


def _effects(report: Report) -> Iterator[str]:
    for application in report.applications:
        for resource in application.resources:
            if resource.effect_diff:
                hook = f", {resource.hook} hook" if resource.hook else ""
                failing = ", predicted to fail" if resource.failure else ""
                yield from (
                    "",
                    _one_line(f"{words.SIGNS[resource.action]} {resource.key} ({application.name}{hook}{failing})"),
                )
                yield resource.effect_diff


def _drifts(report: Report) -> Iterator[str]:
    if report.drifted:
        yield from ("", f"Drift that was there before ({report.drifted}):")
    for application in report.applications:
        for resource in application.resources:
            if resource.drift is not Action.NOTHING:
                yield from ("", _one_line(f"{words.SIGNS[resource.drift]} {resource.key} ({application.name})"))
                yield resource.drift_diff or f"# {resource.note or words.drift(resource)}"


def _foot(report: Report) -> str:
    said = [f"predicted by {', '.join(report.clusters)}"] if report.clusters else []
    if report.head_sha:
        said.append(f"{report.head_sha[:7]} into {report.base_branch}@{report.base_sha[:7]}")
    if report.plan:
        said.append(f"plan {report.plan[:8]}")
    looked = f"{counted(report.considered, 'application')} looked at"
    again = [words.reused(report)] if report.reused else []
    return _one_line(" · ".join([*said, looked, words.duration(report.seconds), *again]))


def _one_line(value: str) -> str:
    return visible(" ".join(value.split()))
