"""GitHub's JSON: what the forges' payloads have in common, and GitHub's own names and objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.errors import Temporary
from bot.forges.github.names import is_full_name, is_login
from bot.forges.payload import Payload as AnyPayload
from bot.model.changes import Change, ChangeState, Repository

_GHOST: Final = "ghost"
"""Who GitHub names as the author of what a deleted account wrote."""


class BadAnswer(Temporary):
    """GitHub, or what stands in its place, answered with something else than it documents."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"GitHub's answer makes no sense: {field or 'the whole'} must be {expected}", retry_after=30.0)


@dataclass(frozen=True, slots=True)
class Payload(AnyPayload):
    """A value inside GitHub's JSON and the way to it."""

    def login(self) -> str:
        """Return the account's name here."""
        return self.text_that(is_login, "an account's name")

    def full_name(self) -> str:
        """Return the repository's name here."""
        return self.text_that(is_full_name, "owner/name")


def read_repository(payload: Payload, *, installation: int | None) -> Repository:
    """Read a repository object; its clone URL must end in its own name, since git's credentials go there."""
    full_name = payload.at("full_name").full_name()
    clone_url = payload.at("clone_url")
    if not clone_url.web_address().lower().endswith(f"/{full_name.lower()}.git"):
        raise clone_url.wrong(clone_url.path, "the repository's own URL")
    return Repository(
        full_name=full_name,
        clone_url=clone_url.value,
        installation=installation,
        default_branch=payload.at("default_branch").branch(),
    )


def read_change(payload: Payload, repository: Repository) -> Change:
    """Read a pull request, from a list or alone: https://docs.github.com/en/rest/pulls/pulls."""
    head, base = payload.at("head"), payload.at("base")
    source = head.find("repo")
    merged = payload.find("merged_at") is not None
    return Change(
        repository=repository,
        number=payload.at("number").number(),
        title=payload.at("title").text(),
        author=_GHOST if (user := payload.find("user")) is None else user.at("login").login(),
        state=_state(payload, merged=merged),
        draft=(draft := payload.find("draft")) is not None and draft.flag(),
        base_branch=base.at("ref").branch(),
        base_sha=base.at("sha").sha(),
        head_sha=head.at("sha").sha(),
        # a fork that was deleted leaves head.repo null
        from_fork=source is None or source.at("id").number() != base.at("repo", "id").number(),
        url=payload.at("html_url").web_address(),
        labels=tuple(one.at("name").text() for one in payload.at("labels").items()),
        # while a change is open, this field names the commit of a trial merge
        merge_sha=payload.at("merge_commit_sha").sha() if merged else "",
        head_branch=head.at("ref").branch(),
    )


def _state(payload: Payload, *, merged: bool) -> ChangeState:
    if merged:
        return ChangeState.MERGED
    return ChangeState.OPEN if payload.at("state").text() == "open" else ChangeState.CLOSED
