"""Which tags, digests and chart versions there are: asked once for all applications of a round.

What was answered is noted where the operator wants it noted, so that the next round asks only whether it still holds.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import orjson

from bot.errors import ForesailError, Rejected, Temporary
from bot.repository.charts.charts import is_registry, reader_of
from bot.repository.charts.registry import SCHEME, Reference, Registry
from bot.repository.fetching import ANONYMOUS

if TYPE_CHECKING:
    from bot.model.credentials import Credentials
    from bot.repository.charts.charts import Charts
    from bot.repository.fetching import Client

SOURCE: Final = "org.opencontainers.image.source"
"""https://github.com/opencontainers/image-spec/blob/main/annotations.md"""
_AT_ONCE: Final = 8
"""Requests at a time."""
_LONGEST: Final = 240.0
"""Seconds of a round that go into asking: the job that makes it has to end by itself."""
_MOST_NOTED: Final = 256 << 10
"""Bytes of what is noted of one image; of one with more tags they are asked for in each round."""
_ROOM: Final = 256 << 20
"""Bytes of all tags of a round: nobody's registry is to take the memory of a worker."""
_OF_ONE: Final = 64
"""Bytes that a tag takes beside its characters."""
_Found = TypeVar("_Found")


class Notes(Protocol):
    """What is remembered between two rounds; all of it may be gone at any time."""

    def noted(self, key: str) -> bytes | None:
        """Return what was noted under a key; None: nothing, or nobody knows any more."""

    def keep_note(self, key: str, value: bytes) -> None:
        """Note something under a key, for some days."""


class Forgetful:
    """Notes of somebody who asks once: none."""

    def noted(self, key: str) -> bytes | None:
        """Return None."""

    def keep_note(self, key: str, value: bytes) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Available:
    """What registries and chart repositories have, each asked once; for one round.

    An error is remembered like an answer, and a host that does not answer somebody is not asked again as them: it costs
    a time limit a round, not one an application. However slow they all are, a round ends.
    """

    client: Client
    charts: Charts
    auth_for: Callable[[str, str], Credentials | None]
    """By URL and project, how a registry or chart repository is reached."""
    notes: Notes = field(default_factory=Forgetful)
    believed: float = 0.0
    """Seconds for which a list of tags that is noted is not asked for again, by whichever process."""
    _found: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _away: dict[tuple[str, str], Temporary] = field(default_factory=dict)
    """By host, and as whom it was asked: a proxy or certificate of one project's says nothing of the others'."""
    _threads: int = 1
    _spent: float = 0.0
    """Seconds for which somebody has waited; of several at a time each adds its share."""
    _taken: int = 0
    """Bytes of the tags that are known."""

    def ask_ahead(self, images: Iterable[tuple[str, str, str]]) -> None:
        """Ask for the tags of images, or for what one tag of each stands for; several at once.

        Each comes as image, tag (empty: all) and project. What fails is told to who needs it.
        """

        def ask(wanted: tuple[str, str, str]) -> None:
            image, tag, project = wanted
            with suppress(ForesailError):
                _ = self.digest(image, tag, project) if tag else self.tags(image, project)

        if wanted := list(set(images)):
            random.shuffle(wanted)  # where there is not the time for all of them, each has its turn in some round
            self._threads = min(_AT_ONCE, len(wanted))
            with ThreadPoolExecutor(self._threads, thread_name_prefix="registries") as threads:
                list(threads.map(ask, wanted))
            self._threads = 1

    def tags(self, image: str, project: str) -> list[str]:
        """Return the tags of an image, `ghcr.io/acme/web`; raises what the registry's refusal is."""
        access = self._access(f"{SCHEME}{image}", project)
        return self._once(("tags", image, reader_of(access)), lambda: self._tags(image, access))

    def digest(self, image: str, tag: str, project: str) -> str:
        """Return what a tag of an image stands for now; empty where there is no such tag."""
        access = self._access(f"{SCHEME}{image}", project)
        key = ("digest", image, tag, reader_of(access))
        return self._once(key, lambda: self._registry(image, access).digest(tag))

    def source(self, image: str, tag: str, project: str) -> str:
        """Return where a publisher says that an image comes from; empty where it says nothing."""
        access = self._access(f"{SCHEME}{image}", project)
        key = ("source", image, tag, reader_of(access))
        return self._once(key, lambda: self._registry(image, access).annotations(tag).get(SOURCE, ""))

    def versions(self, repo_url: str, chart: str, project: str) -> list[str]:
        """Return the versions of a chart in its repository."""
        access = self._access(repo_url, project)
        if is_registry(repo_url):
            name = "/".join((repo_url.removeprefix(SCHEME).strip("/"), chart))
            key = ("tags", name, reader_of(access))
            return [tag.replace("_", "+") for tag in self._once(key, lambda: self._tags(name, access))]
        whole = ("chart", repo_url, chart, reader_of(access))
        return self._once(whole, lambda: self.charts.versions(repo_url, chart, auth=access))

    def _once(self, key: tuple[str, ...], ask: Callable[[], _Found]) -> _Found:
        if key not in self._found:
            if self._spent > _LONGEST:
                raise Temporary("others have taken so long that this was not asked for; the next round does")
            began = time.monotonic()
            self._found[key] = self._asked(key, ask)
            self._spent += (time.monotonic() - began) / self._threads
        found: _Found = self._found[key]
        if isinstance(found, ForesailError):
            raise found
        return found

    def _asked(self, key: tuple[str, ...], ask: Callable[[], _Found]) -> _Found | ForesailError:
        host = key[1].partition("://")[2].partition("/")[0] or key[1].partition("/")[0]
        at = (host, key[-1])
        if at in self._away:
            return self._away[at]
        try:
            return ask()
        except Temporary as error:
            self._away[at] = error
            return error
        except ForesailError as error:
            return error

    def _tags(self, image: str, access: Credentials) -> list[str]:
        at = Reference.of(f"{SCHEME}{image}", plain_http=access.plain_http)
        whose = f"{at.origin}\0{at.name}\0{reader_of(access)}".encode()
        key = hashlib.sha256(whose).hexdigest()
        asked_at, etag, known = self._noted(key)
        if 0 <= time.time() - asked_at < self.believed:
            return known
        found = Registry(self.client, at, access).tags_unless(etag)
        tags = known if found.unchanged else found.tags
        self._taken += sum(len(tag) + _OF_ONE for tag in tags)
        if self._taken > _ROOM:
            raise Rejected(f"{at}: all images together have more tags than there is room for")
        note = orjson.dumps([time.time(), found.etag, tags])
        if len(note) <= _MOST_NOTED:
            self.notes.keep_note(key, note)
        return tags

    def _noted(self, key: str) -> tuple[float, str, list[str]]:
        kept = self.notes.noted(key)
        if kept is None:
            return 0.0, "", []
        try:
            asked_at, etag, tags = orjson.loads(kept)
            return float(asked_at), str(etag), [str(tag) for tag in tags]
        except (ValueError, TypeError):
            return 0.0, "", []

    def _registry(self, image: str, access: Credentials) -> Registry:
        return Registry(self.client, Reference.of(f"{SCHEME}{image}", plain_http=access.plain_http), access)

    def _access(self, url: str, project: str) -> Credentials:
        return self.auth_for(url, project) or ANONYMOUS
