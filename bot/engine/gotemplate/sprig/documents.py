"""JSON and YAML as Go writes them (`encoding/json`, `sigs.k8s.io/yaml`)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import yaml

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.numbers import json_number, shortest
from bot.engine.gotemplate.values import (
    DEEPEST,
    Budget,
    NoList,
    NoStrings,
    Record,
    TemplateError,
    TooMuchError,
    Value,
    as_bytes,
    as_go,
)

_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_LINES: Final = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\x7f"})


def to_json(budget: Budget, value: Value, *, html: bool = True, indent: str = "") -> str:
    """Write a value as `json.Marshal`: keys sorted, and `<`, `>` and `&` escaped unless `html` is false."""
    parts: list[str] = []
    _Json(budget, parts, html=html, indent=indent).write(value, 0)
    return "".join(parts)


class _Json:
    def __init__(self, budget: Budget, parts: list[str], *, html: bool, indent: str) -> None:
        self._budget = budget
        self._parts = parts
        self._html = html
        self._indent = indent

    def write(self, value: Value, depth: int) -> None:
        self._budget.spend()
        if depth > DEEPEST:
            raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
        match value:
            case dict() if value:
                self._items(
                    "{",
                    [(self._text(key) + (": " if self._indent else ":"), value[key]) for key in sorted(value)],
                    depth,
                )
            case list() if value:
                self._items("[", [("", one) for one in value], depth)
            case _:
                self._parts.append(self._scalar(value))

    def _items(self, bracket: str, items: list[tuple[str, Value]], depth: int) -> None:
        line = "\n" + self._indent * (depth + 1) if self._indent else ""
        self._budget.text(len(line) * len(items))
        self._parts.append(bracket)
        for place, (key, one) in enumerate(items):
            self._parts.append(("," if place else "") + line + key)
            self.write(one, depth + 1)
        self._parts.append(("\n" + self._indent * depth if self._indent else "") + {"{": "}", "[": "]"}[bracket])

    def _scalar(self, value: Value) -> str:
        if value is None or isinstance(value, (NoStrings, NoList)):
            return "null"
        if isinstance(value, (bool, list, dict)):
            return json.dumps(value)  # a list or mapping that gets here is empty
        if isinstance(value, float):
            return json_number(value)
        if isinstance(value, int):
            return str(int(value))
        return self._text(value.text if isinstance(value, Record) else value)

    def _text(self, text: str) -> str:
        self._budget.text(len(text))
        whole = as_bytes(text).decode("utf-8", errors="replace")
        written = json.dumps(whole, ensure_ascii=False).translate(_LINES)
        return written.translate(_HTML) if self._html else written


def _from_json(text: str) -> Value:
    """Read JSON; sprig's `fromJson` gives nothing for what is none."""
    try:
        return _strictly(text)
    except TooMuchError:
        raise
    except TemplateError:
        return None


def _strictly(text: str) -> Value:
    try:
        return as_go(json.loads(text, parse_int=float, parse_constant=_no_constant))
    except RecursionError as error:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels") from error
    except ValueError as error:
        raise TemplateError(f"this is not JSON: {error}") from error


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


# YAML.


_WHOLE: Final = 2.0**63
_TEXT: Final = "tag:yaml.org,2002:str"


class _Dumper(yaml.CSafeDumper):
    """Writes as go-yaml v2: what would be read as something else is quoted, lines are kept."""

    def ignore_aliases(self, data: Any) -> bool:
        return data is not None or data is None


_AMBIGUOUS: Final = re.compile(
    r"""~|null|Null|NULL|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE
    |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
    |[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)
    |[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?|""",
    re.VERBOSE,
)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    whole = as_bytes(text).decode("utf-8", errors="replace")
    if "\n" in whole:
        return dumper.represent_scalar(_TEXT, whole, style="|")
    return _represent_plain(dumper, whole) if not _AMBIGUOUS.fullmatch(whole) else _quoted(dumper, whole)


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_TEXT, text, style='"')


def _represent_float(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    whole = value.is_integer() and abs(value) < _WHOLE
    return _represent_plain(dumper, str(int(value)) if whole else shortest(value))


def _represent_plain(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Write without quotes: PyYAML quotes what it would not read as text, and go-yaml reads other things so."""
    return dumper.represent_scalar(dumper.resolve(yaml.ScalarNode, text, (True, False)), text)  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_float)


def to_yaml(budget: Budget, value: Value) -> str:
    """Write a value as Argo CD's `toYaml`."""
    to_json(budget, value)  # takes off what it costs, and refuses what is too large
    plain = _plain(value)
    return (
        str(yaml.dump(plain, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=80))
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def _plain(value: Value) -> Any:
    """Return a value in types that PyYAML knows; booleans count as integers in Python, and are not to."""
    if isinstance(value, (NoStrings, NoList)):
        return None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Record):
        return value.text
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


DOCUMENTS: Final[Table] = {
    "fromJson": takes("string", _from_json),
    "mustFromJson": takes("string", _strictly),
    "mustToJson": takes("$ any", to_json),
    "mustToPrettyJson": takes("$ any", lambda budget, value: to_json(budget, value, indent="  ")),
    "mustToRawJson": takes("$ any", lambda budget, value: to_json(budget, value, html=False)),
    "toJson": takes("$ any", to_json),
    "toPrettyJson": takes("$ any", lambda budget, value: to_json(budget, value, indent="  ")),
    "toRawJson": takes("$ any", lambda budget, value: to_json(budget, value, html=False)),
    "toYaml": takes("$ any", to_yaml),
}
