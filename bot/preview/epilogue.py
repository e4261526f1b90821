"""What became of a change, written into the comment that predicted it: the comment itself is the only record needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.preview.budget import size
from bot.preview.markdown import EPILOGUE_ROOM, epilogue_text

if TYPE_CHECKING:
    from bot.model.deliveries import Epilogue

_BEGIN: Final = "<!-- epilogue -->\n"
_END: Final = "<!-- /epilogue -->\n"
_PLACE: Final = re.compile(
    rf"\A(?P<head>(?:<!-- foresail:[^\n]*-->\n)?(?:### [^\n]*\n)?)(?:{re.escape(_BEGIN)}.*?{re.escape(_END)})?",
    re.DOTALL,
)
"""Marker and headline, and directly below them an earlier epilogue; the same words further down are somebody's text."""


def with_epilogue(body: str, epilogue: Epilogue, *, limit: int) -> str:
    """Return a first comment with the epilogue below its headline, in place of an earlier one.

    Comments leave room for it; one that has none after all (`limit` in bytes of UTF-8) stays as it is.
    """
    section = f"{_BEGIN}{epilogue_text(epilogue, EPILOGUE_ROOM)}{_END}"
    written = _PLACE.sub(lambda found: found["head"] + section, body, count=1)
    return written if size(written) <= limit else body
