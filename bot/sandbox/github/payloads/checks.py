"""Statuses, check runs, check suites and deployments as GitHub writes them."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forge.clock import timestamp
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.forge.statuses import Status
from bot.sandbox.github.payloads.accounts import integration, node_id, simple_user
from bot.sandbox.github.payloads.commits import simple_commit
from bot.sandbox.github.payloads.pulls import minimal_pull
from bot.sandbox.github.payloads.repositories import api_url, html_url, minimal
from bot.sandbox.github.state import (
    CheckRun,
    CheckSuite,
    Deployment,
    DeploymentStatus,
    PullRequest,
    Repository,
    World,
)

_BAD_STATES = {"error", "failure"}
_STATES = {"success": "success", "neutral": "success", "skipped": "success", "failure": "failure"}
"""Of a commit status, by the conclusion of a check run; of any other it is an error."""


def status(world: World, repository: Repository, one: Status) -> dict[str, Any]:
    """Return a commit status."""
    return {**_simple_status(world, repository, one), "creator": simple_user(world, one.creator)}


def combined_status(world: World, repository: Repository, *, sha: str) -> dict[str, Any]:
    """Return the newest status of each context, and the sum of them."""
    newest = latest_statuses(repository, sha)
    states = {one.state for one in newest}
    url = f"{api_url(world, repository)}/commits/{sha}"
    whole = "pending" if "pending" in states or not states else "success"
    return {
        "state": "failure" if states & _BAD_STATES else whole,
        "statuses": [_simple_status(world, repository, one) for one in newest],
        "sha": sha,
        "total_count": len(newest),
        "repository": minimal(world, repository),
        "commit_url": url,
        "url": f"{url}/status",
    }


def latest_statuses(repository: Repository, sha: str) -> list[Status]:
    """Return the newest status of each context, in the order the contexts appeared."""
    return list({one.context: one for one in repository.statuses.get(sha, [])}.values())


def check_run(world: World, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """Return a check run."""
    url = f"{api_url(world, repository)}/check-runs/{run.id}"
    page = f"{html_url(world, repository)}/runs/{run.id}"
    output = run.fields.get("output")
    said = output if isinstance(output, dict) else {}
    return {
        "id": run.id,
        "node_id": node_id("CheckRun", run.id),
        "head_sha": run.suite.head_sha,
        "name": run.name,
        "external_id": run.fields.get("external_id", ""),
        "url": url,
        "html_url": page,
        "details_url": run.fields.get("details_url", page),
        "status": run.fields.get("status", "queued"),
        "conclusion": run.fields.get("conclusion"),
        "started_at": timestamp(run.started_at),
        "completed_at": None if run.completed_at is None else timestamp(run.completed_at),
        "output": {
            **{name: said.get(name) for name in ("title", "summary", "text")},
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": integration(world, run.suite.app),
        "pull_requests": [minimal_pull(world, pull) for pull in pulls_with_head(repository, run.suite.head_sha)],
    }


def as_status(run: CheckRun, *, number: int, now: float) -> Status:
    """Return what a check run says as a commit status would."""
    output, conclusion = run.fields.get("output"), run.fields.get("conclusion")
    title = output.get("title") if isinstance(output, dict) else None
    state = "pending" if conclusion is None else _STATES.get(str(conclusion), "error")
    return Status(number, run.suite.head_sha, state, run.name, title, None, run.suite.app.bot, now)


def buttons_of(run: CheckRun) -> list[str]:
    """Return the identifiers of a check run's buttons."""
    found = run.fields.get("actions")
    return [one["identifier"] for one in found] if isinstance(found, list) else []


def annotation(world: World, repository: Repository, run: CheckRun, said: dict[str, object]) -> dict[str, Any]:
    """Return one annotation of a check run."""
    optional = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    blob = f"{html_url(world, repository)}/blob/{run.suite.head_sha}/{said['path']}"
    return {**optional, **said, "blob_href": blob}


