"""Scalars and keys against kubectl itself: what it makes of a YAML file is what we make of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.repository import manifests
from bot.sandbox.toolchain import Programs

Read: TypeAlias = Callable[[str], dict[str, Any]]
SCALARS = (Path(__file__).parent / "scalars.txt").read_text(encoding="utf-8").split()
KEYS = (Path(__file__).parent / "keys.txt").read_text(encoding="utf-8").split()


def scalar(text: str) -> str:
    """Return a word of the table as YAML: `!!int!3` stands for `!!int 3`."""
    tag, found, rest = text[2:].partition("!") if text.startswith("!") else ("", "", text)
    return f"{text[:2]}{tag} {rest}" if found else text


def document(lines: list[str]) -> str:
    head = "apiVersion: example.com/v1\nkind: Sample\nmetadata: {name: sample}\nspec:\n"
    return head + "".join(f"  {line}\n" for line in lines)


@pytest.fixture(scope="module")
def kubectl(programs: Programs) -> Read:
    def read(text: str) -> dict[str, Any]:
        command = [str(programs.kubectl), "annotate", "--local", "-f", "-", "read=yes", "-o", "json"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)["spec"]
        assert isinstance(found, dict)
        return found

    return read


def ours(text: str) -> dict[str, Any]:
    (read,) = manifests.read(text.encode(), "sample.yaml")
    found = read.value["spec"]
    assert isinstance(found, dict)
    return found


def typed(spec: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return values with their types; kubectl prints floats without a fraction, and what 64 bits cannot hold is one."""
    large = {key: float(value) for key, value in spec.items() if type(value) is int and abs(value) >= 2**63}
    return {key: (type(value).__name__, value) for key, value in (spec | large).items()}


def test_scalars_mean_what_kubectl_reads(kubectl: Read) -> None:
    lines = [f"k{number}: {scalar(text)}" for number, text in enumerate(SCALARS) if text not in {"-", "!"}]
    text = document(lines)
    read, expected = typed(ours(text)), typed(kubectl(text))
    assert {line: read[line.partition(":")[0]] for line in lines} == {
        line: expected[line.partition(":")[0]] for line in lines
    }


def test_keys_mean_what_kubectl_reads(kubectl: Read) -> None:
    text = document([f"k{number}: {{{key}: x}}" for number, key in enumerate(KEYS)])
    assert ours(text) == kubectl(text)
