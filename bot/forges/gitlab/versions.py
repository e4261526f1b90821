"""Which head a merge request had when: GitLab records every push as a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.forges.gitlab.api import Api
    from bot.forges.gitlab.payload import Payload


def versions(api: Api, path: str) -> list[Payload]:
    """Read the versions of a merge request, by its `path`; one request per page of 100.

    https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions
    """
    return list(api.pages(f"{path}/versions"))


def head_at(known: Collection[Payload], moment: datetime) -> str:
    """Return the head of the last version that is older than a moment; empty where there was none yet."""
    times = [(one.at("created_at").time(), one) for one in known]
    seen = [(at, one.at("id").number(), one) for at, one in times if at < moment]
    return max(seen, key=lambda found: found[:2])[2].at("head_commit_sha").sha() if seen else ""
