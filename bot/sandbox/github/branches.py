"""What follows when branches move: push events, pull requests that follow their head or land."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.github import events, pulls
from bot.sandbox.github.state import PullRequest, Repository, World

_HEADS = "refs/heads/"


def point(world: World, repository: Repository, *, branch: str, sha: str, sender: Account) -> None:
    """Move a branch to a commit (`ZERO`: remove it) and let everything follow."""
    git = BareRepository(repository.path)
    before = git.refs()
    if sha == ZERO:
        git.delete_ref(_HEADS + branch)
    else:
        git.set_ref(_HEADS + branch, sha)
    follow(world, repository, before=before, sender=sender)


def land(world: World, pull: PullRequest, order: pulls.MergeOrder) -> str:
    """Merge a pull request, move its base branch, tell both, and return the commit."""
    sha = pulls.merge(world, pull, order)
    pulls.merged(world, pull, sha=sha, sender=order.user)
    point(world, pull.repository, branch=pull.base_ref, sha=sha, sender=order.user)
    return sha


def follow(world: World, repository: Repository, *, before: Mapping[str, str], sender: Account) -> None:
    """Compare refs with what they were `before` and let everything follow."""
    after = BareRepository(repository.path).refs()
    for ref in sorted(before.keys() | after.keys()):
        move = (before.get(ref, ZERO), after.get(ref, ZERO))
        if move[0] == move[1] or not ref.startswith(("refs/heads/", "refs/tags/")):
            continue
        repository.pushed_at = world.clock.now()
        events.push(world, repository, ref=ref, move=move, sender=sender)
        if ref.startswith(_HEADS):
            _follow_branch(world, repository, branch=ref.removeprefix(_HEADS), sha=move[1], sender=sender)


def _follow_branch(world: World, repository: Repository, *, branch: str, sha: str, sender: Account) -> None:
    for pull in _open_pulls(world):
        if pull.head_repository is repository and pull.head_ref == branch:
            if sha == ZERO:
                pulls.close(world, pull, sender=sender)
            else:
                pulls.head_moved(world, pull, sha=sha, sender=sender)
        elif pull.repository is repository and pull.base_ref == branch:
            _follow_base(world, pull, sha=sha, sender=sender)


def _follow_base(world: World, pull: PullRequest, *, sha: str, sender: Account) -> None:
    if sha == ZERO:
        pulls.close(world, pull, sender=sender)
    elif BareRepository(pull.repository.path).contains(sha, ancestor=pull.head_sha):
        pulls.merged(world, pull, sha=sha, sender=sender)


def _open_pulls(world: World) -> list[PullRequest]:
    return [pull for one in world.repositories.values() for pull in one.pulls.values() if pull.open]
