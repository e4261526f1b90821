"""Apps and their installations: who am I, where am I installed, give me a token, what did you deliver."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bot.sandbox.forge.clock import timestamp
from bot.sandbox.forge.webhooks import Delivery
from bot.sandbox.github.access import issue, permits, visible
from bot.sandbox.github.http import Answer, Audience, Call, Form, Refusal, Route, invalid, not_found
from bot.sandbox.github.payloads import accounts, repositories
from bot.sandbox.github.state import App, Installation, Repository


class TokenForm(Form):
    """Body of a token request: both narrow what the installation has."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, str] | None = None


def get_app(call: Call) -> Answer:
    """Answer with the App itself."""
    return Answer(accounts.own_integration(call.world, _app(call)))


def convert_manifest(call: Call) -> Answer:
    """Hand an App that was registered from a manifest to whoever has the code, once."""
    app = call.world.manifest_codes.pop(call.params["code"], None)
    if app is None:
        raise not_found()
    return Answer(accounts.registered(call.world, app), HTTPStatus.CREATED)


def list_installations(call: Call) -> Answer:
    """Answer with the App's installations."""
    app = _app(call)
    found = [one for one in call.world.installations.values() if one.app is app]
    return call.page([accounts.installation(call.world, one) for one in found])


def get_installation(call: Call) -> Answer:
    """Answer with one installation."""
    return Answer(accounts.installation(call.world, _installation(call)))


def get_repository_installation(call: Call) -> Answer:
    """Answer with the App's installation that sees a repository."""
    app, repository = _app(call), call.repository
    for one in call.world.installations_of(repository):
        if one.app is app:
            return Answer(accounts.installation(call.world, one))
    raise not_found()


def create_token(call: Call) -> Answer:
    """Hand out an installation token, no wider than the installation."""
    installation, form = _installation(call), call.form(TokenForm)
    granted = installation.app.permissions
    wanted = granted if form.permissions is None else form.permissions
    if not all(permits(granted.get(name, "none"), level) for name, level in wanted.items()):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The permissions requested are not granted to this installation."
        )
    limited = _limited_to(call, installation, form)
    token = issue(call.world, installation, permissions=wanted, repository_ids=limited)
    answer = accounts.access_token(token)
    if limited is not None:
        answer["repositories"] = [
            repositories.full(call.world, one) for one in call.world.repositories.values() if one.id in limited
        ]
    return Answer(answer, HTTPStatus.CREATED)


def list_repositories(call: Call) -> Answer:
    """Answer with the repositories a token sees."""
    seen = [one for one in call.world.repositories.values() if _sees(call, one)]

    def wrap(items: list[Any]) -> dict[str, Any]:
        return {"total_count": len(seen), "repository_selection": "selected", "repositories": items}

    return call.page([repositories.full(call.world, one) for one in seen], wrap=wrap)


def list_deliveries(call: Call) -> Answer:
    """Answer with the App's deliveries, newest first; pages follow a cursor, as on GitHub."""
    log = [one for one in call.world.hooks.deliveries(app_id=_app(call).id) if one.response is not None]
    cursor, size = call.query.get("cursor", ""), call.page_size
    if cursor.isdecimal():
        log = [one for one in log if one.id <= int(cursor)]
    headers = {}
    if len(log) > size:
        following = f"{call.world.api}{call.path}?per_page={size}&cursor={log[size].id}"
        headers["Link"] = f'<{following}>; rel="next"'
    return Answer([_delivery_item(one) for one in log[:size]], headers=headers)


def get_delivery(call: Call) -> Answer:
    """Answer with one delivery: what was sent and what came back."""
    delivery = _delivery(call)
    response = delivery.response
    said = {"headers": dict(response.headers), "payload": response.body} if response else {}
    sent = {"headers": dict(delivery.headers), "payload": json.loads(delivery.body)}
    whole = {**_delivery_item(delivery), "url": delivery.recipient.url, "request": sent}
    return Answer({**whole, "response": said or {"headers": None, "payload": None}})


def redeliver(call: Call) -> Answer:
    """Deliver again, with the same GUID."""
    call.world.hooks.redeliver(_delivery(call).id)
    return Answer({}, HTTPStatus.ACCEPTED)


ROUTES = (
    Route("GET", "/app", get_app, audience=Audience.APP),
    Route("POST", "/app-manifests/{code}/conversions", convert_manifest, audience=Audience.ANYBODY),
    Route("GET", "/app/installations", list_installations, audience=Audience.APP),
    Route("GET", "/app/installations/{installation_id}", get_installation, audience=Audience.APP),
    Route("POST", "/app/installations/{installation_id}/access_tokens", create_token, audience=Audience.APP),
    Route("GET", "/repos/{owner}/{repo}/installation", get_repository_installation, audience=Audience.APP),
    Route("GET", "/installation/repositories", list_repositories, audience=Audience.INSTALLATION),
    Route("GET", "/app/hook/deliveries", list_deliveries, audience=Audience.APP),
    Route("GET", "/app/hook/deliveries/{delivery_id}", get_delivery, audience=Audience.APP),
    Route("POST", "/app/hook/deliveries/{delivery_id}/attempts", redeliver, audience=Audience.APP),
)


def _app(call: Call) -> App:
    if call.actor.app is None:
        raise not_found()
    return call.actor.app


def _installation(call: Call) -> Installation:
    found = call.world.installations.get(call.number("installation_id"))
    if found is None or found.app is not call.actor.app:
        raise not_found()
    return found


def _limited_to(call: Call, installation: Installation, form: TokenForm) -> frozenset[int] | None:
    if form.repositories is None and form.repository_ids is None:
        return None
    names = {name.lower() for name in form.repositories or ()}
    owned = [one for one in call.world.repositories.values() if one.id in installation.repository_ids]
    by_name = {one.id for one in owned if one.name.lower() in names}
    ids = by_name | set(form.repository_ids or ())
    if len(by_name) < len(names) or not ids <= installation.repository_ids:
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    return frozenset(ids)


def _sees(call: Call, repository: Repository) -> bool:
    installation = call.actor.installation
    inside = installation is not None and repository.id in installation.repository_ids
    limited = call.actor.repository_ids
    return inside and visible(call.actor, repository) and (limited is None or repository.id in limited)


def _delivery(call: Call) -> Delivery:
    found = call.world.hooks.delivery(call.number("delivery_id"))
    if found is None or found.recipient.app_id != _app(call).id:
        raise not_found()
    return found


def _delivery_item(delivery: Delivery) -> Mapping[str, Any]:
    response = delivery.response
    if response is None:
        raise invalid("Hook", "delivery_id", message="The delivery is still on its way.")
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": timestamp(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": response.status,
        "status_code": response.code,
        "event": delivery.event.name,
        "action": delivery.event.action,
        "installation_id": delivery.event.installation_id,
        "repository_id": delivery.event.repository_id,
        "throttled_at": None,
    }
