"""What is previewed: applications of Deployments, ConfigMaps, Services and ServiceAccounts, each object changed."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

REPOSITORY: Final = "acme/fleet"
CLONE_URL: Final = f"https://github.example/{REPOSITORY}.git"
NAMESPACES: Final = 10
"""Namespaces that a workload of many applications spreads over: one a team."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A number of applications, each with the same number of objects of each kind."""

    name: str
    applications: int
    deployments: int
    config_maps: int
    services: int
    service_accounts: int

    @property
    def objects(self) -> int:
        """Objects of all applications together."""
        return self.applications * (self.deployments + self.config_maps + self.services + self.service_accounts)

    @property
    def control_namespace(self) -> str:
        """Where its Applications live."""
        return self.name.replace("_", "-")

    @property
    def namespaces(self) -> list[str]:
        """Where its objects live."""
        return [f"{self.control_namespace}-{team}" for team in range(min(NAMESPACES, self.applications))]

    def manifests(self) -> list[JsonObject]:
        """Return its Applications as the control cluster is given them."""
        return [self._application(number) for number in range(self.applications)]

    def files(self, round_: int, *, changed: bool) -> dict[str, str]:
        """Return every file by path; each round's have other bytes, and `changed` ones also say something else."""
        value = f"value-{round_}" if changed else "value"
        return {
            f"{self.name}/{application:03}/{name}.yaml": f"# Round {round_}\n{text}"
            for application in range(self.applications)
            for name, text in self._objects(application, value)
        }

    def _objects(self, application: int, value: str) -> list[tuple[str, str]]:
        kinds = (
            ("deployment", self.deployments, _DEPLOYMENT),
            ("config-map", self.config_maps, _CONFIG_MAP),
            ("service", self.services, _SERVICE),
            ("service-account", self.service_accounts, _SERVICE_ACCOUNT),
        )
        return [
            (f"{kind}-{number}", text.replace("NAME", f"app-{application}-{number}").replace("VALUE", value))
            for kind, count, text in kinds
            for number in range(count)
        ]

    def _application(self, number: int) -> JsonObject:
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": f"{self.control_namespace}-{number}", "namespace": self.control_namespace},
            "spec": {
                "project": "default",
                "source": {"repoURL": CLONE_URL, "path": f"{self.name}/{number:03}", "targetRevision": "main"},
                "destination": {"name": "in-cluster", "namespace": self.namespaces[number % len(self.namespaces)]},
                "syncPolicy": {"automated": {"prune": True}},
            },
        }


_DEPLOYMENT: Final = dedent("""\
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: NAME
      labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: fleet}
    spec:
      replicas: 1
      revisionHistoryLimit: 3
      selector:
        matchLabels: {app.kubernetes.io/name: NAME}
      template:
        metadata:
          labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: fleet}
        spec:
          containers:
            - name: web
              image: registry.example/fleet/web:VALUE
              args: [--listen, ":8080"]
              env:
                - {name: LOG_LEVEL, value: info}
                - {name: RELEASE, value: VALUE}
                - name: NODE
                  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
              ports:
                - {name: http, containerPort: 8080}
              readinessProbe:
                httpGet: {path: /ready, port: http}
              resources:
                requests: {cpu: 10m, memory: 16Mi}
                limits: {memory: 64Mi}
              volumeMounts:
                - {name: settings, mountPath: /etc/fleet}
          volumes:
            - name: settings
              configMap: {name: NAME}
    """)
_CONFIG_MAP: Final = dedent("""\
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: NAME
      labels: {app.kubernetes.io/part-of: fleet}
    data:
      release: VALUE
      settings.ini: |
        [web]
        listen = 8080
        release = VALUE
        [log]
        level = info
    """)
_SERVICE: Final = dedent("""\
    apiVersion: v1
    kind: Service
    metadata:
      name: NAME
      labels: {app.kubernetes.io/part-of: fleet}
      annotations: {fleet.example/release: VALUE}
    spec:
      selector: {app.kubernetes.io/name: NAME}
      ports:
        - {name: http, port: 80, targetPort: http}
    """)
_SERVICE_ACCOUNT: Final = dedent("""\
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: NAME
      labels: {app.kubernetes.io/part-of: fleet}
      annotations: {fleet.example/release: VALUE}
    """)
