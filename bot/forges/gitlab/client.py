"""The forge port on GitLab: each method is the request it costs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.api import CA_SETTING, Api, Server
from bot.forges.gitlab.deployments import Deployments
from bot.forges.gitlab.errors import TOKEN_SETTING, Invalid, NotFound
from bot.forges.gitlab.events import OF_MERGE_REQUEST
from bot.forges.gitlab.members import Members
from bot.forges.gitlab.names import is_bot, is_full_name, is_team
from bot.forges.gitlab.payload import Payload, read_change, read_repository
from bot.forges.gitlab.proposing import GitLabProposals
from bot.forges.gitlab.reviews import Reviews
from bot.forges.gitlab.statuses import Said as SaidNow
from bot.forges.gitlab.statuses import newest, steps
from bot.forges.gitlab.versions import head_at, versions
from bot.forges.names import is_branch, is_sha
from bot.forges.port import Comment, GitCredentials, Labelled, NotOurs, Pace, Reaction, Said, Unpaced
from bot.model.changes import Change, CommitStatus, Permission, Repository
from bot.model.deployments import Deployed, Deployment
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.settings import Settings

_TRAIN: Final = re.compile(r"refs/merge-requests/\d+/train")
_GIT_USER: Final = "oauth2"
"""Any name does; this is the documented one: https://docs.gitlab.com/user/profile/personal_access_tokens/#clone-repository-using-personal-access-token"""
_DEVELOPER: Final = 30
"""Who may write statuses: https://docs.gitlab.com/user/permissions/"""
_EMOJI: Final[Mapping[Reaction, str]] = MappingProxyType(
    {Reaction.SEEN: "eyes", Reaction.DONE: "thumbsup", Reaction.REFUSED: "thumbsdown"}
)
_TAKEN: Final = "has already been taken"
"""GitLab's words, with 404, when somebody reacts a second time with the same emoji."""
_OVERTAKEN: Final = "Cannot transition status"
"""GitLab's words, with 400, when somebody else has said the status since it was read."""
_TOGETHER: Final = 20
"""Statuses of a commit that are written together once there is room for them."""
_LONGEST_STORY: Final = 1000
"""Events of a merge request's labels that are read."""
_NO_REF: Final = "References for commit"
"""GitLab's words, with 404, when no branch has the commit, as with the head of a fork."""


