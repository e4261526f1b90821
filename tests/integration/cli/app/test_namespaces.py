"""Applications of other namespaces on the command line: named with theirs, or by -N."""

from __future__ import annotations

import json
import uuid

import pytest
import yaml

from tests.integration.cli.app.conftest import MANIFESTS, Desk


@pytest.fixture
def team(desk: Desk) -> str:
    """Have an Application `shop` in the control namespace and another in a team's; return that."""
    name = f"team-{uuid.uuid4().hex[:8]}"
    desk.plane.kubectl("create", "namespace", name)
    usual = yaml.safe_load((MANIFESTS / "shop.yaml").read_text(encoding="utf-8"))
    given = {**usual, "metadata": {"name": "shop"}, "spec": {**usual["spec"], "syncPolicy": {}}}
    desk.plane.kubectl("create", f"--namespace={name}", "--filename=-", stdin=json.dumps(given))
    desk.has("shop")
    return name


def test_an_application_is_named_with_its_namespace(desk: Desk, team: str) -> None:
    assert desk.app("list", "-o", "name").out == "shop\n"
    assert desk.app("list", "-N", team, "-o", "name").out == f"{team}/shop\n"
    same = [desk.app("get", *words, "-o", "name").out for words in ([f"{team}/shop"], ["shop", "-N", team])]
    assert same == [f"{team}/shop\n"] * 2
    assert desk.app("get", f"{desk.namespace}/shop", "-o", "name").out == "shop\n"
    missing = desk.app("get", "bank", "-N", team)
    assert missing.code == 20
    assert f"there is no Application 'bank' in namespace {team}" in missing.err
    assert f"There is: {team}/shop." in missing.err


def test_an_operation_is_written_to_the_one_that_is_named(desk: Desk, team: str) -> None:
    done = desk.app("sync", f"{team}/shop")
    assert (done.code, done.out) == (0, f"{team}/shop: operation started\n")
    found = json.loads(desk.plane.kubectl("get", "application", "shop", f"--namespace={team}", "--output=json"))
    assert "operation" in found
    assert "operation" not in desk.read("shop")
    assert desk.app("terminate", "shop", "-N", team, "--wait").code == 0
    assert f"{team}/shop" in desk.app("wait", "shop", "-N", team, "--operation", "--timeout", "60").out


def test_one_of_two_is_deleted(desk: Desk, team: str) -> None:
    assert desk.app("delete", "shop", "-N", team, "--no-cascade", "--wait", "--timeout", "60").code == 0
    assert desk.app("list", "-N", team, "-o", "name").out == ""
    assert desk.app("list", "-o", "name").out == "shop\n"
