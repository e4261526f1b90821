"""What happens to pull requests: opening, new commits, closing, merging, and whether they can be merged."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from bot.errors import Rejected
from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.merging import Merge, MergeMethod, merged_tree, perform
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.github import events
from bot.sandbox.github.http import Refusal, invalid
from bot.sandbox.github.state import PullRequest, Repository, World


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request about to be opened; `head_repository` differs from the base's for a fork."""

    head_repository: Repository
    head: str
    base: str
    title: str
    user: Account
    body: str | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class MergeOrder:
    """How and by whom a pull request is to be merged."""

    user: Account
    method: MergeMethod = MergeMethod.MERGE
    title: str | None = None
    message: str | None = None
    expected_head: str | None = None
    """The head the caller saw; anything else is refused with 409."""


def author_of(world: World, account: Account) -> Author:
    """Return what Git records when an account commits now."""
    email = f"{account.id}+{account.login}@users.noreply.github.com"
    return Author(name=account.login, email=email, time=world.clock.now())


def open_pull(world: World, repository: Repository, proposal: Proposal) -> PullRequest:
    """Open a pull request and tell; Refusal (422) when a branch is missing or there is nothing to merge."""
    base_sha = BareRepository(repository.path).branches().get(proposal.base)
    head_sha = BareRepository(proposal.head_repository.path).branches().get(proposal.head)
    if base_sha is None or head_sha is None:
        raise invalid("PullRequest", "base" if base_sha is None else "head")
    _refuse_twin(repository, proposal)
    now = world.clock.now()
    pull = PullRequest(
        id=world.next_id(),
        number=len(repository.pulls) + 1,
        repository=repository,
        head_repository=proposal.head_repository,
        title=proposal.title,
        user=proposal.user,
        base_ref=proposal.base,
        base_sha=base_sha,
        head_ref=proposal.head,
        head_sha=head_sha,
        created_at=now,
        updated_at=now,
        body=proposal.body,
        draft=proposal.draft,
    )
    _take_head(pull)
    if not BareRepository(repository.path).log(head_sha, without=base_sha):
        raise invalid(
            "PullRequest", "head", code="custom", message=f"No commits between {pull.base_ref} and {pull.head_ref}"
        )
    repository.pulls[pull.number] = pull
    events.pull_request(world, pull, action="opened", sender=proposal.user)
    return pull


def head_moved(world: World, pull: PullRequest, *, sha: str, sender: Account) -> None:
    """Follow a pull request's head branch to a new commit (`synchronize`)."""
    before = pull.head_sha
    pull.head_sha = sha
    pull.base_sha = BareRepository(pull.repository.path).branches().get(pull.base_ref, pull.base_sha)
    pull.updated_at = world.clock.now()
    _take_head(pull)
    events.pull_request(world, pull, action="synchronize", sender=sender, extra={"before": before, "after": sha})


def close(world: World, pull: PullRequest, *, sender: Account) -> None:
    """Close without merging; nothing happens when it is closed already."""
    if not pull.open:
        return
    pull.closed_at = pull.updated_at = world.clock.now()
    events.pull_request(world, pull, action="closed", sender=sender)


def reopen(world: World, pull: PullRequest, *, sender: Account) -> None:
    """Open a closed pull request again; Refusal (422) when it is merged or its branch is gone."""
    head = BareRepository(pull.head_repository.path).branches().get(pull.head_ref)
    if pull.merged_at is not None or head is None:
        raise invalid("PullRequest", "state", message="state cannot be changed.")
    pull.closed_at = None
    pull.updated_at = world.clock.now()
    pull.head_sha = head
    _take_head(pull)
    events.pull_request(world, pull, action="reopened", sender=sender)


