"""Objects of many kinds to change: each kind says which fields vary and how, usual values first.

`APP` in a name stands for the application: cluster-scoped objects of two applications must not be the same one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.model.resources import JsonObject

Some: TypeAlias = SearchStrategy[Any]
_ABSENT: Final = "<absent>"


def one_of(*values: Any) -> Some:
    """Draw one of some values; the first is the simplest."""
    return st.sampled_from(values)


def maybe(some: Some) -> Some:
    """Draw a value, or leave the field out."""
    return st.one_of(st.just(_ABSENT), some)


def rarely(usual: Any, *others: Any) -> Some:
    """Draw what is usual four times in five: for fields that cannot change in place."""
    return st.sampled_from([*[usual] * 4 * len(others), *others])


def obj(**fields: Any) -> Some:
    """Draw an object; plain values stand for themselves."""
    strategies = {name: some if isinstance(some, SearchStrategy) else st.just(some) for name, some in fields.items()}
    return st.fixed_dictionaries(strategies).map(
        lambda drawn: {name: value for name, value in drawn.items() if not (type(value) is str and value == _ABSENT)}
    )


def some_of(*items: Some) -> Some:
    """Draw a list with some of the items, in their order."""
    return st.tuples(*(maybe(item) for item in items)).map(
        lambda drawn: [item for item in drawn if not (type(item) is str and item == _ABSENT)]
    )


def in_any_order(*values: Any) -> Some:
    """Draw a list of the values in some order."""
    return st.permutations(values).map(list)


TEXTS: Final = one_of("a", "", "b", "two\nlines\n", "  padded  ", "0x1f", "yes", "ünï ☸")
QUANTITIES: Final = one_of("1", "1000m", 1, "0.5", "500m", 2)
BYTES: Final = one_of("64Mi", "65536Ki", "67108864", "0.5Gi", "1G")
COUNTS: Final = one_of(1, 0, 3)
LABELS: Final = obj(app=one_of("web", "api"), tier=maybe(one_of("front", "")))
SELECTED: Final = {"app": "web"}


def meta(name: str) -> Some:
    """Draw an object's metadata."""
    return obj(
        name=name,
        labels=maybe(LABELS),
        annotations=maybe(obj(note=TEXTS, **{"example.com/owner": maybe(one_of("us", "them"))})),
    )


def container(name: str) -> Some:
    """Draw a container."""
    return obj(
        name=name,
        image=one_of("web:1", "web:2", "web", "registry.example/web@sha256:" + "0" * 64),
        imagePullPolicy=maybe(one_of("Always", "IfNotPresent")),
        args=maybe(one_of(["--listen", ":8080"], [])),
        env=maybe(
            some_of(
                obj(name="MODE", value=maybe(TEXTS)),
                obj(name="NODE", valueFrom={"fieldRef": {"fieldPath": "spec.nodeName"}}),
                obj(name="FLAG", value=one_of("true", "1")),
            )
        ),
        ports=maybe(
            some_of(
                obj(name="http", containerPort=one_of(8080, 8081), protocol=maybe(one_of("TCP"))),
                obj(containerPort=53, protocol=one_of("UDP", "TCP")),
            )
        ),
        resources=maybe(
            obj(
                requests=maybe(obj(cpu=one_of("10m", 0.01, "0.010"), memory=maybe(BYTES))),
                limits=maybe(obj(cpu=maybe(QUANTITIES))),
            )
        ),
        readinessProbe=maybe(
            obj(httpGet=obj(path=one_of("/", "/ready"), port=one_of("http", 8080)), periodSeconds=maybe(COUNTS))
        ),
        securityContext=maybe(obj(privileged=maybe(st.booleans()), runAsUser=maybe(one_of(1000, 0)))),
        volumeMounts=maybe(st.just([{"name": "tmp", "mountPath": "/tmp"}])),  # noqa: S108 - a path in a container
    )


def pod_spec(**fields: Any) -> Some:
    """Draw a pod's spec."""
    return obj(
        containers=st.one_of(
            st.tuples(container("main")).map(list), st.tuples(container("main"), container("side")).map(list)
        ),
        initContainers=maybe(st.tuples(container("init")).map(list)),
        volumes=[{"name": "tmp", "emptyDir": {}}],
        nodeSelector=maybe(obj(disk=one_of("ssd", "hdd"))),
        terminationGracePeriodSeconds=maybe(one_of(30, 5)),
        tolerations=maybe(some_of(obj(key="dedicated", operator="Exists"), obj(key="spot", value="yes"))),
        securityContext=maybe(obj(runAsNonRoot=maybe(st.booleans()), fsGroup=maybe(one_of(1, 2)))),
        **fields,
    )


