"""What happens to merge requests: opening, new commits, closing, retargeting, merging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.errors import Rejected
from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.merging import Merge, MergeMethod, perform
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.gitlab import events
from bot.sandbox.gitlab.payloads import hooks
from bot.sandbox.gitlab.state import Approval, MergeRequest, Project, Version, World


@dataclass(frozen=True, slots=True)
class Proposal:
    """A merge request about to be opened; `source` differs from the target's project for a fork."""

    source: Project
    head: str
    base: str
    title: str
    user: Account
    draft: bool = False
    description: str | None = None


def author_of(world: World, account: Account) -> Author:
    """Return what Git records when an account commits now."""
    return Author(name=account.login, email=f"{account.login}@users.noreply.gitlab.test", time=world.clock.now())


def open_pull(world: World, project: Project, proposal: Proposal) -> MergeRequest:
    """Open a merge request and tell; Rejected when a branch is missing or there is one already."""
    head_sha = BareRepository(proposal.source.path).head(proposal.head)
    BareRepository(project.path).head(proposal.base)
    for other in project.pulls.values():
        same = (other.source, other.head_ref, other.base_ref) == (proposal.source, proposal.head, proposal.base)
        if same and other.state == "opened":
            raise Rejected(f"Another open merge request already exists for this source branch: !{other.number}")
    now = world.clock.now()
    pull = MergeRequest(
        id=world.next_id(),
        number=len(project.pulls) + 1,
        project=project,
        source=proposal.source,
        title=proposal.title,
        user=proposal.user,
        base_ref=proposal.base,
        head_ref=proposal.head,
        head_sha=head_sha,
        created_at=now,
        updated_at=now,
        draft=proposal.draft,
        description=proposal.description,
    )
    _take_head(world, pull)
    project.pulls[pull.number] = pull
    events.merge_request(world, pull, action="open", sender=proposal.user)
    return pull


def head_moved(world: World, pull: MergeRequest, *, sha: str, sender: Account) -> None:
    """Follow a source branch to a new commit."""
    before = pull.head_sha
    pull.head_sha = sha
    pull.updated_at = world.clock.now()
    _take_head(world, pull)
    events.merge_request(world, pull, action="update", sender=sender, extra={"oldrev": before})


def close(world: World, pull: MergeRequest, *, sender: Account) -> None:
    """Close without merging; nothing happens when it is closed already."""
    if pull.state != "opened":
        return
    pull.state, pull.closed_by = "closed", sender
    pull.closed_at = pull.updated_at = world.clock.now()
    events.merge_request(world, pull, action="close", sender=sender)


def reopen(world: World, pull: MergeRequest, *, sender: Account) -> None:
    """Open a closed merge request again; Rejected when it is merged."""
    if pull.state != "closed":
        raise Rejected(f"!{pull.number} is not closed")
    pull.state, pull.closed_by, pull.closed_at = "opened", None, None
    pull.updated_at = world.clock.now()
    events.merge_request(world, pull, action="reopen", sender=sender)


def retarget(world: World, pull: MergeRequest, *, base: str, sender: Account) -> None:
    """Change the branch a merge request is to be merged into."""
    BareRepository(pull.project.path).head(base)
    changes = {"target_branch": {"previous": pull.base_ref, "current": base}}
    pull.base_ref = base
    _update(world, pull, changes=changes, sender=sender)


def rename(world: World, pull: MergeRequest, *, title: str, sender: Account) -> None:
    """Change the title."""
    changes = {"title": {"previous": pull.title, "current": title}}
    pull.title = title
    _update(world, pull, changes=changes, sender=sender)


def set_draft(world: World, pull: MergeRequest, *, draft: bool, sender: Account) -> None:
    """Mark as draft, or as ready."""
    changes = {"draft": {"previous": pull.draft, "current": draft}}
    pull.draft = draft
    _update(world, pull, changes=changes, sender=sender)


def review_by(world: World, pull: MergeRequest, wanted: Sequence[Account], *, sender: Account) -> None:
    """Have somebody review it: on the Free tier one person, the first of those that are named."""
    before, pull.reviewers = pull.reviewers, list(wanted[:1])
    if pull.reviewers != before:
        sides = {"previous": before, "current": pull.reviewers}
        told = {side: [hooks.user(one) for one in people] for side, people in sides.items()}
        _update(world, pull, changes={"reviewers": told}, sender=sender)


