"""Branches of our own, pushed with what the forge gives for that alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.model.credentials import Credentials
from bot.repository.publishing import Publishing

if TYPE_CHECKING:
    from bot.model.changes import Repository
    from bot.repository.mirrors import Mirror
    from bot.repository.publishing import Move
    from bot.services import Services


def pushed(services: Services, repository: Repository, mirror: Mirror, move: Move) -> bool:
    """Move a branch of a repository; False, and nothing changes, where it is not where it was expected.

    Raises Rejected without the permission for it, and for what the server does not take.
    """
    known = services.sources.trees.auth_for(repository.clone_url, "") or Credentials()
    given = services.forge.proposals.push_credentials(repository)
    auth = replace(known, username=given.username, password=given.password, bearer_token="")
    auth = replace(auth, authorities=given.authorities or known.authorities, vouched=True)
    publishing = Publishing(services.mirrors.client, services.settings.git_timeout)
    return publishing.push(mirror, repository.clone_url, auth, move)
