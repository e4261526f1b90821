"""Each rule holds for a story that went right, and is broken by one that did not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import orjson
import pytest

from bot.model.resources import JsonObject
from tests.chaos.audit import HOOK, TRACKING, WAVE, Write, writes
from tests.chaos.invariants import RULES, Law, Permission, violations
from tests.chaos.story import Story

LAW = Law(
    {"shop": Permission(frozenset({"shop"}), keeps=frozenset({"configmaps shop/kept"}))},
    {("shop", "one"): frozenset({"configmaps shop/settings", "configmaps shop/more"})},
)
OURS, SOMEBODY = "foresail", "kubectl/v1.37"


@dataclass
class Log:
    """An audit log that is written by hand, of one application `shop`."""

    written: list[Write] = field(default_factory=list)
    application: JsonObject = field(default_factory=lambda: {"status": {}})

    def begin(self, revision: str = "one", *, prune: bool = True, agent: str = OURS, **sync: object) -> Log:
        asked = {
            "sync": {"revision": revision, "prune": prune, **sync},
            "info": [{"name": "commit", "value": revision}],
        }
        return self.tell({"operation": asked}, agent=agent)

    def say(self, phase: str = "Running", *, started: str = "t1", retry: int = 0, agent: str = OURS) -> Log:
        return self.tell({}, state={"phase": phase, "startedAt": started, "retryCount": retry}, agent=agent)

    def end(self, phase: str = "Succeeded", *, started: str = "t1", entries: int = 1) -> Log:
        state = {"phase": phase, "startedAt": started}
        history = list(self.application["status"].get("history", []))
        for _ in range(entries):
            history.append({"id": len(history), "deployStartedAt": started})
        return self.tell({"operation": None}, state=state, history=history)

    def tell(
        self, fields: JsonObject, *, state: JsonObject | None = None, history: object = None, agent: str = OURS
    ) -> Log:
        status = dict(self.application["status"])
        status |= {"operationState": state} if state is not None else {}
        status |= {"history": history} if history is not None else {}
        self.application = {**self.application, **fields, "status": status}
        return self.add("patch", "applications.argoproj.io", "foresail", "shop", agent=agent, answered=self.application)

    def apply(self, name: str = "settings", *, namespace: str = "shop", **annotations: str) -> Log:
        marks = {TRACKING: f"shop:/ConfigMap:{namespace}/{name}", **annotations}
        return self.add("patch", "configmaps", namespace, name, sent={"metadata": {"annotations": marks}})

    def delete(self, name: str, *, agent: str = OURS) -> Log:
        return self.add("delete", "configmaps", "shop", name, agent=agent)

    def add(
        self,
        verb: str,
        resource: str,
        namespace: str,
        name: str,
        *,
        agent: str = OURS,
        sent: JsonObject | None = None,
        answered: JsonObject | None = None,
    ) -> Log:
        at = f"2026-01-01T00:00:00.{len(self.written):06d}Z"
        self.written.append(Write(at, verb, resource, namespace, name, agent, sent or {}, answered or {}))
        return self


def broken(log: Log) -> list[str]:
    return [one.rule for one in violations(Story.of(log.written), LAW)]


def waved(wave: str) -> dict[str, str]:
    return {WAVE: wave}


RIGHT: dict[str, Callable[[], Log]] = {
    "a sync": lambda: Log().begin().say().apply().apply("more").end(),
    "a sync that prunes": lambda: (
        Log().begin("zero").say().apply().apply("old").end().begin().say(started="t2").delete("old").end(started="t2")
    ),
    "a sync in waves": lambda: Log().begin().say().apply(**waved("-1")).apply("more", **waved("2")).end(),
    "one that failed and then another": lambda: (
        Log().begin("zero").say().end("Failed", entries=0).begin().say(started="t2").apply().end(started="t2")
    ),
    "one that was tried again": lambda: Log().begin().say().apply().say(retry=1).apply().end(),
    "a hook that is deleted before it is made again": lambda: (
        Log()
        .begin()
        .say()
        .apply("migrate", **{HOOK: "PreSync"})
        .delete("migrate")
        .apply("migrate", **{HOOK: "PreSync"})
        .end()
    ),
    "what was changed by hand and put back": lambda: (
        Log()
        .begin()
        .say()
        .apply()
        .end()
        .begin(prune=False, resources=[{"name": "settings"}])
        .say(started="t2")
        .apply()
        .end(started="t2", entries=0)
    ),
    "what was changed by hand before anybody recorded that it was applied": lambda: (
        Log().begin().say().apply().add("patch", "configmaps", "shop", "settings", agent="kubectl").apply().end()
    ),
    "what somebody else does": lambda: (
        Log().add("delete", "configmaps", "elsewhere", "x", agent=SOMEBODY).begin().say().apply().end()
    ),
    "an operation that a person takes away": lambda: Log().begin().say().tell({"operation": None}, agent=SOMEBODY),
}

WRONG: dict[str, tuple[str, Callable[[], Log]]] = {
    "an object that is applied twice": (
        "no object is applied twice in one step of one operation",
        lambda: Log().begin().say().apply().apply().end(),
    ),
    "an object that is applied after the end": (
        "nothing is written outside of an operation",
        lambda: Log().begin().say().end().apply(),
    ),
    "an object that is applied before anybody asked": (
        "nothing is written outside of an operation",
        lambda: Log().apply().begin().say().end(),
    ),
    "a wave that overtakes": (
        "no wave overtakes an earlier one",
        lambda: Log().begin().say().apply(**waved("1")).apply("more", **waved("0")).end(),
    ),
    "a hook that comes too late": (
        "no wave overtakes an earlier one",
        lambda: Log().begin().say().apply().apply("migrate", **{HOOK: "PreSync"}).end(),
    ),
    "a deletion by an operation that does not prune": (
        "nothing is pruned without permission",
        lambda: (
            Log()
            .begin("zero")
            .say()
            .apply("old")
            .end()
            .begin(prune=False)
            .say(started="t2")
            .delete("old")
            .end(started="t2")
        ),
    ),
    "a deletion of what Git has": (
        "nothing is pruned without permission",
        lambda: Log().begin().say().apply().delete("settings").end(),
    ),
    "a deletion of what is to be kept": (
        "nothing is pruned without permission",
        lambda: (
            Log().begin("zero").say().apply("kept").end().begin().say(started="t2").delete("kept").end(started="t2")
        ),
    ),
    "a write into another namespace": (
        "nothing is written outside of the project",
        lambda: Log().begin().say().apply(namespace="elsewhere").end(),
    ),
    "an operation that does not end": ("every operation ends once", lambda: Log().begin().say()),
    "an operation that vanishes": ("every operation ends once", lambda: Log().begin().say().tell({"operation": None})),
    "an operation that ends in two ways": (
        "every operation ends once",
        lambda: Log().begin().say().end("Failed", entries=0).say("Succeeded"),
    ),
    "a sync of what was synced": (
        "what has succeeded is not tried again",
        lambda: Log().begin().say().end().begin().say(started="t2").end(started="t2"),
    ),
    "an operation that goes on after its success": (
        "what has succeeded is not tried again",
        lambda: Log().begin().say().say("Succeeded").say(retry=1).end(),
    ),
    "a sync that is not in the history": (
        "every sync is in the history once",
        lambda: Log().begin().say().end(entries=0),
    ),
    "a sync that is in the history twice": (
        "every sync is in the history once",
        lambda: Log().begin().say().end(entries=2),
    ),
    "a sync that failed and is in the history": (
        "every sync is in the history once",
        lambda: Log().begin().say().end("Failed", entries=1),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_went_right_breaks_no_rule(name: str) -> None:
    assert broken(RIGHT[name]()) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_went_wrong_breaks_the_rule_that_is_about_it(name: str) -> None:
    rule, log = WRONG[name]
    assert broken(log()) == [rule]


def test_every_rule_can_be_broken() -> None:
    assert {rule for rule, _ in WRONG.values()} == RULES.keys()


def test_a_violation_shows_the_writes_that_it_is_about() -> None:
    log = Log().begin().say().apply().apply().end()
    words = str(violations(Story.of(log.written), LAW)[0])
    assert "configmaps shop/settings was applied twice for shop" in words
    assert words.count("patch configmaps shop/settings by foresail") == 2


def test_the_order_is_that_of_the_server_not_that_of_the_log() -> None:
    log = Log().begin().say().apply().end()
    assert violations(Story.of(reversed(log.written)), LAW) == []


EVENT = {
    "stage": "ResponseComplete",
    "verb": "patch",
    "requestURI": "/api/v1/namespaces/shop/configmaps/settings?fieldManager=foresail",
    "userAgent": "foresail",
    "objectRef": {"resource": "configmaps", "namespace": "shop", "name": "settings"},
    "responseStatus": {"code": 200},
    "requestReceivedTimestamp": "2026-01-01T00:00:00.000001Z",
    "requestObject": {"metadata": {"annotations": {TRACKING: "shop:/ConfigMap:shop/settings"}}},
}


def read(**changed: object) -> list[Write]:
    return list(writes([orjson.dumps(EVENT | changed)]))


def test_a_write_is_read_with_whom_it_is_for() -> None:
    [write] = read()
    assert (write.key, write.owner, write.is_ours) == ("configmaps shop/settings", "shop", True)


def test_dry_runs_and_what_was_refused_are_no_writes() -> None:
    assert read(requestURI=f"{EVENT['requestURI']}&dryRun=All") == []
    assert read(responseStatus={"code": 409}) == []
    assert read(responseStatus={}) == []


def test_what_is_created_has_the_name_that_it_was_given() -> None:
    created = {"resource": "jobs", "apiGroup": "batch", "namespace": "shop"}
    [write] = read(verb="create", objectRef=created, responseObject={"metadata": {"name": "migrate-1"}})
    assert replace(write, at="").key == "jobs.batch shop/migrate-1"