class GitLab:
    """A forge as Foresail sees it (bot.forges.port.Forge), for gitlab.com and self-managed GitLab."""

    def __init__(self, server: Server, pace: Pace) -> None:
        self._api = Api(server, pace)
        self._deployments = Deployments(self._api)
        self._reviews = Reviews(self._api)
        self._members = Members(self._api)
        self._token = server.token
        self._authorities = _read(server.authorities)
        self._user = 0

    @classmethod
    def from_settings(cls, settings: Settings, *, pace: Pace | None = None) -> GitLab:
        """Be whose token the settings have; Rejected where that cannot be a token."""
        token = "" if settings.gitlab_token is None else settings.gitlab_token.get_secret_value().strip()
        # The HTTP library would quote one that cannot be sent in its error.
        fits = bool(token) and token.isascii() and token.isprintable() and " " not in token
        _check(fits, f"{TOKEN_SETTING} is not a token: it is empty or has spaces or special characters")
        server = Server(settings.gitlab_url.rstrip("/"), token, settings.forge_timeout, settings.gitlab_ca_file)
        return cls(server, pace or Unpaced())

    @property
    def proposals(self) -> GitLabProposals:
        """What opens merge requests."""
        return GitLabProposals(self._api, GitCredentials(_GIT_USER, self._token, self._authorities))

    def repositories(self) -> Iterator[Repository]:
        """Yield the projects the token may write to: https://docs.gitlab.com/api/projects/#list-all-projects."""
        order = {"order_by": "id", "sort": "asc", "simple": "true"}
        ours = {"membership": "true", "archived": "false", "min_access_level": str(_DEVELOPER)}
        for found in self._api.pages("/projects", query={**ours, **order}):
            yield read_repository(found, clone_url="http_url_to_repo")

    def repository(self, full_name: str) -> Repository:
        """Find a project that the token may write to: https://docs.gitlab.com/api/projects/#get-a-single-project."""
        if not is_full_name(full_name):
            raise NotOurs(f"{full_name!r} is not a project's group/name")
        try:
            found = self._api.ask("GET", _root(full_name)).payload
        except NotFound as error:
            raise NotOurs(error.message, remedy=error.remedy) from error
        if _own_level(found) < _DEVELOPER:
            raise NotOurs(
                f"the account of {TOKEN_SETTING} has no role in {full_name} that lets it write",
                remedy="Give it the role Maintainer there, or correct the name.",
            )
        return read_repository(found, clone_url="http_url_to_repo")

    def change(self, repository: Repository, number: int) -> Change:
        """Read a merge request: https://docs.gitlab.com/api/merge_requests/#get-single-mr."""
        return read_change(self._api.ask("GET", _change(repository, number)).payload, repository)

    def open_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield open merge requests that have commits.

        https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests
        """
        query = {"state": "opened", "order_by": "created_at", "sort": "desc"}
        for found in self._api.pages(f"{_root(repository.full_name)}/merge_requests", query=query):
            if found.find("sha") is not None:
                yield read_change(found, repository)

    def closed_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield merge requests that are no longer open: GitLab lists them by one state alone, or by all."""
        query = {"state": "all", "order_by": "updated_at", "sort": "desc"}
        for found in self._api.pages(f"{_root(repository.full_name)}/merge_requests", query=query):
            if found.find("sha") is not None and found.at("state").text() in {"closed", "merged"}:
                yield read_change(found, repository)

    def changes_of_commit(self, repository: Repository, sha: str) -> tuple[Change, ...]:
        """Return what GitLab lists for a commit, less those that only contain it.

        https://docs.gitlab.com/api/commits/#list-all-merge-requests-associated-with-a-commit
        """
        path = f"{_root(repository.full_name)}/repository/commits/{_sha(sha)}/merge_requests"
        try:
            found = [read_change(one, repository) for one in self._api.pages(path) if one.find("sha") is not None]
        except NotFound:  # 404 Commit Not Found
            return ()
        return tuple(change for change in found if sha in {change.merge_sha, change.head_sha})

    def branch_head(self, repository: Repository, branch: str) -> str:
        """Read a branch: https://docs.gitlab.com/api/branches/#get-single-repository-branch."""
        _check(is_branch(branch), f"{branch!r} is not a branch's name")
        path = f"{_root(repository.full_name)}/repository/branches/{quote(branch, safe='')}"
        try:
            answer = self._api.ask("GET", path)
        except NotFound as error:
            raise NotFound(f"{repository.full_name} has no branch {branch}") from error
        return answer.payload.at("commit", "id").sha()

    def set_statuses(
        self, repository: Repository, sha: str, statuses: Iterable[CommitStatus], *, before: Said | None = None
    ) -> Said:
        """Write the statuses that are not there yet; one that is pending and stays so may cost two requests.

        What was said before does not help: a pipeline may have begun since, in which they have to be said as well.
        https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
        """
        del before
        known = self._newest_statuses(repository, sha)
        wanted = [list(steps(status, known)) for status in statuses]
        for start in range(0, len(wanted), _TOGETHER):
            bodies = [body for some in wanted[start : start + _TOGETHER] for body in some]
            if bodies:
                self._api.take(Charge.WRITE, whose=f"{repository.full_name}: statuses of {sha}", requests=len(bodies))
            for body in bodies:
                self._say(repository, sha, body)
        return {}

    def statuses(self, repository: Repository, sha: str) -> dict[str, CommitStatus]:
        """Read the newest status of each context, which every job of a pipeline is, too."""
        said = self._newest_statuses(repository, sha)
        return {name: status for name, one in said.items() if (status := one.status) is not None}

    def deployments(
        self, repository: Repository, sha: str, environments: Collection[str], *, instance: str
    ) -> dict[str, Deployed] | None:
        """Read them: https://docs.gitlab.com/api/deployments/#list-all-project-deployments."""
        del instance  # GitLab has no room for it: instances that share an environment need accounts of their own
        root = _root(repository.full_name)
        return self._deployments.known(root, _sha(sha), environments, user=self._own_id())

    def deploy(
        self, repository: Repository, sha: str, wanted: Deployment, known: Deployed | None, *, instance: str
    ) -> Deployed:
        """Tell one: https://docs.gitlab.com/api/deployments/#create-a-deployment."""
        del instance  # see above
        return self._deployments.tell(_root(repository.full_name), repository, _sha(sha), wanted, known)

    def own_comments(self, repository: Repository, number: int, *, marker: str) -> list[Comment]:
        """Read the notes and keep what this token's account wrote.

        https://docs.gitlab.com/api/notes/#list-all-merge-request-notes
        """
        user, query = self._own_id(), {"sort": "asc", "order_by": "created_at"}
        return [
            comment
            for one in self._api.pages(f"{_change(repository, number)}/notes", query=query)
            if one.at("author", "id").number() == user
            and not one.at("system").flag()
            and (comment := _comment(one)).body.lstrip().startswith(marker)
        ]

    def add_comment(self, repository: Repository, number: int, body: str) -> Comment:
        """Write a note: https://docs.gitlab.com/api/notes/#create-a-merge-request-note."""
        notes = f"{_change(repository, number)}/notes"
        self._api.take(Charge.CONTENT, whose=f"a new note at {notes}")
        return _comment(self._api.ask("POST", notes, body={"body": body}).payload)

    def edit_comment(self, repository: Repository, number: int, comment: Comment, body: str) -> None:
        """Replace a note's body: https://docs.gitlab.com/api/notes/#update-a-merge-request-note."""
        if comment.body != body:
            path = f"{_change(repository, number)}/notes/{int(comment.id)}"
            self._api.take(Charge.CONTENT, whose=path)
            self._api.ask("PUT", path, body={"body": body})

    def set_comments(
        self, repository: Repository, number: int, existing: Sequence[Comment], bodies: Sequence[str]
    ) -> None:
        """Write what differs: https://docs.gitlab.com/api/notes/#delete-a-merge-request-note."""
        edits = [(one, body) for one, body in zip(existing, bodies, strict=False) if one.body != body]
        additions, surplus = bodies[len(existing) :], existing[len(bodies) :]
        requests, notes = len(edits) + len(additions) + len(surplus), f"{_change(repository, number)}/notes"
        if requests:
            self._api.take(Charge.CONTENT, whose=f"all notes at {notes}", requests=requests)
        for comment, body in edits:
            self._api.ask("PUT", f"{notes}/{int(comment.id)}", body={"body": body})
        for body in additions:
            self._api.ask("POST", notes, body={"body": body})
        for comment in surplus:
            with suppress(NotFound):
                self._api.ask("DELETE", f"{notes}/{int(comment.id)}")

    def permission(self, repository: Repository, user: str) -> Permission:
        """Look a person up, in groups above and invited groups too; two requests, as members are found by number.

        https://docs.gitlab.com/api/members/#get-a-member-of-a-group-or-project-including-inherited-and-invited-members
        """
        return self._members.role(_root(repository.full_name), user)

    def is_in_team(self, repository: Repository, team: str, user: str) -> bool:
        """Look a member up, in groups above and invited groups too; GitLab has groups in the place of teams.

        It says alike that somebody is not in a group and that there is no such group: a third request tells.
        https://docs.gitlab.com/api/group_members/
        """
        top = repository.full_name.partition("/")[0]
        _check(is_team(team), f"{team!r} is not a group inside another, group/group")
        ours = team.partition("/")[0].lower() == top.lower()
        _check(ours, f"@{team} is not a group of {top}: no other counts in {repository.full_name}")
        return self._members.is_in_group(team, user)

    def react(self, repository: Repository, number: int, comment_id: int, reaction: Reaction) -> None:
        """React: https://docs.gitlab.com/api/emoji_reactions/#add-a-new-emoji-reaction-to-a-comment."""
        path = f"{_change(repository, number)}/notes/{int(comment_id)}/award_emoji"
        self._api.take(Charge.CONTENT, whose=path)
        try:
            self._api.ask("POST", path, body={"name": _EMOJI[reaction]})
        except NotFound as error:
            if _TAKEN not in error.message:
                raise

    def head_when(self, repository: Repository, number: int, comment_id: int) -> str:
        """Return the head of the last version that is older than the comment: GitLab records every push as one.

        https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions
        """
        path = _change(repository, number)
        written = self._api.ask("GET", f"{path}/notes/{int(comment_id)}").payload.at("created_at").time()
        return head_at(versions(self._api, path), written)

    def labelled(self, repository: Repository, number: int, label: str) -> Labelled | None:
        """Find the last event of a label, and the version of its time.

        https://docs.gitlab.com/api/resource_label_events/#list-project-merge-request-label-events
        """
        path = _change(repository, number)
        story = list(islice(self._api.pages(f"{path}/resource_label_events"), _LONGEST_STORY + 1))
        about = [one for one in story if _is_about(one, label)]
        if len(story) > _LONGEST_STORY or not about:
            return None
        last = max(about, key=lambda one: one.at("id").number())
        user = last.find("user")
        if last.at("action").text() != "add" or user is None or is_bot(user.at("username").username()):
            return None
        head = head_at(versions(self._api, path), last.at("created_at").time())
        return Labelled(last.at("id").number(), user.at("username").username(), head) if head else None

    def is_merge_group(self, repository: Repository, pipeline: int, sha: str) -> bool:
        """Read its ref: the event names the source branch, whatever a merge request's pipeline is for.

        https://docs.gitlab.com/api/pipelines/#get-a-single-pipeline
        """
        found = self._api.ask("GET", f"{_root(repository.full_name)}/pipelines/{int(pipeline)}").payload
        ref, source = found.at("ref").text(), found.at("source").text()
        return found.at("sha").sha() == sha and source == OF_MERGE_REQUEST and _TRAIN.fullmatch(ref) is not None

    def approvals(self, repository: Repository, number: int, head_sha: str) -> tuple[str, ...]:
        """Read them: https://docs.gitlab.com/api/merge_request_approvals/."""
        return self._reviews.approvals(_change(repository, number), head_sha)

    def objections(self, repository: Repository, number: int) -> tuple[str, ...]:
        """Read the reviewers: https://docs.gitlab.com/api/merge_requests/#get-single-merge-request-reviewers."""
        return self._reviews.objections(_change(repository, number))

    def ask_for_reviews(self, repository: Repository, number: int, people: Collection[str]) -> tuple[str, ...]:
        """Add them to the reviewers: https://docs.gitlab.com/api/merge_requests/#update-mr."""
        return self._reviews.ask(_change(repository, number), people)

    def begin_preview(self, repository: Repository, number: int) -> None:
        """Take a turn of the token's."""
        self._api.take(Charge.PREVIEW, whose=f"{repository.full_name}: a preview of !{int(number)}")

    def head_ref(self, number: int) -> str:
        """Return the ref that GitLab keeps for each merge request.

        https://docs.gitlab.com/user/project/merge_requests/merge_request_troubleshooting/#check-out-locally-by-modifying-the-gitconfig-file-for-a-given-repository
        """
        return f"refs/merge-requests/{int(number)}/head"

    def git_credentials(self, repository: Repository) -> GitCredentials:
        """Return the token."""
        _check(is_full_name(repository.full_name), f"{repository.full_name!r} is not a project's group/name")
        return GitCredentials(_GIT_USER, self._token, self._authorities)

    def _own_id(self) -> int:
        """Return who comments are written as; asked for once."""
        if not self._user:
            self._user = self._api.ask("GET", "/user").payload.at("id").number()
        return self._user

    def _newest_statuses(self, repository: Repository, sha: str) -> dict[str, SaidNow]:
        """https://docs.gitlab.com/api/commits/#list-commit-statuses."""
        return newest(self._api.pages(f"{_root(repository.full_name)}/repository/commits/{_sha(sha)}/statuses"))

    def _say(self, repository: Repository, sha: str, body: dict[str, str | int]) -> None:
        path = f"{_root(repository.full_name)}/statuses/{sha}"
        try:
            self._api.ask("POST", path, body=body)
        except Invalid as error:
            if _OVERTAKEN in error.message:
                raise Temporary(error.message) from error
            raise
        except NotFound as error:
            if _NO_REF not in error.message:
                raise
            heads = [one for one in self.changes_of_commit(repository, sha) if one.head_sha == sha]
            if not heads:
                raise
            self._api.ask("POST", path, body={**body, "ref": self.head_ref(heads[0].number)})


