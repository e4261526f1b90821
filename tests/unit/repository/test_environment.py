"""The build environment, and its variables in texts as Go's `os.Expand` puts them there."""

from __future__ import annotations

import pytest

from bot.repository.environment import BuildEnvironment, substituted

KNOWN = {"A": "1", "ARGOCD_APP_NAME": "shop", "odd name": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", "nothing"),
        ("$A", "1"),
        ("${A}", "1"),
        ("a$A-b", "a1-b"),
        ("$AB", ""),
        ("${A}B", "1B"),
        ("$$A", "$A"),
        ("$$$A", "$1"),
        ("$", "$"),
        ("a$", "a$"),
        ("$ A", "$ A"),
        ("${A", "A"),
        ("${}x", "x"),
        ("${", ""),
        ("$1A", "A"),
        ("$-A", "A"),
        ("${odd name}", "x"),
        ("${$}", "$"),
        ("$é", "$é"),
        ("é$A", "é1"),
        ("$A$A", "11"),
        ("${A\nB}", ""),
        ("$(A)", "$(A)"),
        ("{$A}", "{1}"),
        ("$ARGOCD_APP_NAME.x", "shop.x"),
    ],
)
def test_variables_are_replaced_as_go_does(text: str, expected: str) -> None:
    assert substituted(text, KNOWN) == expected


def test_a_value_is_not_read_for_variables_again() -> None:
    assert substituted("$A", {"A": "$B", "B": "secret"}) == "$B"


def test_the_environment_says_for_whom_and_what_is_rendered() -> None:
    environment = BuildEnvironment(application="web", namespace="shop", project="team", revision="0123456789abcdef")
    assert environment.variables(repo_url="https://example.com/r", path="app", target_revision="main") == {
        "ARGOCD_APP_NAME": "web",
        "ARGOCD_APP_NAMESPACE": "shop",
        "ARGOCD_APP_PROJECT_NAME": "team",
        "ARGOCD_APP_REVISION": "0123456789abcdef",
        "ARGOCD_APP_REVISION_SHORT": "0123456",
        "ARGOCD_APP_REVISION_SHORT_8": "01234567",
        "ARGOCD_APP_SOURCE_REPO_URL": "https://example.com/r",
        "ARGOCD_APP_SOURCE_PATH": "app",
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
    }
