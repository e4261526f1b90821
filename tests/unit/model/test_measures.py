"""What of an Application stands in labels: enough to find it, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.model.applications import Application
from bot.model.measures import conditions, ended, info, place
from bot.model.metrics import metrics_table
from bot.model.operations import OperationState

URL = "https://git.example.com/acme/shop.git"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, URL),
        ("https://somebody:s3cret@git.example.com/acme/shop.git", URL),
        ("https://somebody:s3/cr@et@git.example.com/acme/shop.git", URL),
        (f"{URL}?token=s3cret#s3cret", URL),
        (f"{URL}?token=s3@cret", "https://"),
        ("https://somebody:s3?cret@git.example.com/acme/shop.git", "https://"),
        ("https://somebody:s3#cret@git.example.com/acme/shop.git", "https://"),
        ("https://somebody:s3cret@git.example.com:port/acme/shop.git", "https://git.example.com:port/acme/shop.git"),
        ("git@git.example.com:acme/shop.git", "git.example.com:acme/shop.git"),
        ("", ""),
        ("oci://registry.example.com/shop", "oci://registry.example.com/shop"),
    ],
)
def test_a_place_is_shown_without_what_may_be_a_secret(url: str, shown: str) -> None:
    assert place(url) == shown


def test_the_table_of_metrics_is_the_codes() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text("utf-8")
    written = page.partition("<!-- metrics -->\n")[2].partition("\n<!-- /metrics -->")[0]
    assert written == metrics_table(), "run `make format`"


def test_a_label_has_an_end() -> None:
    assert len(place(f"https://{'a' * 100_000}")) <= 300


def application(**more: Any) -> Application:
    return Application.parse(
        {
            "metadata": {"name": "shop", "namespace": "foresail", "resourceVersion": "1"},
            "spec": {
                "project": "",
                "source": {"repoURL": URL, "path": ".", "targetRevision": "main"},
                "destination": {"server": "https://somebody:s3cret@kubernetes.example.com", "namespace": "shop"},
                "syncPolicy": {"automated": {}},
            },
            **more,
        },
        home="foresail",
    )


def test_an_application_that_was_never_looked_at_is_unknown() -> None:
    place_of_it = ("foresail", "shop", "default", URL, "https://kubernetes.example.com", "shop")
    assert info(application()).values == (*place_of_it, "Unknown", "Unknown", "true", "")


@pytest.mark.parametrize("status", [{"sync": "x", "health": {"status": 7}}, {"sync": {"status": None}}, {"health": []}])
def test_a_status_that_makes_no_sense_is_unknown(status: dict[str, Any]) -> None:
    assert info(application(status=status)).values[6:8] == ("Unknown", "Unknown")


def test_it_says_how_it_is_and_what_runs() -> None:
    status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    running = application(status=status, operation={"sync": {"revision": "a" * 40}})
    assert info(running).values[6:] == ("Synced", "Healthy", "true", "sync")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([{"type": "SyncError"}, {"type": "SyncError"}, {"type": "ComparisonError"}], ["ComparisonError", "SyncError"]),
        ([{"type": 7}, "x", {}], []),
        ("x", []),
        (None, []),
    ],
)
def test_each_sort_of_condition_is_shown_once(written: object, shown: list[str]) -> None:
    assert [one.values[-1] for one in conditions(application(status={"conditions": written}))] == shown


def test_no_end_of_conditions_is_not_shown() -> None:
    many = application(status={"conditions": [{"type": f"x{number}"} for number in range(1000)]})
    assert len(conditions(many)) == 20


def test_an_operation_that_has_ended_counts_with_how_long_it_took() -> None:
    state = OperationState.of_status(
        {
            "operationState": {
                "operation": {"sync": {"revision": "a" * 40, "dryRun": True}},
                "phase": "Succeeded",
                "startedAt": "2026-01-01T00:00:00Z",
                "finishedAt": "2026-01-01T00:01:30Z",
            }
        }
    )
    assert state is not None
    count, took = ended(application(), state)
    assert (count.values[-2:], count.number) == (("Succeeded", "true"), 1.0)
    assert took.number == 90.0