def template(**fields: Any) -> Some:
    """Draw a pod template."""
    return obj(
        metadata=obj(labels=st.just(SELECTED), annotations=maybe(obj(**{"checksum/config": one_of("aa", "bb")}))),
        spec=pod_spec(**fields),
    )


def selector() -> Some:
    """Draw a selector, which no workload may change."""
    return obj(matchLabels=rarely(SELECTED, {"app": "web", "tier": "none"}))


def config_map(name: str) -> Some:
    return obj(
        apiVersion="v1",
        kind="ConfigMap",
        metadata=meta(name),
        data=maybe(obj(key=TEXTS, **{"app.conf": maybe(TEXTS)})),
        binaryData=maybe(obj(blob=one_of("AAEC", "////"))),
        immutable=rarely(_ABSENT, True),
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
            clusterIP=rarely(_ABSENT, "None"),
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
            scopes=rarely(_ABSENT, ["NotTerminating"]),
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
            activeDeadlineSeconds=rarely(_ABSENT, 600),
            nodeName=rarely(_ABSENT, "node-9"),
        ),
    )


def pod_template(name: str) -> Some:
    return obj(apiVersion="v1", kind="PodTemplate", metadata=meta(name), template=template())


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
            podManagementPolicy=rarely(_ABSENT, "Parallel"),
            updateStrategy=maybe(obj(type=one_of("RollingUpdate", "OnDelete"))),
            template=template(),
            volumeClaimTemplates=rarely(
                _ABSENT,
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


def ingress(name: str) -> Some:
    backend = {"service": {"name": "web", "port": {"name": "http"}}}
    return obj(
        apiVersion="networking.k8s.io/v1",
        kind="Ingress",
        metadata=meta(name),
        spec=obj(
            ingressClassName=maybe(one_of("nginx", "other")),
            tls=maybe(
                some_of(obj(hosts=one_of(["a.example"], ["a.example", "b.example"]), secretName=maybe(one_of("t"))))
            ),
            rules=some_of(
                obj(
                    host=one_of("a.example", "c.example"),
                    http=obj(paths=some_of(obj(path="/", pathType=one_of("Prefix", "Exact"), backend=backend))).filter(
                        lambda drawn: drawn["paths"]
                    ),
                ),
                obj(host="d.example"),
            ),
            defaultBackend=maybe(st.just(backend)),
        ),
    )


def ingress_class(name: str) -> Some:
    return obj(
        apiVersion="networking.k8s.io/v1",
        kind="IngressClass",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            controller=rarely("example.com/one", "example.com/two"),
            parameters=maybe(obj(apiGroup="example.com", kind="Parameters", name=one_of("a", "b"), scope="Cluster")),
        ),
    )


def network_policy(name: str) -> Some:
    peer = st.one_of(
        obj(podSelector=obj(matchLabels=LABELS)),
        obj(ipBlock=obj(cidr=one_of("10.0.0.0/8", "192.0.2.0/24"))),
        obj(namespaceSelector=st.just({})),
    )
    return obj(
        apiVersion="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=meta(name),
        spec=obj(
            podSelector=st.one_of(st.just({}), obj(matchLabels=LABELS)),
            policyTypes=maybe(in_any_order("Ingress", "Egress")),
            ingress=maybe(
                some_of(obj(**{"from": some_of(peer, peer)}, ports=maybe(some_of(obj(port=one_of(80, "http"))))))
            ),
            egress=maybe(some_of(obj(to=some_of(peer)))),
        ),
    )


_RULE: Final = obj(
    apiGroups=one_of([""], ["apps", ""]),
    resources=in_any_order("pods", "configmaps"),
    verbs=in_any_order("get", "list", "watch"),
)


def role(name: str) -> Some:
    return obj(apiVersion="rbac.authorization.k8s.io/v1", kind="Role", metadata=meta(name), rules=some_of(_RULE, _RULE))


def cluster_role(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="ClusterRole",
        metadata=meta(f"APP-{name}"),
        rules=maybe(some_of(_RULE, obj(nonResourceURLs=["/healthz"], verbs=["get"]))),
    )


