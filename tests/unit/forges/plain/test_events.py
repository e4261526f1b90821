"""Pushes to repositories without a forge: who may tell of them, and in which words."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from bot.forges.payload import Malformed
from bot.forges.plain.events import BadSignature, parse_delivery
from bot.model.events import RepositoryMoved

URL = "https://git.example.com/acme/shop.git"
BODY = json.dumps({"repository": URL}).encode()
BEARER = {"Authorization": "Bearer s3cret"}


def signed(body: bytes, key: str = "s3cret") -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {"authorization": "bearer s3cret"},
        {"X-Hub-Signature-256": f"sha256={signed(BODY)}"},
        {"X-Gitea-Signature": signed(BODY)},
        {"X-Forgejo-Signature": signed(BODY)},
        {"X-Gogs-Signature": signed(BODY).upper()},
    ],
)
def test_who_knows_the_secret_is_believed(headers: dict[str, str]) -> None:
    assert parse_delivery(headers, BODY, secrets=["s3cret"]) == RepositoryMoved((URL,))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "s3cret"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer s3cre"},
        {"Authorization": "Basic s3cret"},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": f"sha256={signed(b'other')}"},
        {"X-Gitea-Signature": signed(BODY, "other")},
        {"X-Gitea-Signature": "ü" * 64},
    ],
)
def test_everybody_else_is_not(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        parse_delivery(headers, BODY, secrets=["s3cret"])


def test_a_new_secret_holds_beside_the_old_one() -> None:
    assert parse_delivery(BEARER, BODY, secrets=["new", "s3cret"]) == RepositoryMoved((URL,))


def test_a_servers_own_words_name_a_repository_by_each_of_its_urls() -> None:
    repository = {"id": 1, "clone_url": URL, "ssh_url": "git@git.example.com:acme/shop.git", "html_url": None}
    event = parse_delivery(BEARER, json.dumps({"ref": "x", "repository": repository}).encode(), secrets=["s3cret"])
    assert event == RepositoryMoved((URL, "git@git.example.com:acme/shop.git"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"repository": null}',
        b'{"repository": ""}',
        b'{"repository": 1}',
        b'{"repository": {}}',
        b'{"repository": {"clone_url": 1}}',
        b'{"repository": "' + b"a" * 3000 + b'"}',
        b"[" * 100_000,
    ],
)
def test_what_names_no_repository_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        parse_delivery(BEARER, body, secrets=["s3cret"])
    assert "repository" in str(refused.value) or "payload" in str(refused.value)


def test_a_delivery_is_small_whatever_it_holds() -> None:
    many: dict[str, Any] = {f"url_{number}": URL for number in range(10_000)}
    event = parse_delivery(BEARER, json.dumps({"repository": {**many, "url": URL}}).encode(), secrets=["s3cret"])
    assert event == RepositoryMoved((URL,))
