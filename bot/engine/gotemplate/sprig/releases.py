"""Semantic versions and constraints in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.functions import takes
from bot.engine.gotemplate.values import Record, TemplateError
from bot.engine.versions import Version, constraint_of
from bot.errors import Rejected

if TYPE_CHECKING:
    from bot.engine.gotemplate.functions import Table


def _fits(constraint: str, version: str) -> bool:
    try:
        return constraint_of(constraint).holds(Version.parse(version))
    except Rejected as error:
        raise TemplateError(error.message) from error


def _record(text: str) -> Record:
    try:
        found = Version.parse(text)
    except Rejected as error:
        raise TemplateError(error.message) from error
    fields = {
        "Major": found.major,
        "Minor": found.minor,
        "Patch": found.patch,
        "Prerelease": found.pre,
        "Metadata": found.metadata,
        "Original": found.original,
        "String": str(found),
    }
    return Record("*semver.Version", tuple(fields.items()), str(found))


RELEASES: Final[Table] = {
    "semver": takes("string", _record),
    "semverCompare": takes("string string", _fits),
}
