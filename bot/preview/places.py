"""Where in a file of manifests an object is declared, as far as its lines say so for certain. Pure.

Files come from anybody, so nothing here is a YAML parser: lines are looked at once, from the first to the last. What is
written in any but the usual way, made by a template or declared twice is not found: better no place than a wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.model.resources import group_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import ResourceKey

_FIELD: Final = re.compile(r"(?P<indent> *)(?P<name>[A-Za-z]+):(?:[ \t]+(?P<value>[^#]*?))?[ \t]*(?:#.*)?")
_VALUE: Final = re.compile(r"(?P<quote>[\"']?)(?P<text>[A-Za-z0-9][\w.:/-]{0,300})(?P=quote)")
_FLOW: Final = re.compile(r"\{(?P<fields>[^{}\[\]]*)\}")
_LONGEST: Final = 1000
"""Characters of a line that is read; a pattern may take the square of a longer one's."""
_TOP: Final = frozenset({"apiVersion", "kind", "metadata"})
_NAMES: Final = frozenset({"name", "namespace"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """One object in a file."""

    group: str
    kind: str
    namespace: str
    """Empty where it says none."""
    name: str
    first: int
    """Number of the first line of its document, from 1."""
    last: int

    def may_be(self, key: ResourceKey) -> bool:
        """Whether this is the object of that key; one without a namespace gets its application's."""
        same = (self.group, self.kind, self.name) == (key.group, key.kind, key.name)
        return same and self.namespace in {"", key.namespace}


def declarations(content: bytes) -> tuple[Declaration, ...]:
    """Return the objects of a file whose documents say plainly what they are."""
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        return ()
    return tuple(found for one in _documents(lines) if (found := one.declaration()) is not None)


@dataclass
class _Document:
    first: int
    last: int
    fields: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    indent: int = 0
    """Of what stands in its metadata; 0 while it is elsewhere, -1 where metadata has just begun."""
    is_plain: bool = True

    def take(self, line: str, number: int) -> None:
        """Look at the next line."""
        if not line.strip() or line.lstrip().startswith("#"):
            return
        self.last = number
        depth = len(line) - len(line.lstrip(" "))
        if depth == 0:
            self.indent = 0
        elif self.indent == -1:
            self.indent = depth
        found = _FIELD.fullmatch(line) if len(line) <= _LONGEST else None
        if found is None:
            return
        name, value = found["name"], found["value"] or ""
        if depth == 0 and name in _TOP:
            self._keep(self.fields, name, value)
            if name == "metadata":
                self._begin(value)
        elif depth and depth == self.indent and name in _NAMES:
            self._keep(self.metadata, name, value)

    def declaration(self) -> Declaration | None:
        """Return what it declares; None where that is not plain."""
        read = {name: _VALUE.fullmatch(value) for name, value in (self.fields | self.metadata).items()}
        read.pop("metadata", None)
        found = {name: one["text"] for name, one in read.items() if one is not None}
        if not self.is_plain or len(found) < len(read) or not {"apiVersion", "kind", "name"} <= found.keys():
            return None
        return Declaration(
            group=group_of(found["apiVersion"]),
            kind=found["kind"],
            namespace=found.get("namespace", ""),
            name=found["name"],
            first=self.first,
            last=self.last,
        )

    def _begin(self, value: str) -> None:
        flow = _FLOW.fullmatch(value)
        if flow is None:
            self.indent = -1
            self.is_plain = self.is_plain and not value
            return
        for pair in flow["fields"].split(","):
            name, _, inner = pair.partition(":")
            if name.strip() in _NAMES:
                self._keep(self.metadata, name.strip(), inner.strip())

    def _keep(self, where: dict[str, str], name: str, value: str) -> None:
        self.is_plain = self.is_plain and name not in where
        where[name] = value


def _documents(lines: list[str]) -> Iterator[_Document]:
    document = _Document(1, 1)
    for number, ended in enumerate(lines, 1):
        line = ended.removesuffix("\r")
        if line.startswith(("---", "...")) and line[3:4] in {"", " ", "\t"}:
            yield document
            document = _Document(number + 1, number + 1)
            document.is_plain = not line[3:].split("#")[0].strip()
        else:
            document.take(line, number)
    yield document
