"""Notes and emoji: https://docs.gitlab.com/api/notes/, https://docs.gitlab.com/api/emoji_reactions/."""

from __future__ import annotations

from http import HTTPStatus

from bot.sandbox.gitlab import conversation
from bot.sandbox.gitlab.http import Answer, Call, Form, Route, forbidden
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import GUEST, MAINTAINER, Note

_NOTES = "/projects/:id/merge_requests/:merge_request_iid/notes"


class _NoteForm(Form):
    body: str


class _AwardForm(Form):
    name: str


def _list(call: Call) -> Answer:
    found = call.project.notes_on(call.pull().number)
    found.sort(key=lambda one: (one.created_at, one.id), reverse=call.query.get("sort", "desc") == "desc")
    return call.page([api.note(call.world, one) for one in found])


def _one(call: Call) -> Answer:
    return Answer(api.note(call.world, call.note()))


def _add(call: Call) -> Answer:
    body = call.form(_NoteForm).body
    note = conversation.add_note(call.world, call.pull(), body=body, user=call.account)
    return Answer(api.note(call.world, note), HTTPStatus.CREATED)


def _edit(call: Call) -> Answer:
    note = _own(call)
    conversation.edit_note(call.world, note, body=call.form(_NoteForm).body, sender=call.account)
    return Answer(api.note(call.world, note))


def _delete(call: Call) -> Answer:
    note = _own(call)
    del call.project.notes[note.id]
    return Answer(status=HTTPStatus.NO_CONTENT)


def _own(call: Call) -> Note:
    """Return the note, if the caller may change it: its author, or a maintainer."""
    note = call.note()
    if note.user is not call.account and call.project.level_of(call.account) < MAINTAINER:
        raise forbidden()
    return note


def _awards(call: Call) -> Answer:
    note = call.note()
    return call.page([api.award(call.world, one, under=note) for one in note.reactions])


def _add_award(call: Call) -> Answer:
    note = call.note()
    one = conversation.award(call.world, note, name=call.form(_AwardForm).name, user=call.account)
    return Answer(api.award(call.world, one, under=note), HTTPStatus.CREATED)


ROUTES = (
    Route("GET", _NOTES, _list),
    Route("POST", _NOTES, _add, level=GUEST, is_note=True),
    Route("GET", f"{_NOTES}/:note_id", _one),
    Route("PUT", f"{_NOTES}/:note_id", _edit, level=GUEST),
    Route("DELETE", f"{_NOTES}/:note_id", _delete, level=GUEST),
    Route("GET", f"{_NOTES}/:note_id/award_emoji", _awards),
    Route("POST", f"{_NOTES}/:note_id/award_emoji", _add_award, level=GUEST),
)
