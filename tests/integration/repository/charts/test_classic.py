"""Charts come from a classic repository, as helm finds them there."""

from __future__ import annotations

import os
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.charts.charts import Charts, Fetched
from bot.repository.fetching import Client
from tests.integration.repository.charts.conftest import LOOPBACK, Helm, Packager, files_of
from tests.integration.repository.charts.registry import RegistryStandIn
from tests.integration.repository.charts.servers import WebServer, plain, redirect

VERSIONS = ("1.2.3", "1.10.0", "2.0.0-rc.1")


class Repository:
    """A folder with an index by `helm repo index`, served."""

    def __init__(self, server: WebServer, helm: Helm, folder: Path) -> None:
        self.server, self.helm, self.folder = server, helm, folder
        self.url = f"{server.url}/charts"
        folder.mkdir()

    def add(self, *packages: Path) -> None:
        for package in packages:
            shutil.copy(package, self.folder)
        self.helm.run("repo", "index", self.folder)
        for file in self.folder.iterdir():
            self.server.serve(f"/charts/{file.name}", file.read_bytes())

    def index(self, edit: str = "", replacement: str = "", **headers: str) -> None:
        """Serve the index again, edited."""
        content = (self.folder / "index.yaml").read_text(encoding="utf-8").replace(edit, replacement)
        self.server.serve("/charts/index.yaml", content.encode(), headers=headers)

    @property
    def asked(self) -> list[str]:
        return [seen.path.rpartition("/")[2] for seen in self.server.seen]


@pytest.fixture
def repository(server: WebServer, helm: Helm, packaged: Packager, tmp_path: Path) -> Repository:
    found = Repository(server, helm, tmp_path / "repository")
    found.add(*(packaged("shop", version) for version in VERSIONS))
    return found


def forget(tmp_path: Path, seconds: float = 600.0) -> None:
    """Let what is known about repositories become old."""
    then = time.time() - seconds
    for note in (tmp_path / "charts" / "notes").iterdir():
        os.utime(note, (then, then))


