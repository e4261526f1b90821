"""Submodules are part of what is rendered, fetched with credentials of their own, and never for a change alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pygit2
import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.credentials import Credentials
from bot.prediction.trees import Tree, Trees
from bot.preview.affected import Branch
from bot.repository.inputs import input_hash
from bot.repository.mirrors import Mirror, Mirrors
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from bot.repository.submodules import DEEPEST, MOST, resolved
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Files, Fixed, Submodule
from tests.integration.repository.servers import Site, basic, http_site

Serve: TypeAlias = Callable[[str, Files], str]
PASSWORD = "canary-of-a-password"


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def gitmodules(urls: Mapping[str, str]) -> str:
    return "".join(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n' for path, url in urls.items())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "served"


@pytest.fixture
def site(root: Path) -> Iterator[Site]:
    with http_site(root) as site:
        yield site


@pytest.fixture
def serve(root: Path) -> Serve:
    """Return what commits files to a repository and returns the commit."""

    def commit(name: str, files: Files) -> str:
        path = root / f"{name}.git"
        repository = Fixed(path)
        return repository.commit("main", files)

    return commit


def source_at(site: Site, path: str = "app", **options: object) -> Source:
    return Source.model_validate({"repoURL": f"{site.url}/shop.git", "targetRevision": "main", "path": path, **options})


def composed(trees: Trees, source: Source, *, project: str = "") -> Tree:
    look = trees.look()
    return look.composed(source, look.newest(source, project=project), project=project)


def names(renderer: Renderer, tree: Tree, source: Source) -> list[str]:
    (answer,) = renderer.render([RenderRequest(tree.mirror.path, tree.tree_id, source)])
    assert isinstance(answer, Rendered), answer
    return sorted(one["metadata"]["name"] for one in answer.manifests)


def test_what_is_in_a_submodule_is_rendered(site: Site, serve: Serve, trees: Trees, renderer: Renderer) -> None:
    inner = serve("inner", {"c.yaml": config_map("c")})
    lib = serve(
        "lib", {"b.yaml": config_map("b"), "in": Submodule(inner), ".gitmodules": gitmodules({"in": "../inner.git"})}
    )
    modules = gitmodules({"app/lib": "../lib.git", "elsewhere/again": f"{site.url}/lib.git"})
    serve(
        "shop",
        {
            "app/a.yaml": config_map("a"),
            "app/lib": Submodule(lib),
            "elsewhere/again": Submodule(lib),
            "kustomized/kustomization.yaml": "resources: [../elsewhere/again/b.yaml]\n",
            "kustomized/b.yaml": "",
            ".gitmodules": modules,
        },
    )
    source = source_at(site, directory={"recurse": True})
    tree = composed(trees, source)
    assert names(renderer, tree, source) == ["a", "b", "c"]
    assert names(renderer, tree, source_at(site, "elsewhere/again/in")) == ["c"]
    again = composed(trees, source)
    assert (again.tree_id, again.mirror.path) == (tree.tree_id, tree.mirror.path)


def test_without_submodules_a_tree_stays_as_it_is(site: Site, serve: Serve, trees: Trees) -> None:
    serve("shop", {"app/a.yaml": config_map("a"), "app/lib": Submodule(), ".gitmodules": ""})
    tree = trees.look().newest(source_at(site))
    assert trees.composed(source_at(site), tree) == tree


def test_submodules_that_are_switched_off_are_named_where_they_are_needed(
    site: Site, serve: Serve, trees: Trees, renderer: Renderer
) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    serve("shop", {"app/lib": Submodule(lib), ".gitmodules": gitmodules({"app/lib": "../lib.git"})})
    trees.submodules = False
    source = source_at(site, "app/lib")
    tree = composed(trees, source)
    (answer,) = renderer.render([RenderRequest(tree.mirror.path, tree.tree_id, source_at(site, "app/lib/x"))])
    assert answer == RenderFailed("the submodule app/lib is not fetched")
    assert not any("lib.git" in path for path, _ in site.heard)


def test_a_submodule_is_fetched_with_its_own_credentials(root: Path, site: Site, serve: Serve, tmp_path: Path) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    with http_site(root, lambda told: told == basic("alice", PASSWORD)) as private:
        url = f"{private.url}/lib.git"
        serve("shop", {"app/lib": Submodule(lib), ".gitmodules": gitmodules({"app/lib": url})})
        known = {url: Credentials(username="alice", password=PASSWORD, project="red")}
        trees = Trees(
            Mirrors(tmp_path / "mirrors", CLIENT), lambda url, project: known.get(url) if project == "red" else None
        )
        tree = composed(trees, source_at(site), project="red")
        assert tree.mirror.read(tree.tree_id, "app/lib/b.yaml") == config_map("b").encode()
        with pytest.raises(Rejected, match="submodule app/lib: cannot fetch"):
            composed(trees, source_at(site), project="blue")
        assert site.secrets == set()
        assert private.secrets == {basic("alice", PASSWORD)}


def test_a_submodule_is_one_that_the_project_permits(site: Site, serve: Serve, trees: Trees) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    serve("shop", {"app/lib": Submodule(lib), ".gitmodules": gitmodules({"app/lib": "../lib.git"})})
    trees.refusal_of = lambda project, url: f"repository {url} is not permitted in project {project}"
    with pytest.raises(Rejected, match=r"submodule app/lib: repository \S+/lib.git is not permitted in project red"):
        composed(trees, source_at(site), project="red")
    assert not any("lib.git" in path for path, _ in site.heard)


def test_what_a_change_alone_asks_for_is_not_fetched(site: Site, serve: Serve, trees: Trees, root: Path) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    serve("secret", {"b.yaml": config_map("secret")})
    shop = Fixed(root / "shop.git")
    base: Files = {"app/lib": Submodule(lib), ".gitmodules": gitmodules({"app/lib": "../lib.git"})}
    shop.commit("main", base)
    source = source_at(site)
    mirror = trees.look().newest(source).mirror
    branch = Branch("127.0.0.1/shop", "main", default=True)

    def head(**files: str | Submodule) -> Tree:
        modules = {path.replace("_", "/"): url for path, url in files.items() if isinstance(url, str)}
        pins = {path.replace("_", "/"): Submodule(lib) for path in files}
        made = Fixed(root / "made.git").tree({**base, **pins, ".gitmodules": gitmodules(modules)})
        trees_of = Fixed(root / "made.git")
        _copy(trees_of, mirror)
        return Tree("127.0.0.1/shop", mirror, made, branch=branch)

    moved = trees.composed(source, head(app_lib="../lib.git", app_other="../lib.git"))
    assert moved.mirror.read(moved.tree_id, "app/other/b.yaml") == config_map("b").encode()
    with pytest.raises(
        Rejected, match=r"submodule app/lib: the change adds the repository http://\S+/secret, and what"
    ):
        trees.composed(source, head(app_lib="../secret.git"))
    assert not any("secret.git" in path for path, _ in site.heard)


def _copy(made: Fixed, mirror: Mirror) -> None:
    """Let the objects of a merge that no commit holds be in a mirror."""
    target = pygit2.Repository(str(mirror.path))
    for oid in made.git.odb:
        kind, data = made.git.odb.read(oid)
        target.odb.write(kind, data)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch /tmp/x'",
        "file:///etc",
        "/etc",
        "--upload-pack=touch /tmp/x",
        "../../../../../etc",
        "https://git.example.com\\@127.0.0.1/x",
    ],
)
def test_a_strange_url_is_refused(site: Site, serve: Serve, trees: Trees, url: str) -> None:
    serve(
        "shop",
        {
            "app/lib": Submodule(),
            ".gitmodules": f'[submodule "x"]\n\tpath = app/lib\n\turl = "{url}"\n'.replace("\\", "\\\\"),
        },
    )
    with pytest.raises(Rejected, match="submodule app/lib: "):
        composed(trees, source_at(site))


def test_a_commit_that_is_not_there_is_told(site: Site, serve: Serve, trees: Trees) -> None:
    serve("lib", {"b.yaml": config_map("b")})
    serve("shop", {"app/lib": Submodule("1" * 40), ".gitmodules": gitmodules({"app/lib": "../lib.git"})})
    with pytest.raises(Rejected, match="submodule app/lib: cannot fetch"):
        composed(trees, source_at(site))


def test_a_file_that_git_cannot_read_is_told(site: Site, serve: Serve, trees: Trees) -> None:
    for content, words in (("[submodule", "is not what git can read"), ("x" * 100_001, "more than 100,000 bytes")):
        serve("shop", {"app/lib": Submodule(), ".gitmodules": content})
        with pytest.raises(Rejected, match=words):
            composed(trees, source_at(site))


def test_other_files_are_not_included(site: Site, serve: Serve, trees: Trees, tmp_path: Path) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    (tmp_path / "more").write_text('[submodule "x"]\n\tpath = app/lib\n\turl = ../lib.git\n')
    serve("shop", {"app/lib": Submodule(lib), ".gitmodules": f"[include]\n\tpath = {tmp_path / 'more'}\n"})
    tree = composed(trees, source_at(site))
    assert tree.mirror.entry(tree.tree_id, "app/lib/b.yaml") is None


def test_submodules_within_one_another_come_to_an_end(site: Site, serve: Serve, trees: Trees) -> None:
    below = serve("level0", {"b.yaml": config_map("b")})
    for level in range(1, DEEPEST + 2):
        modules = gitmodules({"lib": f"../level{level - 1}.git"})
        below = serve(f"level{level}", {"lib": Submodule(below), ".gitmodules": modules})
    serve("shop", {"app/lib": Submodule(below), ".gitmodules": gitmodules({"app/lib": f"../level{DEEPEST + 1}.git"})})
    with pytest.raises(Rejected, match=f"there are more than {DEEPEST} within one another"):
        composed(trees, source_at(site))


def test_there_may_not_be_too_many(site: Site, serve: Serve, trees: Trees) -> None:
    lib = serve("lib", {"b.yaml": config_map("b")})
    paths = [f"app/lib{number:03}" for number in range(MOST + 1)]
    modules = gitmodules(dict.fromkeys(paths, "../lib.git"))
    serve("shop", {**dict.fromkeys(paths, Submodule(lib)), ".gitmodules": modules})
    with pytest.raises(Rejected, match=f"there are more than {MOST}"):
        composed(trees, source_at(site))


@pytest.mark.parametrize("path", ["app/lib", "app/lib/below"])
def test_a_source_in_a_submodule_depends_on_where_that_is(tmp_path: Path, path: str) -> None:
    repository = Fixed(tmp_path / "shop.git")
    source = Source(repo_url="https://git.example.com/shop", path=path)
    states = [repository.tree({"app/lib": Submodule(digit * 40)}) for digit in "12"]
    hashes = [input_hash(repository.mirror, tree, source, "web") for tree in states]
    assert None not in hashes
    assert len(set(hashes)) == len(states)


@pytest.mark.parametrize("reference", ["../lib", "../lib/base", "../lib/a.yaml"])
def test_a_kustomization_that_reads_a_submodule_depends_on_where_that_is(tmp_path: Path, reference: str) -> None:
    repository = Fixed(tmp_path / "shop.git")
    source = Source(repo_url="https://git.example.com/shop", path="app")
    files = {"app/kustomization.yaml": f"resources: [{reference}]\n"}
    states = [repository.tree({**files, "lib": Submodule(digit * 40)}) for digit in "12"]
    assert len({input_hash(repository.mirror, tree, source, "web") for tree in states}) == len(states)


@pytest.mark.parametrize(
    ("url", "parent", "where"),
    [
        ("../lib.git", "https://git.example.com/team/shop.git", "https://git.example.com/team/lib.git"),
        ("../../other/lib", "https://git.example.com/team/shop/", "https://git.example.com/other/lib"),
        ("./lib", "https://git.example.com/team/shop", "https://git.example.com/team/shop/lib"),
        ("../lib", "git@git.example.com:team/shop", "git@git.example.com:team/lib"),
        ("../../lib", "git@git.example.com:team/shop", "git@git.example.com:lib"),
        ("git@other.example.com:lib", "https://git.example.com/team/shop", "git@other.example.com:lib"),
    ],
)
def test_a_url_may_be_relative_to_the_repositorys(url: str, parent: str, where: str) -> None:
    assert resolved(url, parent) == where


@pytest.mark.parametrize("parent", ["https://git.example.com/team/shop", "git@git.example.com:team/shop"])
def test_a_relative_url_stays_on_the_server(parent: str) -> None:
    with pytest.raises(Rejected):
        resolved("../../../evil.example/lib", parent)


def test_a_submodule_is_fetched_from_where_fetching_may_lead(site: Site, serve: Serve, trees: Trees) -> None:
    url = "http://169.254.169.254/lib.git"
    serve("shop", {"app/lib": Submodule("1" * 40), ".gitmodules": gitmodules({"app/lib": url})})
    with pytest.raises(Rejected, match=r"submodule app/lib: 169\.254\.169\.254 is at .*not a public address"):
        composed(trees, source_at(site))
