"""Remote bases: what kustomize itself makes of them, and attacks by whoever may write one into a kustomization."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.credentials import Credentials
from bot.prediction.trees import Tree, Trees
from bot.preview.affected import Branch
from bot.repository import manifests
from bot.repository.inputs import inputs_of
from bot.repository.mirrors import Mirrors
from bot.repository.remotes.bases import DEEPEST, MOST
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.sandbox.toolchain import Programs
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Files, Fixed, Link, Submodule
from tests.integration.repository.servers import Answer, Site, SshSite, basic, http_site, ssh_site

Serve: TypeAlias = Callable[..., str]
"""Commits files to the branch of a repository, both by name, and returns the commit."""
PATCH = {"target": {"kind": "ConfigMap"}, "patch": "- op: replace\n  path: /data/a\n  value: '2'"}
ALICE = Credentials(username="alice", password="hush")


def config_map(name: str) -> str:
    return f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{a: '1'}}}}\n"


def kustomization(*resources: str, **more: object) -> str:
    return f"{ {'resources': list(resources), **more} }\n"


LIB: Files = {
    "app/kustomization.yaml": kustomization("a.yaml", "../parts", configMapGenerator=[{"name": "g", "files": ["f"]}]),
    "app/a.yaml": config_map("a"),
    "app/f": "text",
    "parts/kustomization.yaml": kustomization("b.yaml", namePrefix="p-"),
    "parts/b.yaml": config_map("b"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "served").mkdir()
    return tmp_path / "served"


@pytest.fixture
def site(root: Path) -> Iterator[Site]:
    with http_site(root) as found:
        yield found


@pytest.fixture
def serve(root: Path) -> Serve:
    def commit(repository: str, files: Files, branch: str = "main") -> str:
        fixed = Fixed(root / f"{repository}.git")
        fixed.git.set_head("refs/heads/main")
        return fixed.commit(branch, files)

    return commit


def source_at(site: Site, path: str = "app") -> Source:
    return Source.model_validate({"repoURL": f"{site.url}/shop.git", "targetRevision": "main", "path": path})


def based(trees: Trees, source: Source, *, project: str = "") -> Tree:
    look = trees.look()
    return look.based(source, look.newest(source, project=project), project=project)


def rendered(renderer: Renderer, tree: Tree, source: Source) -> list[dict[str, Any]] | str:
    (answer,) = renderer.render([RenderRequest(tree.mirror.path, tree.tree_id, source)])
    return list(answer.manifests) if isinstance(answer, Rendered) else answer.message


def built(programs: Programs, folder: Path, url: str, path: str) -> list[dict[str, Any]]:
    """Return what kustomize itself builds in a clone, fetching what it likes."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "clone", "-q", url, folder], env=environment, check=True)
    command = [str(programs.kustomize), "build", str(folder / path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one.value for one in manifests.read(done.stdout.encode(), "kustomize")]


@pytest.fixture
def made(
    site: Site, trees: Trees, renderer: Renderer, programs: Programs, tmp_path: Path
) -> Callable[[str], tuple[Any, Any]]:
    """Return what gives what we make of a folder, and what kustomize does."""

    def both(path: str) -> tuple[Any, Any]:
        source = source_at(site, path)
        theirs = built(programs, tmp_path / "clone", source.repo_url, path)
        return rendered(renderer, based(trees, source), source), theirs

    return both


@pytest.mark.parametrize("path", ["app", "."])
@pytest.mark.parametrize(
    "reference",
    [
        "{site}/lib.git//app",
        "{site}/lib.git/app?ref=v1",
        "git::{site}/lib.git//parts?ref=main",
        "{site}/lib.git//app?ref={commit}",
        "{site}/lib.git//app?ref=refs/heads/main&submodules=false",
        "{site}/lib.git",
    ],
)
def test_kustomize_itself_makes_the_same_of_a_remote_base(
    site: Site, serve: Serve, made: Callable[[str], tuple[Any, Any]], *, root: Path, reference: str, path: str
) -> None:
    commit = serve("lib", {**LIB, "kustomization.yaml": kustomization("app")})
    Fixed(root / "lib.git").git.references.create("refs/tags/v1", commit)
    named = reference.format(site=site.url, commit=commit)
    folder = "" if path == "." else f"{path}/"
    serve(
        "shop",
        {
            f"{folder}kustomization.yaml": kustomization(named, "c.yaml", namePrefix="x-"),
            f"{folder}c.yaml": config_map("c"),
        },
    )
    ours, theirs = made(path)
    assert ours == theirs
    assert len(ours) > 1


def test_bases_of_bases_components_and_files_are_what_kustomize_makes_of_them(
    site: Site, serve: Serve, trees: Trees, renderer: Renderer, *, programs: Programs, tmp_path: Path
) -> None:
    serve("inner", {"b/kustomization.yaml": kustomization("i.yaml"), "b/i.yaml": config_map("i"), "raw/r.yaml": ""})
    serve(
        "lib", {**LIB, "over/kustomization.yaml": kustomization(f"{site.url}/inner.git//b", "../app", nameSuffix="-o")}
    )
    component = "{apiVersion: kustomize.config.k8s.io/v1alpha1, kind: Component, commonLabels: {l: v}}"
    serve("parts", {"c/kustomization.yaml": component})
    site.beside = lambda path, _headers, _body: (200, {}, config_map("r").encode()) if path == "/r.yaml" else None
    top = kustomization(
        f"{site.url}/lib.git//over", f"{site.url}/r.yaml", components=[f"{site.url}/parts.git//c"], namePrefix="x-"
    )
    serve("shop", {"app/kustomization.yaml": top})
    tree = based(trees, source_at(site))
    found = rendered(renderer, tree, source_at(site))
    assert found == built(programs, tmp_path / "clone", source_at(site).repo_url, "app")
    assert len(found) == 5
    assert sorted(tree.notes) == [
        *(
            f"the remote base {site.url}/{name} was taken at {commit}, and may move"
            for name, commit in sorted(
                (f"{name}.git//{folder}", trees.look().newest(_of(site, name)).commit[:7])
                for name, folder in (("inner", "b"), ("lib", "over"), ("parts", "c"))
            )
        ),
        f"the remote file {site.url}/r.yaml was taken as it is now, and may change",
    ]


def _of(site: Site, name: str) -> Source:
    return Source.model_validate({"repoURL": f"{site.url}/{name}.git", "targetRevision": "main"})


def test_what_an_application_adds_is_added_to_a_kustomization_with_remote_bases(
    site: Site, serve: Serve, trees: Trees, renderer: Renderer
) -> None:
    serve("lib", LIB)
    serve("shop", {"app/kustomization.yaml": f"# a comment\nresources:\n- {site.url}/lib.git//parts # another\n"})
    options = {"namePrefix": "y-", "commonLabels": {"team": "shop"}, "patches": [PATCH]}
    source = source_at(site).model_copy(update={"kustomize": options})
    found = rendered(renderer, based(trees, source), source)
    assert not isinstance(found, str), found
    assert [(one["metadata"], one["data"]) for one in found] == [
        ({"name": "y-p-b", "labels": {"team": "shop"}}, {"a": "2"})
    ]


def test_a_commit_or_tag_says_which_base_it_is_and_nothing_is_noted(
    site: Site, serve: Serve, trees: Trees, renderer: Renderer, tmp_path: Path
) -> None:
    commit = serve("lib", LIB)
    Fixed(tmp_path / "served" / "lib.git").git.references.create("refs/tags/v1", commit)
    serve("lib", {**LIB, "app/a.yaml": config_map("later")})
    for ref in (commit, "v1"):
        serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app?ref={ref}")})
        tree = based(trees, source_at(site))
        found = rendered(renderer, tree, source_at(site))
        assert "a" in [one["metadata"]["name"] for one in found if isinstance(one, dict)]
        assert tree.notes == ()
    heard = len(site.heard)
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app?ref={commit}", namePrefix="x-")})
    based(trees, source_at(site))
    assert not any("lib.git" in path for path, _ in site.heard[heard:])


def test_a_base_over_ssh_is_fetched_with_the_key_of_its_secret(
    site: Site, serve: Serve, renderer: Renderer, root: Path, tmp_path: Path
) -> None:
    serve("lib", LIB)
    with ssh_site(root) as ssh:
        serve("shop", {"app/kustomization.yaml": kustomization(f"{ssh.url}/lib.git//app")})
        trees = Trees(Mirrors(tmp_path / "mirrors", CLIENT), lambda url, _project: _key(ssh, url))
        assert len(rendered(renderer, based(trees, source_at(site)), source_at(site))) == 3


def _key(ssh: SshSite, url: str) -> Credentials | None:
    known = Credentials(ssh_private_key=ssh.private_key, known_hosts=ssh.known_hosts)
    return known if url.startswith(ssh.url) else None


def test_submodules_of_a_base_are_in_it(site: Site, serve: Serve, trees: Trees, renderer: Renderer) -> None:
    inner = serve("inner", {"kustomization.yaml": kustomization("i.yaml"), "i.yaml": config_map("i")})
    modules = '[submodule "x"]\npath = app/in\nurl = ../inner.git\n'
    serve("lib", {"app/kustomization.yaml": kustomization("in"), "app/in": Submodule(inner), ".gitmodules": modules})
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app")})
    found = rendered(renderer, based(trees, source_at(site)), source_at(site))
    assert [one["metadata"]["name"] for one in found if isinstance(one, dict)] == ["i"]


def test_what_an_application_with_remote_bases_reads_here_is_known(site: Site, serve: Serve, trees: Trees) -> None:
    serve(
        "shop",
        {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app", "a.yaml"), "app/a.yaml": "", "b": ""},
    )
    tree = trees.look().newest(source_at(site))
    found = inputs_of(tree.mirror, tree.tree_id, source_at(site))
    assert found.paths == frozenset({"app", "app/a.yaml"})


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("http://169.254.169.254/a/b//c", r"169\.254\.169\.254 is at .*, which is not a public address"),
        ("http://169.254.169.254/latest.yaml", "which is not a public address"),
        ("ssh://git@10.0.0.1/a/b//c", "which is not a public address"),
        ("git@10.0.0.1:a/b//c", "which is not a public address"),
        ("{site}/away/b//c", "which is not a public address"),
        ("{site}/away/b.yaml", "which is not a public address"),
        ("{site}/lib.git//../x", "that is no repository"),
        ("{site}/lib.git//out", "leads out of the repository"),
        ("{site}/lib.git//none", "there is no folder none at"),
        ("{site}/gone.yaml?ref=main", "the server answers 404"),
        ("{site}/lib.git//app?ref=none", "has no branch or tag 'none'"),
        ("{site}/lib.git//app?ref=--upload-pack=id", "has no branch or tag"),
        ("{site}/lib.git//app?ref=main..x", "has no branch or tag"),
        ("{site}/none.git//app", "cannot fetch"),
        ("{site}/large.yaml", "is larger than the 10,000,000 bytes"),
        ("file:///etc/a/b", "that is no repository"),
        ("ext::sh -c id ://", "that is no repository"),
        ("https://a@b@evil.example/a/b//c", "is not a repository URL"),
    ],
)
def test_a_base_that_cannot_be_had_is_named_with_its_kustomization(
    site: Site, serve: Serve, trees: Trees, *, reference: str, words: str
) -> None:
    serve("lib", {**LIB, "out": Link("../../etc")})
    site.moved = {"away": "http://169.254.169.254"}
    answers: dict[str, Answer] = {"/large.yaml": (200, {}, b" " * 10_000_001), "/gone.yaml?ref=main": (404, {}, b"")}
    site.beside = lambda path, _headers, _body: answers.get(path)
    serve("shop", {"app/kustomization.yaml": kustomization(reference.format(site=site.url))})
    with pytest.raises(Rejected, match=words) as refused:
        based(trees, source_at(site))
    assert "(in app): " in refused.value.message


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"app/kustomization.yaml": kustomization("../../secret")}, "a remote base names paths out of its repository"),
        ({"app/kustomization.yaml": kustomization("/etc")}, "a remote base names paths out of its repository"),
        ({**LIB, "app/x.yaml": Link("../../../secret/s.yaml")}, "leads out of the repository"),
        ({**LIB, "x": Link("/etc/passwd")}, "leads out of the repository"),
    ],
)
def test_a_base_reads_nothing_beside_its_repository(
    site: Site, serve: Serve, trees: Trees, *, files: Files, words: str
) -> None:
    serve("lib", files)
    secret: Files = {"secret/kustomization.yaml": kustomization("s.yaml"), "secret/s.yaml": config_map("secret")}
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app"), **secret})
    with pytest.raises(Rejected, match=words):
        based(trees, source_at(site))


