"""In which applications a commit is to be seen: found once by its delivery, and found anew when Redis forgot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.prediction.selection import Selection
    from bot.services import Services


@dataclass(frozen=True, slots=True)
class Expected:
    """What a commit is expected to reach; whoever tells how far it has come looks at no other application."""

    branches: tuple[str, ...]
    """Those on which it was delivered."""
    parents: Mapping[str, str]
    """Each application, with the one that declares it, empty when none does."""
    definitions: Mapping[str, str]
    """What each of them asks for with the commit, as `ApplicationSpec.definition` says it."""
    generators: Mapping[str, str] = field(default_factory=dict)
    """Those of them that ApplicationSets generate, with which one does."""

    @classmethod
    def recall(cls, services: Services, repository: str, commit: str) -> Expected | None:
        """Return what was kept; None when nobody knows any more."""
        kept = services.memory.expected(repository, commit)
        if kept is None:
            return None
        read = orjson.loads(kept)
        return cls(tuple(read["branches"]), read["parents"], read.get("definitions", {}), read.get("generators", {}))


def keep_expected(services: Services, repository: str, commit: str, *, branch: str, selection: Selection) -> Expected:
    """Remember which applications a commit is to be seen in; those that it removes are not waited for.

    What was expected before still is: somebody may have deleted the Application since, and has to be told of that.
    """
    earlier = Expected.recall(services, repository, commit) or Expected((), {}, {})
    heads = [candidate.head for candidate in selection.candidates if candidate.head is not None]
    found = {head.name: selection.parents.get(head.name, "") for head in heads}
    definitions = {head.name: head.spec.definition for head in heads}
    branches = tuple(dict.fromkeys((*earlier.branches, branch)))
    expected = Expected(
        branches,
        {**earlier.parents, **found},
        {**earlier.definitions, **definitions},
        {**earlier.generators, **selection.generators},
    )
    services.memory.keep_expected(repository, commit, orjson.dumps(expected))
    return expected
