"""How far a commit has come in applications, as deployments: only what a sync has begun to bring. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.model.deliveries import DeliveryState
from bot.model.deployments import Deployed, Deployment, DeploymentState

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.deliveries import Delivery

LINK: Final = "link.argocd.argoproj.io/external-link"
"""Annotation of an Application that says where people find what it deploys.

https://argo-cd.readthedocs.io/en/stable/user-guide/external-url/
"""
_LONGEST: Final = 255
"""Characters of an address, of which GitLab takes no more."""
_STATES: Final = {
    DeliveryState.SYNCING: DeploymentState.IN_PROGRESS,
    DeliveryState.PROGRESSING: DeploymentState.IN_PROGRESS,
    DeliveryState.HEALTHY: DeploymentState.SUCCESS,
    DeliveryState.FAILED: DeploymentState.FAILURE,
}
_OVER: Final = frozenset({DeliveryState.SUPERSEDED, DeliveryState.DELETED})
_ENDED: Final = frozenset({DeploymentState.FAILURE, DeploymentState.INACTIVE})
_PRODUCTION: Final = frozenset({"prod", "production"})


def state_of(delivery: Delivery, *, commit: str) -> tuple[DeploymentState, bool]:
    """Return where the deployment of a commit stands, and whether it is to be made where there is none.

    Another revision that holds the commit takes its place: what is there then is that other one's deployment.
    """
    state = _STATES.get(delivery.state)
    if delivery.state in _OVER or (state is not None and delivery.revision not in {"", commit}):
        return DeploymentState.INACTIVE, False
    return (state or DeploymentState.QUEUED), state is not None and delivery.revision == commit


def differs(known: Deployed | None, state: DeploymentState, *, begins: bool) -> bool:
    """Whether the forge is to be told; what has failed stays so when something else takes its place."""
    if known is None:
        return begins
    return known.state is not state and not (state is DeploymentState.INACTIVE and known.state in _ENDED)


def deployment(
    delivery: Delivery, state: DeploymentState, application: Application | None, *, commit: str, log_url: str
) -> Deployment:
    """Return what a forge is told of an application."""
    sources = application.spec.effective_sources if application is not None else ()
    return Deployment(
        environment=delivery.application,
        state=state,
        description=delivery.words or str(delivery.state),
        url=_address(application.annotation(LINK)) if application is not None else "",
        log_url=log_url,
        transient=any(source.target_revision == commit for source in sources),
        production=not _PRODUCTION.isdisjoint(re.split(r"[^a-z0-9]+", f"{delivery.application} {delivery.where}")),
    )


def _address(annotation: str) -> str:
    """Return the address that an annotation names, perhaps behind a title and a `|`; empty for anything else."""
    address = annotation.rpartition("|")[2].strip()
    if len(address) > _LONGEST or not address.isascii() or not address.isprintable() or " " in address:
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc else ""
