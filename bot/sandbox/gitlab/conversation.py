"""What is said about a merge request: notes, emoji, statuses of its commits."""

from __future__ import annotations

from http import HTTPStatus

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab import events
from bot.sandbox.gitlab.http import Refusal, bad_request, forbidden, not_found
from bot.sandbox.gitlab.payloads import hooks
from bot.sandbox.gitlab.state import Award, Label, LabelEvent, MergeRequest, Note, Pipeline, Project, Status, World

LONGEST_NOTE = 1_000_000
"""Characters: https://docs.gitlab.com/administration/instance_limits/#size-of-comments-and-descriptions-of-issues-merge-requests-and-epics"""
_LONGEST_WORDS = 255
_STARTS = {"pending": "enqueue", "running": "run", "success": "success", "failed": "drop", "canceled": "cancel"}


def add_note(world: World, pull: MergeRequest, *, body: str, user: Account, system: bool = False) -> Note:
    """Write a comment and tell."""
    _check_body(body)
    now = world.clock.now()
    note = Note(world.next_id(), pull, user, body, now, now, system=system)
    pull.project.notes[note.id] = note
    events.note(world, note, action="create", sender=user)
    return note


def edit_note(world: World, note: Note, *, body: str, sender: Account) -> None:
    """Replace a comment's body and tell."""
    _check_body(body)
    note.body, note.updated_at = body, world.clock.now()
    events.note(world, note, action="update", sender=sender)


def award(world: World, note: Note, *, name: str, user: Account) -> Award:
    """Put an emoji under a note and tell; the same one of the same person is refused."""
    if any((one.user, one.name) == (user, name) for one in note.reactions):
        raise not_found("Award Emoji Name has already been taken")
    one = Award(world.next_id(), user, name, world.clock.now())
    note.reactions.append(one)
    events.emoji(world, one, note, action="award")
    return one


def set_label(world: World, pull: MergeRequest, *, name: str, put: bool, sender: Account) -> None:
    """Put a label on a merge request, or take it off, and tell; nothing happens when it is so already."""
    label = pull.project.labels.setdefault(name.lower(), Label(world.next_id(), name))
    if (label in pull.labels) is put:
        return
    before = list(pull.labels)
    pull.labels = [*before, label] if put else [one for one in before if one is not label]
    now = world.clock.now()
    pull.label_events.append(LabelEvent(world.next_id(), sender, label, put=put, created_at=now))
    pull.updated_at = now
    changes = {"labels": {"previous": hooks.labels(pull, before), "current": hooks.labels(pull, pull.labels)}}
    events.merge_request(world, pull, action="update", sender=sender, extra={"changes": changes})


def latest_statuses(project: Project, sha: str) -> list[Status]:
    """Return the newest status of each name, in each pipeline of a commit; the lowest number first."""
    newest = {(one.pipeline.id, one.name): one for one in project.statuses if one.pipeline.sha == sha}
    return sorted(newest.values(), key=lambda one: one.id)


def say(world: World, project: Project, wanted: Status, *, pipeline_id: int | None) -> Status:
    """Say a status, whose pipeline has the commit and perhaps the ref; what it goes on with, it says anew.

    https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/ci/create_commit_status_service.rb
    """
    pipeline = _pipeline(world, project, wanted.pipeline, pipeline_id=pipeline_id)
    branch = pipeline.ref.removeprefix("refs/heads/")
    if project.level_of(wanted.user) < project.protected.get(branch, 0):
        raise forbidden()
    for words, what in ((wanted.name, "name"), (wanted.description or "", "description")):
        if len(words) > _LONGEST_WORDS:
            raise bad_request({what: [f"is too long (maximum is {_LONGEST_WORDS} characters)"]})
    goes_on = (one for one in project.statuses if (one.pipeline, one.name, one.user) == _key(pipeline, wanted))
    status = next((one for one in goes_on if not one.ended), None)
    if status is None:
        wanted.pipeline, status = pipeline, wanted
        project.statuses.append(status)
    else:
        _move(status, wanted)
    now = world.clock.now()
    status.started_at = status.started_at or (now if status.word != "pending" else None)
    status.finished_at = now if status.ended else None
    project.said.append((pipeline.sha, status.name, status.word, status.description))
    return status


def _key(pipeline: Pipeline, wanted: Status) -> tuple[Pipeline, str, Account]:
    return pipeline, wanted.name, wanted.user


def _move(status: Status, wanted: Status) -> None:
    """Give a status that has not ended another state; no way leads to one that it has, nor back to pending."""
    if wanted.word in {status.word, "pending"}:
        event = _STARTS[wanted.word]
        words = f"Cannot transition status via :{event} from :{status.word}"
        reason = f'Reason(s): Status cannot transition via "{event}"'
        raise bad_request(f"{words} ({reason})")
    status.word = wanted.word
    status.description = wanted.description if wanted.description is not None else status.description
    status.target_url = wanted.target_url if wanted.target_url is not None else status.target_url


def _pipeline(world: World, project: Project, wanted: Pipeline, *, pipeline_id: int | None) -> Pipeline:
    known = [one for one in project.pipelines if one.sha == wanted.sha and wanted.ref in {"", one.ref}]
    if pipeline_id is not None:
        known = [one for one in known if one.id == pipeline_id]
        if not known:
            raise not_found("Pipeline for pipeline_id, sha and ref")
    if known:
        return known[-1]
    git = BareRepository(project.path)
    holding = (name for name, tip in git.branches().items() if git.contains(tip, ancestor=wanted.sha))
    ref = wanted.ref or next(holding, "")
    if not ref:
        raise not_found("References for commit")
    made = Pipeline(world.next_id(), wanted.sha, ref)
    project.pipelines.append(made)
    return made


def _check_body(body: str) -> None:
    if not body.strip():
        raise bad_request({"note": ["can't be blank"]})
    if len(body) > LONGEST_NOTE:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, {"message": {"note": [f"is too long (maximum is {LONGEST_NOTE} characters)"]}}
        )
