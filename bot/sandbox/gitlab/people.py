"""What people do on GitLab's pages and with git: the hands of demo and tests on one project.

Its methods are called as those of the GitHub stand-in's people, so that one story can be told on both.
"""

from __future__ import annotations

from bot.errors import Rejected
from bot.forges.gitlab.statuses import ANEW
from bot.sandbox.forge.merging import Merge, MergeMethod, perform
from bot.sandbox.forge.people import SOMEBODY, HostedGit
from bot.sandbox.forge.repositories import Author, BareRepository
from bot.sandbox.forge.statuses import Status as Told
from bot.sandbox.gitlab import branches, conversation, events, pulls
from bot.sandbox.gitlab.state import (
    DEVELOPER,
    GUEST,
    MAINTAINER,
    OWNER,
    REPORTER,
    Hook,
    MergeRequest,
    Note,
    Pipeline,
    Project,
    Status,
    World,
)

_ROLES = {
    "none": 0,
    "read": GUEST,
    "triage": REPORTER,
    "write": DEVELOPER,
    "maintain": MAINTAINER,
    "admin": OWNER,
}
_STATES = {"pending": "pending", "running": "pending", "success": "success", "failed": "failure", "canceled": "error"}


class HostedProject(HostedGit[World, Project]):
    """One project, and everything people do in it; each call is done, and its webhooks queued, when it returns."""

    @property
    def full_name(self) -> str:
        """`group/project`."""
        return self.state.full_name

    @property
    def clone_url(self) -> str:
        """Where Git finds it."""
        return f"{self._world.site}/{self.state.full_name}.git"

    def point(self, branch: str, sha: str, *, user: str = SOMEBODY) -> None:
        """Make a branch, or move it by force, to a commit that exists."""
        with self._world.lock:
            branches.point(self._world, self.state, branch=branch, sha=sha, sender=self._world.account(user))

    def _author(self, login: str) -> Author:
        return pulls.author_of(self._world, self._world.account(login))

    def open_pull_request(
        self,
        head: str,
        base: str | None = None,
        *,
        title: str = "Change files",
        user: str = SOMEBODY,
        draft: bool = False,
    ) -> MergeRequest:
        """Open a merge request; `head` is a branch, or `group:branch` of a fork."""
        owner, colon, branch = head.partition(":")
        with self._world.lock:
            proposal = pulls.Proposal(
                source=self._fork_of(owner) if colon else self.state,
                head=branch if colon else head,
                base=base or self.state.default_branch,
                title=title,
                user=self._world.account(user),
                draft=draft,
            )
            return pulls.open_pull(self._world, self.state, proposal)

    def pull(self, number: int) -> MergeRequest:
        """Return a merge request as it is now; Rejected when there is none."""
        found = self.state.pulls.get(number)
        if found is None:
            raise Rejected(f"there is no merge request {self.full_name}!{number}")
        return found

    def merge(self, number: int, *, method: str = "merge", user: str = SOMEBODY) -> str:
        """Merge a merge request (`merge`, `squash` or `rebase`) and return the commit it landed as."""
        with self._world.lock:
            account = self._world.account(user)
            return branches.land(self._world, self.pull(number), method=MergeMethod(method), user=account)

    def close(self, number: int, *, user: str = SOMEBODY) -> None:
        """Close a merge request without merging it."""
        with self._world.lock:
            pulls.close(self._world, self.pull(number), sender=self._world.account(user))

    def reopen(self, number: int, *, user: str = SOMEBODY) -> None:
        """Open a closed merge request again."""
        with self._world.lock:
            pulls.reopen(self._world, self.pull(number), sender=self._world.account(user))

    def retarget(self, number: int, base: str, *, user: str = SOMEBODY) -> None:
        """Change the branch a merge request is to be merged into."""
        with self._world.lock:
            pulls.retarget(self._world, self.pull(number), base=base, sender=self._world.account(user))

    def rename(self, number: int, title: str, *, user: str = SOMEBODY) -> None:
        """Change a merge request's title."""
        with self._world.lock:
            pulls.rename(self._world, self.pull(number), title=title, sender=self._world.account(user))

    def set_draft(self, number: int, *, draft: bool, user: str = SOMEBODY) -> None:
        """Make a merge request a draft, or ready for review."""
        with self._world.lock:
            pulls.set_draft(self._world, self.pull(number), draft=draft, sender=self._world.account(user))

    def label(self, number: int, name: str, *, user: str = SOMEBODY) -> None:
        """Put a label on a merge request."""
        with self._world.lock:
            sender = self._world.account(user)
            conversation.set_label(self._world, self.pull(number), name=name, put=True, sender=sender)

    def unlabel(self, number: int, name: str, *, user: str = SOMEBODY) -> None:
        """Take a label off a merge request."""
        with self._world.lock:
            sender = self._world.account(user)
            conversation.set_label(self._world, self.pull(number), name=name, put=False, sender=sender)

    def enqueue(self, number: int, *, user: str = SOMEBODY) -> Pipeline:
        """Put a merge request on a merge train of its own, whose pipeline begins on a speculative commit."""
        return self._merged(number, "train", user=user)

    def try_merged(self, number: int, *, user: str = SOMEBODY) -> Pipeline:
        """Have a pipeline begin on what merging comes to, as projects may ask for with each push: no merge train."""
        return self._merged(number, "merge", user=user)

    def _merged(self, number: int, what: str, *, user: str) -> Pipeline:
        with self._world.lock:
            pull, git = self.pull(number), BareRepository(self.state.path)
            sender = self._world.account(user)
            author = pulls.author_of(self._world, sender)
            order = Merge(git.head(pull.base_ref), pull.head_sha, f"Merge {what}", author)
            ref = f"refs/merge-requests/{number}/{what}"
            pipeline = Pipeline(self._world.next_id(), perform(git, order), ref)
            git.set_ref(ref, pipeline.sha)
            self.state.pipelines.append(pipeline)
            events.pipeline(self._world, pipeline, pull, status="pending", sender=sender)
            return pipeline

    def leave_queue(self, number: int, *, merged: bool, user: str = SOMEBODY) -> None:
        """Let the merge train land a merge request, or drop it."""
        with self._world.lock:
            pull, sender = self.pull(number), self._world.account(user)
            ref = f"refs/merge-requests/{number}/train"
            pipeline = next(one for one in reversed(self.state.pipelines) if one.ref == ref)
            BareRepository(self.state.path).delete_ref(ref)
            if not merged:
                events.pipeline(self._world, pipeline, pull, status="canceled", sender=sender)
                return
            pull.merge_commit_sha = pipeline.sha
            pulls.merged(self._world, pull, sender=sender)
            branches.point(self._world, self.state, branch=pull.base_ref, sha=pipeline.sha, sender=sender)

    def approve(self, number: int, *, user: str = SOMEBODY) -> None:
        """Approve a merge request."""
        with self._world.lock:
            pulls.approve(self._world, self.pull(number), user=self._world.account(user))

    def ask_for_changes(self, number: int, *, user: str = SOMEBODY) -> None:
        """Ask for changes in a review."""
        with self._world.lock:
            pulls.ask_for_changes(self._world, self.pull(number), user=self._world.account(user))

    def take_back_approval(self, number: int, *, user: str = SOMEBODY) -> None:
        """Take an approval back."""
        with self._world.lock:
            pulls.take_back_approval(self._world, self.pull(number), user=self._world.account(user))

    def asked_to_review(self, number: int) -> set[str]:
        """Return who is asked for a review."""
        with self._world.lock:
            return {one.login for one in self.pull(number).reviewers}

    def run_ci(self, branch: str, *, user: str = SOMEBODY) -> Status:
        """Have a pipeline of the project's own begin on a branch, with one job, which is returned."""
        with self._world.lock:
            world, sha = self._world, BareRepository(self.state.path).head(branch)
            pipeline = Pipeline(world.next_id(), sha, branch)
            now = world.clock.now()
            job = Status(world.next_id(), pipeline, "test", "running", None, None, world.account(user), now, now)
            self.state.pipelines.append(pipeline)
            self.state.statuses.append(job)
            return job

    def comment(self, number: int, body: str, *, user: str = SOMEBODY) -> Note:
        """Write a note."""
        with self._world.lock:
            return conversation.add_note(self._world, self.pull(number), body=body, user=self._world.account(user))

    def react(self, comment_id: int, name: str, *, user: str = SOMEBODY) -> None:
        """Put an emoji under a note."""
        with self._world.lock:
            conversation.award(self._world, self.state.notes[comment_id], name=name, user=self._world.account(user))

    def edit_comment(self, comment_id: int, body: str, *, user: str = SOMEBODY) -> None:
        """Replace a note's body."""
        with self._world.lock:
            note = self.state.notes[comment_id]
            conversation.edit_note(self._world, note, body=body, sender=self._world.account(user))

    def delete_comment(self, comment_id: int, *, user: str = SOMEBODY) -> None:
        """Delete a note, which nobody is told of."""
        with self._world.lock:
            self._world.account(user)
            del self.state.notes[comment_id]

    def grant(self, user: str, role: str) -> None:
        """Give somebody a role: none, read (Guest), triage (Reporter), write (Developer), maintain or admin (Owner)."""
        with self._world.lock:
            self.state.roles[self._world.account(user).login.lower()] = _ROLES[role]

    def protect(self, branch: str, *, role: str = "maintain") -> None:
        """Let only those with a role push to a branch."""
        with self._world.lock:
            self.state.protected[branch] = _ROLES[role]

    def add_webhook(self, url: str, *, events: tuple[str, ...], token: str = "", signing_token: str = "") -> Hook:
        """Set up a webhook with a secret token, a signing token, or both."""
        with self._world.lock:
            now = self._world.clock.now()
            hook = Hook(self._world.next_id(), url, frozenset(events), now, token=token, signing_token=signing_token)
            self.state.hooks[hook.id] = hook
            return hook

    def statuses(self, sha: str) -> dict[str, Told]:
        """Return the newest status of each context, in the states that GitHub has too."""
        with self._world.lock:
            return {one.name: _told(one) for one in conversation.latest_statuses(self.state, sha)}

    def status_history(self, sha: str) -> list[Told]:
        """Return every state that a commit's statuses were given, oldest first, in the states that GitHub has too."""
        with self._world.lock:
            of_commit = [one for one in self.state.statuses if one.pipeline.sha == sha]
            return [
                _told(next(one for one in of_commit if one.name == name), word=word, description=description)
                for commit, name, word, description in self.state.said
                if commit == sha
            ]

    def comments(self, number: int) -> list[Note]:
        """Return a merge request's notes, oldest first."""
        with self._world.lock:
            return self.state.notes_on(number)

    def _fork_of(self, owner: str) -> Project:
        for one in self._world.projects.values():
            if one.full_name.rpartition("/")[0].lower() == owner.lower() and one.parent is self.state:
                return one
        raise Rejected(f"{owner} has no fork of {self.full_name}")


def _told(one: Status, *, word: str = "", description: str | None = None) -> Told:
    word, description = (word, description) if word else (one.word, one.description)
    return Told(
        id=one.id,
        sha=one.pipeline.sha,
        state="pending" if description == ANEW else _STATES[word],
        context=one.name,
        description=description,
        target_url=one.target_url,
        creator=one.user,
        created_at=one.created_at,
    )
