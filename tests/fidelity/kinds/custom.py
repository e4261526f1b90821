"""Namespaces, definitions, and objects of two definitions that are there from the start."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from bot.model.resources import JsonObject
from tests.fidelity.kinds.drawing import (
    ABSENT,
    COUNTS,
    LABELS,
    TEXTS,
    Some,
    in_any_order,
    maybe,
    meta,
    obj,
    one_of,
    rarely,
    some_of,
)


def namespace(name: str) -> Some:
    return obj(apiVersion="v1", kind="Namespace", metadata=meta(f"APP-{name}"))


def definition(name: str) -> Some:
    group = "APP.example.com"
    schema = obj(
        type="object",
        properties=obj(
            spec=obj(
                type="object",
                properties=obj(size=obj(type="integer", minimum=maybe(one_of(0, 1)), default=maybe(one_of(1, 2)))),
            )
        ),
    )
    return obj(
        apiVersion="apiextensions.k8s.io/v1",
        kind="CustomResourceDefinition",
        metadata=obj(name=f"{name}s.{group}", labels=maybe(LABELS)),
        spec=obj(
            group=group,
            scope=rarely("Namespaced", "Cluster"),
            names=obj(kind=name.title(), plural=f"{name}s", shortNames=maybe(one_of(["x"], ["y"]))),
            versions=st.tuples(
                obj(
                    name="v1",
                    served=True,
                    storage=True,
                    schema=obj(openAPIV3Schema=schema),
                    additionalPrinterColumns=maybe(
                        some_of(obj(name="Size", type="integer", jsonPath=".spec.size", priority=maybe(one_of(0, 1))))
                    ),
                )
            ).map(list),
        ),
    )


def widget(name: str) -> Some:
    """Draw an object of a definition with defaults, rules in CEL, a list of type map and one of type set."""
    return obj(
        apiVersion="fidelity.example.com/v1",
        kind="Widget",
        metadata=meta(name),
        spec=obj(
            size=one_of(1, 2, 0, 100),
            colour=maybe(one_of("red", "blue")),
            frozen=rarely(ABSENT, "a", "b"),
            parts=maybe(some_of(obj(name="one", weight=maybe(COUNTS)), obj(name="two"))),
            tags=maybe(in_any_order("a", "b")),
            extra=maybe(obj(anything=TEXTS, nested=maybe(obj(deep=COUNTS)))),
        ),
    )


def gadget(name: str) -> Some:
    """Draw an object of a cluster-scoped definition whose fields nobody checks."""
    return obj(
        apiVersion="fidelity.example.com/v1",
        kind="Gadget",
        metadata=meta(f"APP-{name}"),
        spec=maybe(obj(list=maybe(one_of([1, 2], [2, 1], [])), text=maybe(TEXTS), number=one_of(1, 1.5, 0))),
        setting=maybe(TEXTS),
    )


DEFINITIONS: Final[tuple[JsonObject, ...]] = (
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.fidelity.example.com"},
        "spec": {
            "group": "fidelity.example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "x-kubernetes-validations": [
                                        {
                                            "rule": "self.size < 50 || has(self.colour)",
                                            "message": "big ones have a colour",
                                        },
                                    ],
                                    "properties": {
                                        "size": {"type": "integer", "minimum": 0},
                                        "colour": {"type": "string", "enum": ["red", "blue"]},
                                        "mode": {"type": "string", "default": "plain"},
                                        "frozen": {
                                            "type": "string",
                                            "x-kubernetes-validations": [
                                                {"rule": "self == oldSelf", "message": "frozen stays as it is"}
                                            ],
                                        },
                                        "parts": {
                                            "type": "array",
                                            "x-kubernetes-list-type": "map",
                                            "x-kubernetes-list-map-keys": ["name"],
                                            "items": {
                                                "type": "object",
                                                "required": ["name"],
                                                "properties": {
                                                    "name": {"type": "string"},
                                                    "weight": {"type": "integer", "default": 7},
                                                },
                                            },
                                        },
                                        "tags": {
                                            "type": "array",
                                            "x-kubernetes-list-type": "set",
                                            "items": {"type": "string"},
                                        },
                                        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    },
                                }
                            },
                        }
                    },
                }
            ],
        },
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.fidelity.example.com"},
        "spec": {
            "group": "fidelity.example.com",
            "scope": "Cluster",
            "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    },
)
