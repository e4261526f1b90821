"""Archives that strangers packed, read into Git trees: regular files and folders, within bounds, or nothing at all."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeAlias

import pygit2

from bot.errors import Rejected

_MIB: Final = 1024 * 1024
_PIECE: Final = _MIB
_FREE: Final = 16 * _MIB
_GREATEST_RATIO: Final = 200
"""Packed charts are 5 to 40 times smaller than their files; gzip can reach 1,032."""
_LONGEST_HEADER: Final = 65_536
"""Bytes that tar may spend on saying a file's name; Linux has no path longer than 4,096."""
_SECONDS: Final = 120.0
"""Of processor time, which other work on the machine does not lengthen: a gigabyte takes about 25."""
_BLOCK: Final = 512
_DEEPEST: Final = 64
_LONGEST_NAME: Final = 255
_FILE: Final = pygit2.enums.FileMode.BLOB
_FOLDER: Final = pygit2.enums.FileMode.TREE


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold."""

    total: int
    """Bytes of all its files."""
    file: int
    """Bytes of one."""
    files: int
    """Files and folders."""


CHART: Final = Limits(total=100 * _MIB, file=5 * _MIB, files=10_000)
"""Helm's own for sizes (helm `pkg/chart/loader/archive`)."""
ARTIFACT: Final = Limits(total=1024 * _MIB, file=64 * _MIB, files=100_000)
"""Argo CD's own for the sum (`reposerver.oci.manifest.max.extracted.size`)."""

_Folder: TypeAlias = dict[str, "pygit2.Oid | _Folder"]


def unpack(archive: BinaryIO, repository: pygit2.Repository, *, limits: Limits, name: str) -> str:
    """Write the files of a tar archive, gzipped or not, into a repository and return the tree's id.

    Raises Rejected, beginning with the archive's `name`: for links, devices and names that lead elsewhere, for what is
    larger than `limits` or damaged. Objects written until then belong to nothing.
    """
    try:
        with tempfile.TemporaryFile(dir=repository.path) as plain:
            _inflate(archive, plain, limits)
            return str(_written(_tree(plain, repository, limits), repository))
    except _BadError as error:
        raise Rejected(f"{name} cannot be unpacked: {error}") from error
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, RecursionError, ValueError) as error:
        raise Rejected(f"{name} cannot be unpacked: it is no tar archive, or damaged") from error


def without_top(repository: pygit2.Repository, tree_id: str, *, name: str) -> str:
    """Return the tree of a chart: that of the one folder an archive has at its top; Rejected when there is no chart."""
    top = list(_as_tree(repository, tree_id))
    if len(top) != 1 or top[0].filemode != _FOLDER or "Chart.yaml" not in _as_tree(repository, str(top[0].id)):
        raise Rejected(f"{name} is no chart: it has to be one folder that holds a Chart.yaml")
    return str(top[0].id)


class _BadError(Exception):
    """An archive holds what is not taken."""


class _Careful:
    """A file of which only a little is read at a time, so that no header fills the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise _BadError("it names a file at more length than there are names")
        return self._file.read(size)


def _inflate(archive: BinaryIO, plain: BinaryIO, limits: Limits) -> None:
    packed = archive.seek(0, 2)
    archive.seek(0)
    compressed = archive.read(2) == b"\x1f\x8b"
    archive.seek(0)
    source = gzip.GzipFile(fileobj=archive) if compressed else archive
    most = limits.total + _FREE + limits.files * _BLOCK
    if compressed:
        most = min(most, _FREE + packed * _GREATEST_RATIO)
    taken, end = 0, time.thread_time() + _SECONDS
    while piece := source.read(_PIECE):
        taken += len(piece)
        if taken > most or time.thread_time() > end:
            raise _BadError("it grows beyond measure")
        plain.write(piece)
    plain.seek(0)


def _tree(plain: BinaryIO, repository: pygit2.Repository, limits: Limits) -> _Folder:
    root: _Folder = {}
    total = 0
    for member in _members(plain, limits):
        way = _way(member.name)
        if member.isdir():
            _folder(root, way, member.name)
            continue
        total += member.size
        if member.size > limits.file or total > limits.total:
            raise _BadError(
                f"its files may have {limits.total // _MIB} MiB, one of them {limits.file // _MIB}; "
                f"{_shown(member.name)} goes beyond"
            )
        if not way:
            raise _BadError("it has a file without a name")
        folder = _folder(root, way[:-1], member.name)
        if isinstance(folder.get(way[-1]), dict):
            raise _BadError(f"{_shown(member.name)} is a file and a folder")
        folder[way[-1]] = repository.create_blob(_content(plain, member))
    if not root:
        raise _BadError("it holds no files")
    return root


def _members(plain: BinaryIO, limits: Limits) -> Iterator[tarfile.TarInfo]:
    end, count, after = time.thread_time() + _SECONDS, 0, 0
    with tarfile.open(fileobj=_Careful(plain), mode="r:") as archive:  # type: ignore[call-overload]  # it reads and seeks
        while (member := archive.next()) is not None:
            archive.members.clear()  # it would keep every one
            count += 1
            if count > limits.files:
                raise _BadError(f"it holds more than {limits.files:,} files and folders")
            if time.thread_time() > end:
                raise _BadError(f"that takes more than {_SECONDS:.0f} s of processor time")
            _refuse_special(member)
            after = member.offset_data + (0 if member.isdir() else -(-member.size // _BLOCK) * _BLOCK)
            yield member
    # tarfile takes a damaged header for the end.
    plain.seek(after)
    if any(plain.read(_BLOCK)):
        raise _BadError("it is damaged")


def _refuse_special(member: tarfile.TarInfo) -> None:
    plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE} and member.sparse is None
    if not (plain or member.isdir()) or member.size < 0:
        raise _BadError(f"{_shown(member.name)} is a link, a device or another special file")


def _content(plain: BinaryIO, member: tarfile.TarInfo) -> bytes:
    plain.seek(member.offset_data)
    content = plain.read(member.size)
    if len(content) != member.size:
        raise _BadError("it breaks off")
    return content


def _way(name: str) -> list[str]:
    """Take a name apart; refuse what leads out, and what git would not check out."""
    way = [part for part in name.split("/") if part not in ("", ".")]
    strange = any(part == ".." or part.lower() == ".git" or len(part) > _LONGEST_NAME for part in way)
    if strange or name.startswith("/") or len(way) > _DEEPEST or not _is_text(name):
        raise _BadError(f"{_shown(name)} is no name for a file in it")
    return way


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(ord(letter) < ord(" ") or letter == "\x7f" for letter in name)


def _shown(name: str) -> str:
    return ascii(name[:100])


def _folder(root: _Folder, way: list[str], name: str) -> _Folder:
    for part in way:
        below = root.setdefault(part, {})
        if not isinstance(below, dict):
            raise _BadError(f"{_shown(name)} is below a file")
        root = below
    return root


def _written(folder: _Folder, repository: pygit2.Repository) -> pygit2.Oid:
    builder = repository.TreeBuilder()
    for name, content in folder.items():
        if isinstance(content, dict):
            builder.insert(name, _written(content, repository), _FOLDER)
        else:
            builder.insert(name, content, _FILE)
    return builder.write()


def _as_tree(repository: pygit2.Repository, tree_id: str) -> pygit2.Tree:
    return repository[tree_id].peel(pygit2.Tree)
