"""Objects as the REST API answers them: https://docs.gitlab.com/api/api_resources/."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pygit2

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.gitlab.state import (
    Award,
    Group,
    Hook,
    LabelEvent,
    MergeRequest,
    Note,
    Pipeline,
    Project,
    Status,
    Version,
    World,
)


def timestamp(seconds: float) -> str:
    """Write a time as the API does: milliseconds, UTC, `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(world: World, account: Account) -> dict[str, Any]:
    """Return an account as it appears inside other answers."""
    return {
        "id": account.id,
        "username": account.login,
        "public_email": "",
        "name": account.login.title(),
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{world.site}/{account.login}",
    }


def project(world: World, one: Project) -> dict[str, Any]:
    """Return a project as lists with `simple=true` have it."""
    namespace = one.full_name.rpartition("/")[0]
    web = f"{world.site}/{one.full_name}"
    has_commits = bool(BareRepository(one.path).branches())
    return {
        "id": one.id,
        "description": None,
        "name": one.name.title(),
        "name_with_namespace": " / ".join(part.title() for part in one.full_name.split("/")),
        "path": one.name,
        "path_with_namespace": one.full_name,
        "created_at": timestamp(one.created_at),
        "default_branch": one.default_branch if has_commits else None,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@127.0.0.1:{one.full_name}.git",
        "http_url_to_repo": f"{web}.git",
        "web_url": web,
        "readme_url": None,
        "forks_count": sum(other.parent is one for other in world.projects.values()),
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": timestamp(one.created_at),
        "namespace": {
            "id": world.account(namespace).id,
            "name": namespace.title(),
            "path": namespace.rpartition("/")[2],
            "kind": "group",
            "full_path": namespace,
            "parent_id": None,
            "avatar_url": None,
            "web_url": f"{world.site}/groups/{namespace}",
        },
    }


def whole_project(world: World, one: Project, *, asked_by: Account | None) -> dict[str, Any]:
    """Return a project as it answers alone: with what the caller may do."""
    level = 0 if asked_by is None else one.level_of(asked_by)
    more: dict[str, Any] = {
        "visibility": "private" if one.private else "public",
        "archived": one.archived,
        "empty_repo": not BareRepository(one.path).branches(),
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "creator_id": 1,
        "merge_method": "merge",
        "only_allow_merge_if_pipeline_succeeds": False,
    }
    if one.parent is not None:
        more["forked_from_project"] = project(world, one.parent)
    if asked_by is not None:
        access = {"access_level": level, "notification_level": 3} if level else None
        more["permissions"] = {"project_access": access, "group_access": None}
    return project(world, one) | more


_NEVER_SET: Final[dict[str, Any]] = {
    "upvotes": 0,
    "downvotes": 0,
    "assignees": [],
    "assignee": None,
    "imported": False,
    "imported_from": "none",
    "milestone": None,
    "merge_when_pipeline_succeeds": False,
    "merge_status": "can_be_merged",
    "merge_after": None,
    "discussion_locked": None,
    "should_remove_source_branch": None,
    "force_remove_source_branch": False,
    "squash": False,
    "squash_on_merge": False,
    "task_completion_status": {"count": 0, "completed_count": 0},
    "has_conflicts": False,
    "blocking_discussions_resolved": True,
    "time_stats": {
        "time_estimate": 0,
        "total_time_spent": 0,
        "human_time_estimate": None,
        "human_total_time_spent": None,
    },
}
"""Fields of a merge request that nobody sets in this stand-in; it merges whatever it is asked to."""


def merge_request(world: World, one: MergeRequest) -> dict[str, Any]:
    """Return a merge request as lists have it."""
    merged_by = None if one.merged_by is None else user(world, one.merged_by)
    reference = f"!{one.number}"
    return _NEVER_SET | {
        "id": one.id,
        "iid": one.number,
        "project_id": one.project.id,
        "title": one.title,
        "description": one.description,
        "state": one.state,
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.updated_at),
        "merged_by": merged_by,
        "merge_user": merged_by,
        "merged_at": None if one.merged_at is None else timestamp(one.merged_at),
        "closed_by": None if one.closed_by is None else user(world, one.closed_by),
        "closed_at": None if one.closed_at is None else timestamp(one.closed_at),
        "labels": [label.name for label in one.labels],
        "target_branch": one.base_ref,
        "source_branch": one.head_ref,
        "user_notes_count": sum(not note.system for note in one.project.notes_on(one.number)),
        "author": user(world, one.user),
        "reviewers": [user(world, each) for each in one.reviewers],
        "source_project_id": one.source.id,
        "target_project_id": one.project.id,
        "draft": one.draft,
        "work_in_progress": one.draft,
        "detailed_merge_status": "draft_status" if one.draft else "mergeable",
        "sha": one.head_sha,
        "merge_commit_sha": one.merge_commit_sha,
        "squash_commit_sha": one.squash_commit_sha,
        "prepared_at": timestamp(one.created_at),
        "reference": reference,
        "references": {"short": reference, "relative": reference, "full": f"{one.project.full_name}{reference}"},
        "web_url": f"{world.site}/{one.project.full_name}/-/merge_requests/{one.number}",
    }


def reviewers(world: World, one: MergeRequest) -> list[dict[str, Any]]:
    """Return who reviews a merge request, and what each has come to."""
    since = timestamp(one.created_at)
    return [{"user": user(world, each), "state": _come_to(one, each), "created_at": since} for each in one.reviewers]


def _come_to(one: MergeRequest, reviewer: Account) -> str:
    if reviewer.login in one.objecting:
        return "requested_changes"
    return "approved" if reviewer.login in one.approvals else "unreviewed"


def approvals(world: World, one: MergeRequest, *, asked_by: Account) -> dict[str, Any]:
    """Return who has approved a merge request, as the Free tier has it."""
    given = one.approvals.values()
    approved_by = [{"user": user(world, each.user), "approved_at": timestamp(each.at)} for each in given]
    return {
        "user_has_approved": asked_by.login in one.approvals,
        "user_can_approve": asked_by.login not in one.approvals,
        "approved": bool(approved_by),
        "approved_by": approved_by,
    }


def whole_merge_request(world: World, one: MergeRequest, *, asked_by: Account) -> dict[str, Any]:
    """Return a merge request as it answers alone."""
    newest = one.versions[-1]
    return merge_request(world, one) | {
        "subscribed": False,
        "changes_count": "1",
        "latest_build_started_at": None,
        "latest_build_finished_at": None,
        "first_deployed_to_production_at": None,
        "pipeline": None,
        "head_pipeline": None,
        "diff_refs": {"base_sha": newest.base_sha, "head_sha": newest.head_sha, "start_sha": newest.start_sha},
        "merge_error": None,
        "first_contribution": False,
        "user": {"can_merge": one.project.level_of(asked_by) >= one.project.protected.get(one.base_ref, 0)},
    }


def version(one: MergeRequest, found: Version) -> dict[str, Any]:
    """Return what a merge request was after a push."""
    return {
        "id": found.id,
        "head_commit_sha": found.head_sha,
        "base_commit_sha": found.base_sha,
        "start_commit_sha": found.start_sha,
        "created_at": timestamp(found.created_at),
        "merge_request_id": one.id,
        "state": "collected",
        "real_size": "1",
        "patch_id_sha": None,
    }


def label_event(world: World, pull: MergeRequest, one: LabelEvent) -> dict[str, Any]:
    """Return a label put on or taken off."""
    return {
        "id": one.id,
        "user": user(world, one.user),
        "created_at": timestamp(one.created_at),
        "resource_type": "MergeRequest",
        "resource_id": pull.id,
        "label": {"id": one.label.id, "name": one.label.name, "color": "#428BCA", "description": None},
        "action": "add" if one.put else "remove",
    }


def note(world: World, one: Note) -> dict[str, Any]:
    """Return a comment."""
    return {
        "id": one.id,
        "type": None,
        "body": one.body,
        "author": user(world, one.user),
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.updated_at),
        "system": one.system,
        "noteable_id": one.pull.id,
        "noteable_type": "MergeRequest",
        "project_id": one.pull.project.id,
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": one.pull.number,
        "commands_changes": {},
    }


def award(world: World, one: Award, *, under: Note) -> dict[str, Any]:
    """Return an emoji under a note."""
    return {
        "id": one.id,
        "name": one.name,
        "user": user(world, one.user),
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.created_at),
        "awardable_id": under.id,
        "awardable_type": "Note",
        "url": None,
    }


def member(world: World, account: Account, *, level: int) -> dict[str, Any]:
    """Return a person with the role they have."""
    return user(world, account) | {
        "access_level": level,
        "created_at": timestamp(account.created_at),
        "expires_at": None,
        "membership_state": "active",
    }


def group(world: World, one: Group) -> dict[str, Any]:
    """Return a group as it answers alone, without its projects."""
    above = one.full_path.rpartition("/")[0]
    parent = world.groups.get(above.lower())
    return {
        "id": one.id,
        "name": one.full_path.rpartition("/")[2].title(),
        "path": one.full_path.rpartition("/")[2],
        "description": "",
        "visibility": "private" if one.private else "public",
        "share_with_group_lock": False,
        "require_two_factor_authentication": False,
        "two_factor_grace_period": 48,
        "project_creation_level": "developer",
        "auto_devops_enabled": None,
        "subgroup_creation_level": "maintainer",
        "emails_disabled": None,
        "emails_enabled": None,
        "mentions_disabled": None,
        "lfs_enabled": True,
        "default_branch": None,
        "avatar_url": None,
        "web_url": f"{world.site}/groups/{one.full_path}",
        "request_access_enabled": True,
        "full_name": " / ".join(part.title() for part in one.full_path.split("/")),
        "full_path": one.full_path,
        "created_at": timestamp(one.created_at),
        "parent_id": None if parent is None else parent.id,
    }


def status(world: World, one: Status) -> dict[str, Any]:
    """Return a commit status."""
    return {
        "id": one.id,
        "sha": one.pipeline.sha,
        "ref": one.pipeline.ref,
        "status": one.word,
        "name": one.name,
        "target_url": one.target_url,
        "description": one.description,
        "created_at": timestamp(one.created_at),
        "started_at": None if one.started_at is None else timestamp(one.started_at),
        "finished_at": None if one.finished_at is None else timestamp(one.finished_at),
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": one.pipeline.id,
        "author": user(world, one.user),
    }


def pipeline(world: World, project: Project, one: Pipeline, *, asked_by: Account) -> dict[str, Any]:
    """Return a pipeline as it answers alone; it is nobody's in particular here."""
    of_merge_request = one.ref.startswith("refs/merge-requests/")
    written = timestamp(world.clock.now())
    return {
        "id": one.id,
        "iid": one.id,
        "project_id": project.id,
        "name": None,
        "sha": one.sha,
        "ref": one.ref,
        "status": "running",
        "source": "merge_request_event" if of_merge_request else "external",
        "created_at": written,
        "updated_at": written,
        "web_url": f"{world.site}/{project.full_name}/-/pipelines/{one.id}",
        "before_sha": ZERO,
        "tag": False,
        "yaml_errors": None,
        "user": user(world, asked_by),
        "started_at": written,
        "finished_at": None,
        "committed_at": None,
        "duration": None,
        "queued_duration": None,
        "coverage": None,
        "detailed_status": {},
        "archived": False,
    }


def commit(world: World, one: Project, found: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as branches have it."""
    written = timestamp(found.commit_time)
    return {
        "id": str(found.id),
        "short_id": str(found.id)[:8],
        "created_at": written,
        "parent_ids": [str(parent) for parent in found.parent_ids],
        "title": found.message.partition("\n")[0],
        "message": found.message,
        "author_name": found.author.name,
        "author_email": found.author.email,
        "authored_date": written,
        "committer_name": found.committer.name,
        "committer_email": found.committer.email,
        "committed_date": written,
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{world.site}/{one.full_name}/-/commit/{found.id}",
    }


def branch(world: World, one: Project, name: str, sha: str) -> dict[str, Any]:
    """Return a branch."""
    return {
        "name": name,
        "merged": False,
        "protected": name in one.protected,
        "default": name == one.default_branch,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": True,
        "web_url": f"{world.site}/{one.full_name}/-/tree/{name}",
        "commit": commit(world, one, BareRepository(one.path).commit(sha)),
    }


def hook(one: Hook, project_id: int) -> dict[str, Any]:
    """Return a webhook, without its secrets."""
    names = ("push", "tag_push", "merge_requests", "note", "pipeline", "emoji", "issues", "job", "releases")
    return {
        "id": one.id,
        "url": one.url,
        "name": "",
        "description": "",
        "project_id": project_id,
        **{f"{name}_events": f"{name}_events" in one.events for name in names},
        "enable_ssl_verification": True,
        "alert_status": "executable",
        "disabled_until": None,
        "url_variables": [],
        "created_at": timestamp(one.created_at),
        "push_events_branch_filter": "",
        "branch_filter_strategy": "wildcard",
        "custom_webhook_template": "",
        "custom_headers": [],
        "token_present": bool(one.token),
        "signing_token_present": bool(one.signing_token),
    }
