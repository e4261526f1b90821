from __future__ import annotations

from bot.engine.health import Member, aggregate, judge
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject, ResourceKey

WEB = ResourceKey("apps", "Deployment", "shop", "web")


def member(name: str, status: Health | None, message: str = "") -> Member:
    health = HealthStatus(status, message) if status else None
    return Member(ResourceKey("apps", "Deployment", "shop", name), live=True, health=health)


def service(**annotations: str) -> JsonObject:
    metadata = {"name": "web", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"}}


def test_an_application_is_as_bad_as_its_worst_object() -> None:
    members = [member("a", Health.PROGRESSING), member("b", Health.DEGRADED, "crashed"), member("c", Health.HEALTHY)]
    assert aggregate(members) == HealthStatus(Health.DEGRADED, "Deployment shop/b: crashed")


def test_an_application_without_objects_is_healthy() -> None:
    assert aggregate([]) == HealthStatus(Health.HEALTHY)


def test_objects_without_a_health_do_not_count() -> None:
    assert aggregate([member("a", None)]) == HealthStatus(Health.HEALTHY)


def test_a_message_names_three_culprits_and_counts_the_others() -> None:
    words = aggregate([member(name, Health.DEGRADED, "down") for name in "ebdac"]).message
    assert words == "Deployment shop/a: down; Deployment shop/b: down; Deployment shop/c: down; and 2 more"


def test_a_culprit_without_words_is_named_all_the_same() -> None:
    assert aggregate([member("a", Health.UNKNOWN)]).message == "Deployment shop/a"


def test_one_missing_object_is_the_sync_statuss_business() -> None:
    assert aggregate([Member(WEB, live=False), member("b", Health.HEALTHY)]).status is Health.HEALTHY


def test_an_application_of_which_nothing_is_live_is_missing() -> None:
    assert aggregate([Member(WEB, live=False)]) == HealthStatus(Health.MISSING, "None of its objects is in the cluster")


def test_an_ignored_live_object_keeps_an_application_from_being_missing() -> None:
    ignored = Member(WEB, live=True, health=HealthStatus(Health.DEGRADED, "down"), ignored=True)
    assert aggregate([ignored, Member(WEB, live=False)]) == HealthStatus(Health.HEALTHY)


def test_a_child_application_that_is_not_settled_does_not_count() -> None:
    child = ResourceKey("argoproj.io", "Application", "argocd", "child")
    unsettled = [Member(child, live=True, health=HealthStatus(code)) for code in (Health.MISSING, Health.UNKNOWN)]
    assert aggregate(unsettled) == HealthStatus(Health.HEALTHY)


def test_a_child_application_that_is_degraded_counts() -> None:
    child = ResourceKey("argoproj.io", "Application", "argocd", "child")
    assert aggregate([Member(child, live=True, health=HealthStatus(Health.DEGRADED))]).status is Health.DEGRADED


def test_a_live_object_is_judged_by_its_rule() -> None:
    found = judge(target=service(), live=service())
    assert found == Member(
        ResourceKey("", "Service", "shop", "web"),
        live=True,
        health=HealthStatus(Health.PROGRESSING, "Waiting for a load balancer's address"),
    )


def test_an_object_that_is_not_live_has_no_health() -> None:
    assert judge(target=service(), live=None) == Member(ResourceKey("", "Service", "shop", "web"), live=False)


def test_hooks_and_skipped_objects_are_no_members() -> None:
    hook, skipped = service(**{"argocd.argoproj.io/hook": "PreSync"}), service(**{"argocd.argoproj.io/hook": "Skip"})
    assert judge(target=hook, live=None) is None
    assert judge(target=None, live=hook) is None
    assert judge(target=skipped, live=service()) is None


def test_a_pair_of_nothing_is_no_member() -> None:
    assert judge(target=None, live=None) is None


def test_an_object_may_ask_to_be_ignored() -> None:
    live = service(**{"argocd.argoproj.io/ignore-healthcheck": "true"})
    assert aggregate(filter(None, [judge(target=service(), live=live)])) == HealthStatus(Health.HEALTHY)


def test_an_application_does_not_wait_for_itself() -> None:
    found = judge(target=None, live=service(), application=ResourceKey("", "Service", "shop", "web"))
    assert found is not None
    assert found.ignored
