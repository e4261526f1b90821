"""Make YAML at random, mostly nearly right, the same for the same seed.

`python -m tests.integration.repository.yaml.generator 100 200` prints differences of the seeds from 100 to 199.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from typing import Final

from bot.sandbox.toolchain import programs
from tests.integration.repository.yaml.corpus import HEAD, below_spec
from tests.integration.repository.yaml.kubectl import KubectlReader, Objects, ours, typed

FILES: Final = 1_000
"""Of one seed; kubectl reads them in one call."""

_NUMBERS: Final = (
    *"+-0125789_.eEfTZy~:'\"\\# é",
    *("00", "0x", "0b", "0o", "0.", "e-", "e+", "1e3", "inf", "nan", "no", "true", "null", "<<", "2001-01-02"),
    *(
        "9223372036854775807",
        "1844674407370955161",
        "!!str ",
        "!!int ",
        "!!float ",
        "!!bool ",
        "!!null ",
        "!!timestamp ",
    ),
    *("!!binary ", "!x ", "! ", "&a "),
)
_SIGNS: Final = (
    *"ab1:-[]{},?'\"\\#%@`~é😀 \t\n\x7f\x85\xa0\u2028",
    *("*a", "*b", "''", "\\n", "\\x41", "\\u0041", "\\ud800", "\\/", "\\'", "\\_", "\ufeff1", "null", "true", "1.5"),
    *(": ", "- ", ", ", " #", "? ", "! ", "&a ", "<<: ", "!!str ", "!x ", "key: ", "x: ", "  "),
    *("\n  ", "\n    ", "\r\n", "|\n", "|-\n", "|2\n", ">\n", ">+\n", "\\\n"),
)
_LINES: Final = (
    *(
        "---\n",
        "---\n",
        "---\n",
        "--- # c\n",
        "---#c\n",
        "--- x\n",
        "----\n",
        "---\t\n",
        " ---\n",
        "...\n",
        "# c\n",
        "\n",
    ),
    *(
        "data: x\n",
        "data: |\n  x\n",
        "  y\n",
        'data: "x\n',
        'y"\n',
        "%YAML 1.1\n",
        "null\n",
        "\r\n",
        "\ufeff",
        "\t",
        "}\n",
    ),
    *("items: []\n", "items: null\n", "- a\n", "{}\n", "text\n", "data: &a x\n", "more: *a\n", "spec: {a: 1.0}\n"),
)
_INDENTS: Final = ("", " ", "  ", "   ", "    ", "\t", "  \t")


class YamlGenerator:
    """Files at random."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same files in every run

    def files(self, number: int) -> list[bytes]:
        """Return so many files."""
        kinds = (self._scalar, self._scalar, self._key, self._quoted, self._block, self._structure, self._stream)
        return [self._chance.choice(kinds)() for _ in range(number)]

    def _some(self, parts: Sequence[str], most: int) -> str:
        return "".join(self._chance.choices(parts, k=self._chance.randint(1, most)))

    def _scalar(self) -> bytes:
        return below_spec(f"a: {self._some(_NUMBERS, 6)}\n")

    def _key(self) -> bytes:
        return below_spec(f"{self._some(_NUMBERS, 5)}: a\n")

    def _quoted(self) -> bytes:
        sign = self._chance.choice("'\"")
        return below_spec(f"a: {sign}{self._some(_SIGNS, 8)}{sign}\n")

    def _block(self) -> bytes:
        head = self._chance.choice("|>") + self._chance.choice(("", "-", "+", "1", "2", "2-", "+1", "9", " #x", "3"))
        words = ("x", "y z", "", "- a", "#", "é", "---", "...")
        lines = [self._chance.choice(_INDENTS) + self._chance.choice(words) for _ in range(self._chance.randint(0, 5))]
        return below_spec("\n".join([f"a: {head}", *lines, self._chance.choice(("", "b: 1", "b: 1\n"))]))

    def _structure(self) -> bytes:
        return below_spec(self._some(_SIGNS, 10))

    def _stream(self) -> bytes:
        json = '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "NAME-j"}}'
        parts = [
            self._chance.choice((HEAD, HEAD, json, f"{json}\n", *_LINES, *_LINES))
            for _ in range(self._chance.randint(1, 7))
        ]
        return "".join(parts).encode()


def differences(kubectl: KubectlReader, seed: int) -> list[tuple[bytes, Objects | str, Objects | str]]:
    """Return the files of a seed that kubectl reads and we read otherwise, with what it and we make of them."""
    files = YamlGenerator(seed).files(FILES)
    found = (
        (content, theirs, ours(number, content))
        for number, (content, theirs) in enumerate(zip(files, kubectl.read(files), strict=True))
    )
    return [one for one in found if not _agree(*one[1:])]


_ON_PURPOSE: Final = (
    "is there twice",
    "needs a line --- before it",
    "has no apiVersion",
    "has no metadata.name",
    "found unexpected ':'",
    "know no lines like %YAML",
    "a byte order mark stands within",
)
"""Words with which we refuse what kubectl reads; the corpus has the reasons."""


def _agree(theirs: Objects | str, found: Objects | str) -> bool:
    if isinstance(found, str):
        return isinstance(theirs, str) or any(words in found for words in _ON_PURPOSE)
    return not isinstance(theirs, str) and typed(found) == typed(theirs)


def main() -> None:
    """Print what differs, for the seeds of the command line."""
    kubectl = KubectlReader(programs().kubectl)
    first, last = (int(word) for word in sys.argv[1:3])
    for seed in range(first, last):
        for content, theirs, found in differences(kubectl, seed):
            sys.stdout.write(f"seed {seed}: {content!r}\n  kubectl: {theirs}\n  we: {found}\n")


if __name__ == "__main__":
    main()
