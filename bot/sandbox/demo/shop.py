"""The shop of the story: what its repository holds at first, what its pull requests change, what the cluster allows."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

REPOSITORY: Final = "acme/shop"
NAMESPACE: Final = "shop"
DEVELOPER: Final = "octocat"

HOUSE_RULES: Final = dedent(f"""\
    apiVersion: v1
    kind: Namespace
    metadata: {{name: {NAMESPACE}}}
    ---
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicy
    metadata: {{name: nothing-public}}
    spec:
      failurePolicy: Fail
      matchConstraints:
        resourceRules:
          - {{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [services]}}
      validations:
        - expression: object.spec.?type.orValue("ClusterIP") != "LoadBalancer"
          message: a LoadBalancer is open to the internet, and this cluster allows none
    ---
    apiVersion: admissionregistration.k8s.io/v1
    kind: ValidatingAdmissionPolicyBinding
    metadata: {{name: nothing-public}}
    spec: {{policyName: nothing-public, validationActions: [Deny]}}
    """)
"""What the people who run the cluster have set up in it."""


def public_service(name: str = "probe") -> str:
    """Return a Service that the house rules refuse."""
    return _service(name, port=80, kind="LoadBalancer")


def first_files(url: str, control_namespace: str) -> dict[str, str]:
    """Return the files of the first push; `url` is where the repository is cloned from."""
    return {
        ".foresail/shop-web.yaml": _application("shop-web", url, "web", control_namespace),
        ".foresail/shop-db.yaml": _application("shop-db", url, "db/overlays/production", control_namespace),
        "web/deployment.yaml": web(),
        "web/service.yaml": _service("web", port=80),
        "web/banner.yaml": _BANNER,
        "db/base/kustomization.yaml": "resources: [database.yaml, service.yaml, login.yaml]\n",
        "db/base/database.yaml": _DATABASE,
        "db/base/service.yaml": _service("db", port=5432),
        "db/base/login.yaml": login("correct horse"),
        "db/overlays/production/kustomization.yaml": dedent(f"""\
            namespace: {NAMESPACE}
            resources: [../../base]
            replicas: [{{name: db, count: 2}}]
            """),
    }


def busy_season() -> dict[str, str | None]:
    """Return what the first pull request changes at first; None removes a file."""
    return {
        "web/deployment.yaml": web(image="nginx:1.29", replicas=3),
        "web/banner.yaml": None,
        "web/metrics.yaml": _service("metrics", port=9113, kind="LoadBalancer"),
        "db/base/login.yaml": login("battery staple"),
    }


def repaired() -> dict[str, str | None]:
    """Return what the second push to the first pull request changes."""
    return {"web/metrics.yaml": _service("metrics", port=9113)}


def crashing() -> dict[str, str | None]:
    """Return what the second pull request changes: its pods will not start."""
    return {"web/deployment.yaml": web(image="nginx:1.31-rc1", replicas=3, pods="fail")}


def web(*, image: str = "nginx:1.27", replicas: int = 2, pods: str = "slow") -> str:
    """Return the shop's Deployment; `pods` is what kwok makes of its pods: ready after two seconds, or crashing."""
    return dedent(f"""\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: web}}
        spec:
          replicas: {replicas}
          progressDeadlineSeconds: 8
          selector: {{matchLabels: {{app: web}}}}
          template:
            metadata:
              labels: {{app: web}}
              annotations: {{sandbox.foresail.dev/pod: {pods}}}
            spec:
              containers:
                - name: web
                  image: {image}
                  ports: [{{containerPort: 80}}]
        """)


def login(password: str) -> str:
    """Return the database's Secret."""
    return dedent(f"""\
        apiVersion: v1
        kind: Secret
        metadata: {{name: db-login}}
        stringData: {{user: shop, password: {password}}}
        """)


_BANNER: Final = dedent("""\
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: banner}
    data: {text: Opening soon}
    """)

_DATABASE: Final = dedent("""\
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db}
    spec:
      serviceName: db
      replicas: 1
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec:
          containers:
            - name: db
              image: postgres:17
              envFrom: [{secretRef: {name: db-login}}]
    """)


def _service(name: str, *, port: int, kind: str = "ClusterIP") -> str:
    return dedent(f"""\
        apiVersion: v1
        kind: Service
        metadata: {{name: {name}}}
        spec:
          type: {kind}
          selector: {{app: {"web" if name == "metrics" else name}}}
          ports: [{{port: {port}}}]
        """)


def _application(name: str, url: str, path: str, control_namespace: str) -> str:
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {name}, namespace: {control_namespace}}}
        spec:
          project: default
          source: {{repoURL: {url}, path: {path}, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {NAMESPACE}}}
          syncPolicy: {{automated: {{prune: true}}}}
        """)
