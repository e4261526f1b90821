"""`/metrics` for Prometheus: of the whole installation, whichever web process is asked."""

from __future__ import annotations

import hmac
from collections import defaultdict
from http import HTTPStatus
from itertools import accumulate
from typing import TYPE_CHECKING

import flask

from bot.model.metrics import (
    COUNTED,
    FORGE_LIMIT,
    FORGE_REMAINING,
    FORGE_RESET,
    FORGE_SILENCE,
    FORGE_WAITING,
    QUEUED,
    SHOWN,
    Family,
    Sample,
    Sort,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from bot.services import WebServices

_REALM = 'Bearer realm="foresail metrics"'


def metrics(services: WebServices) -> flask.Blueprint:
    """Return `/metrics`, for who has the token of the settings: names of applications are nobody else's business."""
    routes = flask.Blueprint("metrics", __name__)
    secret = services.settings.metrics_token

    @routes.get("/metrics")
    def exposed() -> flask.Response | tuple[flask.Response, HTTPStatus]:
        if secret is None:
            words = "this Foresail shows no metrics: FORESAIL_METRICS_TOKEN is not set"
            return flask.jsonify(error=words), HTTPStatus.NOT_IMPLEMENTED
        given = flask.request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {secret.get_secret_value()}".encode()):
            answer = flask.jsonify(error="a bearer token is needed that is FORESAIL_METRICS_TOKEN")
            answer.headers["WWW-Authenticate"] = _REALM
            return answer, HTTPStatus.UNAUTHORIZED
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(_Collected(services))
        return flask.Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


class _Collected:
    """What is known now, as prometheus_client wants it."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        """Return nothing: names are not asked for before values are."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family, also one without a value."""
        samples = [*self._services.metrics.shown(), *self._asked()]
        by_family: defaultdict[Family, list[Sample]] = defaultdict(list)
        for sample in samples:
            by_family[sample.family].append(sample)
        for family in (*SHOWN, QUEUED, FORGE_LIMIT, FORGE_REMAINING, FORGE_RESET, FORGE_SILENCE, FORGE_WAITING):
            yield _gauge(family, by_family[family])
        counted = self._services.metrics.counted()
        for family in COUNTED:
            yield _counted(family, counted.get(family, {}))

    def _asked(self) -> Iterator[Sample]:
        for queue, states in self._services.queue.figures().items():
            for state, number in states.items():
                yield Sample(QUEUED, (queue, state), number)
        for one in self._services.pace.figures():
            account = (one.account,)
            if one.allowance is not None:
                yield Sample(FORGE_LIMIT, account, one.allowance.limit)
                yield Sample(FORGE_REMAINING, account, one.allowance.remaining)
                yield Sample(FORGE_RESET, account, one.allowance.reset)
            yield Sample(FORGE_SILENCE, account, one.silent_for)
            yield Sample(FORGE_WAITING, account, one.waiting)


def _gauge(family: Family, samples: Iterable[Sample]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    found = GaugeMetricFamily(family.name, family.words, labels=family.labels)
    for sample in samples:
        found.add_metric(sample.values, sample.number)
    return found


def _counted(family: Family, values: Mapping[tuple[str, ...], Mapping[str, float]]) -> Metric:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    if family.sort is Sort.COUNTER:
        counter = CounterMetricFamily(family.name.removesuffix("_total"), family.words, labels=family.labels)
        for labels, parts in values.items():
            counter.add_metric(labels, parts.get("", 0.0))
        return counter
    histogram = HistogramMetricFamily(family.name, family.words, labels=family.labels)
    limits = [*map(str, family.buckets), "+Inf"]
    for labels, parts in values.items():
        grown = accumulate(parts.get(limit, 0.0) for limit in limits)
        histogram.add_metric(labels, list(zip(limits, grown, strict=True)), parts.get("sum", 0.0))
    return histogram
