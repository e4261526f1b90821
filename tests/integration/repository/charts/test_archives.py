"""An archive becomes a tree of plain files, or nothing."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from bot.errors import Rejected
from bot.repository.charts.archives import ARTIFACT, CHART, Limits, unpack, without_top
from bot.repository.environment import Place
from tests.integration.repository.charts.conftest import bare, files_of

SMALL = Limits(total=4 * 1024 * 1024, file=1024 * 1024, files=20)


@pytest.fixture
def repository(tmp_path: Path) -> pygit2.Repository:
    return bare(tmp_path / "chart.git")


def member(name: str, content: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def archive(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=kind) as packing:
        for info, content in members:
            packing.addfile(info, io.BytesIO(content))
    return into.getvalue()


def unpacked(content: bytes, repository: pygit2.Repository, limits: Limits = SMALL) -> dict[str, bytes]:
    tree_id = unpack(io.BytesIO(content), repository, limits=limits, name="shop.tgz")
    return files_of(Place(Path(repository.path), tree_id))


def refused(content: bytes, repository: pygit2.Repository, limits: Limits = SMALL) -> str:
    with pytest.raises(Rejected, match=r"^shop\.tgz cannot be unpacked: ") as found:
        unpacked(content, repository, limits)
    return found.value.message.removeprefix("shop.tgz cannot be unpacked: ")


@pytest.mark.parametrize("packing", [bytes, gzip.compress])
@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_files_and_folders_are_taken(
    repository: pygit2.Repository, packing: Callable[[bytes], bytes], kind: int
) -> None:
    long = "a/" + "b" * 200 + "/ä.yaml"
    content = archive(
        member("./top.yaml", b"1"),
        member("a", b"", type=tarfile.DIRTYPE),
        member(long, b"2" * 1_000),
        member("top.yaml", b"3"),
        kind=kind,
    )
    assert unpacked(packing(content), repository) == {long: b"2" * 1_000, "top.yaml": b"3"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"]
)
def test_links_and_devices_are_refused(repository: pygit2.Repository, kind: bytes) -> None:
    content = archive(member("a/link", b"", type=kind, linkname="/etc/passwd"))
    assert refused(content, repository) == "'a/link' is a link, a device or another special file"


def test_a_sparse_file_is_refused(repository: pygit2.Repository) -> None:
    headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,1", "GNU.sparse.size": "9999999"}
    content = archive(member("holes", b"x", pax_headers=headers))
    assert "special file" in refused(content, repository)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../../up", "a/..", ".git/config", "a/.GIT/hooks", "a\nb", "c" * 256, "d/" * 65 + "e"],
)
def test_names_that_lead_elsewhere_are_refused(repository: pygit2.Repository, name: str) -> None:
    assert "is no name for a file in it" in refused(archive(member(name)), repository)


def test_a_name_that_is_no_text_is_refused(repository: pygit2.Repository) -> None:
    content = archive(member("a\udcff"), kind=tarfile.GNU_FORMAT)
    assert "is no name" in refused(content, repository)


def test_a_file_is_no_folder(repository: pygit2.Repository) -> None:
    assert refused(archive(member("a"), member("a/b")), repository) == "'a/b' is below a file"
    assert refused(archive(member("a/b"), member("a")), repository) == "'a' is a file and a folder"


def test_a_bomb_of_zeros_is_given_up_early(repository: pygit2.Repository) -> None:
    bomb = gzip.compress(b"\0" * (64 * 1024 * 1024))
    assert refused(bomb, repository) == "it grows beyond measure"
    assert refused(bomb, repository, ARTIFACT) == "it grows beyond measure"


def test_files_beyond_the_limits_are_refused(repository: pygit2.Repository) -> None:
    one, many = member("a", b"x" * (1024 * 1024 + 1)), [member(str(n), bytes([n]) * 900_000) for n in range(5)]
    for content in (archive(one), archive(*many)):
        assert refused(content, repository).startswith("its files may have 4 MiB, one of them 1; ")
    assert refused(archive(*[member(str(n), b"") for n in range(21)]), repository) == (
        "it holds more than 20 files and folders"
    )


def test_a_size_that_the_archive_does_not_have_is_no_file(repository: pygit2.Repository) -> None:
    info, _ = member("a", b"")
    info.size = 1_000_000
    header = info.tobuf(tarfile.USTAR_FORMAT)
    assert "breaks off" in refused(header, repository) or "damaged" in refused(header, repository)


def test_a_name_of_megabytes_does_not_fill_the_memory(repository: pygit2.Repository) -> None:
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert "at more length" in refused(archive(member("n/" * 500_000 + "a"), kind=kind), repository, CHART)


def test_headers_upon_headers_do_not_overflow_the_stack(repository: pygit2.Repository) -> None:
    record = b"12 path=abc\n"
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, len(record)
    one = header.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0")
    assert refused(one * 5_000, repository, CHART) == "it is no tar archive, or damaged"


def test_what_is_damaged_is_not_taken_for_the_end(repository: pygit2.Repository) -> None:
    whole = bytearray(archive(member("a"), member("b"), kind=tarfile.USTAR_FORMAT))
    whole[1024 + 20] ^= 0xFF
    assert refused(bytes(whole), repository) == "it is damaged"
    assert "damaged" in refused(gzip.compress(archive(member("a")))[:-20], repository)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x1f\x8b", b"\x1f\x8b" + b"x" * 99, b"\0" * 2_048])
def test_what_is_no_archive_is_told(repository: pygit2.Repository, content: bytes) -> None:
    assert refused(content, repository) in {"it is no tar archive, or damaged", "it holds no files"}


def test_a_chart_stands_without_its_top_folder(repository: pygit2.Repository) -> None:
    content = archive(member("shop/Chart.yaml"), member("shop/templates/a.yaml"))
    tree_id = unpack(io.BytesIO(content), repository, limits=CHART, name="shop")
    place = Place(Path(repository.path), without_top(repository, tree_id, name="shop"))
    assert set(files_of(place)) == {"Chart.yaml", "templates/a.yaml"}


@pytest.mark.parametrize("names", [["Chart.yaml"], ["shop/values.yaml"], ["shop/Chart.yaml", "other/Chart.yaml"]])
def test_what_has_no_top_folder_with_a_chart_is_none(repository: pygit2.Repository, names: list[str]) -> None:
    tree_id = unpack(io.BytesIO(archive(*map(member, names))), repository, limits=CHART, name="shop")
    with pytest.raises(Rejected, match="shop is no chart"):
        without_top(repository, tree_id, name="shop")
