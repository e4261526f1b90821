"""Charts and artifacts come from a registry, each byte as its digest says."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.charts import registry as registries
from bot.repository.charts.charts import Charts
from bot.repository.charts.registry import Reference, Registry
from bot.repository.fetching import Client
from tests.integration.repository.charts.conftest import Helm, Packager, files_of
from tests.integration.repository.charts.registry import USER, RegistryStandIn
from tests.integration.repository.charts.servers import WebServer

PLAIN = Credentials(plain_http=True)
ALICE = Credentials(*USER, plain_http=True)
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"


def tarred(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return into.getvalue()


def packed(files: dict[str, bytes]) -> bytes:
    return gzip.compress(tarred(files))


@pytest.fixture(params=["", "basic", "bearer"])
def asking(request: pytest.FixtureRequest) -> Iterator[RegistryStandIn]:
    with RegistryStandIn(asks=request.param) as found:
        yield found


def push(helm: Helm, registry: RegistryStandIn, *packages: Path) -> None:
    if registry.asks:
        login = ("--username", USER[0], "--password", USER[1], "--plain-http")
        helm.run("registry", "login", registry.host, *login)
    for package in packages:
        helm.run("push", package, f"oci://{registry.host}/charts", "--plain-http")


def test_what_helm_pushed_is_found_however_the_registry_asks(
    helm: Helm, packaged: Packager, asking: RegistryStandIn, charts: Charts, tmp_path: Path
) -> None:
    push(helm, asking, packaged("shop", "1.2.3"), packaged("shop", "1.10.0+build.7"), packaged("shop", "2.0.0-rc.1"))
    found = charts.find(f"oci://{asking.host}/charts", "shop", "1.x", auth=ALICE)
    assert found.version == "1.10.0+build.7"
    assert files_of(found.place)["Chart.yaml"] == b"apiVersion: v2\nname: shop\nversion: 1.10.0+build.7\n"
    helm.run("pull", f"oci://{asking.host}/charts/shop", "--version", "1.x", "--plain-http", "--destination", tmp_path)
    assert (tmp_path / "shop-1.10.0+build.7.tgz").exists()


def test_a_revision_means_the_newest_version_that_fits(
    helm: Helm, packaged: Packager, registry: RegistryStandIn, charts: Charts
) -> None:
    push(helm, registry, packaged("shop", "1.2.3"), packaged("shop", "1.10.0"), packaged("shop", "2.0.0-rc.1"))
    revisions = ("1.2.3", "", "*", ">=1.2.0-0", "2.0.0-rc.1", "~1.2")
    found = [charts.find(f"{registry.host}/charts", "shop", one, auth=PLAIN).version for one in revisions]
    assert found == ["1.2.3", "1.10.0", "1.10.0", "2.0.0-rc.1", "2.0.0-rc.1", "1.2.3"]


@pytest.mark.parametrize("revision", ["3.0.0", "^3", "latest", "1.2"])
def test_a_version_that_is_missing_is_told_with_those_there_are(
    packaged: Packager, helm: Helm, registry: RegistryStandIn, charts: Charts, revision: str
) -> None:
    push(helm, registry, packaged("shop", "1.2.3"), packaged("shop", "1.10.0"))
    with pytest.raises(Rejected, match=r"there are 1\.10\.0, 1\.2\.3$"):
        charts.find(f"oci://{registry.host}/charts", "shop", revision, auth=PLAIN)


def test_tags_are_read_page_by_page(charts: Charts) -> None:
    with RegistryStandIn(page=7) as registry:
        for number in range(40):
            registry.push("shop", f"1.{number}.0", [(LAYER, packed({"a.yaml": b"a: %d\n" % number}))])
        found = charts.find(f"oci://{registry.host}/shop", "", "1.x", auth=PLAIN)
    assert files_of(found.place) == {"a.yaml": b"a: 39\n"}
    assert registry.asked("/tags/list") == 6


def test_an_artifact_of_files_is_found_by_tag_digest_and_constraint(registry: RegistryStandIn, charts: Charts) -> None:
    url = f"oci://{registry.host}/team/manifests"
    digest = registry.push("team/manifests", "1.0.0", [(LAYER, packed({"./app/a.yaml": b"a: 1\n", "./b.yaml": b""}))])
    registry.push("team/manifests", "latest", [(LAYER.removesuffix("+gzip"), tarred({"new.yaml": b"new"}))])
    for revision in ("1.0.0", digest, "1.x", ""):
        found = charts.find(url, "", revision, auth=PLAIN)
        assert files_of(found.place) == {"app/a.yaml": b"a: 1\n", "b.yaml": b""}
        assert found.version == digest
    assert files_of(charts.find(url, "", "latest", auth=PLAIN).place) == {"new.yaml": b"new"}


def test_a_chart_at_a_tag_that_moves_is_known_by_its_digest(
    packaged: Packager, helm: Helm, registry: RegistryStandIn, charts: Charts
) -> None:
    push(helm, registry, packaged("shop", "1.2.3"))
    tags = registry.repositories["charts/shop"].tags
    tags["stable"] = tags["1.2.3"]
    for revision in ("stable", tags["stable"]):
        assert charts.find(f"{registry.host}/charts", "shop", revision, auth=PLAIN).version == tags["stable"]


def test_a_chart_as_an_artifact_stands_without_its_folder(
    packaged: Packager, helm: Helm, registry: RegistryStandIn, charts: Charts
) -> None:
    push(helm, registry, packaged("shop", "1.2.3"))
    found = charts.find(f"oci://{registry.host}/charts/shop", "", "1.2.3", auth=PLAIN)
    assert set(files_of(found.place)) == {"Chart.yaml", "values.yaml", "templates/map.yaml"}
    assert found.version.startswith("sha256:")


def test_what_was_found_a_moment_ago_is_not_asked_again(registry: RegistryStandIn, charts: Charts) -> None:
    registry.push("shop", "1.0.0", [(LAYER, packed({"a": b""}))])
    first = charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN)
    asked = len(registry.requests)
    assert charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN) == first
    assert len(registry.requests) == asked


def test_nobody_is_given_what_another_may_read(charts: Charts) -> None:
    with RegistryStandIn(asks="bearer") as registry:
        registry.push("shop", "1.0.0", [(LAYER, packed({"secret": b"x"}))])
        url = f"oci://{registry.host}/shop"
        charts.find(url, "", "1.0.0", auth=ALICE)
        for access in (PLAIN, Credentials("alice", "wrong", plain_http=True)):
            with pytest.raises(Rejected, match="denies access") as refused:
                charts.find(url, "", "1.0.0", auth=access)
            assert "wrong" not in str(refused.value)


def test_a_token_is_asked_for_once_and_not_shown_to_where_blobs_are(charts: Charts, server: WebServer) -> None:
    content = packed({"a": b""})
    with RegistryStandIn(asks="bearer") as registry:
        registry.push("shop", "1.0.0", [(LAYER, content)])
        for digest in registry.repositories["shop"].blobs:
            server.serve(f"/{digest}", registry.repositories["shop"].blobs[digest])
        registry.blobs_are_at = server.url
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=ALICE)
        assert registry.asked("/token") == 1
    assert len(server.seen) == 1
    assert "Authorization" not in server.seen[0].headers


def test_credentials_are_not_sent_where_a_redirect_asks_for_them(charts: Charts, server: WebServer) -> None:
    challenge = f'Bearer realm="{server.url}/steal"'
    with RegistryStandIn() as registry:
        registry.push("shop", "1.0.0", [(LAYER, packed({"a": b""}))])
        registry.blobs_are_at = server.url
        for digest in registry.repositories["shop"].blobs:
            server.serve(f"/{digest}", b"", status=401, headers={"WWW-Authenticate": challenge})
        with pytest.raises(Rejected, match="denies access"):
            charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=ALICE)
    assert server.asked("/steal") == []


def test_a_token_service_at_a_private_address_is_not_asked(charts: Charts) -> None:
    with RegistryStandIn(asks="bearer") as registry:
        registry.realm = "http://169.254.169.254/token"
        with pytest.raises(Rejected, match="not a public address"):
            charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=ALICE)


def test_a_blob_that_is_not_what_its_digest_says_is_refused(
    registry: RegistryStandIn, charts: Charts, tmp_path: Path
) -> None:
    content = packed({"a": b"good"})
    registry.push("shop", "1.0.0", [(LAYER, content)])
    blobs = registry.repositories["shop"].blobs
    for digest in [one for one, kept in blobs.items() if kept == content]:
        blobs[digest] = content[:-1] + b"x"
    with pytest.raises(Rejected, match="not what its digest says"):
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN)
    assert list((tmp_path / "charts").glob("shop*")) == []


def test_a_manifest_that_is_not_what_its_digest_says_is_refused(registry: RegistryStandIn, charts: Charts) -> None:
    digest = registry.push("shop", "1.0.0", [(LAYER, packed({"a": b""}))])
    media, content = registry.repositories["shop"].manifests[digest]
    registry.repositories["shop"].manifests[digest] = (media, content + b" ")
    for revision in (digest, "1.0.0"):
        with pytest.raises(Rejected, match=r"the manifest of .* is not what its digest says"):
            charts.find(f"oci://{registry.host}/shop", "", revision, auth=PLAIN)


@pytest.mark.parametrize(
    ("layers", "config", "words"),
    [
        ([], "", "has 0 layers of files"),
        ([(LAYER, b"1"), (LAYER, b"2")], "", "has 2 layers of files"),
        ([("application/vnd.acme.tar+gzip", b"1")], "", "a layer of the type 'application/vnd.acme.tar"),
        ([(LAYER, b"1")] * 11, "", "has 11 layers; at most 10"),
        ([(LAYER, b"1")], CHART_CONFIG, "has 0 layers of files"),
        ([(LAYER, b"no archive at all")], "", "it is no tar archive, or damaged"),
        ([(CHART, packed({"a": b""}))], CHART_CONFIG, "is no chart"),
    ],
)
def test_an_artifact_that_is_no_archive_of_files_is_told(
    registry: RegistryStandIn, charts: Charts, layers: list[tuple[str, bytes]], config: str, words: str
) -> None:
    registry.push("shop", "1.0.0", layers, **({"config_type": config} if config else {}))
    with pytest.raises(Rejected, match=words):
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN)


def test_signatures_beside_the_files_do_not_matter(registry: RegistryStandIn, charts: Charts) -> None:
    registry.push("shop", "1.0.0", [(LAYER, packed({"a": b"1"})), ("application/vnd.in-toto+json", b"{}")])
    assert files_of(charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN).place) == {"a": b"1"}


def test_what_is_no_chart_is_not_taken_for_one(registry: RegistryStandIn, charts: Charts) -> None:
    registry.push("charts/shop", "1.0.0", [(LAYER, packed({"a": b"1"}))])
    with pytest.raises(Rejected, match="is no Helm chart"):
        charts.find(f"oci://{registry.host}/charts", "shop", "1.0.0", auth=PLAIN)


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"{",
        b"[" * 100_000,
        json.dumps({"manifests": []}).encode(),
        json.dumps({"layers": {}, "config": {}}).encode(),
        json.dumps({"layers": [{"mediaType": LAYER, "digest": "sha256:../..", "size": 1}], "config": {}}).encode(),
        json.dumps({"layers": [{"mediaType": LAYER, "digest": "sha256:" + "0" * 64}], "config": {}}).encode(),
    ],
)
def test_a_manifest_that_is_none_is_told(registry: RegistryStandIn, charts: Charts, manifest: bytes) -> None:
    registry.put_manifest("shop", "1.0.0", "application/vnd.oci.image.manifest.v1+json", manifest)
    with pytest.raises(Rejected):
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN)


def test_an_artifact_that_is_too_large_is_not_downloaded(registry: RegistryStandIn, charts: Charts) -> None:
    layer = {"mediaType": LAYER, "digest": "sha256:" + "0" * 64, "size": 2**31}
    body = json.dumps({"config": {"mediaType": ""}, "layers": [layer]}).encode()
    registry.put_manifest("shop", "1.0.0", "application/vnd.oci.image.manifest.v1+json", body)
    with pytest.raises(Rejected, match="at most 1,073,741,824"):
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=PLAIN)
    assert registry.asked("/blobs/") == 0


def test_plain_http_is_spoken_only_where_the_secret_says_so(registry: RegistryStandIn, charts: Charts) -> None:
    with pytest.raises(Temporary, match="no TLS connection can be made"):
        charts.find(f"oci://{registry.host}/shop", "", "1.0.0", auth=Credentials(insecure=True))
    assert registry.requests == []


@pytest.mark.parametrize("url", ["oci://", "oci://host", "oci://host/UPPER", "oci://host/a/../b", "oci://u:p@host/a"])
def test_what_names_no_repository_is_told(charts: Charts, url: str) -> None:
    with pytest.raises(Rejected):
        charts.find(url, "", "1.0.0", auth=PLAIN)


def test_tags_that_have_not_changed_are_not_sent_again(asking: RegistryStandIn, client: Client) -> None:
    for tag in ("1.0.0", "1.1.0"):
        asking.push("team/web", tag, [])
    registry = Registry(client, Reference.of(f"oci://{asking.host}/team/web", plain_http=True), ALICE)
    first = registry.tags_unless("")
    assert first.tags == ["1.0.0", "1.1.0"]
    assert registry.tags_unless(first.etag).unchanged
    asking.push("team/web", "1.2.0", [])
    assert registry.tags_unless(first.etag).tags == ["1.0.0", "1.1.0", "1.2.0"]


@pytest.mark.parametrize("tags", ["5", '{"a": 1}', '"text"', "null", "[[], 7, {}, null]"])
def test_tags_that_are_no_list_are_none(client: Client, tags: str) -> None:
    with RegistryStandIn() as registry:
        registry.answers["/v2/team/web/tags/list"] = f'{{"tags": {tags}}}'.encode()
        at = Reference.of(f"oci://{registry.host}/team/web", plain_http=True)
        assert Registry(client, at, PLAIN).tags() == []


@pytest.mark.parametrize(("limit", "value"), [("_MOST_PAGES", 20), ("_LONGEST_LIST", 0.0)])
def test_empty_pages_of_tags_come_to_an_end(
    client: Client, limit: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registries, limit, value)
    with RegistryStandIn() as registry:
        registry.push("team/web", "1.0.0", [])
        registry.endless = True
        at = Reference.of(f"oci://{registry.host}/team/web", plain_http=True)
        with pytest.raises(Rejected, match="does not end"):
            Registry(client, at, PLAIN).tags()
        assert registry.asked("/tags/") <= 20


def test_an_etag_of_one_page_says_nothing_of_the_others(client: Client) -> None:
    with RegistryStandIn(page=1) as registry:
        for tag in ("a", "b"):
            registry.push("team/web", tag, [])
        found = Registry(client, Reference.of(f"oci://{registry.host}/team/web", plain_http=True), PLAIN).tags_unless(
            ""
        )
    assert (found.tags, found.etag) == (["a", "b"], "")


def test_what_a_tag_stands_for_is_asked_without_a_pull(asking: RegistryStandIn, client: Client) -> None:
    digest = asking.push("team/web", "main", [], annotations={"org.opencontainers.image.source": "https://example.com"})
    registry = Registry(client, Reference.of(f"oci://{asking.host}/team/web", plain_http=True), ALICE)
    assert registry.digest("main") == digest
    assert registry.digest("gone") == ""
    assert {method for method, path, _ in asking.requests if "/manifests/" in path} == {"HEAD"}
    assert registry.annotations("main") == {"org.opencontainers.image.source": "https://example.com"}
