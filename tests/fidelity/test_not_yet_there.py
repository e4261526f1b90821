"""What a change brings along: shown as an estimate, refused when it comes too late, and weighed all together."""

from __future__ import annotations

from typing import Any

from bot.model.reports import Action
from bot.model.resources import JsonObject
from tests.fidelity.changes import Change, Hand, Piece
from tests.fidelity.fleet import Fleet, Outcome
from tests.fidelity.verdict import differences


def make(kind: str, name: str, api: str = "v1", wave: str = "0", **fields: Any) -> JsonObject:
    annotations = {"argocd.argoproj.io/sync-wave": wave}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "annotations": annotations}, **fields}


def added(*objects: JsonObject) -> Change:
    return Change(tuple(Piece(None, one, Hand.NOTHING, {}) for one in objects), "")


def of(outcome: Outcome, kind: str) -> tuple[Action, str, str]:
    assert outcome.report is not None
    found = next(one for one in outcome.report.resources if one.key.kind == kind)
    return found.action, found.estimated, found.failure


POD: JsonObject = {"containers": [{"name": "main", "image": "web:1"}], "priorityClassName": "APP-urgent"}


def test_a_pod_whose_priority_class_comes_first_is_estimated(fleet: Fleet) -> None:
    urgent = make("PriorityClass", "APP-urgent", "scheduling.k8s.io/v1", "-1", value=1)
    (outcome,) = fleet.carry_out([added(urgent, make("Pod", "pod", spec=POD))])

    action, estimated, failure = of(outcome, "Pod")
    assert (action, failure) == (Action.CREATE, "")
    assert estimated.startswith(f"its PriorityClass {outcome.name}-urgent does not exist yet")
    assert differences(outcome) == []


def test_a_pod_whose_priority_class_comes_too_late_is_refused(fleet: Fleet) -> None:
    late = make("PriorityClass", "APP-urgent", "scheduling.k8s.io/v1", value=1)
    (outcome,) = fleet.carry_out([added(late, make("Pod", "pod", spec=POD))])

    assert f"no PriorityClass with name {outcome.name}-urgent was found" in of(outcome, "Pod")[2]
    assert differences(outcome) == []


def test_an_object_of_a_new_kind_is_filled_in_by_its_schema(fleet: Fleet) -> None:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}},
    }
    spec = {
        "group": "APP.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Gizmo", "plural": "gizmos"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    }
    definition = make("CustomResourceDefinition", "gizmos.APP.example.com", "apiextensions.k8s.io/v1", spec=spec)
    gizmo = make("Gizmo", "one", "APP.example.com/v1", spec={})
    (outcome,) = fleet.carry_out([added(definition, gizmo)])

    assert outcome.report is not None
    found = next(one for one in outcome.report.resources if one.key.kind == "Gizmo")
    assert found.estimated.endswith("filled in by the schema of its definition")
    assert "+  size: 3" in found.effect_diff
    assert differences(outcome) == []


def test_what_exceeds_a_quota_only_together_is_refused_as_the_sync_is(fleet: Fleet) -> None:
    quota = make("ResourceQuota", "team", spec={"hard": {"count/leases.coordination.k8s.io": "2"}})
    leases = [make("Lease", f"lease-{number}", "coordination.k8s.io/v1") for number in range(4)]
    kept = Piece(quota, quota, Hand.NOTHING, {})
    change = Change((kept, *added(*leases).pieces), "")
    (outcome,) = fleet.carry_out([change])

    assert outcome.report is not None
    refused = [one.key.name for one in outcome.report.resources if one.failure]
    assert refused == ["lease-2", "lease-3"]
    assert differences(outcome) == []


def test_a_renamed_object_is_told_at_both_of_its_names(fleet: Fleet) -> None:
    data = {"one": "1", "two": "2"}
    old, new = make("ConfigMap", "old", data=data), make("ConfigMap", "new", data=data)
    change = Change((Piece(old, None, Hand.NOTHING, {}), Piece(None, new, Hand.NOTHING, {})), "")
    (outcome,) = fleet.carry_out([change])

    assert outcome.report is not None
    name = outcome.name
    assert {one.note for one in outcome.report.resources} == {f"renamed to {name}/new", f"renamed from {name}/old"}
    assert differences(outcome) == []
