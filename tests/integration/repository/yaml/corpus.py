"""The corpus of tricky YAML: values, keys, fragments and whole files, in text files that say how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
HEAD: Final = "apiVersion: v1\nkind: A\nmetadata: {name: NAME}\n"

_ESCAPE = re.compile(r"\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_OBJECT = re.compile(r"^(\ufeff*)@([a-z])$", re.MULTILINE)
_JSON_OBJECT = re.compile(r"\$([a-z])\b")


@dataclass(frozen=True, slots=True)
class Case:
    """One file to be read by kubectl and by us."""

    name: str
    content: bytes
    """NAME in it stands for a name that is its own."""
    says: str = ""
    """Words with which we refuse what kubectl reads; empty where both are to be of one mind."""


def cases() -> list[Case]:
    """Return the whole corpus."""
    return [*_lines("scalars", "a: {}"), *_lines("keys", "{}: a"), *_fragments(), *_files()]


def _lines(name: str, form: str) -> Iterator[Case]:
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            yield Case(f"{name}: {line}", below_spec(form.replace("{}", line) + "\n"))


def below_spec(fragment: str) -> bytes:
    """Return the file in which a fragment stands below `spec:`."""
    return f"{HEAD}spec:\n{re.sub('^(?=.)', '  ', fragment, flags=re.MULTILINE)}".encode()


def _fragments() -> Iterator[Case]:
    for name in ("strings", "structures"):
        for title, says, body in _told(name):
            yield Case(f"{name}: {title}", below_spec(body), says)


def _files() -> Iterator[Case]:
    for name in ("streams", "json", "lists"):
        for title, says, body in _told(name):
            whole = _OBJECT.sub(rf"\1{HEAD.strip()}".replace("NAME", r"NAME-\2"), body)
            whole = _JSON_OBJECT.sub(_as_json, whole)
            yield Case(f"{name}: {title}", whole.encode(), says)


def _as_json(found: re.Match[str]) -> str:
    return f'{{"apiVersion": "v1", "kind": "A", "metadata": {{"name": "NAME-{found[1]}"}}}}'


def _told(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield title, words of refusal and body of each case of a file."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    for part in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        says = ""
        while found := re.match(r"# (differs|says): (.*)\n", body):
            says = found[2] if found[1] == "says" else says
            body = body[found.end() :]
        if title.endswith(" (escaped)"):
            body = _ESCAPE.sub(lambda found: found[0].encode().decode("unicode_escape"), body.removesuffix("\n"))
        yield title, says, body
