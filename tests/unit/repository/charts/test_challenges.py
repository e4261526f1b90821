"""What registries ask is read as RFC 9110 writes it."""

from __future__ import annotations

import pytest

from bot.repository.charts.challenges import Challenge, challenges_of


def test_a_token_service_is_named() -> None:
    header = 'Bearer realm="https://auth.example/token?a=1,2",service="registry",scope="repository:a/b:pull,push"'
    found = challenges_of(header)[0]
    assert (found.scheme, found.get("realm"), found.get("service")) == (
        "bearer",
        "https://auth.example/token?a=1,2",
        "registry",
    )


def test_several_ways_may_be_offered() -> None:
    found = challenges_of('Negotiate, Bearer realm="https://a/", error = "x\\"y", Basic realm=plain')
    assert [one.scheme for one in found] == ["negotiate", "bearer", "basic"]
    assert found[1].get("error") == 'x"y'
    assert found[2].get("realm") == "plain"


@pytest.mark.parametrize("header", ["", '"', "=", "Bearer =", 'Bearer realm="' + "x" * 9_000, "a" * 99_999])
def test_what_cannot_be_read_asks_nothing(header: str) -> None:
    assert all(not one.get("realm") for one in challenges_of(header))


def test_a_scheme_may_stand_alone() -> None:
    assert challenges_of("Basic") == [Challenge("basic")]
