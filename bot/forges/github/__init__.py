"""GitHub: deliveries to events (pure, in the web process), and the forge port over its REST API (in jobs only).

What an App must be allowed and subscribed to stands here once, for its registration, docs, tests and token requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PERMISSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "metadata": "read",  # repositories, and what a person may do in them
        "contents": "read",  # git fetch, branches
        "pull_requests": "write",  # changes, their comments and reactions, the changes of a commit
        "statuses": "write",  # commit statuses
        "checks": "write",  # check runs, in place of commit statuses
        "deployments": "write",  # deployments, where the operator wants them told
        "issues": "read",  # only to be told of comments: event `issue_comment`
        "merge_queues": "read",  # only to be told of merge groups: event `merge_group`
    }
)
"""Repository permissions of the App, in the words of its manifest and of access tokens.

https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""

OPTIONAL: Final = ("checks", "deployments")
"""Those of them that an App can do without, as one that was registered before they were asked for."""

PERMISSIONS_TO_WRITE: Final[Mapping[str, str]] = MappingProxyType({**PERMISSIONS, "contents": "write"})
"""The same of an App that opens changes of its own (docs/updates.md)."""

PERMISSION_FOR_TEAMS: Final[Mapping[str, str]] = MappingProxyType({"members": "read"})
"""The organisation permission of an App that looks teams up, where a repository names some (docs/github.md)."""

EVENTS: Final[tuple[str, ...]] = ("pull_request", "pull_request_review", "push", "issue_comment", "merge_group")
"""Events the App subscribes to; ping, installation and installation_repositories come to every App unasked.

check_run and check_suite are understood but not asked for: *Re-run* and buttons reach only the App whose check it is,
and one that may write checks is told of them by that; asked for, they would tell of every other App's checks as well.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
"""
