"""A platform of five tenants: one base, an overlay each, policies that deny, an application of applications."""

from __future__ import annotations

from pathlib import Path

from tests.fidelity.stacks.table import Stack, StackChange, append, remove, swap

_MAPS = "".join(
    f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: page-{number}}}\ndata: {{text: page}}\n"
    for number in range(14)
)
_TENANT = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: atrium-team-fawn
resources: [../../base]
"""
_APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: atrium-team-fawn
spec:
  project: default
  source:
    repoURL: https://github.example/acme/fidelity.git
    path: atrium/tenants/fawn
    targetRevision: main
  destination: {name: in-cluster, namespace: atrium-team-fawn}
  syncPolicy:
    automated: {prune: true}
"""
_POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec: {containers: [{name: shell, image: "registry.example/shell:3"}]}
"""

STACK = Stack(
    folder=Path(__file__).parent,
    word="atrium",
    in_turn=True,
    changes=(
        StackChange(
            "a tenant wants more than its quota has room for",
            (append("tenants/amber/web.yaml", _MAPS),),
            "create 11 ConfigMap; fails 3 ConfigMap",
        ),
        StackChange(
            "a tenant's image comes from elsewhere, which the policy denies",
            (swap("tenants/coral/web.yaml", "registry.example/coral/web:1.4.0", "docker.example/coral/web:1.4.1"),),
            "fails Deployment",
        ),
        StackChange(
            "the policy is tightened in the same change as something that it would deny",
            (
                swap("policies/images.yaml", "object.spec.replicas <= 10", "object.spec.replicas <= 3"),
                swap("tenants/dusk/web.yaml", "replicas: 2", "replicas: 5"),
            ),
            "change Deployment (estimated); change ValidatingAdmissionPolicy",
        ),
        StackChange(
            "a tenant is added",
            (append("tenants/fawn/kustomization.yaml", _TENANT), append("root/fawn.yaml", _APPLICATION)),
            "create Application; create LimitRange (estimated); create Namespace; create 2 NetworkPolicy "
            "(estimated); create ResourceQuota (estimated); create Role (estimated); create 2 RoleBinding "
            "(estimated); create ServiceAccount (estimated); create application",
        ),
        StackChange(
            "a tenant is removed",
            (remove("tenants/ebony"), remove("root/ebony.yaml")),
            "orphan ConfigMap; orphan Deployment; orphan LimitRange; orphan Namespace; orphan 2 "
            "NetworkPolicy; orphan ResourceQuota; orphan Role; orphan 2 RoleBinding; orphan ServiceAccount; "
            "prune Application; prune application",
        ),
        StackChange(
            "developers may do everything, and a binding points elsewhere, which cannot be",
            (
                swap("policies/classes.yaml", "verbs: [get, list, watch]", 'verbs: ["*"]'),
                swap(
                    "base/access.yaml",
                    "{apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}",
                    "{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}",
                ),
            ),
            "change ClusterRole; fails 5 RoleBinding",
        ),
        StackChange(
            "pod security is relaxed for a pod that needs it, where a label was removed by hand",
            (
                swap("base/namespace.yaml", "enforce: restricted", "enforce: baseline"),
                append("tenants/amber/web.yaml", _POD),
            ),
            "change 5 Namespace; create Pod (estimated); drift Namespace",
            by_hand=(
                "label namespace atrium-team-blue pod-security.kubernetes.io/enforce-",
                "label namespace atrium-team-coral cost-centre=42",
            ),
        ),
        StackChange(
            "a priority is changed, which cannot be, and everybody's network is opened",
            (
                swap("policies/classes.yaml", "value: 100000", "value: 200000"),
                swap("base/network.yaml", "ingress: [{from: [{podSelector: {}}]}]", "ingress: [{}]"),
            ),
            "change 5 NetworkPolicy; fails PriorityClass",
        ),
        StackChange(
            "a tenant moves to another folder, and one image is bumped",
            (
                swap("root/blue.yaml", "atrium/tenants/blue", "atrium/tenants/coral"),
                swap("tenants/coral/kustomization.yaml", "namespace: atrium-team-coral", "namespace: atrium-team-blue"),
                swap("tenants/dusk/web.yaml", "web:1.4.0", "web:1.4.1"),
                swap("root/coral.yaml", "atrium/tenants/coral", "atrium/tenants/blue"),
                swap("tenants/blue/kustomization.yaml", "namespace: atrium-team-blue", "namespace: atrium-team-coral"),
            ),
            "change 2 Application; change 2 ConfigMap; change 3 Deployment; change 2 ResourceQuota; change 2 "
            "RoleBinding; change 2 application",
        ),
        StackChange(
            "every tenant's quota is lowered, and one gets room for more in the same change",
            (
                swap("base/limits.yaml", 'requests.cpu: "8"', 'requests.cpu: "4"'),
                swap("base/limits.yaml", 'count/configmaps: "12"', 'count/configmaps: "30"'),
                append("tenants/blue/web.yaml", _MAPS),
            ),
            "change 5 ResourceQuota; create 14 ConfigMap (estimated)",
        ),
    ),
)