def test_a_file_of_a_base_is_not_one_of_the_repository_that_names_it(site: Site, serve: Serve, trees: Trees) -> None:
    serve("lib", {"app/kustomization.yaml": "configMapGenerator: [{name: g, files: [../../../secret/s.yaml]}]\n"})
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app"), "secret/s.yaml": "hush"})
    with pytest.raises(Rejected, match="a remote base names paths out of its repository"):
        based(trees, source_at(site))


def test_bases_in_circles_are_told(site: Site, serve: Serve, trees: Trees, renderer: Renderer) -> None:
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/l0.git//a")})
    serve("l0", {"a/kustomization.yaml": kustomization(f"{site.url}/l1.git//a")})
    serve("l1", {"a/kustomization.yaml": kustomization(f"{site.url}/l0.git//a")})
    circle = rendered(renderer, based(trees, source_at(site)), source_at(site))
    assert isinstance(circle, str)
    assert "cycle" in circle


def test_bases_without_end_are_told(site: Site, serve: Serve, trees: Trees) -> None:
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/l0.git//a")})
    for n in range(DEEPEST + 1):
        serve(f"l{n}", {"a/kustomization.yaml": kustomization(f"{site.url}/l{n + 1}.git//a")})
    with pytest.raises(Rejected, match=f"more than {DEEPEST} remote bases within one another"):
        based(trees, source_at(site))


