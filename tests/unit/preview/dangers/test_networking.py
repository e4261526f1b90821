"""Who reaches whom after a change."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.resources import JsonObject, ResourceKey
from bot.preview.dangers import Knowledge, inquiry
from tests.unit.preview.dangers.scenes import change, ids, obj, said, same, scene, service, workload

KEY = ResourceKey("", "Service", "shop", "web")


def pods(*labels: dict[str, str]) -> Knowledge:
    return Knowledge(pods={KEY: labels})


@pytest.mark.parametrize(
    "after",
    [None, workload(app="other"), workload(replicas=0)],
)
def test_a_service_that_loses_its_pods_is_told(after: JsonObject | None) -> None:
    changed = change(workload(replicas=2), after)

    assert "caution: has no endpoints any more: nothing runs pods with app=web" in said(
        same(service()), changed, knowledge=pods({"app": "web"})
    )


def test_what_could_not_be_read_is_said() -> None:
    (words, *_) = said(same(service()), change(workload()))

    assert words.endswith("app=web, as far as is known: its pods in the cluster could not be read")


def test_pods_of_somebody_else_keep_a_service_going() -> None:
    theirs = {"app": "web", "by": "somebody"}
    own = workload(app="web")
    own["spec"]["template"]["metadata"]["labels"]["by"] = "us"

    assert "service-without-endpoints" not in ids(same(service()), change(own), knowledge=pods(theirs))
    assert "service-without-endpoints" in ids(same(service()), change(own), knowledge=pods({"app": "web", "by": "us"}))
    arriving = Knowledge(pods={KEY: ()}, arriving=(("shop", {"app": "web"}),))
    assert "service-without-endpoints" not in ids(same(service()), change(own), knowledge=arriving)


def test_another_workload_may_take_over() -> None:
    moved = change(None, workload("StatefulSet", "web2"))

    assert "service-without-endpoints" not in ids(same(service()), change(workload()), moved, knowledge=pods())


def test_a_service_that_selects_something_else_is_told_twice() -> None:
    found = said(change(service(), service("typo")), same(workload()), knowledge=pods())

    assert found == [
        "caution: has no endpoints any more: nothing runs pods with app=typo",
        "warning: selects other pods: app=typo instead of app=web",
    ]
    both = (same(workload()), same(workload(name="api", app="api")))
    assert ids(change(service(), service("api")), *both) == ["selector-changed"]


def test_a_new_service_without_pods_is_a_warning() -> None:
    assert said(change(None, service()), knowledge=pods()) == [
        "warning: has no endpoints: nothing runs pods with app=web"
    ]
    assert said(change(None, service()), change(None, workload())) == []


def test_a_custom_resource_may_make_the_pods_of_a_new_service() -> None:
    made = change(None, obj("Database", api="db.example.com/v1"))

    assert said(change(None, service()), made, knowledge=pods()) == []


@pytest.mark.parametrize(
    "one", [service(type="ExternalName"), obj("Service", spec={}), obj("Service", spec={"selector": None})]
)
def test_a_service_without_a_selector_is_left_alone(one: JsonObject) -> None:
    assert said(change(None, one)) == []


def test_a_service_that_had_no_pods_before_is_no_news() -> None:
    assert said(same(service()), change(None, workload(name="b", app="b"))) == []


def test_only_services_in_question_are_asked_about() -> None:
    assert inquiry(scene(same(service()), change(workload()))).services == {(KEY, (("app", "web"),))}
    assert not inquiry(scene(same(service()), same(workload()), change(obj("ConfigMap")))).services


def policy(name: str = "shield", *, pods: dict[str, Any] | None = None, **spec: Any) -> JsonObject:
    selector = {"matchLabels": {"app": "web"}} if pods is None else pods
    return obj("NetworkPolicy", name, spec={"podSelector": selector, **spec})


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (policy(), "no longer restricts ingress to Deployment shop/web, and nothing else here does"),
        (
            policy(policyTypes=["Egress"]),
            "no longer restricts egress of Deployment shop/web, and nothing else here does",
        ),
        (
            policy(pods={}, egress=[]),
            (
                "no longer restricts ingress to Deployment shop/web and egress of Deployment shop/web, "
                "and nothing else here does"
            ),
        ),
        (policy(pods={"matchLabels": {"a": "b"}}), "no longer restricts a=b, which may be open now"),
    ],
)
def test_a_lifted_policy_says_what_is_open(gone: JsonObject, words: str) -> None:
    found = said(same(workload()), change(gone))

    assert f"warning: {words}" in found


def test_a_lifted_policy_under_another_one_closes_instead() -> None:
    (words, _) = said(same(workload()), change(policy()), same(policy("all", pods={})))

    assert (
        words == "warning: is gone; what it allowed is no longer allowed, since other policies restrict the same pods"
    )


def test_a_policy_that_selects_other_pods_is_told() -> None:
    changed = change(policy(), policy(pods={"matchExpressions": [{"key": "app", "operator": "Exists"}]}))

    assert said(changed) == ["warning: selects other pods: app Exists instead of app=web"]
    assert ids(change(policy(), policy(ingress=[]))) == []


def ingress(name: str, path: str = "/", **spec: Any) -> JsonObject:
    rule = {"host": "shop.example", "http": {"paths": [{"path": path, "pathType": "Prefix"}]}}
    return obj("Ingress", name, spec={"rules": [rule], **spec})


def test_two_ingresses_that_claim_the_same_are_told() -> None:
    assert said(same(ingress("a")), change(None, ingress("b"))) == [
        "warning: claims shop.example/, as Ingress shop/b does"
    ]
    assert ids(same(ingress("a")), change(None, ingress("b", "/api"))) == []
    assert ids(same(ingress("a")), change(None, ingress("b", ingressClassName="inner"))) == []
    assert ids(same(ingress("a")), same(ingress("b")), change(None, obj("ConfigMap"))) == []
