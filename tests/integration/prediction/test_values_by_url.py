"""Values files by URL: what helm makes of them, and what whoever may write an Application does not get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.prediction.trees import Tree, Trees
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.fetching import Client
from bot.repository.guard import Allowed
from bot.repository.inputs import inputs_of
from bot.repository.mirrors import Mirrors
from bot.repository.render import Rendered, Renderer, RenderRequest
from tests.integration.repository.charts.servers import WebServer, plain, redirect
from tests.integration.repository.conftest import Fixed

CHART = {
    "app/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
    "app/values.yaml": "{a: chart, b: chart, c: chart}",
    "app/own.yaml": "{b: own, c: own}",
    "app/templates/a.yaml": ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {{ .Values | toJson }}}"),
}
VARIABLES = {"ARGOCD_APP_NAME": "web"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(tmp_path) as found:
        yield found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    repository = Fixed(tmp_path / "repository.git")
    return Tree("git.example/shop", repository.mirror, repository.tree(CHART))


def source_with(*files: str) -> Source:
    helm = {"valueFiles": list(files)}
    return Source.model_validate({"repoURL": "https://git.example/shop.git", "path": "app", "helm": helm})


def rendered(renderer: Renderer, trees: Trees, tree: Tree, source: Source) -> Any:
    without, refs = trees.valued(source, tree, VARIABLES)
    named = BuildEnvironment(application="web", kubernetes="v1.33.0")
    request = RenderRequest(tree.mirror.path, tree.tree_id, without, named, refs=refs)
    (answer,) = renderer.render([request])
    return answer.manifests[0]["data"] if isinstance(answer, Rendered) else answer.message


def test_a_values_file_by_url_counts_in_its_place(
    server: WebServer, trees: Trees, tree: Tree, renderer: Renderer
) -> None:
    url = server.serve("/web/prod.yaml", b"{a: remote, b: remote}")
    first = source_with(url.replace("/web/", "/$ARGOCD_APP_NAME/"), "own.yaml")
    assert rendered(renderer, trees, tree, first) == {"a": "remote", "b": "own", "c": "own"}
    assert rendered(renderer, trees, tree, source_with("own.yaml", url)) == {"a": "remote", "b": "remote", "c": "own"}
    assert len(server.seen) == 1
    assert "Authorization" not in server.seen[0].headers


def test_what_a_chart_with_values_by_url_reads_here_is_known(server: WebServer, trees: Trees, tree: Tree) -> None:
    source = source_with(f"{server.url}/prod.yaml", "own.yaml")
    assert inputs_of(tree.mirror, tree.tree_id, source).paths == frozenset({"app", "app/own.yaml"})
    assert not trees.holds_all(source, tree)


def test_a_broken_file_is_told_by_its_name(server: WebServer, trees: Trees, tree: Tree, renderer: Renderer) -> None:
    url = server.serve("/prod.yaml", b"a: [")
    words = rendered(renderer, trees, tree, source_with(f"{url}?token=hush"))
    assert "prod.yaml" in words
    assert "hush" not in words


@pytest.mark.parametrize("url", ["https://public.example/prod.yaml", "http://localhost/prod.yaml"])
def test_it_is_off_until_the_operator_names_a_host(tmp_path: Path, tree: Tree, url: str) -> None:
    public = Client(Allowed.of(["other.example"]), timeout=5.0, proxies={}, resolver=lambda _host, _port: ["8.8.8.8"])
    for client in (public, Client(Allowed(), timeout=5.0, proxies={})):
        trees = Trees(Mirrors(tmp_path / "mirrors", client), lambda _url, _project: None)
        with pytest.raises(Rejected, match=r"source\.helm\.valueFiles: "):
            trees.valued(source_with(url), tree, {})


def test_a_network_that_is_allowed_names_none_of_its_hosts(server: WebServer, tmp_path: Path, tree: Tree) -> None:
    wide = Client(Allowed.of(["127.0.0.0/8"]), timeout=5.0, proxies={})
    trees = Trees(Mirrors(tmp_path / "mirrors", wide), lambda _url, _project: None)
    with pytest.raises(Rejected, match=r"127\.0\.0\.1 is none of the hosts that values are fetched from"):
        trees.valued(source_with(server.serve("/prod.yaml", b"a: secret")), tree, {})
    assert server.seen == []


def test_a_public_host_that_nobody_named_is_told_what_to_do(tmp_path: Path, tree: Tree) -> None:
    public = Client(Allowed(), timeout=5.0, proxies={}, resolver=lambda _host, _port: ["8.8.8.8"])
    trees = Trees(Mirrors(tmp_path / "mirrors", public), lambda _url, _project: None)
    with pytest.raises(Rejected, match=r"public\.example is none of the hosts that values are fetched from") as refused:
        trees.valued(source_with("https://public.example/prod.yaml"), tree, {})
    assert "FORESAIL_FETCH_ALLOW" in refused.value.remedy


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/gone.yaml", "the server answers 404"),
        ("/large.yaml", "is larger than the 1,048,576 bytes"),
        ("/metadata.yaml", "169.254.169.254, which is not a public address"),
        ("/elsewhere.yaml", "is none of the hosts that values are fetched from"),
        ("/file.yaml", "is not a URL that can be fetched"),
    ],
)
def test_a_file_that_cannot_be_had_is_named(
    server: WebServer, trees: Trees, tree: Tree, *, path: str, words: str
) -> None:
    server.replies["/large.yaml"] = plain(b" " * (1 << 20) + b" ")
    server.replies["/metadata.yaml"] = redirect("http://169.254.169.254/latest/user-data")
    server.replies["/elsewhere.yaml"] = redirect("https://8.8.8.8/prod.yaml")
    server.replies["/file.yaml"] = redirect("file:///etc/passwd")
    with pytest.raises(Rejected) as refused:
        trees.valued(source_with(server.url + path), tree, {})
    assert words in refused.value.message
    assert refused.value.message.startswith(f"source.helm.valueFiles: {server.url}{path}: ")


def test_a_name_that_means_another_address_a_moment_later_leads_nowhere(
    server: WebServer, tmp_path: Path, tree: Tree
) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    client = Client(Allowed.of(["127.0.0.1"]), timeout=5.0, proxies={}, resolver=lambda _host, _port: next(answers))
    trees = Trees(Mirrors(tmp_path / "mirrors", client), lambda _url, _project: None)
    server.serve("/a.yaml", b"a: b")
    host = server.url.replace("127.0.0.1", "values.example")
    trees.valued(source_with(f"{host}/a.yaml"), tree, {})
    with pytest.raises(Rejected, match="not a public address"):
        trees.valued(source_with(f"{host}/b.yaml"), tree, {})


@pytest.mark.parametrize(
    ("url", "scheme"),
    [("secrets://hush", "secrets"), ("file:///etc/passwd", "file"), ("s3://a/b.yaml", "s3"), ("HTTP://hush/a", "http")],
)
def test_only_schemes_that_the_operator_left_on_are_fetched(trees: Trees, tree: Tree, url: str, scheme: str) -> None:
    trees.values = replace(trees.values, schemes=("https",))
    with pytest.raises(Rejected, match=f"a file cannot be fetched by {scheme}; what can be: https") as refused:
        trees.valued(source_with(url), tree, {})
    assert "hush" not in refused.value.message


def test_more_files_than_anybody_needs_are_not_fetched(server: WebServer, trees: Trees, tree: Tree) -> None:
    with pytest.raises(Rejected, match="more than 20 by URL"):
        trees.valued(source_with(*(f"{server.url}/{n}.yaml" for n in range(21))), tree, {})
    assert server.seen == []


def test_a_url_says_nothing_of_where_its_file_is_kept(server: WebServer, trees: Trees, tree: Tree) -> None:
    server.replies["/..%2f..%2fpasswd"] = plain(b"a: b")
    source, refs = trees.valued(source_with(f"{server.url}/..%2f..%2fpasswd"), tree, {})
    (place,) = refs.values()
    assert isinstance(place, Place)
    (name,) = (source.helm or {})["valueFiles"]
    assert name.startswith("$foresail-remote/")
    assert name.endswith("/values.yaml")