def test_more_bases_than_anybody_needs_are_not_fetched(site: Site, serve: Serve, trees: Trees) -> None:
    site.beside = lambda path, _headers, _body: (200, {}, b"{}") if path.endswith(".yaml") else None
    files = [f"{site.url}/{n}.yaml" for n in range(MOST + 1)]
    serve("shop", {"app/kustomization.yaml": kustomization(*files)})
    with pytest.raises(Rejected, match=f"more than {MOST} remote bases and files"):
        based(trees, source_at(site))


def test_a_patch_or_a_generators_file_is_not_remote(site: Site, serve: Serve, trees: Trees) -> None:
    site.beside = lambda path, _headers, _body: (200, {}, b"{}") if path.endswith(".yaml") else None
    serve("shop", {"app/kustomization.yaml": f"patches: [{{path: '{site.url}/p.yaml'}}]\n"})
    with pytest.raises(Rejected, match="only resources, bases and components can be remote"):
        based(trees, source_at(site))


def test_what_a_change_alone_names_is_fetched_as_anybody_would(
    serve: Serve, root: Path, site: Site, tmp_path: Path
) -> None:
    serve("lib", LIB)
    serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app")})
    with http_site(root, lambda told: told == basic("alice", "hush")) as private:
        known = {f"{private.url}/lib.git": ALICE}
        trees = Trees(Mirrors(tmp_path / "mirrors", CLIENT), lambda url, _project: known.get(url))
        head = serve("shop", {"app/kustomization.yaml": kustomization(f"{private.url}/lib.git//app")}, "change")
        mirror = trees.following(source_at(site))
        branch = Branch("127.0.0.1/shop", "main", default=True)
        change = Tree("127.0.0.1/shop", mirror, mirror.tree_of(head), branch=branch)
        with pytest.raises(Rejected, match="without credentials: the target branch does not name it yet"):
            trees.based(source_at(site), change)
        assert private.secrets == set()
        merged = Tree("127.0.0.1/shop", mirror, mirror.tree_of(head))
        assert trees.based(source_at(site), merged).notes
        with pytest.raises(Rejected, match="without credentials"):  # though it is here now
            trees.based(source_at(site), change)
        public = serve("shop", {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//parts")}, "change")
        mirror = trees.following(source_at(site))
        assert trees.based(source_at(site), Tree("127.0.0.1/shop", mirror, mirror.tree_of(public), branch=branch)).notes


def test_what_a_project_does_not_permit_is_fetched_as_anybody_would(
    serve: Serve, root: Path, site: Site, tmp_path: Path
) -> None:
    serve("lib", LIB)
    with http_site(root, lambda told: told == basic("alice", "hush")) as private:
        serve("shop", {"app/kustomization.yaml": kustomization(f"{private.url}/lib.git//app")})
        trees = Trees(Mirrors(tmp_path / "mirrors", CLIENT), lambda url, _project: ALICE if "lib" in url else None)
        trees.refusal_of = lambda project, url: "no" if project == "red" and "lib" in url else ""
        with pytest.raises(Rejected, match="without credentials: the project does not permit it"):
            based(trees, source_at(site), project="red")
        assert based(trees, source_at(site), project="blue").notes


def test_a_second_kustomization_in_a_folder_is_kustomizes_to_refuse(
    site: Site, serve: Serve, trees: Trees, renderer: Renderer
) -> None:
    serve("lib", LIB)
    both = {"app/kustomization.yaml": kustomization(f"{site.url}/lib.git//app"), "app/Kustomization": "resources: [{}]"}
    serve("shop", {**both, "app/kustomization.yml": "[]"})
    words = rendered(renderer, based(trees, source_at(site)), source_at(site))
    assert isinstance(words, str)
    assert "multiple kustomization files" in words