def _read(authorities: Path | None) -> str:
    try:
        return "" if authorities is None else authorities.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(f"{CA_SETTING} cannot be read: {error}") from error


def _root(full_name: str) -> str:
    _check(is_full_name(full_name), f"{full_name!r} is not a project's group/name")
    return f"/projects/{quote(full_name, safe='')}"


def _change(repository: Repository, number: int) -> str:
    return f"{_root(repository.full_name)}/merge_requests/{int(number)}"


def _sha(sha: str) -> str:
    _check(is_sha(sha), f"{sha!r} is not a commit's whole id")
    return sha


def _check(good: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not good:
        raise Rejected(otherwise)


def _comment(found: Payload) -> Comment:
    return Comment(id=found.at("id").number(), body=found.at("body").text())


def _is_about(event: Payload, label: str) -> bool:
    """Whether a label was put on or taken off; of one that was deleted since GitLab does not say its name."""
    named = event.find("label")
    return named is not None and named.at("name").text().lower() == label.lower()


def _own_level(project: Payload) -> int:
    """Return the token's own role: https://docs.gitlab.com/api/projects/#get-a-single-project."""
    permissions = project.find("permissions")
    if permissions is None:
        return 0
    given = (permissions.find("project_access"), permissions.find("group_access"))
    return max((one.at("access_level").number() for one in given if one is not None), default=0)