def retarget(world: World, pull: PullRequest, *, base: str, sender: Account) -> None:
    """Change the branch a pull request is to be merged into."""
    sha = BareRepository(pull.repository.path).branches().get(base)
    if sha is None:
        raise invalid("PullRequest", "base")
    changes = {"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}}
    pull.base_ref, pull.base_sha = base, sha
    pull.updated_at = world.clock.now()
    events.pull_request(world, pull, action="edited", sender=sender, extra={"changes": changes})


def describe(world: World, pull: PullRequest, *, title: str | None, body: str | None, sender: Account) -> None:
    """Change title or body; None leaves it."""
    changes: dict[str, dict[str, str]] = {}
    if title is not None and title != pull.title:
        changes["title"] = {"from": pull.title}
        pull.title = title
    if body is not None and body != pull.body:
        changes["body"] = {"from": pull.body or ""}
        pull.body = body
    if changes:
        pull.updated_at = world.clock.now()
        events.pull_request(world, pull, action="edited", sender=sender, extra={"changes": changes})


def set_draft(world: World, pull: PullRequest, *, draft: bool, sender: Account) -> None:
    """Mark as draft, or as ready for review."""
    pull.draft = draft
    pull.updated_at = world.clock.now()
    action = "converted_to_draft" if draft else "ready_for_review"
    events.pull_request(world, pull, action=action, sender=sender)


def merge(world: World, pull: PullRequest, order: MergeOrder) -> str:
    """Write the merge and return its commit; the caller moves the base branch and then calls `merged`.

    Refusal: 405 when it cannot be merged, 409 when the head is not the expected one.
    """
    git = BareRepository(pull.repository.path)
    if order.expected_head is not None and order.expected_head != pull.head_sha:
        raise Refusal(HTTPStatus.CONFLICT, "Head branch was modified. Review and try the merge again.")
    if not pull.open or pull.draft:
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Pull Request is not mergeable")
    if order.method.value not in pull.repository.merge_methods:
        words = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[order.method.value]
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"{words} are not allowed on this repository.")
    try:
        return perform(
            git,
            Merge(
                base=git.head(pull.base_ref),
                head=pull.head_sha,
                message=_merge_message(git, pull, order),
                author=author_of(world, order.user),
                method=order.method,
            ),
        )
    except Rejected as error:
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, error.message) from error


def merged(world: World, pull: PullRequest, *, sha: str, sender: Account) -> None:
    """Record that a pull request landed as commit `sha`, and tell."""
    pull.merged_at = pull.closed_at = pull.updated_at = world.clock.now()
    pull.merged_by = sender
    pull.merge_commit_sha = sha
    BareRepository(pull.repository.path).delete_ref(f"refs/pull/{pull.number}/merge")
    events.pull_request(world, pull, action="closed", sender=sender)


def learn_mergeability(world: World, pull: PullRequest) -> None:
    """Count a read and, once GitHub's background job would be done, find out whether the pull request can be merged."""
    git = BareRepository(pull.repository.path)
    base = git.branches().get(pull.base_ref, pull.base_sha)
    if not pull.open or (pull.mergeable_for == (base, pull.head_sha) and pull.mergeable is not None):
        return
    if pull.mergeable_for != (base, pull.head_sha):
        pull.mergeable_for, pull.mergeable, pull.unknown_reads = (base, pull.head_sha), None, 0
    if pull.unknown_reads < world.behaviour.unknown_mergeability_reads:
        pull.unknown_reads += 1
        return
    _test_merge(world, pull, base=base)


def _test_merge(world: World, pull: PullRequest, *, base: str) -> None:
    git = BareRepository(pull.repository.path)
    tree = merged_tree(git, base=base, head=pull.head_sha)
    pull.mergeable = tree is not None
    ref = f"refs/pull/{pull.number}/merge"
    if tree is None:
        pull.merge_commit_sha = None
        git.delete_ref(ref)
        return
    message = f"Merge {pull.head_sha} into {base}"
    author = author_of(world, pull.user)
    new = NewCommit(tree=tree, parents=[base, pull.head_sha], message=message, author=author)
    pull.merge_commit_sha = git.write_commit(new)
    git.set_ref(ref, pull.merge_commit_sha)


def _take_head(pull: PullRequest) -> None:
    git, ref = BareRepository(pull.repository.path), f"refs/pull/{pull.number}/head"
    if pull.head_repository is pull.repository:
        git.set_ref(ref, pull.head_sha)
    else:
        git.fetch(pull.head_repository.path, pull.head_ref, ref=ref)


def _refuse_twin(repository: Repository, proposal: Proposal) -> None:
    for pull in repository.pulls.values():
        same = pull.head_repository is proposal.head_repository and pull.head_ref == proposal.head
        if pull.open and same and pull.base_ref == proposal.base:
            message = f"A pull request already exists for {pull.head_label}."
            raise invalid("PullRequest", "head", code="custom", message=message)


def _merge_message(git: BareRepository, pull: PullRequest, order: MergeOrder) -> str:
    if order.method is MergeMethod.SQUASH:
        listed = "\n\n".join(
            f"* {one.message.strip()}" for one in reversed(git.log(pull.head_sha, without=pull.base_sha))
        )
        return f"{order.title or f'{pull.title} (#{pull.number})'}\n\n{order.message or listed}\n"
    head = f"{pull.head_repository.owner.login}/{pull.head_ref}"
    title = order.title or f"Merge pull request #{pull.number} from {head}"
    return f"{title}\n\n{order.message or pull.title}\n"
