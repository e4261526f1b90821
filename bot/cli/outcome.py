"""How a preview is written and what it ends with; apart from the writing, so that `--help` need not load it."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.model.reports import Report


INTERRUPTED: Final = 130
"""What shells say of a command that Ctrl-C has ended: 128 and the number of SIGINT."""


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class ManifestFormat(StrEnum):
    """How manifests are written."""

    YAML = "yaml"
    JSON = "json"


class ListFormat(StrEnum):
    """How a list is written that has no Markdown."""

    TEXT = "text"
    JSON = "json"


class Shape(StrEnum):
    """How Applications are written."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Answer(IntEnum):
    """What `foresail app …` ends with; Argo CD's codes, which scripts know.

    https://github.com/argoproj/argo-cd/blob/master/util/errors/errors.go
    """

    YES = 0
    NO = 1
    """There are differences; an operation failed; what was waited for did not come."""
    ERROR = 20
    """It could not be asked or done."""


class ExitCode(IntEnum):
    """What `foresail preview` ends with."""

    NOTHING = 0
    ERROR = 1
    CHANGES = 2


def exit_code(report: Report) -> ExitCode:
    """Return what scripts branch on: what the forge would show in red is an error, whether or not anything changes."""
    if report.conflict or report.failed:
        return ExitCode.ERROR
    return ExitCode.CHANGES if report.affected else ExitCode.NOTHING
