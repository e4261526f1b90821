"""URLs in kustomizations mean what kustomize takes them for."""

from __future__ import annotations

import pytest

from bot.repository.remotes.references import Base, base_of, is_file, shown_reference


@pytest.mark.parametrize(
    ("reference", "base"),
    [
        ("https://git.example/a/b", Base("https://git.example/a/b", "")),
        ("https://git.example/a/b/c/d", Base("https://git.example/a/b", "c/d")),
        ("https://git.example/a/b/c//d/e?ref=v1", Base("https://git.example/a/b/c", "d/e", "v1")),
        ("https://git.example/a/b.git/c?ref=v1", Base("https://git.example/a/b.git", "c", "v1")),
        ("https://git.example/a.git", Base("https://git.example/a.git", "")),
        ("https://git.example/a.git?ref=feat/x&timeout=90s", Base("https://git.example/a.git", "", "feat/x")),
        ("https://git.example/a//b?version=v2", Base("https://git.example/a", "b", "v2")),
        ("https://git.example/a//b?version=v2&ref=v1", Base("https://git.example/a", "b", "v1")),
        ("https://git.example/a//b?submodules=false", Base("https://git.example/a", "b", "", submodules=False)),
        ("https://git.example/a//b?submodules=what", Base("https://git.example/a", "b")),
        ("https://me@dev.azure.example/o/p/_git/r/x/y", Base("https://me@dev.azure.example/o/p/_git/r", "x/y")),
        ("git::https://git.example/a/b//c", Base("https://git.example/a/b", "c")),
        ("GIT::HTTPS://git.example/a/b//c", Base("https://git.example/a/b", "c")),
        ("ssh://git@git.example:22/a/b//c", Base("ssh://git@git.example:22/a/b", "c")),
        ("git@git.example:a/b//c?ref=v1", Base("git@git.example:a/b", "c", "v1")),
        ("git@git.example:a/b.git", Base("git@git.example:a/b.git", "")),
        ("github.com/a/b", Base("https://github.com/a/b", "")),
        ("GitHub.com/a/b/c?ref=v1", Base("https://github.com/a/b", "c", "v1")),
        ("http://github.com/a/b", Base("https://github.com/a/b", "")),
        ("git::github.com/a/b", Base("https://github.com/a/b", "")),
        ("git@github.com:a/b", Base("git@github.com:a/b", "")),
        ("git@github.com/a/b", Base("git@github.com:a/b", "")),
        ("ssh://git@github.com/a/b", Base("git@github.com:a/b", "")),
        ("https://git.example/a/b//../c", None),
        ("https://git.example/a/b//c/../../d", None),
        ("https://git.example/a/b//..", None),
        ("https://git.example/a", None),
        ("https://git.example", None),
        ("file:///etc/a/b", None),
        ("ext::sh -c id", None),
        ("../base", None),
        ("base", None),
        ("a/b/c", None),
        ("gh:a/b", None),
    ],
)
def test_a_reference_means_a_folder_of_a_repository(reference: str, base: Base | None) -> None:
    assert base_of(reference) == base


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("https://git.example/a/b/raw/c.yaml", True),
        ("https://git.example/c.yml?token=x", True),
        ("HTTPS://git.example/c.json", True),
        ("https://git.example/a/b//c?ref=x.yaml", False),
        ("git@git.example:a/b.yaml", False),
        ("c.yaml", False),
    ],
)
def test_a_url_of_a_file_is_told_by_its_end(reference: str, *, file: bool) -> None:
    assert is_file(reference) is file


def test_what_is_secret_in_a_url_is_not_shown() -> None:
    assert shown_reference("https://me:hush@git.example/a/b//c?ref=v1") == "https://git.example/a/b//c?ref=v1"
    assert shown_reference("https://git.example/a.yaml?token=hush") == "https://git.example/a.yaml"
