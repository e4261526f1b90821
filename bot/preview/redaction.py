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
import binascii
import contextlib
import hashlib
import hmac
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from bot.errors import Rejected
from bot.model.resources import JsonObject, metadata_of

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

_SECRET_WORDS: Final = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "pass",
        "token",
        "apikey",
        "credentials",
        "dockerconfigjson",
        "htpasswd",
    }
)
_SECRET_PAIRS: Final = frozenset(
    {
        f"{word} key"
        for word in ("api", "access", "private", "encryption", "signing", "secret", "account", "master", "tls")
    }
    | {
        f"{word} secret"
        for word in ("client", "shared", "webhook", "jwt", "hmac", "cookie", "session", "app", "signing")
    }
)
_NAMES_OF_KEYS: Final = frozenset({"secretKey"})
"""Fields that sound secret and only say where one is (external-secrets.io)."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SUSPICIOUS: Final = re.compile(r"pass|pwd|token|secret|key|cred|://|LS0tLS1CRUdJTi", re.IGNORECASE)
_HINTS: Final = (
    *("pass", "pwd", "token", "secret", "key", "cred", "://", "ls0tls1crudjti", "dockerconfigjson"),
    *("applied", "kapp.k14s.io/original"),
)
"""Some of these stands in whatever is hidden: in `_SECRET_WORDS`, `_SECRET_PAIRS`, kinds, texts and manifest copies."""
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,40}-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,40}-----|\Z)",
    re.DOTALL,
)
_ENCODED_PEM: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}")
_IN_URL: Final = re.compile(r"(://[^/\s:@]{0,100}:)([^/\s@]+)(?=@)")
_ASSIGNED: Final = re.compile(
    r"""^([ \t]*(?:-[ \t]+|export[ \t]+)?["']?([\w.-]{1,100})["']?[ \t]*[:=][ \t]*)(\S[^\n]*)""",
    re.MULTILINE,
)
_MEMBER: Final = re.compile(r'("([\w.-]{1,100})"\s{0,9}:\s{0,9}")((?:[^"\\]|\\.)+)(?=")')
_REFERENCE: Final = re.compile(r"\$[({]|\{\{|<redacted ")
_SECRET_MANIFEST: Final = re.compile(
    r"""^[ \t-]*["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t]*,?[ \t]*$|"kind"\s{0,9}:\s{0,9}"Secret\"""",
    re.MULTILINE,
)


class _Hide(Protocol):
    """Take a secret value and return what stands in its place; `encoded` values are base64."""

    def __call__(self, value: str, *, encoded: bool = False) -> str: ...

    def within(self, part: str) -> _Hide:
        """Return the same for what stands below a field, a list's item or a line of text."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """Hides values of one place by a digest that no other place has."""

    key: bytes
    place: str

    def __call__(self, value: str, *, encoded: bool = False) -> str:
        """Return the digest."""
        plain = _decoded(value) if encoded else None
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
        plain = _decoded(value) if encoded else value.encode("utf-8", "surrogatepass")
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
        text = orjson.dumps(obj).lower().decode()
    except TypeError:
        return False
    return not any(hint in text for hint in _HINTS)


def _walked(obj: JsonObject, hide: _Hide) -> JsonObject:
    try:
        return {**_object(obj, hide)}
    except RecursionError:
        raise Rejected("an object nested this deep cannot be shown") from None


def _object(value: Any, hide: _Hide) -> Any:
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
    return _text(value, hide) if isinstance(value, str) else value


def _secrets(items: Any, hide: _Hide) -> Any:
    if not isinstance(items, list):
        return _hidden(items, hide)
    return [
        _secret(item, below) if isinstance(item, dict) else _hidden(item, below)
        for item, below in zip(items, _each(items, hide), strict=True)
    ]


def _secret(obj: JsonObject, hide: _Hide) -> JsonObject:
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


def _hidden(value: Any, hide: _Hide, *, encoded: bool = False) -> Any:
    """Hide every value below, whatever its type; null, true and false tell nothing."""
    if isinstance(value, dict):
        return {name: _hidden(below, hide.within(str(name)), encoded=encoded) for name, below in value.items()}
    if isinstance(value, list):
        return [_hidden(item, below, encoded=encoded) for item, below in zip(value, _each(value, hide), strict=True)]
    if value is None or isinstance(value, bool):
        return value
    return hide(value, encoded=encoded) if isinstance(value, str) else hide(str(value))


def _mapping(obj: JsonObject, hide: _Hide) -> JsonObject:
    redacted = {name: _field(name, value, hide.within(str(name))) for name, value in obj.items()}
    name = obj.get("name")
    if "value" in obj and isinstance(name, str):
        redacted["value"] = _field(name, obj["value"], hide.within("value"))
    return redacted


def _field(name: str, value: Any, hide: _Hide) -> Any:
    if name in _PUBLIC:
        return value
    if name in _MANIFEST_COPIES:
        return _copy(value, hide)
    if isinstance(value, (dict, list, bool)) or value is None:
        return _object(value, hide)
    if _sounds_secret(name) and not (isinstance(value, str) and _tells_nothing(value)):
        return hide(str(value))
    return _text(value, hide) if isinstance(value, str) else value


def _copy(value: Any, hide: _Hide) -> Any:
    """Hide a manifest kept as text, and for `secrets_of` also each value in it."""
    if not isinstance(value, str):
        return _hidden(value, hide)
    with contextlib.suppress(ValueError, RecursionError):
        _object(json.loads(value), hide)
    return hide(value)


def _list(items: list[Any], hide: _Hide) -> list[Any]:
    places = _each(items, hide)
    redacted = [_object(item, below) for item, below in zip(items, places, strict=True)]
    for at, (flag, item) in enumerate(pairwise(items), 1):
        if isinstance(flag, str) and isinstance(item, str) and flag.startswith("-") and _sounds_secret(flag):
            redacted[at] = item if _tells_nothing(item) or item.startswith("-") else places[at - 1](item)
    return redacted


def _each(items: list[Any], hide: _Hide) -> list[_Hide]:
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


def _text(text: str, hide: _Hide) -> str:
    """Hide what a text holds that looks like a secret."""
    if not _SUSPICIOUS.search(text):
        return text
    if _SECRET_MANIFEST.search(text):
        return hide(text)
    seen: Counter[str] = Counter()

    def place(label: str) -> _Hide:
        seen[label] += 1
        return hide.within(f"{label}#{seen[label]}")

    text = _PRIVATE_KEY.sub(lambda match: place("private key")(match[0]), text)
    text = _ENCODED_PEM.sub(lambda match: _encoded_pem(match[0], place("encoded key")), text)
    text = _IN_URL.sub(lambda match: match[1] + _unless_known(match[2], place("url")), text)
    for pattern in (_MEMBER, _ASSIGNED):
        text = pattern.sub(
            lambda match: (
                match[1] + (_unless_known(match[3], place(match[2])) if _sounds_secret(match[2]) else match[3])
            ),
            text,
        )
    return text


def _encoded_pem(value: str, hide: _Hide) -> str:
    plain = _decoded(value)
    return value if plain is None or b"PRIVATE KEY-----" not in plain else hide(value, encoded=True)


def _unless_known(value: str, hide: _Hide) -> str:
    return value if _tells_nothing(value) else hide(value)


def _tells_nothing(value: str) -> bool:
    """Whether a value is empty or only says where the secret comes from."""
    bare = value.strip(" \"',")
    return not bare or bool(_REFERENCE.match(bare))


@lru_cache(maxsize=4096)
def _sounds_secret(name: str) -> bool:
    if name in _NAMES_OF_KEYS:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    return (
        words[-1] in _SECRET_WORDS
        or " ".join(words[-2:]) in _SECRET_PAIRS
        or (words[-1] == "secret" and name.isupper())
    )


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error):
        return None
