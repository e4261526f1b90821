"""A monitoring stack: an operator with its definitions, what they define, dashboards and secrets by kustomize."""

from __future__ import annotations

from pathlib import Path

from tests.fidelity.stacks.table import Stack, StackChange, append, everywhere, remove, swap

_FIELD = """\
                retention: {type: string}
                retentionSize: {type: string, default: 40GB}
                tsdb:
                  type: object
                  properties:
                    outOfOrderTimeWindow: {type: string, default: 0s}
"""
_USE = """\
  retention: 15d
  tsdb: {}
"""
_PROBES = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: probes.monitoring.watchtower.example
spec:
  group: monitoring.watchtower.example
  names: {kind: Probe, listKind: ProbeList, plural: probes, singular: probe}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                module: {type: string, default: http_2xx}
                interval: {type: string}
                targets: {type: array, items: {type: string}}
---
apiVersion: monitoring.watchtower.example/v1
kind: Probe
metadata:
  name: shop
spec:
  interval: 60s
  targets: [https://shop.example]
"""
_RULE = """\
        - alert: TargetDown
          expr: up == 0
          for: 10m
"""
_EDITED = (
    "-n watchtower patch prometheusrules.monitoring.watchtower.example kubernetes --type=json -p "
    """'[{"op": "replace", "path": "/spec/groups/0/rules/0/for", "value": "5m"}]'"""
)
_REPLACEABLE = """\
  name: long-term-store
  annotations:
    argocd.argoproj.io/sync-options: Force=true,Replace=true
spec:
  serviceName"""

STACK = Stack(
    folder=Path(__file__).parent,
    word="watchtower",
    changes=(
        StackChange(
            "grafana's tag is bumped",
            (swap("kustomization.yaml", "newTag: 11.4.0", "newTag: 11.5.1"),),
            "change Deployment",
        ),
        StackChange(
            "a dashboard is edited, whose generated name moves on",
            (swap("dashboards/cluster.json", '"refresh": "30s"', '"refresh": "1m"'),),
            "change Deployment; create ConfigMap; prune ConfigMap",
        ),
        StackChange(
            "a definition gains fields that an object uses in the same change",
            (
                swap("crds/prometheuses.yaml", "                retention: {type: string}\n", _FIELD),
                swap("prometheus.yaml", "  retention: 15d\n", _USE),
            ),
            "change CustomResourceDefinition; change Prometheus (estimated)",
        ),
        StackChange(
            "a new definition comes with its first object",
            (
                append("probes.yaml", _PROBES),
                swap("kustomization.yaml", "  - node-exporter.yaml\n", "  - node-exporter.yaml\n  - probes.yaml\n"),
            ),
            "create CustomResourceDefinition; create Probe (estimated)",
        ),
        StackChange(
            "a rule is added where somebody edited one by hand",
            (append("rules/kubernetes.yaml", _RULE),),
            "change PrometheusRule; drift PrometheusRule",
            by_hand=(_EDITED,),
        ),
        StackChange(
            "the claims of a stateful set grow, which cannot be",
            (swap("grafana.yaml", "storage: 100Gi", "storage: 200Gi"),),
            "fails StatefulSet",
        ),
        StackChange(
            "the claims of a stateful set grow, and it may be replaced",
            (
                swap("grafana.yaml", "storage: 100Gi", "storage: 200Gi"),
                swap(
                    "grafana.yaml",
                    "  name: long-term-store\nspec:\n  serviceName",
                    _REPLACEABLE,
                ),
            ),
            "replace StatefulSet",
        ),
        StackChange(
            "the version label is bumped everywhere",
            (everywhere("0.79.2", "0.80.0"),),
            "change Alertmanager; change ClusterRole; change ClusterRoleBinding; change 2 ConfigMap; change 4 "
            "CustomResourceDefinition; change DaemonSet; change 2 Deployment; change Prometheus; change "
            "PrometheusRule; change 2 Secret; change 2 Service; change ServiceAccount; change 2 "
            "ServiceMonitor; change StatefulSet",
        ),
        StackChange(
            "node-exporter is removed, which somebody had labelled, and defaults are written out",
            (
                swap("kustomization.yaml", "  - node-exporter.yaml\n", ""),
                remove("node-exporter.yaml"),
                swap("alertmanager.yaml", "  replicas: 3\n", "  replicas: 3\n  retention: 120h\n"),
                swap("monitors.yaml", "{port: web, interval: 30s}", "{port: web, interval: 30s, scheme: http}"),
            ),
            "prune DaemonSet",
            by_hand=("-n watchtower label daemonset node-exporter team=sre",),
        ),
        StackChange(
            "an interval is misspelt, and a set of namespaces stands in another order",
            (
                swap("monitors.yaml", "{port: web, interval: 30s}", "{port: web, interval: half a minute}"),
                swap("monitors.yaml", "[kube-system, default]", "[default, kube-system]"),
                swap("kustomization.yaml", "admin-password=correct-horse", "admin-password=battery-staple"),
            ),
            "change Deployment; create Secret; fails ServiceMonitor; prune Secret",
        ),
    ),
)
