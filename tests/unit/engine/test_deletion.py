"""What goes with a deleted Application, in which order, and what runs around that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from bot.engine.deletion import (
    BACKGROUND,
    CASCADE,
    DELETION_ERROR,
    DELETION_IN_PROGRESS,
    OURS,
    POST_DELETE_HOOKS,
    PRE_DELETE_HOOKS,
    Blocked,
    Cascade,
    Create,
    Delete,
    Done,
    Hooks,
    Stage,
    Step,
    Wait,
    cascades,
    cleanup_step,
    conditions_with,
    propagation_of,
    stage_of,
    with_hook_finalizers,
)
from bot.engine.hooks import HookType
from bot.engine.tracking import stamp
from bot.engine.writes import Writes
from bot.model.resources import JsonObject, ResourceKey

OWN = ResourceKey("argoproj.io", "Application", "argocd", "shop")
NONE: Mapping[str, str] = MappingProxyType({})
UID = "2b0f1c9e-0000-4000-8000-000000000001"


def obj(
    name: str,
    annotations: Mapping[str, str] = NONE,
    *,
    kind: str = "ConfigMap",
    owner: str = "shop",
    going: bool = False,
) -> JsonObject:
    api_version = {"Job": "batch/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1"}.get(kind, "v1")
    places = {} if kind in {"CustomResourceDefinition", "Namespace"} else {"namespace": "shop"}
    metadata: dict[str, Any] = {"name": name, "annotations": dict(annotations), **places}
    if going:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found: JsonObject = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return stamp(found, owner) if owner else found


def wave(number: int) -> dict[str, str]:
    return {"argocd.argoproj.io/sync-wave": str(number)}


def option(*options: str) -> dict[str, str]:
    return {"argocd.argoproj.io/sync-options": ",".join(options)}


def step(
    *live: JsonObject, approved: bool = False, options: tuple[str, ...] = (), propagation: str = "Foreground"
) -> Step:
    return Cascade("shop", OWN, Writes(options), approved=approved, propagation=propagation).step(live)


def names(found: Step) -> list[str]:
    assert isinstance(found, Delete)
    return [each["metadata"]["name"] for each in found.objects]


def test_the_finalizers_say_what_a_deletion_is_at() -> None:
    finalizers = [CASCADE, "foregroundDeletion", PRE_DELETE_HOOKS, f"{PRE_DELETE_HOOKS}/cleanup"]
    finalizers += [POST_DELETE_HOOKS, f"{POST_DELETE_HOOKS}/cleanup"]
    order = []
    while (stage := stage_of(finalizers)) is not None:
        order.append(stage)
        finalizers = [one for one in finalizers if one not in stage.value]
    assert order == list(Stage)
    assert finalizers == ["foregroundDeletion"]


@pytest.mark.parametrize(
    ("finalizer", "propagation"),
    [(CASCADE, "Foreground"), (f"{CASCADE}/foreground", "Foreground"), (BACKGROUND, "Background")],
)
def test_a_finalizer_has_the_objects_deleted_and_says_how(finalizer: str, propagation: str) -> None:
    assert cascades(["other", finalizer])
    assert propagation_of(["other", finalizer, CASCADE]) == propagation


@pytest.mark.parametrize("finalizer", ["", "foregroundDeletion", f"{CASCADE}/orphan", PRE_DELETE_HOOKS])
def test_no_other_finalizer_has_them_deleted(finalizer: str) -> None:
    assert not cascades([finalizer])


def test_an_application_with_hooks_around_its_deletion_waits_for_them() -> None:
    hooks = [obj("before", {"helm.sh/hook": "pre-delete"}, kind="Job"), obj("settings")]
    asked = with_hook_finalizers((CASCADE, f"{POST_DELETE_HOOKS}/cleanup"), hooks)
    assert asked == (CASCADE, PRE_DELETE_HOOKS, f"{PRE_DELETE_HOOKS}/cleanup")
    assert with_hook_finalizers(asked, hooks) == asked
    assert with_hook_finalizers(asked, []) == (CASCADE,)
    assert set(asked) <= OURS


def test_the_highest_wave_goes_first_and_all_of_it() -> None:
    live = [obj("a", wave(-1)), obj("b", wave(2)), obj("c", wave(2)), obj("d")]
    found = step(*live)
    assert names(found) == ["b", "c"]
    assert isinstance(found, Delete)
    assert found.propagation == "Foreground"
    assert found.words == "deleting 2 objects of wave 2, 4 left"


def test_the_next_wave_waits_until_the_one_before_is_gone() -> None:
    found = step(obj("b", wave(2), going=True), obj("d"))
    assert found == Wait("waiting for deletion of ConfigMap shop/b; 2 left")
    assert names(step(obj("d"))) == ["d"]


def test_what_was_left_of_a_wave_by_a_killed_worker_goes_too() -> None:
    assert names(step(obj("b", going=True), obj("c"))) == ["c"]


@pytest.mark.parametrize(
    "kept",
    [
        obj("x", owner="other"),
        obj("x", owner=""),
        obj("x", option("Delete=false")),
        obj("x", {"helm.sh/resource-policy": "keep"}),
        obj("x", kind="CustomResourceDefinition"),
        obj("x", {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:shop/original"}, owner=""),
    ],
    ids=["another application's", "nobody's", "not to be deleted", "Helm's policy", "a definition", "a copy"],
)
def test_what_is_not_the_applications_to_delete_stays_and_is_named(kept: JsonObject) -> None:
    found = step(kept)
    assert isinstance(found, Done)
    assert found.words.endswith("/x") or found.words.endswith(" x")
    assert names(step(kept, obj("y"))) == ["y"]


def test_the_application_itself_is_none_of_its_objects() -> None:
    own = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd"},
    }
    assert isinstance(step(stamp(own, "shop")), Done)


def test_an_object_says_otherwise_than_its_application() -> None:
    assert isinstance(step(obj("x"), options=("Delete=false",)), Done)
    assert names(step(obj("x", option("Delete=true")), options=("Delete=false",))) == ["x"]
    assert names(step(obj("x", option("Prune=false")))) == ["x"]


@pytest.mark.parametrize("asking", ["Delete=confirm", "Prune=confirm"])
def test_nothing_goes_before_a_person_has_confirmed(asking: str) -> None:
    live = [obj("early", {**wave(-5), **option(asking)}), obj("late", wave(5))]
    found = step(*live)
    assert isinstance(found, Wait)
    assert found.words.startswith("waiting for deletion confirmation of ConfigMap shop/early; a person gives it by")
    assert names(step(*live, approved=True)) == ["late"]


def test_what_somebody_has_deleted_already_needs_no_confirmation() -> None:
    found = step(obj("early", option("Delete=confirm"), going=True))
    assert found == Wait("waiting for deletion of ConfigMap shop/early; 1 left")


def test_what_holds_an_object_is_told() -> None:
    stuck = obj("x", going=True)
    stuck["metadata"]["finalizers"] = ["foregroundDeletion", "example.com/backup"]
    assert step(stuck) == Wait("waiting for deletion of ConfigMap shop/x (held by example.com/backup); 1 left")


def test_what_a_namespace_says_is_left_in_it_is_told() -> None:
    stuck = obj("place", kind="Namespace", going=True)
    condition = {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}
    stuck["status"] = {"phase": "Terminating", "conditions": [condition, {"type": "Other", "status": "False"}]}
    words = "waiting for deletion of Namespace place (pods. has 1 resource instances); 1 left"
    assert step(stuck) == Wait(words)


def hook(name: str = "before", kind: str = "PreDelete", annotations: Mapping[str, str] = NONE) -> JsonObject:
    return obj(name, {"argocd.argoproj.io/hook": kind, **annotations}, kind="Job")


HOOKS = Hooks("shop", UID, "c0ffee")


def ended(one: JsonObject, condition: str = "") -> JsonObject:
    conditions = [{"type": condition, "status": "True", "message": "exit 1"}] if condition else []
    return {**one, "status": {"conditions": conditions}}


def of(*live: JsonObject) -> dict[ResourceKey, JsonObject]:
    return {ResourceKey.of(one): one for one in live}


def test_hooks_of_the_other_moments_do_not_run() -> None:
    targets = [hook(), hook("after", "PostDelete"), hook("sync", "PreSync"), obj("settings")]
    (found,) = HOOKS.named(targets, HookType.PRE_DELETE)
    assert found["metadata"]["name"] == "before"
    assert found["metadata"]["annotations"]["foresail.dev/operation"] == f"{UID}:c0ffee"


def test_a_hook_without_a_name_has_the_same_at_every_look() -> None:
    unnamed = hook()
    unnamed["metadata"] = {**unnamed["metadata"], "generateName": "before-"}
    del unnamed["metadata"]["name"]
    (one,), (other,) = (HOOKS.named([unnamed], HookType.PRE_DELETE) for _ in range(2))
    assert one["metadata"]["name"] == other["metadata"]["name"] == "before-predelete-2b0f1c9e"


def test_hooks_run_wave_by_wave_and_each_is_waited_for() -> None:
    wanted = HOOKS.named([hook("second", annotations=wave(1)), hook("first")], HookType.PRE_DELETE)
    second, first = wanted
    assert HOOKS.step(wanted, {}) == Create((first,))
    assert HOOKS.step(wanted, of(ended(first))) == Wait("waiting for completion of hook Job shop/first")
    assert HOOKS.step(wanted, of(ended(first, "Complete"))) == Create((second,))
    both = of(ended(first, "Complete"), ended(second, "Complete"))
    assert isinstance(HOOKS.step(wanted, both), Done)


def test_a_hook_that_fails_stops_the_deletion_until_git_has_moved_or_it_is_deleted() -> None:
    wanted = HOOKS.named([hook()], HookType.PRE_DELETE)
    failed = ended(wanted[0], "Failed")
    found = HOOKS.step(wanted, of(failed))
    assert isinstance(found, Blocked)
    assert found.words.startswith("hook Job shop/before: exit 1")

    moved = Hooks("shop", UID, "decaf")
    assert names(moved.step(moved.named([hook()], HookType.PRE_DELETE), of(failed))) == ["before"]
    assert HOOKS.step(wanted, {}) == Create(tuple(wanted))


def test_a_hook_that_runs_or_has_run_does_not_run_again_when_git_moves() -> None:
    wanted, moved = HOOKS.named([hook()], HookType.PRE_DELETE), Hooks("shop", UID, "decaf")
    again = moved.named([hook()], HookType.PRE_DELETE)
    assert isinstance(moved.step(again, of(ended(wanted[0], "Complete"))), Done)
    assert isinstance(moved.step(again, of(ended(wanted[0]))), Wait)


def test_what_an_earlier_deletion_left_is_deleted_before_its_hook_runs() -> None:
    earlier = Hooks("shop", "another", "c0ffee").named([hook()], HookType.PRE_DELETE)[0]
    wanted = HOOKS.named([hook()], HookType.PRE_DELETE)
    assert names(HOOKS.step(wanted, of(ended(earlier, "Complete")))) == ["before"]
    going = {**earlier, "metadata": {**earlier["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert HOOKS.step(wanted, of(going)) == Wait("waiting for deletion of hook Job shop/before")


def test_somebody_elses_object_of_a_hooks_name_is_left() -> None:
    wanted = HOOKS.named([hook()], HookType.PRE_DELETE)
    found = HOOKS.step(wanted, of(obj("before", kind="Job", owner="other")))
    assert found == Blocked("Job shop/before exists already, and is not an object of this application")


@pytest.mark.parametrize(
    ("policy", "condition", "goes"),
    [
        ("HookSucceeded", "Complete", True),
        ("HookFailed", "Complete", False),
        ("HookFailed", "Failed", True),
        ("HookSucceeded", "Failed", False),
        ("BeforeHookCreation", "Complete", False),
    ],
)
def test_hooks_are_deleted_in_the_end_as_their_policy_says(policy: str, condition: str, *, goes: bool) -> None:
    ran = ended(hook(annotations={"argocd.argoproj.io/hook-delete-policy": policy}), condition)
    found = cleanup_step([ran, obj("settings"), hook("after", "PostDelete")], "shop", HookType.PRE_DELETE)
    assert isinstance(found, Delete if goes else Done)


def test_hooks_on_their_way_out_are_waited_for() -> None:
    going = hook(annotations={"argocd.argoproj.io/hook-delete-policy": "HookSucceeded"})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = cleanup_step([ended(going, "Complete")], "shop", HookType.PRE_DELETE)
    assert found == Wait("waiting for deletion of hook Job shop/before")


def test_how_a_deletion_goes_is_written_once_beside_what_others_say() -> None:
    others: JsonObject = {"type": ["whatever", "somebody", "writes"], "message": "no"}
    patch = conditions_with({"conditions": [others]}, kind=DELETION_IN_PROGRESS, words="1 left", now="t1")
    ours = {"type": DELETION_IN_PROGRESS, "message": "1 left", "lastTransitionTime": "t1"}
    assert patch == {"conditions": [others, ours]}
    assert conditions_with(patch, kind=DELETION_IN_PROGRESS, words="1 left", now="t2") == {}
    moved = conditions_with(patch, kind=DELETION_ERROR, words="no", now="t2")
    assert [one["type"] for one in moved["conditions"]] == [others["type"], DELETION_ERROR]
