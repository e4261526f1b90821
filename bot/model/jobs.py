"""Jobs: what one process asks another to do, small enough to be kept as JSON in the queue."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.model.changes import Repository
from bot.model.events import (
    CheckPressed,
    CommentWritten,
)
from bot.model.resources import JsonObject


class Task(StrEnum):
    """Every job there is; the value is the dotted name a worker imports, so `web` needs no import of `workers`."""

    PREVIEW = "workers.preview.run"
    """Predict an open change and tell it."""
    PREVIEW_AGAIN = "workers.preview.again"
    """Predict open changes again, in case something has moved, and tell what has."""
    ASK_REVIEWERS = "workers.reviewers.run"
    """Ask people to review a change in which there is a danger."""
    TELL = "workers.tell.run"
    """Tell a change what was predicted of it and could not be told then."""
    ROUND = "workers.rounds.run"
    """Have open changes previewed again."""
    CHECK = "workers.check.run"
    """Predict a merge queue's speculative commit and say whether it may land."""
    CHECK_GONE = "workers.check.gone"
    """End what is said about a speculative commit that a merge queue has thrown away."""
    POLL = "workers.moved.poll"
    """See whether repositories have moved of which nobody tells that."""
    MOVED = "workers.moved.run"
    """See who uses a repository to which something was pushed."""
    UPDATES = "workers.updates.run"
    """Open, supersede and merge changes that give Applications newer images and charts."""
    COMMAND = "workers.command.run"
    """Do what somebody asked for in a comment."""
    ANSWER = "workers.command.answer"
    """Do the same where it takes a prediction."""
    PRESS = "workers.press.run"
    """Do what somebody asked for at a check."""
    DELIVER = "workers.deliver.run"
    """Start what a commit on a branch calls for."""
    START = "workers.start.run"
    """Begin an operation, unless there is a reason to wait, and bring it as far as it goes without waiting."""
    ADVANCE = "workers.advance.run"
    """Bring one operation as far as it goes without waiting."""
    REFRESH = "workers.refresh.run"
    """See whether applications are to be synced."""
    COMPARE = "workers.compare.run"
    """See whether what an application was synced to is still there."""
    REVERT = "workers.revert.run"
    """Open a change that takes back what an application was not well with."""
    DELETE = "workers.deletion.run"
    """Delete what an application that is being deleted manages."""
    ORPHANS = "workers.orphans.run"
    """Count the objects beside applications that nobody declares."""
    GENERATE = "workers.applicationsets.run"
    """Make the Applications of an ApplicationSet what it generates."""
    REPORT_GENERATED = "workers.applicationsets.report"
    """Write down what the Applications of an ApplicationSet are like."""
    GENERATE_FROM = "workers.applicationsets.from_repository"
    """Have the ApplicationSets looked at that a repository is read for."""
    NOTIFY = "workers.notify.run"
    """Tell the forge how far a commit has come."""
    RECOVER = "workers.recover.run"
    """Find what was missed."""
    RENDER = "workers.render.run"
    """Render one source for whoever waits for it."""


RENDER_QUEUE: Final = "render"
"""The queue whose workers need no credentials."""
QUEUES: Final = ("preview", "sync", "notify", RENDER_QUEUE)
"""Queues in the order of how long their jobs take, but for renders; each worker process serves one."""

_QUEUE_OF: Final[Mapping[Task, str]] = MappingProxyType(
    {
        Task.PREVIEW: "preview",
        Task.PREVIEW_AGAIN: "preview",
        Task.ASK_REVIEWERS: "notify",
        Task.TELL: "notify",
        Task.ROUND: "notify",
        Task.CHECK: "preview",
        Task.CHECK_GONE: "notify",
        Task.POLL: "notify",
        Task.MOVED: "notify",
        Task.UPDATES: "preview",
        Task.COMMAND: "notify",
        Task.ANSWER: "preview",
        Task.PRESS: "notify",
        Task.DELIVER: "sync",
        Task.START: "sync",
        Task.ADVANCE: "sync",
        Task.REFRESH: "sync",
        Task.COMPARE: "sync",
        Task.REVERT: "notify",
        Task.DELETE: "sync",
        Task.ORPHANS: "notify",
        Task.GENERATE: "sync",
        Task.REPORT_GENERATED: "sync",
        Task.GENERATE_FROM: "sync",
        Task.NOTIFY: "notify",
        Task.RECOVER: "notify",
        Task.RENDER: RENDER_QUEUE,
    }
)