def check_suite(world: World, repository: Repository, suite: CheckSuite) -> dict[str, Any]:
    """Return a check suite, its status and conclusion drawn from its runs."""
    url = f"{api_url(world, repository)}/check-suites/{suite.id}"
    runs = [run for run in repository.check_runs.values() if run.suite is suite]
    pulls = pulls_with_head(repository, suite.head_sha)
    return {
        "id": suite.id,
        "node_id": node_id("CheckSuite", suite.id),
        "head_branch": pulls[0].head_ref if pulls else None,
        "head_sha": suite.head_sha,
        **_suite_state(runs),
        "url": url,
        "before": None,
        "after": suite.head_sha,
        "pull_requests": [minimal_pull(world, pull) for pull in pulls],
        "app": integration(world, suite.app),
        "repository": minimal(world, repository),
        "created_at": timestamp(suite.created_at),
        "updated_at": timestamp(suite.updated_at),
        "head_commit": simple_commit(BareRepository(repository.path).commit(suite.head_sha)),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
    }


def check_run_event(world: World, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """Return a check run as events hold it, with its suite."""
    suite = check_suite(world, repository, run.suite)
    for left_out in ("latest_check_runs_count", "check_runs_url", "head_commit"):
        del suite[left_out]
    return {**check_run(world, repository, run), "check_suite": suite}


def deployment(world: World, repository: Repository, one: Deployment) -> dict[str, Any]:
    """Return a deployment."""
    url = api_url(world, repository)
    return {
        "url": f"{url}/deployments/{one.id}",
        "id": one.id,
        "node_id": node_id("Deployment", one.id),
        "sha": one.sha,
        "ref": one.fields["ref"],
        "task": one.fields["task"],
        "payload": one.fields["payload"],
        "environment": one.fields["environment"],
        "original_environment": one.fields["environment"],
        "description": one.fields["description"],
        "transient_environment": one.fields["transient_environment"],
        "production_environment": one.fields["production_environment"],
        "creator": simple_user(world, one.creator),
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.statuses[-1].created_at if one.statuses else one.created_at),
        "statuses_url": f"{url}/deployments/{one.id}/statuses",
        "repository_url": url,
    }


def deployment_status(
    world: World, repository: Repository, *, parent: Deployment, one: DeploymentStatus
) -> dict[str, Any]:
    """Return a step of a deployment."""
    url = f"{api_url(world, repository)}/deployments/{parent.id}"
    return {
        "url": f"{url}/statuses/{one.id}",
        "id": one.id,
        "node_id": node_id("DeploymentStatus", one.id),
        "creator": simple_user(world, one.creator),
        **one.fields,
        "target_url": one.fields["log_url"],
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.created_at),
        "deployment_url": url,
        "repository_url": api_url(world, repository),
    }


def pulls_with_head(repository: Repository, sha: str) -> list[PullRequest]:
    """Return the open pull requests, of this repository's own branches, whose head a commit is."""
    return [
        pull
        for pull in repository.pulls.values()
        if pull.open and pull.head_sha == sha and pull.head_repository is repository
    ]


def _simple_status(world: World, repository: Repository, one: Status) -> dict[str, Any]:
    return {
        "url": f"{api_url(world, repository)}/statuses/{one.sha}",
        "avatar_url": f"{world.site}/avatars/u/{one.creator.id}",
        "id": one.id,
        "node_id": node_id("Status", one.id),
        "state": one.state,
        "description": one.description,
        "target_url": one.target_url,
        "context": one.context,
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.created_at),
    }


def _suite_state(runs: list[CheckRun]) -> dict[str, Any]:
    if not runs:
        return {"status": "queued", "conclusion": None}
    conclusions = [run.fields.get("conclusion") for run in runs]
    if None in conclusions:
        return {"status": "in_progress", "conclusion": None}
    worst = next((one for one in conclusions if one not in {"success", "neutral", "skipped"}), conclusions[0])
    return {"status": "completed", "conclusion": worst}
