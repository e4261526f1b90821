"""The forge port on GitHub: each method is the request it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.forges.github.api import Api, pages
from bot.forges.github.asking import Asking, check, whole_sha
from bot.forges.github.auth import (
    APP_SETTINGS,
    TOKEN_SETTING,
    AppCredentials,
    Credentials,
    NoCredentials,
    PersonalCredentials,
)
from bot.forges.github.deployments import Deployments
from bot.forges.github.errors import Invalid, NotFound
from bot.forges.github.labels import LONGEST_STORY, is_about, who_put
from bot.forges.github.names import is_full_name, is_login
from bot.forges.github.payload import Payload, read_change, read_repository
from bot.forges.github.proposing import GIT_USER, GitHubProposals
from bot.forges.github.reviews import Reviews
from bot.forges.github.statuses import Statuses
from bot.forges.github.teams import Teams
from bot.forges.github.tokens import fits_a_header
from bot.forges.names import is_branch
from bot.forges.port import Comment, GitCredentials, Labelled, NotOurs, Pace, Reaction, Said, Unpaced
from bot.model.changes import Change, CommitStatus, Permission, Repository
from bot.model.deployments import Deployed, Deployment
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings

_FINER: Final[Mapping[tuple[str, str], Permission]] = {
    ("write", "maintain"): Permission.MAINTAIN,
    ("read", "triage"): Permission.TRIAGE,
}
"""Roles that say more than the permission they include; a custom role's name says nothing to us."""


