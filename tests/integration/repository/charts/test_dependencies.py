"""What a chart builds on and does not hold is fetched as its lock says, and helm renders with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.charts.charts import Charts
from bot.repository.charts.dependencies import fetched as fetch
from bot.repository.charts.dependencies import missing
from bot.repository.environment import Place
from bot.repository.trees import Snapshot
from tests.integration.repository.charts.conftest import Helm, Packager, files_of
from tests.integration.repository.charts.registry import RegistryStandIn
from tests.integration.repository.charts.servers import WebServer
from tests.integration.repository.conftest import Files, Fixed

PLAIN = Credentials(plain_http=True)


@pytest.fixture
def classic(server: WebServer, helm: Helm, packaged: Packager, tmp_path: Path) -> str:
    folder = tmp_path / "served"
    folder.mkdir()
    for name, version in [("db", "1.2.3"), ("db", "1.9.0"), ("db", "2.0.0"), ("cache", "0.3.0"), ("queue", "4.0.0")]:
        (folder / f"{name}-{version}.tgz").write_bytes(packaged(name, version).read_bytes())
    helm.run("repo", "index", folder)
    for file in folder.iterdir():
        server.serve(f"/{file.name}", file.read_bytes())
    return server.url


def declared(*dependencies: str) -> str:
    lines = "".join(f"- {one}\n" for one in dependencies)
    return f"apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n{lines}"


def fetched(charts: Charts, repository: Fixed, files: Files, folder: str = "") -> dict[str, Place]:
    snapshot = Snapshot(str(repository.mirror.path), repository.tree(files))
    return fetch(charts, missing(snapshot, folder), access_for=lambda _url: PLAIN)


def read(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_without_a_lock_the_newest_that_fits_is_fetched(charts: Charts, repository: Fixed, classic: str) -> None:
    chart = declared(
        f"{{name: db, version: 1.x, repository: '{classic}', condition: db.enabled}}",
        f"{{name: cache, version: '>=0.1.0', repository: '{classic}/', tags: [a]}}",
    )
    found = fetched(charts, repository, {"deploy/shop/Chart.yaml": chart}, "deploy/shop")
    assert list(found) == ["db-1.9.0", "cache-0.3.0"]
    assert files_of(found["db-1.9.0"])["Chart.yaml"] == b"apiVersion: v2\nname: db\nversion: 1.9.0\n"


@pytest.mark.parametrize("version", ["v2", "v1"])
def test_a_lock_that_helm_wrote_is_kept(
    charts: Charts, repository: Fixed, classic: str, helm: Helm, *, tmp_path: Path, version: str
) -> None:
    entries = (
        f"dependencies:\n- {{name: db, version: ~1.2, repository: '{classic}', alias: main, condition: 'a.<b>&c'}}\n"
        f"- {{name: db, version: ^2, repository: '{classic}', alias: other, tags: [x, y, 1, yes]}}\n"
        f"- name: cache\n  version: 0.3.0\n  repository: {classic}\n"
        "  import-values: [data, {parent: z, child: a}]\n"
    )
    folder = tmp_path / "shop"
    folder.mkdir()
    head = f"apiVersion: {version}\nname: shop\nversion: 1.0.0\n"
    (folder / "Chart.yaml").write_text(head + (entries if version == "v2" else ""), encoding="utf-8")
    if version == "v1":
        (folder / "requirements.yaml").write_text(entries, encoding="utf-8")
    helm.run("dependency", "update", folder)
    files = {path: content for path, content in read(folder).items() if not path.startswith("charts/")}
    assert {"Chart.lock", "requirements.lock"} & set(files)
    assert list(fetched(charts, repository, files)) == ["db-1.2.3", "db-2.0.0", "cache-0.3.0"]


def test_a_lock_that_belongs_to_something_else_is_told(
    charts: Charts, repository: Fixed, classic: str, helm: Helm, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "Chart.yaml").write_text(
        declared(f"{{name: db, version: ^1, repository: '{classic}'}}"), encoding="utf-8"
    )
    helm.run("dependency", "update", folder)
    files: Files = {
        "Chart.lock": (folder / "Chart.lock").read_bytes(),
        "Chart.yaml": declared(f"{{name: db, version: ^2, repository: '{classic}'}}"),
    }
    with pytest.raises(Rejected, match=r"^Chart\.lock is out of sync") as refused:
        fetched(charts, repository, files)
    assert "helm dependency update" in refused.value.remedy


def test_a_lock_does_not_matter_where_nothing_is_missing(charts: Charts, repository: Fixed) -> None:
    files: Files = {
        "Chart.lock": "dependencies: [{name: db, version: 9.9.9, repository: 'https://a.example'}]\ndigest: stale\n",
        "Chart.yaml": declared("{name: db, version: 1.x, repository: 'https://charts.example'}"),
        "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    }
    assert fetched(charts, repository, files) == {}


def test_what_is_there_is_not_fetched(
    charts: Charts, repository: Fixed, classic: str, packaged: Packager, server: WebServer
) -> None:
    files: Files = {
        "Chart.yaml": declared(
            f"{{name: db, version: 1.x, repository: '{classic}'}}",
            f"{{name: cache, version: 0.x, repository: '{classic}'}}",
            "{name: local, version: 1.x, repository: 'file://../local'}",
            "{name: here, version: 1.x}",
        ),
        "charts/db-1.2.3.tgz": packaged("db", "1.2.3").read_bytes(),
        "charts/renamed/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 0.1.0\n",
    }
    assert fetched(charts, repository, files) == {}
    assert server.seen == []


def test_charts_of_a_registry_are_fetched(
    charts: Charts, repository: Fixed, registry: RegistryStandIn, helm: Helm, packaged: Packager
) -> None:
    helm.run("push", packaged("db", "1.9.0"), f"oci://{registry.host}/charts", "--plain-http")
    chart = declared(f"{{name: db, version: ^1, repository: 'oci://{registry.host}/charts'}}")
    assert list(fetched(charts, repository, {"Chart.yaml": chart})) == ["db-1.9.0"]


@pytest.mark.parametrize(
    ("dependency", "words"),
    [
        ("{name: db, version: 1.x, repository: '@internal'}", "only a person's own Helm knows"),
        ("{name: db, version: 1.x, repository: 'alias:internal'}", "only a person's own Helm knows"),
        ("{name: db, version: 1.x, repository: internal/charts}", "no repository's URL"),
        ("{name: db, version: 1.x, repository: 's3://bucket/charts'}", "not a URL that can be fetched"),
        ("{name: db, version: 1.x, repository: 'http://169.254.169.254/charts'}", "not a public address"),
        ("{name: db, version: 9.x, repository: 'URL'}", "no version fits '9.x'; there are 2.0.0, 1.9.0, 1.2.3"),
        ("{name: ../../db, version: 1.x, repository: 'URL'}", "has no chart"),
    ],
)
def test_what_cannot_be_fetched_is_told(
    charts: Charts, repository: Fixed, classic: str, dependency: str, words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        fetched(charts, repository, {"Chart.yaml": declared(dependency.replace("URL", classic))})


def test_an_index_does_not_choose_where_a_chart_is_put(
    charts: Charts, repository: Fixed, server: WebServer, packaged: Packager
) -> None:
    server.serve("/db.tgz", packaged("db", "1.2.3").read_bytes())
    server.serve("/index.yaml", b"entries: {db: [{version: ../../../up, urls: [db.tgz]}]}")
    chart = declared(f"{{name: db, version: ../../../up, repository: '{server.url}'}}")
    with pytest.raises(Rejected, match="is no name of a chart and its version"):
        fetched(charts, repository, {"Chart.yaml": chart})


def test_a_hundred_charts_are_the_most_that_are_fetched(charts: Charts, repository: Fixed) -> None:
    many = declared(
        *(f"{{name: c{number}, version: 1.x, repository: 'https://charts.example'}}" for number in range(101))
    )
    with pytest.raises(Rejected, match="at most 100 dependencies"):
        fetched(charts, repository, {"Chart.yaml": many})


def test_what_is_no_chart_builds_on_nothing(charts: Charts, repository: Fixed) -> None:
    assert fetched(charts, repository, {"app.yaml": "a: 1\n"}) == {}
    assert fetched(charts, repository, {"app.yaml": "a: 1\n"}, "missing") == {}
