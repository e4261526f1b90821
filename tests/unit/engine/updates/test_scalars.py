"""One value is exchanged, and every other byte stays."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.engine.updates.scalars import edited, scalars, shown
from bot.errors import Rejected
from bot.model.updates import Edit, Way

_KEYS = st.text(alphabet="abcdefgh-_ é#:'\"🙂", min_size=1, max_size=6)
_VALUES = st.one_of(
    st.text(alphabet="abc01.- :#'\"\\é🙂\n\t", max_size=12),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
)
_DOCUMENTS = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
_NEW = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,20}[A-Za-z0-9]\Z")
_COMMENT = "# über: 🙂 'quoted' \"too\"\n"


def _put(value: Any, way: Way, new: str) -> Any:
    if not way:
        return new
    step, *rest = way
    if isinstance(value, list):
        return [_put(one, tuple(rest), new) if place == step else one for place, one in enumerate(value)]
    return {key: _put(one, tuple(rest), new) if key == step else one for key, one in value.items()}


@settings(deadline=None)
@given(
    st.lists(_DOCUMENTS, min_size=1, max_size=3),
    _NEW,
    st.data(),
    st.tuples(st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([None, True, False])),
)
def test_nothing_but_the_value_differs(
    documents: list[Any],
    new: str,
    data: st.DataObject,
    layout: tuple[str, bool, bool | None],
) -> None:
    line_end, with_mark, flow = layout
    written = yaml.safe_dump_all(documents, allow_unicode=True, explicit_start=True, default_flow_style=flow, indent=3)
    text = _COMMENT + written.replace("\n", line_end) + _COMMENT
    content = (codecs.BOM_UTF8 if with_mark else b"") + text.encode()
    possible = [one for one in scalars(content) if not one.refusal]
    assume(possible)
    chosen = data.draw(st.sampled_from(possible))
    after = edited(content, [Edit("f", chosen.document, chosen.way, chosen.value, new)])

    expected = list(yaml.safe_load_all(content.decode("utf-8-sig")))
    expected[chosen.document] = _put(expected[chosen.document], chosen.way, new)
    assert list(yaml.safe_load_all(after.decode("utf-8-sig"))) == expected
    mark = len(codecs.BOM_UTF8) if with_mark else 0
    start = mark + len(text[: chosen.start].encode())
    end = mark + len(text[: chosen.end].encode())
    assert after[:start] == content[:start]
    assert after.endswith(content[end:])


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("tag: v1 # keep\n", "v2", "tag: v2 # keep\n"),
        ("tag: '1.2.3'\r\n", "1.2.4", "tag: '1.2.4'\r\n"),
        ('tag: "1.2.3"', "1.2.4", 'tag: "1.2.4"'),
        ("tag: 1.27.0", "1.28", 'tag: "1.28"'),
        ("{a: 1, tag: 1.9}", "1.10", '{a: 1, tag: "1.10"}'),
        ("tag: abc", "20240101", 'tag: "20240101"'),
        ("tag: abc", "1e3", 'tag: "1e3"'),
        ("tag: abc", "on", 'tag: "on"'),
        ("tag: abc", "2024-01-02", 'tag: "2024-01-02"'),
        ("tag: 1.2.3", "1.2.4", "tag: 1.2.4"),
        ("tag:   web:v1   ", "web:v2@sha256:ab", "tag:   web:v2@sha256:ab   "),
    ],
)
def test_a_value_stays_a_text(before: str, new: str, after: str) -> None:
    (scalar,) = [one for one in scalars(before.encode()) if one.way == ("tag",)]
    changed = edited(before.encode(), [Edit("f", 0, ("tag",), scalar.value, new)])
    assert changed.decode() == after
    assert yaml.safe_load(changed)["tag"] == new


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tag: &v v1\nother: *v\n", "has an anchor"),
        ("tag: !!str 1\n", "has a tag of YAML"),
        ("tag: |\n  v1\n", "several lines"),
        ("tag: a\n  b\n", "several lines"),
        ("tag:\nother: 1\n", "is empty"),
    ],
)
def test_what_cannot_be_exchanged_alone_is_refused(text: str, words: str) -> None:
    (scalar,) = [one for one in scalars(text.encode()) if one.way == ("tag",)]
    with pytest.raises(Rejected, match=words):
        edited(text.encode(), [Edit("f", 0, ("tag",), scalar.value, "v2")])


def test_an_alias_is_no_value_of_its_own() -> None:
    assert [one.way for one in scalars(b"a: &x v\nb: *x\n? [c, d]\n: e\n")] == [("a",), ("",)]


@pytest.mark.parametrize(
    "content",
    [b"a: [", b"\xff", b"a: 1\na: 2\n", b"[" * 5000, b"- " * 5000 + b"a", b"x" * 3_000_000, b"? " * 4000],
)
def test_a_hostile_file_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Rejected):
        scalars(content)


def test_a_value_that_has_moved_on_is_not_overwritten() -> None:
    with pytest.raises(Rejected, match=r"images\[0\]\.newTag is not 'v1' any more"):
        edited(b"images:\n- newTag: v3\n", [Edit("k.yaml", 0, ("images", 0, "newTag"), "v1", "v2")])


@pytest.mark.parametrize("value", ["", "a b", "a: b", "v1\n", "'", '"', "a#", "a:", "${x}", "é"])
def test_what_might_need_an_escape_is_never_written(value: str) -> None:
    with pytest.raises(Rejected, match="is not written"):
        edited(b"tag: v1\n", [Edit("f", 0, ("tag",), "v1", value)])


def test_several_values_of_a_file_at_once() -> None:
    edits = [Edit("f", 1, ("b",), "2", "two"), Edit("f", 0, ("a",), "1", "one-and-more")]
    assert edited(b"a: '1' # x\n---\nb: 2\n", edits) == b"a: 'one-and-more' # x\n---\nb: two\n"


def test_a_way_reads_as_people_write_it() -> None:
    assert shown(("images", 0, "newTag")) == "images[0].newTag"
