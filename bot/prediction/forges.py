"""Facts of a forge for generators of ApplicationSets: its open changes by the forge port, its branches by Git."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.engine.applicationsets.facts import ForgeRepository, NotKnownError, Place, PullRequest
from bot.errors import Rejected
from bot.model.applications import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from bot.forges.port import Forge
    from bot.model.changes import Change
    from bot.prediction.trees import Trees
    from bot.repository.mirrors import Mirror

_CLOSED: Final = 200
"""Changes that were closed of late: two requests."""


@dataclass
class ForgeListing:
    """What generators ask of the forge that Foresail serves; each thing is asked once.

    What another forge has is not known: credentials that a generator names are not used, this forge's own are.
    """

    forge: Forge
    provider: str
    """`github` or `gitlab`."""
    api: str
    """URL of its API."""
    trees: Trees
    only: frozenset[str] | None = None
    """Repositories that may be asked about, in lower case, where a change asks; None: all."""
    closed: bool = False
    """Whether changes count that were closed of late: what tells why some are not open any more."""
    _changes: dict[str, tuple[PullRequest, ...]] = field(default_factory=dict)
    _mirrors: dict[str, Mirror] = field(default_factory=dict)

    def with_closed(self) -> Self:
        """Return the same with changes that were closed of late."""
        return replace(self, closed=True, _changes={}, _mirrors={})

    def pull_requests(self, place: Place) -> Sequence[PullRequest]:
        """Return the open changes of a repository, without those of forks: these bring what nobody here wrote."""
        self._check(place)
        if self.only is not None and place.path.lower() not in self.only:
            raise NotKnownError(
                f"the open changes of {place.path} are not looked at for a change of another repository"
            )
        if place.path not in self._changes:
            repository = self.forge.repository(place.path)
            more = islice(self.forge.closed_changes(repository), _CLOSED) if self.closed else ()
            found = chain(self.forge.open_changes(repository), more)
            self._changes[place.path] = tuple(_pull_request(one) for one in found if not one.from_fork)
        return self._changes[place.path]

    def repositories(self, place: Place) -> Sequence[ForgeRepository]:
        """Return those of an owner, or below it, that Foresail serves; Rejected where it serves none."""
        self._check(place)
        if self.only is not None:
            raise NotKnownError(f"the repositories of {place.path} are not looked at before a change is merged")
        below = f"{place.path.lower()}/"
        found = [
            ForgeRepository(one.full_name, one.clone_url, one.default_branch)
            for one in self.forge.repositories()
            if one.full_name.lower().startswith(below)
        ]
        if not found:
            raise Rejected(f"Foresail serves no repository of {place.path}", remedy="Install its App there.")
        return found

    def branches(self, repository: ForgeRepository) -> Mapping[str, str]:
        """Return the branches as they are now."""
        return self._mirror(repository).branches()

    def has_path(self, repository: ForgeRepository, commit: str, path: str) -> bool:
        """Whether there is a file or folder."""
        mirror = self._mirror(repository)
        return mirror.entry(mirror.tree_of(commit), path) is not None

    def _mirror(self, repository: ForgeRepository) -> Mirror:
        if repository.url not in self._mirrors:
            self._mirrors[repository.url] = self.trees.following(Source(repo_url=repository.url))
        return self._mirrors[repository.url]

    def _check(self, place: Place) -> None:
        if place.provider != self.provider:
            raise NotKnownError(f"{place.path} is on {place.provider}, and this Foresail serves {self.provider}")
        if place.api and _host(place.api) != _host(self.api):
            raise NotKnownError(f"{place.path} is on {_host(place.api)}, and this Foresail serves {_host(self.api)}")


def _host(api: str) -> str:
    try:
        return urlsplit(api).netloc.lower()
    except ValueError:
        return api


def _pull_request(change: Change) -> PullRequest:
    return PullRequest(
        number=change.number,
        title=change.title,
        branch=change.head_branch,
        target_branch=change.base_branch,
        head_sha=change.head_sha,
        author=change.author,
        labels=change.labels,
    )
