"""Running a parsed template over values (Go `text/template/exec.go`)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.formatting import sprint
from bot.engine.gotemplate.functions import checked, literal
from bot.engine.gotemplate.nodes import (
    Action,
    Bool,
    Branch,
    Call,
    Chain,
    Command,
    Field,
    Identifier,
    Jump,
    Nil,
    Node,
    Nodes,
    Number,
    Operand,
    Pipe,
    Place,
    String,
    Template,
    Text,
    Variable,
)
from bot.engine.gotemplate.values import (
    DEEPEST,
    LONGEST_TEXT,
    Budget,
    Record,
    TemplateError,
    TooMuchError,
    Value,
    is_true,
    type_name,
    zero_element,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.engine.gotemplate.functions import Function, Table


class MissingKey(Enum):
    """What a mapping gives for a key it has not: `goTemplateOptions: [missingkey=…]`."""

    DEFAULT = "default"
    ZERO = "zero"
    ERROR = "error"


class MissingKeyError(TemplateError):
    """A key, or a field, is not there."""


class _Jumped(Exception):  # noqa: N818 - control flow of a loop, never an error
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


class _Nothing(Enum):
    """Marks that a pipeline has handed nothing on; `None` is a value."""

    HERE = 0


_NOTHING: Final = _Nothing.HERE


class Execution:
    """One run of a template."""

    def __init__(self, template: Template, functions: Table, missing: MissingKey, budget: Budget) -> None:
        self._template = template
        self._functions = functions
        self._missing = missing
        self._budget = budget
        self._written: list[str] = []
        self._length = 0
        self._variables: list[tuple[str, Value]] = []
        self._depth = 0
        self._place = Place(1, "")

    def run(self, data: Value) -> str:
        """Return what the template writes; TemplateError names line and action."""
        self._variables = [("$", data)]
        try:
            self._walk(data, self._template.root)
        except RecursionError:
            raise TooMuchError(f"{self._place}: nested deeper than {DEEPEST} levels") from None
        except TemplateError as error:
            raise type(error)(f"{self._place}: {error}") from error
        return "".join(self._written)

    # Nodes.

    def _walk(self, dot: Value, nodes: Nodes) -> None:
        self._deeper()
        for node in nodes:
            self._budget.spend()
            self._node(dot, node)
        self._depth -= 1

    def _node(self, dot: Value, node: Node) -> None:
        match node:
            case Text():
                self._write(node.value)
            case Action():
                value = self._pipe(dot, node.pipe)
                if not node.pipe.declared:
                    self._write("<no value>" if value is None else sprint([value], self._budget))
            case Branch() if node.keyword == "range":
                self._range(dot, node)
            case Branch():
                self._branch(dot, node)
            case Call():
                self._call(dot, node)
            case Jump():
                raise _Jumped(node.keyword)

    def _branch(self, dot: Value, node: Branch) -> None:
        mark = len(self._variables)
        value = self._pipe(dot, node.pipe)
        if is_true(value):
            self._walk(value if node.keyword == "with" else dot, node.then)
        elif node.otherwise is not None:
            self._walk(dot, node.otherwise)
        del self._variables[mark:]

    def _range(self, dot: Value, node: Branch) -> None:
        mark, depth = len(self._variables), self._depth
        value = self._pipe(dot, node.pipe)
        body = len(self._variables)
        ran = False
        for key, element in self._elements(value, node.pipe):
            ran = True
            self._budget.spend()
            self._bind(node.pipe, key, element)
            try:
                self._walk(element, node.then)
            except _Jumped as jumped:
                self._depth = depth
                if jumped.keyword == "break":
                    break
            del self._variables[body:]
        if not ran and node.otherwise is not None:
            self._walk(dot, node.otherwise)
        del self._variables[mark:]

    def _elements(self, value: Value, pipe: Pipe) -> Iterator[tuple[Value, Value]]:
        match value:
            case None:
                return
            case list():
                yield from enumerate(list(value))
            case dict():
                yield from sorted(value.items())
            case bool() | float() | str() | Record():
                raise TemplateError(f"range cannot go through a {type_name(value)}")
            case _ if len(pipe.declared) > 1:
                raise TemplateError("range over a number has one variable")
            case _:
                yield from ((None, type(value)(one)) for one in range(value))

    def _bind(self, pipe: Pipe, key: Value, element: Value) -> None:
        """Give the variables of a range their values: one is the element, of two the first is the key."""
        values = [element] if len(pipe.declared) == 1 else [key, element]
        for place, (name, value) in enumerate(zip(pipe.declared, values, strict=False)):
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables[len(self._variables) - len(pipe.declared) + place] = (name, value)

    def _call(self, dot: Value, node: Call) -> None:
        self._place = node.place
        nodes = self._template.defined.get(node.name)
        if nodes is None:
            raise TemplateError(f"there is no template {node.name!r}")
        given = None if node.pipe is None else self._pipe(dot, node.pipe)
        kept = self._variables
        self._variables = [("$", given)]
        self._walk(given, nodes)
        self._variables = kept

    def _write(self, text: str) -> None:
        self._length += len(text)
        self._budget.text(len(text))
        if self._length > LONGEST_TEXT:
            raise TooMuchError(f"it writes more than {LONGEST_TEXT:,} characters")
        self._written.append(text)

    # Values.

    def _pipe(self, dot: Value, pipe: Pipe) -> Value:
        self._deeper()
        self._place = pipe.place
        value: Value = _NOTHING
        for command in pipe.commands:
            self._budget.spend()
            value = self._command(dot, command, value)
            self._place = pipe.place
        for name in pipe.declared:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        self._depth -= 1
        return value

    def _command(self, dot: Value, command: Command, final: Value) -> Value:
        first, *arguments = command.arguments
        if isinstance(first, Identifier):
            return self._function(dot, first.name, arguments, final)
        if arguments or final is not _NOTHING:
            raise TemplateError("something that is no function was given an argument")
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        return self._argument(dot, first, "any")

    def _argument(self, dot: Value, operand: Operand, wanted: str) -> Value:
        match operand:
            case Number():
                return literal(operand, wanted)
            case Nil() if wanted not in ("any", "map"):
                raise TemplateError(f"nil cannot be a {wanted}")
            case Nil() | Bool() | String():
                return checked(None if isinstance(operand, Nil) else operand.value, wanted)
            case Field() | Variable():
                return checked(self._named(dot, operand, wanted), wanted)
            case _:
                return checked(self._evaluated(dot, operand), wanted)

    def _named(self, dot: Value, operand: Field | Variable, wanted: str) -> Value:
        start = self._variable(operand.name) if isinstance(operand, Variable) else dot
        return self._fields(start, operand.names, wanted)

    def _evaluated(self, dot: Value, operand: Operand) -> Value:
        match operand:
            case Chain():
                return self._chain(dot, operand)
            case Identifier():
                return self._function(dot, operand.name, [], _NOTHING)
            case Pipe():
                return self._pipe(dot, operand)
            case _:
                return dot

    def _chain(self, dot: Value, chain: Chain) -> Value:
        if isinstance(chain.node, Nil):
            raise TemplateError("nil has no fields")
        return self._fields(self._argument(dot, chain.node, "any"), chain.names)

    def _fields(self, value: Value, names: Sequence[str], wanted: str = "any") -> Value:
        """Go through the fields: nothing has no fields and gives nothing, but a key whose value is null is an error."""
        is_null = False
        for name in names:
            self._budget.spend()
            if value is None:
                if is_null:
                    raise TemplateError(f"{name} is asked of a null")
                if self._missing is MissingKey.ERROR:
                    raise TemplateError(f"there is no data for {name!r}")
                continue
            if isinstance(value, Record):
                value = self._record(value, name)
            elif isinstance(value, dict):
                is_null = name in value or self._missing is MissingKey.ZERO
                value = self._key(value, name)
            else:
                raise MissingKeyError(f"a {type_name(value)} has no field {name}")
        if value is None and is_null and wanted == "map":
            raise TemplateError("a null is no map[string]interface {}")
        return value

    def _record(self, record: Record, name: str) -> Value:
        try:
            return record.field(name)
        except KeyError:
            raise TemplateError(f"a {record.type_name} has no field {name} that can be used here") from None

    def _key(self, mapping: dict[str, Value], name: str) -> Value:
        if name in mapping:
            return mapping[name]
        if self._missing is MissingKey.ERROR:
            raise MissingKeyError(f"there is no key {name!r}")
        return zero_element(mapping) if self._missing is MissingKey.ZERO else None

    def _variable(self, name: str) -> Value:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise TemplateError(f"undefined variable {name}")

    def _assign(self, name: str, value: Value) -> None:
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return
        raise TemplateError(f"undefined variable {name}")

    # Functions.

    def _function(self, dot: Value, name: str, arguments: Sequence[Operand], final: Value) -> Value:
        if name in ("and", "or"):
            return self._logic(dot, name, arguments, final)
        function = self._functions[name]
        function.check_count(name, len(arguments) + (final is not _NOTHING))
        values = [self._argument(dot, one, function.type_of(place)) for place, one in enumerate(arguments)]
        if final is not _NOTHING:
            values.append(checked(final, function.type_of(len(arguments))))
        return self._called(name, function, values)

    def _called(self, name: str, function: Function, values: list[Value]) -> Value:
        self._budget.text(sum(len(one) for one in values if isinstance(one, str)))
        self._budget.spend(sum(len(one) for one in values if isinstance(one, (list, dict))))
        try:
            result = function.call(self._budget, *values) if function.budgeted else function.call(*values)
        except TooMuchError:
            raise
        except TemplateError as error:
            raise TemplateError(f"{name}: {error}") from error
        if isinstance(result, str):
            self._budget.text(len(result))
        return result

    def _logic(self, dot: Value, name: str, arguments: Sequence[Operand], final: Value) -> Value:
        """Return the first argument that decides, and evaluate none behind it."""
        if not arguments and final is _NOTHING:
            raise TemplateError(f"wrong number of arguments for {name}: want at least 1, got 0")
        value: Value = None
        for one in arguments:
            value = self._argument(dot, one, "any")
            if is_true(value) == (name == "or"):
                return value
        return value if final is _NOTHING else final

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooMuchError(f"nested deeper than {DEEPEST} levels")
