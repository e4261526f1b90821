"""What has moved between two syncs, and can be taken back by one change."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.sync.rollback import GoingBack
from bot.errors import Rejected
from bot.model.applications import Application
from bot.model.holds import Hold
from bot.model.operations import Operation
from workers.revert import moved_in, openly

SHOP, BASE = "https://github.com/acme/shop", "https://github.com/acme/base"
GOOD, BAD, SAME = "a" * 40, "b" * 40, "c" * 40


def application(*sources: dict[str, Any], namespace: str = "argocd") -> Application:
    spec = {"destination": {"name": "prod"}, "sources": [{"path": "deploy", **one} for one in sources]}
    return Application.parse({"metadata": {"name": "shop", "namespace": namespace}, "spec": spec}, home="argocd")


def back(good: tuple[str, ...], bad: tuple[str, ...]) -> GoingBack:
    before, after = (Operation(one[0], prune=True, revisions=one) for one in (good, bad))
    return GoingBack(before, Hold("Foresail"), after, "degraded", in_git=True)


def test_the_source_that_has_moved_is_found_among_others() -> None:
    found = application({"repoURL": BASE}, {"repoURL": SHOP})
    source, good, bad = moved_in(found, back((SAME, GOOD), (SAME, BAD)))
    assert (source.repo_url, good, bad) == (SHOP, GOOD, BAD)


def test_nothing_is_written_to_git_for_who_has_a_namespace_and_no_say_there() -> None:
    with pytest.raises(Rejected, match="an Application of the namespace team-a"):
        moved_in(application({"repoURL": SHOP}, namespace="team-a"), back((GOOD,), (BAD,)))


def test_several_sources_of_one_branch_that_moved_together_are_one() -> None:
    found = application({"repoURL": SHOP}, {"repoURL": f"{SHOP}.git", "ref": "values"})
    assert moved_in(found, back((GOOD, GOOD), (BAD, BAD)))[1:] == (GOOD, BAD)


@pytest.mark.parametrize(
    ("other", "good", "bad"),
    [
        ({"repoURL": BASE}, (GOOD, SAME), (BAD, BAD)),
        ({"repoURL": SHOP, "targetRevision": "next"}, (GOOD, GOOD), (BAD, BAD)),
        ({"repoURL": SHOP}, (GOOD, SAME), (BAD, BAD)),
        ({"repoURL": BASE}, (SAME, SAME), (SAME, SAME)),
    ],
)
def test_what_moved_in_several_places_or_nowhere_is_not_taken_back_by_one_change(
    other: dict[str, Any], good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    with pytest.raises(Rejected, match="not one branch has moved"):
        moved_in(application({"repoURL": SHOP}, other), back(good, bad))


def test_what_is_of_one_repository_is_not_told_to_the_readers_of_another() -> None:
    alone = application({"repoURL": SHOP}, {"repoURL": f"{SHOP}.git", "ref": "values"})
    assert openly(alone, "conflicts in secret.yaml", "the log says why") == "conflicts in secret.yaml"
    several = application({"repoURL": SHOP}, {"repoURL": BASE})
    assert openly(several, "conflicts in secret.yaml", "the log says why") == "the log says why"
