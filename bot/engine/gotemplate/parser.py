"""Tokens to a tree (Go `text/template/parse/parse.go`); everything that can be wrong without data is found here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from bot.engine.gotemplate.lexer import Kind, Token, line_of, tokens
from bot.engine.gotemplate.literals import character, number, unquoted
from bot.engine.gotemplate.nodes import (
    Action,
    Bool,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
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
from bot.engine.gotemplate.values import DEEPEST, TemplateError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Callable

_Read = TypeVar("_Read")

_SHOWN: Final = 60
_LITERALS: Final = (Bool, Dot, Nil, Number, String)
_STARTS: Final = frozenset(
    {
        Kind.CHARACTER,
        Kind.DOT,
        Kind.FIELD,
        Kind.WORD,
        Kind.NUMBER,
        Kind.RAW,
        Kind.STRING,
        Kind.VARIABLE,
        Kind.OPEN,
    }
)
"""What an operand begins with; `nil` is a keyword and does as well."""


def parse(source: str, *, knows: Callable[[str], str]) -> Template:
    """Parse a template; `knows` returns what is wrong with a function of that name, empty when it may be called.

    TemplateError names line and place.
    """
    return _Parser(source, knows).template()


class _Parser:
    def __init__(self, source: str, knows: Callable[[str], str]) -> None:
        self._source = source
        self._knows = knows
        self._tokens = tokens(source)
        self._next = 0
        self._variables = ["$"]
        self._defined: dict[str, Nodes] = {}
        self._loops = 0
        self._depth = 0
        self._place = Place(1, "")

    def template(self) -> Template:
        root: list[Node] = []
        while self._peek().kind is not Kind.END:
            if self._is_keyword("define", after_left=True):
                self._definition()
                continue
            node = self._node()
            if isinstance(node, str):
                raise self._wrong(f"unexpected {{{{{node}}}}}")
            root.append(node)
        return Template(tuple(root), self._defined)

    # Nodes.

    def _definition(self) -> None:
        self._take()
        self._open_place()
        self._skip()
        self._take()
        name = self._name("define")
        self._expect(Kind.RIGHT, "define")
        self._define(name)

    def _define(self, name: str) -> None:
        """Take the body of a template of its own: it sees none of the variables around it."""
        variables, loops = self._variables, self._loops
        self._variables, self._loops = ["$"], 0
        self._deeper()
        body, end = self._nodes()
        self._depth -= 1
        if end != "end":
            raise self._wrong("unexpected {{else}} in a definition")
        self._variables, self._loops = variables, loops
        if name in self._defined and not _is_blank(self._defined[name]):
            if not _is_blank(body):
                raise self._wrong(f"the template {name!r} is defined twice")
            return
        self._defined[name] = body

    def _nodes(self) -> tuple[Nodes, str]:
        """Take nodes up to `{{end}}` or `{{else}}`, and return which it was."""
        found: list[Node] = []
        while self._peek().kind is not Kind.END:
            node = self._node()
            if isinstance(node, str):
                return tuple(found), node
            found.append(node)
        raise self._wrong("{{end}} is missing")

    def _node(self) -> Node | str:
        """Take one node; `end` and `else` come back as words."""
        token = self._take()
        if token.kind is Kind.TEXT:
            return Text(token.text)
        self._open_place()
        self._skip()
        word = self._peek()
        if word.kind is Kind.KEYWORD and word.text != "nil":
            self._take()
            return self._control(word.text)
        return Action(self._pipe("command", Kind.RIGHT))

    def _control(self, keyword: str) -> Node | str:
        match keyword:
            case "end":
                self._expect(Kind.RIGHT, "end")
                return "end"
            case "else":
                self._skip()
                if not (self._peek().kind is Kind.KEYWORD and self._peek().text in ("if", "with")):
                    self._expect(Kind.RIGHT, "else")
                return "else"
            case "if" | "with" | "range":
                return self._branch(keyword)
            case "break" | "continue":
                self._expect(Kind.RIGHT, keyword)
                if not self._loops:
                    raise self._wrong(f"{{{{{keyword}}}}} outside of {{{{range}}}}")
                return Jump(keyword)
            case "template" | "block":
                return self._call(keyword)
            case _:
                raise self._wrong(f"{{{{{keyword}}}}} cannot stand here")

    def _branch(self, keyword: str) -> Branch:
        kept = len(self._variables)
        self._deeper()
        pipe = self._pipe(keyword, Kind.RIGHT)
        self._loops += keyword == "range"
        then, end = self._nodes()
        self._loops -= keyword == "range"
        otherwise = self._otherwise(keyword) if end == "else" else None
        self._depth -= 1
        del self._variables[kept:]
        return Branch(keyword, pipe, then, otherwise)

    def _otherwise(self, keyword: str) -> Nodes:
        word = self._peek()
        if word.kind is Kind.KEYWORD:  # {{else if …}}: its {{end}} is the outer one's as well
            if word.text != keyword:
                raise self._wrong(f"{{{{else {word.text}}}}} cannot follow {{{{{keyword}}}}}")
            self._take()
            return (self._branch(keyword),)
        nodes, end = self._nodes()
        if end != "end":
            raise self._wrong("a second {{else}}")
        return nodes

    def _call(self, keyword: str) -> Call:
        place = self._place
        name = self._name(keyword)
        self._skip()
        if keyword == "template" and self._peek().kind is Kind.RIGHT:
            self._take()
            return Call(place, name, None)
        pipe = self._pipe(keyword, Kind.RIGHT)
        if keyword == "block":
            self._define(name)
        return Call(place, name, pipe)

    def _name(self, context: str) -> str:
        self._skip()
        token = self._take()
        if token.kind not in (Kind.STRING, Kind.RAW):
            raise self._wrong(f"{{{{{context}}}}} needs a quoted name")
        return self._read(lambda: unquoted(token.text))

    # Pipelines.

    def _pipe(self, context: str, end: Kind) -> Pipe:
        place = self._place
        declared, assigns = self._declarations(context)
        commands: list[Command] = []
        while True:
            self._skip()
            token = self._peek()
            if token.kind is end:
                self._take()
                break
            if token.kind not in _STARTS and not (token.kind is Kind.KEYWORD and token.text == "nil"):
                raise self._wrong(f"unexpected {token.text!r}")
            commands.append(self._command())
        if not commands:
            raise self._wrong(f"missing value for {context}")
        for number_of, command in enumerate(commands[1:], 2):
            if isinstance(command.arguments[0], _LITERALS):
                raise self._wrong(f"step {number_of} of a pipeline is no function")
        return Pipe(place, declared, assigns, tuple(commands))

    def _declarations(self, context: str) -> tuple[tuple[str, ...], bool]:
        """Take `$x :=`, `$x =` or, of a range, `$i, $x :=`."""
        start = self._next
        names: list[str] = []
        while True:
            self._skip()
            if self._peek().kind is not Kind.VARIABLE:
                break
            names.append(self._take().text)
            self._skip()
            kind = self._peek().kind
            if kind in (Kind.ASSIGN, Kind.DECLARE):
                self._take()
                self._variables.extend(names)
                return tuple(names), kind is Kind.ASSIGN
            if kind is not Kind.COMMA or context != "range" or len(names) > 1:
                break
            self._take()
        if self._peek().kind is Kind.COMMA:
            raise self._wrong(f"too many variables in {context}")
        self._next = start
        return (), False

    def _command(self) -> Command:
        found: list[Operand] = []
        while True:
            self._skip()
            operand = self._operand()
            if operand is not None:
                found.append(operand)
            token = self._peek()
            if token.kind is Kind.SPACE:
                continue
            if token.kind is Kind.PIPE:
                self._take()
            elif token.kind not in (Kind.RIGHT, Kind.CLOSE):
                raise self._wrong(f"unexpected {token.text!r} between arguments")
            break
        if not found:
            raise self._wrong("an empty command")
        return Command(tuple(found))

    def _operand(self) -> Operand | None:
        node = self._term()
        if node is None or self._peek().kind is not Kind.FIELD:
            return node
        names: list[str] = []
        while self._peek().kind is Kind.FIELD:
            names.append(self._take().text[1:])
        match node:
            case Field():
                return Field((*node.names, *names))
            case Variable():
                return Variable(node.name, (*node.names, *names))
            case Pipe() | Identifier() | Chain():
                return Chain(node, tuple(names))
            case _:
                raise self._wrong(f"unexpected .{names[0]} after a literal")

    def _term(self) -> Operand | None:
        token = self._peek()
        if token.kind not in _STARTS and not (token.kind is Kind.KEYWORD and token.text == "nil"):
            return None
        self._take()
        simple: dict[Kind, Operand] = {Kind.KEYWORD: Nil(), Kind.DOT: Dot(), Kind.FIELD: Field((token.text[1:],))}
        if token.kind in simple:
            return simple[token.kind]
        match token.kind:
            case Kind.VARIABLE:
                return self._variable(token.text)
            case Kind.OPEN:
                return self._parenthesis()
            case Kind.WORD:
                return self._word(token.text)
            case _:
                return self._literal(token)

    def _parenthesis(self) -> Pipe:
        self._deeper()
        pipe = self._pipe("parenthesis", Kind.CLOSE)
        self._depth -= 1
        return pipe

    def _word(self, word: str) -> Operand:
        if word in ("true", "false"):
            return Bool(word == "true")
        problem = self._knows(word)
        if problem:
            raise self._wrong(problem)
        return Identifier(word)

    def _variable(self, name: str) -> Variable:
        if name not in self._variables:
            raise self._wrong(f"undefined variable {name}")
        return Variable(name, ())

    def _literal(self, token: Token) -> Operand:
        def read() -> Operand:
            if token.kind is Kind.NUMBER:
                return number(token.text)
            return character(token.text) if token.kind is Kind.CHARACTER else String(unquoted(token.text))

        return self._read(read)

    # Tokens.

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind is not Kind.END
        return token

    def _skip(self) -> None:
        while self._peek().kind is Kind.SPACE:
            self._next += 1

    def _expect(self, kind: Kind, context: str) -> None:
        self._skip()
        if self._take().kind is not kind:
            raise self._wrong(f"something is left over in {context}")

    def _is_keyword(self, word: str, *, after_left: bool) -> bool:
        place = self._next + (1 if after_left and self._peek().kind is Kind.LEFT else 0)
        if place == self._next:
            return False
        while self._tokens[place].kind is Kind.SPACE:
            place += 1
        return self._tokens[place].kind is Kind.KEYWORD and self._tokens[place].text == word

    def _open_place(self) -> None:
        """Remember the action that has just begun, for what is said about it."""
        start = self._peek().position
        end = self._source.find("}}", start)
        text = " ".join(self._source[start : end if end >= 0 else None].split())
        self._place = Place(line_of(self._source, start), text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooMuchError(f"{self._place}: nested deeper than {DEEPEST} levels")

    def _read(self, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except TemplateError as error:
            raise self._wrong(str(error)) from error

    def _wrong(self, words: str) -> TemplateError:
        return TemplateError(f"{self._place}: {words}")


def _is_blank(nodes: Nodes) -> bool:
    return all(isinstance(node, Text) and not node.value.strip() for node in nodes)
