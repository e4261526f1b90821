"""What stands in for an answer where a kind is not served yet and nobody has to serve it yet."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.writes import Writes
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.estimates import defined_elsewhere

SKIPS = "SkipDryRunOnMissingResource=true"
UNKNOWN = Refusal("the server serves no Widget in example.com/v1", 404, "UnknownKind")


def widget(options: str = "") -> JsonObject:
    annotations = {"argocd.argoproj.io/sync-options": options} if options else {}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "annotations": annotations}}


def settled(manifest: JsonObject, *options: str, **head: Any) -> Prediction:
    key = ResourceKey.of(manifest)
    side = Prediction(manifest, None, **{"refusal": UNKNOWN, **head})
    states = {key: ResourceStates(key, live=None, base=None, head=side)}
    found = defined_elsewhere(states, base=Writes(), head=Writes(options))[key].head
    assert found is not None
    return found


@pytest.mark.parametrize(("own", "options"), [(SKIPS, ()), ("", (SKIPS,)), (f"Prune=false,{SKIPS}", ())])
def test_an_option_of_the_object_or_of_its_application_says_that_something_will_define_it(
    own: str, options: tuple[str, ...]
) -> None:
    found = settled(widget(own), *options)
    assert (found.result, found.refusal) == (widget(own), None)
    assert found.estimated.startswith("its kind is not served yet, and SkipDryRunOnMissingResource=true says")


@pytest.mark.parametrize(("own", "options"), [("", ()), ("SkipDryRunOnMissingResource=false", (SKIPS,))])
def test_without_it_the_refusal_stands(own: str, options: tuple[str, ...]) -> None:
    assert settled(widget(own), *options).refusal == UNKNOWN


def test_another_refusal_stands_with_it() -> None:
    denied = Refusal("no", 403, "Forbidden")
    assert settled(widget(SKIPS), refusal=denied).refusal == denied
