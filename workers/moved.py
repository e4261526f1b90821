"""Moved: a repository without a forge has something new, or may have; whoever uses it is looked at.

Either somebody says so, or it is time to ask: of a forge's own repositories webhooks tell, of no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.settings import Mode
from workers.applicationsets import that_may_read
from workers.changes.landscape import applications_of
from workers.changes.payloads import refreshes_of
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


@job
def run(services: Services, payload: JsonObject) -> None:
    """Have applications and ApplicationSets looked at that use a repository by any of its URLs."""
    if services.settings.mode is Mode.PREVIEW:
        return
    identities = frozenset(repository_identity(str(url)) for url in payload["urls"])
    found = dict.fromkeys(
        one.name
        for identity in sorted(identities)
        for one in applications_of(services, identity)[0].applications
        if _uses(one, identities)
    )
    services.queue.enqueue(*refreshes_of(found), *that_may_read(services, identities))
    _log.info("repository moved", repositories=sorted(identities), applications=len(found))


@job
def poll(services: Services, _payload: JsonObject) -> None:
    """Have applications looked at that have a source of whose pushes no forge tells; one fetch each repository."""
    if services.settings.mode is Mode.PREVIEW:
        return
    try:
        own = {repository_identity(one.clone_url) for one in services.forge.repositories()}
    except Rejected:  # there is no forge
        own = set[str]()
    services.queue.enqueue(*refreshes_of(dict.fromkeys(_users_of_others(services, own))))


def _users_of_others(services: Services, own: set[str]) -> Iterator[str]:
    """Yield the names of applications that use other repositories than `own` (identities), repository by repository."""
    entry = services.memory.index.of("")
    if entry is None:
        for one in services.applications.all().applications:
            if not {repository_identity(source.repo_url) for source in one.spec.effective_sources} <= own:
                yield one.name
        return
    for identity in sorted({repository_identity(address) for address in entry.addresses} - own):
        found = services.memory.index.of(identity)
        yield from sorted(found.applications) if found is not None else ()


def _uses(application: Application, identities: frozenset[str]) -> bool:
    return any(repository_identity(source.repo_url) in identities for source in application.spec.effective_sources)
