"""Credentials are found in texts in whatever form people and programs write them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.preview.redaction import Redactor, secrets_of
from bot.preview.scrub import scrub

REDACTOR = Redactor(b"one report's key")
HUNTER = "hunter2-correct-horse"


def in_a_text(text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"file": text}}


@pytest.mark.parametrize(
    "text",
    [
        f"database:\n  password: |\n    first\n    {HUNTER}\n",
        f"token:\n  {HUNTER}\n",
        f"passwords:\n- one\n- {HUNTER}\n",
        f"passwords: [one, {HUNTER}]\n",
        f'{{"passwords": ["{HUNTER}"]}}',
        f'body: "{{\\"password\\": \\"{HUNTER}\\"}}"',
        f"db: {{host: db, password: {HUNTER}, port: 1}}",
        f"Server=db;User Id=app;Password={HUNTER};Timeout=3",
        f"host=db user=app password='{HUNTER}' sslmode=disable",
        f"exec app --colour blue --password={HUNTER}\n",
        f'exec app --token "{HUNTER}" --verbose\n',
        f"curl -H 'Authorization: Bearer {HUNTER}' https://example.com\n",
        f"curl -H 'Authorization: Basic {HUNTER}' https://example.com\n",
        f"<db><password>{HUNTER}</password></db>",
        f'<db user="app" password="{HUNTER}"/>',
        f"machine example.com login app password {HUNTER}\n",
        f"https://example.com/hook?colour=blue&token={HUNTER}",
    ],
)
def test_a_credential_in_a_text_is_hidden_and_known(text: str) -> None:
    assert HUNTER not in str(REDACTOR.redact(in_a_text(text)))
    assert HUNTER not in scrub(f"the server refuses '{HUNTER}'", secrets_of([in_a_text(text)]))


def test_a_number_in_json_is_hidden() -> None:
    assert "18709360677" not in str(REDACTOR.redact(in_a_text('{"password": 18709360677, "port": 1}')))


@pytest.mark.parametrize(
    "text",
    [
        "password: $(DB_PASSWORD)\ntoken: {{ .token }}\n",
        "exec app --password=${DB_PASSWORD} --token-file /run/token --max-tokens 4096\n",
        "password:\n  secretKeyRef:\n    name: db\n    key: password\n",
        "passwords:\n- name: db\n  key: password\n",
        "image: registry.example.com/api-token:1.2\n",
        "a bearer of news, and https://example.com/tokens?page=1",
        '{"password": {"from": "vault"}, "maxTokens": 4096}',
    ],
)
def test_a_text_without_a_credential_is_shown(text: str) -> None:
    assert REDACTOR.redact(in_a_text(text)) == in_a_text(text)


def test_values_in_lists_and_mappings_that_sound_secret_are_hidden() -> None:
    env = [{"name": "API_TOKEN", "value": {"secret": HUNTER}}]
    obj = {"kind": "Odd", "metadata": {"name": "a"}, "spec": {"passwords": [HUNTER], "password": [HUNTER], "env": env}}

    assert HUNTER not in str(REDACTOR.redact(obj))
    assert secrets_of([obj]) >= {HUNTER}


def test_a_key_that_no_secret_may_have_is_taken_for_a_value() -> None:
    line = f"{HUNTER}+of/a=key"
    obj = {"kind": "Secret", "metadata": {"name": "a"}, "data": {line: "", "user": "YQ=="}}

    assert list(REDACTOR.redact(obj)["data"])[1:] == ["user"]
    assert line not in str(REDACTOR.redact(obj))
    assert line not in scrub(f"data[{line}]: Invalid value", secrets_of([obj]))