ABANDONED_RETRIES: Final = 10
"""How often a job whose worker died is given to another; the last one only says so."""
_ABANDONED_RENDERS: Final = 2
"""The same of a render: tried elsewhere once. What ends one renderer after another is the source, not a machine."""
_PATIENCE: Final = MappingProxyType({Task.NOTIFY: 10, Task.REVERT: 600})
"""Seconds by which a task can be done later than asked for: every step of every application asks to tell its commit."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job to be queued. Two requests with the same `identity` that both wait are one job."""

    task: Task
    payload: JsonObject
    identity: str
    """What the job is about, in words of any alphabet: `acme/shop#12`."""
    lane: str = ""
    """With whom it waits in a row; lanes take turns, so that a long one keeps nobody else waiting."""

    def in_lane(self, lane: str) -> JobRequest:
        """Return the same request where those wait that are about the same cluster, as Applications name it."""
        return replace(self, lane=lane)

    @property
    def queue(self) -> str:
        """Name of the queue it waits in."""
        return _QUEUE_OF[self.task]

    @property
    def retries(self) -> int:
        """How often it is given to another worker when one died of it; the last one only says so."""
        return _ABANDONED_RENDERS if self.task is Task.RENDER else ABANDONED_RETRIES

    @property
    def patience(self) -> int:
        """Seconds for which it can wait for an equal job that is put off."""
        return _PATIENCE.get(self.task, 0)

    @property
    def job_id(self) -> str:
        """Return the identity as RQ accepts it (`[A-Za-z0-9_-]` only), made unambiguous by a digest."""
        digest = hashlib.sha256(f"{self.task}\0{self.identity}".encode()).hexdigest()[:12]
        name = self.task.split(".")[1]
        return f"{name}-" + re.sub(r"[^A-Za-z0-9]+", "-", self.identity).strip("-")[:80] + "-" + digest


def preview(repository: Repository, number: int, *, retargeted: bool = False) -> JobRequest:
    """Ask for a preview of an open change; where it was `retargeted`, nothing that was said of its head may stand."""
    payload = {"repository": asdict(repository), "number": number}
    if not retargeted:
        return JobRequest(Task.PREVIEW, payload, repository.change(number))
    return JobRequest(Task.PREVIEW, {**payload, "retargeted": True}, f"{repository.change(number)} on another base")


def preview_again(repository: Repository, numbers: Sequence[int]) -> JobRequest:
    """Ask for another preview of open changes, one after the other, that says nothing where nothing has moved."""
    payload = {"repository": asdict(repository), "numbers": list(numbers)}
    return JobRequest(Task.PREVIEW_AGAIN, payload, f"{repository.change(numbers[0])} and {len(numbers) - 1} more")


def preview_marked(repository: Repository, number: int) -> JobRequest:
    """Ask for the same of one open change that somebody has marked: what that says must not be missed."""
    payload = {"repository": asdict(repository), "numbers": [number], "marked": True}
    return JobRequest(Task.PREVIEW_AGAIN, payload, f"{repository.change(number)} as it is marked")


def preview_reviewed(repository: Repository, number: int, author: str) -> JobRequest:
    """Ask for the same where it matters whether `author` approves of a change; elsewhere nothing happens."""
    payload = {"repository": asdict(repository), "numbers": [number], "marked": True, "reviewed_by": author}
    return JobRequest(Task.PREVIEW_AGAIN, payload, f"{repository.change(number)} as {author} reviews it")


def ask_reviewers(repository: Repository, number: int, *, head: str, people: Sequence[str]) -> JobRequest:
    """Ask that people, `@ana`, and teams, `@acme/platform`, are asked to review a change at this head, once."""
    payload = {"repository": asdict(repository), "number": number, "head": head, "people": list(people)}
    return JobRequest(Task.ASK_REVIEWERS, payload, f"{repository.change(number)} at {head}")


