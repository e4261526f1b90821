"""Which applications a change can touch."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.applications import Application, Source
from bot.preview.affected import Branch, Candidate, judge

MAIN = Branch("git.example/acme/shop", "main", default=True)
URL = "https://git.example/acme/shop.git"


def application(*paths: str, revision: str = "main", url: str = URL, **spec: Any) -> Application:
    sources = [{"repoURL": url, "path": path, "targetRevision": revision} for path in paths]
    return Application.parse(
        {"metadata": {"name": "web"}, "spec": {"destination": {"name": "prod"}, "sources": sources, **spec}},
        home="argocd",
    )


def verdict(candidate: Candidate, changed: str = "") -> tuple[bool, str]:
    def inputs(source: Source, head: bool) -> str:  # noqa: FBT001 - the port's own signature
        return f"{source.path} {head and source.path == changed}"

    found = judge(candidate, MAIN, inputs)
    return found.affected, found.words


def test_an_application_whose_files_differ_is_affected() -> None:
    one = application("a", "b")

    assert verdict(Candidate(one, one), "b") == (True, "files that b is rendered from differ")
    assert verdict(Candidate(one, one)) == (False, "everything it is rendered from is the same on both sides")


def test_an_application_that_the_change_adds_or_removes_is_affected() -> None:
    one = application("a")

    assert verdict(Candidate(None, one)) == (True, "the change adds this application")
    assert verdict(Candidate(one, None)) == (True, "the change removes this application")


def test_an_application_whose_definition_differs_is_affected() -> None:
    found = verdict(Candidate(application("a"), application("a", project="other")))

    assert found == (True, "the change alters this application's own definition")


@pytest.mark.parametrize(
    "one",
    [
        application("a", revision="release"),
        application("a", url="https://git.example/acme/other"),
        application("a", url="http://["),
    ],
)
def test_an_application_that_follows_something_else_is_not_affected(one: Application) -> None:
    assert verdict(Candidate(one, one), "a") == (False, "none of its sources follows git.example/acme/shop@main")


@pytest.mark.parametrize("revision", ["main", "refs/heads/main", "HEAD", ""])
def test_a_branch_has_several_names(revision: str) -> None:
    (source,) = application("a", revision=revision).spec.effective_sources

    assert MAIN.is_source_of(source)


@pytest.mark.parametrize("revision", ["HEAD", "", "main", "refs/tags/release", "v1"])
def test_another_branch_has_none_of_them(revision: str) -> None:
    (source,) = application("a", revision=revision).spec.effective_sources

    assert not Branch(MAIN.repository, "release", default=False).is_source_of(source)


@pytest.mark.parametrize("change", [{"chart": "web"}, {"repo_url": f"oci://{MAIN.repository}"}])
def test_a_chart_follows_no_branch(change: dict[str, str]) -> None:
    (source,) = application("a", revision="main").spec.effective_sources

    assert not MAIN.is_source_of(source.model_copy(update=change))


def test_a_candidate_is_an_application_on_one_side_at_least() -> None:
    one, other = application("a"), application("b")

    assert (Candidate(one, other).either, Candidate(one, None).either) == (other, one)
    with pytest.raises(ValueError, match="at least one side"):
        _ = Candidate(None, None).either
