"""The locks hold what requirements*.txt ask for, every package with hashes, and neither contradicts the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def asked(name: str) -> dict[str, str]:
    """Return what a requirements file pins, with what it includes: version by package."""
    pins: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            pins |= asked(text.removeprefix("-r ").strip())
        elif text:
            one = Requirement(text)
            pins[canonicalize_name(one.name)] = str(one.specifier)
    return pins


def locked(name: str) -> dict[str, str]:
    """Return what a lock holds: version by package."""
    found = re.findall(r"^([\w.-]+)(==[^ ;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_holds_every_version_that_is_asked_for(name: str) -> None:
    wanted, there = asked(f"{name}.txt"), locked(f"{name}.lock")
    assert {package: there.get(package) for package in wanted} == wanted, "run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    entries = re.split(r"^(?=\w)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [entry for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    shipped, tested = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {package: tested.get(package) for package in shipped} == shipped, "run `make lock`"


def test_every_direct_requirement_is_pinned_and_says_why() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if "==" not in line or " # " not in line] == []
