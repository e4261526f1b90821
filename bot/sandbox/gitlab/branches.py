"""What follows when branches move: push events, merge requests that follow their head or land."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.merging import MergeMethod
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.gitlab import events, pulls
from bot.sandbox.gitlab.state import MergeRequest, Project, World

_HEADS = "refs/heads/"


def point(world: World, project: Project, *, branch: str, sha: str, sender: Account) -> None:
    """Move a branch to a commit (`ZERO`: remove it) and let everything follow."""
    git = BareRepository(project.path)
    before = git.refs()
    if sha == ZERO:
        git.delete_ref(_HEADS + branch)
    else:
        git.set_ref(_HEADS + branch, sha)
    follow(world, project, before=before, sender=sender)


def land(world: World, pull: MergeRequest, *, method: MergeMethod, user: Account) -> str:
    """Merge a merge request, move its target branch, tell both, and return the commit."""
    sha = pulls.landing(world, pull, method=method, user=user)
    if method is MergeMethod.REBASE and sha != pull.head_sha:
        point(world, pull.source, branch=pull.head_ref, sha=sha, sender=user)
    pulls.merged(world, pull, sender=user)
    point(world, pull.project, branch=pull.base_ref, sha=sha, sender=user)
    return sha


def follow(world: World, project: Project, *, before: Mapping[str, str], sender: Account) -> None:
    """Compare refs with what they were `before` and let everything follow."""
    after = BareRepository(project.path).refs()
    for ref in sorted(before.keys() | after.keys()):
        move = (before.get(ref, ZERO), after.get(ref, ZERO))
        if move[0] == move[1] or not ref.startswith(("refs/heads/", "refs/tags/")):
            continue
        events.push(world, project, ref=ref, move=move, sender=sender)
        if ref.startswith(_HEADS) and move[1] != ZERO:
            _follow_branch(world, project, branch=ref.removeprefix(_HEADS), sha=move[1], sender=sender)


def _follow_branch(world: World, project: Project, *, branch: str, sha: str, sender: Account) -> None:
    for pull in _open_pulls(world):
        if pull.source is project and pull.head_ref == branch:
            pulls.head_moved(world, pull, sha=sha, sender=sender)
        elif (pull.project, pull.base_ref) == (project, branch) and _holds(project, sha, pull):
            pulls.merged(world, pull, sender=sender)


def _holds(project: Project, sha: str, pull: MergeRequest) -> bool:
    return BareRepository(project.path).contains(sha, ancestor=pull.head_sha)


def _open_pulls(world: World) -> list[MergeRequest]:
    return [pull for one in world.projects.values() for pull in one.pulls.values() if pull.state == "opened"]
