"""Who may act, by a clock of the test's own: never two, and in the end always one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from bot.model.shards import Seat, owner
from workers.watching.roster import NOBODY, Roster, Terms

TERMS = Terms(12.0)
KEYS = [f"shop-{number}" for number in range(24)]


def seat(name: str, turn: int = 1, *members: str) -> Seat:
    return Seat(name, turn, frozenset(members), TERMS.seconds)


def settled(*others: Seat, now: float = 0.0) -> Roster:
    """Return a roster that has settled among the others at `now`."""
    roster = Roster("me", TERMS)
    for one in others:
        roster.saw(one, now)
    settle(roster, *others, now=now)
    return roster


def settle(roster: Roster, *others: Seat, now: float) -> None:
    members = roster.members(now)
    roster.sending(members)
    roster.wrote(members, asked_at=now, now=now)
    roster.listed(others, asked_at=now, now=now)


def of(name: str, *members: str) -> str:
    """Return a key that belongs to somebody among these."""
    return next(key for key in KEYS if owner(members, key) == name)


def test_nothing_may_be_done_before_all_leases_were_read() -> None:
    roster = Roster("me", TERMS)
    roster.sending(frozenset({"me"}))
    roster.wrote(frozenset({"me"}), asked_at=0.0, now=0.0)
    assert roster.must_read()
    assert not roster.may("shop", 0.0)
    roster.listed([], asked_at=0.0, now=0.0)
    assert roster.may("shop", 0.0)


def test_who_cannot_renew_stops_before_anybody_takes_over() -> None:
    roster = settled()
    assert roster.may("shop", TERMS.deadline - 0.1)
    assert not roster.may("shop", TERMS.deadline)
    assert TERMS.deadline < TERMS.seconds


def test_a_renewal_counts_from_before_it_was_sent() -> None:
    roster = settled()
    roster.sending(frozenset({"me"}))
    roster.wrote(frozenset({"me"}), asked_at=6.0, now=8.9)
    assert roster.may("shop", 6.0 + TERMS.deadline - 0.1)
    assert not roster.may("shop", 6.0 + TERMS.deadline)


def test_a_renewal_that_was_answered_too_late_is_none_before_all_leases_were_read() -> None:
    roster = settled()
    roster.sending(frozenset({"me"}))
    roster.wrote(frozenset({"me"}), asked_at=8.0, now=TERMS.deadline)
    assert not roster.may("shop", TERMS.deadline)
    roster.listed([seat("other", 5, "other")], asked_at=TERMS.deadline, now=TERMS.deadline)
    assert not roster.may("shop", TERMS.deadline)  # the other has gone on without us, and does not know yet


def test_what_another_still_takes_for_its_own_is_left_to_it() -> None:
    key = of("me", "me", "other")
    roster = settled(seat("other", 1, "other"))
    assert not roster.may(key, 1.0)
    roster.saw(seat("other", 2, "me", "other"), 1.0)
    assert roster.may(key, 1.0)
    assert not roster.may(of("other", "me", "other"), 1.0)


def test_what_somebody_who_comes_is_to_have_is_let_go_at_once() -> None:
    roster = settled()
    roster.saw(seat("new"), 1.0)
    assert not roster.is_settled(1.0)
    assert not roster.may(of("new", "me", "new"), 1.0)
    assert roster.may(of("me", "me", "new"), 1.0)


def test_another_is_dead_once_its_lease_has_not_moved_for_as_long_as_it_says() -> None:
    other = seat("other", 1, "me", "other")
    roster = settled(other)
    assert roster.members(TERMS.seconds - 0.1) == {"me", "other"}
    assert roster.members(TERMS.seconds) == {"me"}
    key = of("other", "me", "other")
    roster.wrote(frozenset({"me", "other"}), asked_at=6.0, now=6.0)
    assert not roster.may(key, TERMS.seconds)  # that has to be written, and all read
    settle(roster, other, now=TERMS.seconds)
    assert roster.may(key, TERMS.seconds)


def test_nobody_is_dead_who_was_only_not_heard_of() -> None:
    other = seat("other", 1, "other")  # it has gone on without us, and may not have heard yet that we are back
    roster = settled(other)
    key = of("me", "me", "other")
    roster.wrote(frozenset({"me", "other"}), asked_at=6.0, now=6.0)
    assert roster.members(TERMS.seconds) == {"me"}
    assert not roster.may(key, TERMS.seconds)
    settle(roster, other, now=TERMS.seconds)
    assert roster.may(key, TERMS.seconds)


def test_a_read_that_was_sent_before_proves_no_death() -> None:
    other = seat("other", 1, "other")
    roster = settled(other)
    roster.wrote(frozenset({"me", "other"}), asked_at=6.0, now=6.0)
    roster.listed([other], asked_at=TERMS.seconds - 1, now=TERMS.seconds)
    assert not roster.may(of("me", "me", "other"), TERMS.seconds)


def test_who_moved_after_all_is_found_before_anything_of_it_is_done() -> None:
    roster = settled(seat("other", 1, "me", "other"))
    roster.wrote(frozenset({"me", "other"}), asked_at=6.0, now=6.0)
    settle(roster, seat("other", 2, "me", "other"), now=TERMS.seconds)
    assert roster.members(TERMS.seconds) == {"me", "other"}
    assert not roster.may(of("other", "me", "other"), TERMS.seconds)


def test_who_has_left_is_not_waited_for() -> None:
    roster = settled(seat("other", 1, "me", "other"))
    roster.lost("other")
    settle(roster, now=0.5)
    assert all(roster.may(key, 0.5) for key in KEYS)


def test_who_is_proven_dead_is_not_waited_for() -> None:
    other = seat("other", 1, "me", "other")
    roster = settled(other)
    roster.died("other")
    settle(roster, other, now=0.5)
    assert all(roster.may(key, 0.5) for key in KEYS)
    assert roster.silent(0.5, seconds=60) == ["other"]


def test_while_nothing_could_be_seen_nobody_has_died() -> None:
    other = seat("other", 1, "me", "other")
    roster = settled(other)
    roster.wrote(frozenset({"me", "other"}), asked_at=100.0, now=100.0)
    assert roster.members(100.0) == {"me", "other"}


def test_a_write_without_an_answer_may_stand() -> None:
    roster = settled(seat("other", 1, "me", "other"))
    roster.sending(frozenset({"me"}))  # the other will believe it
    assert all(not roster.may(key, 1.0) or owner({"me", "other"}, key) == "me" for key in KEYS)
    roster.sending(frozenset({"me", "other", "third"}))
    assert not roster.may(of("third", "me", "other", "third"), 1.0)


def test_an_older_word_than_is_known_says_nothing() -> None:
    roster = settled(seat("other", 3, "me", "other"))
    roster.saw(seat("other", 2, "other"), 1.0)
    assert roster.may(of("me", "me", "other"), 1.0)


@dataclass
class Replica:
    """A replica that takes one step at a time, between any two of which anything may happen."""

    name: str
    ahead: float
    """Seconds by which its clock differs: nobody may mind."""
    roster: Roster
    turn: int = 0
    asleep_until: float = 0.0
    deaf_until: float = 0.0
    """While its watch is broken, and it does not know that."""
    killed: bool = False
    next_at: float = 0.0
    step: int = 0
    sent: tuple[frozenset[str], float] = (NOBODY, 0.0)
    unheard: list[Seat] = field(default_factory=list)

    def go_on(self, world: World) -> None:
        now = world.now + self.ahead
        match self.step:
            case 0 if not self.roster.is_settled(now) or now >= self.next_at:
                members = self.roster.members(now) if self.turn else NOBODY
                self.roster.sending(members)
                self.sent, self.turn, self.step = (members, now), self.turn + 1, 1
            case 1:
                if (
                    not world.calm and world.chance.random() < 0.1
                ):  # an answer that never comes, to a request that may have
                    self.step = 0
                if self.step or world.chance.random() < 0.5:
                    world.write(Seat(self.name, self.turn, self.sent[0], TERMS.seconds))
                self.step = self.step and 2
            case 2:
                members, asked_at = self.sent
                self.roster.wrote(members, asked_at=asked_at, now=now)
                self.next_at = asked_at + TERMS.renewal
                self.step = 3 if self.roster.must_read() else 0
            case 3:
                self.roster.listed(world.leases.values(), asked_at=now, now=now)
                self.step = 0

    def hear(self, world: World) -> None:
        while self.unheard and world.now >= self.deaf_until and world.chance.random() < 0.3:
            self.roster.saw(self.unheard.pop(0), world.now + self.ahead)


@dataclass
class World:
    chance: random.Random
    now: float = 0.0
    calm: bool = False
    leases: dict[str, Seat] = field(default_factory=dict)
    replicas: list[Replica] = field(default_factory=list)

    def join(self) -> None:
        name = f"replica-{len(self.replicas)}"
        self.replicas.append(Replica(name, self.chance.uniform(-1e6, 1e6), Roster(name, TERMS)))

    def write(self, told: Seat) -> None:
        self.leases[told.name] = told
        for one in self.replicas:
            if one.name != told.name:
                one.unheard.append(told)

    def go_on(self) -> None:
        self.now += self.chance.uniform(0.0, 0.02 if self.calm else 0.2)
        one = self.chance.choice(self.replicas)
        if not self.calm:
            self.strike(one)
        if self.now >= one.asleep_until and not one.killed:
            one.hear(self)
            one.go_on(self)

    def strike(self, one: Replica) -> None:
        if self.chance.random() < 0.004:
            one.asleep_until = self.now + self.chance.uniform(1.0, 3 * TERMS.seconds)
        if self.chance.random() < 0.02:
            one.deaf_until = self.now + self.chance.uniform(1.0, 5 * TERMS.seconds)
        if self.chance.random() < 0.0005:
            one.killed = True
        if self.chance.random() < 0.001 and len(self.replicas) < 8:
            self.join()

    def acting(self, key: str) -> list[str]:
        """Return who would act now; somebody asleep would not, and when it wakes it looks at its clock."""
        return [one.name for one in self.replicas if not one.killed and one.roster.may(key, self.now + one.ahead)]


@pytest.mark.parametrize("number", range(12))
def test_whatever_happens_never_two_act_for_one_key_and_in_the_end_one_does(number: int) -> None:
    world = World(random.Random(number))  # noqa: S311 - the same each time
    for _ in range(3):
        world.join()
    for _ in range(4000):
        world.go_on()
        key = world.chance.choice(KEYS)
        assert len(world.acting(key)) <= 1, f"{world.acting(key)} act for {key}"
    world.join()  # somebody has to be alive
    for one in world.replicas:
        one.deaf_until = 0.0
    world.calm, end = True, world.now + 6 * TERMS.seconds
    while world.now < end:
        world.go_on()
    alive = frozenset(one.name for one in world.replicas if not one.killed)
    assert {key: world.acting(key) for key in KEYS} == {key: [owner(alive, key)] for key in KEYS}
