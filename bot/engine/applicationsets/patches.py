"""What stands over a template: that of a generator, and `templatePatch` (`mergo`, apimachinery `strategicpatch`)."""

from __future__ import annotations

from typing import Any, Final

from bot.errors import Rejected

_ATOMIC: Final = frozenset({"valuesObject"})
"""Open JSON: kept whole where templates are merged."""
_MERGED_LISTS: Final = frozenset({"finalizers"})
"""Lists of texts that a patch adds to; every other list of an Application is replaced."""
_DIRECTIVE: Final = "$patch"


def overridden(own: Any, usual: Any) -> Any:
    """Return a generator's template with the usual one where it leaves something empty."""
    if isinstance(own, dict) and isinstance(usual, dict):
        found = {key: overridden(own.get(key), value) if key in own else value for key, value in usual.items()}
        for key in _ATOMIC & own.keys() & usual.keys():
            found[key] = own[key] or usual[key]
        return {**{key: value for key, value in own.items() if key not in usual}, **found}
    return own or usual


def patched(application: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge a patch strategically into an Application; its project stays, as Argo CD sees to."""
    found = _merge(application, patch, "templatePatch", is_open=False)
    usual, spec = application.get("spec") or {}, found.get("spec")
    kept = {key: value for key, value in spec.items() if key != "project"} if isinstance(spec, dict) else {}
    return {**found, "spec": {**kept, **({"project": usual["project"]} if "project" in usual else {})}}


def _merge(original: dict[str, Any], patch: dict[str, Any], place: str, *, is_open: bool) -> dict[str, Any]:
    rest = {key: value for key, value in patch.items() if key != _DIRECTIVE}
    match patch.get(_DIRECTIVE):
        case "replace":
            return dict(_without_nulls(rest))
        case "delete":
            return {}
        case None | "merge":
            pass
        case other:
            raise Rejected(f"{place}: {other!r} is no directive of a patch")
    found = dict(original)
    for key, value in rest.items():
        if key.startswith("$"):
            raise Rejected(f"{place}: the directive {key} is not supported")
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _field(found.get(key), value, f"{place}.{key}", is_open=is_open)
    return found


def _field(original: Any, value: Any, place: str, *, is_open: bool) -> Any:
    both = type(original) is type(value)
    if is_open and both and isinstance(value, (dict, list)):
        # RawExtension has no such field for strategicpatch to look up.
        key = place.rpartition(".")[2]
        raise Rejected(f'{place}: unable to find api field in struct RawExtension for the json field "{key}"')
    if both and isinstance(value, dict):
        return _merge(original, value, place, is_open=place.rpartition(".")[2] in _ATOMIC)
    if both and isinstance(value, list) and place.rpartition(".")[2] in _MERGED_LISTS:
        return [*original, *(one for one in value if one not in original)]
    return _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None and key != _DIRECTIVE}
    return value
