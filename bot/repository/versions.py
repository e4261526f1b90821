"""Which of the versions that there are a `targetRevision` means: of charts, OCI artifacts and Git tags.

Source: argo-cd `util/versions/tags.go` (`MaxVersion`, `IsConstraint`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from bot.engine.versions import constraint_of, is_version, versions_of
from bot.errors import Rejected

ANY: Final = "*"
_NAMED: Final = 5
"""Versions named to whoever asked for one that is not there."""
_KEPT: Final = 1_000
"""Revisions of which it is remembered what they are: thousands of applications follow a few."""


@functools.lru_cache(maxsize=_KEPT)
def is_constraint(revision: str) -> bool:
    """Whether a revision asks for the newest of some versions; not when it is one version, or no such language."""
    if is_version(revision):
        return False
    try:
        constraint_of(revision)
    except Rejected:
        return False
    return True


def newest(constraint: str, available: Sequence[str], *, prefix: str = "") -> str:
    """Return the newest of `available` that a constraint allows, as it is written there; empty means `*`.

    Only what begins with `prefix` is looked at, and compared without it. Rejected when the constraint is none, or
    nothing fits; it names the newest that there are.
    """
    bare = [name.removeprefix(prefix) for name in available if name.startswith(prefix)]
    wanted = constraint_of(constraint or ANY)
    fitting = [one for one in versions_of(bare) if wanted.holds(one)]
    if not fitting:
        raise Rejected(f"no version fits {constraint or ANY!r}; {there_are(bare)}")
    return prefix + max(fitting, key=lambda one: one.precedence).original


def there_are(available: Sequence[str]) -> str:
    """Return a few words on which versions there are, newest first."""
    found = sorted(versions_of(available), key=lambda one: one.precedence, reverse=True)
    if not found:
        return "there is none" if not available else f"none of the {len(available)} there are is a semantic version"
    names = ", ".join(one.original for one in found[:_NAMED])
    return f"the newest of {len(found)} are {names}" if len(found) > _NAMED else f"there are {names}"
