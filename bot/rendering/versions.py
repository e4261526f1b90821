"""What a render depends on besides its source: our own code, the libraries it uses and the programs it runs."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

import bot

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER: Final = Path(bot.__path__[0])


class Versions:
    """What renderers run and how, as it is on this machine."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        """Take all that children are told at their start (`Renderer.setup`)."""
        self._setup = setup

    def digest(self) -> str:
        """Return a digest that is another one where anything may render differently.

        A program is told by its content, wherever it lies: what it says its version is need not change with it.
        """
        return _digest([_of_foresail(), orjson.dumps(_told(self._setup), option=orjson.OPT_SORT_KEYS).decode()])


def _told(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _told(one) for name, one in value.items()}
        case list() | tuple():
            return [_told(one) for one in value]
        case str() if value.startswith("/"):
            return _of_program(Path(value))
    return value


def _of_program(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "none"
    return _of_file(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=64)
def _of_file(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _of_foresail() -> str:
    """Digest all of the code and all libraries: a list of what takes part in a render would be wrong one day."""
    libraries = sorted({f"{one.name} {one.version}" for one in metadata.distributions()})
    files = sorted(path for path in _FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc")
    code = [f"{path.relative_to(_FOLDER)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return _digest([platform.python_version(), *libraries, *code])


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
