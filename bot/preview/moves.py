"""Find what a change renames or moves: an object that goes away and one that comes and is the same thing.

Matched by what the manifest says of itself, then by identity, then by content; each object at most once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.diff.normalise import comparable
from bot.model.resources import JsonObject, ResourceKey, annotations_of

if TYPE_CHECKING:
    from collections.abc import Hashable

RENAMED_FROM: Final = "foresail.dev/renamed-from"
"""On a manifest: `name` or `namespace/name` of what it was before."""

_GENERATED: Final = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""The hash that kustomize puts behind a name, in its own alphabet."""
_ALIKE: Final = 0.7
"""Share of fields that two objects have in common to count as the same thing under two names."""
_MOST_COMPARED: Final = 2_000
"""Pairs compared by content: their number is the product of what goes and what comes."""
_IDENTITY: Final = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, slots=True)
class Piece:
    """An object that goes away, or comes, with the change."""

    application: str
    obj: JsonObject = field(repr=False)
    """Its manifest."""
    cluster: str = ""

    @property
    def key(self) -> ResourceKey:
        """Its identity."""
        return ResourceKey.of(self.obj)


@dataclass(frozen=True, slots=True)
class Move:
    """Two objects that are one thing."""

    old: Piece
    new: Piece

    @property
    def is_same_object(self) -> bool:
        """Whether it is the very same object, which only another application has from now on."""
        return (self.old.cluster, self.old.key) == (self.new.cluster, self.new.key)

    @property
    def words_of_old(self) -> str:
        """What happens to the object that goes away."""
        if self.is_same_object:
            return f"moves to application {self.new.application}"
        return f"{self._verb} to {self._place(self.new)}"

    @property
    def words_of_new(self) -> str:
        """What happens to the object that comes."""
        if self.is_same_object:
            return f"moves here from application {self.old.application}"
        return f"{self._verb} from {self._place(self.old)}"

    @property
    def _verb(self) -> str:
        return "renamed" if self.old.key.namespace == self.new.key.namespace else "moves"

    def _place(self, piece: Piece) -> str:
        same_application = self.old.application == self.new.application
        return piece.key.place if same_application else f"{piece.key.place} of application {piece.application}"


def moves(removed: Sequence[Piece], added: Sequence[Piece]) -> list[Move]:
    """Return which of the added objects are removed ones under another name, namespace or application."""
    found = _Matching(list(removed), list(added))
    found.by(_was_named, _is_named)
    found.by(lambda piece: piece.key, lambda piece: piece.key)
    found.by(_stem, _stem)
    found.by(_name, _name)
    found.by(_content, _content)
    found.by_likeness()
    return found.moves


@dataclass(slots=True)
class _Matching:
    removed: list[Piece]
    added: list[Piece]
    moves: list[Move] = field(default_factory=list)
    _matched: set[int] = field(default_factory=set)
    """By `id`, as a change may rename thousands: comparing objects, or a new list for each match, takes too long."""

    def by(self, of_added: Callable[[Piece], Hashable | None], of_removed: Callable[[Piece], Hashable | None]) -> None:
        """Match what one trait says is the same, where it says so of one object on each side only."""
        old, new = _by_trait(self.removed, of_removed), _by_trait(self.added, of_added)
        for trait in old.keys() & new.keys():
            if len(old[trait]) == len(new[trait]) == 1:
                self._match(old[trait][0], new[trait][0])
        self.removed, self.added = self._unmatched(self.removed), self._unmatched(self.added)

    def by_likeness(self) -> None:
        """Match what has most fields in common, the most alike first."""
        kinds = _by_trait(self.removed, _kind)
        pairs = [(old, new) for new in self.added for old in kinds.get(_kind(new), [])]
        if len(pairs) > _MOST_COMPARED:
            return
        fields = {id(piece): _fields_of(piece) for piece in (*self.removed, *self.added)}
        alike = [(_likeness(fields[id(old)], fields[id(new)]), old, new) for old, new in pairs]
        for likeness, old, new in sorted(alike, key=lambda found: (-found[0], found[1].key, found[2].key)):
            if likeness >= _ALIKE and self._matched.isdisjoint({id(old), id(new)}):
                self._match(old, new)

    def _match(self, old: Piece, new: Piece) -> None:
        self.moves.append(Move(old, new))
        self._matched.update({id(old), id(new)})

    def _unmatched(self, pieces: list[Piece]) -> list[Piece]:
        return [piece for piece in pieces if id(piece) not in self._matched]


def _by_trait(pieces: Iterable[Piece], trait: Callable[[Piece], Hashable | None]) -> dict[Hashable, list[Piece]]:
    found: dict[Hashable, list[Piece]] = defaultdict(list)
    for piece in pieces:
        value = trait(piece)
        if value is not None:
            found[value].append(piece)
    return found


def _kind(piece: Piece) -> Hashable:
    return piece.key.group, piece.key.kind


def _was_named(piece: Piece) -> Hashable | None:
    before = annotations_of(piece.obj).get(RENAMED_FROM)
    if not isinstance(before, str) or not before:
        return None
    namespace, slash, name = before.rpartition("/")
    return piece.key.group, piece.key.kind, namespace if slash else piece.key.namespace, name


def _is_named(piece: Piece) -> Hashable:
    return piece.key.group, piece.key.kind, piece.key.namespace, piece.key.name


def _stem(piece: Piece) -> Hashable | None:
    """Name what kustomize generates without the hash that changes with the content."""
    stem = _GENERATED.sub("", piece.key.name)
    return None if stem == piece.key.name else (piece.key.group, piece.key.kind, piece.key.namespace, stem)


def _name(piece: Piece) -> Hashable:
    """Name an object without where it is: the same name in another namespace is the same thing."""
    return piece.key.group, piece.key.kind, piece.key.name


def _content(piece: Piece) -> Hashable | None:
    body = _body(piece.obj)
    return (_kind(piece), orjson.dumps(body, option=orjson.OPT_SORT_KEYS)) if body else None


def _body(obj: JsonObject) -> JsonObject:
    return {name: value for name, value in comparable(obj).items() if name not in _IDENTITY}


def _fields_of(piece: Piece) -> frozenset[tuple[str, str]]:
    return frozenset(found for name, value in _body(piece.obj).items() for found in _leaves(value, name))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for below in value:
            yield from _leaves(below, f"{path}[]")
    else:
        yield path, str(value)


def _likeness(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> float:
    together = len(one | other)
    return len(one & other) / together if together else 0.0
