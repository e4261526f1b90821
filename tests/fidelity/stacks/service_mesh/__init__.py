"""A service mesh: definitions, a control plane, an injector whose webhook nobody answers, routes of a shop."""

from __future__ import annotations

from pathlib import Path

from tests.fidelity.stacks.table import Stack, StackChange, append, everywhere, swap

_CANARY = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: lattice-edge}
spec:
  selector: {matchLabels: {app: lattice-gateway}}
  template:
    metadata: {labels: {app: lattice-gateway}}
    spec:
      containers: [{name: proxy, image: "registry.example/lattice/proxy:1.24.1"}]
---
apiVersion: v1
kind: Service
metadata: {name: gateway, namespace: lattice-edge}
spec: {type: LoadBalancer, selector: {app: lattice-gateway}, ports: [{name: https, port: 443}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: lattice-edge, labels: {lattice.example/injection: enabled}}
"""
_WASM = """\
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: lattice-shop}
spec:
  containers: [{name: probe, image: "registry.example/probe:1"}]
"""
_TLS = "{name: https, number: 443, protocol: TLS}"
_HTTP = "{name: http, number: 80, protocol: HTTP}"
_POLICY = """\
apiVersion: security.lattice.example/v1
kind: AuthorizationPolicy
metadata: {name: frontend, namespace: lattice-shop}
spec:
  rules: [{from: [{source: {namespaces: [lattice-system]}}]}]
---
"""
_FILLED_IN = (
    "patch mutatingwebhookconfiguration lattice-injector --type=json -p "
    """'[{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": "Y2VydGlmaWNhdGU="}]'"""
)
_BEGUN = (
    "-n lattice-shop patch virtualservices.networking.lattice.example shop --type=json -p "
    """'[{"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 95}]'"""
)

STACK = Stack(
    folder=Path(__file__).parent,
    word="lattice",
    in_turn=True,
    changes=(
        StackChange(
            "the mesh is upgraded",
            (everywhere("1.24.1", "1.24.2"),),
            "change ConfigMap; change 6 CustomResourceDefinition; change DaemonSet; change Deployment; change "
            "MutatingWebhookConfiguration",
        ),
        StackChange(
            "traffic is shifted, which somebody had begun by hand",
            (swap("shop.yaml", "weight: 100", "weight: 90"), swap("shop.yaml", "weight: 0}", "weight: 10}")),
            "change VirtualService; drift VirtualService",
            by_hand=(_BEGUN,),
        ),
        StackChange(
            "the injector comes to block, and its certificate was filled in",
            (swap("injector.yaml", "failurePolicy: Ignore", "failurePolicy: Fail"),),
            "change MutatingWebhookConfiguration",
            by_hand=(_FILLED_IN,),
        ),
        StackChange(
            "the injector comes to block in the same change as a pod that nobody can inject",
            (swap("injector.yaml", "failurePolicy: Ignore", "failurePolicy: Fail"), append("shop.yaml", _WASM)),
            "change MutatingWebhookConfiguration; create Pod (estimated)",
        ),
        StackChange(
            "a namespace is added with what is in it",
            (append("gateway.yaml", _CANARY),),
            "create Deployment (estimated); create Namespace; create Service (estimated)",
        ),
        StackChange(
            "a mode is misspelt and another made strict",
            (swap("shop.yaml", "LATTICE_MUTUAL", "LATICE_MUTUAL"), swap("shop.yaml", "PERMISSIVE", "STRICT")),
            "change PeerAuthentication; fails DestinationRule",
        ),
        StackChange(
            "a definition allows a mode that a rule uses in the same change",
            (
                swap(
                    "crds.yaml",
                    "[DISABLE, SIMPLE, MUTUAL, LATTICE_MUTUAL]",
                    "[DISABLE, SIMPLE, MUTUAL, LATTICE_MUTUAL, AUTO]",
                ),
                swap("shop.yaml", "mode: LATTICE_MUTUAL", "mode: AUTO"),
            ),
            "change CustomResourceDefinition; change DestinationRule (estimated)",
        ),
        StackChange(
            "the daemon comes a wave earlier with more rights, and the driver changes what cannot be",
            (
                swap("node.yaml", 'sync-wave: "1"', 'sync-wave: "-1"'),
                swap("node.yaml", "SYS_ADMIN]", "SYS_ADMIN, NET_RAW]"),
                swap("node.yaml", "attachRequired: false", "attachRequired: true"),
            ),
            "change DaemonSet; fails CSIDriver",
        ),
        StackChange(
            "injection is switched off where somebody owns another label, and a pod was deleted",
            (
                swap("namespaces.yaml", "  labels: {lattice.example/injection: enabled}\n", ""),
                swap("control-plane.yaml", "memory: 2048Mi", "memory: 2Gi"),
                swap("control-plane.yaml", "30m]", "60m]"),
            ),
            "change Deployment; change Namespace; drift Pod",
            by_hand=("label namespace lattice-shop team=shop", "-n lattice-shop delete pod debug --now"),
        ),
        StackChange(
            "a policy is removed, ports and hosts stand in another order, a pod's image is bumped",
            (
                swap("shop.yaml", f"[{_TLS}, {_HTTP}]", f"[{_HTTP}, {_TLS}]"),
                swap("shop.yaml", "[shop.example, www.shop.example]", "[www.shop.example, shop.example]"),
                swap("shop.yaml", _POLICY, ""),
                swap("shop.yaml", "shell:3", "shell:4"),
            ),
            "change Gateway; change Pod; prune AuthorizationPolicy",
        ),
    ),
)
