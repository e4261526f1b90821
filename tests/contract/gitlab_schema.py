"""GitLab's documented payloads as a judge of what the stand-in answers and sends, and of what it is asked.

GitLab's published description (`doc/api/openapi`) says nothing of most answers' fields, so the fields stand here as the
pages of https://docs.gitlab.com/api/ and https://docs.gitlab.com/user/project/integrations/webhook_events/ show them.
Objects are closed: a field that GitLab does not document is noticed, as is one that is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from jsonschema import Draft202012Validator

from bot.sandbox.forge.exchanges import Exchange
from bot.sandbox.forge.webhooks import Delivery
from tests.contract.schema import SchemaMismatchError

Schema = dict[str, Any]

_INT: Final[Schema] = {"type": "integer"}
_ID: Final[Schema] = {"type": "integer", "minimum": 1}
_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_SHA: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)$"}
_HOOK_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"}
_URL: Final[Schema] = {"type": "string", "pattern": "^https?://"}
_ANY: Final[Schema] = {}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def _closed(fields: Mapping[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    required = [name for name in fields if name not in set(optional)]
    return {"type": "object", "properties": dict(fields), "required": required, "additionalProperties": False}


def _all(schema: Schema, *names: str) -> dict[str, Schema]:
    return dict.fromkeys(names, schema)


_USER = {
    "id": _ID,
    **_all(_TEXT, "username", "name", "public_email"),
    "state": _one_of("active", "blocked", "deactivated", "banned"),
    "locked": _FLAG,
    "avatar_url": _or_null(_URL),
    "web_url": _URL,
}
"""https://docs.gitlab.com/api/users/#list-users"""
_SIMPLE_PROJECT = {
    "id": _ID,
    "description": _or_null(_TEXT),
    **_all(_TEXT, "name", "name_with_namespace", "path", "path_with_namespace", "ssh_url_to_repo"),
    "created_at": _TIME,
    "default_branch": _or_null(_TEXT),
    **_all(_list(_TEXT), "tag_list", "topics"),
    **_all(_URL, "http_url_to_repo", "web_url"),
    **_all(_or_null(_URL), "readme_url", "avatar_url"),
    **_all(_INT, "forks_count", "star_count"),
    "last_activity_at": _TIME,
    "namespace": _closed(
        {
            "id": _ID,
            **_all(_TEXT, "name", "path", "full_path"),
            "kind": _one_of("group", "user"),
            "parent_id": _or_null(_ID),
            "avatar_url": _or_null(_URL),
            "web_url": _URL,
        }
    ),
}
"""https://docs.gitlab.com/api/projects/#list-all-projects, with `simple=true`"""
_ACCESS = _or_null(_closed({"access_level": _INT, "notification_level": _INT}))
_PROJECT = _SIMPLE_PROJECT | {
    "visibility": _one_of("private", "internal", "public"),
    **_all(_FLAG, "archived", "empty_repo", "issues_enabled", "merge_requests_enabled"),
    "only_allow_merge_if_pipeline_succeeds": _FLAG,
    "creator_id": _ID,
    "merge_method": _one_of("merge", "rebase_merge", "ff"),
    "forked_from_project": _closed(_SIMPLE_PROJECT),
    "permissions": _closed({"project_access": _ACCESS, "group_access": _ACCESS}),
}
"""https://docs.gitlab.com/api/projects/#get-a-single-project, of which the stand-in has a part"""
_STATES = _one_of("opened", "closed", "locked", "merged")
_MERGE_REQUEST = {
    **_all(_ID, "id", "iid", "project_id", "source_project_id", "target_project_id"),
    **_all(_TEXT, "title", "target_branch", "source_branch", "reference", "detailed_merge_status", "imported_from"),
    "description": _or_null(_TEXT),
    "state": _STATES,
    **_all(_TIME, "created_at", "updated_at", "prepared_at"),
    **_all(_or_null(_TIME), "merged_at", "closed_at", "merge_after"),
    **_all(_or_null(_closed(_USER)), "merged_by", "merge_user", "closed_by", "assignee"),
    "author": _closed(_USER),
    **_all(_list(_closed(_USER)), "assignees", "reviewers"),
    **_all(_INT, "user_notes_count", "upvotes", "downvotes"),
    "labels": _list(_TEXT),
    **_all(_FLAG, "draft", "work_in_progress", "imported", "merge_when_pipeline_succeeds", "squash", "squash_on_merge"),
    **_all(_FLAG, "has_conflicts", "blocking_discussions_resolved", "force_remove_source_branch"),
    **_all(_or_null(_FLAG), "discussion_locked", "should_remove_source_branch"),
    "milestone": _or_null(_ANY),
    "merge_status": _one_of("unchecked", "checking", "can_be_merged", "cannot_be_merged", "cannot_be_merged_recheck"),
    "sha": _or_null(_SHA),
    **_all(_or_null(_SHA), "merge_commit_sha", "squash_commit_sha"),
    "references": _closed(_all(_TEXT, "short", "relative", "full")),
    "web_url": _URL,
    "time_stats": _closed(
        {
            **_all(_INT, "time_estimate", "total_time_spent"),
            **_all(_or_null(_TEXT), "human_time_estimate", "human_total_time_spent"),
        }
    ),
    "task_completion_status": _closed(_all(_INT, "count", "completed_count")),
}
"""https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests"""
_WHOLE_MERGE_REQUEST = _MERGE_REQUEST | {
    **_all(_FLAG, "subscribed", "first_contribution"),
    "changes_count": _or_null(_TEXT),
    **_all(_or_null(_TIME), "latest_build_started_at", "latest_build_finished_at", "first_deployed_to_production_at"),
    **_all(_or_null(_ANY), "pipeline", "head_pipeline"),
    "diff_refs": _or_null(_closed(_all(_SHA, "base_sha", "head_sha", "start_sha"))),
    "merge_error": _or_null(_TEXT),
    "user": _closed({"can_merge": _FLAG}),
}
"""https://docs.gitlab.com/api/merge_requests/#get-single-mr"""
_APPROVALS = {
    **_all(_FLAG, "user_has_approved", "user_can_approve", "approved"),
    "approved_by": _list(_closed({"user": _closed(_USER), "approved_at": _TIME})),
}
"""https://docs.gitlab.com/api/merge_request_approvals/, of which the Free tier has this part"""
_REVIEWER = {
    "user": _closed(_USER),
    "state": _one_of("unreviewed", "review_started", "reviewed", "requested_changes", "approved", "unapproved"),
    "created_at": _TIME,
}
"""https://docs.gitlab.com/api/merge_requests/#get-single-merge-request-reviewers"""
_VERSION = {
    **_all(_ID, "id", "merge_request_id"),
    **_all(_SHA, "head_commit_sha", "base_commit_sha", "start_commit_sha"),
    "created_at": _TIME,
    "state": _TEXT,
    "real_size": _TEXT,
    "patch_id_sha": _or_null(_TEXT),
}
"""https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions"""
_NOTE = {
    **_all(_ID, "id", "noteable_id", "noteable_iid", "project_id"),
    "type": _or_null(_TEXT),
    "body": _TEXT,
    "author": _closed(_USER),
    **_all(_TIME, "created_at", "updated_at"),
    **_all(_FLAG, "system", "resolvable", "confidential", "internal", "imported"),
    "noteable_type": _one_of("MergeRequest"),
    "imported_from": _TEXT,
    "commands_changes": {"type": "object"},
}
"""https://docs.gitlab.com/api/notes/#list-all-merge-request-notes"""
_LABEL_EVENT = {
    "id": _ID,
    "user": _closed(_USER),
    "created_at": _TIME,
    "resource_type": _one_of("MergeRequest"),
    "resource_id": _ID,
    "label": _or_null(_closed({"id": _ID, **_all(_TEXT, "name", "color"), "description": _or_null(_TEXT)})),
    "action": _one_of("add", "remove"),
}
"""https://docs.gitlab.com/api/resource_label_events/"""
_AWARD = {
    **_all(_ID, "id", "awardable_id"),
    "name": _TEXT,
    "user": _closed(_USER),
    **_all(_TIME, "created_at", "updated_at"),
    "awardable_type": _one_of("Note"),
    "url": _or_null(_URL),
}
"""https://docs.gitlab.com/api/emoji_reactions/"""
_MEMBER = _USER | {
    "access_level": {"enum": [5, 10, 15, 20, 30, 40, 50]},
    "created_at": _TIME,
    "expires_at": _or_null(_TEXT),
    "membership_state": _TEXT,
}
"""https://docs.gitlab.com/api/members/"""
_GROUP = {
    "id": _ID,
    **_all(_TEXT, "name", "path", "description", "full_name", "full_path"),
    "visibility": _one_of("private", "internal", "public"),
    **_all(_FLAG, "share_with_group_lock", "require_two_factor_authentication", "lfs_enabled"),
    "request_access_enabled": _FLAG,
    "two_factor_grace_period": _INT,
    **_all(_TEXT, "project_creation_level", "subgroup_creation_level"),
    **_all(_or_null(_FLAG), "auto_devops_enabled", "emails_disabled", "emails_enabled", "mentions_disabled"),
    "default_branch": _or_null(_TEXT),
    "avatar_url": _or_null(_URL),
    "web_url": _URL,
    "created_at": _TIME,
    "parent_id": _or_null(_ID),
}
"""https://docs.gitlab.com/api/groups/#get-a-single-group, of which the stand-in has a part"""
_STATUS = {
    **_all(_ID, "id", "pipeline_id"),
    "sha": _SHA,
    **_all(_TEXT, "ref", "name"),
    "status": _one_of("pending", "running", "success", "failed", "canceled", "skipped"),
    **_all(_or_null(_TEXT), "target_url", "description"),
    "created_at": _TIME,
    **_all(_or_null(_TIME), "started_at", "finished_at"),
    "allow_failure": _FLAG,
    "coverage": _or_null({"type": "number"}),
    "author": _closed(_USER),
}
"""https://docs.gitlab.com/api/commits/#list-commit-statuses"""
_DEPLOYMENT_STATES = ("running", "success", "failed", "canceled")
_DEPLOYMENT = {
    **_all(_ID, "id", "iid"),
    "ref": _TEXT,
    "sha": _SHA,
    **_all(_TIME, "created_at", "updated_at"),
    "status": _one_of("created", "blocked", *_DEPLOYMENT_STATES),
    "user": _closed(_USER),
    "environment": _closed({"id": _ID, "name": _TEXT, "external_url": _or_null(_URL)}),
    "deployable": _or_null(_ANY),
}
"""https://docs.gitlab.com/api/deployments/#create-a-deployment"""
_NEW_DEPLOYMENT = {
    **_all(_TEXT, "environment", "ref"),
    "sha": _SHA,
    "tag": _FLAG,
    "status": _one_of(*_DEPLOYMENT_STATES),
}
_ENVIRONMENT = {
    "id": _ID,
    **_all(_TEXT, "name", "slug"),
    "external_url": _or_null(_URL),
    "state": _one_of("available", "stopping", "stopped"),
    "tier": _one_of("production", "staging", "testing", "development", "other"),
    **_all(_TIME, "created_at", "updated_at"),
}
"""https://docs.gitlab.com/api/environments/#update-an-existing-environment"""
_COMMIT = {
    "id": _SHA,
    **_all(_TEXT, "short_id", "title", "message", "author_name", "author_email", "committer_name", "committer_email"),
    **_all(_TIME, "created_at", "authored_date", "committed_date"),
    "parent_ids": _list(_SHA),
    **_all({"type": "object"}, "trailers", "extended_trailers"),
    "web_url": _URL,
}
_BRANCH = {
    "name": _TEXT,
    **_all(_FLAG, "merged", "protected", "default", "developers_can_push", "developers_can_merge", "can_push"),
    "web_url": _URL,
    "commit": _closed(_COMMIT),
}
"""https://docs.gitlab.com/api/branches/"""
_EVENTS = ("push", "tag_push", "merge_requests", "note", "pipeline", "emoji", "issues", "job", "releases")
_HOOK = {
    **_all(_ID, "id", "project_id"),
    **_all(_TEXT, "url", "name", "description", "push_events_branch_filter", "branch_filter_strategy"),
    **_all(_FLAG, *(f"{name}_events" for name in _EVENTS)),
    **_all(_FLAG, "enable_ssl_verification", "token_present", "signing_token_present"),
    **_all(_TEXT, "alert_status", "custom_webhook_template"),
    "disabled_until": _or_null(_TIME),
    **_all(_list(_ANY), "url_variables", "custom_headers"),
    "created_at": _TIME,
}
"""https://docs.gitlab.com/api/project_webhooks/"""