def tell(repository: Repository, number: int) -> JobRequest:
    """Ask to tell a change what was predicted of it last; nothing happens when it was told meanwhile."""
    payload = {"repository": asdict(repository), "number": number}
    return JobRequest(Task.TELL, payload, repository.change(number))


def look_round(repository: Repository | None = None, *, branch: str = "") -> JobRequest:
    """Ask for another preview of the open changes of a repository, of one base branch or of all; without one of all."""
    payload = {"repository": asdict(repository) if repository is not None else None, "branch": branch}
    identity = f"{repository.full_name}@{branch}" if repository is not None else "everything"
    return JobRequest(Task.ROUND, payload, identity)


def check(repository: Repository, *, base_branch: str, base: str, head: str, pipeline: int = 0) -> JobRequest:
    """Ask whether a merge queue's speculative commit `head` may land, once its pipeline, if any, proves to be one's."""
    commits = {"base_branch": base_branch, "base": base, "head": head}
    payload = {"repository": asdict(repository), **commits, "pipeline": pipeline}
    return JobRequest(Task.CHECK, payload, f"{repository.full_name}@{head}")


def check_gone(repository: Repository, head: str) -> JobRequest:
    """Ask to end what is said about a merge queue's speculative commit."""
    payload = {"repository": asdict(repository), "head": head}
    return JobRequest(Task.CHECK_GONE, payload, f"{repository.full_name}@{head}")


def command(repository: Repository, comment: CommentWritten, lines: Sequence[str]) -> JobRequest:
    """Ask to do what these lines of a comment say."""
    payload = {
        "repository": asdict(repository),
        "number": comment.number,
        "comment_id": comment.comment_id,
        "author": comment.author,
        "lines": list(lines),
    }
    return JobRequest(Task.COMMAND, payload, f"{repository.change(comment.number)} comment {comment.comment_id}")


def press(pressed: CheckPressed) -> JobRequest:
    """Ask to do what somebody asked for at a check."""
    return JobRequest(Task.PRESS, asdict(pressed), f"{pressed.repository.full_name}@{pressed.head_sha} {pressed.id}")


def command_at(pressed: JsonObject, number: int, line: str) -> JobRequest:
    """Ask to do what this command says about a change, which somebody gave at a check (`press`) of its commit."""
    payload = {
        "repository": pressed["repository"],
        "number": number,
        "comment_id": pressed["id"],
        "author": pressed["author"],
        "lines": [line],
        "commit": pressed["head_sha"],
    }
    name = f"{pressed['repository']['full_name']}#{number} press {pressed['id']}"
    return JobRequest(Task.COMMAND, payload, name)


def command_by_label(repository: Repository, number: int, *, event: int, author: str, line: str) -> JobRequest:
    """Ask to do what this command says about a change, which somebody gave by a label; `event` is the forge's id."""
    payload = {
        "repository": asdict(repository),
        "number": number,
        "comment_id": -event,
        "author": author,
        "lines": [line],
    }
    return JobRequest(Task.COMMAND, payload, f"{repository.change(number)} label {event}")


def answer(asked: JsonObject) -> JobRequest:
    """Ask for the same as `command` did, by its payload, from somebody who predicts."""
    name = f"{asked['repository']['full_name']}#{asked['number']} comment {asked['comment_id']}"
    return JobRequest(Task.ANSWER, asked, name)


def deliver(repository: Repository, *, branch: str, before: str, commit: str) -> JobRequest:
    """Ask for what a commit on a branch calls for; `before` is what the branch held, empty when nobody knows."""
    payload = {"repository": asdict(repository), "branch": branch, "before": before, "commit": commit}
    return JobRequest(Task.DELIVER, payload, f"{repository.full_name}@{branch}@{commit}")


def start(  # noqa: PLR0913 - each is a matter of its own
    application: str,
    commit: str,
    info: Mapping[str, str],
    *,
    revisions: Sequence[str] = (),
    prune: bool | None = None,
    configured: str = "",
    after: str | None = None,
) -> JobRequest:
    """Ask for an application to be synced to a commit; `info` is the operation's, see `workers.start`."""
    payload: JsonObject = {
        "application": application,
        "info": dict(info),
        "revisions": list(revisions),
        "prune": prune,
        "configured": configured,
        "after": after,
    }
    return JobRequest(Task.START, payload, " ".join([application, commit, *revisions, f"{prune}", configured]))


