"""Rego files before the engine sees them: what they declare, and what the engine would let pass without a word.

A rule that cannot work must not allow: rego-cpp 1.5 takes a variable that nothing binds, a built-in function that it
lacks and an import of nothing for undefined, so that the rule around it says nothing. OPA refuses the first two.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.errors import Rejected

_STRINGS_AND_COMMENTS: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*')
_PACKAGE: Final = re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.MULTILINE)
_RULE: Final = re.compile(
    r"^(?:default[ \t]+)?((?:deny|violation|warn|exception)(?:_\w+)?)(?=[\s\[{:=]|$)", re.MULTILINE
)
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?", re.MULTILINE)
_CALL: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.\w+)+)\(")
_SET_HEAD: Final = re.compile(r"^([A-Za-z_]\w*)\[", re.MULTILINE)
_WORD: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)")
_HEAD_OF_REFERENCE: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)[.\[]")
_AT_MARGIN: Final = re.compile(r"(?:default[ \t]+)?([A-Za-z_]\w*)")
_COMPARED: Final = re.compile(
    r"(?<![\w.\])}])([A-Za-z_]\w*)[ \t]*(?:==|!=|<=|>=|<|>)|(?:==|!=|<=|>=|<|>)[ \t]*([A-Za-z_]\w*)(?![\w.(\[])"
)
_WORDS_OF_REGO: Final = frozenset(
    {
        *("as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input", "not", "null"),
        *("package", "some", "true", "with"),
    }
)
_REFUSED: Final = frozenset({"opa.runtime"})
"""Functions that tell of the machine."""


@dataclass(frozen=True, slots=True)
class Module:
    """One Rego file."""

    name: str
    package: str
    rules: tuple[str, ...]
    """Its rules that have something to say: `deny_latest`, `warn`, `exception`."""
    text: str
    """As the engine is to read it."""
    imports: tuple[tuple[str, int], ...]
    """What it takes from other modules (`lib.kubernetes`), with the line."""


def read(files: Mapping[str, str], *, is_builtin: Callable[[str], bool]) -> list[Module]:
    """Read all files; Rejected names one, and the line, when its rules could not work."""
    pieces = [_Piece.of(name, text) for name, text in files.items()]
    declared: dict[str, set[str]] = defaultdict(set)
    for piece in pieces:
        declared[piece.package].update(_declared(piece.bare))
    modules = []
    for piece in pieces:
        piece.refuse_wrong(declared[piece.package], is_builtin)
        modules.append(piece.module)
    _refuse_missing(modules)
    return modules


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file with its strings and comments blanked."""

    name: str
    text: str
    bare: str
    package: str
    imports: tuple[tuple[str, str, int], ...]
    """Path, alias and place."""

    @classmethod
    def of(cls, name: str, text: str) -> _Piece:
        bare = _STRINGS_AND_COMMENTS.sub(_blanked, text)
        package = _PACKAGE.search(bare)
        if package is None:
            raise Rejected(f"{name}: line 1: a Rego file begins with its package")
        imports = tuple((found[1], found[2] or "", found.start()) for found in _IMPORT.finditer(bare))
        return cls(name, text, bare, package[1], imports)

    @property
    def module(self) -> Module:
        return Module(
            name=self.name,
            package=self.package,
            rules=tuple(dict.fromkeys(_RULE.findall(self.bare))),
            text=_with_sets(self.text, self.bare),
            imports=tuple(
                (path.removeprefix("data."), _line(self.text, start))
                for path, _, start in self.imports
                if path.startswith("data.")
            ),
        )

    def refuse_wrong(self, declared: set[str], is_builtin: Callable[[str], bool]) -> None:
        """Raise Rejected for the first name that means nothing; `declared` are the rules of its package."""
        aliases = {alias or path.rpartition(".")[2] for path, alias, _ in self.imports}
        known = {*_WORDS_OF_REGO, *aliases, *declared}
        wrong = [*_unknown_calls(self.bare, {"data", *aliases}, is_builtin), *_unbound(self.bare, known)]
        for start, words in sorted(wrong)[:1]:
            raise Rejected(f"{self.name}: line {_line(self.text, start)}: {words}")


def _refuse_missing(modules: list[Module]) -> None:
    """Raise Rejected when a module imports what no module has."""
    packages = {module.package for module in modules}
    for module in modules:
        for path, line in module.imports:
            if not any(f"{path}.".startswith(f"{one}.") or f"{one}.".startswith(f"{path}.") for one in packages):
                raise Rejected(f"{module.name}: line {line}: no policy here has the package of data.{path}")


def line_at(text: str, place: int) -> int:
    """Return the line, from 1, in which a byte of the text stands."""
    return text.encode()[:place].count(b"\n") + 1


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _blanked(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _unknown_calls(bare: str, elsewhere: set[str], is_builtin: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    for found in _CALL.finditer(bare):
        name = found[1]
        if name.partition(".")[0] in elsewhere:
            continue
        if name in _REFUSED or not is_builtin(name):
            yield found.start(), f"the function {name} is not there for policies"


def _unbound(bare: str, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield variables that can have no value: only ever looked into, or named once, in a comparison."""
    code = _IMPORT.sub(_blanked, _PACKAGE.sub(_blanked, bare))
    calls = {found.start() for found in _CALL.finditer(code)}
    words = Counter(_WORD.findall(code))
    heads = [found for found in _HEAD_OF_REFERENCE.finditer(code) if found.start() not in calls]
    looked_into = Counter(found[1] for found in heads)
    for found in heads:
        if found[1] not in known and looked_into[found[1]] == words[found[1]]:
            yield found.start(), f"{found[1]} has no value here"
    for found in _COMPARED.finditer(code):
        name = found[1] or found[2]
        if name not in known and words[name] == 1 and name != "_":
            yield found.start(found.lastindex or 0), f"{name} has no value here"


def _declared(bare: str) -> Iterator[str]:
    """Yield the names of rules: what stands at the margin and in no brackets."""
    depth = 0
    for line in bare.split("\n"):
        if depth == 0 and (found := _AT_MARGIN.match(line)):
            yield found[1]
        depth += sum(line.count(one) for one in "{[(") - sum(line.count(one) for one in "}])")


def _with_sets(text: str, bare: str) -> str:
    """Write sets as Rego has them since OPA 1.0: the engine takes `deny[msg] { … }` for a mapping."""
    written, at = "", 0
    for found in _SET_HEAD.finditer(bare):
        end = _closing(bare, found.end())
        if end and (body := re.match(r"\s*(?=\{)", bare[end:])):
            written += f"{text[at : found.end() - 1]} contains {text[found.end() : end - 1]} if{body[0] or ' '}"
            at = end + body.end()
    return written + text[at:]


def _closing(bare: str, start: int) -> int:
    """Return the place behind the bracket that closes the one before `start`; 0 when nothing does."""
    depth = 1
    for found in re.compile(r"[\[\]]").finditer(bare, start):
        depth += 1 if found[0] == "[" else -1
        if not depth:
            return found.end()
    return 0
