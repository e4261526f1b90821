"""Which dry runs are needed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.preview.needs import Proof

PROOF = Proof(manager="foresail", admission_mutates=False)


def manifest(kind: str = "ConfigMap") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "data": {"a": "1"}}


def live(kind: str = "ConfigMap", **data: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:data": {"f:a": {}}}
    entry = {"manager": "foresail", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
    return {**manifest(kind), "metadata": {"name": "a", "managedFields": [entry]}, "data": {"a": "1"} | data}


def test_an_object_that_an_apply_leaves_alone_needs_none() -> None:
    assert PROOF.in_sync(manifest(), live())


def test_an_object_that_differs_or_is_not_there_needs_one() -> None:
    assert not PROOF.in_sync(manifest(), live(a="2"))
    assert not PROOF.in_sync(manifest(), None)


def test_where_admission_rewrites_objects_each_needs_one() -> None:
    assert not Proof(manager="foresail", admission_mutates=True).in_sync(manifest(), live())


@pytest.mark.parametrize("kind", ["Pod", "PersistentVolumeClaim"])
def test_kinds_that_the_server_itself_rewrites_need_one(kind: str) -> None:
    assert not PROOF.in_sync(manifest(kind), live(kind))
