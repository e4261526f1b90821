"""Keep secret values out of everything that is shown, and still show that they changed.

A value becomes `<redacted 3f9a1c2e>`: a digest of the value and of the place it stands in, under a key that is made for
one report and then forgotten. The same value in the same place has the same digest before and after, and nowhere else:
who writes likely values into other objects, keys or lines of the same report has nothing to compare them with.

What is hidden for certain: everything a Secret holds wherever it is embedded, and copies of whole manifests in
annotations. In other kinds, as far as names and forms tell: private keys, passwords in URLs, values of `password`,
`API_TOKEN` and their like as fields, variables, flags, and within texts. Certificates, `caBundle` and what a
SealedSecret encrypts are public.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import orjson
import re2  # type: ignore[import-untyped]  # it ships no types

from bot.errors import Rejected
from bot.model.resources import JsonObject, metadata_of
from bot.preview.credentials import (
    HINTS,
    Hide,
    decoded,
    hidden_in,
    sounds_like_several,
    sounds_secret,
    tells_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANIFEST_COPIES: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "objectset.rio.cattle.io/applied",
        "banzaicloud.com/last-applied",
    }
)
"""Annotations in which tools keep a whole manifest, values and all."""

_SHOWN_OF_SECRETS: Final = frozenset({"apiVersion", "kind", "metadata", "type", "immutable"})
"""All that is shown of a Secret; a misspelt `stringdata` holds values too."""

_PUBLIC: Final = frozenset({"encryptedData", "caBundle"})

_HINT: Final = re2.compile("(?i)" + "|".join(map(re.escape, (*HINTS, "applied", "kapp.k14s.io/original"))))
"""One of these stands in whatever is hidden, manifest copies among it; found in one walk, whichever it is."""
_SHOWN_DIGEST: Final = re.compile(r"(?<=redacted )[0-9a-f]{8}")
_KEY_OF_A_SECRET: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
"""What an API server takes; anything else is likely to be a value, such as a line of a key in a list of variables."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """Hides values of one place by a digest that no other place has."""

    key: bytes
    place: str

    def __call__(self, value: str, *, encoded: bool = False) -> str:
        """Return the digest."""
        plain = decoded(value) if encoded else None
        if plain is None:
            plain = value.encode("utf-8", "surrogatepass")
        placed = self.place.encode("utf-8", "surrogatepass") + b"\0" + plain
        return f"<redacted {hmac.new(self.key, placed, hashlib.sha256).hexdigest()[:8]}>"

    def within(self, part: str) -> _Digest:
        """Return what hides values of a part; a part's length is told, so that no two places read the same."""
        return _Digest(self.key, f"{self.place}/{len(part)}:{part}")


@dataclass(frozen=True, slots=True)
class _Collector:
    """Hides nothing and keeps what would have been hidden, plain and as base64."""

    found: set[str] = field(default_factory=set)

    def __call__(self, value: str, *, encoded: bool = False) -> str:
        """Keep a value."""
        plain = decoded(value) if encoded else value.encode("utf-8", "surrogatepass")
        self.found.update({value, value.strip(" \"',")})
        if plain is not None:
            self.found.add(base64.b64encode(plain).decode())
            with contextlib.suppress(UnicodeDecodeError):
                self.found.add(plain.decode())
        return ""

    def within(self, part: str) -> _Collector:  # noqa: ARG002 - a value is a secret wherever it stands
        """Return itself."""
        return self


