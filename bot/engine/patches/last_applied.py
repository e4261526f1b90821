"""What was applied last: kept as text in an annotation of the object, as kubectl and Argo CD write and read it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION
from bot.engine.patches.directives import Unmergeable
from bot.model.resources import annotations_of, metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_ESCAPED: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Go escapes these so that JSON may stand in HTML; they occur in texts only, never in the syntax."""
_INT64: Final = 2**63
_SMALLEST, _LARGEST = 1e-6, 1e21
"""Between these Go writes floating point without an exponent (encoding/json, `floatEncoder`)."""


def last_applied_of(live: JsonObject) -> JsonObject:
    """Return the manifest that was applied last, empty when nothing says so; Unmergeable when it cannot be read."""
    text = annotations_of(live).get(LAST_APPLIED_ANNOTATION) or "{}"
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unmergeable(f"the annotation {LAST_APPLIED_ANNOTATION} holds no JSON") from error
    if not isinstance(document, dict | None):
        raise Unmergeable(f"the annotation {LAST_APPLIED_ANNOTATION} holds no object")
    return document or {}


def annotated(manifest: JsonObject) -> JsonObject:
    """Return the manifest with itself in its annotation, numbers as Go reads them back.

    As kubectl's `util.GetModifiedConfiguration`: compact JSON with a trailing newline, without the annotation. Raises
    TypeError for what JSON cannot hold.
    """
    annotations = _texts(metadata_of(manifest).get("annotations"))
    annotations.pop(LAST_APPLIED_ANNOTATION, None)
    text = encoded({**manifest, "metadata": {**metadata_of(manifest), "annotations": annotations}}) + "\n"
    document: JsonObject = orjson.loads(text)
    document["metadata"]["annotations"][LAST_APPLIED_ANNOTATION] = text
    return document


def applied_last(live: JsonObject, manifest: JsonObject) -> JsonObject:
    """Return a live object that says of a manifest that it was applied last."""
    annotations = {**annotations_of(live), LAST_APPLIED_ANNOTATION: encoded(manifest)}
    return {**live, "metadata": {**metadata_of(live), "annotations": annotations}}


def _texts(annotations: Any) -> dict[str, str]:
    """Return annotations as kubectl reads them: null is the empty text, and one that is no text spoils them all."""
    if not isinstance(annotations, dict):
        return {}
    if any(value is not None and not isinstance(value, str) for value in annotations.values()):
        return {}
    return {name: value or "" for name, value in annotations.items()}


def encoded(value: Any) -> str:
    """Write a JSON value as Go does, keys sorted; TypeError for what JSON cannot hold."""
    if isinstance(value, dict):
        # Python sorts by code points, Go by their UTF-8: the same order.
        fields = (f"{_text(name)}:{encoded(below)}" for name, below in sorted(value.items()))
        return f"{{{','.join(fields)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(encoded, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) or type(value) is int:
        return _number(value)
    return orjson.dumps(value).decode()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a key is no text")
    return orjson.dumps(value).decode().translate(_ESCAPED)


def _number(value: float) -> str:
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return str(value)
    number = float(value)
    if not math.isfinite(number):
        raise TypeError("a number is infinite or none")
    if number == 0 or _SMALLEST <= abs(number) < _LARGEST:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    return repr(number).replace("e-0", "e-")
