"""Whatever is signed and sent: an event or a refusal comes of it, never another exception."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from bot.forges.github.events import BadSignature, Malformed, parse_delivery
from bot.model.events import Event
from tests.unit.forges.github.deliveries import SAMPLES, SECRET, body_of, headers_of, sample

WEIRD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**40,
    "",
    "x\x00y",
    "\u202e../..",
    "a" * 100_000,
    [],
    [[]],
    [None],
    {},
    {"": {}},
)
MUTATIONS = 300


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside a payload."""
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*way, step)
            yield from places(inner, (*way, step))


def holder(payload: Any, way: tuple[Any, ...]) -> Any:
    for step in way[:-1]:
        payload = payload[step]
    return payload


def outcome(event: str, body: bytes, *, form: bool = False) -> Event | Malformed:
    try:
        return parse_delivery(headers_of(event, body, form=form), body, secrets=[SECRET])
    except Malformed as refusal:
        return refusal


@pytest.mark.parametrize("name", SAMPLES)
def test_any_field_may_hold_anything_or_be_missing(name: str) -> None:
    whole = sample(name)
    for way in places(whole):
        for weird in WEIRD:
            payload = deepcopy(whole)
            holder(payload, way)[way[-1]] = weird
            outcome(name.partition(".")[0], body_of(payload))
        payload = deepcopy(whole)
        del holder(payload, way)[way[-1]]
        outcome(name.partition(".")[0], body_of(payload))


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_any_bytes_may_be_flipped_cut_or_doubled(name: str, form: bool) -> None:  # noqa: FBT001 - a parameter of the table
    chance = random.Random(name)  # noqa: S311 - repeatable on purpose
    whole = body_of(sample(name), form=form)
    for _ in range(MUTATIONS):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        outcome(name.partition(".")[0], bytes(body), form=form)


@pytest.mark.parametrize("name", SAMPLES)
def test_one_events_payload_under_another_events_name(name: str) -> None:
    body = body_of(sample(name))
    for other in SAMPLES:
        outcome(other.partition(".")[0], body)


def test_random_bytes_and_headers() -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable on purpose
    for _ in range(MUTATIONS):
        noise = chance.randbytes(chance.randint(0, 60))
        outcome("push", noise)
        headers = {key: noise.decode("latin-1") for key in headers_of("push", noise)}
        with pytest.raises(BadSignature):
            parse_delivery(headers, noise, secrets=[SECRET])


def test_a_refusal_never_repeats_what_was_sent() -> None:
    payload = sample("push", repository__full_name="<script>alert(1)</script>")
    refusal = outcome("push", json.dumps(payload).encode())
    assert isinstance(refusal, Malformed)
    assert "script" not in str(refusal)
