"""Tricky YAML against kubectl itself: what it makes of a file is what we make of it, or we refuse it and say why."""

from __future__ import annotations

from typing import Final

import pytest

from bot.repository.jsontext import DEEPEST
from bot.sandbox.toolchain import Programs
from tests.integration.repository.yaml.corpus import HEAD, Case, below_spec, cases
from tests.integration.repository.yaml.generator import differences
from tests.integration.repository.yaml.kubectl import KubectlReader, Objects, ours, typed

CASES: Final = tuple(enumerate(cases()))


@pytest.fixture(scope="module")
def kubectl(programs: Programs) -> KubectlReader:
    return KubectlReader(programs.kubectl)


@pytest.fixture(scope="module")
def answers(kubectl: KubectlReader) -> list[Objects | str]:
    return kubectl.read([case.content for _, case in CASES])


@pytest.mark.parametrize(("number", "case"), CASES, ids=[case.name for _, case in CASES])
def test_a_file_is_what_kubectl_reads(answers: list[Objects | str], number: int, case: Case) -> None:
    theirs, found = answers[number], ours(number, case.content)
    if case.says:
        assert not isinstance(theirs, str), "kubectl refuses it too"
        assert isinstance(found, str)
        assert case.says in found
    elif isinstance(theirs, str):
        assert isinstance(found, str), theirs
    else:
        assert typed(found) == typed(theirs)


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 1_000


def agree(kubectl: KubectlReader, content: bytes) -> bool:
    """Tell whether we and kubectl make the same of a file, or both refuse it."""
    (theirs,) = kubectl.read([content])
    found = ours(0, content)
    if isinstance(theirs, str) or isinstance(found, str):
        return isinstance(theirs, str) and isinstance(found, str)
    return bool(typed(found) == typed(theirs))


def refusal(kubectl: KubectlReader, content: bytes) -> str:
    """Return our words about a file that kubectl reads."""
    (theirs,) = kubectl.read([content])
    assert not isinstance(theirs, str)
    found = ours(0, content)
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_encodings_are_told_by_byte_order_marks(kubectl: KubectlReader, encoding: str, mark: str) -> None:
    text = f"{mark}{HEAD.replace('NAME', 'n0-é😀')}data: |\n  x\r\n---\n{HEAD.replace('NAME', 'n0-b')}"
    assert agree(kubectl, text.encode(encoding))


def test_half_a_character_of_utf_16_is_refused(kubectl: KubectlReader) -> None:
    content = f"\ufeff{HEAD.replace('NAME', 'n0')}# é".encode("utf-16-le")
    assert "UTF-16" in refusal(kubectl, content[:-1])


@pytest.mark.parametrize(
    "form", [HEAD + "a: \udcff\n", '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "NAME"}, "a": "\udcff"}']
)
def test_bytes_that_are_no_text_are_refused_and_not_replaced(kubectl: KubectlReader, form: str) -> None:
    assert "invalid leading UTF-8 octet" in refusal(kubectl, form.encode(errors="surrogateescape"))


def test_thousands_of_documents_are_read_as_kubectl_reads_them(kubectl: KubectlReader) -> None:
    assert agree(kubectl, "---\n".join(HEAD.replace("NAME", f"NAME-{one}") for one in range(5_000)).encode())


def test_a_large_document_is_read_as_kubectl_reads_it(kubectl: KubectlReader) -> None:
    data = [f"  key-{one}: {one}.50\n" for one in range(20_000)]
    assert agree(
        kubectl, "".join([HEAD, "data:\n", *data, "text: |\n", "  some words in a long text\n" * 50_000]).encode()
    )


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ('{"a": ', "}")])
def test_nesting_is_read_to_some_depth(kubectl: KubectlReader, opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        return below_spec(f"{opening * depth}x{closing * depth}\n")

    assert agree(kubectl, nested(150))
    assert f"nested deeper than {DEEPEST} levels" in refusal(kubectl, nested(DEEPEST + 1))


@pytest.mark.parametrize("length", [1_000, 1_022, 1_023, 1_024, 1_025, 1_026, 2_000])
@pytest.mark.parametrize(
    "form", ["{}: x\n", '"{}": x\n', "? {}\n: x\n", "{{{}: x}}\n", '{{"{}": x}}\n', "[{}: x]\n", "- {}: x\n"]
)
def test_long_keys_are_read_as_kubectl_reads_them(kubectl: KubectlReader, form: str, length: int) -> None:
    assert agree(kubectl, below_spec(form.format("k" * length)))


@pytest.mark.parametrize("blanks", [4_000, 4_095, 4_096, 5_000])
def test_json_has_to_begin_early(kubectl: KubectlReader, blanks: int) -> None:
    text = '{\t"apiVersion": "v1", "kind": "A", "metadata": {"name": "NAME"}, "a": "\\ud800"}\n'
    assert agree(kubectl, (" " * blanks + text).encode())


@pytest.mark.parametrize("times", [5, 8, 9, 10, 11, 12, 20, 90, 100, 110])
@pytest.mark.parametrize("items", [10, 50, 99, 100, 101, 120])
def test_as_many_aliases_are_taken_as_by_kubectl(kubectl: KubectlReader, times: int, items: int) -> None:
    anchored = "[" + ", ".join("x" * items) + "]"
    assert agree(kubectl, below_spec(f"a: &a {anchored}\nb: &b [{', '.join(['*a'] * times)}]\nc: [*b, *b, *b]\n"))


@pytest.mark.parametrize("seed", range(4))
def test_files_at_random_are_what_kubectl_reads(kubectl: KubectlReader, seed: int) -> None:
    assert differences(kubectl, seed) == []
