"""What people think of a pull request, and who is asked for it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.sandbox.github import events
from bot.sandbox.github.http import Refusal, invalid
from bot.sandbox.github.state import PullRequest, Review, Team, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sandbox.forge.accounts import Account

_NOT_A_COLLABORATOR = "Reviews may only be requested from collaborators."
_THE_AUTHOR = "Review cannot be requested from pull request author."


def submit(world: World, pull: PullRequest, *, state: str, user: Account, commit: str | None = None) -> Review:
    """Review a pull request at its head, or at another of its commits, and tell; Refusal (422) to its author."""
    if user is pull.user and state != "COMMENTED":
        words = "approve" if state == "APPROVED" else "request changes on"
        raise invalid("PullRequestReview", "user_id", code="custom", message=f"Can not {words} your own pull request")
    review = Review(world.next_id(), user, state, commit or pull.head_sha, world.clock.now())
    pull.reviews.append(review)
    pull.asked = [one for one in pull.asked if one is not user]
    pull.asked_teams = [one for one in pull.asked_teams if user.login.lower() not in one.members]
    events.pull_request_review(world, pull, review, action="submitted", sender=user)
    return review


def dismiss(world: World, pull: PullRequest, review: Review, *, sender: Account) -> None:
    """Take a review back, and tell."""
    review.state = "DISMISSED"
    events.pull_request_review(world, pull, review, action="dismissed", sender=sender)


def ask(world: World, pull: PullRequest, people: Sequence[str], teams: Sequence[str], *, sender: Account) -> None:
    """Ask people and teams, and tell; Refusal (422), which asks nobody, for one who cannot be asked."""
    wanted = [_person(world, pull, one) for one in people]
    wanted_teams = [_team(world, pull, one) for one in teams]
    for person in wanted:
        if person not in pull.asked:
            pull.asked.append(person)
            events.review_requested(world, pull, person, sender=sender)
    for team in wanted_teams:
        if team not in pull.asked_teams:
            pull.asked_teams.append(team)
            events.review_requested(world, pull, team, sender=sender)


def _person(world: World, pull: PullRequest, login: str) -> Account:
    found = world.accounts.get(login.lower())
    if found is pull.user:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _THE_AUTHOR)
    if found is None or pull.repository.role_of(found) == "none" or login.lower() not in pull.repository.roles:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _NOT_A_COLLABORATOR)
    return found


def _team(world: World, pull: PullRequest, slug: str) -> Team:
    found = world.teams.get(f"{pull.repository.owner.login}/{slug}".lower())
    if found is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _NOT_A_COLLABORATOR)
    return found
