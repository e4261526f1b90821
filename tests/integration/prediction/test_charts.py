"""Sources that are charts are found like others: at a revision, at their newest, once in one look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.applications import Source
from bot.model.credentials import Credentials
from bot.prediction.trees import Tree, Trees
from bot.preview.affected import Branch
from bot.repository.charts.charts import Charts
from bot.repository.fetching import Client
from bot.repository.guard import Allowed
from bot.repository.mirrors import Mirrors
from tests.integration.loopback import CLIENT
from tests.integration.repository.charts.registry import USER, RegistryStandIn
from tests.integration.repository.charts.test_registry import CHART, CHART_CONFIG, LAYER, packed
from tests.integration.repository.conftest import Fixed

ALICE = Credentials(*USER, plain_http=True)


@pytest.fixture
def registry() -> Iterator[RegistryStandIn]:
    with RegistryStandIn(asks="bearer") as found:
        found.push("team/app", "1.0.0", [(LAYER, packed({"a.yaml": b"a: 1\n"}))])
        yield found


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def trees(tmp_path: Path, asked: list[tuple[str, str]]) -> Trees:
    def auth_for(url: str, project: str) -> Credentials:
        asked.append((url, project))
        return ALICE

    found = Trees(Mirrors(tmp_path / "mirrors", CLIENT), auth_for)
    client = Client(Allowed.of(["127.0.0.0/8"]), timeout=20.0, proxies={})
    found.charts = Charts(tmp_path / "charts", client)
    return found


def source(registry: RegistryStandIn, revision: str = "1.x") -> Source:
    return Source(repo_url=f"oci://{registry.host}/team/app", target_revision=revision)


def test_an_artifact_is_found_at_its_newest_and_again_at_its_digest(
    registry: RegistryStandIn, trees: Trees, asked: list[tuple[str, str]]
) -> None:
    newest = trees.look().newest(source(registry), project="shop")
    assert newest.mirror.read(newest.tree_id, "a.yaml") == b"a: 1\n"
    assert newest.commit.startswith("sha256:")
    again = trees.at(source(registry), newest.commit, project="shop")
    assert (again.tree_id, again.commit) == (newest.tree_id, newest.commit)
    assert asked == [(f"oci://{registry.host}/team/app", "shop")] * 2


def test_within_one_look_a_chart_is_the_same(registry: RegistryStandIn, trees: Trees, tmp_path: Path) -> None:
    look = trees.look()
    first = look.newest(source(registry))
    registry.push("team/app", "1.1.0", [(LAYER, packed({"a.yaml": b"a: 2\n"}))])
    for note in (tmp_path / "charts" / "notes").iterdir():
        note.unlink()
    assert look.newest(source(registry)) is first
    assert trees.look().newest(source(registry)).tree_id != first.tree_id


def test_a_chart_is_not_looked_for_in_the_repository_of_a_change(
    registry: RegistryStandIn, trees: Trees, tmp_path: Path
) -> None:
    repository = Fixed(tmp_path / "repository.git")
    branch = Branch(f"{registry.host.partition(':')[0]}/team/app", "main", default=True)
    ours = Tree(branch.repository, repository.mirror, repository.tree({"b.yaml": "b"}), "1" * 40, branch)
    found = trees.look().of(source(registry), ours)
    assert found.mirror.read(found.tree_id, "a.yaml") == b"a: 1\n"


def test_where_nothing_is_fetched_that_is_told(registry: RegistryStandIn, trees: Trees) -> None:
    trees.charts = None
    with pytest.raises(Rejected, match="charts and artifacts are not fetched here"):
        trees.look().newest(source(registry))


def test_what_a_chart_names_is_read_as_nobody_where_its_project_does_not_permit_it(
    registry: RegistryStandIn, trees: Trees, tmp_path: Path
) -> None:
    chart = packed({"db/Chart.yaml": b"apiVersion: v2\nname: db\nversion: 1.0.0\n"})
    registry.push("team/db", "1.0.0", [(CHART, chart)], config_type=CHART_CONFIG)
    repository = Fixed(tmp_path / "repository.git")
    url = f"oci://{registry.host}/team"
    declared = (
        f"apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{{name: db, version: 1.x, repository: '{url}'}}]\n"
    )
    tree = Tree("git.example/acme/shop", repository.mirror, repository.tree({"Chart.yaml": declared}), "1" * 40)
    git = Source(repo_url="https://git.example/acme/shop")
    assert not trees.holds_all(git, tree)
    assert list(trees.dependencies(git, tree, project="shop")) == ["db-1.0.0"]

    trees.refusal_of = lambda project, asked: f"{project} may not read {asked}"
    before = len(registry.requests)
    with pytest.raises(Temporary, match="no TLS"):  # without the Secret it is not even known to speak http
        trees.dependencies(git, tree, project="shop")
    assert len(registry.requests) == before
