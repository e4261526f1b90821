"""kubectl as the reader of many files at once: it is what the readers of this package are held against."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from bot.errors import Rejected
from bot.repository import directory, manifests

Objects: TypeAlias = list[dict[str, Any]]
NAME = "NAME"
"""Stands in a file where the name of each object begins, so that answers find back to their questions."""

_WRONG = re.compile(r'(?:parsing |decode ")\S*?/(\d+)\.yaml\b(.*)')
_OURS = re.compile(r"n(\d+)")
_DECODER = json.JSONDecoder()


class KubectlReader:
    """Reads as `kubectl annotate --local` does."""

    def __init__(self, kubectl: Path) -> None:
        self._kubectl = kubectl

    def read(self, files: Sequence[bytes]) -> list[Objects | str]:
        """Return the objects of each file, or what kubectl says where it refuses one."""
        with TemporaryDirectory() as folder:
            for number, content in enumerate(files):
                Path(folder, f"{number:06}.yaml").write_bytes(content.replace(NAME.encode(), b"n%d" % number))
            command = [str(self._kubectl), "annotate", "--local", "-f", folder, "read=yes", "-o", "json"]
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        printed = list(_printed(done.stdout.decode()))
        errors = done.stderr.decode().splitlines()
        if len(files) == 1:
            return [errors[0] if errors else printed]
        objects: list[Objects] = [[] for _ in files]
        for obj in printed:
            if found := _OURS.match(str(obj["metadata"].get("name"))):
                objects[int(found[1])].append(obj)
        refused = {int(wrong[1]): wrong[2] for line in errors if (wrong := _WRONG.search(line))}
        answers: list[Objects | str] = [refused.get(number, found) for number, found in enumerate(objects)]
        # Some errors name no file and some objects have another name, so whoever has said nothing is asked alone.
        for number, answer in enumerate(answers):
            if not answer:
                answers[number] = self.read([files[number]])[0]
        return answers


def ours(number: int, content: bytes) -> Objects | str:
    """Return what we make of the file with that number, or the words with which it is refused."""
    content = content.replace(NAME.encode(), b"n%d" % number)
    try:
        found = manifests.read(content, "a.yaml")
        return [obj for line, value in found for obj in directory.objects(value, f"a.yaml: line {line}")]
    except Rejected as error:
        return error.message


def typed(value: Any) -> Any:
    """Return a value in which 1, 1.0 and true are three things."""
    match value:
        case dict():
            return {key: typed(one) for key, one in value.items()}
        case list():
            return [typed(one) for one in value]
        case int() if abs(value) >= 2**63:
            return float(value), "float"  # kubectl prints floats without a fraction
        case _:
            return value, type(value).__name__


def _printed(text: str) -> Iterator[dict[str, Any]]:
    at = 0
    while text[at:].strip():
        obj, at = _DECODER.raw_decode(text, len(text) - len(text[at:].lstrip()))
        if isinstance(obj["metadata"], dict):
            del obj["metadata"]["annotations"]
        yield obj
