"""Whether a chart's lock still belongs to what the chart declares.

Source: helm `internal/resolver/resolver.go` (`HashReq`, `HashV2Req`), `pkg/chart/v2/dependency.go`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

_ALWAYS: Final = ("name", "repository")
_FIELDS: Final = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")
"""In Helm's order, which the digest depends on."""
_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What Go's encoder escapes besides."""

_Entries = Sequence[Mapping[str, Any]]


def belongs(lock: Mapping[str, Any], declared: _Entries) -> bool:
    """Whether `lock` was written for what is declared, by Helm 3 and later or by Helm 2."""
    locked = [one for one in lock.get("dependencies") or [] if isinstance(one, dict)]
    mine, theirs = [_plain(one) for one in declared], [_plain(one) for one in locked]
    return lock.get("digest") in {_digest([mine, theirs]), _digest({"dependencies": mine})}


def digest_of(declared: _Entries, locked: _Entries) -> str:
    """Return the digest of a lock, as Helm 3 and later write it."""
    return _digest([[_plain(one) for one in declared], [_plain(one) for one in locked]])


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: _as_helm(name, entry.get(name)) for name in _FIELDS}
    return {name: value for name, value in values.items() if value or name in _ALWAYS}


def _as_helm(name: str, value: Any) -> Any:
    """Return a field as Helm has it: what YAML takes for a number or for yes is a text where a text belongs."""
    if name == "import-values":
        return json.loads(json.dumps(value, sort_keys=True))  # Go writes the keys of mappings in order
    if name == "enabled":
        return bool(value)
    if isinstance(value, list):
        return [_as_helm(name, one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter, escape in _ESCAPED.items():
        text = text.replace(letter, escape)
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
