"""What is noise, what is ignored and what is only written otherwise, where effect and drift are told."""

from __future__ import annotations

from typing import Any

from bot.engine.diff.ignored import Ignored
from bot.model.applications import Application
from bot.model.predictions import Prediction, ResourceStates
from bot.model.reports import Action, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.attribution import Attribution
from bot.preview.redaction import Redactor

SOURCE = {"repoURL": "https://git.example/acme/shop.git"}


def ignoring(**entry: Any) -> Ignored:
    spec = {
        "destination": {"name": "prod"},
        "source": SOURCE,
        "ignoreDifferences": [{"group": "apps", "kind": "Deployment", **entry}],
    }
    return Ignored.of(
        Application.parse({"metadata": {"name": "shop"}, "spec": spec}, home="argocd"), find=lambda *_: None
    )


def deployment(*, annotations: dict[str, str] | None = None, **spec: Any) -> JsonObject:
    metadata = {"name": "web", "namespace": "shop"}
    template = {"template": {"metadata": {"annotations": annotations}}} if annotations else {}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {**spec, **template}}


def report(
    *, live: JsonObject, base: JsonObject, head: JsonObject | None = None, ignored: Ignored | None = None
) -> ResourceReport:
    by = Attribution(
        instance="web",
        prunes=True,
        redactor=Redactor(b"k" * 16),
        hidden=frozenset,
        ignored=ignored or Ignored(),
    )
    sides = [Prediction(side, side) for side in (base, head or base)]
    return by.report(ResourceStates(ResourceKey.of(live), live, sides[0], sides[1]))


def test_a_quantity_that_is_written_otherwise_is_neither_effect_nor_drift() -> None:
    def asking(cpu: str) -> JsonObject:
        return deployment(resources={"requests": {"cpu": cpu}})

    found = report(live=asking("1"), base=asking("1000m"), head=asking("1.0"))
    assert (found.action, found.drift, found.effect_diff) == (Action.NOTHING, Action.NOTHING, "")


def test_a_checksum_alone_is_a_change_that_is_folded() -> None:
    base, head = (deployment(annotations={"checksum/config": value}) for value in "ab")
    found = report(live=base, base=base, head=head)
    assert (found.action, found.effect_diff) == (Action.CHANGE, "  … 1 checksum annotation changed")


def test_drift_in_an_ignored_field_is_none_and_that_it_is_written_is_told() -> None:
    found = report(
        live=deployment(replicas=5), base=deployment(replicas=2), ignored=ignoring(jsonPointers=["/spec/replicas"])
    )
    assert (found.drift, found.drift_diff) == (Action.NOTHING, "")
    words = "a sync also writes spec.replicas, where differences are ignored"
    assert found.note == f"{words} (RespectIgnoreDifferences=true would keep them)"


def test_drift_beside_an_ignored_field_is_shown_without_it() -> None:
    found = report(
        live=deployment(replicas=5, paused=True),
        base=deployment(replicas=2, paused=False),
        ignored=ignoring(jsonPointers=["/spec/replicas"]),
    )
    assert found.drift is Action.CHANGE
    assert "replicas" not in found.drift_diff
    assert "spec.replicas" in found.note


def test_a_managers_field_is_no_drift() -> None:
    live = deployment(replicas=5)
    fields = {"manager": "hpa", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live["metadata"] = {**live["metadata"], "managedFields": [fields]}
    found = report(live=live, base=deployment(replicas=2), ignored=ignoring(managedFieldsManagers=["hpa"]))
    assert found.drift is Action.NOTHING


def test_a_change_of_an_ignored_field_is_an_effect_because_it_is_written() -> None:
    found = report(
        live=deployment(replicas=2),
        base=deployment(replicas=2),
        head=deployment(replicas=3),
        ignored=ignoring(jsonPointers=["/spec/replicas"]),
    )
    assert found.action is Action.CHANGE
    assert "+  replicas: 3" in found.effect_diff


def test_many_ignored_fields_are_counted() -> None:
    found = report(
        live=deployment(a=1, b=1, c=1, d=1, e=1, f=1),
        base=deployment(a=2, b=2, c=2, d=2, e=2, f=2),
        ignored=ignoring(jsonPointers=[f"/spec/{name}" for name in "abcdef"]),
    )
    assert "writes spec.a, spec.b, spec.c and 3 more, where" in found.note
