"""What the controller remembers of an Application: what it asks for, and when its operation is to be looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from bot.engine.deletion import is_blocked, stage_of
from bot.engine.sync.heal import heals_at
from bot.engine.sync.plan import APPROVED
from bot.engine.sync.retry import deadline, retry_at
from bot.engine.sync.unknown import is_unknown
from bot.model.applications import REFRESH, SKIP_RECONCILE, lane_of
from bot.model.holds import HELD, Hold
from bot.model.jobs import JobRequest, advance, compare, delete
from bot.model.operations import OperationState
from workers.operating.claims import CLAIM, Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.cluster.objects import Cluster
    from bot.model.applications import Application, Destination
    from bot.model.resources import ResourceKey

NEVER: Final = float("inf")
PATIENCE: Final = 5.0
"""Seconds after which a running operation is looked at, for what no event of its objects speaks of."""
_CLOCKS: Final = 2.0
"""Seconds by which the clocks of two machines may differ."""
_TRUST: Final = 30.0
"""The same while all it waits for are objects that are on their way, as watches tell, a known time, or a person."""


@dataclass(slots=True)
class Known:
    """What the controller remembers of an Application."""

    destination: Destination
    cluster: Cluster | None
    """What the destination means; None: nothing that is configured."""
    asks: tuple[str, ...]
    """What makes it worth a look when it changes: definition, automation, a person's word on a held sync."""
    running: bool
    deleting: bool
    """Whether it is being deleted, and something of that is ours to do."""
    to_end: bool
    """Whether somebody asks for its operation to be ended, or for itself to be deleted."""
    abandoned: bool
    """Whether its record says that an operation runs, and none does."""
    deadline: float
    """Unix seconds: when the operation has to be looked at for its own sake."""
    looked_at: float
    """On the monotonic clock."""
    patience: float
    """Seconds after which it is looked at again."""
    awaits: frozenset[ResourceKey]
    """The objects its operation waits for."""
    refresh: bool
    """Whether somebody asks for a look at it now."""
    touched: bool
    """Whether somebody else changed one of its objects while its operation ran."""
    left_alone: bool
    unknown: bool
    """Whether its status says that nothing is known, because of its cluster."""
    compare_at: float
    """Unix seconds: when it is to be compared though nothing moves, mostly as what differs may be put back then."""
    released_at: float
    """Unix seconds: when somebody's hold is over for certain; never where nobody holds it for a time."""

    @classmethod
    def of(
        cls,
        application: Application,
        cluster: Cluster | None,
        *,
        sync_deadline: float,
        is_progressing: Callable[[ResourceKey], bool],
        now: float,
    ) -> Self:
        """Remember an Application as it is now; `is_progressing` says of an object that it will be heard of again."""
        state = OperationState.of_status(application.status)
        rests = state is not None and state.rests
        results = state.results if state is not None and not rests else ()
        awaits = frozenset(one.key for one in results if not one.phase.completed)
        due = min((at for at in _deadlines(application, state, sync_deadline) if at > now), default=NEVER)
        blocked = application.deleting and is_blocked(application.status)
        trusted = blocked or (bool(awaits) and all(map(is_progressing, awaits))) or (rests and due < NEVER)
        return cls(
            destination=application.spec.destination,
            cluster=cluster,
            asks=_asks(application),
            running=application.operation is not None and not application.left_alone,
            deleting=application.deleting and stage_of(application.finalizers) is not None,
            to_end=application.deleting or OperationState.is_to_end(application.status),
            abandoned=application.operation is None and state is not None and not state.phase.completed,
            deadline=due,
            looked_at=time.monotonic(),
            patience=_TRUST if trusted else PATIENCE,
            awaits=awaits,
            refresh=bool(application.annotation(REFRESH)) and not application.left_alone,
            touched=False,
            left_alone=application.left_alone,
            unknown=is_unknown(application.status),
            compare_at=_heals_at(application),
            released_at=_released_at(application, now),
        )

    @property
    def works(self) -> bool:
        """Whether something is under way that has to be looked at again."""
        return self.running or self.deleting

    def goes_on_after(self, before: Known, is_progressing: Callable[[str, ResourceKey], bool | None]) -> bool:
        """Whether its operation, since just now, is to be ended, or waits for what was there before that was known.

        `is_progressing` says of an object in a cluster whether it will be heard of again; None: it was not seen.
        """
        if self.to_end and not before.to_end:
            return True
        if self.cluster is None or self.awaits == before.awaits:
            return False
        return any(is_progressing(self.cluster.name, key) is False for key in self.awaits)

    def next_step(self, name: str) -> JobRequest:
        """Return the job that looks at it, now that something of it has moved."""
        ask = advance if self.running else delete if self.deleting else compare
        return ask(name).in_lane(lane_of(name, self.destination))


def _asks(application: Application) -> tuple[str, ...]:
    said = (application.spec.definition, str(application.automated), str(application.left_alone))
    return (*said, application.annotation(APPROVED), application.annotation(HELD))


def asked_in(annotations: Mapping[str, str]) -> list[str | None]:
    """Return what somebody asks for by the annotations of an Application."""
    return [annotations.get(name) for name in (APPROVED, HELD, SKIP_RECONCILE)]


def _deadlines(application: Application, state: OperationState | None, sync_deadline: float) -> Iterator[float]:
    """Yield when an operation has to be looked at: somebody's claim has run out, or it has taken too long."""
    claim = Claim.parse(application.annotation(CLAIM))
    if claim is not None:
        yield claim.until
    if state is not None and state.rests:
        yield retry_at(state)
    elif state is not None and not state.phase.completed:
        yield deadline(state, limit=sync_deadline)


def _released_at(application: Application, now: float) -> float:
    """Return when a hold is over by everybody's clock; one that was over before needs nobody to notice."""
    hold = Hold.of(application.annotation(HELD))
    at = NEVER if hold is None else hold.ends_at + _CLOCKS
    return at if at > now else NEVER


def _heals_at(application: Application) -> float:
    """Return when what is recorded as differing may be put back."""
    sync = (application.status or {}).get("sync")
    differs = isinstance(sync, dict) and sync.get("status") == "OutOfSync"
    at = heals_at(application) if differs and application.operation is None else None
    return NEVER if at is None else at