@dataclass(frozen=True, slots=True)
class _Blank:
    """Leaves nothing of a value, not even whether it changed."""

    def __call__(self, value: str, *, encoded: bool = False) -> str:  # noqa: ARG002 - all values look alike
        """Return the same for every value."""
        return "<redacted >"

    def within(self, part: str) -> _Blank:  # noqa: ARG002 - nor does it matter where they stand
        """Return itself."""
        return self


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hide the secrets of one report under its `key`: random, at least 16 bytes, and kept nowhere."""

    key: bytes = field(repr=False)

    def redact(self, obj: JsonObject) -> JsonObject:
        """Return `obj` with a digest in the place of each secret value; a Secret's `stringData` becomes its `data`.

        Any types may stand anywhere; the argument is left as it is. Raises Rejected for an object nested too deep.
        """
        if _is_innocent(obj):
            return obj
        metadata = metadata_of(obj)
        hide = _Digest(self.key, "")
        for part in (obj.get("kind"), metadata.get("namespace"), metadata.get("name")):
            hide = hide.within(str(part))
        return _walked(obj, hide)


def without_secrets(obj: JsonObject) -> JsonObject:
    """Return `obj` with the same in the place of each value that `Redactor` would hide: fit to be kept, or digested.

    Raises Rejected for an object nested too deep.
    """
    return obj if _is_innocent(obj) else _walked(obj, _Blank())


def without_digests(text: str) -> str:
    """Return words of a report with its digests numbered: two reports that tell the same then read the same."""
    numbers: dict[str, str] = {}
    return _SHOWN_DIGEST.sub(lambda found: numbers.setdefault(found[0], str(len(numbers))), text)


def secrets_of(objects: Iterable[JsonObject]) -> frozenset[str]:
    """Return the values that `Redactor` would hide in these objects, plain and as base64, for `bot.preview.scrub`."""
    collector = _Collector()
    for obj in objects:
        if not _is_innocent(obj):
            _walked(obj, collector)
    return frozenset(collector.found - {""})


def _is_innocent(obj: JsonObject) -> bool:
    """Whether not even a part of a word in an object hints at a secret: most objects need no closer look."""
    try:
        return _HINT.search(orjson.dumps(obj)) is None
    except TypeError:
        return False


def _walked(obj: JsonObject, hide: Hide) -> JsonObject:
    try:
        return {**_object(obj, hide)}
    except RecursionError:
        raise Rejected("an object nested this deep cannot be shown") from None


def _object(value: Any, hide: Hide) -> Any:
    """Walk any value; what is no object may be part of one."""
    if isinstance(value, dict):
        kind = str(value.get("kind")).strip().lower()
        # A mere reference to a Secret has its kind and name, nothing else.
        if kind == "secret" and not value.keys().isdisjoint({"metadata", "data", "stringData"}):
            return _secret(value, hide)
        if kind == "secretlist":
            return {**_mapping(value, hide), "items": _secrets(value.get("items"), hide)}
        return _mapping(value, hide)
    if isinstance(value, list):
        return _list(value, hide)
    return hidden_in(value, hide) if isinstance(value, str) else value


def _secrets(items: Any, hide: Hide) -> Any:
    if not isinstance(items, list):
        return _hidden(items, hide)
    return [
        _secret(item, below) if isinstance(item, dict) else _hidden(item, below)
        for item, below in zip(items, _each(items, hide), strict=True)
    ]


def _secret(obj: JsonObject, hide: Hide) -> JsonObject:
    shown = {name: value for name, value in obj.items() if name in _SHOWN_OF_SECRETS}
    redacted = _mapping(shown, hide)
    for name, value in obj.items():
        if name not in _SHOWN_OF_SECRETS and name != "stringData":
            redacted[name] = _hidden(value, hide.within(name), encoded=name == "data")
    written = obj.get("stringData")
    if written is not None:
        hidden, data = _hidden(written, hide.within("data")), redacted.get("data")
        merges = isinstance(hidden, dict) and (data is None or isinstance(data, dict))
        redacted["data" if merges else "stringData"] = {**(data or {}), **hidden} if merges else hidden
    return redacted


def _hidden(value: Any, hide: Hide, *, encoded: bool = False) -> Any:
    """Hide every value below, whatever its type; null, true and false tell nothing."""
    if isinstance(value, dict):
        places = ((name, below, hide.within(str(name))) for name, below in value.items())
        return {_key(name, place): _hidden(below, place, encoded=encoded) for name, below, place in places}
    if isinstance(value, list):
        return [_hidden(item, below, encoded=encoded) for item, below in zip(value, _each(value, hide), strict=True)]
    if value is None or isinstance(value, bool):
        return value
    return hide(value, encoded=encoded) if isinstance(value, str) else hide(str(value))


def _key(name: Any, hide: Hide) -> str:
    return name if isinstance(name, str) and _KEY_OF_A_SECRET.fullmatch(name) else hide(str(name))


def _mapping(obj: JsonObject, hide: Hide) -> JsonObject:
    redacted = {name: _field(name, value, hide.within(str(name))) for name, value in obj.items()}
    name = obj.get("name")
    if "value" in obj and isinstance(name, str):
        redacted["value"] = _valued(name, obj["value"], hide.within("value"))
    return redacted


def _field(name: str, value: Any, hide: Hide) -> Any:
    if name in _PUBLIC:
        return value
    if name in _MANIFEST_COPIES:
        return _copy(value, hide)
    if isinstance(value, list) and sounds_like_several(name):
        places = zip(value, _each(value, hide), strict=True)
        return [_object(one, below) if isinstance(one, (dict, list)) else _hidden(one, below) for one, below in places]
    if isinstance(value, (dict, list, bool)) or value is None:
        return _object(value, hide)
    if sounds_secret(name) and not (isinstance(value, str) and tells_nothing(value)):
        return hide(str(value))
    return hidden_in(value, hide) if isinstance(value, str) else value


def _valued(name: str, value: Any, hide: Hide) -> Any:
    """Hide the value of a variable, whatever its type; a text may be a reference."""
    if isinstance(value, (dict, list)) and sounds_secret(name):
        return _hidden(value, hide)
    return _field(name, value, hide)


def _copy(value: Any, hide: Hide) -> Any:
    """Hide a manifest kept as text, and for `secrets_of` also each value in it."""
    if not isinstance(value, str):
        return _hidden(value, hide)
    with contextlib.suppress(ValueError, RecursionError):
        _object(json.loads(value), hide)
    return hide(value)


def _list(items: list[Any], hide: Hide) -> list[Any]:
    places = _each(items, hide)
    redacted = [_object(item, below) for item, below in zip(items, places, strict=True)]
    for at, (flag, item) in enumerate(pairwise(items), 1):
        if isinstance(flag, str) and isinstance(item, str) and flag.startswith("-") and sounds_secret(flag):
            redacted[at] = item if tells_nothing(item) or item.startswith("-") else places[at - 1](item)
    return redacted


def _each(items: list[Any], hide: Hide) -> list[Hide]:
    """Return a place for each item of a list: by its name or flag, and how often that was there before.

    Not by its position, or whatever stands behind an item that is added would look changed.
    """
    seen: Counter[str] = Counter()
    places = []
    for item in items:
        label = _label(item)
        seen[label] += 1
        places.append(hide.within(f"{label}#{seen[label]}"))
    return places


def _label(item: Any) -> str:
    """Return what an item is known by; of a flag with its value only the flag, since the value is what is hidden."""
    if isinstance(item, dict):
        return str(item.get("name", ""))
    return item.partition("=")[0] if isinstance(item, str) and item.startswith("-") else ""
