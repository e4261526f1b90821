"""The difference of two states of an object."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.engine.diff.lines import to_lines
from bot.engine.diff.unified import unified


def deployment(*, image: str = "shop/web:1", replicas: int = 3, **more: Any) -> dict[str, Any]:
    ports = [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "protocol": "TCP"}]
    container = {"name": "web", "image": image, "ports": ports, "volumeMounts": [], "workingDir": "/"}
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"a": "1", "example.com/b": "2"}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "log"}, container], **more}}},
    }


def headers(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [line for line in unified(before, after).split("\n") if line.startswith("@@")]


def test_a_hunk_is_headed_by_the_path_of_what_differs() -> None:
    assert unified(deployment(), deployment(image="shop/web:2"), context=1) == (
        "@@ spec.template.spec.containers[web] @@\n"
        "       - name: web\n"
        "-        image: shop/web:1\n"
        "+        image: shop/web:2\n"
        "         ports:"
    )


def test_equal_objects_have_no_difference() -> None:
    assert unified(deployment(), deployment()) == ""
    assert unified(None, None) == ""


def test_an_object_that_is_not_there_is_added_or_taken_away_as_a_whole() -> None:
    assert unified(None, {"kind": "A", "b": 1}) == "+kind: A\n+b: 1"
    assert unified({"kind": "A", "b": 1}, None) == "-kind: A\n-b: 1"


def test_differences_far_apart_are_hunks_of_their_own() -> None:
    assert headers(deployment(), deployment(replicas=4, volumes=[{"name": "tmp", "emptyDir": {}}])) == [
        "@@ spec @@",
        "@@ spec.template.spec @@",
    ]


def test_an_added_element_is_named_in_the_path() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "x"})

    assert headers(deployment(), after) == ["@@ spec.template.spec.containers[side] @@"]


def test_an_element_without_a_name_goes_by_its_position() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"][1]["ports"][1]["protocol"] = "UDP"

    assert headers(deployment(), after) == ["@@ spec.template.spec.containers[web].ports[1] @@"]


def test_a_key_with_dots_stands_in_brackets() -> None:
    before, after = {"data": {"run.sh": "if a: b\n  c: d\n  e\n"}}, {"data": {"run.sh": "if a: b\n  c: d\n  f\n"}}

    assert headers(before, after) == ["@@ data[run.sh] @@"]


def test_a_text_that_looks_like_yaml_does_not_make_a_path() -> None:
    before = {"data": {"a": "x:\n  y:\n  - name: z\n    k: 1\n", "b\u202e": "\r\nq:\n  r: 1", "c": "1"}}
    after = {"data": {"a": "x:\n  y:\n  - name: z\n    k: 2\n", "b\u202e": "\r\nq:\n  r: 2", "c": "2"}}

    assert headers(before, after) == ["@@ data.a @@"]
    assert headers(
        {**before, "data": {**before["data"], "a": "-"}}, {**after, "data": {**after["data"], "a": "-"}}
    ) == [r"@@ data[b\u202e] @@"]
    assert headers(before, {"data": {**before["data"], "c": "2"}}) == ["@@ data @@"]


def test_a_text_among_the_elements_of_a_list_goes_by_its_position() -> None:
    before, after = {"args": ["a", "key: x\r\ny\nz"]}, {"args": ["a", "key: x\r\ny\nw"]}

    assert headers(before, after) == ["@@ args[1] @@"]
    assert headers(before, {"args": ["a", "key: v\r\ny\nw"]}) == ["@@ args @@"]


def test_an_element_of_a_list_within_a_list_has_a_position_in_each() -> None:
    assert headers({"a": [[], [{"b": 1}]]}, {"a": [[], [{"b": 2}]]}) == ["@@ a[1][0] @@"]


def test_at_the_top_a_line_is_named_by_its_own_key() -> None:
    assert headers({"a": 1, "a: b": 1}, {"a": 1, "a: b": 2}) == ["@@ [a: b] @@"]
    assert headers({}, {"yes": 1}) == ["@@  @@"]


def test_a_number_and_its_digits_in_quotes_differ() -> None:
    assert unified({"a": 1}, {"a": "1"}, context=0) == '@@ a @@\n-a: 1\n+a: "1"'


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same objects in every run


def patched(old: list[str], diff: str) -> list[str]:
    """Apply a diff with all of its context, by hand."""
    body = [line for line in diff.split("\n") if not line.startswith("@@")]
    assert [line[1:] for line in body if line[0] != "+"] == old
    return [line[1:] for line in body if line[0] != "-"]


@pytest.mark.parametrize("alphabet", [2, 5, 50, 1000])
def test_applying_a_difference_gives_the_other_state(alphabet: int) -> None:
    for seed in range(60):
        chance = seeded(seed)
        words = [f"w{number}" for number in range(alphabet)]
        before = [chance.choice(words) for _ in range(chance.randrange(1, 80))]
        after = [chance.choice([word, word, word, chance.choice(words)]) for word in before if chance.random() > 0.1]
        old, new = {"a": before, "end": seed}, {"a": after, "end": -seed}

        assert patched(to_lines(old), unified(old, new, context=10**6)) == to_lines(new)


def test_a_difference_is_as_short_as_can_be_where_lines_repeat() -> None:
    before, after = list("abcabba"), list("cbabac")
    diff = unified({"a": before}, {"a": after}, context=0)

    assert sum(line[0] in "+-" for line in diff.split("\n")) == 5  # Myers' own example


def test_texts_without_anything_in_common_are_replaced_as_a_whole() -> None:
    chance = seeded(7)
    before, after = ("\n".join(chance.choice("abcd") for _ in range(20_000)) for _ in range(2))
    lines = unified({"data": {"x": before}}, {"data": {"x": after}}).split("\n")

    assert lines[0] == "@@ data.x @@"
    assert sum(line.startswith("-") for line in lines) > 19_000
