"""Health of kinds that nothing is known about: by the conditions that every controller is asked to use.

Differs from Argo CD, which leaves such kinds out: `docs/decisions/0013-standard-conditions-count.md`.
"""

from __future__ import annotations

from typing import Final

from bot.engine.health.conventions import ByConditions, degraded, progressing
from bot.engine.health.fields import Section
from bot.errors import Rejected
from bot.model.health import HealthStatus

_AT_WORK: Final = (degraded("Stalled"), progressing("Reconciling"))
_WITH_READY: Final = ByConditions(("Ready",), _AT_WORK)
_WITHOUT: Final = ByConditions((), _AT_WORK)


def standard(obj: Section) -> HealthStatus | None:
    """Judge by Ready, Reconciling and Stalled; None where an object has none of them.

    Ready=False is Progressing, not Degraded: of a kind that is not known it may be said of what is being made.
    Source: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus
    """
    try:
        told = {entry.text("type") for entry in obj.section("status").sections("conditions")}
        if "Ready" in told:
            return _WITH_READY(obj)
        return _WITHOUT(obj) if told & {"Reconciling", "Stalled"} else None
    except Rejected:
        return None  # what is not even built like conditions does not follow the convention
