"""Files in Git LFS: rendered where their repository's Secret says so, told in words elsewhere; pointers never are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.errors import Rejected
from bot.model.applications import ApplicationSpec, Source
from bot.model.credentials import Credentials
from bot.prediction.trees import Tree, Trees
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.mirrors import Mirrors
from bot.repository.pointers import LARGEST
from bot.repository.render import Rendered, Renderer, RenderRequest
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Files, Fixed
from tests.integration.repository.lfs_server import LfsStandIn, pointer, pointer_of
from tests.integration.repository.servers import basic, http_site

CHART = {
    "app/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
    "app/templates/a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {v: {{ .Values.v }}}}",
}
Serve: TypeAlias = Callable[[Files], None]
Look: TypeAlias = Callable[..., Tree]


def config_map(name: str, **data: str) -> bytes:
    return f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {data}}}".encode()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    shop = Fixed(tmp_path / "served" / "shop.git")
    return lambda files: void(shop.commit("main", files))


def void(_value: object) -> None:
    return None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LfsStandIn]:
    (tmp_path / "served").mkdir(exist_ok=True)
    with http_site(tmp_path / "served", lambda told: told == basic("alice", "hush")) as site:
        yield LfsStandIn(site)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Return what finds the state of a source, with its large files unless it is told not to."""

    def state(source: Source, *, enabled: bool = True) -> Tree:
        known = Credentials(username="alice", password="hush", large_files=enabled)
        trees = Trees(Mirrors(tmp_path / "mirrors", CLIENT), lambda _url, _project: known)
        look = trees.look()
        return look.filled(source, look.newest(source))

    return state


def source_at(server: LfsStandIn, path: str = "app", **options: object) -> Source:
    url = f"{server.site.url}/shop.git"
    return Source.model_validate({"repoURL": url, "targetRevision": "main", "path": path, **options})


def render(renderer: Renderer, source: Source, tree: Tree, **refs: Place) -> list[dict[str, Any]] | str:
    named = BuildEnvironment(application="web", kubernetes="v1.33.0")
    request = RenderRequest(tree.mirror.path, tree.tree_id, source, named, refs=refs)
    (answer,) = renderer.render([request])
    return list(answer.manifests) if isinstance(answer, Rendered) else answer.message


def test_a_manifest_is_fetched_once_with_the_repositorys_credentials(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer
) -> None:
    large = config_map("a", text="x" * 10_000)
    serve({"app/a.yaml": server.hold(large), "app/b.yaml": config_map("b")})
    source = source_at(server)
    tree = look(source)
    found = render(renderer, source, tree)
    assert [one["metadata"]["name"] for one in found if isinstance(one, dict)] == ["a", "b"]
    assert look(source).tree_id == tree.tree_id
    assert server.asked == [[hashlib.sha256(large).hexdigest()]]
    assert len(server.sent) == 1


def test_only_what_is_read_is_fetched(server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer) -> None:
    large, other = config_map("a"), b"a film"
    files = {"app/a.yaml": server.hold(large), "app/film.mp4": server.hold(other), "b/b.yaml": server.hold(other)}
    serve(files)
    assert render(renderer, source_at(server), look(source_at(server))) == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}
    ]
    assert server.asked == [[hashlib.sha256(large).hexdigest()]]


def test_what_a_kustomization_names_is_fetched(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer
) -> None:
    generator = "configMapGenerator: [{name: a, files: [../data/x.crt]}]\n"
    serve(
        {
            "app/kustomization.yaml": "resources: [../base]\n",
            "base/kustomization.yaml": generator.replace("../data/", ""),
            "base/x.crt": server.hold(b"certificate"),
            "base/film.mp4": server.hold(b"a film"),
        }
    )
    found = render(renderer, source_at(server), look(source_at(server)))
    assert [one["data"] for one in found if isinstance(one, dict)] == [{"x.crt": "certificate"}]
    assert len(server.asked[0]) == 1


def test_a_charts_files_and_values_are_fetched(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer
) -> None:
    files = '{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {f: {{ .Files.Get "logo.bin" | quote }}}}'
    chart = {**CHART, "app/templates/b.yaml": files, "app/logo.bin": server.hold(b"a logo")}
    serve({**chart, "app/values.yaml": server.hold(b"v: one"), "env/prod.yaml": server.hold(b"v: two")})
    source = source_at(server, helm={"valueFiles": ["/env/prod.yaml"]})
    found = render(renderer, source, look(source))
    assert [one["data"] for one in found if isinstance(one, dict)] == [{"v": "two"}, {"f": "a logo"}]


