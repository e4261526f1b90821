"""The operator's own health rules, in the child that evaluates them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import Rejected
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject
from bot.repository.health.evaluator import OwnHealth

LUA = {
    "Fine": 'return {status = "Healthy", message = obj.metadata.name .. " is fine"}',
    "Global": 'hs = {} hs.status = "Degraded" if count then hs.status = "Healthy" end count = 1 return hs',
    "Conditions": """
        for i, condition in ipairs(obj.status.conditions) do
          if condition.status ~= "True" then goto continue end
          if condition.type == "Ready" then return {status = "Healthy", message = condition.message} end
          ::continue::
        end
        return {status = "Progressing"}
    """,
    "Numbers": 'return {status = "Suspended", message = obj.status.ready .. "/" .. table.getn(obj.status.list)}',
    "Secretive": 'return {status = "Healthy", message = obj.spec.password .. " " .. obj.spec.size}',
    "Clock": 'local os = require("os") return {status = "Healthy", message = os.date("!%Y", 0)}',
    "Silent": "return {}",
    "Nothing": "return nil",
    "Bare": "return",
    "Text": 'return "Healthy"',
    "Odd": 'return {status = "Splendid"}',
    "Faulty": "return {status = obj.status.phase.name}",
    "Unreadable": "return {",
    "Thrown": 'error({}) return {status = "Healthy"}',
    "Wide": 'return {status = ("x"):rep(1e9)}',
    "Cut": 'return {status = "Healthy", message = string.sub("ü", 1, 1)}',
    "Long": 'return {status = "Healthy", message = ("x"):rep(5000)}',
    "Backtracking": 'return {status = ("a"):rep(5000):find(".-.-.-.-b")}',
}
FORBIDDEN = ("io", "debug", "package", "load", "loadfile", "loadstring", "dofile", "python", "collectgarbage")
CEL = """
CEL/Ship:
  suspended: has(object.spec.paused) && object.spec.paused
  degraded: has(object.status.phase) && object.status.phase == "Sunk"
  healthy: has(object.status.phase) && object.status.phase == "Afloat"
  message: 'has(object.status.phase) ? "It is " + object.status.phase : ""'
