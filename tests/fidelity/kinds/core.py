"""Objects of the core group, and the slices of its endpoints."""

from __future__ import annotations

import base64

from hypothesis import strategies as st

from tests.fidelity.kinds.drawing import (
    ABSENT,
    LABELS,
    TEXTS,
    Some,
    maybe,
    meta,
    obj,
    one_of,
    rarely,
    some_of,
    template,
)


def config_map(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="ConfigMap",
        metadata=meta(name),
        data=maybe(obj(key=TEXTS, **{"app.conf": maybe(TEXTS)})),
        binaryData=maybe(obj(blob=one_of("AAEC", "////"))),
        immutable=rarely(ABSENT, True),
    )


def secret(name: str) -> Some:
    encoded = [base64.b64encode(text).decode() for text in (b"one", b"two", b"")]
    return obj(
        apiVersion="v1",
        kind="Secret",
        metadata=meta(name),
        type=rarely("Opaque", "example.com/thing"),
        data=maybe(obj(password=one_of(*encoded), user=maybe(one_of(*encoded)))),
        stringData=maybe(obj(token=TEXTS)),
    )


def service(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="Service",
        metadata=meta(name),
        spec=obj(
            type=maybe(one_of("ClusterIP", "NodePort", "LoadBalancer")),
            selector=LABELS,
            clusterIP=rarely(ABSENT, "None"),
            ports=st.tuples(
                obj(
                    name="http",
                    port=one_of(80, 8080),
                    targetPort=maybe(one_of("http", 8080, "8080")),
                    protocol=maybe(one_of("TCP")),
                ),
                obj(name="dns", port=53, protocol=one_of("UDP", "TCP")),
            ).map(list),
            sessionAffinity=maybe(one_of("None", "ClientIP")),
            internalTrafficPolicy=maybe(one_of("Cluster", "Local")),
        ),
    )


def service_account(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="ServiceAccount",
        metadata=meta(name),
        automountServiceAccountToken=maybe(st.booleans()),
        imagePullSecrets=maybe(some_of(st.just({"name": "one"}), st.just({"name": "two"}))),
        secrets=maybe(some_of(st.just({"name": "three"}))),
    )


def endpoint_slice(name: str) -> Some:
    return obj(
        apiVersion="discovery.k8s.io/v1",
        kind="EndpointSlice",
        metadata=meta(name),
        addressType="IPv4",
        endpoints=some_of(
            obj(addresses=["192.0.2.1"], conditions=maybe(obj(ready=st.booleans()))), obj(addresses=["192.0.2.2"])
        ),
        ports=some_of(obj(name="http", port=one_of(80, 81), protocol=maybe(one_of("TCP")))),
    )


def volume_claim(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="PersistentVolumeClaim",
        metadata=meta(name),
        spec=obj(
            accessModes=rarely(["ReadWriteOnce"], ["ReadWriteMany"]),
            resources=obj(requests=obj(storage=rarely("1Gi", "1024Mi", "2Gi"))),
            storageClassName=rarely("fast", "slow"),
            volumeMode=maybe(one_of("Filesystem")),
        ),
    )


def volume(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="PersistentVolume",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            capacity=obj(storage=one_of("1Gi", "1024Mi", "5Gi")),
            accessModes=one_of(["ReadWriteOnce"], ["ReadWriteOnce", "ReadOnlyMany"]),
            persistentVolumeReclaimPolicy=maybe(one_of("Retain", "Delete")),
            storageClassName=one_of("fast", "slow"),
            hostPath=rarely({"path": "/data"}, {"path": "/other"}),
        ),
    )


def limit_range(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="LimitRange",
        metadata=meta(name),
        spec=obj(limits=some_of(obj(type="Pod", max=obj(cpu=one_of("64", 64, "64000m"))))),
    )


def resource_quota(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="ResourceQuota",
        metadata=meta(name),
        spec=obj(
            hard=obj(
                pods=one_of("1000", 1000, "1k"),
                **{"requests.cpu": maybe(one_of("512", "512000m")), "count/leases.x": "5"},
            ),
            scopes=rarely(ABSENT, ["NotTerminating"]),
        ),
    )


def pod(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="Pod",
        metadata=meta(name),
        spec=obj(
            containers=st.tuples(
                obj(name="main", image=one_of("web:1", "web:2"), env=maybe(rarely([], [{"name": "A", "value": "b"}])))
            ).map(list),
            activeDeadlineSeconds=rarely(ABSENT, 600),
            nodeName=rarely(ABSENT, "node-9"),
        ),
    )


def pod_template(name: str) -> Some:
    return obj(apiVersion="v1", kind="PodTemplate", metadata=meta(name), template=template())
