"""Health of what scales workloads: HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import Final

import orjson

from bot.engine.health.fields import Section
from bot.errors import Rejected
from bot.model.health import Health, HealthStatus
from bot.model.resources import annotations_of

CONDITIONS_ANNOTATION: Final = "autoscaling.alpha.kubernetes.io/conditions"
"""Where `autoscaling/v1`, whose status has no conditions, keeps them as JSON."""

FAILURES: Final = frozenset(
    {
        ("AbleToScale", "FailedGetScale"),
        ("AbleToScale", "FailedUpdateScale"),
        ("ScalingActive", "FailedGetResourceMetric"),
        ("ScalingActive", "FailedGetObjectMetric"),
        ("ScalingActive", "FailedGetPodsMetric"),
        ("ScalingActive", "FailedGetExternalMetric"),
        ("ScalingActive", "FailedComputeMetricsReplicas"),
        ("ScalingActive", "InvalidSelector"),
    }
)
"""Condition types with the reasons that mean a person must act."""


def horizontal_pod_autoscaler(obj: Section) -> HealthStatus:
    """Judge an autoscaler of any served version by its conditions: a failure outweighs a success."""
    status = (
        Section({"conditions": _annotated(obj)})
        if obj.text("apiVersion") == "autoscaling/v1"
        else obj.section("status")
    )
    conditions = status.sections("conditions")
    for entry in conditions:
        if (entry.text("type"), entry.text("reason")) in FAILURES:
            return HealthStatus(Health.DEGRADED, entry.text("message") or entry.text("reason"))
    for entry in conditions:
        if entry.text("type") in {"AbleToScale", "ScalingLimited"} and entry.text("status") == "True":
            return HealthStatus(Health.HEALTHY, entry.text("message") or "The autoscaler is at work")
    return HealthStatus(Health.PROGRESSING, "Waiting for the autoscaler's first decision")


def _annotated(obj: Section) -> object:
    text = annotations_of(obj.values).get(CONDITIONS_ANNOTATION)
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected(f"the annotation {CONDITIONS_ANNOTATION} is not JSON") from error
