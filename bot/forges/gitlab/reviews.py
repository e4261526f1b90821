"""Approvals of merge requests, and who is asked for a review: https://docs.gitlab.com/api/merge_request_approvals/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.forges.gitlab.names import is_bot, is_username
from bot.forges.gitlab.versions import head_at, versions
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.forges.gitlab.api import Api

_OBJECTS: Final = "requested_changes"


class Reviews:
    """What people think of merge requests; safe to use from threads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def approvals(self, path: str, head_sha: str) -> tuple[str, ...]:
        """Return who has approved the merge request at `path` since it has this head, the latest first; no programs.

        On the Free tier a push takes no approval away: what counts is the version of the time of it. A GitLab that does
        not say when that was proves nothing.
        """
        found = []
        for one in self._api.ask("GET", f"{path}/approvals").payload.at("approved_by").items():
            name, at = one.at("user", "username").username(), one.find("approved_at")
            if at is not None and not is_bot(name):
                found.append((at.time(), name))
        known = versions(self._api, path) if found else []
        return tuple(name for at, name in sorted(found, reverse=True) if head_at(known, at) == head_sha)

    def objections(self, path: str) -> tuple[str, ...]:
        """Return which reviewers of the merge request at `path` have asked for changes; no programs.

        https://docs.gitlab.com/api/merge_requests/#get-single-merge-request-reviewers
        """
        reviewers = self._api.ask("GET", f"{path}/reviewers").payload.items()
        names = (one.at("user", "username").username() for one in reviewers if one.at("state").text() == _OBJECTS)
        return tuple(name for name in names if not is_bot(name))

    def ask(self, path: str, people: Collection[str]) -> tuple[str, ...]:
        """Add people to the reviewers; a group cannot be one, and the Free tier has room for one alone.

        https://docs.gitlab.com/api/merge_requests/#update-mr
        """
        found = self._api.ask("GET", path).payload
        present = [(one.at("id").number(), one.at("username").text().lower()) for one in found.at("reviewers").items()]
        done = {name for _, name in present}
        done |= set() if (author := found.find("author")) is None else {author.at("username").text().lower()}
        wanted = [one for one in people if one.lower() not in done and is_username(one)]
        numbers = {one: self._number_of(one) for one in wanted}
        asked = [number for number in numbers.values() if number]
        missing = [one for one, number in numbers.items() if not number]
        if asked:
            self._api.take(Charge.CONTENT, whose=f"reviewers of {path}")
            body = {"reviewer_ids": [number for number, _ in present] + asked}
            told = self._api.ask("PUT", path, body=body).payload
            there = {one.at("id").number() for one in told.at("reviewers").items()}
            missing += [one for one, number in numbers.items() if number and number not in there]
        return tuple(missing)

    def _number_of(self, user: str) -> int:
        named = self._api.ask("GET", "/users", query={"username": user}).payload.items()
        found = next((one for one in named if one.at("username").text().lower() == user.lower()), None)
        return 0 if found is None else found.at("id").number()
