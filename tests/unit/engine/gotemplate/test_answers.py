"""What our templates write is what Go writes; tests/integration/engine asks Go again."""

from __future__ import annotations

from typing import Final

import pytest

from bot.engine.gotemplate.values import TemplateError, as_bytes
from tests.unit.engine.gotemplate.corpus import Case, answers, cases, rendered

GO: Final = [(case, answer) for case, answer in zip(cases(), answers(), strict=True) if case.engine == "go"]


def ours(case: Case) -> str | None:
    try:
        written = rendered(case.template, case.params, *case.options)
    except TemplateError:
        return None
    return as_bytes(written).decode("utf-8", errors="replace")


@pytest.mark.parametrize(("case", "answer"), GO, ids=[f"{number}" for number in range(len(GO))])
def test_a_template_writes_what_go_writes(case: Case, answer: dict[str, str]) -> None:
    assert ours(case) == (None if "error" in answer else answer["output"])


def test_the_corpus_is_large() -> None:
    assert len(GO) >= 350
    assert sum("error" not in answer for _, answer in GO) >= 200