@pytest.mark.parametrize(
    ("revision", "version"),
    [
        ("1.2.3", "1.2.3"),
        ("", "1.10.0"),
        ("*", "1.10.0"),
        ("1.2", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        (">1-0", "2.0.0-rc.1"),
    ],
)
def test_the_version_is_found_that_helm_finds(
    repository: Repository, charts: Charts, tmp_path: Path, revision: str, version: str
) -> None:
    found = charts.find(repository.url, "shop", revision)
    assert found.version == version
    assert f"version: {version}\n".encode() in files_of(found.place)["Chart.yaml"]
    repository.helm.run(
        "pull", "shop", "--repo", repository.url, *(["--version", revision] if revision else []), "-d", tmp_path
    )
    assert (tmp_path / f"shop-{version}.tgz").exists()


@pytest.mark.parametrize(
    ("chart", "revision", "words"),
    [
        ("shop", "3.x", r"no version fits '3\.x'; there are 2\.0\.0-rc\.1, 1\.10\.0, 1\.2\.3"),
        ("shop", "9.9.9", r"no version fits '9\.9\.9'; there are "),
        ("shop", "latest", "there is no version 'latest'; there are "),
        ("sho", "*", "has no chart 'sho'"),
    ],
)
def test_what_is_missing_is_told_with_what_there_is(
    repository: Repository, charts: Charts, chart: str, revision: str, words: str
) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        charts.find(repository.url, chart, revision)
    assert refused.value.remedy in {
        "",
        "It has shop.",
        "Write a version, a constraint such as 1.x, or * for the newest.",
    }


def test_what_was_found_a_moment_ago_is_not_asked_again(repository: Repository, charts: Charts) -> None:
    first = charts.find(repository.url, "shop", "1.x")
    assert charts.find(repository.url, "shop", "1.10.0") == first
    assert repository.asked == ["index.yaml", "shop-1.10.0.tgz"]


def test_an_index_that_has_not_changed_is_not_sent_again(
    repository: Repository, charts: Charts, tmp_path: Path
) -> None:
    def conditional(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("If-None-Match") == '"7"'
        content = (repository.folder / "index.yaml").read_bytes()
        plain(b"" if known else content, status=304 if known else 200, headers={"ETag": '"7"'})(handler)

    repository.server.replies["/charts/index.yaml"] = conditional
    first = charts.find(repository.url, "shop", "1.x")
    forget(tmp_path)
    assert charts.find(repository.url, "shop", "1.x") == first
    assert [seen.headers.get("If-None-Match") for seen in repository.server.asked("/charts/index.yaml")] == [
        None,
        '"7"',
    ]


def test_a_version_that_came_a_moment_ago_is_found(repository: Repository, charts: Charts, packaged: Packager) -> None:
    charts.find(repository.url, "shop", "1.x")
    repository.add(packaged("shop", "1.11.0"))
    assert charts.find(repository.url, "shop", "1.11.0").version == "1.11.0"


def test_of_many_who_want_the_same_one_asks(repository: Repository, tmp_path: Path) -> None:
    found: list[Fetched] = []

    def want() -> None:
        own = Charts(tmp_path / "charts", Client(LOOPBACK, timeout=20.0, proxies={}))
        found.append(own.find(repository.url, "shop", "1.x"))

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert sorted(repository.asked) == ["index.yaml", "shop-1.10.0.tgz"]


def test_an_archive_without_a_digest_is_believed_for_a_while(
    repository: Repository, charts: Charts, packaged: Packager, tmp_path: Path
) -> None:
    index = (repository.folder / "index.yaml").read_text(encoding="utf-8")
    lines = [line for line in index.splitlines(keepends=True) if "digest:" not in line]
    repository.server.serve("/charts/index.yaml", "".join(lines).encode())
    first = charts.find(repository.url, "shop", "1.2.3")
    assert charts.find(repository.url, "shop", "1.2.3") == first
    other = packaged("shop", "1.2.3", {"values.yaml": "replicas: 2\n"})
    repository.server.serve("/charts/shop-1.2.3.tgz", other.read_bytes())
    assert charts.find(repository.url, "shop", "1.2.3") == first
    forget(tmp_path)
    assert files_of(charts.find(repository.url, "shop", "1.2.3").place)["values.yaml"] == b"replicas: 2\n"


def test_an_archive_that_is_not_what_the_index_says_is_refused(
    repository: Repository, charts: Charts, packaged: Packager, tmp_path: Path
) -> None:
    other = packaged("shop", "1.2.3", {"values.yaml": "replicas: 666\n"})
    repository.server.serve("/charts/shop-1.2.3.tgz", other.read_bytes())
    with pytest.raises(Rejected, match="not what its digest says"):
        charts.find(repository.url, "shop", "1.2.3")
    assert list((tmp_path / "charts").glob("*.git*")) == []


@pytest.mark.parametrize("place", ["absolute", "relative", "elsewhere"])
def test_an_archive_may_be_anywhere_and_credentials_stay_at_home(
    repository: Repository, charts: Charts, packaged: Packager, tmp_path: Path, place: str
) -> None:
    alice = Credentials(username="alice", password="hush")
    archive = packaged("shop", "1.2.3").read_bytes()
    with WebServer(tmp_path) as other:
        urls = {
            "absolute": repository.server.serve("/files/a.tgz", archive),
            "relative": "../files/a.tgz",
            "elsewhere": other.serve("/files/a.tgz", archive),
        }
        repository.index("- shop-1.2.3.tgz", f"- {urls[place]}")
        assert charts.find(repository.url, "shop", "1.2.3", auth=alice).version == "1.2.3"
    shown = [("Authorization" in seen.headers) for seen in (*repository.server.seen, *other.seen)]
    assert shown == [True, place != "elsewhere"]


def test_a_query_of_the_repository_is_kept(repository: Repository, charts: Charts) -> None:
    charts.find(f"{repository.url}/?token=t0ken", "shop", "1.2.3")
    assert [seen.path for seen in repository.server.seen] == [
        "/charts/index.yaml?token=t0ken",
        "/charts/shop-1.2.3.tgz?token=t0ken",
    ]


def test_an_index_may_point_to_a_registry(
    repository: Repository, charts: Charts, helm: Helm, packaged: Packager
) -> None:
    with RegistryStandIn() as registry:
        helm.run("push", packaged("shop", "1.2.3"), f"oci://{registry.host}/charts", "--plain-http")
        repository.index("- shop-1.2.3.tgz", f"- oci://{registry.host}/charts/shop:1.2.3")
        # A registry that an index names is asked over https: no Secret says otherwise.
        with pytest.raises(Temporary, match="no TLS connection"):
            charts.find(repository.url, "shop", "1.2.3")


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "file:///etc/passwd", "//169.254.169.254/x", "http://[::ffff:169.254.169.254]/"],
)
def test_an_index_does_not_lead_where_nobody_may_go(repository: Repository, charts: Charts, url: str) -> None:
    repository.index("- shop-1.2.3.tgz", f"- '{url}'")
    with pytest.raises(Rejected):
        charts.find(repository.url, "shop", "1.2.3")


