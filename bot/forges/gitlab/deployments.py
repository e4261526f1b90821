"""Deployments and environments on GitLab, which makes an environment when something is deployed to it first.

https://docs.gitlab.com/api/deployments/, https://docs.gitlab.com/api/environments/
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.forges.gitlab.errors import Invalid
from bot.model.deployments import Deployed, Deployment, DeploymentState
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.forges.gitlab.api import Api
    from bot.forges.gitlab.payload import Payload
    from bot.model.changes import Repository

_WORDS: Final[Mapping[DeploymentState, str]] = MappingProxyType(
    {
        DeploymentState.QUEUED: "running",  # what has begun and waits
        DeploymentState.IN_PROGRESS: "running",
        DeploymentState.SUCCESS: "success",
        DeploymentState.FAILURE: "failed",
        DeploymentState.INACTIVE: "canceled",
    }
)
_READ: Final[Mapping[str, DeploymentState]] = MappingProxyType(
    {
        "created": DeploymentState.QUEUED,
        "blocked": DeploymentState.QUEUED,
        "running": DeploymentState.IN_PROGRESS,
        "success": DeploymentState.SUCCESS,
        "failed": DeploymentState.FAILURE,
        "canceled": DeploymentState.INACTIVE,
    }
)
_RUNNING: Final = "running"
_SAME: Final = "Cannot transition status"
"""GitLab's words, with 400, when a deployment is so already."""


class Deployments:
    """Deployments of projects; safe to use from threads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def known(self, root: str, sha: str, environments: Collection[str], *, user: int) -> dict[str, Deployed]:
        """Return the newest of a commit by environment, of those that `user` made; a request for each.

        GitLab lists deployments by environment and not by commit.
        """
        found: dict[str, Deployed] = {}
        for name in environments:
            query = {"environment": name, "order_by": "id", "sort": "desc"}
            for one in self._api.pages(f"{root}/deployments", query=query):
                if one.at("sha").text() == sha and _made_by(one) == user:
                    found[name] = Deployed(one.at("id").number(), _READ.get(one.at("status").text()))
                    break
        return found

    def tell(self, root: str, repository: Repository, sha: str, wanted: Deployment, known: Deployed | None) -> Deployed:
        """Say how a deployment stands; one that has ended is followed by another, as GitLab lets none begin again."""
        word = _WORDS[wanted.state]
        goes_on = known is not None and not (word == _RUNNING and known.state is not None)
        said = None if known is None or known.state is None else _WORDS[known.state]
        # One that went well stays so: GitLab itself goes by the newest.
        if known is not None and (said == word or (said == "success" and word == "canceled")):
            return Deployed(known.id, wanted.state)
        self._api.take(Charge.CONTENT, whose=f"{repository.full_name}: deployment of {wanted.environment} at {sha}")
        if known is not None and goes_on:
            self._move(f"{root}/deployments/{known.id}", word)
            return Deployed(known.id, wanted.state)
        body = {"environment": wanted.environment, "sha": sha, "ref": repository.default_branch, "tag": False}
        made = self._api.ask("POST", f"{root}/deployments", body={**body, "status": word}).payload
        self._link(root, made, wanted)
        return Deployed(made.at("id").number(), wanted.state)

    def _move(self, path: str, word: str) -> None:
        try:
            self._api.ask("PUT", path, body={"status": word})
        except Invalid as error:
            if _SAME not in error.message:
                raise

    def _link(self, root: str, made: Payload, wanted: Deployment) -> None:
        """Have the environment lead to what was deployed, where it does not yet."""
        environment = made.at("environment")
        known = environment.find("external_url")
        if wanted.url and (known is None or known.text() != wanted.url):
            number = environment.at("id").number()
            self._api.take(Charge.WRITE, whose=f"{root}: environment {number}")
            self._api.ask("PUT", f"{root}/environments/{number}", body={"external_url": wanted.url})


def _made_by(one: Payload) -> int:
    user = one.find("user")
    return 0 if user is None else user.at("id").number()
