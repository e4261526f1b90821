"""What is said about a pull request: comments and labels."""

from __future__ import annotations

from bot.sandbox.forge.accounts import Account
from bot.sandbox.github import events
from bot.sandbox.github.payloads import repositories
from bot.sandbox.github.state import App, Comment, Label, LabelEvent, PullRequest, World

LONGEST_BODY = 65_536
"""Characters a comment may have."""


def check_body(body: str) -> None:
    """Raise ValueError, in GitHub's words, for a comment it does not take."""
    if not body.strip():
        raise ValueError("Body cannot be blank")
    if len(body) > LONGEST_BODY:
        raise ValueError(f"Body is too long (maximum is {LONGEST_BODY} characters)")


def add_comment(world: World, pull: PullRequest, *, body: str, user: Account, app: App | None = None) -> Comment:
    """Write a comment and tell."""
    now = world.clock.now()
    comment = Comment(id=world.next_id(), pull=pull, user=user, body=body, created_at=now, updated_at=now, app=app)
    pull.repository.comments[comment.id] = comment
    events.issue_comment(world, comment, action="created", sender=user)
    return comment


def edit_comment(world: World, comment: Comment, *, body: str, sender: Account) -> None:
    """Replace a comment's body and tell."""
    was = comment.body
    comment.body = body
    comment.updated_at = world.clock.now()
    events.issue_comment(world, comment, action="edited", sender=sender, was=was)


def delete_comment(world: World, comment: Comment, *, sender: Account) -> None:
    """Delete a comment and tell."""
    del comment.pull.repository.comments[comment.id]
    events.issue_comment(world, comment, action="deleted", sender=sender)


def add_label(world: World, pull: PullRequest, *, name: str, sender: Account) -> None:
    """Put a label on a pull request and tell; the repository gets the label if it has none of that name."""
    known = pull.repository.labels
    label = known.setdefault(name.lower(), Label(id=world.next_id(), name=name))
    if label in pull.labels:
        return
    pull.labels.append(label)
    _tell(world, pull, label, action="labeled", sender=sender)


def remove_label(world: World, pull: PullRequest, *, name: str, sender: Account) -> bool:
    """Take a label off and tell; False when it was not there."""
    label = pull.repository.labels.get(name.lower())
    if label is None or label not in pull.labels:
        return False
    pull.labels.remove(label)
    _tell(world, pull, label, action="unlabeled", sender=sender)
    return True


def _tell(world: World, pull: PullRequest, label: Label, *, action: str, sender: Account) -> None:
    event = LabelEvent(world.next_id(), sender, label, put=action == "labeled", created_at=world.clock.now())
    pull.label_events.append(event)
    extra = {"label": repositories.label(world, pull.repository, label)}
    events.pull_request(world, pull, action=action, sender=sender, extra=extra)
