"""What Helm says without what it quotes: values, and pieces of templates, may be secrets.

Two nets, as for kustomize: what its sentences are known to quote is cut out, and what the values hold as secret is
hidden wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.preview.redaction import secrets_of
from bot.preview.scrub import scrub
from bot.repository import manifests

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 4 << 20
"""Of all files that are searched; a render that has failed should not take long to say so."""
_TEXT: Final = r'"(?:[^"\\]|\\.)*"'
_QUOTING: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"`[^`]*(`|\Z)", "`…`"),
        (r"(?<=parsing time )" + _TEXT + r"( as " + _TEXT + r")?(: cannot parse " + _TEXT + ")?", "…"),
        (r"(?<=parsing )" + _TEXT, "…"),
        (r"(?<=parse )" + _TEXT, "…"),
        (r"(?<=tpl function execution for )" + _TEXT, "…"),
        (r"(?<=cannot parse template )" + _TEXT, "…"),
        (r"(?<=cannot retrieve Template.Basepath from values inside tpl function: )" + _TEXT, "…"),
        (r"\bkey " + _TEXT + r"(?= has no value)", "a key"),
        (r"(?<=improper constraint: ).*", "…"),
        (r"(?<=invalid map key: ).*", "…"),
        (r"'[^'\n]*'(?= does not match pattern| is not valid )", "a value"),
        (r"(?<=value must be one of ).*|(?<=value must be )'.*", "…"),
        (r"(?<=invalid value; expected )" + _TEXT, "…"),
    )
)
"""Sentences of Helm 4 and the libraries in it, with their quotations.

Sources: helm `pkg/engine/engine.go`, `pkg/strvals/parser.go`; go-yaml, Go's `strconv`, `time` and `net/url`,
santhosh-tekuri/jsonschema `kind/kind.go`.
"""


def without_quotations(words: str, values: Iterable[Any]) -> str:
    """Return what Helm said with nothing in it that sounds like a secret among the values it was given."""
    for pattern, instead in _QUOTING:
        words = pattern.sub(instead, words)
    return scrub(words, secrets_of(one for one in values if isinstance(one, dict)))


def values_in(files: Iterable[Path]) -> list[Any]:
    """Return what values files say, as far as they can be read."""
    found: list[Any] = []
    left = _MOST_BYTES
    for path in files:
        content = path.read_bytes()[: max(left, 0)]
        left -= len(content)
        try:
            found += [document.value for document in manifests.read(content, path.name, last_wins=True)]
        except Rejected:
            continue  # Helm does not quote what it cannot parse
    return found


def values_of(parameters: Mapping[str, str]) -> list[Any]:
    """Return what parameters say: `db.password` sounds like a secret by its last name."""
    return [dict.fromkeys((name, name.rpartition(".")[2]), text) for name, text in parameters.items()]
