"""What looks like a credential: names, and texts that hold one in a form that people and programs write.

Names alone tell; a value is never judged by its looks. What only says where a secret comes from, `$(TOKEN)` or
`{{ .token }}`, is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

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
_REFERENCE: Final = re.compile(r"\$[({]|\{\{|<redacted ")

HINTS: Final = (
    *("pass", "pwd", "token", "secret", "key", "cred", "://", "ls0tls1crudjti", "dockerconfigjson", "bearer"),
    "basic ",
)
"""Some of these stands, in lower case, in whatever sounds or looks secret here."""
_SUSPICIOUS: Final = re.compile(r"pass|pwd|token|secret|key|cred|://|LS0tLS1CRUdJTi|bearer|basic ", re.IGNORECASE)

_NAME: Final = r"([\w.-]{1,100})"
_UNQUOTED: Final = r"""[^\s"'`;,&|<>(){}\[\]]+"""
_VALUE: Final = rf"""(?!["']?(?:\$[({{]|\{{\{{|<redacted))("(?:[^"\\\n]|\\.)+"|'[^'\n]+'|{_UNQUOTED})"""
_ONE: Final = re.compile(_VALUE)
_SECRET_MANIFEST: Final = re.compile(
    r"""^[ \t-]*["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t]*,?[ \t]*$|"kind"\s{0,9}:\s{0,9}"Secret\"""",
    re.MULTILINE,
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,40}-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,40}-----|\Z)",
    re.DOTALL,
)
_ENCODED_PEM: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}")
_IN_URL: Final = re.compile(r"(://[^/\s:@]{0,100}:)([^/\s@]+)(?=@)")
_BEARER: Final = re.compile(
    r"""(\bbearer[ \t]+(?=[^\s"']{0,200}\d)|\bauthorization["']?\s{0,9}[:=]\s{0,9}["']?(?:basic|bearer|token)[ \t]+)"""
    r"""([\w.~+/=-]{8,})""",
    re.IGNORECASE,
)
_NETRC: Final = re.compile(r"(\blogin[ \t]+\S{1,200}[ \t]+password[ \t]+)(\S+)")

_NAMED: Final = (
    # A JSON member, and the same in JSON that is a text in JSON; numbers and lists too.
    re.compile(rf'("{_NAME}"\s{{0,9}}:\s{{0,9}}")((?:[^"\\]|\\.)+)(?=")'),
    re.compile(rf'(\\+"{_NAME}\\+"\s{{0,9}}:\s{{0,9}}\\+")((?:(?!\\+")[^\n])+)(?=\\+")'),
    re.compile(rf'(\\*"{_NAME}\\*"\s{{0,9}}:\s{{0,9}})(-?[0-9][0-9.eE+-]*)'),
    # XML.
    re.compile(rf"(<{_NAME}(?:[ \t][^<>\n]{{0,200}})?>)([^<\n]+)(?=</)"),
    # All that follows on a line: properties, YAML, shell.
    re.compile(
        rf"""^([ \t]*(?:-[ \t]+|export[ \t]+)?["']?{_NAME}["']?[ \t]*[:=][ \t]*)(?![|>][-+0-9]*[ \t]*$)(\S[^\n]*)""",
        re.MULTILINE,
    ),
    # In the middle of a line: flow YAML, connection strings, queries, flags.
    re.compile(rf"""((?<![\w.-])["']?{_NAME}["']?(?:[ \t]{{0,9}}=[ \t]{{0,9}}|[ \t]{{0,9}}:[ \t]{{1,9}})){_VALUE}"""),
    re.compile(rf"(?<![\w.-])(--?{_NAME}[ \t]+)(?!-){_VALUE}"),
)
_LISTED: Final = re.compile(rf"""((?<![\w.-])\\*["']?{_NAME}\\*["']?\s{{0,9}}:\s{{0,9}})(\[[^\[\]{{}}]+\])""")
_OPENING: Final = re.compile(rf"""([ \t]*)(?:-[ \t]+)?["']?{_NAME}["']?[ \t]*[:=][ \t]*([|>]?)[^\n]*""")
_NO_VALUE: Final = re.compile(r"""[ \t]*(?:-[ \t]+)?["']?[\w./-]{1,100}["']?:(?:[ \t]|$)|[ \t]*$""")
_ITEM: Final = re.compile(r"[ \t]*-[ \t]+")


