"""`/metrics` over the wire, read as Prometheus reads it."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from bot.model.jobs import poll
from bot.model.metrics import APP_INFO, FAMILIES, JOBS, Sample
from bot.model.pacing import Allowance
from bot.sandbox.installation import Foresail
from bot.services import WebServices
from bot.settings import Settings

TOKEN = "a-token-of-sixteen-and-more"
HOSTILE = 'a "shop"\nwith\\everything{} 1'


@pytest.fixture
def services(redis_url: str) -> WebServices:
    return WebServices.build(
        Settings.from_environment({"FORESAIL_REDIS_URL": redis_url, "FORESAIL_METRICS_TOKEN": TOKEN})
    )


def read(services: WebServices, token: str = TOKEN) -> dict[tuple[str, ...], float]:
    """Return the value of each metric by its name and the values of its labels."""
    client = create_app(services=services).test_client()
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.get_data(as_text=True)))
    names = {family.name for family in families}
    assert {one.name.removesuffix("_total") for one in FAMILIES} <= {name.removesuffix("_total") for name in names}
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN} ", "Bearer \xe9"])
def test_nobody_reads_them_without_the_token(given: str) -> None:
    settings = {"FORESAIL_REDIS_URL": "redis://127.0.0.1:9", "FORESAIL_METRICS_TOKEN": TOKEN}
    client = create_app(Settings.from_environment(settings)).test_client()
    answer = client.get("/metrics", headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"argocd_" not in answer.data


def test_without_a_token_in_the_settings_nobody_reads_them_at_all(foresail: Foresail) -> None:
    with pytest.raises(urllib.error.HTTPError, match="501") as refused:
        urllib.request.urlopen(f"{foresail.url}/metrics", timeout=30)  # noqa: S310 - an http address of our own
    refused.value.close()


def test_the_queue_and_the_forge_are_told_as_they_are(services: WebServices) -> None:
    services.queue.enqueue(poll())
    services.pace.note("acme", Allowance(limit=5000, remaining=4999, reset=2_000_000_000))
    found = read(services)
    assert found["foresail_queue_jobs", "notify", "waiting"] == 2.0  # and the recovery that a start asks for
    assert found["foresail_queue_jobs", "sync", "waiting"] == 0.0
    assert found["foresail_forge_requests_remaining", "acme"] == 4999.0
    assert found["foresail_forge_waiting", "acme"] == 0.0


def test_what_others_say_stays_within_its_label(services: WebServices) -> None:
    labels = (HOSTILE, *APP_INFO.labels[1:])
    services.metrics.show("one", {"shop": Sample(APP_INFO, labels)}, whole=True)
    assert [sorted(name[1:]) for name in read(services) if name[0] == APP_INFO.name] == [sorted(labels)]


def test_a_histogram_is_what_prometheus_expects(services: WebServices) -> None:
    services.metrics.count(*(Sample(JOBS, ("compare.run", "done"), seconds) for seconds in (0.001, 0.3, 1000.0)))
    found = read(services)
    job = ("compare.run", "done")
    buckets = [number for name, number in found.items() if name[0] == "foresail_job_seconds_bucket"]
    assert buckets == [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0]
    assert found["foresail_job_seconds_count", *job] == 3.0
    assert found["foresail_job_seconds_sum", *job] == pytest.approx(1000.301)