def _subjects(namespace: str) -> Some:
    return some_of(
        obj(kind="ServiceAccount", name=one_of("web", "api"), namespace=namespace),
        obj(kind="Group", name="team", apiGroup=maybe(one_of("rbac.authorization.k8s.io"))),
    )


def role_binding(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="RoleBinding",
        metadata=meta(name),
        roleRef=obj(kind="Role", name=rarely("one", "two"), apiGroup="rbac.authorization.k8s.io"),
        subjects=_subjects("default"),
    )


def cluster_role_binding(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="ClusterRoleBinding",
        metadata=meta(f"APP-{name}"),
        roleRef=obj(kind="ClusterRole", name=rarely("view", "edit"), apiGroup="rbac.authorization.k8s.io"),
        subjects=maybe(_subjects("default")),
    )


def priority_class(name: str) -> Some:
    return obj(
        apiVersion="scheduling.k8s.io/v1",
        kind="PriorityClass",
        metadata=meta(f"APP-{name}"),
        value=rarely(1000, 2000),
        description=maybe(TEXTS),
        preemptionPolicy=rarely(_ABSENT, "Never"),
    )


def storage_class(name: str) -> Some:
    return obj(
        apiVersion="storage.k8s.io/v1",
        kind="StorageClass",
        metadata=meta(f"APP-{name}"),
        provisioner=rarely("example.com/disk", "example.com/other"),
        parameters=maybe(rarely({"type": "ssd"}, {"type": "hdd"})),
        reclaimPolicy=rarely(_ABSENT, "Retain"),
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
            volumeLifecycleModes=rarely(_ABSENT, ["Ephemeral"]),
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


def admission_policy(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingAdmissionPolicy",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            failurePolicy=maybe(one_of("Fail", "Ignore")),
            matchConstraints=obj(
                resourceRules=[
                    {
                        "apiGroups": ["none.example"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["none"],
                    }
                ]
            ),
            validations=st.tuples(
                obj(expression=one_of("true", "object.metadata.name != 'x'", "not cel ("), message=maybe(TEXTS))
            ).map(list),
        ),
    )


def admission_policy_binding(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingAdmissionPolicyBinding",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            policyName=one_of("nobody-has-it", "nor-this"),
            validationActions=one_of(["Deny"], ["Audit", "Warn"], ["Deny", "Warn"]),
        ),
    )


def validating_webhook(name: str) -> Some:
    return obj(
        apiVersion="admissionregistration.k8s.io/v1",
        kind="ValidatingWebhookConfiguration",
        metadata=meta(f"APP-{name}"),
        webhooks=some_of(
            obj(
                name="hook.example.com",
                sideEffects="None",
                admissionReviewVersions=["v1"],
                failurePolicy=maybe(one_of("Ignore", "Fail")),
                timeoutSeconds=maybe(one_of(10, 5)),
                clientConfig={"url": "https://hook.example.com/"},
                rules=[
                    {
                        "apiGroups": ["none.example"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE"],
                        "resources": ["none"],
                    }
                ],
            )
        ),
    )


def device_class(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="DeviceClass",
        metadata=meta(f"APP-{name}"),
        spec=obj(
            selectors=maybe(
                st.tuples(obj(cel=obj(expression=one_of("device.driver == 'a.example'", "true", "nonsense(")))).map(
                    list
                )
            )
        ),
    )


def claim_template(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="ResourceClaimTemplate",
        metadata=meta(name),
        spec=rarely(
            {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}},
            {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "tpu"}}]}}},
        ),
    )


def resource_claim(name: str) -> Some:
    return obj(
        apiVersion="resource.k8s.io/v1",
        kind="ResourceClaim",
        metadata=meta(name),
        spec=rarely(
            {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
            {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "tpu"}}]}},
        ),
    )


def namespace(name: str) -> Some:
    return obj(apiVersion="v1", kind="Namespace", metadata=meta(f"APP-{name}"))


