"""What people do on GitHub's pages and with git: the hands of demo, tests and benchmarks on one repository."""

from __future__ import annotations

from bot.errors import Rejected
from bot.sandbox.forge.merging import MergeMethod
from bot.sandbox.forge.people import SOMEBODY, HostedGit
from bot.sandbox.forge.repositories import ZERO, Author
from bot.sandbox.forge.statuses import Status
from bot.sandbox.github import branches, conversation, events, pulls, queue, reviews
from bot.sandbox.github.payloads.checks import buttons_of
from bot.sandbox.github.payloads.repositories import clone_url
from bot.sandbox.github.state import (
    CheckRun,
    CheckSuite,
    Comment,
    Deployment,
    PullRequest,
    QueueEntry,
    Repository,
    World,
)


class HostedRepository(HostedGit[World, Repository]):
    """One repository, and everything people do in it; each call is done, and its webhooks queued, when it returns."""

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return self.state.full_name

    @property
    def clone_url(self) -> str:
        """Where Git finds it."""
        return clone_url(self._world, self.state)

    def point(self, branch: str, sha: str, *, user: str = SOMEBODY) -> None:
        """Make a branch, or move it by force, to a commit that exists."""
        with self._world.lock:
            branches.point(self._world, self.state, branch=branch, sha=sha, sender=self._world.account(user))

    def _author(self, login: str) -> Author:
        return pulls.author_of(self._world, self._world.account(login))

    def delete_branch(self, branch: str, *, user: str = SOMEBODY) -> None:
        """Remove a branch; pull requests from or into it are closed."""
        self.point(branch, ZERO, user=user)

    def open_pull_request(
        self,
        head: str,
        base: str | None = None,
        *,
        title: str = "Change files",
        user: str = SOMEBODY,
        draft: bool = False,
    ) -> PullRequest:
        """Open a pull request; `head` is a branch, or `owner:branch` of a fork."""
        owner, colon, branch = head.partition(":")
        with self._world.lock:
            proposal = pulls.Proposal(
                head_repository=self._fork_of(owner) if colon else self.state,
                head=branch if colon else head,
                base=base or self.state.default_branch,
                title=title,
                user=self._world.account(user),
                draft=draft,
            )
            return pulls.open_pull(self._world, self.state, proposal)

    def pull(self, number: int) -> PullRequest:
        """Return a pull request as it is now; Rejected when there is none."""
        found = self.state.pulls.get(number)
        if found is None:
            raise Rejected(f"there is no pull request {self.full_name}#{number}")
        return found

    def merge(self, number: int, *, method: str = "merge", user: str = SOMEBODY) -> str:
        """Merge a pull request (`merge`, `squash` or `rebase`) and return the commit it landed as."""
        with self._world.lock:
            order = pulls.MergeOrder(user=self._world.account(user), method=MergeMethod(method))
            return branches.land(self._world, self.pull(number), order)

    def close(self, number: int, *, user: str = SOMEBODY) -> None:
        """Close a pull request without merging it."""
        with self._world.lock:
            pulls.close(self._world, self.pull(number), sender=self._world.account(user))

    def reopen(self, number: int, *, user: str = SOMEBODY) -> None:
        """Open a closed pull request again."""
        with self._world.lock:
            pulls.reopen(self._world, self.pull(number), sender=self._world.account(user))

    def retarget(self, number: int, base: str, *, user: str = SOMEBODY) -> None:
        """Change the branch a pull request is to be merged into."""
        with self._world.lock:
            pulls.retarget(self._world, self.pull(number), base=base, sender=self._world.account(user))

    def rename(self, number: int, title: str, *, user: str = SOMEBODY) -> None:
        """Change a pull request's title."""
        with self._world.lock:
            pulls.describe(self._world, self.pull(number), title=title, body=None, sender=self._world.account(user))

    def set_draft(self, number: int, *, draft: bool, user: str = SOMEBODY) -> None:
        """Make a pull request a draft, or ready for review."""
        with self._world.lock:
            pulls.set_draft(self._world, self.pull(number), draft=draft, sender=self._world.account(user))

    def label(self, number: int, name: str, *, user: str = SOMEBODY) -> None:
        """Put a label on a pull request."""
        with self._world.lock:
            conversation.add_label(self._world, self.pull(number), name=name, sender=self._world.account(user))

    def unlabel(self, number: int, name: str, *, user: str = SOMEBODY) -> None:
        """Take a label off a pull request."""
        with self._world.lock:
            conversation.remove_label(self._world, self.pull(number), name=name, sender=self._world.account(user))

    def enqueue(self, number: int, *, user: str = SOMEBODY) -> QueueEntry:
        """Put a pull request into the merge queue."""
        with self._world.lock:
            return queue.enqueue(self._world, self.pull(number), sender=self._world.account(user))

    def leave_queue(self, number: int, *, merged: bool, user: str = SOMEBODY) -> None:
        """Let the merge queue land a pull request, or drop it."""
        with self._world.lock:
            queue.leave(self._world, self.pull(number), merged=merged, sender=self._world.account(user))

    def comment(self, number: int, body: str, *, user: str = SOMEBODY) -> Comment:
        """Write a comment."""
        with self._world.lock:
            return conversation.add_comment(self._world, self.pull(number), body=body, user=self._world.account(user))

    def edit_comment(self, comment_id: int, body: str, *, user: str = SOMEBODY) -> None:
        """Replace a comment's body."""
        with self._world.lock:
            comment = self.state.comments[comment_id]
            conversation.edit_comment(self._world, comment, body=body, sender=self._world.account(user))

    def delete_comment(self, comment_id: int, *, user: str = SOMEBODY) -> None:
        """Delete a comment."""
        with self._world.lock:
            comment = self.state.comments[comment_id]
            conversation.delete_comment(self._world, comment, sender=self._world.account(user))

    def approve(self, number: int, *, user: str = SOMEBODY) -> None:
        """Approve a pull request at its head."""
        with self._world.lock:
            reviews.submit(self._world, self.pull(number), state="APPROVED", user=self._world.account(user))

    def take_back_approval(self, number: int, *, user: str = SOMEBODY) -> None:
        """Take somebody's last approval back by asking for changes."""
        self.ask_for_changes(number, user=user)

    def ask_for_changes(self, number: int, *, user: str = SOMEBODY) -> None:
        """Ask for changes in a review."""
        with self._world.lock:
            reviews.submit(self._world, self.pull(number), state="CHANGES_REQUESTED", user=self._world.account(user))

    def remark(self, number: int, *, user: str = SOMEBODY) -> None:
        """Review a pull request without an opinion."""
        with self._world.lock:
            reviews.submit(self._world, self.pull(number), state="COMMENTED", user=self._world.account(user))

    def dismiss(self, number: int, *, user: str = SOMEBODY) -> None:
        """Have somebody's last review count no more."""
        with self._world.lock:
            pull, whose = self.pull(number), self._world.account(user)
            review = next(one for one in reversed(pull.reviews) if one.user is whose)
            reviews.dismiss(self._world, pull, review, sender=self._world.account(SOMEBODY))

    def asked_to_review(self, number: int) -> set[str]:
        """Return who is asked for a review, and has not given it: people, and teams as `owner/team`."""
        with self._world.lock:
            pull, owner = self.pull(number), self.state.owner.login
            return {one.login for one in pull.asked} | {f"{owner}/{one.slug}" for one in pull.asked_teams}

    def rerequest(self, check: CheckRun | CheckSuite, *, user: str = SOMEBODY) -> None:
        """Press *Re-run* on a check run or on a whole suite."""
        with self._world.lock:
            sender = self._world.account(user)
            if isinstance(check, CheckRun):
                events.check_run(self._world, self.state, check, sender=sender)
            else:
                events.check_suite(self._world, self.state, check, action="rerequested", sender=sender)

    def press(self, check: CheckRun, button: str, *, user: str = SOMEBODY) -> None:
        """Press a button that a check run has; Rejected where it has no such button."""
        with self._world.lock:
            if button not in buttons_of(check):
                raise Rejected(f"the check {check.name} has no button {button}")
            events.check_run(self._world, self.state, check, sender=self._world.account(user), button=button)

    def grant(self, user: str, role: str) -> None:
        """Give somebody a role: none, read, triage, write, maintain or admin."""
        with self._world.lock:
            self.state.roles[self._world.account(user).login.lower()] = role

    def statuses(self, sha: str) -> dict[str, Status]:
        """Return the newest status of each context, said by a commit status or by a check run."""
        return {one.context: one for one in self.status_history(sha)}

    def status_history(self, sha: str) -> list[Status]:
        """Return every status of a commit, oldest first, and everything that its check runs said."""
        with self._world.lock:
            by_runs = (one for one in self.state.said_by_runs if one.sha == sha)
            return sorted([*self.state.statuses.get(sha, []), *by_runs], key=lambda one: one.id)

    def comments(self, number: int) -> list[Comment]:
        """Return a pull request's comments, oldest first."""
        with self._world.lock:
            return self.state.comments_on(number)

    def check_runs(self, sha: str) -> list[CheckRun]:
        """Return a commit's check runs, oldest first."""
        with self._world.lock:
            return [run for run in self.state.check_runs.values() if run.suite.head_sha == sha]

    def deployments(self) -> list[Deployment]:
        """Return the deployments, oldest first."""
        with self._world.lock:
            return list(self.state.deployments.values())

    def _fork_of(self, owner: str) -> Repository:
        for one in self._world.repositories.values():
            if one.owner.login.lower() == owner.lower() and (one is self.state or one.parent is self.state):
                return one
        raise Rejected(f"{owner} has no fork of {self.full_name}")
