"""Pull requests that Foresail opens: https://docs.github.com/en/rest/pulls/pulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.forges.github.errors import Invalid
from bot.forges.github.names import is_full_name
from bot.forges.github.payload import read_change
from bot.forges.names import is_branch, is_sha
from bot.forges.port import GitCredentials
from bot.model.changes import Change, ChangeState, Repository
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from bot.forges.github.asking import Asking
    from bot.forges.port import Opening

GIT_USER: Final = "x-access-token"
"""https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation"""
_READY: Final = frozenset({"clean", "has_hooks"})
"""Mergeable, and every status and check passed: https://docs.github.com/en/graphql/reference/enums#mergestatestatus"""
_METHODS: Final = ("merge", "squash", "rebase")
_NOT_ALLOWED: Final = "not allowed"
"""GitHub's words, with 405, about a way to merge that a repository does not have."""


class GitHubProposals:
    """What opens pull requests (bot.forges.port.Proposals)."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def of_branch(self, repository: Repository, branch: str) -> tuple[Change, ...]:
        """Return the pull requests of a branch."""
        _check_branch(branch)
        query = {"state": "all", "head": f"{repository.full_name.partition('/')[0]}:{branch}"}
        found = self._asking.pages("/pulls", repository, query=query)
        return tuple(one for each in found if not (one := read_change(each, repository)).from_fork)

    def open(self, repository: Repository, opening: Opening) -> Change:
        """Open a pull request; GitHub refuses a second one of a branch."""
        _check_branch(opening.branch)
        self._asking.take(repository, Charge.CONTENT, whose=f"a change from {opening.branch}")
        body = {"title": opening.title, "head": opening.branch, "base": opening.base, "body": opening.body}
        try:
            return read_change(self._asking.ask("POST", "/pulls", repository, body=body).payload, repository)
        except Invalid:
            found = [one for one in self.of_branch(repository, opening.branch) if one.state is ChangeState.OPEN]
            if not found:
                raise
            return found[0]

    def close(self, repository: Repository, number: int) -> None:
        """Close a pull request."""
        self._asking.take(repository, Charge.CONTENT, whose=f"closing #{int(number)}")
        self._asking.ask("PATCH", f"/pulls/{int(number)}", repository, body={"state": "closed"})

    def merge(self, repository: Repository, number: int, head_sha: str) -> str:
        """Merge a pull request: https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request."""
        found = self._asking.ask("GET", f"/pulls/{int(number)}", repository).payload
        state = found.find("mergeable_state")
        said = "" if state is None else state.text()
        if not is_sha(head_sha) or found.at("head", "sha").sha() != head_sha:
            return "its head has moved"
        if said not in _READY:
            return f"GitHub says that it is {said or 'unknown'}"
        for method in _METHODS:
            self._asking.take(repository, Charge.CONTENT, whose=f"merging #{int(number)}")
            body: Mapping[str, Any] = {"sha": head_sha, "merge_method": method}
            try:
                self._asking.ask("PUT", f"/pulls/{int(number)}/merge", repository, body=body, writing=True)
            except Invalid as error:
                if _NOT_ALLOWED not in error.message:
                    return error.message
            else:
                return ""
        return "the repository allows no way to merge"

    def push_credentials(self, repository: Repository) -> GitCredentials:
        """Return a token that may write this one repository's contents."""
        if not is_full_name(repository.full_name):
            raise Rejected(f"{repository.full_name!r} is not a repository's owner/name")
        return GitCredentials(GIT_USER, self._asking.credentials.write_token(repository))


def _check_branch(branch: str) -> None:
    if not is_branch(branch):
        raise Rejected(f"{branch!r} is not a branch's name")
