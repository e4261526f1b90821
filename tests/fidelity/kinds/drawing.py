"""How fields are drawn: usual values first, so that what differs shrinks to them."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Some: TypeAlias = SearchStrategy[Any]
ABSENT: Final = "<absent>"


def one_of(*values: Any) -> Some:
    """Draw one of some values; the first is the simplest."""
    return st.sampled_from(values)


def maybe(some: Some) -> Some:
    """Draw a value, or leave the field out."""
    return st.one_of(st.just(ABSENT), some)


def rarely(usual: Any, *others: Any) -> Some:
    """Draw what is usual four times in five: for fields that cannot change in place."""
    return st.sampled_from([*[usual] * 4 * len(others), *others])


def obj(**fields: Any) -> Some:
    """Draw an object; plain values stand for themselves."""
    strategies = {name: some if isinstance(some, SearchStrategy) else st.just(some) for name, some in fields.items()}
    return st.fixed_dictionaries(strategies).map(
        lambda drawn: {name: value for name, value in drawn.items() if not (type(value) is str and value == ABSENT)}
    )


def some_of(*items: Some) -> Some:
    """Draw a list with some of the items, in their order."""
    return st.tuples(*(maybe(item) for item in items)).map(
        lambda drawn: [item for item in drawn if not (type(item) is str and item == ABSENT)]
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