class GitHub:
    """A forge as Foresail sees it (bot.forges.port.Forge), for github.com and GitHub Enterprise Server."""

    def __init__(self, api: Api, credentials: Credentials, pace: Pace, *, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._asking = Asking(api, credentials, pace)
        self._statuses = Statuses(self._asking, clock)
        self._deployments = Deployments(self._asking)
        self._teams = Teams(self._asking)
        self._reviews = Reviews(self._asking)

    @classmethod
    def from_settings(
        cls, settings: Settings, *, pace: Pace | None = None, clock: Callable[[], float] = time.time
    ) -> GitHub:
        """Be the App of the settings, else the person of the token, else nobody: then every call is Rejected."""
        key, app_id, token = settings.private_key, settings.github_app_id, _personal_token(settings)
        is_app = bool(key) and app_id is not None
        setting = APP_SETTINGS if is_app or not token else TOKEN_SETTING
        api = Api(settings.github_url, timeout=settings.forge_timeout, setting=setting, clock=clock)
        credentials: Credentials = NoCredentials(_missing(key=bool(key), app_id=app_id is not None))
        if key and app_id is not None:
            credentials = AppCredentials(api, app_id=app_id, private_key=key, clock=clock)
        elif token:
            credentials = PersonalCredentials(api, token=token)
        return cls(api, credentials, pace or Unpaced(), clock=clock)

    @property
    def proposals(self) -> GitHubProposals:
        """What opens pull requests."""
        return GitHubProposals(self._asking)

    def repositories(self) -> Iterator[Repository]:
        """Yield what the App is installed on (one more request for each installation), or the person may push to."""
        for listing in self._credentials.listings():
            for found in pages(listing.get, listing.path, inside=listing.inside):
                if _can_be_written(found, by_person=listing.installation is None):
                    yield read_repository(found, installation=listing.installation)

    def repository(self, full_name: str) -> Repository:
        """Find a repository; the first time costs one request more, for the App's installation."""
        if not is_full_name(full_name):
            raise NotOurs(f"{full_name!r} is not a repository's owner/name")
        try:
            answer = self._asking.ask("GET", "", Repository(full_name, clone_url=""))
        except NotFound as error:
            raise NotOurs(error.message, remedy=error.remedy) from error
        return read_repository(answer.payload, installation=self._credentials.installation_of(full_name))

    def change(self, repository: Repository, number: int) -> Change:
        """Read a pull request: https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request."""
        return read_change(self._asking.ask("GET", f"/pulls/{int(number)}", repository).payload, repository)

    def open_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield open pull requests: https://docs.github.com/en/rest/pulls/pulls#list-pull-requests."""
        query = {"state": "open", "sort": "created", "direction": "desc"}
        for found in self._asking.pages("/pulls", repository, query=query):
            yield read_change(found, repository)

    def closed_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield closed pull requests: https://docs.github.com/en/rest/pulls/pulls#list-pull-requests."""
        query = {"state": "closed", "sort": "updated", "direction": "desc"}
        for found in self._asking.pages("/pulls", repository, query=query):
            yield read_change(found, repository)

    def changes_of_commit(self, repository: Repository, sha: str) -> tuple[Change, ...]:
        """Return what GitHub lists for a commit, less those that only contain it.

        https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
        """
        try:
            found = [
                read_change(one, repository)
                for one in self._asking.pages(f"/commits/{whole_sha(sha)}/pulls", repository)
            ]
        except Invalid:  # 422: No commit found for SHA
            return ()
        return tuple(change for change in found if sha in {change.merge_sha, change.head_sha})

    def branch_head(self, repository: Repository, branch: str) -> str:
        """Read a ref: https://docs.github.com/en/rest/git/refs#get-a-reference."""
        check(is_branch(branch), f"{branch!r} is not a branch's name")
        try:
            answer = self._asking.ask("GET", f"/git/ref/heads/{quote(branch)}", repository)
        except NotFound as error:
            raise NotFound(f"{repository.full_name} has no branch {branch}") from error
        return answer.payload.at("object", "sha").sha()

    def set_statuses(
        self, repository: Repository, sha: str, statuses: Iterable[CommitStatus], *, before: Said | None = None
    ) -> Said:
        """Say them by check runs where the App may, else by commit statuses."""
        return self._statuses.say(repository, sha, statuses, before=before or {})

    def statuses(self, repository: Repository, sha: str) -> dict[str, CommitStatus]:
        """Read check runs of our own and the combined status."""
        return self._statuses.read(repository, sha)

    def deployments(
        self, repository: Repository, sha: str, environments: Collection[str], *, instance: str
    ) -> dict[str, Deployed] | None:
        """Read them: https://docs.github.com/en/rest/deployments/deployments#list-deployments."""
        return self._deployments.known(repository, sha, environments, instance=instance)

    def deploy(
        self, repository: Repository, sha: str, wanted: Deployment, known: Deployed | None, *, instance: str
    ) -> Deployed:
        """Tell one: https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status."""
        return self._deployments.tell(repository, sha, wanted, known, instance=instance)

    def own_comments(self, repository: Repository, number: int, *, marker: str) -> list[Comment]:
        """Read the conversation, which GitHub sorts by id, and keep what this instance wrote.

        https://docs.github.com/en/rest/issues/comments#list-issue-comments
        """
        login = self._credentials.login()
        return [
            _comment(one)
            for one in self._asking.pages(f"/issues/{int(number)}/comments", repository)
            if _written_by(one, login) and _body(one).lstrip().startswith(marker)
        ]

    def add_comment(self, repository: Repository, number: int, body: str) -> Comment:
        """Write a comment: https://docs.github.com/en/rest/issues/comments#create-an-issue-comment."""
        self._asking.take(repository, Charge.CONTENT, whose=f"a new comment on #{int(number)}")
        return self._add_comment(repository, number, body)

    def _add_comment(self, repository: Repository, number: int, body: str) -> Comment:
        return _comment(
            self._asking.ask("POST", f"/issues/{int(number)}/comments", repository, body={"body": body}).payload
        )

    def edit_comment(self, repository: Repository, number: int, comment: Comment, body: str) -> None:  # noqa: ARG002 - an id is enough
        """Replace a body: https://docs.github.com/en/rest/issues/comments#update-an-issue-comment."""
        if comment.body != body:
            self._asking.take(repository, Charge.CONTENT, whose=f"comment {int(comment.id)}")
            self._edit_comment(repository, comment, body)

    def set_comments(
        self, repository: Repository, number: int, existing: Sequence[Comment], bodies: Sequence[str]
    ) -> None:
        """Write what differs; deleting is counted too, so that nothing is left half done.

        https://docs.github.com/en/rest/issues/comments#delete-an-issue-comment
        """
        edits = [(one, body) for one, body in zip(existing, bodies, strict=False) if one.body != body]
        additions, surplus = bodies[len(existing) :], existing[len(bodies) :]
        requests = len(edits) + len(additions) + len(surplus)
        if requests:
            self._asking.take(repository, Charge.CONTENT, whose=f"the comments of #{int(number)}", requests=requests)
        for comment, body in edits:
            self._edit_comment(repository, comment, body)
        for body in additions:
            self._add_comment(repository, number, body)
        for comment in surplus:
            with suppress(NotFound):
                self._asking.ask("DELETE", f"/issues/comments/{int(comment.id)}", repository)

    def permission(self, repository: Repository, user: str) -> Permission:
        """Look a person up: https://docs.github.com/en/rest/collaborators/collaborators."""
        if not is_login(user):
            return Permission.NONE
        try:
            found = self._asking.ask("GET", f"/collaborators/{quote(user)}/permission", repository).payload
        except NotFound:
            return Permission.NONE
        return _permission(found.at("permission").text(), role=found.find("role_name"))

    def is_in_team(self, repository: Repository, team: str, user: str) -> bool:
        """Look a member up: https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user."""
        return self._teams.has(repository, team, user)

    def react(self, repository: Repository, number: int, comment_id: int, reaction: Reaction) -> None:  # noqa: ARG002 - see above
        """React: https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment."""
        self._asking.take(repository, Charge.CONTENT, whose=f"a reaction to comment {int(comment_id)}")
        body = {"content": reaction.value}
        self._asking.ask("POST", f"/issues/comments/{int(comment_id)}/reactions", repository, body=body)

    def head_when(self, repository: Repository, number: int, comment_id: int) -> str:
        """Return the head when nobody has pushed to its repository since the comment: GitHub keeps no other record.

        Times have whole seconds, so that a push in the second of the comment counts as later. A fork that is gone says
        nothing, and is as good as pushed to.
        """
        comment = self._asking.ask("GET", f"/issues/comments/{int(comment_id)}", repository).payload
        return self._head_at(repository, number, comment.at("created_at").time())

    def labelled(self, repository: Repository, number: int, label: str) -> Labelled | None:
        """Find the last event of a label, which says nothing of the head: `head_when` says how that is known.

        https://docs.github.com/en/rest/issues/timeline#list-timeline-events-for-an-issue
        """
        story = list(islice(self._asking.pages(f"/issues/{int(number)}/timeline", repository), LONGEST_STORY + 1))
        about = [one for one in story if is_about(one, label)]
        if len(story) > LONGEST_STORY or not about or (author := who_put(about[-1])) is None:
            return None
        head = self._head_at(repository, number, about[-1].at("created_at").time())
        return Labelled(about[-1].at("id").number(), author, head) if head else None

    def is_merge_group(self, repository: Repository, pipeline: int, sha: str) -> bool:  # noqa: ARG002 - the port's shape
        """Return True: the event itself, `merge_group`, is told of nothing else."""
        return True

    def approvals(self, repository: Repository, number: int, head_sha: str) -> tuple[str, ...]:
        """Read reviews: https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request."""
        return self._reviews.approvals(repository, number, head_sha)

    def objections(self, repository: Repository, number: int) -> tuple[str, ...]:
        """Read the same reviews."""
        return self._reviews.objections(repository, number)

    def ask_for_reviews(self, repository: Repository, number: int, people: Collection[str]) -> tuple[str, ...]:
        """Request them: https://docs.github.com/en/rest/pulls/review-requests."""
        return self._reviews.ask(repository, number, people)

    def _head_at(self, repository: Repository, number: int, moment: datetime) -> str:
        head = self._asking.ask("GET", f"/pulls/{int(number)}", repository).payload.at("head")
        source = head.find("repo")
        pushed = None if source is None else source.find("pushed_at")
        return head.at("sha").sha() if pushed is not None and pushed.time() < moment else ""

    def begin_preview(self, repository: Repository, number: int) -> None:
        """Take a turn of the installation's."""
        self._asking.take(repository, Charge.PREVIEW, whose=f"a preview of #{int(number)}")

    def head_ref(self, number: int) -> str:
        """Return the ref that GitHub keeps for each pull request."""
        return f"refs/pull/{int(number)}/head"

    def git_credentials(self, repository: Repository) -> GitCredentials:
        """Return a token; an App's can read this repository only."""
        check(is_full_name(repository.full_name), f"{repository.full_name!r} is not a repository's owner/name")
        return GitCredentials(GIT_USER, self._credentials.git_token(repository))

    def _edit_comment(self, repository: Repository, comment: Comment, body: str) -> None:
        self._asking.ask("PATCH", f"/issues/comments/{int(comment.id)}", repository, body={"body": body})


def _personal_token(settings: Settings) -> str:
    token = "" if settings.github_token is None else settings.github_token.get_secret_value().strip()
    check(not token or fits_a_header(token), f"{TOKEN_SETTING} is not a token: it has spaces or special characters")
    return token


def _missing(*, key: bool, app_id: bool) -> str:
    if app_id and not key:
        return "FORESAIL_GITHUB_APP_PRIVATE_KEY (or FORESAIL_GITHUB_APP_PRIVATE_KEY_FILE) too"
    if key and not app_id:
        return "FORESAIL_GITHUB_APP_ID too"
    return f"{APP_SETTINGS} (or FORESAIL_GITHUB_APP_PRIVATE_KEY_FILE), or {TOKEN_SETTING}"


def _can_be_written(found: Payload, *, by_person: bool) -> bool:
    """Whether a listed repository takes statuses and comments; what an App may is not in `permissions`."""
    if found.object().get("archived") is True:
        return False
    return not by_person or found.at("permissions", "push").flag()


def _comment(found: Payload) -> Comment:
    return Comment(id=found.at("id").number(), body=_body(found))


def _body(found: Payload) -> str:
    return "" if (body := found.find("body")) is None else body.text()


def _written_by(found: Payload, login: str) -> bool:
    author = found.find("user")
    return author is not None and author.at("login").text().lower() == login.lower()


def _permission(permission: str, *, role: Payload | None) -> Permission:
    """Read the old four words, which count, and the role where it is finer.

    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    known = Permission(permission) if permission in set(Permission) else Permission.NONE
    name = "" if role is None else role.text()
    return _FINER.get((permission, name), known)
