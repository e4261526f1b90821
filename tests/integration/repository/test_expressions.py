"""jq path expressions that others wrote, in the process that evaluates them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import Rejected
from bot.repository.expressions import Expressions

POD = {"kind": "Pod", "spec": {"containers": [{"name": "web", "env": [{"name": "A"}]}, {"name": "log"}]}}


@pytest.fixture(scope="module")
def find() -> Iterator[Expressions]:
    expressions = Expressions()
    yield expressions
    expressions.close()


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        (".spec.replicas", [["spec", "replicas"]]),
        (".spec.containers[].name", [["spec", "containers", 0, "name"], ["spec", "containers", 1, "name"]]),
        ('.spec.containers[] | select(.name == "log")', [["spec", "containers", 1]]),
        (".spec.containers[0:1]", [["spec", "containers", {"start": 0, "end": 1}]]),
        ('.metadata.annotations["a/b"], .kind', [["metadata", "annotations", "a/b"], ["kind"]]),
        ('.. | select(type == "object" and .name == "A")', [["spec", "containers", 0, "env", 0]]),
        (".webhooks[]?", []),
    ],
)
def test_an_expression_leads_to_places(find: Expressions, expression: str, places: Any) -> None:
    assert find(expression, POD) == places


@pytest.mark.parametrize("expression", [".webhooks[].caBundle", ".kind.name", 'error("no")'])
def test_one_that_fails_on_an_object_finds_nothing_to_say(find: Expressions, expression: str) -> None:
    assert find(expression, POD) is None


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (".spec +", "syntax error"),
        ("nosuch", "nosuch/0 is not defined"),
        ('"text"', "it is no path"),
        ("keys", "it is no path"),
        ("(.,.)|" * 30 + ".", "more than 10,000 places"),
        ("first(range(1e12) | select(. < 0))", "takes longer than 1 s on a"),
        ('"a" * 1000000000 | .[0]', "ends jq"),
        ("", "syntax error"),
    ],
)
def test_one_that_cannot_be_used_is_refused_with_the_reason(find: Expressions, expression: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        find(expression, {"kind": "a thing"})


def test_no_file_and_no_environment_can_be_read(find: Expressions) -> None:
    assert find("if [env.PATH, env.HOME, env.USER] == [null, null, null] then .kind else .spec end", POD) == [["kind"]]
    with pytest.raises(Rejected):
        find("input_filename | .[0]", POD)


def test_a_process_that_was_ended_is_replaced(find: Expressions) -> None:
    assert find(".kind", POD) == [["kind"]]
    for child in _children():
        os.kill(child, signal.SIGKILL)
    assert find(".kind", POD) == [["kind"]]


def test_it_ends_with_the_one_who_asked() -> None:
    others = _children()
    expressions = Expressions()
    expressions(".kind", POD)
    started = _children() - others
    del expressions
    assert len(started) == 1
    assert not started & _children()


def _children() -> set[int]:
    """Return the processes that evaluate expressions for this one."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "bot.repository.expressions" in line}


def test_an_object_that_no_json_can_hold_is_refused_in_words(find: Expressions) -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"a": deep}
    with pytest.raises(Rejected, match="nested too deep"):
        find(".a", deep)