def test_what_others_read_of_a_source_is_fetched(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer
) -> None:
    serve({**CHART, "env/prod.yaml": server.hold(b"v: two"), "env/film.yaml": server.hold(b"a film")})
    values = source_at(server, path="", ref="values").model_dump(by_alias=True)
    chart = source_at(server, helm={"valueFiles": ["$values/env/prod.yaml"]}).model_dump(by_alias=True)
    spec = ApplicationSpec.model_validate({"sources": [values, chart], "destination": {"name": "in-cluster"}})
    there, main = spec.effective_sources
    tree = look(there)
    found = render(renderer, main, look(main), values=Place(tree.mirror.path, tree.tree_id))
    assert [one["data"] for one in found if isinstance(one, dict)] == [{"v": "two"}]
    assert [len(batch) for batch in server.asked] == [1]


@pytest.mark.parametrize(
    "files",
    [
        {"app/a.yaml": pointer(b"a")},
        {"app/a.jsonnet": "{data: importstr 'x.bin'}", "app/x.bin": pointer(b"a")},
        {"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [x.bin]}]", "app/x.bin": pointer(b"a")},
        {**CHART, "app/values.yaml": pointer(b"a")},
        *(
            {
                **CHART,
                "app/x.bin": pointer(b"a"),
                "app/values.yaml": "v: a",
                "app/templates/b.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: b}}\n{data}\n",
            }
            for data in (
                'stringData:\n  f: |\n{{ .Files.Get "x.bin" | indent 4 }}',
                'data:\n{{ (.Files.Glob "x.bin").AsSecrets | indent 2 }}',
            )
        ),
    ],
)
def test_a_pointer_is_never_rendered(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer, files: Files
) -> None:
    serve(files)
    words = render(renderer, source_at(server), look(source_at(server), enabled=False))
    assert isinstance(words, str)
    assert "Git LFS" in words
    assert "set enableLfs in the repository's Secret" in words
    assert server.asked == []


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        (pointer_of("0" * 64, LARGEST + 1), r"has 67,108,865 bytes, which is more than the 67,108,864"),
        (pointer_of("../../../etc/passwd", 9), "what stands for it is damaged"),
        (pointer_of(f"{'0' * 63}/", 9), "what stands for it is damaged"),
        (pointer_of("0" * 64, 9) + "and more\n", "what stands for it is damaged"),
    ],
)
def test_a_pointer_that_is_not_fetched_is_told(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer, *, pointer: str, words: str
) -> None:
    serve({"app/a.yaml": pointer})
    said = render(renderer, source_at(server), look(source_at(server)))
    assert isinstance(said, str)
    assert words in said
    assert server.asked == []


def test_files_that_are_too_large_together_are_not_fetched(server: LfsStandIn, serve: Serve, look: Look) -> None:
    serve({f"app/{n}.yaml": pointer_of(f"{n}" * 64, LARGEST) for n in range(5)})
    with pytest.raises(Rejected, match="have 335,544,320 bytes, which is more than 268,435,456"):
        look(source_at(server))
    serve({f"app/{n}.yaml": pointer_of(f"{n:064}", 1) for n in range(1_001)})
    with pytest.raises(Rejected, match=r"1,001 files in Git LFS, which is more than 1,000"):
        look(source_at(server))
    assert server.asked == []


