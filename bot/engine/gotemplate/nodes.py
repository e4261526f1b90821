"""What a template consists of once it is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a template something stands."""

    line: int
    text: str
    """The action's own words, shortened."""

    def __str__(self) -> str:
        """Say it as error messages do."""
        return f"line {self.line}, {{{{ {self.text} }}}}"


@dataclass(frozen=True, slots=True)
class Dot:
    """The cursor, `.`."""


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`."""


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class String:
    """A quoted text."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as each type that it can be."""

    text: str
    integer: int | None
    floating: float | None
    is_float: bool
    """Whether it is a float where nothing asks for a type."""


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.a.b`."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """`(…).a.b`."""

    node: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A function's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with its arguments."""

    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each fed with what the one before it returned; perhaps kept in variables."""

    place: Place
    declared: tuple[str, ...]
    assigns: bool
    """Whether the variables exist already."""
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """What is written as it stands."""

    value: str


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipe }}`."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`."""

    keyword: str
    pipe: Pipe
    then: Nodes
    otherwise: Nodes | None


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipe}}`."""

    place: Place
    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Jump:
    """`{{break}}` or `{{continue}}`."""

    keyword: str


Operand: TypeAlias = Dot | Nil | Bool | String | Number | Field | Variable | Chain | Identifier | Pipe
Node: TypeAlias = Text | Action | Branch | Call | Jump
Nodes: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template with those it defines."""

    root: Nodes
    defined: dict[str, Nodes]
