"""Remote bases of kustomizations: as whom they are fetched, and at which commit.

Credentials are for what the project permits, and of a change's own state only for what the target branch names
already: whoever opens a pull request must not have a private repository shown to them. All else is fetched as anybody
would, into mirrors that nothing else is in.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model.changes import repository_address
from bot.model.credentials import Credentials
from bot.repository.directory import MOST_BYTES
from bot.repository.fetching import Request
from bot.repository.guard import origin_of
from bot.repository.remotes.bases import Fetched
from bot.repository.revisions import SHA, beside
from bot.repository.transport import refuse_strange

if TYPE_CHECKING:
    from bot.repository.fetching import Client
    from bot.repository.mirrors import Mirror, Mirrors
    from bot.repository.remotes.references import Base

BELIEVED: Final = 180.0
"""Seconds in which a branch or file is not asked for again: both sides of a preview see the same, as with charts."""
_MOST_FILES: Final = 100
_NOBODY: Final = Credentials(project=" ")
"""Whoever reads what everybody may; no project has this name."""


@dataclass(frozen=True, slots=True)
class BaseFetching:
    """How the bases of one kustomization are fetched."""

    mirrors: Mirrors
    access: Callable[[str], Credentials | None]
    """As whom the project reads a repository's URL."""
    refused: Callable[[str], str]
    """Why the project may not use it; empty: it may."""
    submodules: Callable[[str, Mirror, str], tuple[Mirror, str]]
    """Puts the submodules of a repository, by its URL, into one of its trees."""
    known: frozenset[str] | None = None
    """Addresses of the repositories that the target branch names; None: this is no change's own state."""

    def fetch(self, base: Base) -> Fetched:
        """Return a repository at what a base's ref means now; Rejected when that may not be fetched or is not there."""
        refuse_strange(base.url)
        stranger = self.known is not None and repository_address(base.url) not in self.known
        auth = _NOBODY if stranger or self.refused(base.url) else self.access(base.url)
        try:
            mirror, commit, moves = self._meant(base, auth)
        except Rejected as error:
            if auth is not _NOBODY:
                raise
            raise Rejected(f"{error.message}; it was fetched without credentials: {self._why(stranger)}") from error
        tree_id = mirror.tree_of(commit)
        if base.submodules:
            mirror, tree_id = self.submodules(base.url, mirror, tree_id)
        return Fetched(mirror, tree_id, commit, moves)

    def _why(self, stranger: bool) -> str:  # noqa: FBT001 - one word of two
        return "the target branch does not name it yet" if stranger else "the project does not permit it"

    def _meant(self, base: Base, auth: Credentials | None) -> tuple[Mirror, str, bool]:
        """Return the mirror, the commit, and whether another may be meant tomorrow; as `git fetch` reads a ref."""
        if SHA.fullmatch(base.ref):
            here = self.mirrors.holding(base.url, base.ref, auth=auth)
            return here or self.mirrors.refresh(base.url, auth=auth, wanted=[base.ref]), base.ref, False
        wanted = [beside(base.ref)] if beside(base.ref) else []
        names = [f"refs/tags/{base.ref}", f"refs/heads/{base.ref}", f"refs/{base.ref}"]
        names = ["HEAD"] if not base.ref else [base.ref] if base.ref.startswith("refs/") else names
        for fresh_for in (BELIEVED, 0.0):
            mirror = self.mirrors.refresh(base.url, auth=auth, wanted=wanted, fresh_for=fresh_for)
            for name in names:
                with suppress(Rejected):
                    return mirror, mirror.resolve(name), not name.startswith("refs/tags/")
        raise Rejected(f"the repository has no branch or tag {base.ref!r}")


@dataclass(slots=True)
class RemoteFiles:
    """Files by URL, each believed for a while; got as anybody would."""

    client: Client
    only_named: bool = False
    """Whether they are got only from whom the operator names."""
    most: int = MOST_BYTES
    """Bytes of one file."""
    _kept: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    def get(self, url: str) -> bytes:
        """Return a file's content; Rejected when it may not be fetched or is not there, Temporary for what may mend."""
        known = self._kept.get(url)
        if known is not None and time.monotonic() - known[0] < BELIEVED:
            return known[1]
        into = io.BytesIO()
        answer = self.client.get(Request(url, origin_of(url), most=self.most, only_named=self.only_named), into)
        if answer.status != HTTPStatus.OK:
            raise Rejected(f"the server answers {answer.status}", remedy="Check the URL.")
        self._kept[url] = (time.monotonic(), into.getvalue())
        while len(self._kept) > _MOST_FILES:
            del self._kept[next(iter(self._kept))]
        return into.getvalue()
