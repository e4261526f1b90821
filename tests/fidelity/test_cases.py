"""What generated changes once showed to be predicted wrong, and what they rarely come upon: one case each."""

from __future__ import annotations

from typing import Any

from bot.engine.writes import DELETION_APPROVED
from bot.model.reports import Action, ResourceReport
from bot.model.resources import JsonObject
from tests.fidelity.changes import Change, Hand, Piece
from tests.fidelity.fleet import Fleet, Outcome
from tests.fidelity.verdict import differences

OPTIONS = "argocd.argoproj.io/sync-options"
CONTAINERS: JsonObject = {"containers": [{"name": "main", "image": "web:1"}]}


def make(kind: str, name: str = "one", api: str = "v1", options: str = "", **fields: Any) -> JsonObject:
    metadata = {"name": name} | ({"annotations": {OPTIONS: options}} if options else {}) | fields.pop("metadata", {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def carried_out(
    fleet: Fleet, *pieces: Piece, option: str = "", before: str = "", ignored: JsonObject | None = None
) -> Outcome:
    (outcome,) = fleet.carry_out([Change(pieces, option, before, ignored or {})])
    assert differences(outcome) == []
    return outcome


def told(outcome: Outcome, kind: str) -> ResourceReport:
    assert outcome.report is not None
    return next(one for one in outcome.report.resources if one.key.kind == kind)


def became(outcome: Outcome, kind: str) -> JsonObject:
    return next(obj for key, obj in outcome.after.items() if key.kind == kind)


def test_what_kubectl_applied_and_git_lacks_goes_with_the_first_sync(fleet: Fleet) -> None:
    by_hand = make("ConfigMap", data={"a": "1", "b": "2"})
    wanted = make("ConfigMap", data={"a": "1"})
    outcome = carried_out(fleet, Piece(None, wanted, Hand.APPLY, by_hand))

    assert '-  b: "2"' in told(outcome, "ConfigMap").effect_diff
    assert became(outcome, "ConfigMap")["data"] == {"a": "1"}


def test_what_goes_with_a_take_over_is_filled_in_by_the_server(fleet: Fleet) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": CONTAINERS}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    by_hand = make("Deployment", api="apps/v1", spec={**spec, "revisionHistoryLimit": 3, "paused": True})
    outcome = carried_out(fleet, Piece(None, make("Deployment", api="apps/v1", spec=spec), Hand.APPLY, by_hand))

    found = told(outcome, "Deployment")
    assert "+  revisionHistoryLimit: 10" in found.effect_diff
    assert found.estimated == ""


def test_labels_go_though_another_owns_the_place_they_stand_in(fleet: Fleet) -> None:
    first = make("ConfigMap", options="Replace=true", metadata={"labels": {"app": "web"}})
    first["metadata"]["annotations"] = {OPTIONS: "Replace=true"}
    by_hand = make("ConfigMap", metadata={"labels": {"app": "api", "tier": "front"}})
    outcome = carried_out(fleet, Piece(first, make("ConfigMap"), Hand.APPLY, by_hand))

    assert "labels" not in became(outcome, "ConfigMap")["metadata"]


def test_what_a_change_spares_from_being_replaced_is_changed_in_place(fleet: Fleet) -> None:
    base = make("ConfigMap", options="Replace=true", data={"a": "1"}, binaryData={"b": "////"})
    head = make("ConfigMap", options="Replace=false", data={"a": "1"}, immutable=True)
    by_hand = make("ConfigMap", immutable=True, binaryData={"b": "AAEC"})
    outcome = carried_out(fleet, Piece(base, head, Hand.EDIT, by_hand))

    found = told(outcome, "ConfigMap")
    assert (found.action, found.drift) == (Action.CHANGE, Action.REPLACE)
    assert found.note == "is changed in place; a sync without this change would delete it and create it again"


def test_a_refusal_quotes_what_others_own_of_a_set(fleet: Fleet) -> None:
    def binding(actions: list[str], policy: str, **metadata: Any) -> JsonObject:
        api, spec = "admissionregistration.k8s.io/v1", {"policyName": policy, "validationActions": actions}
        return make("ValidatingAdmissionPolicyBinding", name="APP-one", api=api, spec=spec, metadata=metadata)

    base = binding(["Deny"], "nobody-has-it", labels={"app": "web", "tier": ""})
    by_hand = binding(["Audit", "Warn"], "nobody-has-it", labels={"app": "web"})
    piece = Piece(base, binding(["Deny", "Warn"], "nor-this"), Hand.EDIT, by_hand)
    outcome = carried_out(fleet, piece, before="ServerSideApply=false,Force=true")

    assert '["Audit","Deny","Warn"]' in told(outcome, "ValidatingAdmissionPolicyBinding").failure


def test_what_a_manager_wrote_is_kept_as_foretold_though_a_take_over_leaves_it_nothing(fleet: Fleet) -> None:
    by_hand, wanted = (make("ConfigMap", data={"a": text}) for text in ("by hand", "from Git"))
    outcome = carried_out(
        fleet,
        Piece(None, wanted, Hand.APPLY, by_hand),
        option="RespectIgnoreDifferences=true",
        ignored={"managedFieldsManagers": ["kubectl-client-side-apply"]},
    )

    assert became(outcome, "ConfigMap")["data"] == {"a": "by hand"}
    assert [one.differences for one in outcome.results.values()] == [()]


def test_deletions_that_come_last_are_shown_though_a_refusal_ends_the_sync_before(fleet: Fleet) -> None:
    refused = make("ConfigMap", name="two", data={"a": "1"}, immutable=True)
    last = make("ConfigMap", options="PruneLast=true", data={"a": "1"})
    changed = {**refused, "data": {"a": "2"}}
    outcome = carried_out(fleet, Piece(last, None, Hand.NOTHING, {}), Piece(refused, changed, Hand.NOTHING, {}))

    assert outcome.report is not None
    assert {one.key.name: one.action for one in outcome.report.resources}["one"] is Action.PRUNE
    assert became(outcome, "ConfigMap")


def test_what_is_being_deleted_already_is_not_said_to_be_deleted_by_the_sync(fleet: Fleet) -> None:
    held = make("ConfigMap", metadata={"finalizers": ["example.com/hold"]})
    outcome = carried_out(fleet, Piece(held, None, Hand.DELETE, {}))

    assert [one.differences for one in outcome.results.values()] == [()]
    assert told(outcome, "ConfigMap").note == (
        "is being deleted already; a sync without this change would create it again"
    )


def test_what_is_emptied_by_a_take_over_goes_though_git_names_it(fleet: Fleet) -> None:
    def web(context: JsonObject, options: str = "") -> JsonObject:
        containers = [{"name": "main", "image": "web:1", "securityContext": context}]
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
        return make("Deployment", api="apps/v1", options=options, spec=spec)

    piece = Piece(web({}, "Replace=true"), web({}, "Force=true"), Hand.APPLY, web({"runAsUser": 1000}))
    outcome = carried_out(fleet, piece)

    (container,) = became(outcome, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert "securityContext" not in container


def test_a_field_that_the_server_does_not_let_go_is_refused(fleet: Fleet) -> None:
    by_hand = make("Pod", spec={**CONTAINERS, "activeDeadlineSeconds": 600})
    outcome = carried_out(fleet, Piece(None, make("Pod", spec=CONTAINERS), Hand.APPLY, by_hand))

    assert "spec.activeDeadlineSeconds" in told(outcome, "Pod").failure


def test_what_is_refused_only_beside_what_goes_is_not_predicted_to_fail(fleet: Fleet) -> None:
    by_hand = make("Service", spec={"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]})
    wanted = make("Service", spec={"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080}]})
    outcome = carried_out(fleet, Piece(None, wanted, Hand.APPLY, by_hand))

    assert told(outcome, "Service").estimated.startswith("the API server refuses it beside fields")
    assert [port["port"] for port in became(outcome, "Service")["spec"]["ports"]] == [8080]


def test_what_is_refused_only_beside_what_a_replacement_wrote_is_not_predicted_to_fail(fleet: Fleet) -> None:
    target = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    low, high = ({**target, "maxReplicas": 1}, {**target, "minReplicas": 2, "maxReplicas": 3})
    base, head = (make("HorizontalPodAutoscaler", api="autoscaling/v2", spec=spec) for spec in (high, low))
    outcome = carried_out(fleet, Piece(base, head, Hand.NOTHING, {}), before="Replace=true")

    assert told(outcome, "HorizontalPodAutoscaler").failure == ""
    assert became(outcome, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 1


def test_a_refusal_stands_where_nothing_goes_that_it_is_about(fleet: Fleet) -> None:
    def level(response: JsonObject, options: str = "") -> JsonObject:
        spec = {"type": "Limited", "limited": {"limitResponse": response}}
        return make("PriorityLevelConfiguration", "APP-one", "flowcontrol.apiserver.k8s.io/v1", options, spec=spec)

    by_hand = level({"type": "Queue", "queuing": {"queues": 8, "queueLengthLimit": 50, "handSize": 4}})
    base, head = level({"type": "Reject"}, "Replace=true"), level({"type": "Reject"})
    outcome = carried_out(fleet, Piece(base, head, Hand.EDIT, by_hand))

    assert "queuing: Forbidden" in told(outcome, "PriorityLevelConfiguration").failure


def test_what_stays_and_stands_in_the_way_is_predicted_to_fail(fleet: Fleet) -> None:
    ports = [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "TCP"}]
    base, head = (make("Service", options=one, spec={"ports": ports}) for one in ("", "Force=true"))
    by_hand = make("Service", spec={"ports": [ports[0], {"name": "dns", "port": 53, "protocol": "UDP"}]})
    outcome = carried_out(fleet, Piece(base, head, Hand.EDIT, by_hand), before="ServerSideApply=false")

    assert 'Duplicate value: "dns"' in told(outcome, "Service").failure


def test_a_secrets_texts_stay_where_they_were_applied_on_the_client(fleet: Fleet) -> None:
    base, head = (make("Secret", data={"password": "b25l"}, stringData={"token": text}) for text in ("", "a"))
    outcome = carried_out(fleet, Piece(base, head, Hand.NOTHING, {}), before="ServerSideApply=false")

    assert became(outcome, "Secret")["data"] == {"password": "b25l", "token": "YQ=="}


def test_an_empty_list_that_may_stay_is_estimated(fleet: Fleet) -> None:
    widget = make("Widget", api="fidelity.example.com/v1", spec={"size": 2})
    by_hand = make("Widget", api="fidelity.example.com/v1", spec={"size": 2, "parts": []})
    outcome = carried_out(fleet, Piece(None, widget, Hand.APPLY, by_hand))

    assert told(outcome, "Widget").estimated.startswith("an empty list")


def test_what_a_replacement_wrote_goes_once_it_is_applied(fleet: Fleet) -> None:
    first = make("ConfigMap", options="Replace=true", data={"a": "1", "b": "2"})
    outcome = carried_out(fleet, Piece(first, make("ConfigMap", data={"a": "1"}), Hand.NOTHING, {}))

    assert OPTIONS not in became(outcome, "ConfigMap")["metadata"]["annotations"]
    assert became(outcome, "ConfigMap")["data"] == {"a": "1"}


def test_metadata_stays_though_nothing_in_it_does(fleet: Fleet) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    spec: JsonObject = {
        "group": "APP.example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
    }
    other = {**spec, "names": {**spec["names"], "shortNames": ["th"]}}
    base, head = (
        make("CustomResourceDefinition", "things.APP.example.com", "apiextensions.k8s.io/v1", options, spec=one)
        for one, options in ((spec, "Replace=true"), (other, ""))
    )
    outcome = carried_out(fleet, Piece(base, head, Hand.NOTHING, {}))

    assert told(outcome, "CustomResourceDefinition").failure == ""


def test_a_replacement_takes_away_what_a_hand_added(fleet: Fleet) -> None:
    wanted, other = make("ConfigMap", data={"a": "1"}), make("ConfigMap", "two")
    added = Piece(wanted, wanted, Hand.EDIT, {"data": {"b": "2"}})
    outcome = carried_out(fleet, added, Piece(None, other, Hand.NOTHING, {}), option="Replace=true")

    assert told(outcome, "ConfigMap").drift is Action.CHANGE
    assert all("b" not in obj.get("data", {}) for obj in outcome.after.values())


def test_a_job_that_cannot_be_replaced_is_applied(fleet: Fleet) -> None:
    template = {"spec": {**CONTAINERS, "restartPolicy": "Never"}}
    base, head = (make("Job", api="batch/v1", spec={"template": template, "parallelism": count}) for count in (1, 2))
    outcome = carried_out(fleet, Piece(base, head, Hand.NOTHING, {}), option="Replace=true")

    assert told(outcome, "Job").action is Action.CHANGE
    assert became(outcome, "Job")["spec"]["parallelism"] == 2


def test_a_binding_whose_role_changes_is_replaced_by_force(fleet: Fleet) -> None:
    group = "rbac.authorization.k8s.io"
    roles = [{"apiGroup": group, "kind": "Role", "name": name} for name in ("one", "two")]
    base, head = (make("RoleBinding", api=f"{group}/v1", roleRef=role) for role in roles)
    outcome = carried_out(fleet, Piece(base, head, Hand.NOTHING, {}), option="Force=true")

    assert told(outcome, "RoleBinding").action is Action.REPLACE


def test_what_was_deleted_to_be_created_again_does_not_wait_for_others(fleet: Fleet) -> None:
    def claim(storage_class: str) -> JsonObject:
        resources = {"requests": {"storage": "1Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": storage_class}
        return make("PersistentVolumeClaim", spec=spec)

    template = {"metadata": {"labels": {"app": "web"}}, "spec": CONTAINERS}
    never_healthy = make(
        "ReplicaSet", api="apps/v1", spec={"selector": {"matchLabels": {"app": "web"}}, "template": template}
    )
    replaced = Piece(claim("slow"), claim("fast"), Hand.NOTHING, {})
    outcome = carried_out(fleet, replaced, Piece(None, never_healthy, Hand.NOTHING, {}), option="Force=true")

    assert became(outcome, "PersistentVolumeClaim")["spec"]["storageClassName"] == "fast"


def test_nothing_is_written_where_an_object_is_shared_and_must_not_be(fleet: Fleet) -> None:
    shared = Piece(make("ConfigMap"), make("ConfigMap", data={"a": "1"}), Hand.SHARE, {})
    outcome = carried_out(fleet, shared, option="FailOnSharedResource=true")

    assert outcome.report is not None
    assert outcome.report.failure == (
        f"Shared resource found: ConfigMap/one is part of applications fidelity/{outcome.name} and other"
    )
    assert "data" not in became(outcome, "ConfigMap")


def test_a_deletion_that_a_person_has_to_approve_is_told_and_waits(fleet: Fleet) -> None:
    doomed = make("ConfigMap", options="Prune=confirm")
    (outcome,) = fleet.carry_out([Change((Piece(doomed, None, Hand.NOTHING, {}),), "")])

    found = told(outcome, "ConfigMap")
    assert found.action is Action.PRUNE
    assert DELETION_APPROVED in found.note
    assert outcome.state is not None
    assert outcome.state.message == "waiting for pruning confirmation of /ConfigMap/one"
    assert became(outcome, "ConfigMap")["metadata"]["name"] == "one"


def test_what_kubectl_applied_and_nothing_can_merge_is_told_in_the_servers_words(fleet: Fleet) -> None:
    by_hand, wanted = (
        make("ControllerRevision", api="apps/v1", revision=1, data={"spec": {"a": value}}) for value in (1, 2)
    )
    outcome = carried_out(fleet, Piece(None, wanted, Hand.APPLY, by_hand), option="Force=true")

    assert told(outcome, "ControllerRevision").action is Action.REPLACE
    assert became(outcome, "ControllerRevision")["data"] == {"spec": {"a": 2}}


def test_what_kubectl_applied_and_nothing_can_merge_is_refused_as_a_sync_is(fleet: Fleet) -> None:
    by_hand, wanted = (
        make("ControllerRevision", api="apps/v1", revision=1, data={"spec": {"a": value}}) for value in (1, 2)
    )
    outcome = carried_out(fleet, Piece(None, wanted, Hand.APPLY, by_hand))

    assert "RawExtension" not in told(outcome, "ControllerRevision").failure


def test_a_refusal_quotes_a_list_as_the_sync_sends_it_not_as_dry_runs_merge_it(fleet: Fleet) -> None:
    by_hand, wanted = (
        {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "APP-disk"}, "spec": spec}
        for spec in ({"attachRequired": False}, {"attachRequired": True, "volumeLifecycleModes": ["Ephemeral"]})
    )
    outcome = carried_out(fleet, Piece(None, wanted, Hand.APPLY, by_hand))

    assert 'volumeLifecycleModes: Invalid value: ["Ephemeral"]' in told(outcome, "CSIDriver").failure


def test_a_refusal_of_a_list_of_which_nothing_goes_stands_as_it_is(fleet: Fleet) -> None:
    def service(port: int, protocol: str, **spec: Any) -> JsonObject:
        ports = [{"name": "http", "port": port}, {"name": "dns", "port": 53, "protocol": protocol}]
        return make("Service", spec={"selector": {"app": "web"}, "ports": ports, **spec})

    first, by_hand = service(80, "TCP", sessionAffinity="ClientIP"), service(8080, "UDP")
    piece = Piece(first, service(80, "TCP"), Hand.EDIT, by_hand)
    outcome = carried_out(fleet, piece, before="ServerSideApply=false")

    assert 'spec.ports[3].name: Duplicate value: "dns"' in told(outcome, "Service").failure


def test_elements_that_git_named_and_kubectl_filled_are_merged_by_their_names(fleet: Fleet) -> None:
    def daemon(**container: Any) -> JsonObject:
        spec = {"containers": [{"name": "main", "image": "web:1", **container}]}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
        return make(
            "DaemonSet", api="apps/v1", spec={"selector": {"matchLabels": {"app": "web"}}, "template": template}
        )

    by_hand, wanted = (daemon(ports=[{"name": "http", "containerPort": port}]) for port in (8080, 8081))
    outcome = carried_out(fleet, Piece(daemon(), wanted, Hand.APPLY, by_hand))

    assert told(outcome, "DaemonSet").failure == ""


def test_what_git_lets_go_of_counts_beside_what_a_take_over_takes_away(fleet: Fleet) -> None:
    def driver(options: str = "", **spec: Any) -> JsonObject:
        return make("CSIDriver", "APP-disk", "storage.k8s.io/v1", options, spec={"attachRequired": True, **spec})

    first = driver("Replace=false", volumeLifecycleModes=["Ephemeral"])
    by_hand = driver(fsGroupPolicy="None")
    outcome = carried_out(fleet, Piece(first, driver(), Hand.APPLY, by_hand), option="Replace=true,Force=true")

    assert told(outcome, "CSIDriver").action is Action.REPLACE