@dataclass(frozen=True, slots=True)
class _Operation:
    answer: Schema | None
    """None: no body."""
    body: Schema | None = None
    query: tuple[str, ...] = ()


_PAGES = ("page", "per_page")
_MR = "/projects/:id/merge_requests"
_ON_NOTES = f"{_MR}/:merge_request_iid/notes"
_OF_COMMIT = "/projects/:id/repository/commits/:sha"
_NEW_HOOK = {
    **_all(_TEXT, "url", "token", "signing_token"),
    **_all(_FLAG, *(f"{name}_events" for name in _EVENTS)),
}
_PIPELINE = {
    **_all(_ID, "id", "iid", "project_id"),
    **_all(_SHA, "sha", "before_sha"),
    **_all(_TEXT, "ref", "status", "source"),
    **_all(_or_null(_TEXT), "name", "yaml_errors", "coverage"),
    **_all(_TIME, "created_at", "updated_at"),
    **_all(_or_null(_TIME), "started_at", "finished_at", "committed_at"),
    **_all(_FLAG, "tag", "archived"),
    **_all(_or_null(_INT), "duration", "queued_duration"),
    "user": _closed(_USER),
    "detailed_status": _ANY,
    "web_url": _URL,
}
"""https://docs.gitlab.com/api/pipelines/#get-a-single-pipeline"""
_NEW_STATUS = {
    "state": _one_of("pending", "running", "success", "failed", "canceled", "skipped"),
    **_all(_TEXT, "ref", "name", "context"),
    "target_url": {"type": "string", "maxLength": 255},
    "description": {"type": "string", "maxLength": 255},
    "pipeline_id": _ID,
}
OPERATIONS: Final[Mapping[tuple[str, str], _Operation]] = {
    ("GET", "/user"): _Operation(_closed(_USER | {"created_at": _TIME, "bio": _TEXT, "email": _TEXT, "bot": _FLAG})),
    ("GET", "/users"): _Operation(_list(_closed(_USER)), query=("username", *_PAGES)),
    ("GET", "/projects"): _Operation(
        _list(_closed(_SIMPLE_PROJECT)),
        query=("membership", "archived", "min_access_level", "simple", "order_by", "sort", *_PAGES),
    ),
    ("GET", "/projects/:id"): _Operation(_closed(_PROJECT, optional=["forked_from_project", "permissions"])),
    ("GET", "/projects/:id/members/all/:user_id"): _Operation(_closed(_MEMBER)),
    ("GET", "/groups/:id"): _Operation(_closed(_GROUP), query=("with_projects",)),
    ("GET", "/groups/:id/members/all/:user_id"): _Operation(_closed(_MEMBER)),
    ("GET", "/projects/:id/repository/branches"): _Operation(_list(_closed(_BRANCH)), query=_PAGES),
    ("GET", "/projects/:id/repository/branches/:branch"): _Operation(_closed(_BRANCH)),
    ("GET", "/projects/:id/hooks"): _Operation(_list(_closed(_HOOK)), query=_PAGES),
    ("POST", "/projects/:id/hooks"): _Operation(_closed(_HOOK), _closed(_NEW_HOOK, optional=set(_NEW_HOOK) - {"url"})),
    ("DELETE", "/projects/:id/hooks/:hook_id"): _Operation(None),
    ("GET", _MR): _Operation(
        _list(_closed(_MERGE_REQUEST)), query=("state", "source_branch", "order_by", "sort", *_PAGES)
    ),
    ("POST", _MR): _Operation(
        _closed(_WHOLE_MERGE_REQUEST),
        _closed(_all(_TEXT, "source_branch", "target_branch", "title", "description"), optional=["description"]),
    ),
    ("PUT", f"{_MR}/:merge_request_iid"): _Operation(
        _closed(_WHOLE_MERGE_REQUEST),
        _closed(
            {"state_event": _one_of("close", "reopen"), "reviewer_ids": _list(_ID)},
            optional=["state_event", "reviewer_ids"],
        ),
    ),
    ("PUT", f"{_MR}/:merge_request_iid/merge"): _Operation(
        _closed(_WHOLE_MERGE_REQUEST), _closed({"squash": _FLAG, "sha": _SHA}, optional=["squash", "sha"])
    ),
    ("GET", f"{_MR}/:merge_request_iid"): _Operation(_closed(_WHOLE_MERGE_REQUEST)),
    ("GET", f"{_MR}/:merge_request_iid/approvals"): _Operation(_closed(_APPROVALS)),
    ("GET", f"{_MR}/:merge_request_iid/reviewers"): _Operation(_list(_closed(_REVIEWER))),
    ("GET", f"{_MR}/:merge_request_iid/versions"): _Operation(_list(_closed(_VERSION)), query=_PAGES),
    ("GET", f"{_MR}/:merge_request_iid/resource_label_events"): _Operation(_list(_closed(_LABEL_EVENT)), query=_PAGES),
    ("GET", f"{_OF_COMMIT}/merge_requests"): _Operation(_list(_closed(_MERGE_REQUEST)), query=_PAGES),
    ("GET", _ON_NOTES): _Operation(_list(_closed(_NOTE)), query=("sort", "order_by", *_PAGES)),
    ("GET", f"{_ON_NOTES}/:note_id"): _Operation(_closed(_NOTE)),
    ("POST", _ON_NOTES): _Operation(_closed(_NOTE), _closed({"body": _TEXT})),
    ("PUT", f"{_ON_NOTES}/:note_id"): _Operation(_closed(_NOTE), _closed({"body": _TEXT})),
    ("DELETE", f"{_ON_NOTES}/:note_id"): _Operation(None),
    ("GET", f"{_ON_NOTES}/:note_id/award_emoji"): _Operation(_list(_closed(_AWARD)), query=_PAGES),
    ("POST", f"{_ON_NOTES}/:note_id/award_emoji"): _Operation(_closed(_AWARD), _closed({"name": _TEXT})),
    ("GET", "/projects/:id/pipelines/:pipeline_id"): _Operation(_closed(_PIPELINE)),
    ("GET", f"{_OF_COMMIT}/statuses"): _Operation(_list(_closed(_STATUS)), query=_PAGES),
    ("POST", "/projects/:id/statuses/:sha"): _Operation(
        _closed(_STATUS), _closed(_NEW_STATUS, optional=set(_NEW_STATUS) - {"state"})
    ),
    ("GET", "/projects/:id/deployments"): _Operation(
        _list(_closed(_DEPLOYMENT)), query=("environment", "status", "order_by", "sort", *_PAGES)
    ),
    ("POST", "/projects/:id/deployments"): _Operation(
        _closed(_DEPLOYMENT),
        _closed(_NEW_DEPLOYMENT),
    ),
    ("GET", "/projects/:id/deployments/:deployment_id"): _Operation(_closed(_DEPLOYMENT)),
    ("PUT", "/projects/:id/deployments/:deployment_id"): _Operation(
        _closed(_DEPLOYMENT), _closed({"status": _one_of(*_DEPLOYMENT_STATES)})
    ),
    ("GET", "/projects/:id/environments"): _Operation(_list(_closed(_ENVIRONMENT)), query=("name", *_PAGES)),
    ("PUT", "/projects/:id/environments/:environment_id"): _Operation(
        _closed(_ENVIRONMENT), _closed({"external_url": _URL})
    ),
}
"""Every operation that is known here, by method and the path that its page has."""
_REFUSAL: Final[Schema] = {
    "anyOf": [
        _closed({"message": _ANY}),
        _closed(_all(_TEXT, "error", "error_description", "scope"), optional=["error_description", "scope"]),
    ]
}
"""https://docs.gitlab.com/api/rest/troubleshooting/"""