def approve(world: World, pull: MergeRequest, *, user: Account) -> None:
    """Approve it, and tell; Rejected for who has. Its author may, too, as on the Free tier."""
    if user.login in pull.approvals:
        raise Rejected(f"{user.login} has approved !{pull.number}")
    pull.approvals[user.login] = Approval(user, world.clock.now())
    pull.objecting.discard(user.login)
    events.merge_request(world, pull, action="approved", sender=user)


def ask_for_changes(world: World, pull: MergeRequest, *, user: Account) -> None:
    """Ask for changes, as a reviewer; whoever does so is one, and approves no more."""
    pull.approvals.pop(user.login, None)
    pull.objecting.add(user.login)
    review_by(world, pull, [user], sender=user)


def take_back_approval(world: World, pull: MergeRequest, *, user: Account) -> None:
    """Take an approval back, and tell; Rejected where there is none."""
    if pull.approvals.pop(user.login, None) is None:
        raise Rejected(f"{user.login} has not approved !{pull.number}")
    events.merge_request(world, pull, action="unapproved", sender=user)


def landing(world: World, pull: MergeRequest, *, method: MergeMethod, user: Account) -> str:
    """Write the commits of a merge and return the target branch's new tip; no branch moves. Rejected on a conflict.

    A squash comes as one commit below a merge commit; `rebase` is a fast-forward, for which the source branch is
    rebased first where it has to be. https://docs.gitlab.com/user/project/merge_requests/methods/
    """
    if pull.state != "opened" or pull.draft:
        raise Rejected("Branch cannot be merged")
    git = BareRepository(pull.project.path)
    base, author = git.head(pull.base_ref), author_of(world, user)
    message = (
        f"Merge branch '{pull.head_ref}' into '{pull.base_ref}'\n\n{pull.title}\n\nSee merge request !{pull.number}\n"
    )
    if method is MergeMethod.REBASE:
        return pull.head_sha if git.contains(pull.head_sha, ancestor=base) else _rebased(git, pull, base, author)
    head = pull.head_sha
    if method is MergeMethod.SQUASH:
        head = pull.squash_commit_sha = perform(git, Merge(base, head, pull.title, author, MergeMethod.SQUASH))
        tree = str(git.commit(head).tree_id)
        pull.merge_commit_sha = git.write_commit(NewCommit(tree, [base, head], message, author))
    else:
        pull.merge_commit_sha = perform(git, Merge(base, head, message, author))
    return pull.merge_commit_sha


def merged(world: World, pull: MergeRequest, *, sender: Account) -> None:
    """Record that a merge request landed, and tell."""
    pull.state, pull.merged_by = "merged", sender
    pull.merged_at = pull.updated_at = world.clock.now()
    events.merge_request(world, pull, action="merge", sender=sender)


def _rebased(git: BareRepository, pull: MergeRequest, base: str, author: Author) -> str:
    if pull.source is not pull.project:
        raise Rejected("only branches of the project are rebased here")
    return perform(git, Merge(base, pull.head_sha, "", author, MergeMethod.REBASE))


def _update(world: World, pull: MergeRequest, *, changes: Mapping[str, Mapping[str, object]], sender: Account) -> None:
    pull.updated_at = world.clock.now()
    events.merge_request(world, pull, action="update", sender=sender, extra={"changes": changes})


def _take_head(world: World, pull: MergeRequest) -> None:
    git, ref = BareRepository(pull.project.path), f"refs/merge-requests/{pull.number}/head"
    if pull.source is pull.project:
        git.set_ref(ref, pull.head_sha)
    else:
        git.fetch(pull.source.path, pull.head_ref, ref=ref)
    start = git.head(pull.base_ref)
    version = Version(
        id=world.next_id(),
        head_sha=pull.head_sha,
        base_sha=git.merge_base(start, pull.head_sha) or start,
        start_sha=start,
        created_at=world.clock.now(),
    )
    pull.versions.append(version)
