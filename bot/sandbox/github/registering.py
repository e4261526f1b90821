"""Apps registered: by a call, as tests do, or by the form that takes a manifest and gives a code for it.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.sandbox.github.state import App, World

_KEY_BITS = 2048
_LONGEST_NAME = 34


class _Hook(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    url: str
    active: bool = True


class _Manifest(BaseModel):
    """The parameters that GitHub names, and no others."""

    model_config = ConfigDict(strict=True, extra="forbid")
    name: str
    url: str
    hook_attributes: _Hook
    redirect_url: str
    callback_urls: list[str] = []
    setup_url: str = ""
    description: str = ""
    public: bool = False
    default_events: list[str] = []
    default_permissions: dict[str, str] = {}
    request_oauth_on_install: bool = False
    setup_on_update: bool = False


def new_app(world: World, name: str, *, permissions: Mapping[str, str], events: Sequence[str], owner: str) -> App:
    """Register an App, with a fresh key and webhook secret."""
    private, public = _key_pair()
    slug = name.lower().replace(" ", "-")
    with world.lock:
        app = App(
            id=world.next_id(),
            hook_id=world.next_id(),
            name=name,
            slug=slug,
            owner=world.account(owner, kind="Organization"),
            bot=world.account(f"{slug}[bot]", kind="Bot"),
            permissions=dict(permissions),
            events=tuple(events),
            created_at=world.clock.now(),
            private_key_pem=private,
            public_key_pem=public,
            webhook_secret=secrets.token_hex(20),
        )
        world.apps[app.id] = app
        return app


def register(world: World, text: str, *, owner: str, state: str) -> tuple[HTTPStatus, str]:
    """Take a posted manifest as somebody who confirms it at once; return where the browser goes, or what is wrong."""
    try:
        manifest = _Manifest.model_validate_json(text)
    except ValidationError as error:
        return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
    if len(manifest.name) > _LONGEST_NAME or any(app.name == manifest.name for app in world.apps.values()):
        return HTTPStatus.UNPROCESSABLE_ENTITY, "Name is too long, or already taken"
    asked, events = manifest.default_permissions, manifest.default_events
    app = new_app(world, manifest.name, permissions=asked, events=events, owner=owner)
    code = secrets.token_hex(20)
    with world.lock:
        app.webhook_url = manifest.hook_attributes.url if manifest.hook_attributes.active else ""
        world.manifest_codes[code] = app
    return HTTPStatus.FOUND, f"{manifest.redirect_url}?{urlencode({'code': code, 'state': state})}"


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
