"""GitLab: deliveries to events (pure, in the web process), and the forge port over its REST API (in jobs only).

What a token and a webhook must be allowed stands here once, for docs/gitlab.md, tests and the sandbox.
"""

from __future__ import annotations

from typing import Final

SCOPES: Final = ("api", "read_repository")
"""Scopes of the access token: notes and commit statuses are written with `api`, Git reads with `read_repository`.

https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes
"""

ROLE: Final = 40
"""Role of the token: Maintainer. Developers may not say statuses about commits of protected branches.

https://docs.gitlab.com/user/permissions/#cicd
"""

EVENTS: Final = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "note_events",
    "emoji_events",
    "pipeline_events",
)
"""Events of the webhook, by the names of https://docs.gitlab.com/api/project_webhooks/; of pipelines those of merge
trains count only.
"""
