"""What a replica may do now, by what it has seen of the others: a state machine without a clock or a network.

Two replicas never both act for one key, provided that what each has written can be read by all at once, and that their
clocks run equally fast; what time it is on them does not matter.

- Each says in its Lease between whom it shares the work: its view. It acts for a key only if that is its own in each
  view that may stand there, and in none of another replica who is alive the other's.
- Before it acts by another view, it has written it, and *then* read all Leases. Of two who do so at once, at least one
  reads what the other has written.
- Another counts as dead when its Lease has not moved for as long as that says, by one's own clock, from one's own
  observations. Who cannot renew its Lease stops before that: it counts from before it sent its last renewal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model.shards import Seat, owner

if TYPE_CHECKING:
    from collections.abc import Iterable

NOBODY: Final = frozenset[str]()
_LONGEST: Final = 300.0
"""Seconds at most for which anybody's sign of life counts."""
_RENEWAL: Final = 0.5
_DEADLINE: Final = 0.75


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a sign of life counts, in seconds, and what follows from that."""

    seconds: float

    @property
    def renewal(self) -> float:
        """When the next one is given."""
        return self.seconds * _RENEWAL

    @property
    def deadline(self) -> float:
        """When somebody who could not give one stops: earlier than others go on, as no request is instantaneous."""
        return self.seconds * _DEADLINE


@dataclass(slots=True)
class _Seen:
    seat: Seat
    moved_at: float
    dead: bool = False
    """Whether that is proven, however recently it was seen."""
    silent: bool = False
    """Whether a read has shown that it had not moved for too long: what it said last counts no more."""

    def is_alive(self, now: float) -> bool:
        return not self.dead and now - self.moved_at < min(self.seat.seconds, _LONGEST)


class Roster:
    """The replicas as one of them sees them; times are seconds of a clock that never jumps and never rests."""

    def __init__(self, me: str, terms: Terms) -> None:
        self._me = me
        self._terms = terms
        self._others: dict[str, _Seen] = {}
        self._valid_until = float("-inf")
        self._may_stand: frozenset[frozenset[str]] = frozenset()
        """Views that may stand in our Lease: the last one written, and what was sent since without an answer."""
        self._read_since = False
        """Whether all Leases were read after what stands in ours was written, and we have not lapsed since."""
        self.view = NOBODY
        """The view that was settled last: what is ours in it is kept track of."""

    def saw(self, seat: Seat, now: float) -> None:
        """Take note of a Lease; one that is older than what is known says nothing."""
        if seat.name == self._me:
            return
        before = self._others.get(seat.name)
        if before is None or seat.turn > before.seat.turn:
            self._others[seat.name] = _Seen(seat, now)

    def lost(self, name: str) -> None:
        """Take note that a Lease is gone: its replica has left."""
        self._others.pop(name, None)

    def died(self, name: str) -> None:
        """Take note of a proof that a replica is dead."""
        if (seen := self._others.get(name)) is not None:
            seen.dead = True

    def sending(self, members: frozenset[str]) -> None:
        """Take note that our Lease is about to be written, whatever comes of it."""
        self._may_stand |= {members}

    def wrote(self, members: frozenset[str], *, asked_at: float, now: float) -> None:
        """Take note that our Lease was written; `asked_at`: before that was sent."""
        if now >= self._valid_until:
            # Others may have gone on without us. And while we could not write we could not see either, so that nobody
            # counts as dead because of that.
            self._read_since = False
            for seen in self._others.values():
                seen.moved_at = now
        if self._may_stand != {members}:
            self._read_since = False
        self._may_stand = frozenset({members})
        self._valid_until = asked_at + self._terms.deadline

    def listed(self, seats: Iterable[Seat], *, asked_at: float, now: float) -> None:
        """Take note of all Leases, asked for at `asked_at`, after our last write was answered."""
        there = {seat.name: seat for seat in seats}
        for name in self._others.keys() - there.keys():
            self.lost(name)
        for seat in there.values():
            self.saw(seat, now)
        for seen in self._others.values():
            seen.silent = not seen.is_alive(asked_at)
        if len(self._may_stand) == 1 and now < self._valid_until:
            (self.view,) = self._may_stand
            self._read_since = True

    def lapse(self) -> None:
        """Do nothing any more until our Lease is written anew."""
        self._valid_until = float("-inf")

    def members(self, now: float) -> frozenset[str]:
        """Return between whom the work is to be shared: us and who is alive."""
        return frozenset({self._me, *(name for name, seen in self._others.items() if seen.is_alive(now))})

    def is_settled(self, now: float) -> bool:
        """Whether nothing has to be written or read before the time of the next renewal."""
        return self._read_since and now < self._valid_until and self._may_stand == {self.members(now)}

    def must_read(self) -> bool:
        """Whether all Leases have to be read."""
        return not self._read_since

    def stands(self, now: float) -> bool:
        """Whether anything may be done at all."""
        return self._read_since and now < self._valid_until

    def may(self, key: str, now: float) -> bool:
        """Whether we act for a key, and certainly nobody else does."""
        if not self.stands(now):
            return False
        views = {self.view, self.members(now), *self._may_stand}
        if any(owner(view, key) != self._me for view in views):
            return False
        others = ((name, one.seat.members) for name, one in self._others.items() if not (one.dead or one.silent))
        return all(members in views or owner(members, key) != name for name, members in others)

    def silent(self, now: float, *, seconds: float) -> list[str]:
        """Return who has been dead for so long that its Lease may be thrown away."""
        return [
            name
            for name, seen in self._others.items()
            if seen.dead or (not seen.is_alive(now) and now - seen.moved_at >= seconds)
        ]
