"""What has come of what: cases of `family.yaml` name live objects, and what is below some of them, or of nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.engine.family import Family, Member, in_words, orphans
from bot.engine.projects import Fence
from bot.engine.tracking import tracking_id
from bot.model.projects import AppProject
from bot.model.resources import JsonObject, ResourceKey

CASES: Final = yaml.load((Path(__file__).parent / "family.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
_GROUPS: Final = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "OperatorGroup": "operators.coreos.com/v1",
    "ClusterServiceVersion": "operators.coreos.com/v1alpha1",
    "Widget": "example.com/v1",
}


def named(words: str) -> tuple[str, str, str]:
    """Read `Kind namespace/name`, or `Kind name` for what lies in none."""
    kind, _, place = words.partition(" ")
    namespace, _, name = place.rpartition("/")
    return kind, namespace, name


def live(words: str, said: JsonObject) -> JsonObject:
    kind, namespace, name = named(words)
    key = ResourceKey.of(
        {"apiVersion": _GROUPS.get(kind, "v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    )
    metadata: JsonObject = {"name": name, "namespace": namespace, "uid": said.get("uid", words)}
    metadata["annotations"] = dict(said.get("annotations", {}))
    if instance := said.get("app"):
        metadata["annotations"]["argocd.argoproj.io/tracking-id"] = tracking_id(instance, key)
    owners = said.get("of", [])
    metadata["ownerReferences"] = [
        reference(one, said.get("uid of", one)) for one in ([owners] if isinstance(owners, str) else owners)
    ]
    return {"apiVersion": _GROUPS.get(kind, "v1"), "kind": kind, "metadata": metadata, "spec": said.get("spec")}


def reference(words: str, uid: str) -> JsonObject:
    kind, _, name = named(words)
    return {"apiVersion": _GROUPS.get(kind, "v1"), "kind": kind, "name": name, "uid": uid}


def family(case: JsonObject) -> Family:
    return Family(Member.of(live(words, said or {})) for words, said in case["live"].items())


@pytest.mark.parametrize("case", [one for one in CASES if "tree" in one], ids=lambda case: case["case"])
def test_a_tree_has_each_below_what_it_has_come_of(case: JsonObject) -> None:
    found = family(case)
    roots = [one for words in case["from"] if (one := found.at(Member.of(live(words, {})).key)) is not None]
    lines = [f"{'  ' * one.depth}{one.member.key}" for one in found.below(roots)]
    assert lines == case["tree"].rstrip("\n").split("\n")


@pytest.mark.parametrize("case", [one for one in CASES if "orphans" in one], ids=lambda case: case["case"])
def test_an_orphan_is_what_nobody_declares(case: JsonObject) -> None:
    spec: dict[str, Any] = {"destinations": [{"server": "*", "namespace": "*"}], "orphanedResources": {}}
    project = AppProject.parse({"metadata": {"name": "team"}, "spec": spec | case.get("project", {})})
    found = orphans(
        family(case),
        "shop",
        fence=Fence(project, ("in-cluster",)),
        managed=frozenset(Member.of(live(words, {})).key for words in case.get("managed", ())),
        exists=lambda name: name in {"shop", "bank"},
    )
    assert [str(one.member.key) for one in found] == case["orphans"]


def test_nobody_is_lost_in_a_family_without_end() -> None:
    """A hostile chain, deeper than Python recurses, that ends in a circle."""
    count = 5_000
    members = [
        Member.of(live(f"ConfigMap shop/c{number:05}", {"of": f"ConfigMap shop/c{(number - 1) % count:05}"}))
        for number in range(count)
    ]
    found = Family(members)
    assert [one.depth for one in found.below([members[7]])] == list(range(count))
    assert found.alone("shop") == ()


def test_the_condition_has_argo_cds_words() -> None:
    assert in_words(3) == "Application has 3 orphaned resources"
