"""The full report behind a comment's link: all of it, of that commit, and there again after Redis lost everything."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
import uuid
from http import HTTPStatus

import orjson
import pytest

from tests.functional.conftest import Opener, Shop, config_map

LINK = re.compile(r"\[full report\]\(<https://foresail\.example(/at/foresail)(/reports/[0-9a-f]{48})>\)")
MANY = 120
"""Objects that are more than the comments of this repository have room for."""


OWN = "{{ table }}\nAsk #platform.\n{{ differences }}{{ neighbours }}\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    template = tmp_path_factory.mktemp("template") / "comment.md"
    template.write_text(OWN, encoding="utf-8")
    return {
        "FORESAIL_COMMENT_TEMPLATE": str(template),
        "FORESAIL_URL": "https://foresail.example/at/foresail/",
        "FORESAIL_REPORT_KEY": uuid.uuid4().hex,
        "FORESAIL_COMMENT_BUDGET": "8192",
        "FORESAIL_PREVIEW_REFRESH": "1",
    }


def linked(shop: Shop, number: int) -> str:
    """Return the path of the report that a comment links to."""
    found = LINK.search(shop.body(number))
    assert found is not None
    return found[2]


def opened(shop: Shop, path: str, form: str = "") -> tuple[int, str]:
    assert shop.stage.foresail is not None
    try:
        with urllib.request.urlopen(f"{shop.stage.foresail.url}{path}?format={form}", timeout=30) as answer:  # noqa: S310 - an http address of our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_link_opens_all_of_what_was_told_at_that_commit(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map("settings", COLOUR="blue")})
    many: dict[str, str | None] = {
        f"deploy/many-{one}.yaml": config_map(f"many-{one}", TEXT="word " * 40) for one in range(MANY)
    }
    number = shop.propose(many)
    shop.await_preview(number)
    first = linked(shop, number)
    assert "not shown" in shop.body(number) or any("not shown" in one.body for one in shop.stage.forge.every_comment)

    assert "\nAsk #platform.\n" in shop.body(number)

    status, page = opened(shop, first)
    assert status == HTTPStatus.OK
    assert page.count('<details class="object"') == MANY
    told = orjson.loads(opened(shop, first, "json")[1])
    assert f"### {told['headline']}\n" in shop.body(number)
    assert opened(shop, first, "markdown")[1].count("<details>") == MANY

    shop.repository.push("feature", {"deploy/more.yaml": config_map("more", A="1")})
    shop.await_preview(number)
    second = linked(shop, number)
    assert second != first
    assert opened(shop, second)[1].count('<details class="object"') == MANY + 1
    assert opened(shop, first)[1].count('<details class="object"') == MANY

    _is_there_again(shop, number, second)


def _is_there_again(shop: Shop, number: int, path: str) -> None:
    shop.stage.redis.restart()
    shop.stage.until(lambda: opened(shop, path)[0] == HTTPStatus.OK, what="the same report at the same place")
    assert linked(shop, number) == path
    assert "Told anew" not in shop.body(number)


def test_two_changes_of_one_object_are_told_about_each_other_while_both_are_open(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map("settings", COLOUR="blue", SIZE="1")})
    first = shop.propose({"deploy/settings.yaml": config_map("settings", COLOUR="red", SIZE="1")}, branch="one")
    shop.await_preview(first)
    assert "touches the same" not in shop.body(first)
    second = shop.propose({"deploy/settings.yaml": config_map("settings", COLOUR="blue", SIZE="2")}, branch="two")
    shop.await_preview(second)
    words = "Open change `#{}` touches the same: ConfigMap `{}/settings` (data)"
    assert words.format(first, shop.namespace) in shop.body(second)
    shop.stage.until(lambda: words.format(second, shop.namespace) in shop.body(first), what="word of the other change")

    shop.repository.close(second)
    shop.stage.until(lambda: "touches the same" not in shop.body(first), what="an end of that")
    assert "other open changes touch the same objects, or no longer do" in shop.body(first)
