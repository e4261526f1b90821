"""A small YAML file that people write by hand: read within narrow limits, with the line of everything in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import yaml

LONGEST: Final = 65_536
"""Bytes of a file; one that somebody writes by hand has some hundred."""
_DEEPEST: Final = 16
"""Lists and mappings within each other; people write three. PyYAML's scanner takes minutes over 60,000 of them."""


def composed(written: bytes) -> yaml.Node | None:
    """Return the document, None where there is none; ValueError or YAMLError says why it is none of ours."""
    if len(written) > LONGEST:
        raise ValueError(f"it has more than {LONGEST} bytes; nothing it may say takes so many")
    try:
        text = written.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    depth = 0
    for one in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(one, yaml.AliasEvent):
            raise ValueError(f"line {_number(one)}: aliases are not taken here")  # noqa: TRY004 - not a type of ours
        depth += isinstance(one, yaml.CollectionStartEvent) - isinstance(one, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"line {_number(one)}: it is nested too deep")
    return yaml.compose(text, Loader=yaml.SafeLoader)


def constructed(node: yaml.Node) -> Any:
    """Return what a document says; ValueError where a value is none, which PyYAML notices by stumbling over it."""
    try:
        return yaml.SafeLoader("").construct_document(node)
    except (ArithmeticError, LookupError, AttributeError) as error:
        raise ValueError("a value in it is none of the kind that it is written as") from error


def why_unreadable(error: yaml.YAMLError) -> str:
    """Say why a text is not YAML, and in which line."""
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or "it is not YAML"
    return f"line {mark.line + 1}: {words}" if mark is not None else str(words)


def line_of(way: Iterable[str | int], node: yaml.Node | None) -> int:
    """Return in which line of a document that is which keys and places lead to, or the last of them that is there."""
    line = 1 if node is None else _number(node)
    for step in way:
        key, node = _below(node, step)
        if key is None:
            break
        line = _number(key)
    return line


def _number(node: yaml.Node | yaml.Event) -> int:
    return 1 if node.start_mark is None else node.start_mark.line + 1


def _below(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | tuple[None, None]:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None
