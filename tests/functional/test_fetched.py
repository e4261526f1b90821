"""What an Application's files name elsewhere: fetched for previews as for syncs, and told where it moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.sandbox.toolchain import Programs
from tests.functional.conftest import Opener, config_map
from tests.integration.repository.conftest import Fixed
from tests.integration.repository.servers import Site, http_site


@pytest.fixture(scope="module")
def settings(programs: Programs) -> dict[str, str]:
    return {"FORESAIL_FETCH_ALLOW": "127.0.0.1", "FORESAIL_HELM": str(programs.helm)}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "served").mkdir()
    with http_site(tmp_path / "served") as found:
        yield found


def test_a_remote_base_is_rendered_and_told_at_which_commit(open_shop: Opener, site: Site) -> None:
    lib = Fixed(site.root / "lib.git")
    base = {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": config_map("base", SIZE="small")}
    first = lib.commit("main", base)
    named = f"resources: ['{site.url}/lib.git//app?ref=main', own.yaml]\n"
    shop = open_shop({"deploy/kustomization.yaml": named, "deploy/own.yaml": config_map("own", A="1")})
    assert (shop.data("base"), shop.data("own")) == ({"SIZE": "small"}, {"A": "1"})

    number = shop.propose({"deploy/own.yaml": config_map("own", A="2")})
    assert shop.await_preview(number) == "success"
    assert f"//app?ref=main` was taken at `{first[:7]}`, and may move" in shop.body(number)
    assert "SIZE" not in shop.body(number)

    shop.merge(number)
    assert (shop.data("base"), shop.data("own")) == ({"SIZE": "small"}, {"A": "2"})

    other = {path.replace("app/", "other/"): text.replace("small", "big") for path, text in base.items()}
    second = lib.commit("main", {**base, **other}, first)
    fixed = named.replace("app?ref=main", f"other?ref={second}")
    number = shop.propose({"deploy/kustomization.yaml": fixed}, branch="fixed")
    assert shop.await_preview(number) == "success"
    assert "+  SIZE: big" in shop.body(number)
    assert "may move" not in shop.body(number)
    shop.merge(number)
    assert shop.data("base") == {"SIZE": "big"}


def test_values_by_url_are_previewed_and_synced(open_shop: Opener, site: Site) -> None:
    site.beside = lambda path, _headers, _body: (200, {}, b"size: medium\n") if path == "/prod.yaml" else None
    chart = {
        "deploy/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}\n",
        "deploy/templates/a.yaml": config_map("web", SIZE="{{ .Values.size }}"),
        "deploy/values.yaml": "size: small\n",
    }
    shop = open_shop(chart)
    assert shop.data("web") == {"SIZE": "small"}
    file = f".foresail/{shop.name}.yaml"
    application = yaml.safe_load(shop.repository.read(file))
    application["spec"]["source"]["helm"] = {"valueFiles": [f"{site.url}/prod.yaml"]}

    number = shop.propose({file: yaml.safe_dump(application)})
    assert shop.await_preview(number) == "success"
    assert "+  SIZE: medium" in shop.body(number)

    shop.repository.merge(number)
    shop.stage.until(lambda: shop.data("web") == {"SIZE": "medium"}, what="the values by URL")
