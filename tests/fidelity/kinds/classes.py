"""Classes, drivers and the like, most of them of the whole cluster."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fidelity.kinds.drawing import (
    ABSENT,
    BYTES,
    QUANTITIES,
    TEXTS,
    Some,
    maybe,
    meta,
    obj,
    one_of,
    rarely,
    some_of,
)


def priority_class(name: str) -> Some:
    return obj(
        apiVersion="scheduling.k8s.io/v1",
        kind="PriorityClass",
        metadata=meta(f"APP-{name}"),
        value=rarely(1000, 2000),
        description=maybe(TEXTS),
        preemptionPolicy=rarely(ABSENT, "Never"),
    )


def storage_class(name: str) -> Some:
    return obj(
        apiVersion="storage.k8s.io/v1",
        kind="StorageClass",
        metadata=meta(f"APP-{name}"),
        provisioner=rarely("example.com/disk", "example.com/other"),
        parameters=maybe(rarely({"type": "ssd"}, {"type": "hdd"})),
        reclaimPolicy=rarely(ABSENT, "Retain"),
        allowVolumeExpansion=maybe(st.booleans()),
        mountOptions=maybe(one_of(["ro"], ["ro", "noatime"])),
    )


def volume_attributes_class(name: str) -> Some:
    return obj(
        apiVersion="storage.k8s.io/v1",
        kind="VolumeAttributesClass",
        metadata=meta(f"APP-{name}"),
        driverName=rarely("disk.example.com", "other.example.com"),
        parameters=rarely({"iops": "100"}, {"iops": "200"}),
    )


def csi_driver(name: str) -> Some:
    return obj(
        apiVersion="storage.k8s.io/v1",
        kind="CSIDriver",
        metadata=meta(f"APP-{name}.example.com"),
        spec=obj(
            attachRequired=rarely(True, False),
            podInfoOnMount=maybe(st.booleans()),
            storageCapacity=maybe(st.booleans()),
            fsGroupPolicy=maybe(one_of("File", "None")),
            volumeLifecycleModes=rarely(ABSENT, ["Ephemeral"]),
        ),
    )


def csi_storage_capacity(name: str) -> Some:
    return obj(
        apiVersion="storage.k8s.io/v1",
        kind="CSIStorageCapacity",
        metadata=meta(name),
        storageClassName=rarely("fast", "slow"),
        capacity=maybe(BYTES),
        maximumVolumeSize=maybe(BYTES),
    )


def runtime_class(name: str) -> Some:
    return obj(
        apiVersion="node.k8s.io/v1",
        kind="RuntimeClass",
        metadata=meta(f"APP-{name}"),
        handler=rarely("runc", "gvisor"),
        overhead=maybe(obj(podFixed=obj(cpu=QUANTITIES))),
    )


def lease(name: str) -> Some:
    return obj(
        apiVersion="coordination.k8s.io/v1",
        kind="Lease",
        metadata=meta(name),
        spec=obj(holderIdentity=maybe(one_of("me", "you")), leaseDurationSeconds=maybe(one_of(15, 30))),
    )


def flow_schema(name: str) -> Some:
    return obj(
        apiVersion="flowcontrol.apiserver.k8s.io/v1",
        kind="FlowSchema",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            priorityLevelConfiguration={"name": "catch-all"},
            matchingPrecedence=maybe(one_of(9000, 9500)),
            distinguisherMethod=maybe(obj(type=one_of("ByUser", "ByNamespace"))),
            rules=some_of(
                obj(
                    subjects=[{"kind": "User", "user": {"name": "nobody-at-all"}}],
                    nonResourceRules=st.just([{"nonResourceURLs": ["/nowhere"], "verbs": ["get"]}]),
                )
            ),
        ),
    )


def priority_level(name: str) -> Some:
    return obj(
        apiVersion="flowcontrol.apiserver.k8s.io/v1",
        kind="PriorityLevelConfiguration",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            type="Limited",
            limited=obj(
                nominalConcurrencyShares=maybe(one_of(1, 0)),
                limitResponse=st.one_of(
                    obj(type="Reject"),
                    obj(type="Queue", queuing=obj(queues=one_of(8, 16), handSize=4, queueLengthLimit=50)),
                ),
            ),
        ),
    )
