"""What generators of an ApplicationSet may read when a change asks for it: other repositories are other people's."""

from __future__ import annotations

import pytest
import yaml

from bot.engine.homes import Homes
from bot.errors import Temporary
from bot.model.projects import AppProject
from bot.model.resources import JsonObject
from bot.prediction.generated import KnownSets
from bot.prediction.selection import Grounds, Selection, select
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Candidate
from tests.integration.prediction.test_applicationsets import CONFIG, IDENTITY, MAIN, URL, Desk, desk
from tests.integration.repository.conftest import Files

__all__ = ["desk"]
VAULT = "http://127.0.0.1:1/acme/vault"
"""Somebody else's repository, in use; nobody listens there, so whoever asks it is told to come again."""
ROOT = {"root/c.yaml": CONFIG}


def reading(desk: Desk, *, project: str, url: str = VAULT) -> JsonObject:
    """Return an ApplicationSet that names its Applications by what is in files of another repository."""
    files = f"{{git: {{repoURL: '{url}', revision: main, files: [{{path: '*.yaml'}}]}}}}"
    manifest = desk.manifest(f"[{files}]", name="{{key}}")
    manifest["spec"]["generators"] = yaml.safe_load(f"[{files}]")
    manifest["spec"]["template"]["spec"]["project"] = project
    return manifest


def select_with(desk: Desk, base: Files, head: Files, *sets: JsonObject) -> Selection:
    desk.sources.project_of = {
        "theirs": AppProject.parse({"metadata": {"name": "theirs"}, "spec": {"sourceRepos": [VAULT]}}),
        "ours": AppProject.parse({"metadata": {"name": "ours"}, "spec": {"sourceRepos": [URL]}}),
    }.get
    sides = Sides(*(Tree(IDENTITY, desk.repository.mirror, desk.repository.tree(one)) for one in (base, head)))
    grounds = Grounds({}, Homes(desk.namespace), frozenset({URL, VAULT}), KnownSets(sets))
    return select(desk.sources, [Candidate(desk.root(), desk.root())], sides, MAIN, grounds)


def added(desk: Desk, manifest: JsonObject) -> Selection:
    return select_with(desk, ROOT, {**ROOT, "root/set.yaml": yaml.safe_dump(manifest)})


@pytest.mark.parametrize(
    ("project", "why"),
    [
        ("ours", f"repository {VAULT} is not permitted in project ours"),
        ("nowhere", "no project nowhere exists that would allow it"),
        ("", "no project default exists that would allow it"),
        ("{{key}}", "its template names no project of which that can be asked"),
    ],
)
def test_what_a_change_asks_for_is_read_only_where_the_project_allows_it(desk: Desk, project: str, why: str) -> None:
    (note,) = added(desk, reading(desk, project=project)).notes
    words = f"what its generators read from the repository {VAULT} is not known before the change is merged: {why}"
    assert note == f"ApplicationSet shops, generator 1: {words}"


def test_what_the_project_allows_is_read(desk: Desk) -> None:
    with pytest.raises(Temporary):
        added(desk, reading(desk, project="theirs"))


def altered(desk: Desk) -> tuple[Files, Files, JsonObject]:
    """Return two states of a repository that names another in a file, and the ApplicationSet that looks there."""
    manifest = reading(desk, project="ours", url="{{url}}")
    ours = {"git": {"repoURL": URL, "revision": "HEAD", "files": [{"path": "where/*.yaml"}]}}
    manifest["spec"]["generators"] = [{"matrix": {"generators": [ours, *manifest["spec"]["generators"]]}}]
    return ROOT, {**ROOT, "where/a.yaml": f"url: {VAULT}"}, manifest


def test_a_file_of_the_change_does_not_have_another_repository_read(desk: Desk) -> None:
    base, head, manifest = altered(desk)
    (note,) = select_with(desk, base, head, manifest).notes
    assert note.endswith(f"repository {VAULT} is not permitted in project ours")


def test_what_an_unaltered_applicationset_names_itself_is_read(desk: Desk) -> None:
    manifest = reading(desk, project="ours")
    ours = {"git": {"repoURL": URL, "revision": "HEAD", "directories": [{"path": "apps/*"}]}}
    manifest["spec"]["generators"].append(ours)
    with pytest.raises(Temporary):
        select_with(desk, ROOT, {**ROOT, "apps/web/c.yaml": CONFIG}, manifest)