CEL/Plain: {healthy: 'true'}
CEL/Faulty: {healthy: object.status.phase == "Afloat"}
CEL/Unreadable: {healthy: "=="}
CEL/Number: {healthy: "1"}
CEL/Unknown: {healthy: nosuch(object)}
"""


def keys() -> dict[str, str]:
    scripts = {f"resource.customizations.health.Lua_{kind}": script for kind, script in LUA.items()}
    forbidden = {
        f"resource.customizations.health.No_{name}": f'return {{status = {name} and "Degraded" or "Healthy"}}'
        for name in (*FORBIDDEN, "os.execute", "os.getenv", "os.exit", "os.remove", "string.dump")
    }
    return {**scripts, **forbidden, "foresail.health": CEL}


@pytest.fixture(scope="module")
def health() -> Iterator[OwnHealth]:
    found = OwnHealth(keys)
    yield found
    found.close()


def obj(group: str, kind: str, **fields: Any) -> JsonObject:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "x"}, **fields}


def lua(health: OwnHealth, kind: str, **fields: Any) -> tuple[Health, str]:
    found = health(obj("Lua", kind, **fields))
    assert found is not None
    return found.status, found.message


def test_a_script_of_argo_cds_is_run(health: OwnHealth) -> None:
    assert lua(health, "Fine") == (Health.HEALTHY, "x is fine")
    ready = {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True", "message": "gut: ü"}]}
    assert lua(health, "Conditions", status=ready) == (Health.HEALTHY, "gut: ü")
    assert lua(health, "Conditions", status={"conditions": []}) == (Health.PROGRESSING, "")
    assert lua(health, "Numbers", status={"ready": 2, "list": [1, 2, 3]}) == (Health.SUSPENDED, "2/3")
    assert lua(health, "Clock") == (Health.HEALTHY, "1970")


def test_no_run_sees_what_another_has_left(health: OwnHealth) -> None:
    assert [lua(health, "Global")[0] for _ in range(2)] == [Health.DEGRADED, Health.DEGRADED]


@pytest.mark.parametrize("kind", ["Silent", "Nothing", "Bare"])
def test_a_script_may_say_that_a_kind_has_no_health(health: OwnHealth, kind: str) -> None:
    assert health(obj("Lua", kind, status={"conditions": [{"type": "Ready", "status": "False"}]})) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Text", "it returns a string, not a table"),
        ("Odd", "it gives 'Splendid', which is no health"),
        ("Faulty", "rule:1: attempt to index field 'status' (a nil value)"),
        ("Unreadable", "rule:1: unexpected symbol near <eof>"),
        ("Thrown", "table: "),
        ("Wide", "not enough memory"),
    ],
)
def test_a_script_that_fails_makes_its_object_unknown_with_lua_words(health: OwnHealth, kind: str, words: str) -> None:
    status, message = lua(health, kind)
    assert status is Health.UNKNOWN
    assert message.startswith(f"The rule resource.customizations.health.Lua_{kind} fails: {words}")


def test_words_are_text_whatever_a_script_makes_of_them(health: OwnHealth) -> None:
    assert lua(health, "Cut") == (Health.HEALTHY, "\N{REPLACEMENT CHARACTER}")
    assert len(lua(health, "Long")[1]) == 1_000


def test_a_script_that_takes_too_long_is_ended_and_takes_nothing_along() -> None:
    health = OwnHealth(keys)
    words = "The rule resource.customizations.health.Lua_Backtracking fails: it takes longer than 1 s"
    try:
        assert lua(health, "Backtracking") == (Health.UNKNOWN, words)
        assert lua(health, "Fine") == (Health.HEALTHY, "x is fine")
        child = health._child  # noqa: SLF001 - which one it is tells whether the script was run again
        assert lua(health, "Backtracking") == (Health.UNKNOWN, words)
        assert health._child is child  # noqa: SLF001
    finally:
        health.close()


@pytest.mark.parametrize("name", [*FORBIDDEN, "os.execute", "os.getenv", "os.exit", "os.remove", "string.dump"])
def test_a_script_reaches_no_file_no_process_and_no_python(health: OwnHealth, name: str) -> None:
    assert health(obj("No", name)) == HealthStatus(Health.HEALTHY)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": {"phase": "Afloat"}}, (Health.HEALTHY, "It is Afloat")),
        ({"status": {"phase": "Sunk"}}, (Health.DEGRADED, "It is Sunk")),
        ({"status": {"phase": "Docked"}}, (Health.PROGRESSING, "It is Docked")),
        ({"spec": {"paused": True}, "status": {"phase": "Sunk"}}, (Health.SUSPENDED, "It is Sunk")),
        ({}, (Health.PROGRESSING, "")),
    ],
)
def test_expressions_are_asked_in_their_order(health: OwnHealth, fields: JsonObject, expected: Any) -> None:
    assert health(obj("CEL", "Ship", **fields)) == HealthStatus(*expected)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Faulty", "healthy: no such key: phase"),
        ("Number", "healthy: gives int, not true or false"),
        ("Unreadable", "healthy: "),
        ("Unknown", "healthy: "),
    ],
)
def test_an_expression_that_fails_makes_its_object_unknown(health: OwnHealth, kind: str, words: str) -> None:
    found = health(obj("CEL", kind))
    assert found is not None
    assert found.status is Health.UNKNOWN
    assert found.message.startswith(f"The rule foresail.health: CEL/{kind} fails: {words}")


def test_kinds_without_a_rule_of_the_operators_are_judged_as_ever(health: OwnHealth) -> None:
    assert health(obj("cert-manager.io", "Issuer")) is not None
    assert health({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}) is None
    assert health({"apiVersion": ["x"], "kind": 3}) is not None


def test_no_rule_sees_a_secret_value(health: OwnHealth) -> None:
    told = lua(health, "Secretive", spec={"password": "hunter2", "size": 3})
    assert told == (Health.HEALTHY, "<redacted > 3")


def test_an_object_that_is_being_deleted_is_so_whatever_a_rule_says(health: OwnHealth) -> None:
    deleted = obj("Lua", "Fine") | {"metadata": {"name": "x", "deletionTimestamp": "2026-01-02T00:00:00Z"}}
    assert health(deleted) == HealthStatus(Health.PROGRESSING, "Pending deletion")


def test_an_object_nested_without_end_is_refused_in_words(health: OwnHealth) -> None:
    nested: JsonObject = {}
    for _ in range(2_000):
        nested = {"a": nested}
    status, message = lua(health, "Fine", spec=nested)
    assert (status, "nested" in message) == (Health.UNKNOWN, True)


def test_a_child_that_was_killed_is_replaced() -> None:
    health = OwnHealth(keys)
    try:
        assert lua(health, "Fine")[0] is Health.HEALTHY
        assert health._child is not None  # noqa: SLF001 - there is no other way to get at it
        os.kill(health._child._process.pid, signal.SIGKILL)  # noqa: SLF001
        assert lua(health, "Fine")[0] is Health.HEALTHY
    finally:
        health.close()


def test_threads_get_each_their_own_answer(health: OwnHealth) -> None:
    answers: dict[str, HealthStatus | None] = {}

    def ask(name: str) -> None:
        answers[name] = health(obj("Lua", "Fine") | {"metadata": {"name": name}})

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: found.message for name, found in answers.items() if found} == {
        str(number): f"{number} is fine" for number in range(20)
    }


def test_rules_that_have_changed_are_read_again_and_bad_ones_leave_those_before_in_force() -> None:
    key = "resource.customizations.health.example.com_Ship"
    current = {key: 'return {status = "Degraded"}'}
    health = OwnHealth(lambda: dict(current), read_again=0.0)
    try:
        assert health(obj("example.com", "Ship")) == HealthStatus(Health.DEGRADED)
        current[key] = 'return {status = "Healthy"}'
        assert health(obj("example.com", "Ship")) == HealthStatus(Health.HEALTHY)
        current["foresail.health"] = "["
        with capture_logs() as logs:
            assert health(obj("example.com", "Ship")) == HealthStatus(Health.HEALTHY)
        assert "foresail.health: is not YAML" in logs[0]["reason"]
    finally:
        health.close()


def test_rules_that_are_bad_from_the_beginning_are_refused() -> None:
    with pytest.raises(Rejected):
        OwnHealth(lambda: {"foresail.health": "["})
