"""Deliveries as GitHub sends them, made of the samples in testdata."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TESTDATA = Path(__file__).parent / "testdata"
SAMPLES = tuple(sorted(path.stem for path in TESTDATA.glob("*.json")))
SECRET = "correct horse"
HEAD, BASE, MERGE = "1" * 40, "2" * 40, "3" * 40


def sample(name: str, **changed: Any) -> Any:
    """Return a sample's payload; a changed field is named with two underscores for each dot."""
    payload = json.loads((TESTDATA / f"{name}.json").read_text())
    for path, value in changed.items():
        *way, last = path.split("__")
        inner = payload
        for step in way:
            inner = inner[step]
        inner[last] = value
    return payload


def headers_of(event: str, body: bytes, *, secret: str = SECRET, form: bool = False) -> dict[str, str]:
    """Return the headers GitHub sends with a body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def body_of(payload: Any, *, form: bool = False) -> bytes:
    """Return a payload as GitHub sends it."""
    text = json.dumps(payload)
    return urlencode({"payload": text}).encode() if form else text.encode()
