"""Applications of charts from repositories: previewed, synced and recorded at their versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from bot.sandbox.toolchain import Programs
from tests.functional.conftest import Opener, Shop, config_map
from tests.integration.repository.charts.conftest import Helm
from tests.integration.repository.charts.registry import USER, RegistryStandIn
from tests.integration.repository.charts.servers import WebServer

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {version: %s, size: {{ .Values.size | quote }}}\n"
ON_TOP = {"README.md": "shop\n"}


@pytest.fixture(scope="module")
def settings(programs: Programs) -> dict[str, str]:
    return {"FORESAIL_FETCH_ALLOW": "127.0.0.0/8", "FORESAIL_HELM": str(programs.helm)}


@pytest.fixture(scope="module")
def helm(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(programs.helm, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="module")
def packages(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a few charts and their index, all made by helm."""
    folder = tmp_path_factory.mktemp("packages")
    for name, version in [("web", "1.0.0"), ("web", "1.1.0"), ("db", "2.3.0")]:
        chart = tmp_path_factory.mktemp(name) / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n", encoding="utf-8")
        (chart / "values.yaml").write_text("size: small\n", encoding="utf-8")
        (chart / "templates" / "map.yaml").write_text(MAP % (name, version), encoding="utf-8")
        helm.run("package", chart, "--destination", folder)
    helm.run("repo", "index", folder)
    return folder


@pytest.fixture(scope="module")
def charts(packages: Path) -> Iterator[str]:
    """Return the URL of a repository that serves them."""
    with WebServer(packages) as server:
        for file in packages.iterdir():
            server.serve(f"/{file.name}", file.read_bytes())
        yield server.url


def application(shop: Shop, *sources: Mapping[str, object]) -> str:
    spec = {
        "project": "default",
        "sources": list(sources),
        "destination": {"name": "in-cluster", "namespace": shop.namespace},
        "syncPolicy": {"automated": {"prune": True}},
    }
    metadata = {"name": shop.name, "namespace": shop.stage.control_namespace}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return yaml.safe_dump({**kind, "metadata": metadata, "spec": spec})


def file_of(shop: Shop) -> str:
    return f".foresail/{shop.name}.yaml"


def status(shop: Shop) -> dict[str, object]:
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    return dict(found["status"]["operationState"]["syncResult"])


def chart(url: str, name: str, version: str) -> dict[str, object]:
    return {"repoURL": url, "chart": name, "targetRevision": version}


def test_another_version_of_a_chart_is_previewed_and_synced(open_shop: Opener, charts: str) -> None:
    shop = open_shop(ON_TOP, synced=False)
    shop.repository.push("main", {file_of(shop): application(shop, chart(charts, "web", "1.0.0"))})
    shop.stage.until(lambda: shop.live("configmap", "web") is not None, what="the chart's object")

    number = shop.propose({file_of(shop): application(shop, chart(charts, "web", "1.x"))})
    assert shop.await_preview(number) == "success"
    assert "-  version: 1.0.0" in shop.body(number)
    assert "+  version: 1.1.0" in shop.body(number)

    shop.merge(number)
    assert shop.data("web") == {"version": "1.1.0", "size": "small"}
    assert status(shop)["revision"] == "1.1.0"


def test_values_from_git_reach_a_chart_from_a_repository(open_shop: Opener, charts: str) -> None:
    shop = open_shop({"values.yaml": "size: medium\n"}, synced=False)
    values = {"repoURL": shop.repository.clone_url, "targetRevision": "main", "ref": "values"}
    web = {**chart(charts, "web", "1.0.0"), "helm": {"valueFiles": ["$values/values.yaml"]}}
    first = shop.repository.push("main", {file_of(shop): application(shop, web, values)})
    shop.await_sync(first)
    assert shop.data("web") == {"version": "1.0.0", "size": "medium"}

    number = shop.propose({"values.yaml": "size: big\n"})
    assert shop.await_preview(number) == "success"
    assert "+  size: big" in shop.body(number)

    sha = shop.merge(number)
    assert shop.data("web")["size"] == "big"
    assert status(shop)["revisions"] == ["1.0.0", sha]


