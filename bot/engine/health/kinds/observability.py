"""Health of what watches and searches: Prometheus, Grafana, OpenTelemetry, Elastic, Humio, VictoriaMetrics, KEDA."""

from __future__ import annotations

from typing import Final

from bot.engine.health.conventions import (
    READY,
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    degraded,
    is_unobserved,
    progressing,
    said,
    suspended,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_SUSPENDED, _UNKNOWN = Health.SUSPENDED, Health.UNKNOWN


def elasticsearch(obj: Section) -> HealthStatus:
    """Judge a cluster of Elasticsearch: its phase, its nodes, then its colour."""
    status = obj.section("status")
    phase, colour, available = status.text("phase"), status.text("health"), status.number("availableNodes")
    wanted = sum(one.count("count") for one in obj.section("spec").sections("nodeSets"))
    if is_unobserved(obj, status):
        return UNOBSERVED
    if phase == "Invalid" or colour == "red":
        return HealthStatus(_DEGRADED, f"Phase is {phase}, health is {colour or 'not reported'}")
    if available is None:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.availableNodes")
    words = f"{available} of {wanted} nodes are available, phase is {phase}, health is {colour or 'not reported'}"
    complete = available == wanted and (phase, colour) == ("Ready", "green")
    return HealthStatus(_HEALTHY if complete else _PROGRESSING, words)


def grafana(obj: Section) -> HealthStatus:
    """Judge a Grafana by the stage that its operator has come to."""
    status = obj.section("status")
    stage, state = status.text("stage"), status.text("stageStatus")
    words = status.text("lastMessage") or f"Stage {stage or 'none'} is {state or 'not reported'}"
    if state == "failed":
        return HealthStatus(_DEGRADED, words)
    return HealthStatus(_HEALTHY if (stage, state) == ("complete", "success") else _PROGRESSING, words)


def grafana_resource(obj: Section) -> HealthStatus:
    """Judge what is put into a Grafana: any condition that is False is Degraded."""
    entries = obj.section("status").sections("conditions")
    for entry in entries:
        if entry.text("type") in _GRAFANA_FAULTS and entry.text("status") == "True":
            return HealthStatus(_DEGRADED, said(entry))
        if entry.text("status") == "False" and entry.text("type") not in _GRAFANA_FAULTS:
            return HealthStatus(_DEGRADED, said(entry))
        if is_unobserved(obj, entry):
            return UNOBSERVED
    if entries:
        return HealthStatus(_HEALTHY, said(entries[-1]))
    return HealthStatus(_PROGRESSING, "Waiting for the controller to report conditions")


_GRAFANA_FAULTS: Final = frozenset({"NoMatchingInstance", "InvalidSpec"})
"""Conditions that are faults while they are True."""


def grafana_datasource(obj: Section) -> HealthStatus:
    """Judge a source of data as others; older operators say only for which Grafana there is none."""
    status = obj.section("status")
    if status.flag("NoMatchingInstances"):
        return HealthStatus(_DEGRADED, "No Grafana matches")
    if status.sections("conditions"):
        return grafana_resource(obj)
    uid = status.text("uid")
    return HealthStatus(_HEALTHY if uid else _PROGRESSING, f"It is {uid}" if uid else "Waiting for its identifier")


def collector(obj: Section) -> HealthStatus:
    """Judge a collector of OpenTelemetry by `ready/total` replicas; a sidecar has none."""
    told = obj.section("status").section("scale").text("statusReplicas")
    mode = obj.section("spec").text("mode")
    if mode == "sidecar" and obj.section("status").values and not told:
        return HealthStatus(_HEALTHY, "It runs as a sidecar")
    ready, _, total = told.partition("/")
    if not (ready.isdecimal() and total.isdecimal()):
        return HealthStatus(_PROGRESSING, f"Replicas are {told or 'not reported'}")
    words = f"{ready} of {total} replicas are ready"
    if int(ready) == 0 and not (mode == "daemonset" and int(total) == 0):
        return HealthStatus(_DEGRADED, words)
    return HealthStatus(_HEALTHY if int(ready) == int(total) else _PROGRESSING, words)


_ELASTIC: Final = ByPhase(
    {"green": _HEALTHY, "yellow": _PROGRESSING, "red": _DEGRADED}, at="status.health", otherwise=_UNKNOWN
)
_ELASTIC_KINDS: Final = (
    ("agent.k8s.elastic.co", "Agent"),
    ("apm.k8s.elastic.co", "ApmServer"),
    ("beat.k8s.elastic.co", "Beat"),
    ("enterprisesearch.k8s.elastic.co", "EnterpriseSearch"),
    ("kibana.k8s.elastic.co", "Kibana"),
    ("logstash.k8s.elastic.co", "Logstash"),
    ("maps.k8s.elastic.co", "ElasticMapsServer"),
)
_PROMETHEUS: Final = ByConditions(
    ("Available",),
    (
        progressing("Available", "False", "SomePodsNotReady"),
        progressing("Available", "Degraded", "SomePodsNotReady"),
        degraded("Available", "False"),
        degraded("Available", "Degraded"),
        degraded("Reconciled", "False"),
    ),
)
_HUMIO: Final = ByPhase(
    {
        "Exists": _HEALTHY,
        "NotFound": Health.MISSING,
        "ConfigError": _DEGRADED,
        "Unknown": _UNKNOWN,
    },
    at="status.state",
)
_HUMIO_KINDS: Final = (
    "HumioAction",
    "HumioAlert",
    "HumioIngestToken",
    "HumioParser",
    "HumioRepository",
    "HumioView",
)
_HUMIO_CLUSTER: Final = ByPhase({"Running": _HEALTHY, "ConfigError": _DEGRADED, "Unknown": _UNKNOWN}, at="status.state")
_VICTORIA: Final = ByPhase(
    {"operational": _HEALTHY, "failed": _DEGRADED, "paused": _SUSPENDED},
    at="status.updateStatus",
    words="status.reason",
)
_SCALED: Final = ByConditions(("Ready",), (degraded("Ready", "False"), degraded("Fallback"), suspended("Paused")))
_SCALED_JOB: Final = ByConditions(
    ("Ready",), (degraded("Ready", "False"), degraded("Ready", "Unknown", "PartialTriggerError"), suspended("Paused"))
)
_KIALI: Final = ByConditions(("Successful",), (degraded("Failure"),))
_REMOTE: Final = ByConditions(("RemoteSynced",), (degraded("RemoteSynced", "False"),))
_ECK: Final = "https://www.elastic.co/docs/reference/cloud-on-k8s/api-docs"
_GRAFANA: Final = "https://grafana.github.io/grafana-operator/docs/api/"

FAMILIES: Final = (
    Family(
        "monitoring.coreos.com",
        dict.fromkeys(("Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"), _PROMETHEUS),
        "https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Condition",
    ),
    Family(
        "grafana.integreatly.org",
        {
            "Grafana": grafana,
            "GrafanaDatasource": grafana_datasource,
            **dict.fromkeys(
                ("GrafanaAlertRuleGroup", "GrafanaContactPoint", "GrafanaDashboard", "GrafanaFolder"), grafana_resource
            ),
        },
        _GRAFANA,
    ),
    Family("grafana-org-operator.kubitus-project.gitlab.io", {"*": READY}),
    Family(
        "opentelemetry.io",
        {"OpenTelemetryCollector": collector},
        "https://github.com/open-telemetry/opentelemetry-operator/blob/main/docs/api/opentelemetrycollectors.md",
    ),
    Family("elasticsearch.k8s.elastic.co", {"Elasticsearch": elasticsearch}, _ECK),
    *(Family(group, {kind: _ELASTIC}, _ECK) for group, kind in _ELASTIC_KINDS),
    Family("core.humio.com", {**dict.fromkeys(_HUMIO_KINDS, _HUMIO), "HumioCluster": _HUMIO_CLUSTER}),
    Family(
        "operator.victoriametrics.com",
        {"*": _VICTORIA},
        "https://github.com/VictoriaMetrics/operator/blob/master/api/operator/v1beta1/vmextra_types.go",
    ),
    Family("datadoghq.com", {"DatadogMetric": ByConditions((), (degraded("Error"), degraded("Valid", "False")))}),
    Family("coralogix.com", dict.fromkeys(("Alert", "RecordingRuleGroupSet"), _REMOTE)),
    Family("jaegertracing.io", {"Jaeger": ByPhase({"Running": _HEALTHY, "Failed": _DEGRADED})}),
    Family("kiali.io", {"Kiali": _KIALI}),
    Family(
        "keda.sh",
        {"ScaledObject": _SCALED, "ScaledJob": _SCALED_JOB},
        "https://keda.sh/docs/latest/reference/scaledobject-spec/",
    ),
)
