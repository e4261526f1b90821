"""A target revision means the newest version that fits it."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.repository.versions import is_constraint, newest, there_are

THERE = ("1.0.0", "v1.2.0", "1.10.0", "1.9.3", "2.0.0-rc.1", "nightly", "0.1.0")


@pytest.mark.parametrize(
    ("constraint", "found"),
    [("1.x", "1.10.0"), ("~1.2", "v1.2.0"), ("", "1.10.0"), ("*", "1.10.0"), (">=1.2.0-0", "2.0.0-rc.1")],
)
def test_the_newest_version_that_fits_is_taken_as_it_is_written(constraint: str, found: str) -> None:
    assert newest(constraint, THERE) == found


def test_tags_of_one_prefix_are_compared_without_it() -> None:
    assert newest("1.x", ["web/1.2.0", "db/1.9.0", "web/1.3.0", "1.9.0"], prefix="web/") == "web/1.3.0"


def test_of_equal_versions_the_first_is_taken() -> None:
    assert newest("1.x", ["1.0.0+a", "1.0.0+b"]) == "1.0.0+a"


def test_what_does_not_fit_is_told_with_the_newest_that_there_are() -> None:
    with pytest.raises(Rejected) as refused:
        newest("^3", THERE)
    assert str(refused.value) == ("no version fits '^3'; the newest of 6 are 2.0.0-rc.1, 1.10.0, 1.9.3, v1.2.0, 1.0.0")
    assert there_are([]) == "there is none"
    assert there_are(["nightly"]) == "none of the 1 there are is a semantic version"


def test_what_is_no_constraint_is_told() -> None:
    with pytest.raises(Rejected, match="improper constraint: latest"):
        newest("latest", THERE)


@pytest.mark.parametrize(
    ("revision", "expected"), [("1.x", True), ("*", True), ("1.2", False), ("v1.2.3", False), ("main", False)]
)
def test_a_constraint_is_told_from_a_version_and_from_a_name(revision: str, *, expected: bool) -> None:
    assert is_constraint(revision) is expected