class Hide(Protocol):
    """Take a secret value and return what stands in its place; `encoded` values are base64."""

    def __call__(self, value: str, *, encoded: bool = False) -> str:
        """Return what is shown instead of `value`."""
        ...

    def within(self, part: str) -> Hide:
        """Return the same for what stands below a field, a list's item or a line of text."""


@lru_cache(maxsize=4096)
def sounds_secret(name: str) -> bool:
    """Whether a field, variable or flag of this name holds a secret."""
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


def sounds_like_several(name: str) -> bool:
    """Whether a list of this name holds secrets: `passwords`; but `maxTokens` is a number."""
    return sounds_secret(name) or sounds_secret(name.removesuffix("s"))


def tells_nothing(value: str) -> bool:
    """Whether a value is empty, opens something, or only says where the secret comes from."""
    bare = value.strip(" \"',")
    return not bare.strip("{}[]\\") or bool(_REFERENCE.match(bare))


def decoded(value: str) -> bytes | None:
    """Return what a value is the base64 of; None when it is not."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error):
        return None


def hidden_in(text: str, hide: Hide) -> str:
    """Hide what a text holds that looks like a secret; all of it when it is the manifest of a Secret."""
    if not _SUSPICIOUS.search(text):
        return text
    if _SECRET_MANIFEST.search(text):
        return hide(text)
    seen: Counter[str] = Counter()

    def place(label: str) -> Hide:
        seen[label] += 1
        return hide.within(f"{label}#{seen[label]}")

    text = _PRIVATE_KEY.sub(lambda match: place("private key")(match[0]), text)
    text = _ENCODED_PEM.sub(lambda match: _encoded_pem(match[0], place("encoded key")), text)
    for pattern in (_IN_URL, _BEARER, _NETRC):
        text = pattern.sub(lambda match: match[1] + _unless_known(match[2], place("alone")), text)
    text = _LISTED.sub(lambda match: _listed(match, place), _without_blocks(text, place))
    for pattern in _NAMED:
        text = pattern.sub(lambda match: _named(match, place), text)
    return text


def _named(match: re.Match[str], place: Callable[[str], Hide]) -> str:
    lead, name, value = match.groups()
    return lead + _unless_known(value, place(name)) if sounds_secret(name) else match[0]


def _listed(match: re.Match[str], place: Callable[[str], Hide]) -> str:
    lead, name, value = match.groups()
    if not sounds_like_several(name):
        return match[0]
    return lead + _ONE.sub(lambda one: _unless_known(one[0], place(name)), value)


def _without_blocks(text: str, place: Callable[[str], Hide]) -> str:
    """Hide what stands below a name: a block of YAML's, a list, or a value on the next line."""
    lines = text.split("\n")
    name, level, is_block = "", 0, False
    for at, line in enumerate(lines):
        depth = _indent(line)
        below = name and (depth > level or (not is_block and depth == level and _ITEM.match(line)))
        if below and (is_block or not _NO_VALUE.match(line)):
            lead = match[0] if (match := _ITEM.match(line)) and not is_block else line[:depth]
            lines[at] = lead + _unless_known(line[len(lead) :], place(name))
        elif line.strip():
            opening = _OPENING.match(line)
            name, level, is_block = "", 0, False
            if opening and sounds_like_several(opening[2]):
                name, level, is_block = opening[2], len(opening[1]), bool(opening[3])
    return "\n".join(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _encoded_pem(value: str, hide: Hide) -> str:
    plain = decoded(value)
    return value if plain is None or b"PRIVATE KEY-----" not in plain else hide(value, encoded=True)


def _unless_known(value: str, hide: Hide) -> str:
    return value if tells_nothing(value) else hide(value)
