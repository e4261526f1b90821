"""ignoreDifferences: what is left out of comparisons, and what keeps its live value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.engine.diff.ignored import RESPECT, Ignored, ignored_everywhere, why_refused
from bot.errors import Rejected
from bot.model.applications import Application, IgnoreDifference
from bot.repository.expressions import Expressions


@pytest.fixture(scope="module")
def find() -> Iterator[Expressions]:
    expressions = Expressions()
    yield expressions
    expressions.close()


def application(*entries: dict[str, Any], options: tuple[str, ...] = ()) -> Application:
    spec = {
        "destination": {"name": "prod"},
        "source": {"repoURL": "https://git.example/acme/shop.git"},
        "ignoreDifferences": list(entries),
        "syncPolicy": {"syncOptions": list(options)},
    }
    return Application.parse({"metadata": {"name": "shop"}, "spec": spec}, home="argocd")


def ignoring(find: Expressions, *entries: dict[str, Any], respect: bool = False) -> Ignored:
    return Ignored.of(application(*entries, options=(RESPECT,) if respect else ()), find=find)


def deployment(*, name: str = "web", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def templated(*containers: dict[str, Any], **pod: Any) -> dict[str, Any]:
    return deployment(template={"spec": {"containers": list(containers), **pod}})


REPLICAS = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
SIDECAR = {
    "group": "apps",
    "kind": "*",
    "jqPathExpressions": ['.spec.template.spec.containers[] | select(.name == "istio")'],
}


@pytest.mark.parametrize(
    ("entry", "concerned"),
    [
        ({"group": "apps", "kind": "Deployment"}, True),
        ({"group": "*", "kind": "*"}, True),
        ({"group": "a?ps", "kind": "[CD]eploy*"}, True),
        ({"group": "{extensions,apps}", "kind": "{Deployment,Stateful{Set,}}"}, True),
        ({"group": "apps", "kind": "Deployment", "name": "web", "namespace": "shop"}, True),
        ({"kind": "Deployment"}, False),
        ({"group": "apps", "kind": "deployment"}, False),
        ({"group": "apps", "kind": "Deploy"}, False),
        ({"group": "apps", "kind": "[!D]*"}, False),
        ({"group": "apps", "kind": "Deployment", "name": "w*"}, False),
        ({"group": "apps", "kind": "Deployment", "namespace": "other"}, False),
    ],
)
def test_an_entry_names_kinds_by_glob_and_objects_exactly(
    find: Expressions, entry: dict[str, Any], *, concerned: bool
) -> None:
    assert ignoring(find, entry).concerns(deployment()) is concerned


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ({"jsonPointers": ["/spec/replicas"]}, {"paused": False, "args": ["a", "b"]}),
        ({"jsonPointers": ["/spec/nothing", "/spec/args/0"]}, {"replicas": 2, "paused": False, "args": ["b"]}),
        ({"jqPathExpressions": ['.spec.args[] | select(. == "b")']}, {"replicas": 2, "paused": False, "args": ["a"]}),
        ({"jqPathExpressions": [".spec.nothing[]", ".spec.replicas, .spec.paused"]}, {"args": ["a", "b"]}),
        (
            {"jsonPointers": ["/spec/args/0"], "jqPathExpressions": [".spec.args[0]"]},
            {"replicas": 2, "paused": False, "args": []},
        ),
    ],
)
def test_ignored_fields_are_left_out(find: Expressions, entry: dict[str, Any], left: dict[str, Any]) -> None:
    ignored = ignoring(find, {"group": "apps", "kind": "Deployment", **entry})
    assert ignored.without(deployment(replicas=2, paused=False, args=["a", "b"]))["spec"] == left


def test_an_object_that_nothing_is_said_about_is_the_very_same(find: Expressions) -> None:
    before, nothing = deployment(paused=True), Ignored()
    assert ignoring(find, REPLICAS, SIDECAR).without(before) is before
    assert nothing.without(before) is before
    assert nothing.compared(before, before, live=before) == (before, before)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"jsonPointers": ["/a", "spec"]}, "[1].jsonPointers[1] `spec`: a JSON pointer begins with /"),
        ({"jqPathExpressions": [".a", ".spec +"]}, "[1].jqPathExpressions[1] `.spec +`: syntax error"),
        ({"jqPathExpressions": ["keys | .[0]"]}, "[1].jqPathExpressions[0] `keys | .[0]`: it is no path"),
        ({"jqPathExpressions": ["." * 2000]}, "it is longer than 1,000 characters"),
        ({"jqPathExpressions": [".a) | (.b"]}, "its brackets do not match"),
        ({"group": "{a", "jsonPointers": ["/a"]}, "[1].group `{a`: braces that do not match"),
        ({"kind": "a" * 300, "jsonPointers": ["/a"]}, "more than 253 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_by_application_and_place(
    find: Expressions, entry: dict[str, Any], message: str
) -> None:
    with pytest.raises(Rejected) as caught:
        ignoring(find, REPLICAS, {"group": "apps", "kind": "Deployment", **entry})
    assert message in caught.value.message
    assert caught.value.message.startswith("Application shop: spec.ignoreDifferences[1]")


@pytest.mark.parametrize(
    "expression",
    [
        "def f: f; f",
        "reduce .[] as $x (0; . + $x)",
        "until(false; .)",
        ".a | env.HOME",
        "$ENV.HOME",
        "[range(9)]",
        "input",
        'import "a" as $a; .',
        ".a # comment",
        r'.["\(.b)"]',
        ".a)",
        "(.a]",
        '.["a',
    ],
)
def test_an_expression_that_loops_or_looks_around_is_not_tried(expression: str) -> None:
    assert why_refused(expression)


@pytest.mark.parametrize(
    "expression",
    [
        ".spec.env[].limit",
        '.["env"], .metadata.annotations["a # b"], .["a\\"(b"]',
        ".. | .input?",
        '.webhooks[]?.clientConfig | select(.url | test("^https")) | .caBundle',
        ".spec.containers[] as $c | .spec.range",
    ],
)
def test_an_expression_is_not_judged_by_the_names_of_fields(expression: str) -> None:
    assert why_refused(expression) == ""


def test_an_expression_that_takes_too_long_names_itself(find: Expressions) -> None:
    slow = ".spec.args | first(combinations | select(false))"
    ignored = ignoring(find, {"group": "apps", "kind": "*", "jqPathExpressions": [slow]})
    with pytest.raises(Rejected, match=r"spec.ignoreDifferences\[0\].jqPathExpressions\[0\].*(takes longer|ends jq)"):
        ignored.without(deployment(args=[[1, 2, 3, 4]] * 40))


def managed(obj: dict[str, Any], manager: str, fields: dict[str, Any], **entry: Any) -> dict[str, Any]:
    entries = [{"manager": manager, "operation": "Update", "fieldsV1": fields, **entry}]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


MANAGED = {"group": "*", "kind": "*", "managedFieldsManagers": ["hpa"]}


def test_a_managers_field_is_left_out_where_both_have_it_and_differ(find: Expressions) -> None:
    live = managed(deployment(replicas=5, paused=True, only=1), "hpa", {"f:spec": {"f:replicas": {}, "f:only": {}}})
    one, other = ignoring(find, MANAGED).compared(live, deployment(replicas=2, paused=False), live=live)
    assert one["spec"] == {"paused": True, "only": 1}
    assert other["spec"] == {"paused": False}


def test_a_managers_field_that_does_not_differ_stays(find: Expressions) -> None:
    live = managed(deployment(replicas=2), "hpa", {"f:spec": {"f:replicas": {}}})
    assert ignoring(find, MANAGED).compared(live, deployment(replicas=2), live=live)[1] == deployment(replicas=2)


def test_another_managers_field_stays(find: Expressions) -> None:
    live = managed(deployment(replicas=5), "kubectl", {"f:spec": {"f:replicas": {}}})
    assert ignoring(find, MANAGED).compared(live, deployment(replicas=2), live=live) == (live, deployment(replicas=2))


def test_a_managers_field_is_found_in_the_element_it_is_owned_in(find: Expressions) -> None:
    containers: dict[str, Any] = {'k:{"name":"b"}': {".": {}, "f:image": {}, "f:name": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    live = managed(templated({"name": "a", "image": "1"}, {"name": "b", "image": "2"}), "hpa", fields)
    target = templated({"name": "b", "image": "9"}, {"name": "a", "image": "9"})
    one, other = ignoring(find, MANAGED).compared(live, target, live=live)
    assert one["spec"] == templated({"name": "a", "image": "1"}, {"name": "b"})["spec"]
    assert other["spec"] == templated({"name": "b"}, {"name": "a", "image": "9"})["spec"]


def test_without_respect_git_is_sent(find: Expressions) -> None:
    target = deployment(replicas=2)
    assert ignoring(find, REPLICAS).sent(target, deployment(replicas=5)) is target


def test_an_object_that_is_not_there_yet_is_sent_as_git_has_it(find: Expressions) -> None:
    target = deployment(replicas=2)
    assert ignoring(find, REPLICAS, respect=True).sent(target, None) is target


@pytest.mark.parametrize(
    ("target", "live", "sent"),
    [
        ({"replicas": 2, "paused": True}, {"replicas": 5}, {"replicas": 5, "paused": True}),
        ({"paused": True}, {"replicas": 5}, {"replicas": 5, "paused": True}),
        ({"replicas": 2, "paused": True}, {"paused": False}, {"paused": True}),
        ({"replicas": 2}, {"replicas": 2}, {"replicas": 2}),
    ],
)
def test_a_respected_field_has_the_live_value(
    find: Expressions, target: dict[str, Any], live: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert ignoring(find, REPLICAS, respect=True).sent(deployment(**target), deployment(**live))["spec"] == sent


def test_a_managers_value_is_respected(find: Expressions) -> None:
    live = managed(deployment(replicas=5, paused=True), "hpa", {"f:spec": {"f:replicas": {}}})
    sent = ignoring(find, MANAGED, respect=True).sent(deployment(replicas=2), live)
    assert sent == deployment(replicas=5)


def test_an_injected_container_is_kept_where_it_stands(find: Expressions) -> None:
    live = templated({"name": "istio", "image": "p"}, {"name": "web", "image": "1"}, {"name": "old", "image": "1"})
    target = templated({"name": "new", "image": "2"}, {"name": "web", "image": "2"})
    sent = ignoring(find, SIDECAR, respect=True).sent(target, live)
    assert sent == templated(
        {"name": "istio", "image": "p"}, {"name": "new", "image": "2"}, {"name": "web", "image": "2"}
    )


def test_a_respected_field_in_a_list_stays_with_its_element(find: Expressions) -> None:
    images = {"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec.template.spec.containers[].image"]}
    live = templated(
        {"name": "a", "image": "1", "tty": True}, {"name": "gone", "image": "1"}, {"name": "b", "image": "2"}
    )
    target = templated({"name": "b", "image": "0"}, {"name": "new", "image": "0"}, {"name": "a", "image": "0"})
    sent = ignoring(find, images, respect=True).sent(target, live)
    assert sent == templated({"name": "b", "image": "2"}, {"name": "new", "image": "0"}, {"name": "a", "image": "1"})


def test_a_list_without_keys_is_one_value(find: Expressions) -> None:
    entry = {"group": "x.io", "kind": "Ship", "jsonPointers": ["/spec/holds/0/weight"]}
    ship = {"apiVersion": "x.io/v1", "kind": "Ship", "metadata": {"name": "s"}}
    target = {**ship, "spec": {"holds": [{"weight": 1, "door": "a"}], "crew": [1]}}
    live = {**ship, "spec": {"holds": [{"weight": 2, "door": "b"}], "crew": [2]}}
    sent = ignoring(find, entry, respect=True).sent(target, live)
    assert sent["spec"] == {"holds": [{"weight": 2, "door": "b"}], "crew": [1]}


def test_whatever_is_ignored_the_object_stays_ours(find: Expressions) -> None:
    everything = {"group": "*", "kind": "*", "jsonPointers": ["/metadata", "/status", "/apiVersion"]}
    tracking = "argocd.argoproj.io/tracking-id"
    target = deployment(replicas=2)
    target["metadata"] = {**target["metadata"], "annotations": {tracking: "ours", "a": "git"}}
    live = deployment(replicas=5) | {"status": {"x": 1}}
    noise = {"uid": "u", "resourceVersion": "7", "managedFields": []}
    live["metadata"] = {**live["metadata"], **noise, "annotations": {tracking: "theirs", "a": "live"}}
    sent = ignoring(find, everything, respect=True).sent(target, live)
    annotations = {tracking: "ours", "a": "live"}
    assert sent == {
        **deployment(replicas=2),
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
    }


def test_neither_side_is_changed_in_place(find: Expressions) -> None:
    target, live = templated({"name": "web"}), templated({"name": "istio"}, {"name": "web"})
    ignoring(find, SIDECAR, respect=True).sent(target, live)
    assert (target, live) == (templated({"name": "web"}), templated({"name": "istio"}, {"name": "web"}))


def test_what_all_applications_ignore_is_read_from_argocd_cm(find: Expressions) -> None:
    setting = "resource.customizations.ignoreDifferences."
    found = ignored_everywhere(
        {
            f"{setting}all": "managedFieldsManagers: [kube-controller-manager]",
            f"{setting}apps_Deployment": "jsonPointers: [/spec/replicas]",
            f"{setting}ConfigMap": "jqPathExpressions: ['.data.ca']",
            "url": "https://argocd.example",
        }
    )
    assert found == (
        IgnoreDifference(kind="ConfigMap", jq_path_expressions=(".data.ca",)),
        IgnoreDifference(group="*", kind="*", managed_fields_managers=("kube-controller-manager",)),
        IgnoreDifference(group="apps", kind="Deployment", json_pointers=("/spec/replicas",)),
    )
    ignored = Ignored.of(application(), find=find, everywhere=found)
    assert ignored.without(deployment(replicas=2)) == deployment()


@pytest.mark.parametrize("text", ["[", "jsonPointers: /a", "- a"])
def test_a_setting_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(Rejected, match=r"ignoreDifferences\.apps_Deployment: must hold"):
        ignored_everywhere({"resource.customizations.ignoreDifferences.apps_Deployment": text})


def test_what_can_be_foretold_is_what_no_sync_keeps(find: Expressions) -> None:
    live = managed(deployment(replicas=5, paused=True), "hpa", {"f:spec": {"f:replicas": {}}})
    assert ignoring(find, MANAGED, respect=True).foretold(deployment(replicas=2), live=live) == deployment()
    assert ignoring(find, REPLICAS, respect=True).foretold(deployment(replicas=2), live=None) == deployment()
    assert ignoring(find, REPLICAS).foretold(live, live=live) is live


def test_a_managers_fields_in_lists_cannot_be_foretold(find: Expressions) -> None:
    containers: dict[str, Any] = {'k:{"name":"b"}': {".": {}, "f:image": {}}, 'k:{"name":"c"}': {"f:image": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    live = managed(templated(), "hpa", fields)
    obj = templated({"name": "a", "image": "1"}, {"name": "b", "image": "2"})
    foretold = ignoring(find, MANAGED, respect=True).foretold(obj, live=live)
    assert foretold == templated({"name": "a", "image": "1"}, {"name": "b"})


def test_an_object_with_an_impossible_name_is_not_named(find: Expressions) -> None:
    strange = {**deployment(replicas=2), "metadata": {"name": ["web"], "namespace": {}}}
    assert not ignoring(find, {**REPLICAS, "name": "web"}).concerns(strange)
    assert ignoring(find, REPLICAS).without(strange)["spec"] == {}


def test_what_is_being_deleted_keeps_nothing(find: Expressions) -> None:
    live = deployment(replicas=5)
    live["metadata"] = {**live["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}
    target = deployment(replicas=2)
    assert ignoring(find, REPLICAS, respect=True).sent(target, live) is target
