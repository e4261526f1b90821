"""Requests and answers as the routes see them: who calls, about which project, with what; no Flask here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ForesailError
from bot.sandbox.forge.accounts import Account
from bot.sandbox.gitlab.state import MergeRequest, Note, Project, Token, World

_PAGE_SIZE, _LARGEST_PAGE = 20, 100


class Refusal(ForesailError):  # noqa: N818 - the name says what GitLab does
    """GitLab's refusal of a request; `body` is its JSON, or plain text."""

    def __init__(self, status: HTTPStatus, body: Any, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def not_found(what: str = "") -> Refusal:
    """Return the refusal for what is not there, or not for this caller."""
    return Refusal(HTTPStatus.NOT_FOUND, {"message": " ".join(part for part in ("404", what, "Not Found") if part)})


def forbidden() -> Refusal:
    """Return the refusal for what the account's role does not allow."""
    return Refusal(HTTPStatus.FORBIDDEN, {"message": "403 Forbidden"})


def bad_request(message: Any) -> Refusal:
    """Return the refusal of a body that makes no sense."""
    return Refusal(HTTPStatus.BAD_REQUEST, {"message": message})


class Form(BaseModel):
    """Base of request bodies: unknown fields are ignored as GitLab does."""

    model_config = ConfigDict(extra="ignore", frozen=True)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the stand-in answers; `body` None means no content."""

    body: Any = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated and matched to a route."""

    world: World
    token: Token | None
    params: Mapping[str, str]
    query: Mapping[str, str]
    json: Any = None
    target: Project | None = None

    @property
    def project(self) -> Project:
        """The project the path names."""
        if self.target is None:
            raise not_found("Project")
        return self.target

    @property
    def account(self) -> Account:
        """Whoever acts."""
        if self.token is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, {"message": "401 Unauthorized"})
        return self.token.user

    def form(self, model: type[F]) -> F:
        """Read the body; Refusal (400) names the wrong fields."""
        try:
            return model.model_validate(self.json or {})
        except ValidationError as error:
            kinds = {"missing": "is missing", "literal_error": "does not have a valid value"}
            faults = [
                f"{'.'.join(map(str, one['loc']))} {kinds.get(one['type'], 'is invalid')}" for one in error.errors()
            ]
            raise Refusal(HTTPStatus.BAD_REQUEST, {"error": ", ".join(faults)}) from error

    def pull(self) -> MergeRequest:
        """Return the merge request the path names."""
        found = self.project.pulls.get(self.number("merge_request_iid"))
        if found is None:
            raise not_found()
        return found

    def note(self) -> Note:
        """Return the note the path names, which is on the merge request that it names too."""
        found = self.project.notes.get(self.number("note_id"))
        if found is None or found.pull is not self.pull():
            raise not_found("Note")
        return found

    def number(self, name: str) -> int:
        """Return a numeric part of the path."""
        if not self.params[name].isdecimal():
            raise Refusal(HTTPStatus.BAD_REQUEST, {"error": f"{name} is invalid"})
        return int(self.params[name])

    def page(self, items: Sequence[Any]) -> Answer:
        """Answer with one page of `items`: https://docs.gitlab.com/api/rest/#offset-based-pagination."""
        size = min(max(_integer(self.query.get("per_page"), _PAGE_SIZE), 1), _LARGEST_PAGE)
        page = max(_integer(self.query.get("page"), 1), 1)
        last = max(1, -(-len(items) // size))
        headers = {
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Total": str(len(items)),
            "X-Total-Pages": str(last),
            "X-Next-Page": str(page + 1) if page < last else "",
            "X-Prev-Page": str(page - 1) if page > 1 else "",
        }
        return Answer(list(items[(page - 1) * size : page * size]), headers=headers)


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the API's table."""

    method: str
    template: str
    """As GitLab's documentation writes it, `/projects/:id/merge_requests/:merge_request_iid`."""
    handler: Callable[[Call], Answer]
    level: int = 0
    """Role that it takes; 0: whoever may see the project."""
    is_note: bool = False
    """Whether the limit on new notes counts it."""


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default
