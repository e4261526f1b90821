"""Versions and constraints are read as Go's semver does.

`versions.json` holds what `github.com/Masterminds/semver/v3` 3.5.0 said: for each constraint `error`, or one letter a
version: y(es), n(o), e(rror: the version is none).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.engine.versions import Constraint, Version, constraint_of, is_version
from bot.errors import Rejected

_RECORDED = json.loads((Path(__file__).parent / "versions.json").read_text(encoding="utf-8"))


def _answer(constraint: str, versions: list[str]) -> str:
    try:
        wanted = Constraint.parse(constraint)
    except Rejected:
        return "error"
    return "".join(_letter(wanted, version) for version in versions)


def _letter(wanted: Constraint, version: str) -> str:
    try:
        return "y" if wanted.holds(Version.parse(version)) else "n"
    except Rejected:
        return "e"


@pytest.mark.parametrize("constraint", _RECORDED["answers"])
def test_a_constraint_holds_for_what_go_says_it_holds_for(constraint: str) -> None:
    assert _answer(constraint, _RECORDED["versions"]) == _RECORDED["answers"][constraint]


def test_a_pre_release_fits_where_its_group_names_one() -> None:
    beta = Version.parse("1.3.0-beta")
    assert constraint_of(">=1.2.0-0 <2.0.0").holds(beta)
    assert not constraint_of(">=1.2.0 <2.0.0 || ^3.0.0-0").holds(beta)


def test_a_hostile_constraint_is_read_in_linear_time() -> None:
    with pytest.raises(Rejected, match="improper constraint"):
        Constraint.parse("1 " * 250 + "!")
    with pytest.raises(Rejected, match="longer than 512"):
        Constraint.parse("1 " * 1000)


def test_a_version_is_written_in_full() -> None:
    assert str(Version.parse("v1.2-rc.1+b7")) == "1.2.0-rc.1+b7"
    assert not is_version("1.x")
