"""The port: from what an application names to a Git tree on this machine."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, Final

import pygit2

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.charts.archives import ARTIFACT, CHART, Limits, unpack, without_top
from bot.repository.charts.artifacts import Artifact, artifact_of
from bot.repository.charts.classic import BELIEVED, ClassicRepository
from bot.repository.charts.index import Entry
from bot.repository.charts.registry import SCHEME, Layer, Reference, Registry
from bot.repository.charts.shelf import Shelf
from bot.repository.environment import Place
from bot.repository.fetching import ANONYMOUS, Client
from bot.repository.guard import shown

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_WAIT: Final = 600.0
"""Seconds to wait for another process that fetches the same."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A chart or an artifact, unpacked."""

    place: Place
    version: str
    """Of a chart, as its repository writes it; of what is asked for without `chart` or a version, its digest."""
    digest: str
    """Of the archive: `sha256:…`."""


def is_registry(repo_url: str) -> bool:
    """Whether a repository is one of an OCI registry: `oci://…`, or a host without a scheme as Argo CD writes it."""
    return repo_url.startswith(SCHEME) or "://" not in repo_url


def with_scheme(repo_url: str) -> str:
    """Return a repository's URL; of a registry with the scheme that Argo CD leaves out."""
    return f"{SCHEME}{repo_url}" if "://" not in repo_url else repo_url


class Charts:
    """Finds and fetches; safe to use from threads, and by several processes with the same folder."""

    def __init__(self, directory: Path, client: Client) -> None:
        self._shelf = Shelf(directory)
        self._client = client

    def find(self, repo_url: str, chart: str, target_revision: str, *, auth: Credentials = ANONYMOUS) -> Fetched:
        """Return what a source names, fetched unless it is here: no request is sent for what was found minutes ago.

        Without `chart`, `oci://…` is an artifact of files, or a chart, whose content stands as it is packed.
        `target_revision` is a version, a constraint (empty: `*`), and in a registry a tag or digest. Raises Rejected
        for what a person must change, in words that name the newest versions, and Temporary for what time may mend.
        """
        if is_registry(repo_url):
            if not chart and not repo_url.startswith(SCHEME):
                raise Rejected(f"{shown(repo_url)} is no repository of charts", remedy="Give `chart`, or use oci://….")
            at = Reference.of(repo_url, chart=chart, plain_http=auth.plain_http)
            return self._from_registry(at, target_revision, auth, chart=bool(chart))
        if not chart:
            raise Rejected(f"{shown(repo_url)}: name the chart", remedy="Give `chart`.")
        return self._from_index(repo_url, chart, target_revision, auth)

    def versions(self, repo_url: str, chart: str, *, auth: Credentials = ANONYMOUS) -> list[str]:
        """Return the versions of a chart in a repository that has an index, and is no registry.

        Raises Rejected when there is no such chart, and Temporary for what time may mend.
        """
        return ClassicRepository(self._client, self._shelf, repo_url, auth, reader_of(auth)).versions(chart)

    def _from_index(self, repo_url: str, chart: str, revision: str, auth: Credentials) -> Fetched:
        repository = ClassicRepository(self._client, self._shelf, repo_url, auth, reader_of(auth))
        entry = repository.entry(chart, revision)
        url = repository.url_of(entry)
        if url.startswith(SCHEME):
            at, _, tag = url.rpartition(":")
            return self._from_registry(Reference.of(at), tag, ANONYMOUS, chart=True)
        download = partial(repository.download, url, most=CHART.total)
        parcel = _Parcel(f"chart {chart} {entry.version} of {shown(repo_url)}", _digest_of(entry))
        identity = f"{repo_url}\0{reader_of(auth)}\0{chart}\0"
        if not parcel.digest:
            return self._unnamed(chart, identity, entry.version, download)
        place = self._shelf.put(chart, identity + parcel.digest, partial(parcel.fill, download), timeout=_WAIT)
        return Fetched(place, entry.version, parcel.digest)

    def _unnamed(self, chart: str, identity: str, version: str, download: Callable[[BinaryIO], None]) -> Fetched:
        """Fetch what the index gives no digest of; it may be another archive tomorrow."""
        key = f"archive\0{identity}{version}"
        note = self._shelf.note(key)
        known = note is not None and note[0] <= BELIEVED
        with tempfile.TemporaryFile() as file:
            if note is not None and known:
                digest = str(note[1])
            else:
                download(file)
                file.seek(0)
                digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
                file.seek(0)
                download = partial(shutil.copyfileobj, file)
            fill = partial(_Parcel(f"chart {chart} {version}", digest).fill, download)
            place = self._shelf.put(chart, identity + digest, fill, timeout=_WAIT)
        if not known:
            self._shelf.write_note(key, digest)
        return Fetched(place, version, digest)

    def _from_registry(self, at: Reference, revision: str, auth: Credentials, *, chart: bool) -> Fetched:
        registry, reader = Registry(self._client, at, auth), reader_of(auth)
        found = self._artifact(registry, at, (revision, reader), chart=chart)
        parcel = _Parcel(str(at), found.layer.digest, is_chart=found.is_chart)
        if found.layer.size > parcel.limits.total:
            raise Rejected(f"{at} has {found.layer.size:,} bytes; at most {parcel.limits.total:,} are taken")
        identity = f"{at}\0{at.origin}\0{reader}\0{found.layer.digest}\0{found.is_chart}"
        fill = partial(parcel.fill, partial(registry.blob, found.layer))
        place = self._shelf.put(at.name.rpartition("/")[2], identity, fill, timeout=_WAIT)
        return Fetched(place, found.version, found.layer.digest)

    def _artifact(self, registry: Registry, at: Reference, asked: tuple[str, str], *, chart: bool) -> Artifact:
        """Ask a registry what a revision means, unless that was asked a moment ago: registries count answers."""
        revision, reader = asked
        key = f"artifact\0{at}\0{at.origin}\0{reader}\0{revision}\0{chart}"
        note = self._shelf.note(key)
        if note is not None and note[0] <= BELIEVED:
            version, layer, is_chart = note[1]
            return Artifact(version, Layer(*layer), is_chart)
        found = artifact_of(registry, at, revision, chart=chart)
        self._shelf.write_note(key, astuple(found))
        return found


