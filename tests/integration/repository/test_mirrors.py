"""Mirrors are fetched from a real Git server and read in process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pygit2
import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.mirrors import Conflict, Merged, Mirrors
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Fixed, Link

NOBODY = "1" * 40
HttpServer: TypeAlias = Callable[[int, str, str], str]


@pytest.fixture
def httpserver() -> Iterator[HttpServer]:
    """Return what starts a server that always gives one answer, and returns a repository's URL there."""
    with ExitStack() as stack:

        def start(status: int, kind: str, body: str) -> str:
            class Answer(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.end_headers()
                    self.wfile.write(body.encode())

                def log_message(self, *args: object) -> None:
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/acme/shop"

        yield start


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", CLIENT, timeout=30.0)


def test_a_private_repository_is_copied_with_a_token(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    mirror = mirrors.refresh(shop.clone_url, auth=auth)
    tree = mirror.tree_of(mirror.resolve("main"))
    assert mirror.read(tree, "app.yaml") == b"replicas: 1\n"
    assert [path for path, _ in mirror.files(tree, "", recurse=True)] == ["app.yaml", "docs/a.md"]
    assert [path for path, _ in mirror.files(tree, "", recurse=False)] == ["app.yaml"]


def test_the_token_is_nowhere_on_disk(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials, tmp_path: Path
) -> None:
    mirrors.refresh(shop.clone_url, auth=auth)
    files = [path for path in (tmp_path / "mirrors").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if auth.password.encode() in path.read_bytes()]


def test_a_new_push_arrives_and_a_deleted_branch_goes(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    mirrors.refresh(shop.clone_url, auth=auth).resolve("feature")
    pushed = shop.push("main", {"app.yaml": "replicas: 3\n"})
    shop.delete_branch("feature")
    mirror = mirrors.refresh(shop.clone_url, auth=auth)
    assert mirror.resolve("main") == pushed
    with pytest.raises(Rejected, match="no branch, tag or commit 'feature'"):
        mirror.resolve("feature")


def test_who_is_content_with_an_earlier_fetch_is_given_that(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    before = mirrors.refresh(shop.clone_url, auth=auth).resolve("main")
    pushed = shop.push("main", {"app.yaml": "replicas: 3\n"})
    assert mirrors.refresh(shop.clone_url, auth=auth, fresh_for=600.0).resolve("main") == before
    assert mirrors.refresh(shop.clone_url, auth=auth, fresh_for=600.0, wanted=[pushed]).has(pushed)
    assert mirrors.refresh(shop.clone_url, auth=auth).resolve("main") == pushed


def test_a_clock_that_was_put_back_keeps_nothing_from_being_fetched(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    path = mirrors.refresh(shop.clone_url, auth=auth).path
    os.utime(path / "foresail-fetched", (2_000_000_000, 2_000_000_000))
    pushed = shop.push("main", {"app.yaml": "replicas: 3\n"})
    assert mirrors.refresh(shop.clone_url, auth=auth, fresh_for=600.0).resolve("main") == pushed


def test_the_head_of_a_pull_request_is_fetched_when_it_is_wanted(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    pull = shop.open_pull_request("feature")
    shop.delete_branch("feature")
    mirror = mirrors.refresh(shop.clone_url, auth=auth, wanted=["refs/pull/1/head"])
    assert mirror.has(pull.head_sha)
    assert mirror.resolve("refs/pull/1/head") == pull.head_sha


def test_a_commit_is_fetched_when_it_is_wanted(mirrors: Mirrors, shop: HostedRepository, auth: Credentials) -> None:
    wanted = shop.push("main", {"app.yaml": "replicas: 2\n"})
    assert mirrors.refresh(shop.clone_url, auth=auth, wanted=[wanted]).has(wanted)


def test_a_ref_that_is_not_there_is_the_callers_to_mend(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    with pytest.raises(Rejected, match="refs/pull/7/head"):
        mirrors.refresh(shop.clone_url, auth=auth, wanted=["refs/pull/7/head"])


def test_an_empty_revision_follows_the_default_branch(mirrors: Mirrors, github: GitHubStandIn) -> None:
    site = github.create_repository("acme/site", files={"a": "1"}, private=False, default_branch="trunk")
    mirror = mirrors.refresh(site.clone_url)
    assert mirror.resolve("HEAD") == mirror.resolve("trunk") == site.head()


def test_another_default_branch_is_followed_at_once_where_the_forge_says_so(
    mirrors: Mirrors, github: GitHubStandIn
) -> None:
    site = github.create_repository("acme/site", files={"a": "1"}, private=False, default_branch="trunk")
    assert mirrors.refresh(site.clone_url).resolve("HEAD") == site.head()
    other = site.push("other", {"a": "2"})
    pygit2.Repository(str(site.state.path)).set_head("refs/heads/other")
    assert mirrors.refresh(site.clone_url, default_branch="trunk").resolve("HEAD") != other
    assert mirrors.refresh(site.clone_url, default_branch="other").resolve("HEAD") == other


def test_an_empty_repository_has_no_revision(mirrors: Mirrors, github: GitHubStandIn) -> None:
    nothing = github.create_repository("acme/nothing", private=False)
    with pytest.raises(Rejected, match="no commit on its default branch"):
        mirrors.refresh(nothing.clone_url).resolve("HEAD")


@pytest.mark.parametrize("auth", [Credentials("x-access-token", "ghs_wrong"), None])
def test_credentials_that_do_not_fit_are_the_callers_to_mend(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials | None
) -> None:
    with pytest.raises(Rejected) as caught:
        mirrors.refresh(shop.clone_url, auth=auth)
    assert "may read the repository" in caught.value.remedy
    assert "ghs_wrong" not in caught.value.message


def test_credentials_in_a_url_are_not_repeated(mirrors: Mirrors, shop: HostedRepository) -> None:
    with pytest.raises(Rejected) as caught:
        mirrors.refresh(shop.clone_url.replace("://", "://alice:ghp_secret@"))
    assert "ghp_secret" not in caught.value.message


def test_a_repository_that_is_not_there_is_the_callers_to_mend(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    with pytest.raises(Rejected):
        mirrors.refresh(shop.clone_url.replace("shop", "chop"), auth=auth)


def test_a_server_that_fails_is_a_matter_of_time(
    mirrors: Mirrors, github: GitHubStandIn, shop: HostedRepository, auth: Credentials
) -> None:
    for kind in (Fault.ERROR, Fault.DROP_CONNECTION):
        github.faults.add("GET /acme/shop.git/*", kind=kind)
        with pytest.raises(Temporary):
            mirrors.refresh(shop.clone_url, auth=auth)
    assert mirrors.refresh(shop.clone_url, auth=auth).resolve("main") == shop.head()


def test_a_server_that_is_away_is_a_matter_of_time(tmp_path: Path) -> None:
    with GitHubStandIn.start(tmp_path / "github") as github:
        url = github.create_repository("acme/site", files={"a": "1"}, private=False).clone_url
    with pytest.raises(Temporary, match="cannot fetch"):
        Mirrors(tmp_path / "mirrors", CLIENT).refresh(url)


def test_a_server_that_does_not_answer_is_left(
    tmp_path: Path, github: GitHubStandIn, shop: HostedRepository, auth: Credentials
) -> None:
    github.faults.add("GET /acme/shop.git/*", kind=Fault.DELAY, seconds=5.0)
    with pytest.raises(Temporary, match=r"took longer than 1 s"):
        Mirrors(tmp_path / "mirrors", CLIENT, timeout=1.0).refresh(shop.clone_url, auth=auth)


ADVERTISED = "application/x-git-upload-pack-advertisement"


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (404, "text/plain", "you saw\nfatal: wisdom " + "x" * 1000),
        (500, "text/plain", "you saw wisdom"),
        (200, ADVERTISED, "001e# service=git-upload-pack\n0000001bERR you saw\nfatal: wisdom\n"),
        (200, ADVERTISED, "wisdom"),
        (200, ADVERTISED, "0014wisdom wisdom wi"),
    ],
)
def test_a_server_has_no_say_in_what_is_shown(
    mirrors: Mirrors, httpserver: HttpServer, status: int, kind: str, body: str
) -> None:
    url = httpserver(status, kind, body)
    with pytest.raises((Rejected, Temporary)) as caught:
        mirrors.refresh(url)
    assert url in str(caught.value)
    assert "wis" not in str(caught.value).replace(url, "")


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch /tmp/x",
        "ext::sh -c true",
        "fd::0",
        "file:///etc",
        "/etc",
        "../mirrors",
        "",
        "C:/windows",
        "ssh://-oProxyCommand=true/x",
        "-oProxyCommand=true:x",
        "https://",
        "http://[::1/x",
        "https://example.com:99999/x",
        "https://example.com/x\n-x",
        "ftp://example.com/x",
    ],
)
def test_what_is_no_address_of_a_repository_never_reaches_git(mirrors: Mirrors, url: str) -> None:
    with pytest.raises(Rejected, match="is not a repository URL"):
        mirrors.refresh(url)


@pytest.mark.parametrize("ref", ["-x", "refs/heads/../x", "refs/heads/a:refs/heads/b", "main", "refs/heads/*", ""])
def test_what_is_no_ref_never_reaches_git(mirrors: Mirrors, shop: HostedRepository, ref: str) -> None:
    with pytest.raises(Rejected, match="is not a ref"):
        mirrors.refresh(shop.clone_url, wanted=[ref])


@pytest.mark.parametrize("revision", ["main:app.yaml", ":/Initial", "main^{/Initial}", "HEAD@{1}", "nothing", "*"])
def test_what_is_no_revision_is_not_searched_for(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials, revision: str
) -> None:
    with pytest.raises(Rejected):
        mirrors.refresh(shop.clone_url, auth=auth).resolve(revision)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("HEAD", ""),
        ("config", "[core"),
        ("refs/heads/main", "1" * 40 + "\n"),
        ("refs/heads/main.lock", ""),
        ("packed-refs.lock", ""),
    ],
)
def test_a_damaged_mirror_is_made_anew(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials, path: str, content: str
) -> None:
    mirror = mirrors.refresh(shop.clone_url, auth=auth)
    (mirror.path / path).write_text(content)
    pushed = shop.push("main", {"app.yaml": "replicas: 2\n"})
    assert mirrors.refresh(shop.clone_url, auth=auth).resolve("main") == pushed


def test_a_mirror_that_lost_its_objects_is_made_anew(
    mirrors: Mirrors, shop: HostedRepository, auth: Credentials
) -> None:
    mirror = mirrors.refresh(shop.clone_url, auth=auth)
    for path in (mirror.path / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    mirror = mirrors.refresh(shop.clone_url, auth=auth)
    assert mirror.read(mirror.tree_of(mirror.resolve("main")), "app.yaml") == b"replicas: 1\n"


def test_processes_that_fetch_at_once_do_not_harm_each_other(github: GitHubStandIn, tmp_path: Path) -> None:
    site = github.create_repository("acme/site", files={"a": "1"}, private=False)
    script = (
        "import sys; from pathlib import Path; from bot.repository.mirrors import Mirrors;"
        "from tests.integration.loopback import CLIENT;"
        "[print(Mirrors(Path(sys.argv[1]), CLIENT).refresh(sys.argv[2]).resolve('main')) for _ in range(3)]"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "mirrors"), site.clone_url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0].split() for process in running]
    assert outputs == [[site.head()] * 3] * 3


def test_a_mirror_is_found_again_without_fetching(mirrors: Mirrors, shop: HostedRepository, auth: Credentials) -> None:
    assert mirrors.holding(shop.clone_url, shop.head()) is None
    mirrors.refresh(shop.clone_url, auth=auth)
    assert mirrors.holding(shop.clone_url, shop.head()) is not None
    assert mirrors.holding(shop.clone_url, NOBODY) is None


def test_changes_to_different_files_are_merged(repository: Fixed) -> None:
    start = repository.commit("main", {"a": "1", "b": "1"})
    base = repository.commit("main", {"a": "2", "b": "1"}, start)
    head = repository.commit("feature", {"a": "1", "b": "2"}, start)
    assert repository.mirror.merge(base, head) == Merged(repository.tree({"a": "2", "b": "2"}))


def test_a_head_that_holds_its_base_is_the_merge(repository: Fixed) -> None:
    base = repository.commit("main", {"a": "1"})
    head = repository.commit("feature", {"a": "2"}, base)
    assert repository.mirror.merge(base, head) == Merged(repository.tree({"a": "2"}))
    assert repository.mirror.merge(head, base) == Merged(repository.tree({"a": "2"}))


def test_a_conflict_names_its_files(repository: Fixed) -> None:
    start = repository.commit("main", {"a": "1", "b": "1", "c": "1"})
    base = repository.commit("main", {"a": "2", "b": "2", "c": "1"}, start)
    head = repository.commit("feature", {"a": "3", "c": "1"}, start)
    assert repository.mirror.merge(base, head) == Conflict(("a", "b"))


def test_histories_without_a_common_start_are_not_merged(repository: Fixed) -> None:
    base, head = repository.commit("main", {"a": "1"}), repository.commit("feature", {"b": "1"})
    with pytest.raises(Rejected, match="no history in common"):
        repository.mirror.merge(base, head)


def test_a_commit_that_is_not_here_is_not_merged(repository: Fixed) -> None:
    base = repository.commit("main", {"a": "1"})
    with pytest.raises(Rejected, match="is not in the repository"):
        repository.mirror.merge(base, NOBODY)


def test_what_one_commit_holds_of_another_is_known(repository: Fixed) -> None:
    old = repository.commit("main", {"a": "1"})
    new = repository.commit("main", {"a": "2"}, old)
    assert repository.mirror.is_ancestor(old, new)
    assert not repository.mirror.is_ancestor(new, old)
    assert not repository.mirror.is_ancestor(NOBODY, new)
    assert repository.mirror.first_parents(new, most=5) == [new, old]


def test_links_are_not_followed_when_files_are_read(repository: Fixed) -> None:
    tree = repository.tree({"a/x.yaml": "1", "a/y.yaml": Link("/etc/passwd"), "b": Link("a")})
    assert repository.mirror.read(tree, "a/y.yaml") is None
    assert repository.mirror.read(tree, "b/x.yaml") is None
    assert [path for path, _ in repository.mirror.files(tree, "", recurse=True)] == ["a/x.yaml"]


def test_paths_that_lead_out_are_not_there(repository: Fixed) -> None:
    tree = repository.tree({"a/x.yaml": "1"})
    assert [repository.mirror.entry(tree, path) for path in ("../x", "a/../a", "b", "a/x.yaml/c")] == [None] * 4
    assert repository.mirror.entry(tree, "") == tree
