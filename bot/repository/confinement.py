"""What a process gives up before it touches what others wrote: network, memory, files, its parent's survival.

Linux only; each function says what it could reach. Sources: prctl(2), setrlimit(2), unshare(2), landlock(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

MEMORY: Final = 1 << 30
"""Bytes of memory of its own (RLIMIT_DATA)."""
ADDRESSES: Final = 4 << 30
"""Bytes of address space (RLIMIT_AS): above MEMORY, for mapped pack files and what Go reserves and does not use."""
FILE_SIZE: Final = 64 << 20
"""Bytes of one file it writes."""
OPEN_FILES: Final = 256
PROCESSES: Final = 256
"""Processes and threads; set only in a user namespace of its own, where nobody else's count."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWPID: Final = 0x20000000
_CLONE_NEWNET: Final = 0x40000000

_CREATE_RULESET: Final = 444  # the same number on every architecture (asm-generic/unistd.h)
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14
_CHANGE: Final = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_REFER_SINCE: Final = 2
_TRUNCATE_SINCE: Final = 3

_LIBRARIES: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/nix/store",
    "/usr/share/zoneinfo",
)
"""And the world's time zones, which templates may ask for."""

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; exit when that has happened already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def end_with_all_it_starts() -> None:
    """Go on as the first process of a namespace of its own, so that the kernel ends whatever it starts with it.

    To be called between fork and exec. Where the kernel allows no such namespace, nothing is different.
    """
    if _libc.unshare(_CLONE_NEWPID) != 0:
        return
    first = os.fork()
    if first == 0:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return
    code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(abs(code))


def address_space() -> int:
    """Return how many bytes of address space this process has taken (proc_pid_statm(5))."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def limit_resources(*, reserved: int = 0) -> None:
    """Limit memory, file size and open files; no core dumps.

    `reserved` bytes of address space do not count: an allocator may have taken them once and for all, unused.
    """
    limits = {
        resource.RLIMIT_DATA: MEMORY + reserved,
        resource.RLIMIT_AS: ADDRESSES + reserved,
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _lower(kind, limit)


def limit_processor(seconds: float) -> None:
    """Let this process, and each it starts, use so many more seconds of processor time; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if most == resource.RLIM_INFINITY else min(soft, most), most))


def leave_network() -> bool:
    """Move into an empty network; False where the kernel allows that neither to us nor in a user namespace."""
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return True
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise
    _lower(resource.RLIMIT_NPROC, PROCESSES)
    return True


def write_only_below(folder: Path) -> bool:
    """Give up writing, making and removing files anywhere but in `folder`; False where the kernel has no Landlock."""
    return _landlock(_changes(), {folder: _changes(), Path("/dev/null"): _WRITE_FILE})


def touch_only(folder: Path, program: Path, *, also: Iterable[Path] = ()) -> bool:
    """Give up every file but those in `folder`, and `program` with its libraries; False without Landlock.

    What is in `also` can be read and run.
    """
    readable = dict.fromkeys((*map(Path, _LIBRARIES), *also), _READ) | {program: _EXECUTE | _READ_FILE}
    return _landlock(
        _READ | _changes(), {**readable, folder: _READ | _changes(), Path("/dev/null"): _READ_FILE | _WRITE_FILE}
    )


def _changes() -> int:
    version = _landlock_version()
    return _CHANGE | (_REFER if version >= _REFER_SINCE else 0) | (_TRUNCATE if version >= _TRUNCATE_SINCE else 0)


def _landlock_version() -> int:
    return int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG))


def _landlock(handled: int, allowed: dict[Path, int]) -> bool:
    if _landlock_version() < 1:
        return False
    rules = _checked(_libc.syscall(_CREATE_RULESET, struct.pack("Q", handled), 8, 0))
    try:
        for path, rights in _existing(allowed):
            _allow(rules, path, rights & handled)
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _checked(_libc.syscall(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)
    return True


def _existing(allowed: dict[Path, int]) -> Iterable[tuple[Path, int]]:
    return ((path, rights) for path, rights in allowed.items() if path.exists())


def _allow(rules: int, path: Path, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        _checked(_libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, opened), 0))
    finally:
        os.close(opened)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _lower(kind: int, limit: int) -> None:
    _, most = resource.getrlimit(kind)
    least = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(kind, (least, least))
