"""An ingress controller, as its chart's plain manifests look, with certificate hooks and an autoscaler."""

from __future__ import annotations

from pathlib import Path

from tests.fidelity.stacks.table import Stack, StackChange, append, everywhere, remove, swap

_CLEANUP = """\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: gangway-cleanup
  namespace: gangway-system
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/sync-wave: "-5"
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: cleanup, image: "registry.example/kubectl:1.31"}
"""
_SHORTENED = (
    "patch validatingwebhookconfiguration gangway-admission --type=json -p "
    """'[{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 3}]'"""
)

STACK = Stack(
    folder=Path(__file__).parent,
    word="gangway",
    changes=(
        StackChange(
            "an image is bumped",
            (swap("deployment.yaml", "controller:v1.11.3", "controller:v1.11.4"),),
            "change Deployment",
        ),
        StackChange(
            "the chart's label is bumped everywhere",
            (everywhere("helm.sh/chart: gangway-4.11.3", "helm.sh/chart: gangway-4.11.4"),),
            "change ClusterRole; change ClusterRoleBinding; change ConfigMap; change Deployment; change "
            "HorizontalPodAutoscaler; change IngressClass; change 3 Job; change NetworkPolicy; change "
            "PodDisruptionBudget; change Role; change RoleBinding; change 3 Service; change ServiceAccount; "
            "change ValidatingWebhookConfiguration",
        ),
        StackChange(
            "replicas are raised where an autoscaler has scaled already",
            (swap("deployment.yaml", "replicas: 2", "replicas: 3"),),
            "change Deployment; drift Deployment",
            by_hand=("-n gangway-system scale deployment/gangway-controller --replicas=5",),
        ),
        StackChange(
            "the selector is changed, which cannot be",
            (everywhere("app.kubernetes.io/component: controller", "app.kubernetes.io/component: proxy"),),
            "change ClusterRole; change ClusterRoleBinding; change ConfigMap; change HorizontalPodAutoscaler; "
            "change IngressClass; change PodDisruptionBudget; change Role; change RoleBinding; change 3 "
            "Service; change ServiceAccount; fails Deployment",
        ),
        StackChange(
            "the load balancer becomes a node port",
            (
                swap("services.yaml", "type: LoadBalancer", "type: NodePort"),
                swap("services.yaml", "  externalTrafficPolicy: Local\n", ""),
            ),
            "change Service",
        ),
        StackChange(
            "the webhook stops to block, and somebody had shortened its patience",
            (swap("webhook.yaml", "failurePolicy: Fail", "failurePolicy: Ignore"),),
            "change ValidatingWebhookConfiguration; drift ValidatingWebhookConfiguration",
            by_hand=(_SHORTENED,),
        ),
        StackChange(
            "a finished job is changed in place, which cannot be",
            (swap("jobs.yaml", "migrate:v1.11.0", "migrate:v1.11.4"),),
            "fails Job",
        ),
        StackChange(
            "a hook is added, and the smoke test looks elsewhere",
            (append("jobs.yaml", _CLEANUP), swap("jobs.yaml", "http://gangway-controller.", "http://gangway-metrics.")),
            "change Job; create Job",
        ),
        StackChange(
            "quantities and list orders are written in another way",
            (
                swap("deployment.yaml", "cpu: 100m", "cpu: 0.1"),
                swap("deployment.yaml", "memory: 512Mi", "memory: 0.5Gi"),
                swap("rbac.yaml", "[list, watch]", "[watch, list]"),
                swap("network-policy.yaml", "[Ingress, Egress]", "[Egress, Ingress]"),
            ),
            "change ClusterRole; change NetworkPolicy",
        ),
        StackChange(
            "a rename of the deployment and the removal of its budget, which somebody had deleted",
            (
                everywhere("name: gangway-controller\n  namespace", "name: gangway-proxy\n  namespace"),
                swap(
                    "scaling.yaml",
                    "    name: gangway-controller\n  minReplicas",
                    "    name: gangway-proxy\n  minReplicas",
                ),
                remove("network-policy.yaml"),
            ),
            "create ConfigMap; create Deployment; create HorizontalPodAutoscaler; create PodDisruptionBudget; "
            "create Service; drift PodDisruptionBudget; prune ConfigMap; prune Deployment; prune "
            "HorizontalPodAutoscaler; prune NetworkPolicy; prune Service",
            by_hand=("-n gangway-system delete poddisruptionbudget gangway-controller",),
        ),
    ),
)
