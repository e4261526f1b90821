"""The next tag is never an older one, and never one that is left out."""

from __future__ import annotations

import pytest

from bot.engine.updates.choosing import Newest, newer_version
from bot.engine.updates.images import Image, is_same
from bot.engine.updates.places import way_of
from bot.model.updates import ImageWish, Strategy

TAGS = ("1.0.0", "v1.1.0", "1.10.0", "1.9.0", "2.0.0", "2.1.0-rc.1", "latest", "1.10", f"sha256-{'a' * 64}.sig")


@pytest.mark.parametrize(
    ("constraint", "current", "expected"),
    [
        ("", "1.0.0", "2.0.0"),
        ("1.x", "1.0.0", "1.10.0"),
        ("1.x", "1.9", "1.10"),
        ("^1", "1.10.0", ""),
        ("^1", "2.0.0", ""),
        ("~1.1", "1.0.0", "v1.1.0"),
        (">=2.0.0-0", "2.0.0", "2.1.0-rc.1"),
        ("^3", "1.0.0", ""),
        ("", "main", "2.0.0"),
    ],
)
def test_by_version(constraint: str, current: str, expected: str) -> None:
    assert Newest.of(ImageWish("", "web", constraint), TAGS).after(current) == expected


def test_by_alphabet_and_by_number() -> None:
    tags = ["build-9", "build-10", "z", "build-011"]
    by_name = ImageWish("", "web", strategy=Strategy.ALPHABETICAL, allowed="^build-")
    by_number = ImageWish("", "web", strategy=Strategy.NUMERICAL, allowed="^build-")
    assert Newest.of(by_name, tags).after("build-10") == "build-9"
    assert Newest.of(by_number, tags).after("build-9") == "build-011"
    assert Newest.of(by_number, tags).after("build-12") == ""
    assert Newest.of(by_number, tags).after("main") == "build-011"
    assert Newest.of(ImageWish("", "web", strategy=Strategy.NUMERICAL), ["1", "2"]).after("\N{SUPERSCRIPT TWO}") == "2"
    assert Newest.of(by_number, []).after("build-9") == ""
    assert Newest.of(by_number, ["build-9"]).after("build-9") == ""


def test_what_is_ignored_is_left_out() -> None:
    assert Newest.of(ImageWish("", "web", "^1", ignored=("1.10*",)), TAGS).after("1.0.0") == "1.9.0"


def test_a_version_that_is_none_is_passed_over() -> None:
    assert newer_version("", ["x", "1.0.0", "9" * 40], "0.1.0") == "1.0.0"
    assert newer_version("", [], "0.1.0") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("acme/web", "index.docker.io/acme/web"),
        ("GHCR.io/acme/web", "ghcr.io/acme/web"),
    ],
)
def test_names_that_mean_the_same(one: str, other: str) -> None:
    assert is_same(one, other)


def test_names_that_do_not() -> None:
    assert not is_same("acme/web", "ghcr.io/acme/web")
    assert not is_same("a b", "a b")


def test_a_reference_reads_as_it_is_written() -> None:
    text = f"localhost:5000/a/b:v1@sha256:{'a' * 64}"
    assert Image.parse(text) == Image("localhost:5000/a/b", "v1", f"sha256:{'a' * 64}")
    assert str(Image.parse(text)) == text


def test_dotted_paths() -> None:
    assert way_of("web.containers[0].tag") == ("web", "containers", 0, "tag")
    assert way_of("a..b") == way_of("") == way_of("a[x]") == ()
