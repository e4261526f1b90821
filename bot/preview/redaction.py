"""Keep secret values out of everything that is shown, and still show that they changed.

A value becomes `<redacted 3f9a1c2e>`: a digest under a key that is made for one report and then forgotten. Equal values
of one report have equal digests. Nobody can find a value from the digest alone; who can write candidates into the same
report can compare (docs/critiques.md).

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
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from bot.errors import Rejected
from bot.model.resources import JsonObject

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
_HINTS: Final = tuple(
    hint.lower().encode()
    for hint in (
        "pass",
        "pwd",
        "token",
        "secret",
        "key",
        "cred",
        "://",
        "LS0tLS1CRUdJTi",
        "dockerconfigjson",
        *tuple(_MANIFEST_COPIES),
    )
)
"""Some of these stands in whatever is hidden: in `_SECRET_WORDS`, `_SECRET_PAIRS`, kinds and texts alike."""
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


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hide the secrets of one report under its `key`: random, at least 16 bytes, and kept nowhere."""

    key: bytes = field(repr=False)

    def redact(self, obj: JsonObject) -> JsonObject:
        """Return `obj` with a digest in the place of each secret value; a Secret's `stringData` becomes its `data`.

        Any types may stand anywhere; the argument is left as it is. Raises Rejected for an object nested too deep.
        """
        return obj if _is_innocent(obj) else _walked(obj, self._digest)

    def _digest(self, value: str, *, encoded: bool = False) -> str:
        plain = _decoded(value) if encoded else None
        if plain is None:
            plain = value.encode("utf-8", "surrogatepass")
        return f"<redacted {hmac.new(self.key, plain, hashlib.sha256).hexdigest()[:8]}>"


def secrets_of(objects: Iterable[JsonObject]) -> frozenset[str]:
    """Return the values that `Redactor` would hide in these objects, plain and as base64, for `scrub`."""
    found: set[str] = set()

    def collect(value: str, *, encoded: bool = False) -> str:
        plain = _decoded(value) if encoded else value.encode("utf-8", "surrogatepass")
        found.update({value, value.strip(" \"',")})
        if plain is not None:
            found.add(base64.b64encode(plain).decode())
            with contextlib.suppress(UnicodeDecodeError):
                found.add(plain.decode())
        return ""

    for obj in objects:
        _walked(obj, collect)
    return frozenset(found - {""})


def scrub(text: str, secrets: frozenset[str]) -> str:
    """Return a message of a server or tool without the secret values that it quotes.

    Values of eight characters and more are hidden anywhere, also as JSON escapes them, line by line, and cut as Go's
    YAML library cuts them. Shorter ones only where they stand as a word, and those of up to three only in quotes:
    hiding every `a` would leave nothing to read.
    """
    forms = {form for secret in secrets for form in _forms(secret) if form in text}
    if not forms:
        return text
    spans = sorted(match.span() for form in forms for match in re.finditer(_pattern(form), text))
    kept, at = [], 0
    for start, end in spans:
        # Values may overlap: what lies under any of them goes.
        if start >= at:
            kept.append(text[at:start])
        at = max(at, end)
    return "<redacted>".join([*kept, text[at:]])


def _forms(secret: str) -> set[str]:
    lines = [line.strip() for line in secret.split("\n")]
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {line for line in lines if len(line) >= _ANYWHERE}
    if len(secret) > 10:  # noqa: PLR2004 - as gopkg.in/yaml.v3 `decode.go` does it: "cannot unmarshal !!str `hunter2...`"
        forms.add(secret[:7] + "...")
    return forms - {""}


_ANYWHERE: Final = 8
_AS_WORD: Final = 4


def _pattern(form: str) -> str:
    exact = re.escape(form)
    if len(form) >= _ANYWHERE:
        return exact
    if len(form) >= _AS_WORD:
        return rf"(?<!\w){exact}(?!\w)"
    return rf"(?<=[\"'`]){exact}(?=[\"'`])"


def _is_innocent(obj: JsonObject) -> bool:
    """Whether not even a part of a word in an object hints at a secret: most objects need no closer look."""
    try:
        text = orjson.dumps(obj).lower()
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
    return [_secret(item, hide) if isinstance(item, dict) else _hidden(item, hide) for item in items]


def _secret(obj: JsonObject, hide: _Hide) -> JsonObject:
    shown = {name: value for name, value in obj.items() if name in _SHOWN_OF_SECRETS}
    redacted = _mapping(shown, hide)
    for name, value in obj.items():
        if name not in _SHOWN_OF_SECRETS and name != "stringData":
            redacted[name] = _hidden(value, hide, encoded=name == "data")
    written = obj.get("stringData")
    if written is not None:
        hidden, data = _hidden(written, hide), redacted.get("data")
        merges = isinstance(hidden, dict) and (data is None or isinstance(data, dict))
        redacted["data" if merges else "stringData"] = {**(data or {}), **hidden} if merges else hidden
    return redacted


def _hidden(value: Any, hide: _Hide, *, encoded: bool = False) -> Any:
    """Hide every value below, whatever its type; null, true and false tell nothing."""
    if isinstance(value, dict):
        return {name: _hidden(below, hide, encoded=encoded) for name, below in value.items()}
    if isinstance(value, list):
        return [_hidden(below, hide, encoded=encoded) for below in value]
    if value is None or isinstance(value, bool):
        return value
    return hide(value, encoded=encoded) if isinstance(value, str) else hide(str(value))


def _mapping(obj: JsonObject, hide: _Hide) -> JsonObject:
    redacted = {name: _field(name, value, hide) for name, value in obj.items()}
    name = obj.get("name")
    if "value" in obj and isinstance(name, str):
        redacted["value"] = _field(name, obj["value"], hide)
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
    redacted = [_object(item, hide) for item in items]
    for at, (flag, item) in enumerate(pairwise(items), 1):
        if isinstance(flag, str) and isinstance(item, str) and flag.startswith("-") and _sounds_secret(flag):
            redacted[at] = item if _tells_nothing(item) or item.startswith("-") else hide(item)
    return redacted


def _text(text: str, hide: _Hide) -> str:
    """Hide what a text holds that looks like a secret."""
    if not _SUSPICIOUS.search(text):
        return text
    if _SECRET_MANIFEST.search(text):
        return hide(text)
    text = _PRIVATE_KEY.sub(lambda match: hide(match[0]), text)
    text = _ENCODED_PEM.sub(lambda match: _encoded_pem(match[0], hide), text)
    text = _IN_URL.sub(lambda match: match[1] + _unless_known(match[2], hide), text)
    for pattern in (_MEMBER, _ASSIGNED):
        text = pattern.sub(
            lambda match: match[1] + (_unless_known(match[3], hide) if _sounds_secret(match[2]) else match[3]), text
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
