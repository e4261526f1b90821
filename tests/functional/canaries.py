"""Secret values that sing when they are seen, in whatever notation, wherever Foresail shows or keeps something."""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
import redis

from bot.sandbox.stage import Stage

_SHORTEST = 8
"""Characters below which a line or a form of a value could be anything."""


@dataclass
class Canaries:
    """Different values by the place each is put into."""

    values: dict[str, str] = field(default_factory=dict)

    def __call__(self, place: str, value: str = "") -> str:
        """Return a value nobody else has, or keep the one that is given."""
        assert place not in self.values
        self.values[place] = value or f"hx{uuid.uuid4().hex[:14]}"
        return self.values[place]

    def odd(self, place: str) -> str:
        """Return one with characters that JSON, URLs and YAML write otherwise, as a quoted YAML string."""
        return json.dumps(self(place, f'h"x/{uuid.uuid4().hex[:10]}+% \\q'))

    def number(self, place: str) -> str:
        """Return a number that a server writes with an exponent."""
        return self(place, f"{uuid.uuid4().int % 10**11 + 10**11}")

    def lines(self, place: str, *, indent: int) -> str:
        """Return several lines as a block of YAML's."""
        text = "\n".join(f"hx{uuid.uuid4().hex[:14]}" for _ in range(3))
        return "|\n" + "".join(f"{' ' * indent}{line}\n" for line in self(place, text).split("\n"))

    def encoded(self, place: str) -> str:
        """Return one in base64, as a Secret's `data` has it."""
        return base64.b64encode(self(place).encode()).decode()

    def heard_in(self, text: str) -> set[str]:
        """Return the places whose values stand in a text."""
        return {place for place, value in self.values.items() if any(form in text for form in forms(value))}


def forms(value: str) -> set[str]:
    """Return the notations of a value."""
    raw = value.encode()
    found = {value, quote(value, safe=""), quote(value), raw.hex(), raw.hex().upper(), value[::-1]}
    found |= {json.dumps(value)[1:-1], json.dumps(json.dumps(value)[1:-1])[1:-1]}
    found |= {line for line in value.split("\n") if len(line) >= _SHORTEST}
    found |= set(_base64(raw))
    return found | (_numbers(int(value)) if value.isdigit() else set())


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what is certain of its base64 wherever in something longer it stands."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        certain = encoded[(before * 4 + 2) // 3 : len(raw + b"\0" * before) * 4 // 3].decode().rstrip("=")
        yield from {certain, certain.replace("+", "-").replace("/", "_")}


def _numbers(value: int) -> set[str]:
    exact = f"{value:e}".partition("e")[0].rstrip("0")
    mantissa = f"{value / 10 ** (len(str(value)) - 1):.15g}"
    return {f"{value:,}", str(value)[::-1], f"{value:x}", mantissa, exact, str(value)[:-2]}


def everything_said(stage: Stage) -> dict[str, str]:
    """Return all that leaves Foresail or is kept by it, by where that is."""
    stage.github.wait_for_deliveries()
    said = {f"log of {name}": stage.foresail.log(name) for name in stage.foresail.names} if stage.foresail else {}
    said["requests to GitHub"] = "\n".join(
        f"{one.method} {one.path} {dict(one.query)} {dict(one.headers)} {_text(one.body)}"
        for one in stage.github.requests
    )
    said["comments"] = "\n".join(comment.body for comment in stage.github.every_comment)
    said["Redis"] = "\n".join(_kept(redis.Redis.from_url(stage.redis.url)))
    said["records of applications"] = _records(stage)
    return said


def _records(stage: Stage) -> str:
    found = stage.get("applications", namespace=stage.control_namespace) or {"items": []}
    kept = [
        {"status": one.get("status"), "operation": one.get("operation"), "annotations": _own(one)}
        for one in found["items"]
    ]
    return _text(kept)


def _own(application: dict[str, Any]) -> dict[str, str]:
    annotations = application["metadata"].get("annotations", {})
    return {name: value for name, value in annotations.items() if "last-applied" not in name}


def _text(value: Any) -> str:
    """Return JSON, and every text in it as it reads."""
    return orjson.dumps(value).decode() + "\n" + "\n".join(_texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, below in value.items():
            yield str(name)
            yield from _texts(below)
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below)


def _kept(connection: redis.Redis) -> Iterator[str]:
    """Yield every key and value, unpacked."""
    for name in connection.scan_iter(count=1000):
        yield name.decode(errors="replace")
        yield from map(_unpacked, _values(_read(connection, name)))


def _read(connection: redis.Redis, name: bytes) -> Any:
    match connection.type(name):
        case b"string":
            return connection.get(name)
        case b"hash":
            return connection.hgetall(name)
        case b"list":
            return connection.lrange(name, 0, -1)
        case b"set":
            return list(connection.smembers(name))
        case b"zset":
            return connection.zrange(name, 0, -1)
        case _:
            return connection.xrange(name)


def _values(found: Any) -> Iterator[bytes]:
    """Yield every text in what Redis answers."""
    if isinstance(found, bytes):
        yield found
    elif isinstance(found, dict):
        for pair in found.items():
            yield from _values(pair)
    elif isinstance(found, (list, tuple)):
        for one in found:
            yield from _values(one)


def _unpacked(value: bytes) -> str:
    with contextlib.suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode(errors="replace")
