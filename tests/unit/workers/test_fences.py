"""Applications are compared once their project demands something else of them."""

from __future__ import annotations

from typing import Any

from bot.model.applications import Application
from workers.watching.fences import Fences


def application(name: str, project: str = "team") -> Application:
    spec = {"project": project, "destination": {"name": "prod"}, "source": {"repoURL": "https://x.example/a"}}
    return Application.parse({"metadata": {"name": name}, "spec": spec})


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
