"""GitLab's JSON: what the forges' payloads have in common, and GitLab's own names and objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.names import is_full_name, is_username
from bot.forges.payload import Payload as AnyPayload
from bot.model.changes import Change, ChangeState, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

_GHOST: Final = "ghost"
"""Who GitLab names as the author of what a deleted account wrote."""
_STATES: Final[Mapping[str, ChangeState]] = MappingProxyType(
    {
        "opened": ChangeState.OPEN,
        "locked": ChangeState.OPEN,  # while it is merged
        "closed": ChangeState.CLOSED,
        "merged": ChangeState.MERGED,
    }
)


class BadAnswer(Temporary):
    """GitLab, or what stands in its place, answered with something else than it documents."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"GitLab's answer makes no sense: {field or 'the whole'} must be {expected}", retry_after=30.0)


@dataclass(frozen=True, slots=True)
class Payload(AnyPayload):
    """A value inside GitLab's JSON and the way to it."""

    def username(self) -> str:
        """Return the account's name here."""
        return self.text_that(is_username, "an account's name")

    def full_name(self) -> str:
        """Return the project's name here."""
        return self.text_that(is_full_name, "group/project")


def read_repository(payload: Payload, *, clone_url: str) -> Repository:
    """Read a project; the field `clone_url` must end in its own name, since git's credentials go there."""
    full_name = payload.at("path_with_namespace").full_name()
    address = payload.at(clone_url)
    if not address.web_address().lower().endswith(f"/{full_name.lower()}.git"):
        raise address.wrong(address.path, "the project's own URL")
    branch = payload.find("default_branch")  # a project without commits has none
    repository = Repository(full_name=full_name, clone_url=address.value, mark="!")
    return repository if branch is None else replace(repository, default_branch=branch.branch())


def read_change(payload: Payload, repository: Repository) -> Change:
    """Read a merge request, from a list or alone: https://docs.gitlab.com/api/merge_requests/."""
    state = payload.at("state")
    if state.text() not in _STATES:
        raise state.wrong(state.path, "a merge request's state")
    source, number = payload.find("source_project_id"), payload.at("iid").number()
    if payload.find("sha") is None:
        raise Rejected(f"{repository.full_name}!{number} has no commits")
    return Change(
        repository=repository,
        number=number,
        title=payload.at("title").text(),
        author=_GHOST if (user := payload.find("author")) is None else user.at("username").username(),
        state=_STATES[state.text()],
        draft=(draft := payload.find("draft")) is not None and draft.flag(),
        base_branch=payload.at("target_branch").branch(),
        base_sha=_base(payload),
        head_sha=payload.at("sha").sha(),
        # a fork that was deleted leaves the source without a project
        from_fork=source is None or source.number() != payload.at("target_project_id").number(),
        url=payload.at("web_url").web_address(),
        labels=tuple(one.text() for one in payload.at("labels").items()),
        merge_sha=landed_as(payload, head=payload.at("sha")) if state.text() == "merged" else "",
        head_branch=payload.at("source_branch").branch(),
    )


def landed_as(payload: Payload, *, head: Payload) -> str:
    """Return the commit of the target branch that a merge made, which a fast-forward made of the head itself."""
    commit = payload.find("merge_commit_sha") or payload.find("squash_commit_sha") or head
    return commit.sha()


def _base(payload: Payload) -> str:
    """Return where the target branch was when the merge request was pushed to; lists do not say, nor do new ones."""
    refs = payload.find("diff_refs")
    start = None if refs is None else refs.find("start_sha")
    return "" if start is None else start.sha()
