from __future__ import annotations

import pytest

from bot.engine.hooks import (
    HookDeletePolicy,
    HookType,
    delete_policies_of,
    has_hook_finalizer,
    hook_words,
    hooks_of,
    is_hook,
    is_skipped,
    unknown_hook,
)
from bot.model.resources import JsonObject


def annotated(**annotations: object) -> JsonObject:
    """Build an object whose annotations are named by `argo`, `helm`, `argo_delete` and `helm_delete`."""
    names = {
        "argo": "argocd.argoproj.io/hook",
        "argo_delete": "argocd.argoproj.io/hook-delete-policy",
        "helm": "helm.sh/hook",
        "helm_delete": "helm.sh/hook-delete-policy",
    }
    given = {names[name]: value for name, value in annotations.items()}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "annotations": given}}


@pytest.mark.parametrize("kind", HookType)
def test_every_hook_type_is_read_by_argo_cds_word(kind: HookType) -> None:
    assert hooks_of(annotated(argo=str(kind))) == {kind}


def test_several_hook_types_are_separated_by_commas_and_spaces() -> None:
    assert hooks_of(annotated(argo="PreSync, PostSync ,,PreSync")) == {HookType.PRE_SYNC, HookType.POST_SYNC}


@pytest.mark.parametrize(
    ("helm", "expected"),
    [
        ("pre-install,pre-upgrade", {HookType.PRE_SYNC}),
        ("post-install", {HookType.POST_SYNC}),
        ("post-upgrade", {HookType.POST_SYNC}),
        ("pre-delete", {HookType.PRE_DELETE}),
        ("post-delete", {HookType.POST_DELETE}),
        ("test", set()),
        ("pre-rollback", set()),
    ],
)
def test_helms_hooks_map_to_argo_cds(helm: str, expected: set[HookType]) -> None:
    assert hooks_of(annotated(helm=helm)) == expected


def test_an_argo_cd_hook_makes_the_helm_one_void() -> None:
    assert hooks_of(annotated(argo="Sync", helm="pre-install")) == {HookType.SYNC}


def test_a_managed_object_is_no_hook() -> None:
    assert not is_hook(annotated())
    assert hooks_of(annotated()) == set()


@pytest.mark.parametrize(
    "annotations", [{"argo": "PreSnyc"}, {"helm": "test"}, {"argo": ""}, {"helm": "crd-install,x"}]
)
def test_a_hook_that_never_runs_is_still_not_a_managed_object(annotations: dict[str, str]) -> None:
    obj = annotated(**annotations)
    assert is_hook(obj)
    assert hooks_of(obj) == set()
    assert "is never applied" in unknown_hook(obj)
    assert hook_words(obj) == "unknown"


def test_beside_an_argo_cd_hook_that_does_not_exist_the_helm_one_counts() -> None:
    assert hooks_of(annotated(argo="PreSnyc", helm="post-install")) == {HookType.POST_SYNC}


@pytest.mark.parametrize("annotations", [{}, {"argo": "Skip"}, {"argo": "Sync,Snyc"}, {"argo": "PostDelete"}])
def test_nothing_is_said_of_an_object_whose_hooks_exist(annotations: dict[str, str]) -> None:
    assert unknown_hook(annotated(**annotations)) == ""


def test_a_long_annotation_is_quoted_in_part() -> None:
    assert len(unknown_hook(annotated(argo="x" * 10_000))) < 200


def test_helm_2s_crd_install_is_a_managed_object() -> None:
    assert not is_hook(annotated(helm="crd-install"))


def test_an_object_is_skipped_when_skip_is_all_it_says() -> None:
    assert is_skipped(annotated(argo="Skip"))
    assert not is_hook(annotated(argo="Skip"))


def test_skip_beside_another_hook_does_not_skip() -> None:
    assert not is_skipped(annotated(argo="Skip,PreSync"))
    assert is_hook(annotated(argo="Skip,PreSync"))


def test_a_hook_is_deleted_before_its_next_run_when_it_does_not_say() -> None:
    assert delete_policies_of(annotated(argo="Sync")) == {HookDeletePolicy.BEFORE_HOOK_CREATION}
    assert delete_policies_of(annotated(argo_delete="Never")) == {HookDeletePolicy.BEFORE_HOOK_CREATION}


def test_delete_policies_of_argo_cd_and_helm_add_up() -> None:
    obj = annotated(argo_delete="HookSucceeded", helm_delete="hook-failed, before-hook-creation")
    assert delete_policies_of(obj) == set(HookDeletePolicy)


def test_a_hook_keeps_its_finalizer_until_its_end_is_recorded() -> None:
    assert has_hook_finalizer({"metadata": {"finalizers": ["x", "argocd.argoproj.io/hook-finalizer"]}})
    assert not has_hook_finalizer({"metadata": {"finalizers": "argocd.argoproj.io/hook-finalizer"}})


@pytest.mark.parametrize("value", [None, 5, True, ["PreSync"], {"PreSync": ""}])
def test_a_hook_annotation_that_is_not_text_breaks_nothing(value: object) -> None:
    obj = annotated(argo=value, helm=value, argo_delete=value, helm_delete=value)
    assert hooks_of(obj) == set()
    assert delete_policies_of(obj) == {HookDeletePolicy.BEFORE_HOOK_CREATION}