def test_a_chart_in_git_is_rendered_with_what_it_builds_on(open_shop: Opener, charts: str) -> None:
    declared = dedent(f"""\
        apiVersion: v2
        name: shop
        version: 0.1.0
        dependencies:
        - {{name: db, version: ^2, repository: '{charts}'}}
        """)
    shop = open_shop({"deploy/Chart.yaml": declared, "deploy/values.yaml": "db: {size: medium}\n"})
    assert shop.data("db") == {"version": "2.3.0", "size": "medium"}

    number = shop.propose({"deploy/values.yaml": "db: {size: big}\n"})
    assert shop.await_preview(number) == "success"
    assert "+  size: big" in shop.body(number)
    shop.merge(number)
    assert shop.data("db")["size"] == "big"


def test_a_public_repository_that_nobody_uses_yet_is_predicted(open_shop: Opener, packages: Path) -> None:
    shop = open_shop({"deploy/own.yaml": config_map("own", A="b")})
    with WebServer(packages) as server:
        for file in packages.iterdir():
            server.serve(f"/{file.name}", file.read_bytes())
        added = application(shop, chart(server.url, "db", "2.3.0")).replace(shop.name, f"{shop.name}-db")
        number = shop.propose({".foresail/db.yaml": added})
        assert shop.await_preview(number) == "success"
    assert f"+ ConfigMap {shop.namespace}/db" in shop.body(number)


def test_a_private_registry_that_nobody_uses_yet_is_named_in_a_note(open_shop: Opener) -> None:
    shop = open_shop({"deploy/own.yaml": config_map("own", A="b")})
    with RegistryStandIn(asks="bearer") as registry:
        _let_in(shop, f"{registry.host}/charts")
        added = application(shop, chart(f"{registry.host}/charts", "web", "1.x")).replace(shop.name, f"{shop.name}-web")
        number = shop.propose({".foresail/web.yaml": added})
        shop.await_preview(number)
    assert "is not predicted: no application on the target branch uses the repository" in shop.body(number)


def test_a_chart_that_is_not_there_or_read_by_others_is_told_in_the_comment(open_shop: Opener, charts: str) -> None:
    shop = open_shop(ON_TOP, synced=False)
    shop.repository.push("main", {file_of(shop): application(shop, chart(charts, "web", "1.0.0"))})
    shop.stage.until(lambda: shop.live("configmap", "web") is not None, what="the chart's object")
    number = shop.propose({file_of(shop): application(shop, chart(charts, "web", "7.x"))})
    assert shop.await_preview(number) == "failure"
    assert "no version fits '`7.x`'; there are `1.1.0, 1.0.0`" in shop.body(number)

    read = {**chart(charts, "db", "2.3.0"), "ref": "values"}
    reading = {**chart(charts, "web", "1.0.0"), "helm": {"valueFiles": ["$values/values.yaml"]}}
    number = shop.propose({file_of(shop): application(shop, reading, read)}, branch="reading")
    assert shop.await_preview(number) == "failure"
    assert "the chart db cannot be read by other sources; values come from Git" in shop.body(number).replace("`", "")


def test_a_private_registry_is_read_by_its_secret(open_shop: Opener, helm: Helm, packages: Path) -> None:
    with RegistryStandIn(asks="bearer") as registry:
        helm.run("registry", "login", registry.host, "--plain-http", "--username", USER[0], "--password", USER[1])
        helm.run("push", packages / "web-1.1.0.tgz", f"oci://{registry.host}/charts", "--plain-http")
        shop = open_shop(ON_TOP, synced=False)
        _let_in(shop, f"{registry.host}/charts")
        shop.repository.push("main", {file_of(shop): application(shop, chart(f"{registry.host}/charts", "web", "1.x"))})
        shop.stage.until(lambda: shop.live("configmap", "web") is not None, what="the chart's object")
    assert shop.data("web")["version"] == "1.1.0"


def _let_in(shop: Shop, url: str) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "charts", "labels": {"argocd.argoproj.io/secret-type": "repository"}},
        "stringData": {
            "url": url,
            "type": "helm",
            "enableOCI": "true",
            "insecureOCIForceHttp": "true",
            "username": USER[0],
            "password": USER[1],
        },
    }
    namespace = ("--namespace", shop.stage.control_namespace)
    shop.stage.plane.kubectl("apply", "--server-side", *namespace, "-f", "-", stdin=yaml.safe_dump(secret))
