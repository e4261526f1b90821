from __future__ import annotations

import random

import pytest

from bot.engine.order import KIND_ORDER, SyncPhase, Task, order, phases_of, prune_waves, wave_of
from bot.errors import Rejected
from bot.model.resources import JsonObject

API_VERSIONS = {
    "Deployment": "apps/v1",
    "Ship": "example.com/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
WAVE, WEIGHT = "argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"
HOOK, OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"


def make(name: str, *, namespace: str = "", **annotations: str) -> JsonObject:
    """Build an object called `Kind/name`; `wave`, `hook` and `options` are annotations."""
    kind, _, own_name = name.partition("/")
    names = {"wave": WAVE, "hook": HOOK, "options": OPTIONS}
    given = {names[key]: value for key, value in annotations.items()}
    metadata = {"name": own_name, "annotations": given} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": API_VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata}


def crd(*, wave: str = "0", group: str = "example.com", kind: str = "Ship") -> JsonObject:
    return make("CustomResourceDefinition/ships", wave=wave) | {"spec": {"group": group, "names": {"kind": kind}}}


def names(tasks: list[Task]) -> list[str]:
    return [f"{task.key.kind}/{task.key.name}" for task in tasks]


@pytest.mark.parametrize(
    ("wave", "expected"),
    [("5", 5), ("-5", -5), ("+5", 5), ("007", 7), ("9223372036854775807", 2**63 - 1), ("0" * 9999 + "1", 1)],
)
def test_a_wave_is_an_integer(wave: str, expected: int) -> None:
    assert wave_of(make("Pod/a", wave=wave)) == expected


@pytest.mark.parametrize(
    "wave", ["", "x", "1.5", " 1", "1_0", "0x1", "\u0661", "9223372036854775808", "9" * 9999, "1\n"]
)
def test_a_wave_that_is_not_an_integer_counts_as_absent(wave: str) -> None:
    assert wave_of(make("Pod/a", wave=wave)) == 0


@pytest.mark.parametrize("wave", [3, None, True, [], {}])
def test_a_wave_that_is_not_text_counts_as_absent(wave: object) -> None:
    assert wave_of({"metadata": {"annotations": {WAVE: wave}}}) == 0


def test_helms_hook_weight_stands_in_for_a_wave() -> None:
    assert wave_of({"metadata": {"annotations": {WEIGHT: "4"}}}) == 4
    assert wave_of({"metadata": {"annotations": {WEIGHT: "4", WAVE: "x"}}}) == 4
    assert wave_of({"metadata": {"annotations": {WEIGHT: "4", WAVE: "2"}}}) == 2


def test_a_managed_object_is_applied_in_the_sync_phase() -> None:
    assert phases_of(make("Pod/a")) == (SyncPhase.SYNC,)


def test_a_hook_runs_in_each_of_its_phases_in_their_order() -> None:
    assert phases_of(make("Pod/a", hook="PostSync,PreSync")) == (SyncPhase.PRE_SYNC, SyncPhase.POST_SYNC)


@pytest.mark.parametrize("hook", ["Skip", "PreDelete", "PreSnyc"])
def test_an_object_that_no_sync_runs_has_no_phase(hook: str) -> None:
    assert phases_of(make("Pod/a", hook=hook)) == ()


def test_phases_come_before_waves_and_waves_before_kinds() -> None:
    late, early = make("Pod/late", hook="PostSync", wave="-9"), make("Pod/early", hook="PreSync", wave="9")
    targets = [late, make("Pod/second", wave="1"), make("Job/first", wave="0"), early]
    assert names(order(targets)) == ["Pod/early", "Job/first", "Pod/second", "Pod/late"]


def test_kinds_of_one_wave_come_in_the_order_of_the_table() -> None:
    targets = [make(f"{kind}/a") for kind in reversed(KIND_ORDER)]
    assert names(order(targets)) == [f"{kind}/a" for kind in KIND_ORDER]


def test_a_kind_that_is_not_in_the_table_comes_after_all_that_are() -> None:
    assert names(order([make("Ship/a"), make("APIService/z")])) == ["APIService/z", "Ship/a"]


def test_equals_come_by_name_and_then_by_namespace() -> None:
    targets = [make("Pod/b", namespace="a"), make("Pod/a", namespace="z"), make("Pod/a", namespace="b")]
    assert [task.key.place for task in order(targets)] == ["b/a", "z/a", "a/b"]


def test_the_order_does_not_depend_on_the_order_given() -> None:
    targets = [
        make(f"{kind}/{n}", namespace=f"n{n}", wave=str(n % 2)) for kind in ("Ship", "Boat", "Pod") for n in range(4)
    ]
    expected = order(targets)
    for seed in range(5):
        assert order(random.Random(seed).sample(targets, len(targets))) == expected  # noqa: S311 - a shuffle, not a secret


def test_a_namespace_comes_directly_before_its_first_user_and_adopts_its_phase_and_wave() -> None:
    hook = make("Job/migrate", namespace="shop", hook="PreSync", wave="-3")
    other = make("Job/else", namespace="other", hook="PreSync", wave="-4")
    tasks = order([make("Namespace/shop"), hook, other, make("Pod/web", namespace="shop")])
    assert names(tasks) == ["Job/else", "Namespace/shop", "Job/migrate", "Pod/web"]
    assert (tasks[1].phase, tasks[1].wave) == (SyncPhase.PRE_SYNC, -3)


def test_a_namespace_that_comes_early_enough_stays_where_it_is() -> None:
    tasks = order([make("Namespace/shop", wave="-1"), make("Pod/web", namespace="shop")])
    assert [(task.key.kind, task.wave) for task in tasks] == [("Namespace", -1), ("Pod", 0)]


def test_a_definition_comes_directly_before_its_first_object() -> None:
    tasks = order([crd(wave="2"), make("Ship/a", wave="1"), make("Deployment/b", wave="1")])
    assert names(tasks) == ["Deployment/b", "CustomResourceDefinition/ships", "Ship/a"]
    assert tasks[1].wave == 1


def test_a_namespace_and_a_definition_are_both_lifted_before_their_first_user() -> None:
    tasks = order([make("Namespace/sea"), crd(), make("Ship/a", namespace="sea", hook="PreSync")])
    assert names(tasks) == ["Namespace/sea", "CustomResourceDefinition/ships", "Ship/a"]
    assert {task.phase for task in tasks} == {SyncPhase.PRE_SYNC}


@pytest.mark.parametrize("spec", [None, [], "x", {}, {"names": []}, {"group": {}, "names": {"kind": []}}])
def test_a_definition_that_defines_nothing_is_not_moved(spec: object) -> None:
    hollow = crd(wave="2") | {"spec": spec}
    assert names(order([hollow, make("Ship/a")])) == ["Ship/a", "CustomResourceDefinition/ships"]


def test_the_waves_to_prune_are_mirrored() -> None:
    assert prune_waves([3, -1, 0, 3]) == {-1: 3, 0: 0, 3: -1}
    assert prune_waves([]) == {}


def test_what_was_created_last_is_pruned_first() -> None:
    live = [make("Pod/first", wave="0"), make("Pod/second", wave="1"), make("Pod/third", wave="5")]
    tasks = order([], pruned=live)
    assert [(task.key.name, task.wave, task.prune) for task in tasks] == [
        ("third", 0, True),
        ("second", 1, True),
        ("first", 5, True),
    ]


def test_prune_last_waits_for_the_wave_after_all_others() -> None:
    tasks = order([make("Pod/new", wave="4")], pruned=[make("Pod/old"), make("Pod/older", wave="7")], prune_last=True)
    assert [(task.key.name, task.wave) for task in tasks] == [("new", 4), ("old", 8), ("older", 8)]


def test_one_object_may_ask_to_be_pruned_last() -> None:
    live = [make("Pod/stay", options="Validate=false, PruneLast=true"), make("Pod/go")]
    tasks = order([make("Pod/new", wave="2")], pruned=live)
    assert [(task.key.name, task.wave) for task in tasks] == [("go", 0), ("new", 2), ("stay", 3)]


def test_waves_below_zero_do_not_pull_prune_last_below_one() -> None:
    tasks = order([make("Pod/new", wave="-4")], pruned=[make("Pod/old", wave="-4")], prune_last=True)
    assert [(task.key.name, task.wave) for task in tasks] == [("new", -4), ("old", 1)]


@pytest.mark.parametrize("hook", ["PreSync", "Skip"])
def test_hooks_and_skipped_objects_are_not_pruned(hook: str) -> None:
    assert order([], pruned=[make("Pod/a", hook=hook)]) == []


def test_a_pruned_object_does_not_pull_a_new_namespace_to_itself() -> None:
    tasks = order([make("Namespace/shop", wave="1")], pruned=[make("Pod/old", namespace="shop")])
    assert [(task.key.kind, task.wave) for task in tasks] == [("Pod", 0), ("Namespace", 1)]


def test_a_pruned_namespace_is_not_moved_before_those_who_use_it() -> None:
    tasks = order([make("Pod/web", namespace="shop")], pruned=[make("Namespace/shop", options="PruneLast=true")])
    assert names(tasks) == ["Pod/web", "Namespace/shop"]


def test_a_manifest_without_a_kind_is_refused() -> None:
    with pytest.raises(Rejected):
        order([{"apiVersion": "v1", "metadata": {"name": "a"}}])