@dataclass(frozen=True, slots=True)
class _Parcel:
    """An archive that is to become a tree."""

    name: str
    digest: str
    is_chart: bool = True

    @property
    def limits(self) -> Limits:
        return CHART if self.is_chart else ARTIFACT

    def fill(self, download: Callable[[BinaryIO], None], repository: pygit2.Repository) -> str:
        """Download, hold the archive against its digest and unpack it."""
        with tempfile.TemporaryFile(dir=repository.path) as archive:
            download(archive)
            archive.seek(0)
            algorithm, _, wanted = self.digest.partition(":")
            if hashlib.file_digest(archive, algorithm).hexdigest() != wanted:
                raise Rejected(f"{self.name} is not what its digest says: its repository has another archive there")
            tree_id = unpack(archive, repository, limits=self.limits, name=self.name)
        return without_top(repository, tree_id, name=self.name) if self.is_chart else tree_id


def _digest_of(entry: Entry) -> str:
    """Return an entry's digest; empty when it has none that says anything."""
    return f"sha256:{entry.digest}" if _SHA256.fullmatch(entry.digest) else ""


@lru_cache(maxsize=256)
def reader_of(auth: Credentials) -> str:
    """Name who reads, so that nobody is given what somebody else may read; credentials cannot be told from it."""
    if auth == ANONYMOUS:
        return ""
    secret = "\0".join(map(str, astuple(auth)))
    return hashlib.scrypt(secret.encode(), salt=b"foresail charts", n=2**14, r=8, p=1, dklen=16).hex()
