"""Deployments and environments as the REST API answers them: https://docs.gitlab.com/api/deployments/."""

from __future__ import annotations

from typing import Any

from bot.sandbox.gitlab.payloads.api import timestamp, user
from bot.sandbox.gitlab.state import Deployment, Environment, Project, World


def deployment(world: World, one: Deployment) -> dict[str, Any]:
    """Return a deployment that no pipeline of GitLab's made."""
    return {
        "id": one.id,
        "iid": one.number,
        "ref": one.ref,
        "sha": one.sha,
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.updated_at),
        "status": one.status,
        "user": user(world, one.user),
        "environment": {
            "id": one.environment.id,
            "name": one.environment.name,
            "external_url": one.environment.external_url,
        },
        "deployable": None,
    }


def environment(world: World, project: Project, one: Environment) -> dict[str, Any]:
    """Return an environment."""
    return {
        "id": one.id,
        "name": one.name,
        "slug": one.name.replace("_", "-"),
        "external_url": one.external_url,
        "state": "available",
        "tier": "production" if one.name.startswith("prod") else "other",
        "created_at": timestamp(project.created_at),
        "updated_at": timestamp(world.clock.now()),
    }
