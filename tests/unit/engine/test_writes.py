"""What a sync sends for one object, by the options of the application and its own."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.ignored import Ignored
from bot.engine.patches.hand_over import KUBECTL
from bot.engine.tracking import stamp
from bot.engine.writes import How, Pruning, Recreation, Strategy, Writes, approved, ignores_extraneous, in_sync
from bot.model.applications import Application
from bot.model.predictions import Refusal
from bot.model.resources import JsonObject

IMMUTABLE = Refusal("spec: field is immutable", 422, "Invalid", ("spec",))
STARTED = "2026-05-04T10:00:00Z"


def make(options: str = "", *, kind: str = "ConfigMap", api: str = "v1", **annotations: str) -> JsonObject:
    own = {"argocd.argoproj.io/sync-options": options} if options else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "one", "annotations": {**own, **annotations}}}


def application(options: tuple[str, ...] = (), **annotations: str) -> Application:
    destination = {"server": "https://kubernetes.default.svc"}
    source = {"repoURL": "https://github.example/acme/shop.git"}
    spec = {"destination": destination, "source": source, "syncPolicy": {"syncOptions": list(options)}}
    named = {"name": "shop", "namespace": "argocd", "annotations": annotations}
    return Application.parse({"metadata": named, "spec": spec}, home="argocd")


def ours(application: str, own: str = "", **more: Any) -> How:
    return Writes(tuple(application.split())).how(make(own, **more))


def argo_cds(application: str, own: str = "", *, live: str | None = None, **more: Any) -> How:
    there = None if live is None else make(live, **more)
    return Writes(tuple(application.split()), by_argo_cd=True).how(make(own, **more), there)


@pytest.mark.parametrize(
    ("options", "own", "strategy"),
    [
        ("", "", Strategy.SERVER_SIDE),
        ("ServerSideApply=false", "", Strategy.CLIENT_SIDE),
        ("ServerSideApply=false", "ServerSideApply=true", Strategy.SERVER_SIDE),
        ("", "ServerSideApply=false", Strategy.CLIENT_SIDE),
        ("Replace=true", "", Strategy.REPLACE),
        ("Replace=true", "Replace=false", Strategy.SERVER_SIDE),
        ("ServerSideApply=true", "Prune=false, Replace=true", Strategy.REPLACE),
    ],
)
def test_foresail_applies_server_side_unless_told_otherwise(options: str, own: str, strategy: Strategy) -> None:
    assert ours(options, own).strategy is strategy


@pytest.mark.parametrize(
    ("options", "own", "strategy"),
    [
        ("", "", Strategy.CLIENT_SIDE),
        ("ServerSideApply=true", "", Strategy.SERVER_SIDE),
        ("ServerSideApply=true", "ServerSideApply=false", Strategy.CLIENT_SIDE),
        ("", "ServerSideApply=true", Strategy.SERVER_SIDE),
        ("Replace=true", "Replace=false", Strategy.REPLACE),
    ],
)
def test_argo_cd_applies_client_side_unless_told_otherwise(options: str, own: str, strategy: Strategy) -> None:
    assert argo_cds(options, own).strategy is strategy


def test_argo_cd_looks_for_replace_on_the_live_object_as_well() -> None:
    assert argo_cds("", live="Replace=true").strategy is Strategy.REPLACE
    assert Writes().how(make(), make("Replace=true")).strategy is Strategy.SERVER_SIDE


@pytest.mark.parametrize("options", ["Replace=true", "Force=true"])
def test_foresail_recreates_what_cannot_be_changed_in_place(options: str) -> None:
    assert ours(options).recreates_after(IMMUTABLE)
    assert not ours(options).recreates_after(Refusal("no such luck", 422, "Invalid"))
    assert not ours("").recreates_after(IMMUTABLE)


@pytest.mark.parametrize(
    ("kind", "api"), [("Namespace", "v1"), ("CustomResourceDefinition", "apiextensions.k8s.io/v1")]
)
def test_replace_never_recreates_what_holds_other_objects(kind: str, api: str) -> None:
    assert ours("Replace=true", kind=kind, api=api).recreation is Recreation.NEVER
    assert argo_cds("Replace=true", "Force=true", kind=kind, api=api).recreation is Recreation.NEVER


def test_argo_cd_recreates_with_replace_and_force_always_and_with_force_when_it_must() -> None:
    assert argo_cds("Replace=true", "Force=true").recreation is Recreation.ALWAYS
    assert argo_cds("Replace=true").recreation is Recreation.NEVER
    assert argo_cds("", "Force=true").recreation is Recreation.WHEN_IMMUTABLE
    assert argo_cds("Force=true").recreation is Recreation.NEVER


def test_argo_cd_reconciles_bindings_and_so_recreates_them() -> None:
    binding = {"kind": "RoleBinding", "api": "rbac.authorization.k8s.io/v1"}

    assert argo_cds("", **binding).recreation is Recreation.WHEN_IMMUTABLE
    assert argo_cds("ServerSideApply=true", **binding).recreation is Recreation.NEVER


def test_argo_cd_refuses_force_with_server_side_apply() -> None:
    assert "--force cannot be used with --server-side" in argo_cds("ServerSideApply=true", "Force=true").refusal


def test_the_objects_own_validation_wins() -> None:
    assert ours("").validate
    assert not ours("Validate=false").validate
    assert ours("Validate=false", "Validate=true").validate


def test_the_take_over_can_be_switched_off() -> None:
    assert KUBECTL in (ours("").takes_over or ())
    assert ours("ClientSideApplyMigration=false").takes_over is None


@pytest.mark.parametrize("options", ["Replace=true", "ServerSideApply=false", "ApplyOutOfSyncOnly=true"])
def test_only_plain_server_side_apply_needs_no_look_at_the_live_object(options: str) -> None:
    assert ours(options).depends_on_live
    assert not ours("").depends_on_live


@pytest.mark.parametrize(
    ("options", "own", "pruning"),
    [
        ("", "", Pruning.DELETED),
        ("Prune=false", "", Pruning.KEPT),
        ("Prune=false", "Prune=true", Pruning.DELETED),
        ("", "Prune=confirm", Pruning.CONFIRMED),
        ("Prune=confirm", "Prune=false", Pruning.KEPT),
    ],
)
def test_what_left_git_is_pruned_as_its_own_option_says_first(options: str, own: str, pruning: Pruning) -> None:
    assert Writes(tuple(options.split())).pruning(make(own)) is pruning


@pytest.mark.parametrize(("said", "meant"), [("", "Foreground"), ("background", "Background"), ("orphan", "Orphan")])
def test_dependents_are_deleted_as_the_application_says(said: str, meant: str) -> None:
    assert Writes((f"PrunePropagationPolicy={said}",)).propagation == meant


def test_a_shared_object_is_told_in_argo_cds_words() -> None:
    theirs, shop = stamp(make(), "team_other"), application()
    words = Writes(("FailOnSharedResource=true",)).shared(shop, "shop", [stamp(make(), "shop"), theirs])

    assert words == "Shared resource found: ConfigMap/one is part of applications argocd/shop and team/other"
    assert Writes().shared(shop, "shop", [theirs]) == ""


@pytest.mark.parametrize(
    ("given", "holds"),
    [("2026-05-04T10:00:00Z", True), ("2026-05-04T09:59:59Z", False), ("yes", False), ("2026-05-04T10:00:00", False)],
)
def test_an_approval_counts_from_the_start_of_the_operation_on(given: str, *, holds: bool) -> None:
    approving = application((), **{"argocd.argoproj.io/deletion-approved": given})

    assert approved(approving, since=STARTED) is holds


def test_only_what_is_not_ignored_makes_an_object_out_of_sync() -> None:
    live = stamp(make(), "shop")

    assert in_sync({**live, "status": {"seen": 1}}, live, Ignored())
    assert not in_sync({**live, "data": {"a": "b"}}, live, Ignored())
    assert not in_sync(stamp(make(), "other"), live, Ignored())


def test_an_object_may_be_extraneous_without_counting() -> None:
    assert ignores_extraneous(make(**{"argocd.argoproj.io/compare-options": "ServerSideDiff=true, IgnoreExtraneous"}))
    assert not ignores_extraneous(make())
