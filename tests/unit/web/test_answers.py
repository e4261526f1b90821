"""What the web process answers where nothing is queued: no Redis is asked for any of this."""

from __future__ import annotations

import sys

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from bot.settings import Settings
from tests.unit.forges.github.deliveries import SECRET, body_of, headers_of, sample

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def app() -> flask.Flask:
    return create_app(Settings.from_environment(_environment() | {"FORESAIL_GITHUB_WEBHOOK_SECRET": f"new\n{SECRET}"}))


@pytest.fixture
def client(app: flask.Flask) -> FlaskClient:
    return app.test_client()


def _environment() -> dict[str, str]:
    return {"FORESAIL_REDIS_URL": NOWHERE, "FORESAIL_WEBHOOK_MAX_BYTES": "40000"}


def _post(client: FlaskClient, body: bytes, event: str = "push", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/webhooks/github", data=body, headers=headers_of(event, body) | named)


def test_who_computes_lets_others_go_on_soon(app: flask.Flask) -> None:
    assert "reports.report" in app.view_functions
    assert sys.getswitchinterval() < 0.001  # or a webhook would wait for large reports by 5 ms, again and again


def test_without_a_secret_no_webhook_is_taken() -> None:
    client = create_app(Settings.from_environment(_environment())).test_client()
    answer = _post(client, body_of(sample("push")))
    assert answer.status_code == 501
    assert "FORESAIL_GITHUB_WEBHOOK_SECRET" in answer.get_json()["error"]


@pytest.mark.parametrize("signature", ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "é", "sha256=é"])
def test_a_bad_signature_is_401(client: FlaskClient, signature: str) -> None:
    answer = _post(client, body_of(sample("push")), X_Hub_Signature_256=signature)
    assert answer.status_code == 401


def test_a_signature_for_another_body_is_401(client: FlaskClient) -> None:
    other = headers_of("push", b"{}")["X-Hub-Signature-256"]
    assert _post(client, body_of(sample("push")), X_Hub_Signature_256=other).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 20_000, b'{"a":' * 5000, b'{"ref":7}'])
def test_a_malformed_body_is_400(client: FlaskClient, body: bytes) -> None:
    assert _post(client, body).status_code == 400


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_a_wrong_content_type_is_400(client: FlaskClient, kind: str) -> None:
    assert _post(client, body_of(sample("push")), Content_Type=kind).status_code == 400


@pytest.mark.parametrize("delivery", ["", "a b", "é", "x" * 65, "a,a"])
def test_a_delivery_without_a_proper_id_is_400(client: FlaskClient, delivery: str) -> None:
    assert _post(client, body_of(sample("push")), X_GitHub_Delivery=delivery).status_code == 400


def test_a_body_is_not_decompressed(client: FlaskClient) -> None:
    assert _post(client, b"\x1f\x8b\x08rubbish", Content_Encoding="gzip").status_code == 400


def test_a_body_of_just_the_limit_is_read_and_one_more_is_413(client: FlaskClient) -> None:
    assert _post(client, b" " * 40_000).status_code == 400
    assert _post(client, b" " * 40_001).status_code == 413


@pytest.mark.parametrize("event", ["star", "PUSH", "push, push", "é", "x" * 5000])
def test_an_event_of_no_use_is_ignored(client: FlaskClient, event: str) -> None:
    answer = _post(client, b"{}", event)
    assert answer.status_code == 202
    assert answer.get_json()["status"] == "ignored"


def test_a_ping_is_answered(client: FlaskClient) -> None:
    assert _post(client, b"{}", "ping").json == {"status": "ignored", "reason": "pong"}


def test_an_event_that_calls_for_nothing_asks_no_redis(client: FlaskClient) -> None:
    talk = sample("issue_comment.created", comment__body="looks good to me")
    assert _post(client, body_of(talk), "issue_comment").status_code == 202


def test_without_redis_the_forge_is_asked_to_come_again(client: FlaskClient) -> None:
    answer = _post(client, body_of(sample("push")))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_without_redis_it_is_alive_and_not_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_another_method_is_405_and_names_the_right_one(client: FlaskClient, method: str) -> None:
    answer = client.open("/webhooks/github", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.json == {"error": "Method Not Allowed"}


@pytest.mark.parametrize(
    "path", ["/", "/webhooks", "//webhooks//github", "/webhooks/github/", "/%00", "/%ff", "/..//x"]
)
def test_an_unknown_path_is_404_in_json(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json == {"error": "Not Found"}
