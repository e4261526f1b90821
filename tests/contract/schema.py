"""GitHub's published description as a judge of what the stand-in answers and sends, and of what it is asked.

The pydantic models of `githubkit-schemas` are generated from https://github.com/github/rest-api-description. Which
model belongs to which route is read from the clients generated beside them, so nothing here repeats the description.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Union

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.sandbox.forge.exchanges import Exchange
from bot.sandbox.forge.webhooks import Delivery
from bot.sandbox.github.routes import ROUTES

_CLIENTS = ("apps", "checks", "git", "issues", "pulls", "rate_limit", "reactions", "repos", "teams", "users")
_OLDER_FIELDS = frozenset({"merge_commit_sha", "assignee", "rate"})
"""Answered to API version 2022-11-28 and gone from the newest one, which the models describe."""

_LABEL_FIELDS = frozenset({"archived_at", "archived_by"})
"""Fields of a label that the description demands in one answer and does not know in the next."""

_TEAM_FIELDS = frozenset({"parent", "type"})
"""The same of a team that is asked for a review."""

_OLD_ADDRESSES = {"/repos/{owner}/{repo}/statuses/{ref}": "/repos/{owner}/{repo}/commits/{ref}/statuses"}
"""Where GitHub still answers, PyGithub still asks, and the description no longer looks."""


class SchemaMismatchError(AssertionError):
    """Something crossed the boundary that GitHub's description does not know; the message lists all of it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What the description says about one method of one path."""

    answer: Any
    """Type of the answer when all is well; None: it has no body."""
    body: Any
    """Type of the request's body; None: it takes none."""
    errors: Mapping[int, Any]


def assert_exchanges_conform(exchanges: Iterable[Exchange]) -> None:
    """Hold every request and its answer against the description; SchemaMismatchError lists what does not fit."""
    _raise([f"{one.method} {one.path} → {one.status}: {what}" for one in exchanges for what in _judge_exchange(one)])


def assert_deliveries_conform(deliveries: Iterable[Delivery]) -> None:
    """Hold every webhook's payload against the description; SchemaMismatchError lists what does not fit."""
    _raise(
        [
            f"webhook {one.event.name} {one.event.action or ''}: {what}"
            for one in deliveries
            for what in _judge(_webhook_type(one.event.name, one.event.action), json.loads(one.body))
        ]
    )


@cache
def published() -> Mapping[tuple[str, str], Operation]:
    """Return the description's operations that the stand-in has too, by method and path template."""
    package = Path(_package().__path__[0])
    wanted = {(route.method, route.template) for route in ROUTES}
    operations = {}
    for name in _CLIENTS:
        tree = ast.parse((package / "rest" / f"{name}.py").read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and (key := _key(function)) in wanted:
                operations[key] = _operation(function)
    return operations


def _raise(problems: list[str]) -> None:
    if problems:
        raise SchemaMismatchError("\n".join(sorted(set(problems))))


def _judge_exchange(one: Exchange) -> Iterator[str]:
    if not one.template:
        return
    operation = published().get((one.method, _OLD_ADDRESSES.get(one.template, one.template)))
    if operation is None:
        yield "the description has no such operation"
        return
    if one.body is not None and one.status < HTTPStatus.BAD_REQUEST:
        yield from (f"request {what}" for what in _judge(operation.body, one.body))
    if one.status == HTTPStatus.NOT_MODIFIED:
        return
    fallback = _models().BasicError
    failed = one.status >= HTTPStatus.BAD_REQUEST
    expected = operation.errors.get(one.status, fallback) if failed else operation.answer
    yield from (f"answer {what}" for what in _judge(expected, one.answer))


def _judge(expected: Any, said: Any) -> Iterator[str]:
    if expected is None:
        if said is not None:
            yield "has a body where none belongs"
        return
    try:
        value = TypeAdapter(expected).validate_json(json.dumps(said), strict=True)
    except ValidationError as error:
        for problem in error.errors():
            yield f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        return
    for name in _unknown(value, said, place=""):
        yield f"{name}: is not in the description"


def _unknown(value: Any, said: Any, *, place: str) -> Iterator[str]:
    """Yield the fields that were said and that the model, which ignores them, does not have."""
    if isinstance(value, list):
        for index, (item, raw) in enumerate(zip(value, said, strict=True)):
            yield from _unknown(item, raw, place=f"{place}.{index}")
    if not isinstance(value, BaseModel) or value.model_config.get("extra") == "allow":
        return
    names = {field.alias or name: name for name, field in type(value).model_fields.items()}
    for key, raw in said.items():
        if key in names:
            yield from _unknown(getattr(value, names[key]), raw, place=f"{place}.{key}")
        elif key not in _OLDER_FIELDS | _LABEL_FIELDS | (_TEAM_FIELDS if "requested_team" in place else frozenset()):
            yield f"{place}.{key}".lstrip(".")


@cache
def _models() -> Any:
    return importlib.import_module("githubkit_schemas.latest.models")


@cache
def _package() -> Any:
    version = str(_models().Label.__module__).split(".")[1]
    return importlib.import_module(f"githubkit_schemas.{version}")


@cache
def _webhook_type(event: str, action: str | None) -> Any:
    module = importlib.import_module(f"{_package().__name__}.webhooks.{event}")
    return module.Event if action is None else module.action_types[action]


def _key(function: ast.FunctionDef) -> tuple[str, str]:
    """Return method and path template of a generated client's method; empty for anything else."""
    url = method = ""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "url":
            url = _template(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._github.request":
            method = str(ast.literal_eval(node.args[0]))
    return method, url


def _operation(function: ast.FunctionDef) -> Operation:
    """Read a generated client's method: the body it validates, the models it expects."""
    body: Any = None
    given: dict[str | None, ast.expr] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "type_validate_python" and ast.unparse(node.args[1]) == "json":
            body = _type(node.args[0])
        elif called == "self._github.request":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
    answer = _type(given["response_model"]) if "response_model" in given else None
    return Operation(answer=answer, body=body, errors=_errors(given.get("error_models")))


def _errors(node: ast.expr | None) -> Mapping[int, Any]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {int(ast.literal_eval(key)): _type(value) for key, value in pairs if key is not None}


def _template(node: ast.expr) -> str:
    if not isinstance(node, ast.JoinedStr):
        return str(ast.literal_eval(node))
    parts = [f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else part for part in node.values]
    return "".join(part if isinstance(part, str) else str(ast.literal_eval(part)) for part in parts)


def _type(node: ast.expr) -> Any:
    """Return the type an annotation names: models, lists, unions, None."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(builtins, node.id, None) or getattr(_models(), node.id)
    if not isinstance(node, ast.Subscript):
        raise TypeError(ast.unparse(node))
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    match ast.unparse(node.value):
        case "Union":
            return Union[tuple(_type(part) for part in parts)]  # noqa: UP007 - the members are known only here
        case "Annotated":
            return _type(parts[0])
        case "list":
            return list[_type(parts[0])]  # type: ignore[misc]  # the item's type is known only here
    raise TypeError(ast.unparse(node))