def test_an_index_that_redirects_to_a_metadata_service_is_refused(charts: Charts, server: WebServer) -> None:
    server.replies["/charts/index.yaml"] = redirect("http://169.254.169.254/latest/meta-data/iam")
    with pytest.raises(Rejected, match="not a public address"):
        charts.find(f"{server.url}/charts", "shop", "1.2.3")


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "denies access"), (403, "denies access"), (404, "no index of charts"), (418, "answers 418")],
)
def test_a_repository_that_gives_no_index_is_told(charts: Charts, server: WebServer, status: int, words: str) -> None:
    server.serve("/charts/index.yaml", b"nothing for you", status=status)
    with pytest.raises(Rejected, match=words) as refused:
        charts.find(f"{server.url}/charts", "shop", "1.2.3")
    assert "nothing for you" not in refused.value.message


def test_nobody_is_given_what_another_may_read(repository: Repository, charts: Charts) -> None:
    alice = Credentials(username="alice", password="hush")
    charts.find(repository.url, "shop", "1.2.3", auth=alice)
    repository.server.serve("/charts/index.yaml", b"", status=401)
    assert charts.find(repository.url, "shop", "1.2.3", auth=alice).version == "1.2.3"
    for access in (Credentials(), Credentials(username="alice", password="guess")):
        with pytest.raises(Rejected, match="denies access"):
            charts.find(repository.url, "shop", "1.2.3", auth=access)


def test_no_credential_is_on_disk(repository: Repository, charts: Charts, tmp_path: Path) -> None:
    charts.find(repository.url, "shop", "1.2.3", auth=Credentials(username="alice", password="hush-hush"))
    for file in (tmp_path / "charts").rglob("*"):
        assert not file.is_file() or b"hush-hush" not in file.read_bytes()


def test_an_index_of_more_than_a_hundred_megabytes_is_not_read(server: WebServer, charts: Charts) -> None:
    line = b"  - {version: 1.0.0, urls: [a.tgz], description: " + b"x" * 1_000 + b"}\n"
    server.serve("/charts/index.yaml", b"entries:\n  shop:\n" + line * 110_000)
    with pytest.raises(Rejected, match="larger than the 104,857,600 bytes"):
        charts.find(f"{server.url}/charts", "shop", "1.0.0")


@pytest.mark.parametrize("url", ["https://charts.example", "charts.example/charts", "ftp://charts.example/"])
def test_a_source_without_a_chart_names_none(charts: Charts, url: str) -> None:
    with pytest.raises(Rejected):
        charts.find(url, "", "1.0.0")
