"""Answers that GitHub need not give again: it says "not modified" to who names their ETag, and does not count that.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forges.github.errors import Answer

_MOST: Final = 128
"""Answers that a process remembers, those asked for last: a few megabytes."""
_LONGEST: Final = 32_768
"""Characters of an answer that is still remembered; pages of long comments are not."""

Question: TypeAlias = "tuple[str, Mapping[str, str | int] | None]"


class KnownAnswers:
    """The newest answer to each question, with its ETag; safe to use from threads.

    None is used without GitHub saying that it still holds, for whoever asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    def get(self, question: Question) -> Answer | None:
        """Return what was answered last, which has an ETag."""
        with self._lock:
            return self._answers.get(_key(question))

    def keep(self, question: Question, answer: Answer) -> None:
        """Remember an answer, if GitHub would recognise it and it is not too long."""
        key = _key(question)
        with self._lock:
            self._answers.pop(key, None)
            if "etag" not in answer.headers or answer.length > _LONGEST:
                return
            self._answers[key] = answer
            if len(self._answers) > _MOST:
                self._answers.popitem(last=False)


def _key(question: Question) -> tuple[str, str]:
    path, query = question
    return path, repr(sorted((query or {}).items()))
