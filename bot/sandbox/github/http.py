"""Requests and answers as the routes see them: who calls, about which repository, with what; no Flask here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ForesailError
from bot.sandbox.forge.accounts import Account
from bot.sandbox.github.state import App, Comment, Installation, PullRequest, Repository, World

DOCUMENTATION = "https://docs.github.com/rest"
_PAGE_SIZE, _LARGEST_PAGE = 30, 100


class Refusal(ForesailError):  # noqa: N818 - the name says what GitHub does
    """GitHub's refusal of a request: status, message and, for 422, what is wrong with which field."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return {**body, "documentation_url": DOCUMENTATION}


def not_found() -> Refusal:
    """Return the refusal for what is not there, or not for this caller."""
    return Refusal(HTTPStatus.NOT_FOUND, "Not Found")


def invalid(resource: str, field_name: str, *, code: str = "invalid", message: str = "") -> Refusal:
    """Return the refusal of a body with one wrong field."""
    error = {"resource": resource, "field": field_name, "code": code}
    if message:
        error["message"] = message
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=[error])


class Audience(StrEnum):
    """Who may call a route."""

    APP = "app"
    """The App itself, with its JSON web token."""
    INSTALLATION = "installation"
    """An installation's token only."""
    ANYONE = "anyone"
    """Any valid token; nobody at all where the repository is public."""
    ANYBODY = "anybody"
    """Everyone, the App with its JSON web token too."""


class Form(BaseModel):
    """Base of request bodies: strict types, and unknown fields are ignored as GitHub does."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sent a request, and what the credentials allow."""

    name: str
    """Whom rate limits are counted for."""
    account: Account | None = None
    """Who comments and statuses are by; None for an anonymous caller and for an App's JSON web token."""
    app: App | None = None
    installation: Installation | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    """An installation token's permissions: read, write or admin by name."""
    repository_ids: frozenset[int] | None = None
    """Repositories an installation token is limited to; None: no such limit."""


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
    actor: Actor
    path: str
    """Below the API's root, without the query."""
    params: Mapping[str, str]
    query: Mapping[str, str]
    json: Any = None
    target: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository the path names."""
        if self.target is None:
            raise not_found()
        return self.target

    @property
    def account(self) -> Account:
        """Whoever acts."""
        if self.actor.account is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Requires authentication")
        return self.actor.account

    def form(self, model: type[F]) -> F:
        """Read the body; Refusal (422) names each wrong field."""
        if not isinstance(self.json or {}, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Body should be a JSON object")
        try:
            return model.model_validate(self.json or {})
        except ValidationError as error:
            raise _unprocessable(model, error) from error

    def pull(self, name: str = "pull_number") -> PullRequest:
        """Return the pull request the path names."""
        found = self.repository.pulls.get(self.number(name))
        if found is None:
            raise not_found()
        return found

    def comment(self) -> Comment:
        """Return the comment the path names."""
        found = self.repository.comments.get(self.number("comment_id"))
        if found is None:
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """Return a numeric part of the path."""
        if not self.params[name].isdecimal():
            raise not_found()
        return int(self.params[name])

    @property
    def page_size(self) -> int:
        """How many items a page holds: 30 unless asked for another number, 100 at most."""
        return min(max(_integer(self.query.get("per_page"), _PAGE_SIZE), 1), _LARGEST_PAGE)

    def page(self, items: Sequence[Any], *, wrap: Callable[[list[Any]], Any] = list) -> Answer:
        """Answer with one page of `items` and a Link header to the others; `wrap` makes the body of its items."""
        size = self.page_size
        page = max(_integer(self.query.get("page"), 1), 1)
        last = max(1, -(-len(items) // size))
        links = self._links(page=page, last=last)
        headers = {"Link": links} if links else {}
        return Answer(wrap(list(items[(page - 1) * size : page * size])), headers=headers)

    def _links(self, *, page: int, last: int) -> str:
        wanted: dict[str, int] = {}
        if page > 1:
            wanted |= {"prev": page - 1, "first": 1}
        if page < last:
            wanted |= {"next": page + 1, "last": last}
        root = f"{self.world.api}{self.path}"
        return ", ".join(
            f'<{root}?{urlencode({**self.query, "page": number})}>; rel="{relation}"'
            for relation, number in wanted.items()
        )


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the API's table."""

    method: str
    template: str
    """As GitHub's API description writes it: `/repos/{owner}/{repo}/pulls/{pull_number}`."""
    handler: Callable[[Call], Answer]
    needs: tuple[str, ...] = ()
    """Permissions of which a token must have one, as `name:level`."""
    audience: Audience = Audience.ANYONE
    creates_content: bool = False
    """Whether the secondary limit on content counts it.

    GitHub names no list. Here it is what people see and may be notified of, changes to it too, to be on the safe side;
    a commit status is not, and its documentation has no word of that limit, which others' has.
    """


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _unprocessable(model: type[Form], error: ValidationError) -> Refusal:
    resource = model.__name__.removesuffix("Form")
    errors = []
    for problem in error.errors():
        code = "missing_field" if problem["type"] == "missing" else "invalid"
        errors.append({"resource": resource, "field": ".".join(map(str, problem["loc"])), "code": code})
        if problem["type"] == "value_error":
            errors[-1] |= {"code": "custom", "message": str(problem["ctx"]["error"])}
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=errors)
