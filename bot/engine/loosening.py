"""Whether a rule that a change alters will let through what it refuses today.

Only what can be told from the rule and from the words of the refusal counts as let through: a rule may as well be
tightened, and then a certain failure must not be told as a guess that it will go well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.quantities import quantity
from bot.engine.structural import schema_of, unknown_fields
from bot.model.resources import JsonObject, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from fractions import Fraction

_ENFORCED: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("privileged", "baseline", "restricted")
_VIOLATES: Final = re.compile(r'violates PodSecurity "(?P<level>[a-z]+)')
_AMOUNTS: Final = re.compile(r"(?P<what>requested|used): (?P<list>[^=,\s]+=[^,\s]+(?:,[^=,\s]+=[^,\s]+)*)")
_BOUND: Final = re.compile(
    r"(?P<bound>minimum|maximum) (?P<resource>\S+) usage per (?P<type>\w+) is [^,\s]+"
    r"(?:, but \w+ is (?P<given>[\w.]+))?"
)
_RATIO: Final = re.compile(
    r"(?P<resource>\S+) max limit to request ratio per (?P<type>\w+) is [^,\s]+"
    r"(?:, but provided ratio is (?P<given>[\d.]+))?"
)
_BOUNDS: Final = {"minimum": "min", "maximum": "max", "": "maxLimitRequestRatio"}
_UNKNOWN: Final = re.compile(r'field not declared in schema|unknown field "')
_CAUSE: Final = re.compile(
    r"(?:^|[\s\[])(?P<path>[A-Za-z_][\w.\[\]-]*): "
    r"(?P<why>Invalid value|Required value|Unsupported value|Too long|Too many|Duplicate value)"
)
_RISES: Final = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})
_FALLS: Final = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_CONSTRAINTS: Final = frozenset({"pattern", "format", "multipleOf", "uniqueItems", "not", "exclusiveMaximum"})
_SAYS_NOTHING: Final = frozenset({"description", "title", "example", "externalDocs"})


def lets_through(kind: str, refusal: str, before: JsonObject, after: JsonObject, manifest: JsonObject) -> bool | None:
    """Say whether the rule refuses `manifest` no more once it is `after`; None when that cannot be told.

    `refusal` are the API server's words for what the rule forbids as it is now, `before`.
    """
    match kind:
        case "ResourceQuota" | "LimitRange":
            return (_quota if kind == "ResourceQuota" else _limits)(refusal, before, after)
        case "Namespace":
            return _security(refusal, after)
        case "CustomResourceDefinition":
            return _definition(refusal, before, after, manifest)
        case "StorageClass":
            return _expansion(after, manifest)
        case "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration":
            return _webhook(refusal, before, after)
    return _policy(refusal, _mapping(before.get("spec")), _mapping(after.get("spec")))


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    """Put together what is said of several causes: one that stands is enough."""
    found = set(verdicts)
    if False in found:
        return False
    return True if found == {True} else None


def _quota(refusal: str, before: JsonObject, after: JsonObject) -> bool | None:
    said = {
        one["what"]: dict(part.split("=", 1) for part in one["list"].split(",")) for one in _AMOUNTS.finditer(refusal)
    }
    requested, used = said.get("requested", {}), said.get("used", {})
    old, new = (_mapping(_mapping(one.get("spec")).get("hard")) for one in (before, after))

    def verdict(name: str) -> bool | None:
        if name not in new:
            return True
        limit, earlier = quantity(new[name]), quantity(old.get(name))
        if limit is None or earlier is None:
            return None
        if limit <= earlier:
            return False
        needed = [quantity(one.get(name, "0")) for one in (requested, used)]
        return True if None not in needed and sum(one for one in needed if one is not None) <= limit else None

    return _all(map(verdict, requested))


def _expansion(after: JsonObject, manifest: JsonObject) -> bool | None:
    """Whether a claim of this class may grow; None where nothing says which class it has."""
    if after.get("allowVolumeExpansion") is not True:
        return False
    name = _mapping(manifest.get("spec")).get("storageClassName")
    return None if name is None else name == metadata_of(after).get("name")


def _limits(refusal: str, before: JsonObject, after: JsonObject) -> bool | None:
    broken = [one.groupdict("") for pattern in (_BOUND, _RATIO) for one in pattern.finditer(refusal)]

    def verdict(said: dict[str, str]) -> bool | None:
        old, new = (_entries(one, said["type"]) for one in (before, after))
        if not _forbid(old, said) or old == new:
            return False
        return None if _forbid(new, said) else True

    return _all(map(verdict, broken))


def _entries(limits: JsonObject, kind: str) -> list[JsonObject]:
    listed = _mapping(limits.get("spec")).get("limits")
    return [one for one in _dicts(listed) if one.get("type") == kind]


def _forbid(entries: list[JsonObject], said: dict[str, str]) -> bool:
    """Whether one of the entries has a bound that forbids what was given; what was not given, any bound forbids."""
    bound, given = said.get("bound", ""), quantity(said["given"])
    limits = [_mapping(one.get(_BOUNDS[bound])).get(said["resource"]) for one in entries]
    return any(_breaks(given, quantity(limit), at_least=bound == "minimum") for limit in limits if limit is not None)


def _breaks(given: Fraction | None, limit: Fraction | None, *, at_least: bool) -> bool:
    if given is None or limit is None:
        return True
    return given < limit if at_least else given > limit


def _security(refusal: str, after: JsonObject) -> bool | None:
    violated = _VIOLATES.search(refusal)
    level = _mapping(metadata_of(after).get("labels")).get(_ENFORCED)
    if violated is None or violated["level"] not in _LEVELS or level not in _LEVELS:
        return None  # without the label the cluster's own default holds, which nobody can read
    old, new = _LEVELS.index(violated["level"]), _LEVELS.index(str(level))
    return new < old if new != old else None if _versioned(after) else False


def _versioned(namespace: JsonObject) -> bool:
    return f"{_ENFORCED}-version" in _mapping(metadata_of(namespace).get("labels"))


def _webhook(refusal: str, before: JsonObject, after: JsonObject) -> bool | None:
    old, new = ({str(one.get("name")): one for one in _dicts(rule.get("webhooks"))} for rule in (before, after))
    named = [name for name in old if f'"{name}"' in refusal]
    return _all((None if new[name] != old[name] else False) if name in new else True for name in named)


def _policy(refusal: str, before: JsonObject, after: JsonObject) -> bool | None:
    """Judge a policy by the validation that failed, and its binding by whether it still denies."""
    actions = after.get("validationActions")
    if isinstance(actions, list) and "Deny" not in actions:
        return True
    old, new = (_dicts(one.get("validations")) for one in (before, after))
    failed = [one for one in old if any(_is_named(one.get(word), refusal) for word in ("message", "expression"))]
    same_else = all(_is_as_before(after[name], before.get(name)) for name in after.keys() - {"validations"})
    if not same_else or not all(any(_is_as_before(one, other) for other in old) for one in new):
        return None
    gone = bool(failed) and not any(_is_as_before(one, other) for one in new for other in failed)
    return gone if gone or len(new) == len(old) else None


def _is_named(words: Any, refusal: str) -> bool:
    return isinstance(words, str) and bool(words) and f": {words}" in refusal


def _is_as_before(after: Any, before: Any) -> bool:
    """Whether all that is said now was said before; the API server adds defaults to what it holds."""
    if isinstance(after, dict) and isinstance(before, dict):
        return all(_is_as_before(value, before.get(name)) for name, value in after.items())
    if isinstance(after, list) and isinstance(before, list):
        return len(after) == len(before) and all(map(_is_as_before, after, before))
    return bool(after == before)


def _definition(refusal: str, before: JsonObject, after: JsonObject, manifest: JsonObject) -> bool | None:
    version = str(manifest.get("apiVersion"))
    old, new = schema_of(before, version), schema_of(after, version)
    if new is None or unknown_fields(manifest, new):
        return False
    causes = [_field(cause["path"], cause["why"]) for cause in _CAUSE.finditer(refusal)]
    verdicts = [_schema_verdict(_below(old or {}, path), _below(new, path)) for path in causes]
    if _UNKNOWN.search(refusal):
        verdicts.append(True)
    if verdicts:
        return _all(verdicts)
    return False if old == new else None


def _schema_verdict(before: JsonObject, after: JsonObject) -> bool | None:
    if before == after:
        return False
    return True if _is_looser(before, after) else None


def _field(path: str, why: str) -> list[str]:
    """Return the names on the way to the schema that was broken: what is required, its parent requires."""
    names = [name for name in re.split(r"[.\[\]]", path) if name]
    return names[:-1] if why == "Required value" else names


def _below(schema: JsonObject, names: list[str]) -> JsonObject:
    for name in names:
        found = _mapping(schema.get("properties")).get(name, schema.get("items", schema.get("additionalProperties")))
        schema = _mapping(found)
    return schema


def _is_looser(before: JsonObject, after: JsonObject) -> bool:
    """Whether everything that the earlier schema takes is taken by the later one."""
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} - _SAYS_NOTHING
    return all(_LOOSER.get(name, _cannot_be_told)(before.get(name), after.get(name)) for name in names)


def _cannot_be_told(_before: Any, _after: Any) -> bool:
    return False


def _is_gone(before: Any, after: Any) -> bool:
    return before is not None and after is None


def _is_removed_from(before: Any, after: Any) -> bool:
    return all(one in (before or []) for one in after or [])


def _is_added_to(before: Any, after: Any) -> bool:
    return after is None or (before is not None and all(one in after for one in before))


def _is_higher(before: Any, after: Any) -> bool:
    return after is None or (before is not None and after > before)


def _is_lower(before: Any, after: Any) -> bool:
    return after is None or (before is not None and after < before)


def _properties(before: Any, after: Any) -> bool:
    old, new = _mapping(before), _mapping(after)
    return all(name in new and _is_looser(_mapping(old[name]), _mapping(new[name])) for name in old)


def _items(before: Any, after: Any) -> bool:
    return _is_looser(_mapping(before), _mapping(after))


_LOOSER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    **dict.fromkeys(_RISES, _is_higher),
    **dict.fromkeys(_FALLS, _is_lower),
    **dict.fromkeys(_CONSTRAINTS, _is_gone),
    **dict.fromkeys(("required", "x-kubernetes-validations"), _is_removed_from),
    "enum": _is_added_to,
    "properties": _properties,
    "items": _items,
    "default": lambda _, after: after is not None,
    "nullable": lambda _, after: after is True,
    "x-kubernetes-preserve-unknown-fields": lambda _, after: after is True,
    "x-kubernetes-int-or-string": lambda _, after: after is True,
    "type": lambda _, after: after is None,
}


def _dicts(value: Any) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
