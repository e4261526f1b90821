"""Where a change meets drift: what was changed in the cluster and in Git at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.diff.equality import same
from bot.engine.diff.paths import changed_fields

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_MOST_NAMED: Final = 3
_ALREADY: Final = "the cluster is like this already: merging writes nothing that is not there"


def overlap(live: JsonObject, base: JsonObject, head: JsonObject) -> str:
    """Say how drift (live → base) and effect (base → head) of one object meet, empty when they do not.

    The three are what `comparable` leaves of an object.
    """
    if same(live, head):
        return _ALREADY
    drifted = list(changed_fields(live, base))
    both = [field for field in changed_fields(base, head) if any(_touch(field, other) for other in drifted)]
    if not both:
        return ""
    more = f" and {len(both) - _MOST_NAMED} more" if len(both) > _MOST_NAMED else ""
    return f"drifted in what the change is about: {', '.join(both[:_MOST_NAMED])}{more}"


def _touch(one: str, other: str) -> bool:
    """Whether one field is the other or holds it."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
