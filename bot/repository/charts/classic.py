"""A classic chart repository: an index, and archives that it says the place of."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from bot.engine.versions import is_version
from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.charts.index import Entry, read_index
from bot.repository.charts.shelf import Shelf
from bot.repository.fetching import Answer, Client, Request, Sink
from bot.repository.guard import origin_of, shown
from bot.repository.versions import is_constraint, newest, there_are

BELIEVED: Final = 180.0
"""Seconds until a repository is asked again what it has, as Argo CD's repository server does by default."""
_MOST_INDEX: Final = 100 * 1024 * 1024
"""Bytes; Bitnami's has 30 MB."""
_LONGEST_NAME: Final = 100
_WAIT: Final = 120.0


@dataclass(frozen=True, slots=True)
class ClassicRepository:
    """One repository as one who may read it sees it."""

    client: Client
    shelf: Shelf
    url: str
    access: Credentials
    reader: str
    """Whose view of it is kept: others have another."""

    def entry(self, chart: str, revision: str) -> Entry:
        """Return the version of a chart that a revision means, asking anew when what is known has none."""
        started = time.monotonic()
        charts, age = self._charts(BELIEVED)
        try:
            return _chosen(charts, chart, revision, self.url)
        except Rejected:
            if age == 0:
                raise
        charts, _ = self._charts(time.monotonic() - started)
        return _chosen(charts, chart, revision, self.url)

    def versions(self, chart: str) -> list[str]:
        """Return the versions of a chart, in the order of the index; Rejected when it has no such chart."""
        charts, _ = self._charts(BELIEVED)
        if not charts.get(chart):
            raise Rejected(f"{shown(self.url)} has no chart {chart!r}", remedy=_alike(charts, chart))
        return [Entry(*fields).version for fields in charts[chart]]

    def url_of(self, entry: Entry) -> str:
        """Return where an entry's archive is, as helm `pkg/repo` (`ResolveReferenceURL`) finds it."""
        if "://" in entry.url:
            return entry.url
        base = urlsplit(self.url)
        found = urljoin(urlunsplit(base._replace(path=base.path.rstrip("/") + "/", query="")), entry.url)
        return urlunsplit(urlsplit(found)._replace(query=base.query))

    def download(self, url: str, into: Sink, *, most: int) -> None:
        """Write an archive into a file; Rejected when it is not there or may not be read."""
        answer = self.client.get(Request(url, origin_of(self.url), self.access, most=most), into)
        _refuse_failure(answer, url, "the chart is not there, though the index names it")

    def _charts(self, believed: float) -> tuple[Mapping[str, Any], float]:
        """Return what the index says, and how many seconds ago it did."""
        key = f"index\0{self.url}\0{self.reader}"
        note = self.shelf.note(key)
        if note is None or note[0] > believed:
            with self.shelf.once(key, timeout=_WAIT):
                again = self.shelf.note(key)
                if again is not None and again[0] <= believed:
                    note = again
                else:
                    fresh = self._fetched(again[1] if again is not None else {})
                    self.shelf.write_note(key, fresh)
                    return fresh["charts"], 0
        return note[1]["charts"], note[0]

    def _fetched(self, known: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for the index, unless it is still what is known."""
        parts = urlsplit(self.url)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/index.yaml"))
        headers = {"If-None-Match": known["etag"]} if known.get("etag") else {}
        with tempfile.TemporaryFile() as file:
            answer = self.client.get(Request(url, origin_of(url), self.access, headers, most=_MOST_INDEX), file)
            if answer.status == HTTPStatus.NOT_MODIFIED and known:
                return known
            _refuse_failure(answer, url, "there is no index of charts")
            file.seek(0)
            charts = read_index(file, shown(url))
        etag = answer.header("ETag")
        return {
            "etag": etag if etag.isascii() and etag.isprintable() and len(etag) <= _LONGEST_NAME else "",
            "charts": {name: [astuple(entry) for entry in entries] for name, entries in charts.items()},
        }


def _chosen(charts: Mapping[str, Any], chart: str, revision: str, url: str) -> Entry:
    entries = [Entry(*fields) for fields in charts.get(chart) or ()]
    versions = [entry.version for entry in entries]
    if not entries:
        raise Rejected(f"{shown(url)} has no chart {chart!r}", remedy=_alike(charts, chart))
    try:
        version = revision if revision in versions else _newest(revision, versions)
    except Rejected as error:
        raise Rejected(f"chart {chart} of {shown(url)}: {error.message}", remedy=error.remedy) from error
    return entries[versions.index(version)]


def _newest(revision: str, versions: Sequence[str]) -> str:
    # Helm takes `1.2` for `1.2.x` when nothing has exactly that version.
    if revision and not is_version(revision) and not is_constraint(revision):
        raise Rejected(
            f"there is no version {revision[:100]!r}; {there_are(versions)}",
            remedy="Write a version, a constraint such as 1.x, or * for the newest.",
        )
    return newest(revision, versions)


def _alike(charts: Mapping[str, Any], chart: str) -> str:
    wanted = chart.rpartition("/")[2].lower()
    alike = sorted(name for name in charts if wanted in name.lower() and len(name) <= _LONGEST_NAME)[:5]
    return f"It has {', '.join(alike)}." if alike and all(map(str.isprintable, alike)) else ""


def _refuse_failure(answer: Answer, url: str, missing: str) -> None:
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise Rejected(
            f"{shown(url)}: the server denies access",
            remedy="Check the credentials that Foresail has for the repository; they go to its own host only.",
        )
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise Rejected(f"{shown(url)}: {missing}", remedy="Check the URL.")
    if answer.status != HTTPStatus.OK:
        raise Rejected(f"{shown(url)}: the server answers {answer.status}")
