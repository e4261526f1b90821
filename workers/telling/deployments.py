"""Deployments of a commit: a forge is told of each when a sync begins to bring it, and whenever it stands otherwise.

What was told is remembered, and forgotten before anything more is: killed in between, the forge is asked what it knows,
and nothing is made twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import structlog

from bot.errors import Paced, Rejected
from bot.model.deployments import Deployed, DeploymentState
from bot.preview.deployments import deployment, differs, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.changes import Change, Repository
    from bot.model.deliveries import Delivery
    from bot.services import Services

_log = structlog.get_logger()
_WRITING: Final = 120.0
"""Seconds in which all deployments of a commit are told; after them somebody else may."""


def tell(
    services: Services, repository: Repository, commit: str, deliveries: Sequence[Delivery], change: Change | None
) -> None:
    """Tell of the deployments of a commit, unless it is in more applications than are told of.

    Raises Paced when the rest is to be told later.
    """
    if not 0 < len(deliveries) <= services.settings.deployments:
        return
    with services.locks.hold(f"deployments of {repository.full_name}@{commit}", seconds=_WRITING):
        telling = _Telling(services, repository, commit, change)
        known = telling.known([one.application for one in deliveries])
        if known is not None:
            telling.tell(deliveries, known)


class _Telling:
    """The deployments of one commit."""

    def __init__(self, services: Services, repository: Repository, commit: str, change: Change | None) -> None:
        self._services = services
        self._repository = repository
        self._commit = commit
        self._log_url = change.url if change is not None else ""

    def known(self, names: Sequence[str]) -> dict[str, Deployed] | None:
        """Return what the forge was told; None where it is told nothing."""
        services, repository = self._services, self._repository
        kept = services.memory.deployed(repository.full_name, self._commit)
        if kept is None:
            instance = services.settings.instance
            return services.forge.deployments(repository, self._commit, names, instance=instance)
        read = orjson.loads(kept)
        return {
            name: Deployed(one["id"], None if one["state"] is None else DeploymentState(one["state"]))
            for name, one in read.items()
        }

    def tell(self, deliveries: Sequence[Delivery], known: dict[str, Deployed]) -> None:
        """Tell what stands otherwise than is known."""
        states = {one.application: state_of(one, commit=self._commit) for one in deliveries}
        anew = [one for one in deliveries if self._is_news(one, known, *states[one.application])]
        memory, name = self._services.memory, self._repository.full_name
        if not anew:
            memory.keep_deployed(name, self._commit, orjson.dumps(known))
            return
        found = self._services.applications.named([one.application for one in anew]).applications
        applications = {one.name: one for one in found}
        memory.forget_deployed(name, self._commit)
        for one in anew:
            wanted = deployment(
                one,
                states[one.application][0],
                applications.get(one.application),
                commit=self._commit,
                log_url=self._log_url,
            )
            try:
                instance = self._services.settings.instance
                known[one.application] = self._services.forge.deploy(
                    self._repository, self._commit, wanted, known.get(one.application), instance=instance
                )
            except Paced:  # this one was not sent, and the others are known
                memory.keep_deployed(name, self._commit, orjson.dumps(known))
                raise
            except Rejected as error:
                memory.note(self._refusal(one.application))
                _log.warning("deployment not told", environment=one.application, reason=error.message)
        memory.keep_deployed(name, self._commit, orjson.dumps(known))

    def _is_news(
        self,
        delivery: Delivery,
        known: dict[str, Deployed],
        state: DeploymentState,
        begins: bool,  # noqa: FBT001
    ) -> bool:
        if not differs(known.get(delivery.application), state, begins=begins):
            return False
        return not self._services.memory.is_noted(self._refusal(delivery.application))

    def _refusal(self, application: str) -> str:
        """Name that a forge takes no deployment there, as where an environment is protected: asked again in a day."""
        return f"deployment of {application} in {self._repository.full_name}"
