"""What a sync has to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.engine.hooks import OPERATION_ANNOTATION
from bot.engine.sync.plan import (
    SyncPlan,
    changed_plan,
    held,
    made_by,
    mass_deletion,
    not_there,
    operation_id,
    plan_sync,
    unconfirmed,
)
from bot.model.applications import Application, ApplicationSpec
from bot.model.operations import Operation, OperationState, Phase
from bot.model.resources import JsonObject, ResourceKey, annotations_of


def state(*, prune: bool = True, started: str = "2026-01-02T03:04:05Z") -> OperationState:
    return OperationState(Operation("abcdef1234567890", prune), Phase.RUNNING, "", started)


def spec(*options: str) -> ApplicationSpec:
    return ApplicationSpec.model_validate(
        {"destination": {"name": "prod"}, "source": {"repoURL": "x"}, "syncPolicy": {"syncOptions": list(options)}}
    )


def make(name: str, *, options: str = "", hook: str = "", **metadata: Any) -> JsonObject:
    marks = {"argocd.argoproj.io/sync-options": options, "argocd.argoproj.io/hook": hook}
    annotations = {mark: value for mark, value in marks.items() if value}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop", "annotations": annotations, **metadata},
    }


def plan(targets: list[JsonObject], extraneous: list[JsonObject], *options: str, **operation: Any) -> SyncPlan:
    wanted = {ResourceKey.of(obj): obj for obj in targets}
    return plan_sync(wanted, extraneous, state=state(**operation), spec=spec(*options))


def turns(found: SyncPlan) -> list[tuple[str, bool]]:
    return [(task.key.name, task.prune) for task in found.tasks]


def test_targets_are_applied_and_what_left_git_is_pruned() -> None:
    assert turns(plan([make("a")], [make("old")])) == [("a", False), ("old", True)]


@pytest.mark.parametrize(
    ("obj", "options", "prune", "words"),
    [
        (make("old"), (), False, "ignored (requires pruning)"),
        (make("old", options="Prune=false"), (), True, "ignored (no prune)"),
        (make("old"), ("Prune=false",), True, "ignored (no prune)"),
    ],
)
def test_what_is_not_pruned_is_kept_with_the_reason(
    obj: JsonObject, options: tuple[str, ...], *, prune: bool, words: str
) -> None:
    found = plan([], [obj], *options, prune=prune)

    assert (found.tasks, found.kept) == ((), ((ResourceKey.of(obj), words),))


def test_pruning_waits_for_everything_else_if_the_application_says_so() -> None:
    assert turns(plan([make("z")], [make("a")], "PruneLast=true")) == [("z", False), ("a", True)]


def test_a_hook_is_marked_as_made_by_this_operation() -> None:
    (task,) = plan([make("migrate", hook="PreSync")], []).tasks

    assert made_by(task.obj, state())
    assert not made_by(task.obj, state(started="2026-01-02T03:04:06Z"))
    assert not made_by(make("migrate"), state())
    assert (
        annotations_of(task.obj)[OPERATION_ANNOTATION] == operation_id(state()) == "abcdef123456-2026-01-02T03:04:05Z"
    )


def test_a_hook_with_a_generated_name_has_the_same_one_whenever_the_operation_is_resumed() -> None:
    hook = make("", hook="PreSync", generateName="migrate-")
    first, second = (plan([hook], []).tasks[0].obj["metadata"] for _ in range(2))

    assert first == second
    assert first["name"] == "migrate-abcdef1-presync-1767323045"
    assert "generateName" not in first


def test_a_wave_waits_where_a_person_has_to_approve_of_a_deletion() -> None:
    found = plan([make("kept")], [make("gone", options="Prune=confirm"), make("other", options="Prune=confirm")])
    asking = Application("shop", "argocd", spec())
    approving = Application(
        "shop", "argocd", spec(), annotations=(("argocd.argoproj.io/deletion-approved", "2026-01-02T04:00:00Z"),)
    )

    words = unconfirmed(found.tasks, asking, since=state().started_at)
    assert words == "waiting for pruning confirmation of /ConfigMap/gone and 1 more resources"
    assert unconfirmed(found.tasks, approving, since=state().started_at) == ""
    assert unconfirmed(plan([], [make("gone")]).tasks, asking, since=state().started_at) == ""


def test_a_skipped_object_has_no_turn() -> None:
    assert plan([make("never", hook="Skip")], []).tasks == ()


@pytest.mark.parametrize(
    ("kept", "pruned", "percent", "held"),
    [(9, 1, 10, False), (8, 2, 10, True), (0, 1, 99, True), (0, 1, 100, False), (1, 0, 0, False), (0, 0, 0, False)],
)
def test_a_sync_that_deletes_too_large_a_share_is_held(*, kept: int, pruned: int, percent: int, held: bool) -> None:
    targets = [make(f"a{number}") for number in range(kept)]
    found = plan(targets, [make(f"b{number}") for number in range(pruned)])
    words = mass_deletion(found, {}, percent=percent)

    assert bool(words) is held
    assert not words or f"would delete {pruned} of {kept + pruned} objects, more than {percent} %" in words


def test_hooks_do_not_count_as_objects_that_stay() -> None:
    found = plan([make("hook", hook="PreSync"), make("a")], [make("b")])

    assert "1 of 2 objects" in mass_deletion(found, {}, percent=49)


@pytest.mark.parametrize(
    ("finalizers", "words"),
    [(["resources-finalizer.argocd.argoproj.io"], "the sync would delete 10 of 14 objects, more than 50 %"), ([], "")],
)
def test_an_application_counts_with_what_goes_with_it(finalizers: list[str], words: str) -> None:
    def live(name: str, objects: int) -> JsonObject:
        metadata = {"name": name, "namespace": "argocd", "finalizers": finalizers}
        status = {"resources": [{"kind": "ConfigMap", "name": str(number)} for number in range(objects)]}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "status": status}

    large, small = live("large", 9), live("small", 1)
    targets = [live("small", 0), make("a"), make("b")]
    found = plan_sync({ResourceKey.of(one): one for one in targets}, [large], state=state(), spec=spec())
    applications = {ResourceKey.of(one): one for one in (large, small)}
    assert mass_deletion(found, applications, percent=50) == words


def test_a_sync_without_hooks_runs_none() -> None:
    asked = replace(state(), operation=Operation("abc", prune=True, without_hooks=True))
    targets = {ResourceKey.of(one): one for one in (make("before", hook="PreSync"), make("a"))}
    assert turns(plan_sync(targets, [], state=asked, spec=spec())) == [("a", False)]


@pytest.mark.parametrize(
    ("named", "prune", "words"),
    [
        (ResourceKey("", "ConfigMap", "shop", "a"), False, ""),
        (ResourceKey("", "ConfigMap", "", "a"), False, ""),
        (ResourceKey("", "ConfigMap", "other", "a"), False, "ConfigMap other/a is neither in Git nor among what"),
        (ResourceKey("", "ConfigMap", "shop", "before"), False, "ConfigMap shop/before is neither in Git nor among"),
        (ResourceKey("", "ConfigMap", "shop", "old"), False, "ConfigMap shop/old: ignored (requires pruning)"),
        (ResourceKey("", "ConfigMap", "shop", "old"), True, ""),
    ],
)
def test_what_is_named_has_to_be_there(*, named: ResourceKey, prune: bool, words: str) -> None:
    operation = Operation("abc", prune=prune, resources=(named,))
    targets = {ResourceKey.of(one): one for one in (make("before", hook="PreSync"), make("a"))}
    found = plan_sync(targets, [make("old")], state=replace(state(), operation=operation), spec=spec())
    assert not_there(operation, found).startswith(words)
    assert bool(not_there(operation, found)) is bool(words)


def test_a_person_allows_what_is_held_for_one_revision() -> None:
    allowed = {"foresail.dev/approve": "r"}

    assert held("too much", application_annotations=allowed, revision="r") == ""
    assert held("too much", application_annotations=allowed, revision="s") == (
        "held: too much; a person allows it by the annotation foresail.dev/approve: s"
    )
    assert held("", application_annotations={}, revision="s") == ""


def test_a_plan_that_moved_names_what_would_be_different() -> None:
    keys = [ResourceKey.of(make(name)) for name in "dcba"]
    words = changed_plan(dict.fromkeys(keys, ("data", "metadata.labels")))

    assert words.startswith("the sync would not do what its preview said: ")
    assert f"{keys[3]} (data, metadata.labels)" in words
    assert words.endswith(" and 1 more")
    assert changed_plan({}) == ""