_HOOK_USER = _closed({"id": _ID, **_all(_TEXT, "name", "username", "email"), "avatar_url": _or_null(_URL)})
_SHOWN_PROJECT = {
    **_all(
        _TEXT, "name", "description", "git_ssh_url", "namespace", "path_with_namespace", "default_branch", "ssh_url"
    ),
    **_all(_URL, "web_url", "git_http_url", "homepage", "url", "http_url"),
    "avatar_url": _or_null(_URL),
    "visibility_level": {"enum": [0, 10, 20]},
    "ci_config_path": _or_null(_TEXT),
}
_HOOK_PROJECT = _closed({"id": _ID} | _SHOWN_PROJECT)
_HOOK_REPOSITORY = {**_all(_TEXT, "name", "description"), **_all(_URL, "url", "homepage")}
_HOOK_COMMIT = {
    "id": _SHA,
    **_all(_TEXT, "message", "title"),
    "timestamp": _TIME,
    "url": _URL,
    "author": _closed(_all(_TEXT, "name", "email")),
}
_HOOK_MERGE_REQUEST = {
    **_all(_ID, "id", "iid", "author_id", "source_project_id", "target_project_id", "state_id"),
    **_all(_or_null(_ID), "assignee_id", "head_pipeline_id", "last_edited_by_id", "merge_user_id", "milestone_id"),
    "updated_by_id": _or_null(_ID),
    **_all(_list(_ID), "assignee_ids", "reviewer_ids"),
    **_all(_FLAG, "blocking_discussions_resolved", "draft", "work_in_progress", "first_contribution"),
    **_all(_TIME, "created_at", "updated_at", "prepared_at"),
    **_all(_TEXT, "description", "detailed_merge_status", "merge_status", "source_branch", "target_branch", "title"),
    **_all(_or_null(_TEXT), "human_time_change", "human_time_estimate", "human_total_time_spent", "last_edited_at"),
    "merge_error": _or_null(_TEXT),
    "labels": _list(_ANY),
    "last_commit": _closed(_HOOK_COMMIT),
    "merge_commit_sha": _or_null(_SHA),
    **_all(_closed(_SHOWN_PROJECT), "source", "target"),
    "state": _STATES,
    **_all(_INT, "time_change", "time_estimate", "total_time_spent"),
    "url": _URL,
}
_HOOK_NOTE = {
    **_all(_ID, "id", "author_id", "project_id", "noteable_id"),
    **_all(_TEXT, "note", "description", "commit_id"),
    "noteable_type": _one_of("MergeRequest"),
    **_all(_HOOK_TIME, "created_at", "updated_at"),
    **_all({"type": "null"}, "attachment", "line_code", "st_diff"),
    "system": _FLAG,
    "action": _one_of("create", "update"),
    "url": _URL,
}
_ACTIONS = ("open", "close", "reopen", "update", "approved", "unapproved", "approval", "unapproval", "merge")
_CHANGE = _closed(_all(_ANY, "previous", "current"))
_PUSH = {
    "object_kind": _one_of("push", "tag_push"),
    "event_name": _one_of("push", "tag_push"),
    **_all(_SHA, "before", "after"),
    "ref": _TEXT,
    "ref_protected": _FLAG,
    "checkout_sha": _or_null(_SHA),
    "message": _or_null(_TEXT),
    **_all(_ID, "user_id", "project_id"),
    **_all(_TEXT, "user_name", "user_username", "user_email"),
    "user_avatar": _or_null(_URL),
    "project": _HOOK_PROJECT,
    "commits": _list(_closed(_HOOK_COMMIT | _all(_list(_TEXT), "added", "modified", "removed"))),
    "total_commits_count": _INT,
    "push_options": {"type": "object"},
    "repository": _closed(_HOOK_REPOSITORY | {"git_http_url": _URL, "git_ssh_url": _TEXT, "visibility_level": _INT}),
}
_DELIVERIES: Final[Mapping[str, Schema]] = {
    "Push Hook": _closed(_PUSH),
    "Tag Push Hook": _closed(_PUSH),
    "Merge Request Hook": _closed(
        {
            **_all(_one_of("merge_request"), "object_kind", "event_type"),
            "user": _HOOK_USER,
            "project": _HOOK_PROJECT,
            "object_attributes": _closed(
                _HOOK_MERGE_REQUEST | {"action": _one_of(*_ACTIONS), "oldrev": _SHA}, optional=["oldrev"]
            ),
            "labels": _list(_ANY),
            "changes": {"type": "object", "additionalProperties": _CHANGE},
            "repository": _closed(_HOOK_REPOSITORY),
        }
    ),
    "Note Hook": _closed(
        {
            **_all(_one_of("note"), "object_kind", "event_type"),
            "user": _HOOK_USER,
            "project_id": _ID,
            "project": _HOOK_PROJECT,
            "object_attributes": _closed(_HOOK_NOTE),
            "repository": _closed(_HOOK_REPOSITORY),
            "merge_request": _closed(_HOOK_MERGE_REQUEST),
        }
    ),
    "Emoji Hook": _closed(
        {
            "object_kind": _one_of("emoji"),
            "event_type": _one_of("award", "revoke"),
            "user": _HOOK_USER,
            "project_id": _ID,
            "project": _HOOK_PROJECT,
            "object_attributes": _closed(
                {
                    **_all(_ID, "user_id", "id", "awardable_id"),
                    **_all(_HOOK_TIME, "created_at", "updated_at"),
                    "name": _TEXT,
                    "awardable_type": _one_of("Note"),
                    "action": _one_of("award", "revoke"),
                    "awarded_on_url": _URL,
                }
            ),
            "note": _closed(_HOOK_NOTE),
            "merge_request": _closed(_HOOK_MERGE_REQUEST),
        }
    ),
    "Pipeline Hook": _closed(
        {
            "object_kind": _one_of("pipeline"),
            "object_attributes": _closed(
                {
                    **_all(_ID, "id", "iid"),
                    **_all(_TEXT, "ref", "source", "status", "detailed_status"),
                    "name": _or_null(_TEXT),
                    "tag": _FLAG,
                    **_all(_SHA, "sha", "before_sha"),
                    **_all(_list(_ANY), "stages", "variables"),
                    "created_at": _HOOK_TIME,
                    "finished_at": _or_null(_HOOK_TIME),
                    **_all(_or_null(_INT), "duration", "queued_duration"),
                    "url": _URL,
                }
            ),
            "merge_request": _closed(
                {
                    **_all(_ID, "id", "iid", "source_project_id", "target_project_id"),
                    **_all(_TEXT, "title", "source_branch", "target_branch", "merge_status", "detailed_merge_status"),
                    "state": _STATES,
                    "url": _URL,
                }
            ),
            "user": _HOOK_USER,
            "project": _HOOK_PROJECT,
            "commit": _closed(_HOOK_COMMIT),
            "builds": _list(_ANY),
        }
    ),
}


