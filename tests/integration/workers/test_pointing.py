"""At which lines dangers are shown: those that have changed in the one file that declares the object, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model.applications import Application
from bot.model.checks import Annotation
from bot.model.dangers import Danger, Severity
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import ResourceKey
from bot.prediction.reading import Reading
from bot.prediction.selection import Selection
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Branch, Candidate
from bot.repository.mirrors import Merged
from tests.integration.repository.conftest import Files, Fixed
from workers.changes.pointing import pointed_at

URL = "https://git.example/acme/fleet"
MAIN = Branch("git.example/acme/fleet", "main", default=True)
KEY = ResourceKey("apps", "Deployment", "shop", "web")
WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  paused: false\n  replicas: 2\n"
OTHER = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {}\n"
NONE = WEB.replace("replicas: 2", "replicas: 0")


@pytest.fixture
def repository(tmp_path: Path) -> Fixed:
    return Fixed(tmp_path / "repository.git")


def shown(
    repository: Fixed, before: Files, after: Files, *, meanwhile: Files | None = None
) -> list[tuple[str, int, int]]:
    """Return where a danger is shown that merging `after` into `before`, or what it has become meanwhile, causes."""
    base = repository.commit("main", before)
    head = repository.commit("feature", after, base)
    now = base if meanwhile is None else repository.commit("main", meanwhile, base)
    merged = repository.mirror.merge(now, head)
    assert isinstance(merged, Merged)
    trees = (repository.mirror.tree_of(now), merged.tree_id)
    sides = Sides(*(Tree(MAIN.repository, repository.mirror, one) for one in trees))
    source = {"repoURL": URL, "path": "deploy", "targetRevision": "main"}
    spec = {"destination": {"name": "prod"}, "source": source}
    one = Application.parse({"metadata": {"name": "shop"}, "spec": spec}, home="argocd")
    selection = Selection((), sides, {"shop": Candidate(one, one)}, {}, {}, ())
    danger = Danger("scaled-to-zero", Severity.CAUTION, "has no pods any more")
    resource = ResourceReport(KEY, Action.CHANGE, Action.NOTHING, "", "", dangers=(danger,))
    application = ApplicationReport("shop", "argocd", "prod", "shop", (resource,))
    report = Report("acme/fleet#1", "main", now, head, (application,), 1, "", (), 0.0)
    found: tuple[Annotation, ...] = pointed_at(report, selection, Reading(), MAIN)
    return [(note.path, note.first, note.last) for note in found]


def test_a_danger_is_shown_at_the_changed_lines_of_its_object(repository: Fixed) -> None:
    before, after = f"{OTHER}---\n{WEB}", f"# all\n{OTHER}---\n{NONE}"
    assert shown(repository, {"deploy/all.yaml": before}, {"deploy/all.yaml": after}) == [("deploy/all.yaml", 14, 14)]


def test_several_changed_lines_are_shown_from_the_first_to_the_last(repository: Fixed) -> None:
    after = NONE.replace("name: web", "name: web # the shop")
    assert shown(repository, {"deploy/a.yaml": WEB}, {"deploy/a.yaml": after}) == [("deploy/a.yaml", 4, 7)]


def test_a_new_object_is_shown_where_it_begins_and_ends(repository: Fixed) -> None:
    assert shown(repository, {"deploy/b.yaml": OTHER}, {"deploy/b.yaml": OTHER, "deploy/a.yaml": NONE}) == [
        ("deploy/a.yaml", 1, 7)
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"deploy/a.yaml": WEB}, {"deploy/a.yaml": OTHER}),  # it is gone
        ({"deploy/a.yaml": WEB, "deploy/b.yaml": WEB}, {"deploy/a.yaml": NONE, "deploy/b.yaml": NONE}),  # which one?
        ({"deploy/a.yaml": WEB + "---\n" + OTHER}, {"deploy/a.yaml": WEB + "---\n" + OTHER + "# x\n"}),  # not its lines
        ({"deploy/a.yaml": WEB, "lib/b.yaml": ""}, {"deploy/a.yaml": WEB, "lib/b.yaml": NONE}),  # not what it reads
        ({"deploy/a.yaml": WEB}, {"deploy/a.yaml": NONE.replace("web", "{{ .Release.Name }}")}),
    ],
)
def test_nothing_is_shown_where_nobody_can_tell(repository: Fixed, before: Files, after: Files) -> None:
    assert shown(repository, before, after) == []


def test_a_file_that_the_base_has_changed_too_is_left_out(repository: Fixed) -> None:
    meanwhile = {"deploy/a.yaml": f"# first\n{WEB}"}
    assert shown(repository, {"deploy/a.yaml": WEB}, {"deploy/a.yaml": NONE}, meanwhile=meanwhile) == []
    assert shown(repository, {"deploy/a.yaml": WEB}, {"deploy/a.yaml": NONE}, meanwhile={**meanwhile, "x": ""}) == []
