"""Deployments: what a forge shows of one application on its way to one commit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeploymentState(StrEnum):
    """Where a deployment stands, in GitHub's words."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"
    """Something else is there by now."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is to be told of an application at a commit."""

    environment: str
    """The application's name, which is the environment's."""
    state: DeploymentState
    description: str
    """For a person; the forge's adapter cuts it to what the forge accepts."""
    url: str = ""
    """Where people find what was deployed."""
    log_url: str = ""
    """Where they read how it went."""
    transient: bool = False
    """Whether it is there for one commit only, as a change's own environment is."""
    production: bool = False


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment that this instance made earlier."""

    id: int
    state: DeploymentState | None
    """None: nothing was said of it but that there is one."""
