"""The roles of a project say who may give which command about its applications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, application, config_map
from tests.functional.test_commands import answer, ask
from tests.functional.test_holds import record


def set_role(shop: Shop, *policies: str) -> None:
    lines = [f"p, proj:{shop.name}:deploy, applications, {policy}" for policy in policies]
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"name": "*", "namespace": "*"}],
        "roles": [{"name": "deploy", "groups": ["@ana"], "policies": lines}],
    }
    metadata = {"name": shop.name, "namespace": shop.stage.control_namespace}
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(project))


@pytest.fixture
def shop(open_shop: Opener) -> Iterator[Shop]:
    """Return a shop with a project of its own, in which ana may sync and hold."""
    opened = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    set_role(opened, f"sync, {opened.name}/*, allow", f"update, {opened.name}/*, allow")
    declared = application(opened).replace("project: default", f"project: {opened.name}")
    opened.await_sync(opened.repository.push("main", {f".foresail/{opened.name}.yaml": declared}))
    yield opened
    opened.stage.plane.kubectl("delete", "appproject", opened.name, "-n", opened.stage.control_namespace)


def conditions(shop: Shop) -> list[dict[str, Any]]:
    return list(record(shop).get("status", {}).get("conditions", []))


def told(shop: Shop, number: int) -> str:
    return answer(shop, number).replace("`", "")


def test_only_who_has_the_role_gives_the_command_and_a_wrong_policy_is_told(shop: Shop) -> None:
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="red")})
    shop.await_preview(number)
    ask(shop, number, f"/foresail hold {shop.name}", user="ben")
    assert f"takes a role of project {shop.name} that allows update, and ben has none" in told(shop, number)
    ask(shop, number, f"/foresail hold {shop.name}", user="ana")
    assert f"{shop.name}: held by ana" in told(shop, number)
    ask(shop, number, f"/foresail release {shop.name}", user="ben")
    assert "and ben has none" in told(shop, number)

    set_role(shop, f"sync, {shop.name}/*, allow", f"snyc, {shop.name}/*, allow")
    shop.stage.until(
        lambda: any(one["type"] == "InvalidSpecError" and "snyc" in one["message"] for one in conditions(shop)),
        what="what the Application says of its project",
    )
    assert record(shop)["status"]["sync"]["status"] == "Synced"
    ask(shop, number, f"/foresail release {shop.name}", user="ana")
    assert "names the action 'snyc', which there is not" in told(shop, number)
