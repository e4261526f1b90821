"""Secret values stay out of everything that is shown."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from bot.errors import Rejected
from bot.preview.redaction import Redactor, secrets_of
from bot.preview.scrub import scrub

REDACTOR = Redactor(b"one report's key")
HUNTER = "hunter2-correct-horse"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}, **fields}


def test_values_become_digests_and_keys_stay() -> None:
    data = REDACTOR.redact(secret(data={"user": b64("admin"), "password": b64(HUNTER)}))["data"]

    assert list(data) == ["user", "password"]
    assert data["user"] != data["password"]
    assert data["password"].startswith("<redacted ")


def test_equal_values_have_equal_digests_however_they_are_written() -> None:
    as_text = REDACTOR.redact(secret(stringData={"password": HUNTER}))

    assert as_text == REDACTOR.redact(secret(data={"password": b64(HUNTER)}))
    assert as_text != REDACTOR.redact(secret(data={"password": b64(HUNTER + "3")}))


def test_a_candidate_written_elsewhere_is_never_seen_to_be_the_value() -> None:
    other = {**secret(data={"pin": b64(HUNTER)}), "metadata": {"name": "mine", "namespace": "shop"}}
    env = [{"name": name, "value": HUNTER} for name in ("PASSWORD", "PASSWORD", "MY_PASSWORD")]
    spec = {"env": env, "args": ["--password", HUNTER] * 2}
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    text = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": f"password={HUNTER}\npassword={HUNTER}\n"}}
    objects = [secret(data={"pin": b64(HUNTER), "guess": b64(HUNTER)}), other, pod, text]
    digests = re.findall(r"<redacted (\w+)>", str([REDACTOR.redact(obj) for obj in objects]))

    assert len(digests) == 10
    assert len(set(digests)) == len(digests)


def test_an_item_that_is_added_leaves_the_digests_behind_it_alone() -> None:
    def env(*names: str) -> dict[str, Any]:
        entries = [{"name": name, "value": HUNTER} for name in names]
        return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"env": entries}}

    before, after = REDACTOR.redact(env("PASSWORD")), REDACTOR.redact(env("NEW_TOKEN", "PASSWORD"))
    assert before["spec"]["env"][0] == after["spec"]["env"][1]


def test_string_data_wins_over_data_as_on_the_server() -> None:
    both = secret(data={"a": b64("old"), "b": b64("kept")}, stringData={"a": "new"})

    assert REDACTOR.redact(both) == REDACTOR.redact(secret(data={"a": b64("new"), "b": b64("kept")}))


def test_another_report_has_other_digests() -> None:
    obj = secret(data={"a": b64(HUNTER)})

    assert Redactor(b"another report's").redact(obj) != REDACTOR.redact(obj)


def test_the_redactor_does_not_print_its_key() -> None:
    assert "one report" not in repr(REDACTOR)


LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.mark.parametrize(
    "obj",
    [
        secret(data=HUNTER),
        secret(data=[HUNTER, {"a": HUNTER}]),
        secret(data={"a": {"b": [HUNTER]}}),
        secret(stringData=HUNTER),
        secret(stringData=[HUNTER], data={"a": HUNTER}),
        secret(stringdata={"a": HUNTER}),
        secret(kind=" secret", data={"a": HUNTER}),
        secret(apiVersion=7, data={"a": HUNTER}),
        secret(metadata={"name": "db", "annotations": {LAST_APPLIED: json.dumps(secret(data={"a": b64(HUNTER)}))}}),
        secret(metadata={"annotations": {LAST_APPLIED: {"data": HUNTER}}}),
        secret(metadata={"annotations": {"kapp.k14s.io/original": HUNTER}}),
        {"kind": "Pod", "metadata": {"annotations": {LAST_APPLIED: HUNTER}}},
        {"kind": "Pod", "metadata": {"annotations": {"kapp.k14s.io/original": HUNTER}}},
        {"kind": "Pod", "metadata": {"annotations": {"objectset.rio.cattle.io/applied": HUNTER}}},
        {"kind": "Pod", "metadata": {"annotations": {"banzaicloud.com/last-applied": HUNTER}}},
        {"kind": "List", "items": [secret(stringData={"a": HUNTER})]},
        {"kind": "SecretList", "items": [{"metadata": {}, "data": {"a": b64(HUNTER)}}, HUNTER, [HUNTER]]},
        {"kind": "SecretList", "items": HUNTER},
        {"kind": "ManifestWork", "spec": {"workload": {"manifests": [secret(data={"a": b64(HUNTER)})]}}},
        {"kind": "ConfigMap", "data": {"a.yaml": f"apiVersion: v1\nkind: Secret\nstringData:\n  a: {HUNTER}\n"}},
        {"kind": "ConfigMap", "data": {"a.json": json.dumps(secret(stringData={"a": HUNTER}))}},
        {"kind": "ConfigMap", "data": {"DB_PASSWORD": HUNTER}},
        {"kind": "ConfigMap", "data": {"app.properties": f"user=a\nspring.datasource.password={HUNTER}\n"}},
        {"kind": "ConfigMap", "data": {"app.yaml": f"db:\n  - password: '{HUNTER}'\n"}},
        {"kind": "ConfigMap", "data": {"app.json": json.dumps({"db": {"apiKey": HUNTER}})}},
        {"kind": "ConfigMap", "data": {"url": f"postgres://shop:{HUNTER}@db:5432/shop"}},
        {"kind": "ConfigMap", "data": {"key": f"-----BEGIN EC PRIVATE KEY-----\n{HUNTER}\n"}},
        {"kind": "ConfigMap", "binaryData": {"k": b64(f"-----BEGIN PRIVATE KEY-----\n{HUNTER}\n")}},
        {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "API_TOKEN", "value": HUNTER}]}]}},
        {"kind": "Pod", "spec": {"containers": [{"args": [f"--db-password={HUNTER}"]}]}},
        {"kind": "Pod", "spec": {"containers": [{"args": ["--db-password", HUNTER]}]}},
        {"kind": "HelmRelease", "spec": {"values": {"auth": {"rootPassword": HUNTER}}}},
    ],
    ids=str,
)
def test_a_value_never_shows(obj: dict[str, Any]) -> None:
    shown = json.dumps(REDACTOR.redact(obj))

    assert HUNTER not in shown
    assert b64(HUNTER).rstrip("=") not in shown


@pytest.mark.parametrize(
    "obj",
    [
        {"kind": "SealedSecret", "spec": {"encryptedData": {"password": "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq"}}},
        {"kind": "ExternalSecret", "spec": {"data": [{"secretKey": "password", "remoteRef": {"key": "prod/db"}}]}},
        {"kind": "Pod", "spec": {"volumes": [{"secret": {"secretName": "db"}}], "automountServiceAccountToken": True}},
        {"kind": "Pod", "spec": {"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}},
        {"kind": "Pod", "spec": {"env": [{"name": "PASSWORD_FILE", "value": "/run/secrets/db"}]}},
        {"kind": "Pod", "spec": {"args": ["--password=$(DB_PASSWORD)", "--key-file", "/etc/k"]}},
        {"kind": "HelmRelease", "spec": {"valuesFrom": [{"kind": "Secret", "name": "values"}], "password": ""}},
        {"kind": "ConfigMap", "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}},
        {"kind": "ValidatingWebhookConfiguration", "webhooks": [{"clientConfig": {"caBundle": "LS0tLS1CRUdJTiBD"}}]},
    ],
    ids=str,
)
def test_what_is_no_secret_is_shown(obj: dict[str, Any]) -> None:
    assert REDACTOR.redact(obj) == obj


def test_null_and_truth_values_tell_nothing_and_stay() -> None:
    assert REDACTOR.redact(secret(data={"a": None}, immutable=True)) == secret(data={"a": None}, immutable=True)


def test_an_object_without_a_bottom_is_refused() -> None:
    obj: dict[str, Any] = {}
    for _ in range(5000):
        obj = {"a": obj}

    with pytest.raises(Rejected, match="cannot be shown"):
        REDACTOR.redact(obj)


@pytest.mark.parametrize(
    "message",
    [
        f"invalid value {HUNTER!r}",
        f"illegal base64 data in {b64(HUNTER)}",
        f"json: cannot unmarshal {b64(HUNTER)} into Go struct",
        f"yaml: cannot unmarshal !!str `{HUNTER[:7]}...` into int",
        'Secret "db" is invalid: got "x\\nline two of it"',
        "line 2: unexpected: line two of it",
    ],
)
def test_a_message_loses_the_values_it_quotes(message: str) -> None:
    secrets = secrets_of([secret(data={"a": b64(HUNTER)}, stringData={"b": "x\nline two of it"})])
    scrubbed = scrub(message, secrets)

    assert "<redacted>" in scrubbed
    assert not any(part in scrubbed for part in ("hunter", b64(HUNTER), "line two"))


def test_a_message_loses_values_of_the_last_applied_manifest_too() -> None:
    obj = secret(metadata={"annotations": {LAST_APPLIED: json.dumps(secret(data={"a": b64(HUNTER)}))}})

    assert scrub(f"got {HUNTER}", secrets_of([obj])) == "got <redacted>"


def test_of_two_values_that_overlap_nothing_is_left() -> None:
    assert scrub("x abcdefghijklmnop y", frozenset({"abcdefghij", "ghijklmnop", "cdefghij"})) == "x <redacted> y"


def test_the_name_of_an_object_has_no_hole_where_a_secret_value_is_a_word_of_it() -> None:
    words = "waiting for StatefulSet shop/db: shop is not known; ConfigMap shop/db-shop"
    told = "waiting for StatefulSet shop/db: <redacted> is not known; ConfigMap <redacted>/db-<redacted>"
    assert scrub(words, frozenset({"shop"}), named=["StatefulSet shop/db", "ConfigMap shop/db"]) == told


def test_a_secret_value_that_is_longer_than_a_name_in_it_goes_whole() -> None:
    assert scrub("got a shop/db key", frozenset({"a shop/db key"}), named=["shop/db"]) == "got <redacted>"


@pytest.mark.parametrize("value", [1000000, 1e6, "1e6", "1000000", "1.0E+6"])
@pytest.mark.parametrize("quoted", ["1e+06", "1E+06", "1000000", "1000000.0", "'1e6'"])
def test_a_message_loses_a_number_however_it_is_written(value: float | str, quoted: str) -> None:
    scrubbed = scrub(f"expected string, got &{{Value:{quoted}}}", secrets_of([secret(stringData={"pin": value})]))
    assert "1" not in scrubbed


@pytest.mark.parametrize(
    ("value", "quoted"), [("-0.00012345", "-1.2345e-04"), (12345678901234567891, "1.2345678901234567e+19")]
)
def test_a_message_loses_numbers_as_a_server_rounds_them(value: object, quoted: str) -> None:
    assert scrub(f"got {quoted}", secrets_of([secret(stringData={"pin": value})])) == "got <redacted>"


@pytest.mark.parametrize("value", ["1e999", "9" * 5_000, "1e-999", "0", "-0", "1_000", "nan", "infinity", "١٢٣٤"])
def test_what_looks_like_a_number_breaks_nothing(value: str) -> None:
    assert scrub("fine", secrets_of([secret(stringData={"pin": value})])) == "fine"


def test_short_values_leave_a_message_readable() -> None:
    secrets = frozenset({"a", "admin", ""})

    assert scrub('a bad "a"; administrator is not admin', secrets) == (
        'a bad "<redacted>"; administrator is not <redacted>'
    )


def test_a_message_without_secrets_stays_as_it_is() -> None:
    assert scrub("spec.selector: field is immutable", secrets_of([secret(data={"a": b64(HUNTER)})])) == (
        "spec.selector: field is immutable"
    )
