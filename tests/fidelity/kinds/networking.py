"""What leads to pods, and what keeps away from them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fidelity.kinds.drawing import LABELS, Some, in_any_order, maybe, meta, obj, one_of, rarely, some_of


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
