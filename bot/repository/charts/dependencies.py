"""Charts that a chart in a folder builds on and does not hold: fetched as `helm dependency build` would.

Conditions and tags do not matter here: which of them count is Helm's to say when it renders.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

from bot.engine.versions import is_version
from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.charts.charts import Charts, Fetched
from bot.repository.charts.locking import belongs
from bot.repository.environment import Place
from bot.repository.guard import shown
from bot.repository.helm.files import CHART, Dependency, dependencies, described
from bot.repository.trees import EntryKind, Found, Snapshot

_LOCKS: Final = ("Chart.lock", "requirements.lock")
_MOST: Final = 100
"""Charts that one chart may have fetched; umbrella charts have about 40."""
_AT_ONCE: Final = 4
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,250}")
_ARCHIVE: Final = ".tgz"


@lru_cache(maxsize=2_000)
def missing(snapshot: Snapshot, folder: str) -> tuple[Dependency, ...]:
    """Return what the chart in a folder builds on, does not hold and has to come from a repository.

    Each is at the version that the chart's lock says. Raises Rejected, naming the file, where Helm would: for a lock
    that does not belong to the chart, and for a repository that only its author's machine knows.
    """
    found = snapshot.find(folder)
    if found is None or found.entry.kind is not EntryKind.FOLDER:
        return ()
    there, declared = _held(snapshot, found), dependencies(snapshot, found)
    absent = [_is_remote(one) and not any(_holds(name, one) for name in there) for one in declared]
    if not any(absent):
        return ()
    locked = _locked(snapshot, found, declared)
    wanted = list(dict.fromkeys(one for one, is_absent in zip(locked, absent, strict=True) if is_absent))
    file = posixpath.join(found.path, CHART)
    if len(wanted) > _MOST:
        raise Rejected(f"{file}: at most {_MOST} dependencies are fetched, and it has {len(wanted)}")
    for one in wanted:
        _refuse_strange(one, file)
    return tuple(wanted)


def fetched(
    charts: Charts, wanted: Sequence[Dependency], *, access_for: Callable[[str], Credentials]
) -> dict[str, Place]:
    """Fetch charts that others build on; return where each is by the name of its folder in their `charts`.

    What they build on themselves is not fetched: a chart is packed with it.
    """

    def find(one: Dependency) -> Fetched:
        return charts.find(one.repository, one.name, one.version, auth=access_for(one.repository))

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="charts") as pool:
        results = list(pool.map(find, wanted))
    return {_folder(one, result.version): result.place for one, result in zip(wanted, results, strict=True)}


def _locked(snapshot: Snapshot, found: Found, declared: list[Dependency]) -> list[Dependency]:
    """Return what is declared at the versions that the chart's lock says; without a lock as it is."""
    lock, name = next(((one, name) for name in _LOCKS if (one := described(snapshot, found, name))), ({}, ""))
    if not lock:
        return declared
    entries = (described(snapshot, found, "requirements.yaml") or described(snapshot, found, CHART)).get("dependencies")
    if not belongs(lock, [one for one in entries or [] if isinstance(one, dict)]):
        raise Rejected(
            f"{posixpath.join(found.path, name)} is out of sync with what the chart declares",
            remedy="Run helm dependency update and commit the lock.",
        )
    # One entry each, in the same order: that is what the digest is over.
    versions = [str(one.get("version") or "") for one in lock.get("dependencies") or [] if isinstance(one, dict)]
    if len(versions) != len(declared):
        return declared
    return [one._replace(version=version or one.version) for one, version in zip(declared, versions, strict=True)]


def _is_remote(one: Dependency) -> bool:
    return bool(one.repository) and one.folder is None


def _held(snapshot: Snapshot, found: Found) -> set[str]:
    """Return the names of the charts that are there: of folders what their charts say, of archives without the end."""
    charts = snapshot.find(posixpath.join(found.path, "charts"))
    if charts is None or charts.entry.kind is not EntryKind.FOLDER:
        return set()
    names = set[str]()
    for name in snapshot.folder(charts.entry.id):
        inner = snapshot.find(posixpath.join(charts.path, name))
        if inner is not None and inner.entry.kind is EntryKind.FOLDER:
            names.add(str(described(snapshot, inner, CHART).get("name") or ""))
        elif name.endswith(_ARCHIVE):
            names.add(name.removesuffix(_ARCHIVE))
    return names


def _holds(name: str, wanted: Dependency) -> bool:
    """Whether what is there is the chart, by its name or as `helm package` names an archive."""
    rest = name.removeprefix(f"{wanted.name}-")
    return name == wanted.name or (rest != name and is_version(rest))


def _refuse_strange(one: Dependency, file: str) -> None:
    if one.repository.startswith(("@", "alias:")):
        raise Rejected(
            f"{file}: the dependency {one.name[:100]} comes from {one.repository[:100]!r}, "
            "which only a person's own Helm knows",
            remedy="Give the repository's URL.",
        )
    if "://" not in one.repository:
        raise Rejected(f"{file}: {shown(one.repository)!r} is no repository's URL")


def _folder(one: Dependency, version: str) -> str:
    """Return the name of a folder for it, beside which another version of the same chart has room."""
    name = f"{one.name}-{version}"
    if not _FOLDER.fullmatch(name):
        raise Rejected(f"{name[:200]!r} is no name of a chart and its version")
    return name
