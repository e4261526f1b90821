"""What the web process answers GitLab where nothing is queued: no Redis is asked for any of this."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from bot.settings import Settings

NOWHERE = "redis://127.0.0.1:1/0"
SECRET = "open sesame"


def client(secret: str) -> FlaskClient:
    given = {"FORESAIL_REDIS_URL": NOWHERE, "FORESAIL_GITLAB_WEBHOOK_SECRET": secret}
    return create_app(Settings.from_environment(given)).test_client()


def post(on: FlaskClient, body: object, **headers: str) -> TestResponse:
    sent = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "Job Hook", "Idempotency-Key": "d-1"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return on.post("/webhooks/gitlab", data=json.dumps(body), headers=sent)


def test_without_a_secret_no_webhook_is_taken() -> None:
    answer = post(client(""), {})
    assert answer.status_code == 501
    assert "FORESAIL_GITLAB_WEBHOOK_SECRET" in answer.get_json()["error"]


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_wrong_token_is_401(token: str) -> None:
    assert post(client(f"new\n{SECRET}"), {}, X_Gitlab_Token=token).status_code == 401


def test_what_there_is_no_use_for_is_202() -> None:
    answer = post(client(f"new\n{SECRET}"), {})
    assert (answer.status_code, answer.get_json()["status"]) == (202, "ignored")


@pytest.mark.parametrize(
    "changed", [{"Idempotency_Key": "../"}, {"X_Gitlab_Event": ""}, {"X_Gitlab_Event": "Push Hook"}]
)
def test_a_malformed_delivery_is_400(changed: dict[str, str]) -> None:
    assert post(client(SECRET), {"ref": 7}, **changed).status_code == 400


def test_what_is_to_be_queued_and_cannot_be_is_503() -> None:
    project = {
        "path_with_namespace": "acme/team/shop",
        "git_http_url": "https://gitlab.test/acme/team/shop.git",
        "default_branch": "main",
    }
    push = {"ref": "refs/heads/main", "before": "1" * 40, "after": "2" * 40, "project": project}
    answer = post(client(SECRET), push, X_Gitlab_Event="Push Hook")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
