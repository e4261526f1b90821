"""`foresail render`: what one application or folder wants, in a form that kubectl reads back as the very same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cli.conftest import Done, Work, application, settings

TRICKY = (
    "yes no on Off null ~ true 1e3 1_000 0x1f 0o17 012 1:30 .5 +1 -0 2024-01-01 << = - ? : # ! & * % @ | > { [ "
    "'a' a:_b a_#b {{x}} .inf .NaN !!str 0b11 é ☃"
)
LONG = {"lines": "a\n  b\n\nc\n", "tabs": "a\tb\n", "end": "a ", "begin": " a", "empty": "", "wide": "word " * 80}


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    return list(orjson.loads(done.out)["items"])


def read_back(plane: ControlPlane, manifests: str) -> dict[str, Any]:
    """Return the one object in a text, as kubectl reads it."""
    found: dict[str, Any] = orjson.loads(
        plane.kubectl("create", "--dry-run=client", "--filename=-", "--output=json", stdin=manifests)
    )
    return found


def test_the_only_application_need_not_be_named(shop: Work, namespace: str) -> None:
    (found,) = objects(shop.foresail("render", "-o", "json"))
    assert found["metadata"]["namespace"] == namespace
    assert found["metadata"]["annotations"] == {
        "argocd.argoproj.io/tracking-id": f"shop:/ConfigMap:{namespace}/settings"
    }
    assert found["data"] == settings()["data"]


def test_what_is_not_committed_counts_and_a_revision_is_as_it_was(shop: Work) -> None:
    shop.write("apps/shop/settings.yaml", settings(colour="red"))
    assert objects(shop.foresail("render", "--app", "shop", "-o", "json"))[0]["data"]["colour"] == "red"
    assert objects(shop.foresail("render", "--head", "main", "-o", "json"))[0]["data"]["colour"] == "blue"


@pytest.mark.parametrize("texts", [{f"k{place}": text for place, text in enumerate(TRICKY.split())}, LONG])
def test_kubectl_reads_the_very_same(shop: Work, control_plane: ControlPlane, texts: dict[str, str]) -> None:
    shop.write("apps/shop/settings.yaml", orjson.dumps(settings(**texts)))
    (found,) = objects(shop.foresail("render", "-o", "json"))
    done = shop.foresail("render")
    assert read_back(control_plane, done.out) == found
    assert {name: found["data"][name] for name in texts} == texts


def test_several_documents_are_a_stream(shop: Work) -> None:
    shop.write("apps/shop/more.yaml", settings("more"))
    assert shop.foresail("render").out.count("\n---\n") == 1


def test_a_folder_is_rendered_without_anything_of_ours(shop: Work, namespace: str) -> None:
    (found,) = objects(shop.foresail("render", "--path", "apps/shop", "-n", namespace, "-o", "json"))
    assert found == settings() | {"metadata": {"name": "settings", "namespace": namespace}}


def test_a_name_that_is_wrong_is_answered_with_those_there_are(shop: Work, namespace: str) -> None:
    shop.write(".foresail/other.yaml", application("other", namespace=namespace))
    wrong = shop.foresail("render", "--app", "shp")
    assert (wrong.code, "there is: shop" in wrong.err) == (1, True)
    several = shop.foresail("render")
    assert several.code == 1
    assert "2 applications come from this repository: other, shop" in several.err


def test_a_broken_manifest_is_the_error(shop: Work) -> None:
    shop.write("apps/shop/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {")
    done = shop.foresail("render")
    assert (done.code, done.out) == (1, "")
    assert "apps/shop/settings.yaml" in done.err


def test_an_application_of_a_namespace_that_is_not_looked_at_is_named_with_the_way_to_it(shop: Work) -> None:
    bank = application("bank", namespace="bank", path="apps/shop")
    shop.write(".foresail/shop.yaml", {**bank, "metadata": {"name": "bank", "namespace": "argocd"}})
    shop.commit()
    refused = shop.foresail("render")
    assert refused.code != 0
    assert "Application bank is declared in namespace argocd, where none are looked for" in refused.err
    (found,) = objects(shop.foresail("render", "--control-namespace", "argocd", "-o", "json"))
    tracking = found["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    assert tracking == "bank:/ConfigMap:bank/settings"
