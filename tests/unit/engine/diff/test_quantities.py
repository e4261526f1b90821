"""Quantities and durations, read as Kubernetes reads them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.quantities import duration, quantity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        (0.5, "500m"),
        (1, "1"),
        ("1Gi", "1024Mi"),
        ("1k", "1000"),
        ("1e3", "1k"),
        ("1E3", "1k"),
        ("1E", "1000P"),
        ("1500u", "1.5m"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1", "-1000m"),
        ("+1", "1"),
    ],
)
def test_the_same_amount_is_the_same_however_it_is_written(one: Any, other: Any) -> None:
    assert quantity(one) == quantity(other)
    assert quantity(one) is not None


@pytest.mark.parametrize(("one", "other"), [("1G", "1Gi"), ("1m", "1M"), ("1", "1k"), ("100m", "0.01")])
def test_another_amount_is_another(one: str, other: str) -> None:
    assert quantity(one) != quantity(other)


@pytest.mark.parametrize("value", ["", "m", "1 Gi", "1gi", "1e999", "9" * 41, "1e", "٣", True, None, [], {}, "1Gi\n"])
def test_what_is_no_quantity_amounts_to_nothing(value: Any) -> None:
    assert quantity(value) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("60s", "1m0s"), ("1h", "60m"), ("1.5h", "90m0s"), ("1000ms", "1s"), ("1us", "1µs"), ("0", "0s"), ("-1m", "-60s")],
)
def test_the_same_time_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert duration(one) == duration(other)
    assert duration(one) is not None


@pytest.mark.parametrize("value", ["", "1", "1d", "s", "1 m", "1m ", 60, None, "1h" * 9])
def test_what_is_no_duration_takes_no_time(value: Any) -> None:
    assert duration(value) is None
