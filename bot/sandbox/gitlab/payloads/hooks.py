"""Objects as webhooks tell of them: https://docs.gitlab.com/user/project/integrations/webhook_events/."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import pygit2

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab.payloads.api import timestamp
from bot.sandbox.gitlab.state import Label, MergeRequest, Note, Project, World

_STATES = {"opened": 1, "closed": 2, "merged": 3, "locked": 4}


def old_timestamp(seconds: float) -> str:
    """Write a time as webhooks still do in places."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def user(account: Account) -> dict[str, Any]:
    """Return whoever did it."""
    return {
        "id": account.id,
        "name": account.login.title(),
        "username": account.login,
        "avatar_url": None,
        "email": "[REDACTED]",
    }


def project(world: World, one: Project, *, numbered: bool = True) -> dict[str, Any]:
    """Return a project; inside of a merge request it has no number."""
    web = f"{world.site}/{one.full_name}"
    number = {"id": one.id} if numbered else {}
    return number | {
        "name": one.name.title(),
        "description": "",
        "web_url": web,
        "avatar_url": None,
        "git_ssh_url": f"git@127.0.0.1:{one.full_name}.git",
        "git_http_url": f"{web}.git",
        "namespace": one.full_name.rpartition("/")[0].title(),
        "visibility_level": 0 if one.private else 20,
        "path_with_namespace": one.full_name,
        "default_branch": one.default_branch,
        "ci_config_path": None,
        "homepage": web,
        "url": f"{web}.git",
        "ssh_url": f"git@127.0.0.1:{one.full_name}.git",
        "http_url": f"{web}.git",
    }


def repository(world: World, one: Project, *, for_push: bool = False) -> dict[str, Any]:
    """Return the older, shorter form of a project."""
    web = f"{world.site}/{one.full_name}"
    more = {
        "git_http_url": f"{web}.git",
        "git_ssh_url": f"git@127.0.0.1:{one.full_name}.git",
        "visibility_level": 0 if one.private else 20,
    }
    base = {"name": one.name.title(), "url": f"{web}.git", "description": "", "homepage": web}
    return base | more if for_push else base


def commit(world: World, one: Project, found: pygit2.Commit) -> dict[str, Any]:
    """Return a commit."""
    return {
        "id": str(found.id),
        "message": found.message,
        "title": found.message.partition("\n")[0],
        "timestamp": datetime.fromtimestamp(found.commit_time, UTC).isoformat(),
        "url": f"{world.site}/{one.full_name}/-/commit/{found.id}",
        "author": {"name": found.author.name, "email": found.author.email},
    }


_NEVER_SET: Final[dict[str, Any]] = {
    "assignee_id": None,
    "assignee_ids": [],
    "blocking_discussions_resolved": True,
    "description": "",
    "first_contribution": False,
    "head_pipeline_id": None,
    "human_time_change": None,
    "human_time_estimate": None,
    "human_total_time_spent": None,
    "last_edited_at": None,
    "last_edited_by_id": None,
    "merge_error": None,
    "merge_status": "unchecked",
    "milestone_id": None,
    "time_change": 0,
    "time_estimate": 0,
    "total_time_spent": 0,
    "updated_by_id": None,
}
"""Fields of a merge request that nobody sets in this stand-in."""


def merge_request(world: World, one: MergeRequest) -> dict[str, Any]:
    """Return a merge request."""
    return _NEVER_SET | {
        "author_id": one.user.id,
        "created_at": timestamp(one.created_at),
        "detailed_merge_status": "draft_status" if one.draft else "mergeable",
        "draft": one.draft,
        "id": one.id,
        "iid": one.number,
        "labels": labels(one, one.labels),
        "last_commit": commit(world, one.source, BareRepository(one.project.path).commit(one.head_sha)),
        "merge_commit_sha": one.merge_commit_sha,
        "merge_user_id": None if one.merged_by is None else one.merged_by.id,
        "prepared_at": timestamp(one.created_at),
        "reviewer_ids": [each.id for each in one.reviewers],
        "source": project(world, one.source, numbered=False),
        "source_branch": one.head_ref,
        "source_project_id": one.source.id,
        "state": one.state,
        "state_id": _STATES[one.state],
        "target": project(world, one.project, numbered=False),
        "target_branch": one.base_ref,
        "target_project_id": one.project.id,
        "title": one.title,
        "updated_at": timestamp(one.updated_at),
        "url": f"{world.site}/{one.project.full_name}/-/merge_requests/{one.number}",
        "work_in_progress": one.draft,
    }


def labels(one: MergeRequest, found: Iterable[Label]) -> list[dict[str, Any]]:
    """Return labels of a merge request's project."""
    return [
        {
            "id": label.id,
            "title": label.name,
            "color": "#428BCA",
            "project_id": one.project.id,
            "created_at": old_timestamp(one.project.created_at),
            "updated_at": old_timestamp(one.project.created_at),
            "template": False,
            "description": None,
            "type": "ProjectLabel",
            "group_id": None,
        }
        for label in found
    ]


def merge_request_of_pipeline(world: World, one: MergeRequest) -> dict[str, Any]:
    """Return a merge request as its pipelines tell of it."""
    return {
        "id": one.id,
        "iid": one.number,
        "title": one.title,
        "source_branch": one.head_ref,
        "source_project_id": one.source.id,
        "target_branch": one.base_ref,
        "target_project_id": one.project.id,
        "state": one.state,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "mergeable",
        "url": f"{world.site}/{one.project.full_name}/-/merge_requests/{one.number}",
    }


def note(world: World, one: Note, *, action: str) -> dict[str, Any]:
    """Return a comment on a merge request."""
    pull = f"{world.site}/{one.pull.project.full_name}/-/merge_requests/{one.pull.number}"
    return {
        "id": one.id,
        "note": one.body,
        "noteable_type": "MergeRequest",
        "author_id": one.user.id,
        "created_at": old_timestamp(one.created_at),
        "updated_at": old_timestamp(one.updated_at),
        "project_id": one.pull.project.id,
        "attachment": None,
        "line_code": None,
        "commit_id": "",
        "noteable_id": one.pull.id,
        "system": one.system,
        "st_diff": None,
        "description": one.body,
        "action": action,
        "url": f"{pull}#note_{one.id}",
    }
