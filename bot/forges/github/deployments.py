"""Deployments on GitHub: found again by their task, commit and environment, so that none is made twice.

https://docs.github.com/en/rest/deployments
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.forges import limits
from bot.forges.github.asking import whole_sha
from bot.model.deployments import Deployed, Deployment, DeploymentState
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.forges.github.asking import Asking
    from bot.model.changes import Repository

_DESCRIPTION: Final = 140
"""Characters that GitHub keeps of a status: https://docs.github.com/en/rest/deployments/statuses"""
_READ: Final = {
    **{state.value: state for state in DeploymentState},
    "pending": DeploymentState.QUEUED,
    "error": DeploymentState.FAILURE,
}
_BY: Final = "foresail"
"""In a deployment's payload: which instance made it."""


class Deployments:
    """Deployments of repositories; safe to use from threads."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def known(
        self, repository: Repository, sha: str, environments: Collection[str], *, instance: str
    ) -> dict[str, Deployed] | None:
        """Return those of a commit by environment, for one request and one each; None where none may be written."""
        if not self._asking.may_deploy(repository):
            return None
        query: dict[str, str | int] = {"sha": whole_sha(sha), "task": _task(instance)}
        found: dict[str, Deployed] = {}
        # Newest first, and only the oldest counts: whoever came second, if ever two came at once, finds the first.
        for one in self._asking.pages("/deployments", repository, query=query):
            environment = one.at("environment").text()
            if environment in environments:
                found[environment] = Deployed(one.at("id").number(), None)
        return {name: Deployed(one.id, self._state(repository, one.id)) for name, one in found.items()}

    def tell(
        self, repository: Repository, sha: str, wanted: Deployment, known: Deployed | None, *, instance: str
    ) -> Deployed:
        """Say how a deployment stands, which is made where there is none; one request, then two."""
        self._asking.take(
            repository,
            Charge.CONTENT,
            whose=f"deployment of {wanted.environment} at {sha}",
            requests=1 if known is not None else 2,
        )
        number = known.id if known is not None else self._make(repository, sha, wanted, instance=instance)
        said = {
            "state": wanted.state.value,
            "description": limits.description(wanted.description, longest=_DESCRIPTION),
            "auto_inactive": True,
        }
        addresses = {"environment_url": wanted.url, "log_url": wanted.log_url}
        body = said | {name: address for name, address in addresses.items() if address}
        self._asking.ask("POST", f"/deployments/{number}/statuses", repository, body=body)
        return Deployed(number, wanted.state)

    def _make(self, repository: Repository, sha: str, wanted: Deployment, *, instance: str) -> int:
        """Make one that merges nothing and waits for no status: what is told of has been decided elsewhere."""
        body: dict[str, Any] = {
            "ref": whole_sha(sha),
            "task": _task(instance),
            "auto_merge": False,
            "required_contexts": [],
            "payload": {_BY: instance, "application": wanted.environment},
            "environment": wanted.environment,
            "description": limits.description(f"{instance} syncs {wanted.environment}", longest=_DESCRIPTION),
            "transient_environment": wanted.transient,
            "production_environment": wanted.production,
        }
        return self._asking.ask("POST", "/deployments", repository, body=body).payload.at("id").number()

    def _state(self, repository: Repository, number: int) -> DeploymentState | None:
        for one in self._asking.pages(f"/deployments/{number}/statuses", repository):
            return _READ.get(one.at("state").text())  # the newest stands first
        return None


def _task(instance: str) -> str:
    """Return what our deployments are told apart by from those of others, and of other instances."""
    return f"sync:{instance}"
