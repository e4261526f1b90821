"""Fit what is to be said into comments of limited size: whole blocks before cut ones, and an exact count of the rest.

Sizes are bytes of UTF-8. A block is never cut inside a character or a fence, and what wraps it is always closed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.model.reports import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST: Final = 8192
"""Bytes that a comment needs for its head and its foot."""

_WORTH_CUTTING: Final = 600
"""Bytes of room below which the beginning of a block says nothing."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What stands around all blocks of one sort in a comment."""

    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One resource: `before` opens its fence, `body` are the lines within, `after` stands behind the closing fence."""

    before: str
    body: str
    fence: str
    after: str
    wrapper: Wrapper = Wrapper()

    @property
    def lines(self) -> int:
        """Lines within the fence."""
        return self.body.count("\n") + 1

    @property
    def text(self) -> str:
        """The whole block."""
        return self._with(self.body, "")

    def cut(self, room: int) -> str:
        """Return as many lines as `room` allows, and how many there are more; empty when there is room for none."""
        room -= size(self._with("", _more(self.lines)))
        if room <= 0:
            return ""
        body = fitting(self.body, room)
        return self._with(body, _more(self.lines - body.count("\n") - 1)) if body else ""

    def _with(self, body: str, note: str) -> str:
        return f"{self.before}{body}\n{self.fence}\n{note}{self.after}"


@dataclass(frozen=True, slots=True)
class Packed:
    """Texts for each comment, and what found no room."""

    parts: tuple[str, ...]
    cut: int
    """Blocks of which only the beginning is shown."""
    left: int
    """Blocks that are not shown at all."""


def size(text: str) -> int:
    """Return the bytes `text` takes in UTF-8."""
    return len(text.encode())


def fitting(text: str, room: int) -> str:
    """Return as many whole lines of `text` as fit into `room` bytes; of a first line that is longer, its beginning."""
    encoded = text.encode()
    if len(encoded) <= room:
        return text
    end = encoded.rfind(b"\n", 0, room + 1)
    if end > 0:
        return encoded[:end].decode()
    return encoded[: max(0, room - size("…"))].decode(errors="ignore") + "…" if room > size("…") else ""


def pack(blocks: Sequence[Block], *, first: int, further: int, most: int) -> Packed:
    """Distribute the blocks, in order, over one comment with room for `first` bytes and more of `further` bytes.

    At most `most` comments are filled. Of the blocks for which no room is found, the first one is shown cut.
    """
    bins = [_Bin(first)]
    left: list[tuple[int, Block]] = []
    for number, block in enumerate(blocks):
        text = block.text
        length = size(text)
        # Most of a long report's blocks meet bins that are full, with or without a wrapper.
        if any(length <= each.room and each.take(number, block, text, length) for each in bins):
            continue
        another = _Bin(further)
        if len(bins) < most and another.take(number, block, text, length):
            bins.append(another)
        else:
            left.append((number, block))
    cut = _cut(bins, left)
    return Packed(tuple(each.text for each in bins), cut=cut, left=len(left) - cut)


def _cut(bins: list[_Bin], left: list[tuple[int, Block]]) -> int:
    """Show the beginning of the first block that found no room; return how many were shown so."""
    if not left:
        return 0
    number, block = left[0]
    roomiest = max(bins, key=lambda each: each.room)
    room = roomiest.room - roomiest.wrapping(block)
    beginning = block.cut(room) if room >= _WORTH_CUTTING else ""
    return int(bool(beginning) and roomiest.take(number, block, beginning, size(beginning)))


@dataclass(slots=True)
class _Bin:
    """One comment being filled."""

    room: int
    taken: list[tuple[int, Block, str]] = field(default_factory=list)
    wrappers: set[Wrapper] = field(default_factory=set)

    def wrapping(self, block: Block) -> int:
        """Return the bytes that taking the block would use besides its text."""
        wrapped = block.wrapper in self.wrappers
        return 0 if wrapped else size(block.wrapper.before) + size(block.wrapper.after)

    def take(self, number: int, block: Block, text: str, length: int) -> bool:
        """Take the block, a text of so many bytes, if there is room for it."""
        cost = length + self.wrapping(block)
        if cost > self.room:
            return False
        self.room -= cost
        self.taken.append((number, block, text))
        self.wrappers.add(block.wrapper)
        return True

    @property
    def text(self) -> str:
        """The blocks in their order, those with the same wrapper within it."""
        written: list[str] = []
        wrapper = Wrapper()
        for _, block, text in sorted(self.taken, key=lambda each: each[0]):
            if block.wrapper != wrapper:
                written += [wrapper.after, block.wrapper.before]
                wrapper = block.wrapper
            written.append(text)
        return "".join([*written, wrapper.after])


def _more(lines: int) -> str:
    return f"\n… and {counted(lines, 'more line')}\n" if lines > 0 else ""