def advance(application: str) -> JobRequest:
    """Ask for the next step of an application's operation."""
    return JobRequest(Task.ADVANCE, {"application": application}, application)


def compare(application: str) -> JobRequest:
    """Ask whether an application's objects are still as they were synced."""
    return JobRequest(Task.COMPARE, {"application": application}, application)


def revert(application: str, revision: str, *, seen_at: float) -> JobRequest:
    """Ask for a change that takes back a revision which turned out badly, as was seen then, in Unix seconds."""
    payload = {"application": application, "revision": revision, "seen_at": seen_at}
    return JobRequest(Task.REVERT, payload, f"{application} from {revision}")


def delete(application: str) -> JobRequest:
    """Ask for the next step of the deletion of an application."""
    return JobRequest(Task.DELETE, {"application": application}, application)


def refresh(*applications: str, since: str = "") -> JobRequest:
    """Ask whether applications have to be synced; each of their repositories is fetched once.

    `since`: a commit that was fetched when this was asked for, so that whatever has it is new enough.
    """
    digest = hashlib.sha256("\0".join(applications).encode()).hexdigest()
    identity = applications[0] if len(applications) == 1 else f"{len(applications)} applications {digest}"
    payload: JsonObject = {"applications": list(applications)}
    if not since:
        return JobRequest(Task.REFRESH, payload, identity)
    return JobRequest(Task.REFRESH, {**payload, "since": since}, f"{identity} since {since}")


def orphans(applications: Sequence[str]) -> JobRequest:
    """Ask for the orphans of some applications to be counted."""
    digest = hashlib.sha256("\0".join(applications).encode()).hexdigest()
    return JobRequest(Task.ORPHANS, {"applications": list(applications)}, f"{len(applications)} applications {digest}")


def generate(applicationset: str) -> JobRequest:
    """Ask for the Applications of an ApplicationSet to be made what it generates."""
    return JobRequest(Task.GENERATE, {"applicationset": applicationset}, applicationset)


def report_generated(applicationset: str) -> JobRequest:
    """Ask for an ApplicationSet to say what its Applications are like now."""
    return JobRequest(Task.REPORT_GENERATED, {"applicationset": applicationset}, applicationset)


def generate_from(repository: Repository, *, changes: bool = False) -> JobRequest:
    """Ask the same for every ApplicationSet that goes by what a repository holds, or by its open `changes`."""
    payload = {"repository": asdict(repository), "changes": changes}
    return JobRequest(
        Task.GENERATE_FROM, payload, f"changes of {repository.full_name}" if changes else repository.full_name
    )


def moved(urls: Sequence[str]) -> JobRequest:
    """Ask for everything to be looked at that uses a repository by one of these URLs."""
    return JobRequest(Task.MOVED, {"urls": list(urls)}, " ".join(sorted(urls)))


def poll() -> JobRequest:
    """Ask for a look at every repository of whose pushes no forge tells."""
    return JobRequest(Task.POLL, {}, "everything")


def look_for_updates() -> JobRequest:
    """Ask for a look at all registries that Applications name."""
    return JobRequest(Task.UPDATES, {}, "everything")


def notify(repository: str, commit: str) -> JobRequest:
    """Ask to tell the forge how far a commit has come; `repository` is its full name."""
    return JobRequest(Task.NOTIFY, {"repository": repository, "commit": commit}, f"{repository}@{commit}")


def recover(repository: str = "") -> JobRequest:
    """Ask to find what was missed in a repository, by its full name; without one everywhere."""
    return JobRequest(Task.RECOVER, {"repository": repository}, repository or "everything")


def render(name: str, sealed: str) -> JobRequest:
    """Ask for a render; `sealed` is what it is of, for holders of the secret only."""
    return JobRequest(Task.RENDER, {"name": name, "sealed": sealed}, name)