def download(href: str, **more: object) -> dict[str, Any]:
    return {"actions": {"download": {"href": href, **more}}}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (download("http://169.254.169.254/latest/meta-data"), "not a public address"),
        (download("http://[::ffff:10.0.0.1]/"), "not a public address"),
        (download("file:///etc/passwd"), "is not a URL that can be fetched"),
        (download("{site}/objects/other"), "is not the one that was asked for"),
        (download("{site}/objects/longer"), "is larger than the 1 bytes that are taken"),
        (download("{site}/objects/none"), "answers 404"),
        (download("{site}/away/x"), "not a public address"),
        (download("{site}/objects/other", header={"Host": "internal"}), "a header that it has no say in"),
        (download("{site}/objects/other", header={"X": "a\r\nHost: b"}), "a header that it has no say in"),
        (download("{site}/objects/other", header={"Content-Length": "7"}), "a header that it has no say in"),
        ({"error": {"code": 410, "message": "<script>"}}, "is not there: its server says 410"),
        ({"actions": {}}, "does not say where to get it"),
        ({"actions": [1]}, "does not say where to get it"),
    ],
)
def test_a_hostile_server_gives_nothing(
    server: LfsStandIn, serve: Serve, look: Look, *, said: dict[str, Any], words: str
) -> None:
    serve({"app/a.yaml": server.hold(b"a")})
    server.site.moved = {"away": "http://169.254.169.254"}
    server.objects |= {"other": b"b", "longer": b"a" * 100_000}
    if href := said.get("actions") and isinstance(said["actions"], dict) and said["actions"].get("download"):
        href["href"] = href["href"].replace("{site}", server.site.url)
    server.actions[hashlib.sha256(b"a").hexdigest()] = said
    with pytest.raises(Rejected, match=words):
        look(source_at(server))


def test_another_server_is_shown_what_ours_says_and_no_credentials(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer, tmp_path: Path
) -> None:
    large = config_map("a")
    serve({"app/a.yaml": server.hold(large)})
    with http_site(tmp_path) as store:
        elsewhere = LfsStandIn(store, dict(server.objects))
        oid = hashlib.sha256(large).hexdigest()
        server.actions[oid] = download(f"{store.url}/objects/{oid}", header={"X-Signed": "7"})
        assert len(render(renderer, source_at(server), look(source_at(server)))) == 1
        (sent,) = elsewhere.sent
        assert sent["X-Signed"] == "7"
        assert store.secrets == set()
        elsewhere.sent.clear()


def test_a_server_without_large_files_is_told(server: LfsStandIn, serve: Serve, look: Look) -> None:
    serve({"app/a.yaml": pointer(b"a")})
    with pytest.raises(Rejected, match="is not there: its server says 404"):
        look(source_at(server))
    server.site.beside = lambda path, _headers, _body: (404, {}, b"") if "lfs" in path else None
    with pytest.raises(Rejected, match="answers 404") as refused:
        look(source_at(server))
    assert refused.value.remedy == "Check that the repository's server has Git LFS."
    server.site.beside = lambda path, _headers, _body: (200, {}, b"[" * 100_000) if "lfs" in path else None
    with pytest.raises(Rejected, match="gives no answer of Git LFS"):
        look(source_at(server))


def test_what_a_server_did_not_give_is_not_kept(
    server: LfsStandIn, serve: Serve, look: Look, renderer: Renderer
) -> None:
    large = config_map("a")
    serve({"app/a.yaml": server.hold(large)})
    oid = hashlib.sha256(large).hexdigest()
    server.objects[oid] = b"b" * len(large)
    with pytest.raises(Rejected, match="not the one that was asked for"):
        look(source_at(server))
    server.objects[oid] = large
    assert len(render(renderer, source_at(server), look(source_at(server)))) == 1


def test_over_ssh_it_is_told_that_large_files_are_not_fetched(tmp_path: Path) -> None:
    source = Source(repo_url="git@git.example:shop.git", path="app")
    shop = Fixed(tmp_path / "shop.git")
    tree_id = shop.tree({"app/a.yaml": pointer(b"a")})
    trees = Trees(Mirrors(tmp_path / "mirrors", CLIENT), lambda _url, _project: Credentials(large_files=True))
    with pytest.raises(Rejected, match="fetched over https only"):
        trees.look().filled(source, Tree("git.example/shop", shop.mirror, tree_id))


def test_a_repository_is_asked_about_once_in_a_look_and_a_wrong_secret_is_no_reason_to_fail(tmp_path: Path) -> None:
    asked: list[str] = []

    def auth_for(url: str, _project: str) -> None:
        asked.append(url)
        raise Rejected("the Secret is wrong")

    shop = Fixed(tmp_path / "shop.git")
    tree = Tree("git.example/shop", shop.mirror, shop.tree({"app/a.yaml": "a", "b/b.yaml": "b"}))
    look = Trees(Mirrors(tmp_path / "mirrors", CLIENT), auth_for).look()
    for path in ("app", "b"):
        assert look.filled(Source(repo_url="https://git.example/shop.git", path=path), tree) == tree
    assert asked == ["https://git.example/shop.git"]
