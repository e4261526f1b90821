"""Blocks and the comments they fit into."""

from __future__ import annotations

import random

import pytest

from bot.preview.budget import Block, Wrapper, fitting, pack, size

UNWRAPPED = Wrapper()


def block(name: str, lines: int = 1, wrapper: Wrapper = UNWRAPPED) -> Block:
    body = "\n".join(f"+{name}{number}" for number in range(lines))
    return Block(f"<{name}>\n```diff\n", body, "```", f"</{name}>\n", wrapper)


def test_blocks_that_fit_are_one_comment_in_their_order() -> None:
    packed = pack([block("a"), block("b")], first=1000, further=1000, most=4)

    assert packed.parts == (block("a").text + block("b").text,)
    assert (packed.cut, packed.left) == (0, 0)


def test_what_does_not_fit_goes_into_the_next_comment() -> None:
    packed = pack([block("a", 50), block("b", 50), block("c")], first=400, further=400, most=4)

    assert packed.parts == (block("a", 50).text + block("c").text, block("b", 50).text)


def test_of_a_block_too_large_for_any_comment_the_beginning_is_shown() -> None:
    packed = pack([block("big", 5000), block("small")], first=1000, further=1000, most=4)
    (part,) = packed.parts
    shown = part.count("+big")

    assert f"\n```\n\n… and {5000 - shown} more lines\n</big>\n<small>" in part
    assert (packed.cut, packed.left) == (1, 0)


def test_what_finds_no_room_is_counted_exactly() -> None:
    packed = pack([block(f"b{number}", 90) for number in range(10)], first=1000, further=1000, most=3)

    assert len(packed.parts) == 3
    assert sum(part.count("</b") for part in packed.parts) + packed.left == 10


def test_a_wrapper_stands_once_around_its_blocks_in_each_comment() -> None:
    drift = Wrapper("[", "]")
    packed = pack(
        [block("a"), block("b", 30, drift), block("c", 30, drift), block("d", 30, drift)],
        first=450,
        further=450,
        most=4,
    )

    assert [part.count("[") for part in packed.parts] == [1, 1]
    assert all(part.index("[") < part.index("+") or part.startswith("<a>") for part in packed.parts)
    assert all(part.endswith("]") for part in packed.parts)


def test_a_comment_without_blocks_is_still_a_comment() -> None:
    assert pack([], first=0, further=0, most=4).parts == ("",)


def test_a_head_that_takes_all_the_room_leaves_the_blocks_to_the_next_comment() -> None:
    assert pack([block("a")], first=-5, further=1000, most=4).parts == ("", block("a").text)


@pytest.mark.parametrize("room", range(12))
def test_a_long_line_is_cut_between_characters(room: int) -> None:
    cut = fitting("aé😀😀b", room)

    assert size(cut) <= room
    assert cut == "" or cut.endswith(("…", "b"))


def test_lines_are_kept_whole() -> None:
    assert fitting("one\ntwo\nthree", 9) == "one\ntwo"


def test_no_comment_is_ever_larger_than_its_room() -> None:
    for seed in range(200):
        chance = random.Random(seed)  # noqa: S311 - the same blocks in every run
        wrappers = [Wrapper(), Wrapper("<w>\n", "</w>\n")]
        blocks = [
            block("é" * chance.randrange(9), chance.choice([1, 9, 300]), wrappers[number > 5]) for number in range(12)
        ]
        room = chance.randrange(200, 3000)
        packed = pack(blocks, first=room // 2, further=room, most=3)

        assert size(packed.parts[0]) <= room // 2
        assert all(size(part) <= room for part in packed.parts)
        assert all(part.count("```") % 2 == 0 for part in packed.parts)
        assert all(part.count("<w>") == part.count("</w>") for part in packed.parts)
