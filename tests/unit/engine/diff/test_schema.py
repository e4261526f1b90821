"""What is known of the lists in Kubernetes' own kinds."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.schema import by_key, field_of, type_of


@pytest.mark.parametrize(
    ("holder", "name", "keys"),
    [
        ("PodSpec", "containers", ("name",)),
        ("Container", "ports", ("containerPort", "protocol")),
        ("ObjectMeta", "finalizers", ()),
        ("Container", "args", None),
        ("x.io/Ship", "holds", None),
    ],
)
def test_a_list_is_known_by_its_keys(holder: str, name: str, keys: tuple[str, ...] | None) -> None:
    assert field_of(holder, name).keys == keys


def test_a_kind_leads_to_what_it_holds() -> None:
    at = type_of({"apiVersion": "batch/v1", "kind": "CronJob"})
    for name in ("spec", "jobTemplate", "spec", "template", "spec", "containers", "volumeMounts"):
        field = field_of(at, name)
        at = field.below
    assert (field.keys, at) == (("mountPath",), "VolumeMount")


@pytest.mark.parametrize("ports", [[{"port": 80}, {"port": 80, "protocol": "TCP"}], [{"name": "http"}], ["80"]])
def test_a_list_whose_elements_cannot_be_told_apart_has_no_keys(ports: list[Any]) -> None:
    assert by_key(ports, ("port", "protocol")) is None


def test_a_protocol_need_not_be_said() -> None:
    assert by_key([{"port": 80}], ("port", "protocol")) == {(80, "TCP"): {"port": 80}}
