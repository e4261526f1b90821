"""Applications are compared once their project demands something else of them."""

from __future__ import annotations

from typing import Any

from bot.engine.family import ORPHANED
from bot.model.applications import Application
from workers.watching.fences import Fences


def application(name: str, project: str = "team", *conditions: str) -> Application:
    spec = {"project": project, "destination": {"name": "prod"}, "source": {"repoURL": "https://x.example/a"}}
    status = {"conditions": [{"type": one} for one in conditions]}
    return Application.parse({"metadata": {"name": name}, "spec": spec, "status": status}, home="argocd")


def project(name: str = "team", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def keys(*names: str) -> list[dict[str, str]]:
    return [{"keyID": name} for name in names]


def test_only_those_of_the_project_are_due_and_once() -> None:
    fences = Fences()
    for one in (application("a"), application("b"), application("c", "other"), application("d", "")):
        fences.saw(one)
    fences.saw_project("ADDED", project(signatureKeys=keys("one")))
    assert fences.due() == {"a", "b"}
    assert fences.due() == frozenset()
    fences.saw_project("ADDED", project("default", signatureKeys=keys("one")))
    assert fences.due() == {"d"}


def test_what_is_as_it_was_moves_nobody() -> None:
    fences = Fences()
    fences.saw(application("a"))
    fences.saw_project("ADDED", project(sourceRepos=["*"]))
    fences.saw_project("MODIFIED", project(sourceRepos=["a"], signatureKeys=[]))
    fences.saw_project("DELETED", project())
    assert fences.due() == frozenset()
    fences.saw_project("ADDED", project(signatureKeys=keys("one"), description="first"))
    fences.due()
    fences.saw_project("MODIFIED", project(signatureKeys=keys("one"), description="second"))
    assert fences.due() == frozenset()


def test_roles_move_them_only_where_something_is_wrong_with_them() -> None:
    fences = Fences()
    fences.saw(application("a"))
    role = {
        "name": "deploy",
        "groups": ["@ana"],
        "policies": ["p, proj:team:deploy, applications, sync, team/*, allow"],
    }
    fences.saw_project("ADDED", project(roles=[role]))
    assert fences.due() == frozenset()
    fences.saw_project("MODIFIED", project(roles=[role | {"policies": ["anything"]}]))
    assert fences.due() == {"a"}
    fences.saw_project("MODIFIED", project(roles=[role]))
    assert fences.due() == {"a"}


def test_a_demand_that_is_taken_back_moves_them_too() -> None:
    fences = Fences()
    fences.saw_project("ADDED", project(signatureKeys=keys("one")))
    fences.saw(application("a"))
    fences.saw_project("MODIFIED", project(signatureKeys=keys("two")))
    assert fences.due() == {"a"}
    fences.saw_project("DELETED", project(signatureKeys=keys("two")))
    assert fences.due() == {"a"}


def test_who_has_left_the_project_is_not_asked_about() -> None:
    fences = Fences()
    fences.saw(application("a"))
    fences.saw(application("b"))
    fences.saw(application("a", "other"))
    fences.lost("b")
    fences.lost("b")
    fences.saw_project("ADDED", project(signatureKeys=keys("one")))
    assert fences.due() == frozenset()


WARNS = {"warn": True}


def test_orphans_are_looked_for_in_turns_where_a_project_asks() -> None:
    fences = Fences()
    for one in (application("b"), application("a"), application("c", "other")):
        fences.saw(one)
    fences.saw_project("ADDED", project("other", orphanedResources={}))
    assert fences.due_for_orphans(0.0) == ()
    fences.saw_project("ADDED", project(orphanedResources=WARNS))
    assert fences.due_for_orphans(100.0) == ()
    assert fences.due_for_orphans(111.0) == ("a", "b")
    assert fences.due_for_orphans(290.0) == ()
    assert fences.due_for_orphans(292.0) == ("a", "b")


def test_another_word_about_orphans_does_not_wait_for_its_turn() -> None:
    fences = Fences()
    fences.saw(application("a"))
    fences.saw_project("ADDED", project(orphanedResources=WARNS))
    fences.due_for_orphans(0.0)
    assert fences.due_for_orphans(11.0) == ("a",)
    fences.saw_project("MODIFIED", project(orphanedResources=WARNS, description="the same"))
    assert fences.due_for_orphans(12.0) == fences.due_for_orphans(30.0) == ()
    fences.saw_project("MODIFIED", project(orphanedResources={**WARNS, "ignore": [{"kind": "Secret"}]}))
    fences.due_for_orphans(31.0)
    assert fences.due_for_orphans(42.0) == ("a",)


def test_who_is_asked_for_no_more_is_looked_at_until_it_says_nothing() -> None:
    fences = Fences()
    fences.saw(application("a"))
    fences.saw(application("b"))
    fences.saw(application("c"))
    fences.saw_project("ADDED", project(orphanedResources=WARNS))
    fences.due_for_orphans(0.0)
    fences.due_for_orphans(11.0)
    fences.saw(application("a", "team", ORPHANED))
    fences.saw(application("b", "team", ORPHANED))
    fences.saw(application("a", "other", ORPHANED))
    fences.due_for_orphans(20.0)
    assert fences.due_for_orphans(31.0) == ("a", "b", "c")
    fences.saw(application("a", "other"))
    fences.saw_project("DELETED", project(orphanedResources=WARNS))
    fences.due_for_orphans(40.0)
    assert fences.due_for_orphans(51.0) == ("b",)
    assert fences.due_for_orphans(300.0) == ("b",)
    fences.saw(application("b"))
    assert fences.due_for_orphans(10_000.0) == ()


def test_what_is_said_of_orphans_is_seen_by_who_was_not_there_when_it_was_asked_for() -> None:
    fences = Fences()
    fences.saw_project("ADDED", project())
    fences.saw(application("a", "team", "SyncError", ORPHANED))
    fences.saw(application("b"))
    assert fences.due_for_orphans(0.0) == ("a",)
    fences.lost("a")
    assert fences.due_for_orphans(10_000.0) == ()


def test_with_thousands_a_look_comes_less_often() -> None:
    fences = Fences()
    for number in range(2_000):
        fences.saw(application(f"a{number}"))
    fences.saw_project("ADDED", project(orphanedResources=WARNS))
    fences.due_for_orphans(0.0)
    assert len(fences.due_for_orphans(11.0)) == 2_000
    assert fences.due_for_orphans(400.0) == ()
    assert len(fences.due_for_orphans(411.0)) == 2_000


def test_all_applications_are_looked_at_again_once_a_project_may_be_used_from_elsewhere() -> None:
    fences, obj = Fences(), {"metadata": {"name": "team"}, "spec": {"sourceNamespaces": ["team-a"]}}
    fences.saw_project("ADDED", {"metadata": {"name": "team"}, "spec": {}})
    assert not fences.welcomes(1e12)
    fences.saw_project("MODIFIED", obj)
    assert not fences.welcomes(0.0)
    assert fences.welcomes(1e12)
    assert not fences.welcomes(1e12)
    fences.saw_project("MODIFIED", obj)
    assert not fences.welcomes(1e12)
    fences.saw_project("DELETED", obj)
    assert fences.welcomes(1e12)
