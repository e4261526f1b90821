"""What an ApplicationSet's controller does about what is generated and what is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from bot.engine.applicationsets.generating import generated
from bot.engine.applicationsets.plan import Guard, Plan, plan
from bot.engine.deletion import CASCADE
from bot.engine.diff.ignored import Ignored
from bot.model.resources import JsonObject
from tests.unit.engine.applicationsets.world import TEMPLATE, World, applicationset

WEB, DB = "{name: web, path: apps/web}", "{name: db, path: apps/db}"
OWNER = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "ApplicationSet",
    "name": "shops",
    "uid": "set-1",
    "controller": True,
    "blockOwnerDeletion": True,
}


def decided(*elements: str, more: str = "", template: str = TEMPLATE, guard: Guard | None = None, **there: Any) -> Plan:
    """Plan for a list of elements; `there` are live Applications by name."""
    manifest = applicationset(f"- list: {{elements: [{', '.join(elements)}]}}", template, more)
    manifest["metadata"] |= {"uid": "set-1", "annotations": there.pop("approved", {})}
    found = generated(manifest, World())
    ignored = Ignored.respecting(found.preserved.differences, where="fields", find=lambda _text, _obj: None)
    return plan(manifest, found, there, guard or Guard(), ignored)


def live(name: str, *, owner: str = "shops", path: str = "", metadata: Mapping[str, Any] | None = None) -> JsonObject:
    """Return an Application as the cluster has it."""
    spec = {
        "project": "default",
        "source": {
            "repoURL": "https://git.example/acme/apps",
            "path": path or f"apps/{name}",
            "targetRevision": "HEAD",
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
    }
    known: JsonObject = {"name": name, "namespace": "argocd", "uid": f"uid-{name}", "finalizers": [CASCADE]}
    owners = [{**OWNER, "name": owner}] if owner else []
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return {**head, "metadata": {**known, "ownerReferences": owners, **(metadata or {})}, "spec": spec}


def changes(found: Plan) -> list[tuple[str, str, object]]:
    """Return what the only update does, less its guard."""
    (update,) = found.updates
    guard, *operations = update.operations
    assert (guard["op"], guard["path"]) == ("test", "/metadata/uid")
    return [(one["op"], one["path"], one.get("value")) for one in operations]


def names(applications: tuple[JsonObject, ...]) -> list[str]:
    return [one["metadata"]["name"] for one in applications]


def test_what_is_not_there_is_created_and_marked_as_the_sets() -> None:
    (created,) = decided(WEB).creates
    assert created["metadata"]["ownerReferences"] == [OWNER]
    assert created["metadata"]["finalizers"] == [CASCADE]


def test_what_is_as_generated_is_left_alone() -> None:
    assert decided(WEB, web=live("web")) == Plan()


def test_another_spec_is_replaced() -> None:
    ((operation, path, value),) = changes(decided(WEB, web=live("web", path="elsewhere")))
    assert (operation, path) == ("add", "/spec")
    assert isinstance(value, dict)
    assert value["source"]["path"] == "apps/web"


def test_labels_and_annotations_become_what_is_generated() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {labels: {team: shop}, annotations: {a/b: '1'}, ")
    there = live("web", metadata={"labels": {"old": "x"}, "annotations": {"a/b": "0"}})
    assert changes(decided(WEB, template=template, web=there)) == [
        ("add", "/metadata/annotations/a~1b", "1"),
        ("add", "/metadata/labels/team", "shop"),
        ("remove", "/metadata/labels/old", None),
    ]


def test_labels_are_added_where_there_are_none() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {labels: {team: shop}, ")
    assert changes(decided(WEB, template=template, web=live("web"))) == [("add", "/metadata/labels", {"team": "shop"})]


def test_preserved_fields_stay_as_somebody_set_them() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {annotations: {owner: us}, ")
    there = live("web", metadata={"labels": {"team": "x"}, "annotations": {"owner": "me"}})
    more = "preservedFields: {annotations: [owner], labels: [team]}"
    assert decided(WEB, template=template, more=more, web=there) == Plan()


@pytest.mark.parametrize(
    "annotation",
    ["notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "foresail.dev/claim", "foresail.dev/approve"],
)
def test_what_others_write_while_they_work_stays(annotation: str) -> None:
    assert decided(WEB, web=live("web", metadata={"annotations": {annotation: "x"}})) == Plan()


def test_fields_that_are_ignored_keep_their_live_values() -> None:
    there = live("web", path="by-hand")
    more = "ignoreApplicationDifferences: [{jsonPointers: [/spec/source/path]}]"
    assert decided(WEB, more=more, web=there) == Plan()
    named = "ignoreApplicationDifferences: [{name: other, jsonPointers: [/spec/source/path]}]"
    assert len(decided(WEB, more=named, web=there).updates) == 1


def test_finalizers_of_hooks_stay_and_others_go() -> None:
    hooks = "post-delete-finalizer.argocd.argoproj.io/cleanup"
    there = live("web", metadata={"finalizers": [CASCADE, hooks]})
    assert decided(WEB, web=there) == Plan()
    preserving = decided(WEB, more="syncPolicy: {preserveResourcesOnDeletion: true}", web=there)
    assert changes(preserving) == [("add", "/metadata/finalizers", [hooks])]


def test_a_set_that_was_made_anew_takes_its_applications_again() -> None:
    there = live("web", metadata={"ownerReferences": [{**OWNER, "uid": "set-0"}]})
    assert changes(decided(WEB, web=there)) == [("add", "/metadata/ownerReferences", [OWNER])]


def test_what_is_no_longer_generated_is_deleted() -> None:
    assert names(decided(WEB, web=live("web"), db=live("db")).deletes) == ["db"]


def test_what_another_set_or_a_person_made_is_neither_altered_nor_deleted() -> None:
    found = decided(WEB, DB, web=live("web", owner="others"), db=live("db", owner=""), api=live("api", owner=""))
    assert (found.creates, found.updates, found.deletes) == ((), (), ())
    assert [words.partition("; it stays")[0] for words in found.refused] == [
        "Application web is there already and belongs to ApplicationSet others",
        "Application db is there already and was not generated",
    ]
    assert all(words.endswith("by the annotation foresail.dev/applicationset: shops") for words in found.refused)


def test_a_person_hands_an_application_over_by_an_annotation() -> None:
    handed = {"annotations": {"foresail.dev/applicationset": "shops"}}
    there = live("web", owner="others", metadata=handed)
    assert changes(decided(WEB, web=there)) == [("add", "/metadata/ownerReferences", [OWNER])]
    given_away = live("web", metadata={"annotations": {"foresail.dev/applicationset": "others"}})
    assert decided(web=given_away).deletes == ()


@pytest.mark.parametrize(
    ("policy", "done"),
    [
        ("sync", (1, 1, ["old"], ())),
        ("create-only", (1, 0, [], ("web", "old"))),
        ("create-update", (1, 1, [], ("old",))),
        ("create-delete", (1, 0, ["old"], ("web",))),
    ],
)
def test_the_policy_says_what_is_done(policy: str, done: tuple[int, int, list[str], tuple[str, ...]]) -> None:
    more = f"syncPolicy: {{applicationsSync: {policy}}}"
    found = decided(WEB, DB, more=more, web=live("web", path="x"), old=live("old"))
    assert (len(found.creates), len(found.updates), names(found.deletes), found.kept) == done


def test_nothing_is_deleted_while_a_generator_is_not_evaluated() -> None:
    manifest = applicationset(f"[{{list: {{elements: [{WEB}]}}}}, {{plugin: {{}}}}]")
    manifest["metadata"]["uid"] = "set-1"
    found = generated(manifest, World())
    done = plan(manifest, found, {"db": live("db")}, Guard(), Ignored())
    assert names(done.creates) == ["web"]
    assert (done.deletes, done.held) == ((), "")


def test_applications_that_share_a_name_stay_as_they_are() -> None:
    found = decided(WEB, WEB, web=live("web", path="x"))
    assert (found.updates, found.deletes) == ((), ())
    assert found.refused == ("ApplicationSet shops contains applications with duplicate name: web",)


def test_what_is_being_deleted_is_waited_for() -> None:
    found = decided(WEB, web=live("web", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}))
    assert (found.creates, found.updates) == ((), ())
    assert found.refused == ("Application web is being deleted; it is created anew once that is done",)


def test_a_name_that_is_none_is_refused_without_being_quoted() -> None:
    found = decided("{name: 'Not A Name', path: x}")
    assert found.creates == ()
    assert found.refused == ("ApplicationSet shops generates an Application called by 10 characters, which is no name",)


def test_the_nulls_of_open_json_are_kept_and_others_are_none() -> None:
    source = "{repoURL: https://git.example/acme/apps, path: x, chart: null, helm: {valuesObject: {a: null}}}"
    template = f"{{metadata: {{name: web}}, spec: {{source: {source}, destination: {{name: in-cluster}}}}}}"
    (created,) = decided(WEB, template=template).creates
    assert created["spec"]["source"] == {
        "repoURL": "https://git.example/acme/apps",
        "path": "x",
        "helm": {"valuesObject": {"a": None}},
    }


class TestManyGoneAtOnce:
    GUARD = Guard(percent=50)
    THERE: ClassVar[dict[str, Any]] = {name: live(name) for name in ("web", "db", "api")}

    def test_more_than_the_share_is_held_and_the_rest_is_done(self) -> None:
        found = decided("{name: new, path: x}", "{name: db, path: x}", guard=self.GUARD, **self.THERE)
        assert (names(found.creates), len(found.updates), found.deletes) == (["new"], 1, ())
        assert found.held.startswith("held: 2 of 3 Applications are no longer generated, more than 50 %; a person has")

    def test_nothing_generated_is_held_as_well(self) -> None:
        assert decided(guard=self.GUARD, web=live("web")).deletes == ()

    def test_up_to_the_share_is_deleted(self) -> None:
        found = decided(WEB, DB, guard=self.GUARD, **self.THERE)
        assert (names(found.deletes), found.held) == (["api"], "")

    def test_a_person_has_exactly_these_deleted(self) -> None:
        approval = decided(WEB, guard=self.GUARD, **self.THERE).held.rpartition(": ")[2]
        approved: dict[str, Any] = {"approved": {"foresail.dev/approve": approval}}
        assert names(decided(WEB, guard=self.GUARD, **self.THERE, **approved).deletes) == ["api", "db"]
        again = {**self.THERE, "api": live("api", metadata={"uid": "another"})}
        assert decided(WEB, guard=self.GUARD, **again, **approved).deletes == ()

    def test_what_went_for_a_known_reason_is_not_counted(self) -> None:
        guard = Guard(percent=50, explained=frozenset({"web", "db", "api"}))
        assert len(decided(guard=guard, **self.THERE).deletes) == 3

    def test_a_policy_that_deletes_nothing_holds_nothing(self) -> None:
        more = "syncPolicy: {applicationsSync: create-update}"
        assert decided(more=more, guard=self.GUARD, **self.THERE).held == ""
