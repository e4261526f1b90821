"""An object as lines of YAML."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from bot.engine.diff.lines import to_lines
from bot.errors import Rejected

PIECES = [
    *(
        "a",
        "B",
        "é",
        "😀",
        "0",
        "1",
        "e",
        "+",
        "_",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "\r\n",
        ":",
        ": ",
        "#",
        " #",
        "-",
        "- ",
    ),
    *(
        "---",
        "...",
        "'",
        '"',
        "\\",
        "|",
        ">",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&",
        "*",
        "!",
        "%",
        "@",
        "`",
        "?",
        "~",
        "=",
        "<<",
    ),
    *(
        "0x",
        "0o",
        "1e3",
        ".5",
        "12:30",
        "2024-01-01",
        "yes",
        "No",
        "null",
        "True",
        ".inf",
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",
    ),
    *("\xa0", "\u200b", "\u202e", "\u2028", "\ufeff", "\ue000"),
]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same objects in every run


def text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 12])))


def value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(4) if depth else 0
    if kind == 1:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind >= 2:
        return {text(chance): value(chance, depth - 1) for _ in range(chance.randrange(4))}
    return chance.choice(
        [
            text(chance),
            text(chance),
            text(chance),
            True,
            False,
            None,
            chance.randrange(-9, 10**20),
            chance.random(),
            1e16,
        ]
    )


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_reading_the_lines_gives_the_object_again(loader: Any) -> None:
    for seed in range(300):
        chance = seeded(seed)
        obj = {text(chance): value(chance, 3) for _ in range(4)}

        assert yaml.load("\n".join([*to_lines(obj), ""]), Loader=loader) == obj, seed  # noqa: S506 - a safe loader


def test_what_names_an_object_comes_first() -> None:
    obj = {
        "data": {"b": "2", "a": "1"},
        "metadata": {"annotations": {"x": "z"}, "finalizers": ["f"], "namespace": "shop", "name": "web"},
        "spec": {},
        "kind": "Thing",
        "apiVersion": "v1",
    }

    assert to_lines(obj) == [
        "apiVersion: v1",
        "kind: Thing",
        "metadata:",
        "  name: web",
        "  namespace: shop",
        "  annotations:",
        "    x: z",
        "  finalizers:",
        "  - f",
        "spec: {}",
        "data:",
        '  a: "1"',
        '  b: "2"',
    ]


def test_equal_objects_have_the_same_lines_whatever_the_order_of_their_keys() -> None:
    assert to_lines({"a": 1, "b": {"c": 2, "d": 3}}) == to_lines({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "plain",
    [
        "nginx:1.27",
        "10.0.0.1",
        "100m",
        "64Mi",
        "--port=8080",
        "-v",
        "https://example.com/a?b=c#d",
        "<redacted 3f9a1c2e>",
        "25%",
        "1.2.3-rc.1",
        "hello world",
        "$(HOME)/bin",
    ],
)
def test_a_string_that_nothing_misreads_has_no_quotes(plain: str) -> None:
    assert to_lines({"key": plain}) == [f"key: {plain}"]


@pytest.mark.parametrize(
    "misread",
    [
        "1",
        "1.5",
        "1e3",
        "0x1f",
        "0o17",
        "1_000",
        "12:30",
        "2024-01-01",
        "yes",
        "NO",
        "off",
        "y",
        "null",
        "~",
        "",
        ".inf",
    ],
)
def test_a_string_that_looks_like_something_else_is_quoted(misread: str) -> None:
    assert to_lines({"key": misread}) == [f'key: "{misread}"']


def test_a_script_is_a_block() -> None:
    assert to_lines({"run.sh": "#!/bin/sh\n\necho '`: {}'\n"}) == ["run.sh: |", "  #!/bin/sh", "", "  echo '`: {}'"]


def test_a_text_that_a_block_cannot_hold_still_has_its_lines() -> None:
    assert to_lines({"hosts": "a\r\n b\r\n"}) == ['hosts: "a\\r\\n\\', '  \\ b\\r\\n"']


def test_characters_that_deceive_the_reader_are_shown() -> None:
    assert to_lines({"user": "admin\u202e // nimda\x1b[31m"}) == [r'user: "admin\u202e // nimda\u001b[31m"']


def test_an_object_without_a_bottom_is_refused() -> None:
    obj: dict[str, Any] = {}
    for _ in range(5000):
        obj = {"a": [obj]}

    with pytest.raises(Rejected, match="nested deeper than 100"):
        to_lines(obj)