def assert_exchanges_conform(exchanges: Iterable[Exchange]) -> None:
    """Hold every request and its answer against the documentation; SchemaMismatchError lists what does not fit."""
    _raise([f"{one.method} {one.path} → {one.status}: {what}" for one in exchanges for what in _judge_exchange(one)])


def assert_deliveries_conform(deliveries: Iterable[Delivery]) -> None:
    """Hold every webhook's payload against the documentation; SchemaMismatchError lists what does not fit."""
    _raise(
        [
            f"webhook {one.event.name}: {what}"
            for one in deliveries
            for what in _judge(_DELIVERIES[one.event.name], json.loads(one.body))
        ]
    )


def _judge_exchange(one: Exchange) -> Iterator[str]:
    operation = OPERATIONS.get((one.method, one.template))
    if one.status >= HTTPStatus.BAD_REQUEST:
        if not isinstance(one.answer, str):  # what limits requests answers in plain text
            yield from (f"answer {what}" for what in _judge(_REFUSAL, one.answer))
        return
    if operation is None:
        yield "the documentation has no such operation"
        return
    yield from (f"query {name}: is not in the documentation" for name in one.query.keys() - set(operation.query))
    if one.body is not None:
        yield from (f"request {what}" for what in _judge(operation.body, one.body))
    yield from (f"answer {what}" for what in _judge(operation.answer, one.answer))


def _judge(schema: Schema | None, said: Any) -> Iterator[str]:
    if schema is None:
        if said is not None:
            yield "has a body where none belongs"
        return
    for error in Draft202012Validator(schema).iter_errors(said):
        yield f"{error.json_path.removeprefix('$.')}: {error.message[:200]}"


def _raise(problems: list[str]) -> None:
    if problems:
        raise SchemaMismatchError("\n".join(sorted(set(problems))))
