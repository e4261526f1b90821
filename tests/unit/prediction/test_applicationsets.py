"""What a change does to what an ApplicationSet generates, where something is there already or much goes."""

from __future__ import annotations

import pytest

from bot.model.applications import Application
from bot.model.resources import JsonObject
from bot.prediction.applicationsets import Controller, Followed, SetChange, follow
from tests.unit.engine.applicationsets.world import World, applicationset

OURS, ARGO_CD = Controller(percent=50), Controller(adopts=True)


def shops(*names: str) -> JsonObject:
    elements = ", ".join(f"{{name: {one}, path: apps/{one}}}" for one in names)
    return applicationset(f"- list: {{elements: [{elements}]}}")


def there(name: str, generator: str = "", *, handed: str = "") -> Application:
    spec = {"source": {"repoURL": "https://git.example/acme/x", "path": "x"}, "destination": {"name": "in-cluster"}}
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": generator, "controller": True}
    annotations = {"foresail.dev/applicationset": handed} if handed else {}
    metadata = {"name": name, "annotations": annotations, "ownerReferences": [owner] if generator else []}
    return Application.parse({"metadata": metadata, "spec": spec}, home="argocd")


def followed(before: tuple[str, ...], after: tuple[str, ...], *known: Application, by: Controller = OURS) -> Followed:
    change = SetChange(shops(*before), shops(*after))
    return follow(change, World(), World(), {one.name: one for one in known}, by)


@pytest.mark.parametrize(
    ("known", "by", "is_altered"),
    [
        (there("web"), OURS, False),
        (there("web"), ARGO_CD, True),
        (there("web", "others"), OURS, False),
        (there("web", "others"), ARGO_CD, False),
        (there("web", "shops"), OURS, True),
        (there("web", "others", handed="shops"), OURS, True),
    ],
)
def test_a_name_that_is_taken_is_taken_over_by_argo_cd_alone(
    known: Application,
    by: Controller,
    is_altered: bool,  # noqa: FBT001 - a table
) -> None:
    found = followed(("db",), ("db", "web"), known, by=by)
    assert ("web" in found.candidates) is is_altered
    assert any("is there already" in words for words in found.notes) is not is_altered


def test_what_is_another_sets_is_not_removed() -> None:
    assert "api" not in followed(("web", "db", "api"), ("web", "db"), there("api", "others")).candidates


def test_more_than_the_share_waits_for_a_person() -> None:
    found = followed(("web", "db", "api"), ("web",))
    assert found.notes[-1] == (
        "ApplicationSet shops: 2 of 3 Applications are no longer generated, more than 50 %; it waits for a person "
        "before they are deleted"
    )
    assert not any("waits" in words for words in followed(("web", "db"), ("web",)).notes)
