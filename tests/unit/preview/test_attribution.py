"""Effect and drift of one object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.engine.tracking import stamp
from bot.engine.writes import Writes
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.reports import Action, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.attribution import Attribution
from bot.preview.redaction import Redactor

OURS = Attribution(instance="web", prunes=True, redactor=Redactor(b"k" * 16), hidden=frozenset)
KEEPING = replace(OURS, prunes=False)
REPLACING = replace(OURS, writes=Writes(("Replace=true",)))
IMMUTABLE = Refusal("spec.selector: field is immutable", 422, "Invalid", ("spec.selector",))
DENIED = Refusal("no such luck", 422, "Invalid")


def make(version: int = 1, *, kind: str = "Deployment", owner: str = "web", **marks: str) -> JsonObject:
    """Return a manifest, stamped as rendering stamps it."""
    annotations = {f"argocd.argoproj.io/{name.replace('_', '-')}": value for name, value in marks.items()}
    metadata = {"name": "app", "namespace": "shop", "annotations": annotations}
    group = {"Deployment": "apps/v1", "Job": "batch/v1"}.get(kind, "v1")
    obj = {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": {"version": version}}
    return stamp(obj, owner) if owner else obj


def held(manifest: JsonObject, **more: Any) -> JsonObject:
    """Return the object as a server holds it: with defaults and bookkeeping."""
    metadata = {**manifest["metadata"], "uid": "u", "resourceVersion": "5"}
    return {**manifest, "metadata": metadata, "spec": {**manifest["spec"], "defaulted": True}, "status": {}, **more}


def accepted(manifest: JsonObject) -> Prediction:
    return Prediction(manifest, held(manifest))


def refused(manifest: JsonObject, refusal: Refusal = DENIED) -> Prediction:
    return Prediction(manifest, None, refusal=refusal)


def report(
    *,
    live: JsonObject | None = None,
    base: Prediction | None = None,
    head: Prediction | None = None,
    ending: JsonObject | None = None,
    by: Attribution = OURS,
) -> ResourceReport:
    manifests = [side.manifest for side in (base, head) if side is not None]
    some = live if live is not None else manifests[0]
    return by.report(ResourceStates(ResourceKey.of(some), live, base, head, ending))


def actions(found: ResourceReport) -> tuple[Action, Action]:
    return found.action, found.drift


def added(diff: str) -> list[str]:
    return [line for line in diff.split("\n") if line.startswith(("+", "-"))]


def test_an_object_in_sync_that_nobody_changes_is_left_alone() -> None:
    one = accepted(make())

    assert actions(report(live=held(make()), base=one, head=one)) == (Action.NOTHING, Action.NOTHING)


def test_a_change_is_what_differs_between_the_predictions() -> None:
    found = report(live=held(make()), base=accepted(make()), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.NOTHING)
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]


def test_drift_is_told_apart_from_the_change() -> None:
    found = report(live=held(make(9)), base=accepted(make()), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.CHANGE)
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]
    assert added(found.drift_diff) == ["-  version: 9", "+  version: 1"]


def test_where_a_change_meets_drift_what_is_written_is_both() -> None:
    found = report(live=held(make(9)), base=accepted(make(1)), head=accepted(make(2)))
    assert "-  version: 1" in found.effect_diff.split("\n")
    assert added(found.result_diff) == ["-  version: 9", "+  version: 2"]
    alone = report(live=held(make(1)), base=accepted(make(1)), head=accepted(make(2)))
    assert (alone.drift, alone.result_diff) == (Action.NOTHING, "")


def test_of_what_is_refused_nothing_is_written() -> None:
    found = report(live=held(make(9)), base=accepted(make(1)), head=refused(make(2)))
    assert (*actions(found), found.result_diff) == (Action.CHANGE, Action.CHANGE, "")
    assert found.failure


def test_a_change_that_catches_up_with_what_somebody_did_by_hand_is_a_change_and_drift() -> None:
    found = report(live=held(make(2)), base=accepted(make()), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.CHANGE)


def test_values_that_only_python_calls_equal_are_a_change() -> None:
    one, other = make(), make()
    other["spec"] = {"version": True}
    found = report(live=held(one), base=accepted(one), head=accepted(other))

    assert added(found.effect_diff) == ["-  version: 1", "+  version: true"]


def test_a_new_object_is_created() -> None:
    found = report(head=accepted(make()))

    assert (actions(found), found.note) == ((Action.CREATE, Action.NOTHING), "")


def test_an_object_that_somebody_deleted_is_drift_alone() -> None:
    one = accepted(make())
    found = report(base=one, head=one)

    assert actions(found) == (Action.NOTHING, Action.CREATE)
    assert found.effect_diff == ""


def test_changing_an_object_that_somebody_deleted_is_a_change_of_what_a_sync_creates() -> None:
    found = report(base=accepted(make()), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.CREATE)
    assert found.note == "does not exist yet: a sync creates it"
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]


def test_what_the_server_picks_at_creation_is_neither_effect_nor_shown() -> None:
    sides = [make(version, kind="Job") for version in (1, 2)]
    answers = [held(side) for side in sides]
    for number, answer in enumerate(answers):
        answer["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": str(number)}}
    base, head = (Prediction(*pair) for pair in zip(sides, answers, strict=True))
    found = report(base=base, head=head)

    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]
    assert "controller-uid" not in found.drift_diff


# What the API server refuses.


def test_a_refusal_is_a_failure_in_the_words_of_the_server() -> None:
    found = report(live=held(make()), base=accepted(make()), head=refused(make(2)))

    assert (found.action, found.failure) == (Action.CHANGE, "no such luck")
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]


def test_a_refused_new_object_is_a_creation_that_fails() -> None:
    found = report(head=refused(make()))

    assert (found.action, found.failure) == (Action.CREATE, "no such luck")


def test_what_fails_with_or_without_the_change_is_no_effect_of_it() -> None:
    found = report(live=held(make()), base=refused(make()), head=refused(make()))

    assert (actions(found), found.failure) == ((Action.NOTHING, Action.NOTHING), "no such luck")


def test_an_immutable_field_fails_unless_replacing_is_allowed() -> None:
    found = report(live=held(make()), base=accepted(make()), head=refused(make(2), IMMUTABLE))

    assert found.action is Action.CHANGE
    assert found.failure == (
        "cannot be changed in place (spec.selector is immutable): spec.selector: field is immutable"
    )


@pytest.mark.parametrize("option", ["Replace=true", "Force=true"])
def test_the_object_itself_may_allow_being_replaced(option: str) -> None:
    head = refused(make(2, sync_options=option), IMMUTABLE)

    assert report(live=held(make()), base=accepted(make()), head=head).action is Action.REPLACE


def test_a_replacement_says_why_and_what_is_lost() -> None:
    live = held(make(), status={"replicas": 3})
    found = report(live=live, base=accepted(make()), head=refused(make(2), IMMUTABLE), by=REPLACING)

    assert (found.action, found.failure) == (Action.REPLACE, "")
    assert found.note == (
        "cannot be changed in place (spec.selector is immutable): deleted, then created again; 3 pods go away at once"
    )
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]


def test_a_replacement_that_a_sync_makes_anyway_is_drift() -> None:
    live, side = held(make(), status={"replicas": 1}), refused(make(2), IMMUTABLE)
    found = report(live=live, base=side, head=side, by=REPLACING)

    assert (actions(found), found.failure, found.effect_diff) == ((Action.NOTHING, Action.REPLACE), "", "")
    assert found.note.startswith("cannot be changed in place")
    assert found.note.endswith("1 pod goes away at once")


def test_changing_what_a_sync_replaces_anyway_is_a_change() -> None:
    base, head = refused(make(2), IMMUTABLE), refused(make(3), IMMUTABLE)
    found = report(live=held(make()), base=base, head=head, by=REPLACING)

    assert actions(found) == (Action.CHANGE, Action.REPLACE)
    assert found.note.startswith("a sync deletes it and creates it again even without this change; ")


def test_a_change_may_repair_what_the_target_branch_cannot_apply() -> None:
    found = report(live=held(make()), base=refused(make(5)), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.NOTHING)
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]
    assert "the change repairs that" in found.note


def test_a_repaired_object_that_is_not_there_yet_is_created() -> None:
    found = report(base=refused(make(5)), head=accepted(make()))

    assert actions(found) == (Action.CREATE, Action.NOTHING)
    assert "the change repairs that" in found.note


def test_a_repair_that_ends_where_the_cluster_is_changes_nothing_there() -> None:
    found = report(live=held(make()), base=refused(make(5)), head=accepted(make()))

    assert (found.action, found.failure) == (Action.NOTHING, "")
    assert "the change repairs that" in found.note


# What leaves Git.


def test_an_object_that_leaves_git_is_pruned_if_syncs_prune() -> None:
    found = report(live=held(make(), status={"replicas": 2}), base=accepted(make()))

    assert (actions(found), found.note) == ((Action.PRUNE, Action.NOTHING), "2 pods go away at once")
    assert "-  version: 1" in added(found.effect_diff)


@pytest.mark.parametrize(
    ("by", "live"),
    [
        (KEEPING, held(make())),
        (OURS, held(make(sync_options="Prune=false"))),
        (OURS, held(make(owner=""))),
    ],
)
def test_an_object_that_leaves_git_is_orphaned_otherwise(by: Attribution, live: JsonObject) -> None:
    found = report(live=live, base=accepted(make()), by=by)

    assert (found.action, found.effect_diff) == (Action.ORPHAN, "")
    assert found.note == "stays in the cluster, no longer managed"


def test_an_object_of_another_application_is_left_to_it() -> None:
    found = report(live=held(make(owner="shop")), base=accepted(make()))

    assert (found.action, found.note) == (Action.NOTHING, "belongs to application shop and stays")


def test_an_object_that_leaves_git_and_never_was_is_drift_alone() -> None:
    found = report(base=accepted(make()))

    assert (actions(found), found.note) == ((Action.NOTHING, Action.CREATE), "is not in the cluster")


def test_drift_of_what_leaves_git_is_told_too() -> None:
    assert actions(report(live=held(make(9)), base=accepted(make()))) == (Action.PRUNE, Action.CHANGE)


def test_what_is_in_git_on_neither_side_is_pruned_by_any_sync() -> None:
    assert actions(report(live=held(make()))) == (Action.NOTHING, Action.PRUNE)
    assert actions(report(live=held(make()), by=KEEPING)) == (Action.NOTHING, Action.ORPHAN)


@pytest.mark.parametrize("live", [held(make(owner="shop")), held(make(owner="")), held(make(hook="PreSync"))])
def test_what_is_not_the_applications_own_is_no_drift(live: JsonObject) -> None:
    found = report(live=live)

    assert (actions(found), found.note) == ((Action.NOTHING, Action.NOTHING), "")


# Who an object belongs to.


def test_bringing_an_object_of_another_application_takes_it_over() -> None:
    found = report(live=held(make(owner="shop")), head=accepted(make()))

    assert (found.action, found.effect_diff) == (Action.CHANGE, "")
    assert found.note == ""


def test_bringing_an_object_that_exists_adopts_it() -> None:
    found = report(live=held(make(owner="")), head=accepted(make()))

    assert (found.action, found.note) == (Action.CHANGE, "exists already and is adopted")


def test_two_applications_that_fight_over_an_object_are_no_news() -> None:
    one = accepted(make())
    found = report(live=held(make(owner="shop")), base=one, head=one)

    assert actions(found) == (Action.NOTHING, Action.NOTHING)
    assert found.note == "belongs to application shop, which manages it too"


def test_an_object_that_is_never_stamped_is_never_adopted() -> None:
    one = accepted(make(owner=""))
    found = report(live=held(make(owner="")), head=one)

    assert (found.action, found.note) == (Action.NOTHING, "")


# Hooks and what is never applied.


def test_a_hook_is_told_with_its_phase() -> None:
    found = report(head=accepted(make(kind="Job", hook="PreSync,PostSync")))

    assert (actions(found), found.hook) == ((Action.CREATE, Action.NOTHING), "PostSync, PreSync")


def test_a_hook_that_no_change_touches_is_neither_effect_nor_drift() -> None:
    one = accepted(make(kind="Job", hook="PreSync"))

    assert actions(report(base=one, head=one)) == (Action.NOTHING, Action.NOTHING)


def test_what_an_earlier_sync_left_of_a_hook_does_not_make_it_fail() -> None:
    old, new = make(kind="Job", hook="PreSync"), make(2, kind="Job", hook="PreSync")
    found = report(live=held(old), base=accepted(old), head=refused(new, IMMUTABLE))

    assert (actions(found), found.failure) == ((Action.CHANGE, Action.NOTHING), "")
    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]


def test_a_hook_that_is_refused_for_another_reason_fails() -> None:
    assert report(head=refused(make(kind="Job", hook="PreSync"))).failure == "no such luck"


def test_a_hook_that_leaves_git_is_not_pruned() -> None:
    hook = make(kind="Job", hook="PreSync")
    found = report(live=held(hook), base=accepted(hook))

    assert (found.action, found.hook, found.note) == (Action.CHANGE, "PreSync", "the hook no longer runs")


def test_an_object_that_becomes_a_hook_says_so() -> None:
    live, base, head = held(make(kind="Job")), make(kind="Job"), make(kind="Job", hook="Sync")

    assert report(live=live, base=accepted(base), head=accepted(head)).note == "becomes a hook"


def test_a_hook_that_becomes_an_ordinary_object_is_created() -> None:
    base, head = make(kind="Job", hook="Sync"), make(kind="Job")

    assert report(base=accepted(base), head=accepted(head)).action is Action.CREATE


def test_a_skipped_object_is_never_applied() -> None:
    skipped = accepted(make(hook="Skip"))

    assert actions(report(head=skipped)) == (Action.NOTHING, Action.NOTHING)
    assert actions(report(live=held(make()), base=skipped, head=skipped)) == (Action.NOTHING, Action.NOTHING)
    assert report(base=skipped, head=accepted(make())).action is Action.CREATE


@pytest.mark.parametrize("hook", ["PreSnyc", "PostDelete"])
def test_a_hook_that_no_sync_runs_is_never_applied(hook: str) -> None:
    never = accepted(make(kind="Job", hook=hook))
    assert actions(report(head=never)) == (Action.NOTHING, Action.NOTHING)
    assert actions(report(base=never)) == (Action.NOTHING, Action.NOTHING)
    assert report(base=never, head=accepted(make(kind="Job", hook="PreSync"))).action is Action.CREATE


def test_an_object_that_becomes_a_hook_of_no_type_stays_as_it_is() -> None:
    found = report(live=held(make()), base=accepted(make()), head=accepted(make(hook="PreSnyc")))

    assert (found.action, found.hook) == (Action.ORPHAN, "unknown")
    assert found.note == "stays in the cluster, no longer applied (hook: unknown)"


def test_an_object_that_becomes_skipped_stays_as_it_is() -> None:
    found = report(live=held(make()), base=accepted(make()), head=accepted(make(hook="Skip")))

    assert (found.action, found.note) == (Action.ORPHAN, "stays in the cluster, no longer applied (hook: Skip)")


# Estimates, versions, ends, secrets.


def test_an_estimate_is_compared_with_the_manifest_of_the_other_side() -> None:
    base = Prediction(make(), make(), estimated="its kind is not served yet")
    found = report(base=base, head=accepted(make(2)))

    assert added(found.effect_diff) == ["-  version: 1", "+  version: 2"]
    assert found.estimated == "as the target branch has it: its kind is not served yet"


def test_another_version_of_an_api_is_told() -> None:
    older = {**make(), "apiVersion": "apps/v1beta1"}
    found = report(live=held(older), base=accepted(older), head=accepted(make()))

    assert found.action is Action.CHANGE
    assert found.note == "moves from apps/v1beta1 to apps/v1, so the same fields may be written differently"


def test_what_is_on_its_way_out_and_leaves_git_is_not_said_to_come_back() -> None:
    found = report(ending=held(make()), base=accepted(make()))

    assert found.action is Action.NOTHING
    assert found.note == "is being deleted already; a sync without this change would create it again"


def test_an_object_on_its_way_out_is_told() -> None:
    found = report(ending=held(make()), base=accepted(make()), head=accepted(make(2)))

    assert actions(found) == (Action.CHANGE, Action.CREATE)
    assert found.note == "is being deleted right now; a sync creates it again once it is gone"


def test_secret_values_are_in_no_diff_and_no_words() -> None:
    value = "aHVudGVyMi1jb3JyZWN0"
    secret = {**make(kind="Secret"), "data": {"password": value}}
    other = {**make(kind="Secret"), "data": {"password": "b3RoZXI="}}
    refusal = Refusal(f"data.password: Invalid value: {value}", 422, "Invalid")
    found = report(
        live=held(other),
        base=accepted(other),
        head=refused(secret, refusal),
        by=replace(OURS, hidden=lambda: frozenset({value})),
    )

    assert value not in repr(found)
    assert "<redacted" in found.effect_diff
    assert found.failure == "data.password: Invalid value: <redacted>"
