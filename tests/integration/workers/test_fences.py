"""Orphans are looked for once, however many controllers there are."""

from __future__ import annotations

from typing import Any

from bot.store.connection import connect
from bot.store.memory import Memory
from tests.unit.workers.test_fences import WARNS, application, project
from workers.watching.fences import Fences


def test_of_several_controllers_one_asks_and_for_so_many_at_a_time(redis_url: str) -> None:
    memory = Memory(connect(redis_url))

    def asked(fences: Fences, **orphaned: Any) -> list[int]:
        for number in range(1_500):
            fences.saw(application(f"a{number}"))
        fences.saw_project("ADDED", project(orphanedResources={**WARNS, **orphaned}))
        assert list(fences.orphans(memory, 0.0)) == []
        return [len(one.payload["applications"]) for one in fences.orphans(memory, 11.0)]

    assert asked(Fences()) == [1_000, 500]
    assert asked(Fences()) == []
    assert asked(Fences(), ignore=[{"kind": "Secret"}]) == [1_000, 500]
