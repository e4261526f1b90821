"""The conversation of a pull request: comments, reactions, labels."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from pydantic import field_validator

from bot.sandbox.github import conversation
from bot.sandbox.github.access import allowed
from bot.sandbox.github.http import Answer, Call, Form, Refusal, Route, not_found
from bot.sandbox.github.payloads import pulls, repositories
from bot.sandbox.github.state import Comment, Reaction

_READ = ("issues:read", "pull_requests:read")
_WRITE = ("issues:write", "pull_requests:write")


class IssueCommentForm(Form):
    """Body of a comment."""

    body: str

    @field_validator("body")
    @classmethod
    def _fits(cls, body: str) -> str:
        conversation.check_body(body)
        return body


class ReactionForm(Form):
    """Body of a reaction."""

    content: Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


class LabelsForm(Form):
    """Body that adds labels."""

    labels: list[str]


def get_issue(call: Call) -> Answer:
    """Answer with a pull request as an issue."""
    return Answer(pulls.issue(call.world, call.pull("issue_number")))


def list_comments(call: Call) -> Answer:
    """Answer with a pull request's comments, oldest first."""
    found = call.repository.comments_on(call.pull("issue_number").number)
    return call.page([pulls.comment(call.world, one) for one in found])


def create_comment(call: Call) -> Answer:
    """Write a comment."""
    form, pull = call.form(IssueCommentForm), call.pull("issue_number")
    one = conversation.add_comment(
        call.world, pull, body=form.body, user=call.account, app=call.actor.app if call.actor.installation else None
    )
    return Answer(pulls.comment(call.world, one), HTTPStatus.CREATED)


def get_comment(call: Call) -> Answer:
    """Answer with one comment."""
    return Answer(pulls.comment(call.world, call.comment()))


def edit_comment(call: Call) -> Answer:
    """Replace a comment's body."""
    form, one = call.form(IssueCommentForm), _own_comment(call)
    conversation.edit_comment(call.world, one, body=form.body, sender=call.account)
    return Answer(pulls.comment(call.world, one))


def delete_comment(call: Call) -> Answer:
    """Delete a comment."""
    conversation.delete_comment(call.world, _own_comment(call), sender=call.account)
    return Answer(status=HTTPStatus.NO_CONTENT)


def list_comment_reactions(call: Call) -> Answer:
    """Answer with the reactions to a comment."""
    return call.page([pulls.reaction(call.world, one) for one in call.comment().reactions])


def react_to_comment(call: Call) -> Answer:
    """React to a comment: 201, or 200 when the reaction was there."""
    return _react(call, call.comment().reactions)


def remove_comment_reaction(call: Call) -> Answer:
    """Take a reaction back."""
    reactions, wanted = call.comment().reactions, call.number("reaction_id")
    kept = [one for one in reactions if one.id != wanted]
    if len(kept) == len(reactions):
        raise not_found()
    reactions[:] = kept
    return Answer(status=HTTPStatus.NO_CONTENT)


def react_to_pull(call: Call) -> Answer:
    """React to a pull request."""
    return _react(call, call.pull("issue_number").reactions)


def list_timeline(call: Call) -> Answer:
    """Answer with what happened to a pull request's labels; of GitHub's many other events this stand-in tells none."""
    pull = call.pull("issue_number")
    return call.page([pulls.label_event(call.world, call.repository, one) for one in pull.label_events])


def list_labels(call: Call) -> Answer:
    """Answer with a pull request's labels."""
    found = call.pull("issue_number").labels
    return call.page([repositories.label(call.world, call.repository, one) for one in found])


def add_labels(call: Call) -> Answer:
    """Put labels on a pull request; the body is `{"labels": […]}` or the bare list."""
    pull = call.pull("issue_number")
    names = call.json if isinstance(call.json, list) else call.form(LabelsForm).labels
    for name in names:
        conversation.add_label(call.world, pull, name=str(name), sender=call.account)
    return list_labels(call)


def remove_label(call: Call) -> Answer:
    """Take a label off a pull request."""
    pull = call.pull("issue_number")
    if not conversation.remove_label(call.world, pull, name=call.params["name"], sender=call.account):
        raise Refusal(HTTPStatus.NOT_FOUND, "Label does not exist")
    return list_labels(call)


_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"

ROUTES = (
    Route("GET", _ISSUE, get_issue, _READ),
    Route("GET", f"{_ISSUE}/comments", list_comments, _READ),
    Route("POST", f"{_ISSUE}/comments", create_comment, _WRITE, creates_content=True),
    Route("GET", _COMMENT, get_comment, _READ),
    Route("PATCH", _COMMENT, edit_comment, _WRITE, creates_content=True),
    Route("DELETE", _COMMENT, delete_comment, _WRITE),
    Route("GET", f"{_COMMENT}/reactions", list_comment_reactions, _READ),
    Route("POST", f"{_COMMENT}/reactions", react_to_comment, _WRITE, creates_content=True),
    Route("DELETE", f"{_COMMENT}/reactions/{{reaction_id}}", remove_comment_reaction, _WRITE),
    Route("POST", f"{_ISSUE}/reactions", react_to_pull, _WRITE, creates_content=True),
    Route("GET", f"{_ISSUE}/timeline", list_timeline, _READ),
    Route("GET", f"{_ISSUE}/labels", list_labels, _READ),
    Route("POST", f"{_ISSUE}/labels", add_labels, _WRITE),
    Route("DELETE", f"{_ISSUE}/labels/{{name}}", remove_label, _WRITE),
)


def _own_comment(call: Call) -> Comment:
    one = call.comment()
    may_moderate = call.actor.installation is None and allowed(call.actor, call.repository, "issues:write")
    if one.user is not call.account and not may_moderate and call.actor.installation is None:
        raise Refusal(HTTPStatus.FORBIDDEN, "Must have admin rights to Repository.")
    return one


def _react(call: Call, reactions: list[Reaction]) -> Answer:
    form = call.form(ReactionForm)
    for one in reactions:
        if one.user is call.account and one.content == form.content:
            return Answer(pulls.reaction(call.world, one))
    made = Reaction(id=call.world.next_id(), user=call.account, content=form.content, created_at=call.world.clock.now())
    reactions.append(made)
    return Answer(pulls.reaction(call.world, made), HTTPStatus.CREATED)
