"""What a source's revision means, and that previews and syncs agree about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pygit2
import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.credentials import Credentials
from bot.preview.affected import Branch
from bot.repository.mirrors import Mirrors
from bot.repository.revisions import beside
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import AUTHOR, Fixed

URL = "https://git.example/acme/shop"
Tagging: TypeAlias = Callable[[str, str], str]


@pytest.fixture
def tagged(repository: Fixed) -> Tagging:
    """Return what makes a commit of its own for a tag and returns it."""

    def tag(name: str, content: str = "") -> str:
        made = repository.commit("scratch", {"a": content or name})
        repository.git.references.create(f"refs/tags/{name}", made, force=True)
        repository.git.references.delete("refs/heads/scratch")
        return made

    return tag


def test_a_branch_a_tag_and_a_commit_are_found_by_name(repository: Fixed, tagged: Tagging) -> None:
    main, release = repository.commit("main", {"a": "1"}), repository.commit("release/1", {"a": "2"})
    v1, mirror = tagged("v1", ""), repository.mirror
    assert [mirror.resolve(name) for name in ("main", "refs/heads/main", main, main.upper(), main[:7])] == [main] * 5
    assert [mirror.resolve(name) for name in ("release/1", "refs/heads/release/1")] == [release] * 2
    assert [mirror.resolve(name) for name in ("v1", "refs/tags/v1")] == [v1] * 2


def test_an_annotated_tag_is_the_commit_that_it_is_on(repository: Fixed) -> None:
    main = repository.commit("main", {"a": "1"})
    repository.git.create_tag("v1.0.0", pygit2.Oid(hex=main), pygit2.enums.ObjectType.COMMIT, AUTHOR, "release")
    assert [repository.mirror.resolve(name) for name in ("v1.0.0", "1.x", "refs/tags/v1.0.0")] == [main] * 3


@pytest.mark.parametrize("revision", ["", "HEAD"])
def test_no_revision_is_the_default_branch(repository: Fixed, revision: str) -> None:
    trunk = repository.commit("trunk", {"a": "1"})
    repository.commit("HEAD", {"a": "a branch with that name"})
    repository.git.set_head("refs/heads/trunk")
    assert repository.mirror.resolve(revision) == trunk


def test_a_repository_without_commits_has_no_default(repository: Fixed) -> None:
    with pytest.raises(Rejected, match="no commit on its default branch"):
        repository.mirror.resolve("")


@pytest.mark.parametrize(
    ("constraint", "prefix", "tag"),
    [
        ("1.x", "", "v1.10.0"),
        ("^1.2", "", "v1.10.0"),
        (">=1.2.0 <1.10.0", "", "1.9.1"),
        ("~1.9.0", "", "1.9.1"),
        ("*", "", "v2.0.0"),
        (">=2.0.0-0", "", "v2.1.0-rc.1"),
        ("1.x || 3.x", "", "v1.10.0"),
        ("1.x", "web-", "web-1.1.0"),
        ("*", "apps/api/", "apps/api/v0.3.0"),
    ],
)
def test_a_constraint_is_the_newest_tag_that_it_allows(
    repository: Fixed, tagged: Tagging, constraint: str, prefix: str, tag: str
) -> None:
    names = ("v1.2.0", "1.9.1", "v1.10.0", "v2.0.0", "v2.1.0-rc.1", "latest", "web-1.1.0", "web-1.0.9")
    commits = {name: tagged(name, "") for name in (*names, "apps/api/v0.3.0")}
    repository.commit("1.11.0", {"a": "a branch, which no constraint means"})
    assert repository.mirror.resolve(constraint, tag_prefix=prefix) == commits[tag]


def test_one_version_is_a_name_and_no_constraint(repository: Fixed, tagged: Tagging) -> None:
    branch = repository.commit("1.2", {"a": "a branch"})
    tagged("1.2.9", "")
    assert repository.mirror.resolve("1.2") == branch
    with pytest.raises(Rejected, match=r"no branch, tag or commit '1\.2\.0'; there is 1\.2\.9, 1\.2"):
        repository.mirror.resolve("1.2.0")


def test_a_constraint_that_no_tag_fits_may_be_a_branchs_name(repository: Fixed, tagged: Tagging) -> None:
    branch = repository.commit("5.x", {"a": "1"})
    tagged("v4.0.0", "")
    assert repository.mirror.resolve("5.x") == branch
    with pytest.raises(Rejected, match=r"'6\.x'; as a constraint: no version fits '6\.x'; there are v4\.0\.0"):
        repository.mirror.resolve("6.x")


def test_a_tag_with_the_prefix_is_told_to_whoever_leaves_it_out(repository: Fixed, tagged: Tagging) -> None:
    tagged("web-1.0.0", "")
    with pytest.raises(Rejected) as refused:
        repository.mirror.resolve("1.0.0", tag_prefix="web-")
    assert refused.value.remedy == "tagPrefix goes with version constraints only; name the tag: web-1.0.0."


def test_what_is_not_there_is_told_with_what_is(repository: Fixed, tagged: Tagging) -> None:
    repository.commit("main", {"a": "1"})
    repository.commit("release-1", {"a": "2"})
    tagged("stable", "")
    with pytest.raises(Rejected, match="no branch, tag or commit 'relase-1'; there is release-1"):
        repository.mirror.resolve("relase-1")
    with pytest.raises(Rejected, match="'zzz'; it has 2 branches, 1 tags"):
        repository.mirror.resolve("zzz")
    with pytest.raises(Rejected, match="the repository has no commit 1111111"):
        repository.mirror.resolve("1111111")


def test_digits_that_several_objects_begin_with_are_refused(repository: Fixed) -> None:
    seen: dict[str, bytes] = {}
    for number in range(60_000):  # two of so many share 7 digits: the birthday of 16^7
        data = f"{number}\n".encode()
        short = str(pygit2.hash(data))[:7]
        if short in seen:
            repository.git.create_blob(seen[short])
            repository.git.create_blob(data)
            break
        seen[short] = data
    with pytest.raises(Rejected, match=f"more than one object begins with {short}"):
        repository.mirror.resolve(short)


def test_an_object_that_is_no_commit_is_none(repository: Fixed) -> None:
    blob = repository.git.create_blob(b"1")
    repository.git.references.create("refs/tags/data", blob)
    with pytest.raises(Rejected, match="no commit"):
        repository.mirror.resolve(str(blob)[:10])
    with pytest.raises(Rejected, match="refs/tags/data is of something that is no commit"):
        repository.mirror.resolve("data")


def test_names_like_a_sha_do_not_stand_for_another_commit(repository: Fixed) -> None:
    main, other = repository.commit("main", {"a": "1"}), repository.commit("other", {"a": "2"})
    for place in ("heads", "tags"):
        repository.git.references.create(f"refs/{place}/{main}", pygit2.Oid(hex=other))
    assert repository.mirror.resolve(main) == main
    assert not Branch("git.example/acme/shop", main, default=False).is_source_of(_source(main))


@pytest.mark.parametrize(
    "revision",
    [
        "--upload-pack=touch /tmp/x",
        "-x",
        "main~1",
        "main^{tree}",
        "main:a",
        ":/change",
        "HEAD@{1}",
        "../../config",
        "refs/../config",
        "refs/heads",
        "heads/main",
        "ma\x00in",
        "main\n",
        " main",
        "m*",
        "@",
        "x" * 251,
        "1.x" * 80,
        "\udc80",
    ],
)
def test_what_is_no_name_is_neither_parsed_nor_searched_for(repository: Fixed, revision: str) -> None:
    parent = repository.commit("main", {"a": "1"})
    repository.commit("main", {"a": "2"}, parent)
    with pytest.raises(Rejected):
        repository.mirror.resolve(revision)


_ALIKE = ["main", "5.x", "6.x", "v1", "refs/heads/v1", "HEAD", "1.2", "deadbeef", "web-1.x"]
_ASKED = ["", "HEAD", *_ALIKE, "refs/heads/main", "refs/heads/5.x", "refs/heads/HEAD", "refs/tags/v1", "heads/main"]


@pytest.mark.parametrize("prefix", ["", "web-"])
@pytest.mark.parametrize("revision", _ASKED)
def test_a_preview_takes_a_source_from_the_branch_that_a_sync_takes_it_from(
    repository: Fixed, tagged: Tagging, revision: str, prefix: str
) -> None:
    for tag in ("v1", "v5.1.0", "web-6.1.0", "main", "deadbeef"):
        tagged(tag, "")
    tips = {name: repository.commit(name, {"branch": name}) for name in _ALIKE}
    repository.git.set_head("refs/heads/main")
    source = _source(revision, prefix)
    followed = {name for name in _ALIKE if _branch(repository, name).is_source_of(source)}
    try:
        commit = repository.mirror.tracked(source)
    except Rejected:
        commit = ""
    assert followed == {name for name, tip in tips.items() if tip == commit}


def test_a_pull_requests_ref_is_fetched_when_a_source_follows_it(
    tmp_path: Path, shop: HostedRepository, auth: Credentials
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    pull = shop.open_pull_request("feature")
    mirrors = Mirrors(tmp_path / "mirrors", CLIENT)
    for revision in (f"refs/pull/{pull.number}/head", f"pull/{pull.number}/head"):
        source = Source(repo_url=shop.clone_url, target_revision=revision)
        assert mirrors.following(source, auth=auth).tracked(source) == pull.head_sha
    missing = Source(repo_url=shop.clone_url, target_revision="refs/pull/77/head")
    with pytest.raises(Rejected, match="refs/pull/77/head"):
        mirrors.following(missing, auth=auth)


def test_a_commit_that_is_here_is_not_fetched_again(
    tmp_path: Path, github: GitHubStandIn, shop: HostedRepository, auth: Credentials
) -> None:
    mirrors, source = (
        Mirrors(tmp_path / "mirrors", CLIENT),
        Source(repo_url=shop.clone_url, target_revision=shop.head()),
    )
    mirrors.following(source, auth=auth)
    before = len(github.requests)
    assert mirrors.following(source, auth=auth).tracked(source) == shop.head()
    assert len(github.requests) == before


def test_a_branch_is_as_new_as_the_commit_that_is_asked_for(
    tmp_path: Path, shop: HostedRepository, auth: Credentials
) -> None:
    mirrors, source = Mirrors(tmp_path / "mirrors", CLIENT), Source(repo_url=shop.clone_url, target_revision="main")
    first = mirrors.following(source, auth=auth).tracked(source)
    second = shop.push("main", {"app.yaml": "replicas: 2\n"})
    assert mirrors.following(source, auth=auth, since=first).tracked(source) == first
    assert mirrors.following(source, auth=auth, since=second).tracked(source) == second


def test_a_commit_that_is_here_as_the_head_of_a_change_says_nothing_about_the_branch(
    tmp_path: Path, shop: HostedRepository, auth: Credentials
) -> None:
    mirrors, source = Mirrors(tmp_path / "mirrors", CLIENT), Source(repo_url=shop.clone_url, target_revision="main")
    files = {"app.yaml": "replicas: 2\n"}
    commit = shop.push("feature", files)
    pull = shop.open_pull_request(head="feature", title="Two")
    mirrors.refresh(source.repo_url, auth=auth, wanted=[f"refs/pull/{pull.number}/head"])
    assert mirrors.following(source, auth=auth).tracked(source) != commit
    shop.point("main", commit)
    assert mirrors.following(source, auth=auth, since=commit).tracked(source) == commit


@pytest.mark.parametrize(
    ("revision", "ref"),
    [
        ("", ""),
        ("main", ""),
        ("refs/heads/main", ""),
        ("refs/tags/v1", ""),
        ("refs/pull/1/head", "refs/pull/1/head"),
        ("pull/1/merge", "refs/pull/1/merge"),
        ("merge-requests/3/head", "refs/merge-requests/3/head"),
        ("pull/x/head", ""),
        ("A" * 40, "a" * 40),
    ],
)
def test_only_what_no_fetch_brings_by_itself_is_asked_for(revision: str, ref: str) -> None:
    assert beside(revision) == ref


def _source(revision: str, prefix: str = "") -> Source:
    return Source(repo_url=URL, target_revision=revision, tag_prefix=prefix)


def _branch(repository: Fixed, name: str) -> Branch:
    rivals = repository.mirror.rivals(name)
    return Branch("git.example/acme/shop", name, default=name == "main", rivals=rivals)


def test_a_tag_whose_name_is_no_text_is_no_version(repository: Fixed, tagged: Tagging) -> None:
    v1 = tagged("v1.0.0", "")
    (repository.mirror.path / "packed-refs").write_bytes(f"{v1} refs/tags/".encode() + b"\xff9.0.0\n")
    assert repository.mirror.resolve("*") == v1
