"""Where rules are kept: a folder of the base branch, and one of the operator's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.repository.mirrors import Mirror

FOLDER: Final = ".foresail/policies"
_SETTING: Final = "FORESAIL_POLICIES"
REGO: Final = ".rego"
CEL: Final = (".cel.yaml", ".cel.yml")
_TESTS: Final = "_test.rego"
"""Ends the files in which `opa test` and `conftest verify` look for tests; they are no rules."""
MOST_FILES: Final = 500
MOST_BYTES: Final = 2_000_000
"""Size of all files of one folder together."""
_ABOUT_ALL: Final = re.compile(r"^[ \t]*package[ \t]+foresail\.application\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The rules of one folder; those of another see nothing of them and cannot alter what they say."""

    files: Mapping[str, str]
    """Content by the path that words name it by."""
    broken: tuple[str, ...] = ()
    """What cannot be read, with why."""

    @property
    def asks_for_all_objects(self) -> bool:
        """Whether some rule looks at a whole application, and not only at what the change touches."""
        return any(_ABOUT_ALL.search(text) for name, text in self.files.items() if name.endswith(REGO))


def in_tree(mirror: Mirror, tree_id: str) -> PolicySet:
    """Return the rules in a state of a repository; links and submodules are not followed."""
    files = mirror.files(tree_id, FOLDER, recurse=True)
    return _read((path, mirror.read(tree_id, path) or b"") for path, _ in files if _is_policy(path))


def in_folder(folder: Path) -> PolicySet:
    """Return the operator's own rules; Rejected when the folder cannot be read: without it nothing may pass."""
    try:
        if not folder.is_dir():
            raise Rejected(f"{_SETTING} is no folder: {folder}")
        paths = sorted(path for path in folder.rglob("*") if _is_policy(path.name) and path.is_file())
        named = ((path.relative_to(folder), path) for path in paths)
        # A mounted ConfigMap keeps its files in a hidden folder, and links to them.
        shown = ((name.as_posix(), path) for name, path in named if not any(part[0] == "." for part in name.parts))
        return _read((f"{_SETTING}/{name}", path.read_bytes()) for name, path in shown)
    except OSError as error:
        raise Rejected(f"{_SETTING} cannot be read: {error}") from error


def _is_policy(path: str) -> bool:
    return path.endswith((REGO, *CEL)) and not path.endswith(_TESTS)


def _read(contents: Iterable[tuple[str, bytes]]) -> PolicySet:
    files: dict[str, str] = {}
    broken: list[str] = []
    size = 0
    for given, content in contents:
        path = given.encode("utf-8", errors="backslashreplace").decode()  # names in Git need not be UTF-8
        size += len(content)
        if len(files) == MOST_FILES or size > MOST_BYTES:
            broken.append(
                f"{path}: not read, as there are more than {MOST_FILES} files or {MOST_BYTES:,} bytes of rules"
            )
            break
        try:
            files[path] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            broken.append(f"{path}: line {line}: not UTF-8")
    return PolicySet(files, tuple(broken))
