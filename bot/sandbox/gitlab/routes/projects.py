"""Accounts, projects, their members, branches and webhooks."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab.events import SIGNING
from bot.sandbox.gitlab.http import Answer, Call, Form, Route, bad_request, not_found
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import MAINTAINER, REPORTER, Hook

_KEY_BYTES = 32
_ACTIVE = "true"


class _HookForm(Form):
    url: str
    token: str = ""
    signing_token: str = ""
    push_events: bool = True
    tag_push_events: bool = False
    merge_requests_events: bool = False
    note_events: bool = False
    pipeline_events: bool = False
    emoji_events: bool = False


def _user(call: Call) -> Answer:
    account = call.account
    more = {"created_at": api.timestamp(account.created_at), "bio": "", "email": "", "bot": account.kind == "Bot"}
    return Answer(api.user(call.world, account) | more)


def _users(call: Call) -> Answer:
    wanted = call.query.get("username", "").lower()
    found = call.world.accounts.get(wanted)
    return call.page([] if found is None else [api.user(call.world, found)])


def _projects(call: Call) -> Answer:
    account, world = call.account, call.world
    least = int(call.query.get("min_access_level", "1"))
    member = call.query.get("membership") == _ACTIVE
    archived = call.query.get("archived")
    shown = [
        api.project(world, one)
        for one in sorted(world.projects.values(), key=lambda one: one.id)
        if (one.level_of(account) >= least or not (member or one.private))
        and (archived is None or one.archived is (archived == _ACTIVE))
    ]
    return call.page(shown)


def _project(call: Call) -> Answer:
    asked_by = None if call.token is None else call.token.user
    return Answer(api.whole_project(call.world, call.project, asked_by=asked_by))


def _member(call: Call) -> Answer:
    number = call.number("user_id")
    account = next((one for one in call.world.accounts.values() if one.id == number), None)
    level = 0 if account is None else call.project.level_of(account)
    if account is None or not level:
        raise not_found()
    return Answer(api.member(call.world, account, level=level))


def _branches(call: Call) -> Answer:
    found = BareRepository(call.project.path).branches()
    return call.page([api.branch(call.world, call.project, name, sha) for name, sha in found.items()])


def _branch(call: Call) -> Answer:
    name = call.params["branch"]
    sha = BareRepository(call.project.path).branches().get(name)
    if sha is None:
        raise not_found("Branch")
    return Answer(api.branch(call.world, call.project, name, sha))


def _hooks(call: Call) -> Answer:
    return call.page([api.hook(one, call.project.id) for one in call.project.hooks.values()])


def _add_hook(call: Call) -> Answer:
    form = call.form(_HookForm)
    if form.signing_token and len(_decoded(form.signing_token)) != _KEY_BYTES:
        raise bad_request({"signing_token": ["must be in whsec_<base64> format encoding a 32-byte key"]})
    asked = form.model_dump(exclude={"url", "token", "signing_token"})
    hook = Hook(
        id=call.world.next_id(),
        url=form.url,
        events=frozenset(name for name, wanted in asked.items() if wanted),
        created_at=call.world.clock.now(),
        token=form.token,
        signing_token=form.signing_token,
    )
    call.project.hooks[hook.id] = hook
    return Answer(api.hook(hook, call.project.id), HTTPStatus.CREATED)


def _delete_hook(call: Call) -> Answer:
    if call.project.hooks.pop(call.number("hook_id"), None) is None:
        raise not_found()
    return Answer(status=HTTPStatus.NO_CONTENT)


def _decoded(signing_token: str) -> bytes:
    if not signing_token.startswith(SIGNING):
        return b""
    try:
        return base64.b64decode(signing_token.removeprefix(SIGNING), validate=True)
    except binascii.Error:
        return b""


ROUTES = (
    Route("GET", "/user", _user),
    Route("GET", "/users", _users),
    Route("GET", "/projects", _projects),
    Route("GET", "/projects/:id", _project),
    Route("GET", "/projects/:id/members/all/:user_id", _member),
    Route("GET", "/projects/:id/repository/branches", _branches, level=REPORTER),
    Route("GET", "/projects/:id/repository/branches/:branch", _branch, level=REPORTER),
    Route("GET", "/projects/:id/hooks", _hooks, level=MAINTAINER),
    Route("POST", "/projects/:id/hooks", _add_hook, level=MAINTAINER),
    Route("DELETE", "/projects/:id/hooks/:hook_id", _delete_hook, level=MAINTAINER),
)
