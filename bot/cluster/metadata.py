"""Names and versions of many objects, read from the API server's protobuf: a third of what JSON costs both sides.

Of `PartialObjectMetadataList` only what names an object and its state is looked at; the fields' numbers are those of
k8s.io/apimachinery `pkg/apis/meta/v1/generated.proto` and `pkg/runtime/generated.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.errors import Temporary

ACCEPT: Final = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MAGIC: Final = b"k8s\0"
_RAW, _LIST_METADATA, _ITEMS, _METADATA = 2, 1, 2, 1
_NAME, _NAMESPACE, _UID, _VERSION = 1, 3, 5, 6
_CONTINUE, _REMAINING = 3, 4


@dataclass(frozen=True, slots=True)
class Named:
    """One object as it is now."""

    namespace: str
    name: str
    version: str
    """`uid/resourceVersion`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list."""

    items: tuple[Named, ...]
    token: str
    """What asks for the next page; empty on the last."""
    more: int
    """Objects on the pages after this one, as far as the server tells."""


def read_page(answer: bytes) -> Page:
    """Read one page; raises Temporary for an answer that is none."""
    try:
        return _page(answer)
    except (IndexError, StopIteration, ValueError) as error:
        raise Temporary("the API server answered with metadata that cannot be read") from error


def _page(answer: bytes) -> Page:
    if not answer.startswith(_MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    raw = next((value for number, value in _fields(answer[len(_MAGIC) :]) if number == _RAW), b"")
    items, token, more = [], "", 0
    for number, value in _fields(_bytes(raw)):
        if number == _ITEMS:
            items.append(_named(_bytes(value)))
        elif number == _LIST_METADATA:
            told = dict(_fields(_bytes(value)))
            token, more = _text(told.get(_CONTINUE)), int(told.get(_REMAINING) or 0)
    return Page(tuple(items), token, more)


def _named(item: bytes) -> Named:
    metadata = next(value for number, value in _fields(item) if number == _METADATA)
    told: dict[int, bytes | int] = {}
    for number, value in _fields(_bytes(metadata)):
        if number > _VERSION:
            break  # fields stand in the order of their numbers, and what follows is the most of it
        told[number] = value
    if _VERSION not in told:
        raise ValueError("an object without a version")
    version = f"{_text(told.get(_UID))}/{_text(told[_VERSION])}"
    return Named(_text(told.get(_NAMESPACE)), _text(told.get(_NAME)), version)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield number and value of each field; https://protobuf.dev/programming-guides/encoding/."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        match key & 7:
            case 0:
                yield key >> 3, value
            case 2 if at + value <= len(message):
                yield key >> 3, message[at : at + value]
                at += value
            case kind:
                raise ValueError(f"wire type {kind} is not expected here")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message is expected")  # noqa: TRY004 - of bytes from outside
    return value


def _text(value: bytes | int | None) -> str:
    return "" if value is None else _bytes(value).decode()
