"""What runs pods, and what scales and guards them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fidelity.kinds.drawing import (
    ABSENT,
    COUNTS,
    SELECTED,
    Some,
    maybe,
    meta,
    obj,
    one_of,
    pod_spec,
    rarely,
    selector,
    template,
)


def replication_controller(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="ReplicationController",
        metadata=meta(name),
        spec=obj(replicas=maybe(COUNTS), selector=maybe(st.just(SELECTED)), template=template()),
    )


def deployment(name: str) -> Some:
    strategy = st.one_of(
        obj(type="Recreate"),
        obj(
            type=maybe(one_of("RollingUpdate")),
            rollingUpdate=obj(maxSurge=one_of(1, "25%"), maxUnavailable=maybe(one_of(0, 1))),
        ),
    )
    return obj(
        apiVersion="apps/v1",
        kind="Deployment",
        metadata=meta(name),
        spec=obj(
            replicas=maybe(COUNTS),
            selector=selector(),
            strategy=maybe(strategy),
            revisionHistoryLimit=maybe(COUNTS),
            paused=maybe(st.booleans()),
            minReadySeconds=maybe(COUNTS),
            template=template(),
        ),
    )


def stateful_set(name: str) -> Some:
    return obj(
        apiVersion="apps/v1",
        kind="StatefulSet",
        metadata=meta(name),
        spec=obj(
            replicas=maybe(COUNTS),
            selector=selector(),
            serviceName=rarely("web", "other"),
            podManagementPolicy=rarely(ABSENT, "Parallel"),
            updateStrategy=maybe(obj(type=one_of("RollingUpdate", "OnDelete"))),
            template=template(),
            volumeClaimTemplates=rarely(
                ABSENT,
                [
                    {
                        "metadata": {"name": "data"},
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                    }
                ],
            ),
        ),
    )


def daemon_set(name: str) -> Some:
    return obj(
        apiVersion="apps/v1",
        kind="DaemonSet",
        metadata=meta(name),
        spec=obj(
            selector=selector(),
            updateStrategy=maybe(
                st.one_of(obj(type="OnDelete"), obj(rollingUpdate=obj(maxUnavailable=one_of(1, "10%"))))
            ),
            template=template(hostNetwork=maybe(st.booleans())),
        ),
    )


def replica_set(name: str) -> Some:
    return obj(
        apiVersion="apps/v1",
        kind="ReplicaSet",
        metadata=meta(name),
        spec=obj(replicas=maybe(COUNTS), selector=selector(), template=template()),
    )


def controller_revision(name: str) -> Some:
    return obj(
        apiVersion="apps/v1",
        kind="ControllerRevision",
        metadata=meta(name),
        data=rarely({"spec": {"a": 1}}, {"spec": {"a": 2}}),
        revision=one_of(1, 2),
    )


def job(name: str) -> Some:
    return obj(
        apiVersion="batch/v1",
        kind="Job",
        metadata=meta(name),
        spec=obj(
            parallelism=maybe(COUNTS),
            backoffLimit=maybe(one_of(6, 2)),
            suspend=maybe(st.booleans()),
            ttlSecondsAfterFinished=maybe(one_of(3600, 60)),
            template=obj(
                spec=obj(
                    restartPolicy="Never",
                    containers=rarely([{"name": "main", "image": "web:1"}], [{"name": "main", "image": "web:2"}]),
                )
            ),
        ),
    )


def cron_job(name: str) -> Some:
    return obj(
        apiVersion="batch/v1",
        kind="CronJob",
        metadata=meta(name),
        spec=obj(
            schedule=one_of("*/5 * * * *", "@hourly", "not a schedule"),
            timeZone=maybe(one_of("Etc/UTC", "Europe/Berlin")),
            suspend=maybe(st.booleans()),
            concurrencyPolicy=maybe(one_of("Allow", "Forbid")),
            successfulJobsHistoryLimit=maybe(COUNTS),
            jobTemplate=obj(spec=obj(template=obj(spec=pod_spec(restartPolicy=one_of("OnFailure", "Never"))))),
        ),
    )


def autoscaler(name: str) -> Some:
    metric = obj(
        type="Resource",
        resource=obj(
            name=one_of("cpu", "memory"),
            target=st.one_of(
                obj(type="Utilization", averageUtilization=one_of(80, 50)),
                obj(type="AverageValue", averageValue=one_of("500m", "0.5", "1")),
            ),
        ),
    )
    return obj(
        apiVersion="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        metadata=meta(name),
        spec=obj(
            scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployment"},
            minReplicas=maybe(one_of(1, 2)),
            maxReplicas=one_of(5, 3, 1),
            metrics=maybe(st.tuples(metric).map(list)),
            behavior=maybe(obj(scaleDown=obj(stabilizationWindowSeconds=one_of(300, 60)))),
        ),
    )


def disruption_budget(name: str) -> Some:
    return obj(
        apiVersion="policy/v1",
        kind="PodDisruptionBudget",
        metadata=meta(name),
        spec=st.one_of(
            obj(selector={"matchLabels": SELECTED}, minAvailable=one_of(1, "50%")),
            obj(selector={"matchLabels": SELECTED}, maxUnavailable=one_of(1, 0, "10%")),
        ),
    )
