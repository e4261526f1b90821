"""What a function of a template asks for: parameters by Go's types, checked before it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.engine.gotemplate.nodes import Number
from bot.engine.gotemplate.values import StringMap, TemplateError, Value, type_name

_TYPES: Final = {
    "string": "string",
    "int": "int",
    "float": "float64",
    "bool": "bool",
    "map": "map[string]interface {}",
    "any": "interface {}",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the Go types of its parameters."""

    call: Callable[..., Value]
    fixed: tuple[str, ...]
    variadic: str
    """Type of any further arguments; empty when there may be none."""
    budgeted: bool
    """Whether it wants the budget before its arguments, because it may take more than its arguments' size."""

    def check_count(self, name: str, count: int) -> None:
        """Refuse a number of arguments that does not fit."""
        if count < len(self.fixed) or (count > len(self.fixed) and not self.variadic):
            least = "at least " if self.variadic else ""
            raise TemplateError(f"wrong number of arguments for {name}: want {least}{len(self.fixed)}, got {count}")

    def type_of(self, index: int) -> str:
        """Return the type of the argument at `index`."""
        return self.fixed[index] if index < len(self.fixed) else self.variadic


Table: TypeAlias = Mapping[str, Function]


def takes(signature: str, call: Callable[..., Value]) -> Function:
    """Declare a function: `takes("int string any*", f)`; a leading `$` asks for the budget."""
    words = signature.split()
    budgeted = words[:1] == ["$"]
    words = words[1:] if budgeted else words
    variadic = words.pop().removesuffix("*") if words and words[-1].endswith("*") else ""
    return Function(call, tuple(words), variadic, budgeted)


def literal(number: Number, wanted: str) -> Value:
    """Return a number of the template as the type that is asked for."""
    match wanted:
        case "int" if number.integer is not None:
            return number.integer
        case "float" if number.floating is not None:
            return number.floating
        case "any" if number.is_float:
            return number.floating
        case "any" if number.integer is not None:
            return number.integer
        case _:
            raise TemplateError(f"wrong type for {number.text}: expected {_TYPES[wanted]}")


def checked(value: Value, wanted: str) -> Value:
    """Return a value if Go would accept it for the type."""
    if wanted == "map" and value is None:
        return {}
    if not _ACCEPTED[wanted](value):
        given = "nothing" if value is None else type_name(value)
        raise TemplateError(f"wrong type for a value: expected {_TYPES[wanted]}, got {given}")
    return value


_ACCEPTED: Final[dict[str, Callable[[Value], bool]]] = {
    "any": lambda _: True,
    "bool": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, float),
    "int": lambda value: type(value) is int,
    "map": lambda value: isinstance(value, dict) and not isinstance(value, StringMap),
    "string": lambda value: isinstance(value, str),
}
