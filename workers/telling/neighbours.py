"""Open changes that touch the same objects: each preview writes down what its change touches, and tells who else does.

Who comes later is told at once; who was there first when it is previewed again, which every round has done
(`FORESAIL_PREVIEW_REFRESH`). A hundred changes of one object so cost no write more than their previews do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.preview.neighbours import neighbours, touched

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.model.reports import Report
    from bot.services import Services


def meet(services: Services, change: Change, report: Report) -> Report:
    """Write down what a change touches, and return its report with who else touches that."""
    repository = change.repository.full_name
    objects = touched(report, repository=repository)
    found = services.memory.touching.write(str(change), repository, change.head_sha, objects)
    others = [(name, one.count, one.words) for name, one in found.items()]
    return replace(report, neighbours=neighbours(report, others, repository=repository))


def part(services: Services, change: Change, *, head_sha: str = "") -> None:
    """Forget a change that is over; with a head only if that is what was written down last."""
    services.memory.touching.drop(str(change), change.repository.full_name, head_sha)
