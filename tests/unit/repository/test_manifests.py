"""Manifests are read as Kubernetes' tools read them, and hostile ones cost little."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Rejected
from bot.repository.jsontext import DEEPEST
from bot.repository.manifests import read, read_json


def value(text: str) -> Any:
    (document,) = read(text.encode(), "a.yaml")
    return document.value


def refusal(content: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        read(content, "a.yaml")
    return caught.value.message


def test_documents_are_told_apart_and_empty_ones_left_out() -> None:
    found = read(b"---\n# nothing\n---\na: 1\n---\n\n---\nb: 2\n...\n", "a.yaml")
    assert [(one.line, one.value) for one in found] == [(4, {"a": 1}), (8, {"b": 2})]


def test_an_empty_file_has_no_documents() -> None:
    assert read(b"", "a.yaml") == []


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    assert value("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n") == {"a": 1, "b": "x\ny\n"}


def test_a_merge_goes_over_what_stands_before_it_and_under_what_follows() -> None:
    assert value("x: &x {a: 1, b: 2}\nm: {a: 9, <<: *x, b: 9}")["m"] == {"a": 1, "b": 9}


def test_of_several_merged_mappings_the_first_wins() -> None:
    assert value("m: {<<: [{a: 1}, {a: 2, b: 2}]}")["m"] == {"a": 1, "b": 2}


def test_a_quoted_merge_sign_is_a_key() -> None:
    assert value('"<<": 1') == {"<<": 1}


def test_an_alias_repeats_its_anchor() -> None:
    assert value("a: &a [1, {b: 2}]\nc: *a") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_an_anchor_is_known_in_its_own_document_only() -> None:
    assert refusal(b"a: &a 1\n---\nb: *a\n").startswith("a.yaml: line 3: an alias (*…) to an anchor that is not there")


def test_an_anchor_that_contains_itself_is_refused() -> None:
    assert "in the value of its own anchor" in refusal(b"a: &a [1, *a]")


@pytest.mark.parametrize(
    "text",
    [
        *("a: *hunter2", "a: &b *hunter2", "a: !!int hunter2", "a: !hunter2 [", "a: !x!hunter2 b", "a: %hunter2"),
        *("a: @hunter2", 'a: "hunter2', 'a: "\\hunter2"', "a: b: hunter2", "a: b\n hunter2: c", "<<: hunter2"),
        *("? [hunter2]\n: a", "a: !!float hunter2", "a: |hunter2\n b", "%YAML hunter2\n---\na"),
    ],
)
def test_no_value_is_quoted(text: str) -> None:
    assert "hunter2" not in refusal(text.encode())


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "1: x\nb: 2\n'1': y\n", "yes: x\nb: 2\n'true': y\n"])
def test_a_key_that_is_there_twice_is_refused_with_its_line(text: str) -> None:
    assert refusal(text.encode()).startswith("a.yaml: line 3: the key ")


@pytest.mark.parametrize("text", ["? [a]\n: b", "~: b", "? {a: b}\n: c"])
def test_a_key_that_json_cannot_have_is_refused(text: str) -> None:
    assert "key must be" in refusal(text.encode())


@pytest.mark.parametrize("number", [".inf", "-.INF", ".NaN"])
def test_numbers_that_json_cannot_have_are_refused(number: str) -> None:
    assert "not a number that JSON can hold" in refusal(f"a: {number}".encode())


def test_a_syntax_error_names_file_and_line() -> None:
    assert refusal(b"a: 1\nb: [1, 2\nc: 3\n").startswith("a.yaml: line 3: ")


def test_bytes_that_are_no_text_name_their_line() -> None:
    assert refusal(b"a: 1\nb: \xff\n") == "a.yaml: line 2: invalid leading UTF-8 octet"


def test_deep_nesting_is_refused_however_deep() -> None:
    for depth in (DEEPEST + 1, 1_000_000):
        assert "nested deeper" in refusal(b"[" * depth)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert value("[" * DEEPEST + "]" * DEEPEST) is not None


def test_collections_with_anchors_nest_as_deep() -> None:
    assert value("&a {b: " * DEEPEST + "1" + "}" * DEEPEST) is not None
    assert "nested deeper" in refusal(b"&a [" * (DEEPEST + 1))


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\n? [b,\n   c]\n: 2\n", 3), ("<<:\n- {a: 1}\n- 2\nb: 3\n", 4), ("a: 1\n<<: 2\n", 2)]
)
def test_what_cannot_be_a_key_or_merged_is_told_where_it_ends(text: str, line: int) -> None:
    assert refusal(text.encode()).startswith(f"a.yaml: line {line}: ")


def test_aliases_that_multiply_are_refused() -> None:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "expand to too much" in refusal("\n".join(["a0: &a0 [x]", *lines]).encode())


def test_aliases_of_a_long_text_are_refused() -> None:
    text = "a: &a " + "x" * 1_000_000 + "\nb: [" + ", ".join(["*a"] * 200) + "]"
    assert "expand to too much" in refusal(text.encode())


def test_what_begins_like_json_is_json_with_its_tabs() -> None:
    assert value('{\n\t"a": [1, 2.0],\n\t"b": "\\ud83d\\ude00"\n}') == {"a": [1, 2], "b": "😀"}


def test_flow_style_that_is_no_json_is_yaml() -> None:
    assert value("{a: yes}") == {"a": True}


def test_a_json_file_is_read_with_its_whole_numbers() -> None:
    (document,) = read_json(b'{"a": 1.0, "b": 1.5, "c": 18446744073709551615}', "a.json")
    assert document.value == {"a": 1, "b": 1.5, "c": 18446744073709551615.0}
    assert [type(one) for one in document.value.values()] == [int, float, float]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n"a": }', "a.json: line 2: "),
        (b'{"a": 1,\n"a": 2}', "a.json: line 2: the key 'a' is there twice"),
        (b'\n{"a": NaN}', "a.json: line 2: NaN is not JSON"),
        (b"[" * 100_000, "a.json: "),
        (b"[" * 300 + b"]" * 300, "a.json: line 1: nested deeper"),
        (b'{}\n"\xff"', "a.json: line 2: invalid start byte"),
        (b"", "a.json: line 1: it is empty"),
        (b'{"a": 1e400}', "a.json: line 1: a number is larger"),
        (b'{"a": 1}\n\n{"b": 2}', "a.json: line 3: a .json file holds one value"),
        (b'{"a": 1}\ntext', "a.json: line 2: a .json file holds one value"),
    ],
)
def test_json_that_is_wrong_is_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_json(content, "a.json")
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\n--- b\n", "a.yaml: line 2: --- needs a line of its own"),
        ("a: 1\n...\nb: 2\n", "a.yaml: line 3: what stands here is no part of the document before"),
        ("{a: 1}\n{b: 2}\n", "a.yaml: line 2: what stands here is no part of the document before"),
        ("a: 1\n---\n%YAML 1.1\n---\nb: 2\n", "a.yaml: line 4: Kubernetes' tools know no lines like %YAML"),
        ("a: 1\n---\nb: [c?]\n", "a.yaml: line 3: a text with a ? needs quotes in [] and {}"),
        ('a:\n  "\\/"\n', "a.yaml: line 2: \\/ is an escape of JSON only"),
        ("a: 1\n\ufeffb: 2\n", "a.yaml: line 2: a byte order mark stands within the file"),
        ('{"a": 1}\n{"b": 2}\n---\n', "a.yaml: line 3: "),
        ('{"a": 1}\n{"b": 2,\n"b": 3}', "a.yaml: line 3: the key 'b' is there twice"),
        ('{"a": 1}\nb: 2\nb: 3\n', "a.yaml: line 3: the key 'b' is there twice"),
        ("# a\n---\na: 1\n---\nb: 2\nb: 3\n", "a.yaml: line 6: the key 'b' is there twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, words: str) -> None:
    assert refusal(text.encode()).startswith(words)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", '{"a": 1, "a": 2}', "a: 2\n...\nb: 3\n", "{a: 2}\n]"])
def test_in_what_a_program_prints_the_last_key_counts_and_the_rest_is_passed_over(text: str) -> None:
    (document,) = read(text.encode(), "a program", last_wins=True)
    assert document.value == {"a": 2}


def test_documents_of_json_and_yaml_follow_each_other() -> None:
    found = read(b'\n{"a": 1}\n---\nb: 2\n', "a.yaml")
    assert [(one.line, one.value) for one in found] == [(2, {"a": 1}), (4, {"b": 2})]


def test_an_escaped_apostrophe_in_double_quotes_is_one() -> None:
    assert value("a: \"it\\'s\"\nb: '\\'\nc: \"\\\\'\\'\"") == {"a": "it's", "b": "\\", "c": "\\''"}


def test_escaped_apostrophes_cost_little() -> None:
    assert "found unknown escape character" in refusal(b'- "\\\'"\n' * 1_000)
