"""A forecast is held against what a sync really wrote."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.ignored import RESPECT, Ignored
from bot.model.applications import Application
from bot.model.predictions import Prediction, ResourceStates
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.forecast import Forecast


def service(**spec: Any) -> JsonObject:
    metadata = {"name": "web", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "ClusterIP", **spec}}


MANIFEST = service()
DRY_RUN = service(clusterIP="10.0.0.0", clusterIPs=["10.0.0.0"], sessionAffinity="None")
KEY = ResourceKey.of(MANIFEST)


def forecast() -> Forecast:
    states = ResourceStates(KEY, live=None, base=None, head=Prediction(MANIFEST, DRY_RUN))
    return Forecast.from_json(Forecast.of({"shop": {KEY: states}}).to_json())


def test_an_address_that_the_server_picks_is_no_difference() -> None:
    written = service(clusterIP="10.0.36.92", clusterIPs=["10.0.36.92"], sessionAffinity="None")
    assert forecast().difference("shop", KEY, written, MANIFEST) == ()


def test_what_became_something_else_is_named() -> None:
    written = service(clusterIP="10.0.36.92", clusterIPs=["10.0.36.92"], sessionAffinity="ClientIP")
    assert forecast().difference("shop", KEY, written, MANIFEST) == ("spec.sessionAffinity",)


def test_nothing_is_said_of_what_was_not_predicted() -> None:
    assert forecast().difference("other", KEY, DRY_RUN, MANIFEST) is None


def test_a_deletion_that_nobody_was_told_of_is_a_difference() -> None:
    forecast = Forecast({}, {"shop": ["/ConfigMap/shop/old"]})
    assert forecast.removal("shop", ResourceKey("", "ConfigMap", "shop", "old")) == ()
    assert forecast.removal("shop", ResourceKey("", "ConfigMap", "shop", "new")) != ()


def test_a_field_that_keeps_its_live_value_is_no_difference_whatever_it_became() -> None:
    spec = {
        "destination": {"name": "prod"},
        "source": {"repoURL": "https://git.example/acme/shop.git"},
        "syncPolicy": {"syncOptions": [RESPECT]},
        "ignoreDifferences": [{"kind": "Service", "jsonPointers": ["/spec/sessionAffinity"]}],
    }
    ignored = Ignored.of(
        Application.parse({"metadata": {"name": "shop"}, "spec": spec}, home="argocd"), find=lambda *_: None
    )
    states = ResourceStates(KEY, live=DRY_RUN, base=None, head=Prediction(MANIFEST, DRY_RUN))
    kept = Forecast.of({"shop": {KEY: states}}, ignored={"shop": ignored})
    written = service(clusterIP="10.0.36.92", clusterIPs=["10.0.36.92"], sessionAffinity="ClientIP")
    assert kept.difference("shop", KEY, ignored.foretold(written, live=written), MANIFEST) == ()


def config(**data: str) -> JsonObject:
    metadata = {"name": "settings", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def secret(**data: str) -> JsonObject:
    return {**config(**data), "kind": "Secret"}


def kept_of(obj: JsonObject) -> Forecast:
    key = ResourceKey.of(obj)
    return Forecast.of({"shop": {key: ResourceStates(key, live=None, base=None, head=Prediction(obj, obj))}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (config(DB_PASSWORD="hunter2"), config(DB_PASSWORD="hunter3")),
        (config(url="postgres://shop:hunter2@db/shop"), config(url="postgres://shop:hunter3@db/shop")),
        (config(env="COLOUR=blue\nAPI_TOKEN=hunter2\n"), config(env="COLOUR=blue\nAPI_TOKEN=hunter3\n")),
        (secret(word="aHVudGVyMg=="), secret(word="aHVudGVyMw==")),
    ],
)
def test_nothing_is_kept_by_which_a_credential_could_be_guessed(one: JsonObject, other: JsonObject) -> None:
    assert kept_of(one).to_json() == kept_of(other).to_json()
    assert kept_of(one).difference("shop", ResourceKey.of(other), other, other) == ()


def test_what_stands_beside_a_credential_is_still_compared() -> None:
    kept, key = kept_of(config(env="COLOUR=blue\nAPI_TOKEN=hunter2\n")), ResourceKey.of(config())
    written = config(env="COLOUR=red\nAPI_TOKEN=hunter2\n")
    assert kept.difference("shop", key, written, written) == ("data.env",)


def test_a_secret_that_has_other_keys_than_foretold_is_a_difference() -> None:
    written = secret(user="YQ==", word="Yg==")
    kept = kept_of(secret(word="Yg=="))
    assert kept.difference("shop", ResourceKey.of(written), written, written) == ("data.user",)


BLUE, GREEN, GROWN = config(COLOUR="blue"), config(COLOUR="green"), config(COLOUR="blue", SIZE="big")
GIT = "Git or a chart says something else of it"
BY_HAND = "it was changed in the cluster"


@pytest.mark.parametrize(
    ("manifest", "live", "words"),
    [
        (GREEN, BLUE, ()),
        (None, BLUE, ()),
        (BLUE, BLUE, (f"as {GIT} since it was previewed",)),
        (GREEN, GROWN, (f"as {BY_HAND} since it was previewed",)),
        (GREEN, None, (f"as {BY_HAND} since it was previewed",)),
        (BLUE, GROWN, (f"as {GIT} and {BY_HAND} since it was previewed",)),
        (None, GROWN, (f"as {BY_HAND} since it was previewed",)),
    ],
)
def test_what_has_moved_since_is_named(
    manifest: JsonObject | None, live: JsonObject | None, words: tuple[str, ...]
) -> None:
    key = ResourceKey.of(BLUE)
    made = Forecast.of({"shop": {key: ResourceStates(key, live=BLUE, base=None, head=Prediction(GREEN, GREEN))}})
    kept = Forecast.from_json(made.to_json())
    assert kept.reason("shop", key, manifest=manifest, live=live) == words
    assert kept.reason("other", key, manifest=manifest, live=live) == ()


def test_the_same_foretold_from_something_else_is_the_same_forecast() -> None:
    key = ResourceKey.of(BLUE)
    one, other = (
        Forecast.of({"shop": {key: ResourceStates(key, live=live, base=None, head=Prediction(GREEN, GREEN))}})
        for live in (BLUE, GROWN)
    )
    assert one == other
    assert one.to_json() != other.to_json()


def test_of_what_was_in_sync_no_grounds_are_kept() -> None:
    key = ResourceKey.of(BLUE)
    kept = Forecast.of({"shop": {key: ResourceStates(key, live=BLUE, base=None, head=Prediction(BLUE, BLUE))}})
    assert kept.grounds == {"shop": {}}
