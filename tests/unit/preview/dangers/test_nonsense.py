"""Objects that nobody would write, and somebody will."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.model.resources import JsonObject
from bot.preview.dangers import inquiry, judged
from tests.unit.preview.dangers.examples import CHANGES, KNOWLEDGE
from tests.unit.preview.dangers.scenes import change, scene

_NONSENSE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.just(0.5), st.sampled_from(["", "*", "0%", "x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["name", "a"]), inner)),
    max_leaves=4,
)
_OBJECTS = [side.manifest for states in CHANGES.values() for one in states for side in (one.base, one.head) if side]


@st.composite
def broken(draw: st.DrawFn) -> JsonObject:
    """Return an ordinary object with one field, at any depth, made nonsense."""
    return draw(_broken(draw(st.sampled_from(_OBJECTS)), top=True))


@st.composite
def _broken(draw: st.DrawFn, value: Any, *, top: bool = False) -> Any:
    if isinstance(value, dict):
        names = sorted(value.keys() - ({"apiVersion", "kind", "metadata"} if top else set()))
        if names and (top or draw(st.booleans())):
            name = draw(st.sampled_from(names))
            return {**value, name: draw(_broken(value[name]))}
        return value if top else draw(_NONSENSE)
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(_broken(value[place])), *value[place + 1 :]]
    return draw(_NONSENSE)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.none() | broken(), st.none() | broken()), max_size=4))
def test_no_object_keeps_the_others_from_being_judged(pairs: list[tuple[JsonObject | None, JsonObject | None]]) -> None:
    sides = [pair for pair in pairs if any(pair)]
    states = [change(before, _like(before, after)) for before, after in sides]
    subject = scene(*states, knowledge=KNOWLEDGE, percent=50)

    assert inquiry(subject) == inquiry(subject)
    assert judged(subject).resources is not None


def _like(before: JsonObject | None, after: JsonObject | None) -> JsonObject | None:
    """Give the object its other side's identity: one object has both."""
    if before is None or after is None:
        return after
    return {**after, **{name: before[name] for name in ("apiVersion", "kind", "metadata")}}
