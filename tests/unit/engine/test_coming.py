"""What a change brings along excuses what the API server refuses for lack of it, and casts doubt on what it grants."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.coming import Coming, decides
from bot.engine.order import SYNC_WAVE
from bot.model.predictions import Refusal
from bot.model.resources import JsonObject, ResourceKey

NO_NAMESPACE = Refusal('namespaces "new" not found', 404, "NotFound")
NO_KIND = Refusal("no such kind", 404, "UnknownKind")
NO_PRIORITY = Refusal('pods "p" is forbidden: no PriorityClass with name urgent was found', 403, "Forbidden")


def make(kind: str, name: str, api: str = "v1", namespace: str = "", wave: str = "0", **fields: Any) -> JsonObject:
    metadata = {"name": name, "annotations": {SYNC_WAVE: wave}} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def coming(*objects: JsonObject, others: tuple[JsonObject, ...] = (), today: tuple[JsonObject, ...] = ()) -> Coming:
    wanted = {"shop": objects, "other": others}
    altered = frozenset((name, ResourceKey.of(obj)) for name in wanted for obj in wanted[name])
    return Coming.of(wanted, altered, {ResourceKey.of(obj): obj for obj in today})


def definition(**version: Any) -> JsonObject:
    schema = {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}
    versions = [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}, **version}]
    spec = {"group": "example.com", "names": {"kind": "Widget"}, "versions": versions}
    return make("CustomResourceDefinition", "widgets.example.com", "apiextensions.k8s.io/v1", spec=spec)


CONFIG = make("ConfigMap", "settings", namespace="new")
POD = make("Pod", "p", namespace="new")
WIDGET = make("Widget", "w", "example.com/v1", namespace="new")
URGENT = make("PriorityClass", "urgent", "scheduling.k8s.io/v1", wave="-1")


def test_an_object_whose_namespace_comes_first_is_shown_as_it_is_in_git() -> None:
    found = coming(make("Namespace", "new"), CONFIG).instead_of(NO_NAMESPACE, CONFIG, "shop")

    assert found is not None
    assert (found.obj, found.why) == (CONFIG, "its Namespace new does not exist yet; shown as it is in Git")


def test_a_namespace_of_another_application_may_come_too_late() -> None:
    found = coming(CONFIG, others=(make("Namespace", "new"),)).instead_of(NO_NAMESPACE, CONFIG, "shop")

    assert found is not None
    assert "comes with application other, which is synced on its own" in found.why


def test_a_namespace_that_nobody_brings_is_a_refusal() -> None:
    assert coming(CONFIG).instead_of(NO_NAMESPACE, CONFIG, "shop") is None


def test_an_object_of_a_new_kind_is_filled_in_by_the_schema() -> None:
    found = coming(definition(), WIDGET).instead_of(NO_KIND, WIDGET, "shop")

    assert found is not None
    assert found.obj == {**WIDGET, "size": 3}
    assert found.why.endswith("filled in by the schema of its definition")


def test_a_field_that_a_new_definition_lacks_is_named() -> None:
    found = coming(definition(), WIDGET).instead_of(NO_KIND, {**WIDGET, "colour": 1}, "shop")

    assert found is not None
    assert found.why.endswith("; its definition has no colour")


def test_a_version_that_the_definition_does_not_serve_is_a_refusal() -> None:
    assert coming(definition(served=False), WIDGET).instead_of(NO_KIND, WIDGET, "shop") is None


def test_a_class_in_an_earlier_wave_excuses_a_pod() -> None:
    found = coming(URGENT, POD).instead_of(NO_PRIORITY, POD, "shop")

    assert found is not None
    assert found.why.startswith("its PriorityClass urgent does not exist yet")


def test_a_class_that_is_applied_after_the_pod_does_not() -> None:
    late = make("PriorityClass", "urgent", "scheduling.k8s.io/v1")

    assert coming(late, POD).instead_of(NO_PRIORITY, POD, "shop") is None


def test_another_refusal_stands() -> None:
    refusal = Refusal("denied by policy", 403, "Forbidden")

    assert coming(make("Namespace", "new"), CONFIG).instead_of(refusal, CONFIG, "shop") is None


def test_a_policy_that_changes_casts_doubt_on_every_answer() -> None:
    policy = make("ValidatingAdmissionPolicy", "labels", "admissionregistration.k8s.io/v1")

    words = coming(policy, CONFIG).doubt(CONFIG, "shop", is_new=False)
    assert words == (
        "ValidatingAdmissionPolicy labels changes with the same merge, and then the API server may answer otherwise"
    )


def test_a_quota_casts_doubt_on_what_is_new_in_its_namespace() -> None:
    found = coming(make("ResourceQuota", "team", namespace="new"), CONFIG)

    assert found.doubt(CONFIG, "shop", is_new=True)
    assert not found.doubt(CONFIG, "shop", is_new=False)
    assert not found.doubt(make("ConfigMap", "settings", namespace="elsewhere"), "shop", is_new=True)


def test_a_definition_that_changes_casts_doubt_on_its_objects_only() -> None:
    found = coming(definition(), WIDGET, CONFIG)

    assert found.doubt(WIDGET, "shop", is_new=False)
    assert not found.doubt(CONFIG, "shop", is_new=False)
    assert not found.doubt(definition(), "shop", is_new=False)


def test_a_policy_about_another_kind_casts_none() -> None:
    constraints = {"resourceRules": [{"apiGroups": ["apps"], "resources": ["deployments"]}]}
    policy = make(
        "ValidatingAdmissionPolicy",
        "labels",
        "admissionregistration.k8s.io/v1",
        spec={"matchConstraints": constraints},
    )

    assert not coming(policy, CONFIG).doubt(CONFIG, "shop", is_new=True)
    assert coming(policy, CONFIG).doubt(make("Deployment", "web", "apps/v1"), "shop", is_new=False)


UNDECLARED = Refusal("failed to create typed patch object: .colour: field not declared in schema", 422, "Invalid")
COLOURED = {**WIDGET, "colour": "red"}
OPEN = {"openAPIV3Schema": {"type": "object", "properties": {"colour": {"type": "string"}}}}


def test_a_field_that_the_definition_gains_in_the_same_change_is_no_failure() -> None:
    changed = coming(definition(schema=OPEN), COLOURED, today=(definition(),))
    found = changed.overtaken(UNDECLARED, COLOURED, "shop")

    assert found is not None
    assert found.why.startswith(f"refused today ({UNDECLARED.message}), but CustomResourceDefinition")


def test_a_field_that_the_changed_definition_lacks_too_is_a_failure() -> None:
    unchanged = coming(definition(), COLOURED, today=(definition(),))
    assert unchanged.overtaken(UNDECLARED, COLOURED, "shop") is None


def test_a_rule_that_is_not_there_today_refuses_nothing_today() -> None:
    refusal = Refusal("maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi", 403, "Forbidden")
    claim = make("PersistentVolumeClaim", "data", namespace="new")

    assert coming(make("LimitRange", "limits", namespace="new"), claim).overtaken(refusal, claim, "shop") is None


def test_a_limit_that_is_lifted_after_the_claim_that_needs_it_is_too_late() -> None:
    refusal = Refusal("maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi", 403, "Forbidden")
    claim = make("PersistentVolumeClaim", "data", namespace="new")
    limits = [{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]
    today = make("LimitRange", "limits", namespace="new", spec={"limits": limits})
    lifted: dict[str, Any] = {"spec": {"limits": []}}

    found = coming(make("LimitRange", "limits", namespace="new", **lifted), claim, today=(today,))
    assert found.overtaken(refusal, claim, "shop")
    late = coming(make("LimitRange", "limits", namespace="new", wave="1", **lifted), claim, today=(today,))
    assert late.overtaken(refusal, claim, "shop") is None


def test_a_policy_that_is_altered_somehow_leaves_the_failure_and_casts_doubt_on_it() -> None:
    refusal = Refusal("pods is forbidden: ValidatingAdmissionPolicy 'labels' denied request: no", 403, "Forbidden")
    today, after = (
        make(
            "ValidatingAdmissionPolicy",
            "labels",
            "admissionregistration.k8s.io/v1",
            wave="-1",
            spec={"validations": [{"expression": expression, "message": "no"}]},
        )
        for expression in ("has(object.a)", "has(object.a) && has(object.b)")
    )
    found = coming(after, POD, today=(today,))

    assert found.overtaken(refusal, POD, "shop") is None
    assert "changes with the same merge" in found.questioned(refusal, POD, "shop")
    assert not found.questioned(NO_PRIORITY, POD, "shop")


def test_a_rule_that_is_only_labelled_decides_as_before() -> None:
    labelled = definition()
    labelled["metadata"]["labels"] = {"helm.sh/chart": "widgets-2"}

    assert decides(labelled) == decides(definition())
    assert decides(CONFIG) is None


def test_of_a_namespace_only_the_labels_about_security_decide() -> None:
    namespace = make("Namespace", "new")
    namespace["metadata"]["labels"] = {"team": "shop", "pod-security.kubernetes.io/enforce": "baseline"}

    assert decides(namespace) == {"pod-security.kubernetes.io/enforce": "baseline"}
    assert decides(make("Namespace", "new")) is None


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_role_that_comes_first_excuses_its_binding(kind: str) -> None:
    api = "rbac.authorization.k8s.io/v1"
    role = make(kind, "reader", api, namespace="new" if kind == "Role" else "")
    binding, other = (
        make("RoleBinding", "readers", api, namespace="new", roleRef={"kind": one, "name": "reader"})
        for one in (kind, "OtherRole")
    )
    refusal = Refusal('rolebindings.rbac.authorization.k8s.io "reader" not found', 404, "NotFound")

    found = coming(role, binding).instead_of(refusal, binding, "shop")

    assert found is not None
    assert found.why == f"its {ResourceKey.of(role)} does not exist yet; shown as it is in Git"
    assert coming(binding).instead_of(refusal, binding, "shop") is None
    assert coming(role, other).instead_of(refusal, other, "shop") is None


def storage(*, default: bool = False, expands: bool = False, name: str = "fast") -> JsonObject:
    made = make("StorageClass", name, "storage.k8s.io/v1", wave="-1", allowVolumeExpansion=expands)
    made["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] = str(default).lower()
    return made


def claim(*, named: str = "") -> JsonObject:
    return make("PersistentVolumeClaim", "data", namespace="new", spec={"storageClassName": named} if named else {})


def test_a_new_default_class_casts_doubt_on_new_claims_that_name_none() -> None:
    for today in ((), (storage(),)):
        found = coming(storage(default=True), claim(), today=today)
        assert "StorageClass fast changes with the same merge" in found.doubt(claim(), "shop", is_new=True)
        assert not found.doubt(claim(named="fast"), "shop", is_new=True)
        assert not found.doubt(claim(), "shop", is_new=False)
    assert not coming(storage(expands=True), claim()).doubt(claim(), "shop", is_new=True)
    assert decides(storage()) is None
    assert decides(storage(default=True)) != decides(storage(expands=True))


def test_a_class_whose_volumes_may_grow_from_now_on_excuses_a_claim_that_grows() -> None:
    words = (
        "only dynamically provisioned pvc can be resized and the storageclass that provisions it must support resize"
    )
    refusal, fast = Refusal(words, 403, "Forbidden"), claim(named="fast")

    found = coming(storage(expands=True), fast, today=(storage(),)).overtaken(refusal, fast, "shop")
    assert found is not None
    assert "StorageClass fast changes with the same merge" in found.why
    unsure = coming(storage(expands=True), claim(), today=(storage(),))
    assert unsure.overtaken(refusal, claim(), "shop") is None
    assert "StorageClass fast" in unsure.questioned(refusal, claim(), "shop")
    other = coming(storage(expands=True, name="slow"), fast, today=(storage(name="slow"),))
    assert other.overtaken(refusal, fast, "shop") is None


def test_a_class_whose_volumes_may_grow_no_more_casts_doubt_on_a_claim_that_grows() -> None:
    fast = claim(named="fast")
    found = coming(storage(), fast, today=(storage(expands=True),))
    assert found.doubt(fast, "shop", is_new=False)
    assert not found.doubt(claim(named="slow"), "shop", is_new=False)