def definition(name: str) -> Some:
    group = "APP.example.com"
    schema = obj(
        type="object",
        properties=obj(
            spec=obj(
                type="object",
                properties=obj(size=obj(type="integer", minimum=maybe(one_of(0, 1)), default=maybe(one_of(1, 2)))),
            )
        ),
    )
    return obj(
        apiVersion="apiextensions.k8s.io/v1",
        kind="CustomResourceDefinition",
        metadata=obj(name=f"{name}s.{group}", labels=maybe(LABELS)),
        spec=obj(
            group=group,
            scope=rarely("Namespaced", "Cluster"),
            names=obj(kind=name.title(), plural=f"{name}s", shortNames=maybe(one_of(["x"], ["y"]))),
            versions=st.tuples(
                obj(
                    name="v1",
                    served=True,
                    storage=True,
                    schema=obj(openAPIV3Schema=schema),
                    additionalPrinterColumns=maybe(
                        some_of(obj(name="Size", type="integer", jsonPath=".spec.size", priority=maybe(one_of(0, 1))))
                    ),
                )
            ).map(list),
        ),
    )


def widget(name: str) -> Some:
    """Draw an object of a definition with defaults, rules in CEL, a list of type map and one of type set."""
    return obj(
        apiVersion="fidelity.example.com/v1",
        kind="Widget",
        metadata=meta(name),
        spec=obj(
            size=one_of(1, 2, 0, 100),
            colour=maybe(one_of("red", "blue")),
            frozen=rarely(_ABSENT, "a", "b"),
            parts=maybe(some_of(obj(name="one", weight=maybe(COUNTS)), obj(name="two"))),
            tags=maybe(in_any_order("a", "b")),
            extra=maybe(obj(anything=TEXTS, nested=maybe(obj(deep=COUNTS)))),
        ),
    )


def gadget(name: str) -> Some:
    """Draw an object of a cluster-scoped definition whose fields nobody checks."""
    return obj(
        apiVersion="fidelity.example.com/v1",
        kind="Gadget",
        metadata=meta(f"APP-{name}"),
        spec=maybe(obj(list=maybe(one_of([1, 2], [2, 1], [])), text=maybe(TEXTS), number=one_of(1, 1.5, 0))),
        setting=maybe(TEXTS),
    )


KINDS: Final[tuple[Callable[[str], Some], ...]] = (
    config_map,
    secret,
    service,
    service_account,
    endpoint_slice,
    volume_claim,
    volume,
    limit_range,
    resource_quota,
    pod,
    pod_template,
    replication_controller,
    deployment,
    stateful_set,
    daemon_set,
    replica_set,
    controller_revision,
    job,
    cron_job,
    autoscaler,
    disruption_budget,
    ingress,
    ingress_class,
    network_policy,
    role,
    cluster_role,
    role_binding,
    cluster_role_binding,
    priority_class,
    storage_class,
    volume_attributes_class,
    csi_driver,
    csi_storage_capacity,
    runtime_class,
    lease,
    flow_schema,
    priority_level,
    admission_policy,
    admission_policy_binding,
    validating_webhook,
    device_class,
    claim_template,
    resource_claim,
    namespace,
    definition,
    widget,
    gadget,
)

DEFINITIONS: Final[tuple[JsonObject, ...]] = (
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.fidelity.example.com"},
        "spec": {
            "group": "fidelity.example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "x-kubernetes-validations": [
                                        {
                                            "rule": "self.size < 50 || has(self.colour)",
                                            "message": "big ones have a colour",
                                        },
                                    ],
                                    "properties": {
                                        "size": {"type": "integer", "minimum": 0},
                                        "colour": {"type": "string", "enum": ["red", "blue"]},
                                        "mode": {"type": "string", "default": "plain"},
                                        "frozen": {
                                            "type": "string",
                                            "x-kubernetes-validations": [
                                                {"rule": "self == oldSelf", "message": "frozen stays as it is"}
                                            ],
                                        },
                                        "parts": {
                                            "type": "array",
                                            "x-kubernetes-list-type": "map",
                                            "x-kubernetes-list-map-keys": ["name"],
                                            "items": {
                                                "type": "object",
                                                "required": ["name"],
                                                "properties": {
                                                    "name": {"type": "string"},
                                                    "weight": {"type": "integer", "default": 7},
                                                },
                                            },
                                        },
                                        "tags": {
                                            "type": "array",
                                            "x-kubernetes-list-type": "set",
                                            "items": {"type": "string"},
                                        },
                                        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    },
                                }
                            },
                        }
                    },
                }
            ],
        },
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.fidelity.example.com"},
        "spec": {
            "group": "fidelity.example.com",
            "scope": "Cluster",
            "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    },
)
