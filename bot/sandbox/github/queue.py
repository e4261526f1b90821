"""A merge queue of the simplest kind: each pull request gets a speculative commit on top of the one before."""

from __future__ import annotations

from http import HTTPStatus

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.merging import Merge, perform
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.github import branches, events, pulls
from bot.sandbox.github.http import Refusal, not_found
from bot.sandbox.github.state import PullRequest, QueueEntry, World

_HEADS = "refs/heads/"


def enqueue(world: World, pull: PullRequest, *, sender: Account) -> QueueEntry:
    """Put a pull request at the end of the queue, build its merge group and ask for checks."""
    repository, git = pull.repository, BareRepository(pull.repository.path)
    if not pull.open or pull.draft:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Pull request is not mergeable")
    ahead = [entry for entry in repository.queue if entry.base_ref == pull.base_ref]
    base = ahead[-1].head_sha if ahead else git.head(pull.base_ref)
    message = f"Merge pull request #{pull.number} from {pull.head_label}\n"
    sha = perform(git, Merge(base=base, head=pull.head_sha, message=message, author=pulls.author_of(world, sender)))
    branch = f"gh-readonly-queue/{pull.base_ref}/pr-{pull.number}-{base}"
    entry = QueueEntry(number=pull.number, ref=_HEADS + branch, base_ref=pull.base_ref, base_sha=base, head_sha=sha)
    repository.queue.append(entry)
    branches.point(world, repository, branch=branch, sha=sha, sender=sender)
    events.merge_group(world, repository, entry, sender=sender)
    return entry


def leave(world: World, pull: PullRequest, *, merged: bool, sender: Account) -> None:
    """Take a pull request off the queue: its group's commit becomes the base branch, or is thrown away."""
    repository = pull.repository
    entry = next((one for one in repository.queue if one.number == pull.number), None)
    if entry is None:
        raise not_found()
    repository.queue.remove(entry)
    if merged:
        pulls.merged(world, pull, sha=entry.head_sha, sender=sender)
        branches.point(world, repository, branch=entry.base_ref, sha=entry.head_sha, sender=sender)
    reason = "merged" if merged else "dequeued"
    events.merge_group(world, repository, entry, sender=sender, destroyed=reason)
    branches.point(world, repository, branch=entry.ref.removeprefix(_HEADS), sha=ZERO, sender=sender)
