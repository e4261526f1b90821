"""Renders that all replicas share: named by content, sealed, and never in the way when Redis is.

A name is a keyed digest of everything a render depends on. Manifests hold Secrets, so nothing goes to Redis unsealed,
and what was not written by a holder of the secret is no render.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
import structlog
from pydantic import BaseModel

from bot.errors import Rejected, Temporary
from bot.repository.environment import Place
from bot.repository.frames import LARGEST
from bot.repository.inputs import inputs_of
from bot.repository.mirrors import Mirror
from bot.repository.render import Rendered
from bot.repository.tools import Tool
from bot.store.connection import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.rendering.versions import Versions
    from bot.repository.render import RenderRequest
    from bot.store.renders import Renders
    from bot.store.seal import Seal

_log = structlog.get_logger()
Found = TypeVar("Found")

CLAIM: Final = 20.0
"""Seconds somebody who makes a render is waited for; whoever was killed over it is waited for no longer."""
_SILENCE: Final = TIMEOUT + 8.0
"""Seconds a Redis that is away is left alone."""
_WHERE: Final = frozenset({"repository", "tree_id"})
"""What of a request says where its files are; the digest of what is read stands for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a render that was asked of another process is not on the shelf."""

    failed: bool
    """Whether the source is at fault; else who asks has to render it."""
    words: str


class Shelf:
    """Shared renders. No call fails because of Redis: then there is nothing, and everything is ours to make."""

    def __init__(self, renders: Renders, seal: Seal, versions: Versions) -> None:
        self._renders = renders
        self._seal = seal
        self._versions = versions
        self._away_until = 0.0

    def name(self, request: RenderRequest) -> str | None:
        """Return a name that equal renders have, and no others; None when it cannot be told whether they are equal."""
        read = inputs_of(Mirror(request.repository), request.tree_id, request.source)
        if read.tool is Tool.PLUGIN:
            return None  # a command of the operator's, which may do something else from one day to the next
        told = {one.name: getattr(request, one.name) for one in fields(request) if one.name not in _WHERE}
        words = [self._versions.digest(), read.digest or request.tree_id, told]
        return self._seal.name(orjson.dumps(words, default=_plain, option=orjson.OPT_SORT_KEYS))

    def look(self, names: Sequence[str], *, who: str = "") -> tuple[dict[str, Rendered], set[str]]:
        """Return what is there, and what is for `who` to make, which others wait for from now on.

        Without a `who` that is only what cannot be had because Redis is away.
        """
        found = self._ask(lambda: self._renders.look(names, who=who, claim=CLAIM))
        if found is None:
            return {}, set(names)
        rendered = {name: one for name, entry in found.entries.items() if (one := self._opened(name, entry))}
        return rendered, {*found.ours, *(found.entries.keys() - rendered.keys())}

    def keep(self, name: str, rendered: Rendered, *, who: str = "") -> bool:
        """Keep what `who` has made; False when it is too large to be kept, or Redis is away."""
        entry = self._seal.closed(name, orjson.dumps([rendered.manifests, list(rendered.varying.items())]))
        return bool(self._ask(lambda: self._renders.keep(name, entry, who=who)))

    def renew(self, names: Iterable[str], *, who: str) -> None:
        """Have others wait on for what `who` is making."""
        self._ask(lambda: self._renders.renew(names, who=who, claim=CLAIM))

    def release(self, names: Iterable[str], *, who: str) -> None:
        """Let others make what was for `who` to make."""
        self._ask(lambda: self._renders.release(names, who=who))

    def say(self, name: str, answer: Answer, *, seconds: int) -> None:
        """Say for a while why there is no such render."""
        words = self._seal.closed(f"answer {name}", orjson.dumps(asdict(answer)))
        self._ask(lambda: self._renders.answer(name, words, seconds=seconds))

    def said(self, names: Sequence[str]) -> dict[str, Answer]:
        """Return what was said of renders that there are not."""
        found = self._ask(lambda: self._renders.answers(names)) or {}
        opened = {name: self._seal.opened(f"answer {name}", words, most=LARGEST) for name, words in found.items()}
        return {name: Answer(**orjson.loads(words)) for name, words in opened.items() if words is not None}

    def sealed(self, name: str, content: bytes) -> str:
        """Return what a job of that name is to be given."""
        return b64encode(self._seal.closed(f"job {name}", content)).decode()

    def unsealed(self, name: str, text: str) -> bytes:
        """Return what a job of that name was given; Rejected when that was none of us."""
        content = self._seal.opened(f"job {name}", b64decode(text), most=LARGEST)
        if content is None:
            raise Rejected("the job was given by somebody with another FORESAIL_CACHE_KEY")
        return content

    def _opened(self, name: str, entry: bytes) -> Rendered | None:
        content = self._seal.opened(name, entry, most=LARGEST)
        if content is None:
            _log.warning("a shared render is not what was written", name=name)
            return None
        manifests, varying = orjson.loads(content)
        return Rendered(tuple(manifests), dict(varying))

    def _ask(self, question: Callable[[], Found]) -> Found | None:
        """Ask Redis; None while it is away, and for a while after that."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return question()
        except Temporary as error:
            self._away_until = time.monotonic() + _SILENCE
            _log.warning("renders are not shared for a while", reason=error.message)
            return None


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True)
        case Place(tree_id=tree_id):
            return tree_id
        case Mapping():
            return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a render's name")
