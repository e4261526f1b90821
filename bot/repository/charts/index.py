"""The index of a classic chart repository, read as a stream: real ones have thirty megabytes.

Source: https://helm.sh/docs/topics/chart_repository/#the-index-file
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import yaml
from yaml.reader import ReaderError

from bot.errors import Rejected

_MOST_EVENTS: Final = 20_000_000
"""About 30 s of reading; Bitnami's 30 MB have 1.7 million."""
_MOST_TEXT: Final = 32 * 1024 * 1024
"""Characters of names, versions, URLs and digests; Bitnami's have 4 million."""
_DEEPEST: Final = 100
_ENTRY: Final = 100
"""Characters that an entry counts for besides: it takes memory, too."""
_NULL: Final = frozenset({"", "null", "~"})
_FIELDS: Final = frozenset({"version", "digest", "urls"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a chart."""

    version: str
    url: str
    """Where it is, possibly relative to the repository: the first that the index names, as Helm takes it."""
    digest: str = ""
    """Hexadecimal SHA-256 of the archive; empty when the index does not say."""


def read_index(file: BinaryIO, name: str) -> dict[str, list[Entry]]:
    """Return the versions of every chart, in the order of the index; Rejected, beginning with `name`, when it is none.

    Versions without a URL are left out, and so is everything else that an index says.
    """
    try:
        return _Reader(file).charts()
    except ReaderError as error:
        raise Rejected(f"{name} is no index of charts: {error.reason}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise Rejected(f"{name} is no index of charts: it is not YAML{where}") from error
    except _StrangeError as error:
        raise Rejected(f"{name} is no index of charts: {error}") from error


class _StrangeError(Exception):
    """The index is not what Helm writes."""


class _Reader:
    """Goes through libyaml's events once; aliases are passed over, never followed."""

    def __init__(self, file: BinaryIO) -> None:
        self._events = _counted(yaml.parse(file, Loader=yaml.CSafeLoader))
        self._kept = 0

    def charts(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        while not isinstance(event := next(self._events), yaml.NodeEvent):
            if isinstance(event, yaml.StreamEndEvent):
                raise _StrangeError("it is empty")
        for key in self._keys(event, "it"):
            if key != "entries":
                self._skip(next(self._events))
                continue
            for chart in self._keys(next(self._events), "`entries`"):
                found[chart] = [entry for one in self._items(next(self._events)) if (entry := self._entry(one))]
        return found

    def _entry(self, event: yaml.Event) -> Entry | None:
        fields: dict[str, list[str]] = {}
        for key in self._keys(event, "an entry"):
            value = next(self._events)
            if key in _FIELDS:
                fields[key] = self._texts(value)
            else:
                self._skip(value)
        version, url, digest = ((fields.get(name) or [""])[0] for name in ("version", "urls", "digest"))
        if not version or not url:
            return None
        self._kept += len(version) + len(url) + len(digest) + _ENTRY
        if self._kept > _MOST_TEXT:
            raise _StrangeError("it names more versions than any repository has")
        return Entry(version, url, digest.removeprefix("sha256:").lower())

    def _texts(self, event: yaml.Event) -> list[str]:
        """Read a text, or the texts of a list."""
        if isinstance(event, yaml.ScalarEvent):
            return [event.value]
        if not isinstance(event, yaml.SequenceStartEvent):
            self._skip(event)
            return []
        found = []
        for one in self._items(event):
            if isinstance(one, yaml.ScalarEvent):
                found.append(one.value)
            else:
                self._skip(one)
        return found

    def _keys(self, event: yaml.Event, what: str) -> Iterator[str]:
        """Yield each key of a mapping; whoever takes it also takes its value."""
        if isinstance(event, yaml.ScalarEvent) and event.value in _NULL:
            return
        if not isinstance(event, yaml.MappingStartEvent):
            raise _StrangeError(f"{what} is not a mapping")
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _StrangeError(f"{what} has a key that is no text")
            yield key.value

    def _items(self, event: yaml.Event) -> Iterator[yaml.Event]:
        """Yield how each item of a list begins; whoever takes it also takes the rest of it."""
        if isinstance(event, yaml.ScalarEvent) and event.value in _NULL:
            return
        if not isinstance(event, yaml.SequenceStartEvent):
            raise _StrangeError("the versions of a chart are no list")
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            yield item

    def _skip(self, event: yaml.Event) -> None:
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise _StrangeError(f"it is nested deeper than {_DEEPEST} levels")
            if depth == 0:
                return
            event = next(self._events)


def _counted(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    for count, event in enumerate(events):
        if count > _MOST_EVENTS:
            raise _StrangeError(f"it has more than {_MOST_EVENTS:,} parts")
        yield event
    raise _StrangeError("it ends too early")
