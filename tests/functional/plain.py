"""A repository that Foresail is not installed on, and of whose pushes no webhook tells."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from bot.sandbox.stage import Stage
from tests.functional.conftest import config_map


@dataclass
class Plain:
    """A public repository of somebody, and the application that lives from it."""

    stage: Stage
    namespace: str
    name: str

    def push(self, colour: str) -> None:
        self.stage.github.repository(f"somebody/{self.name}").push("main", {"a.yaml": config_map(COLOUR=colour)})

    def apply(self) -> None:
        url = self.stage.github.repository(f"somebody/{self.name}").clone_url
        manifest = f"""
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {self.name}, namespace: {self.stage.control_namespace}}}
spec:
  project: default
  source: {{repoURL: {url}, path: ., targetRevision: main}}
  destination: {{name: in-cluster, namespace: {self.namespace}}}
  syncPolicy: {{automated: {{}}}}
"""
        self.stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=manifest)

    @property
    def colour(self) -> str:
        found = self.stage.get("configmap", "settings", namespace=self.namespace) or {}
        return str(found.get("data", {}).get("COLOUR", ""))

    def await_colour(self, colour: str) -> None:
        self.stage.until(lambda: self.colour == colour, what=f"the colour {colour}")

    def tell(self, secret: str) -> int:
        assert self.stage.foresail is not None
        url = f"ssh://git@{self.stage.github.site.removeprefix('http://')}/Somebody/{self.name}"
        answer = requests.post(
            f"{self.stage.foresail.url}/webhooks/git",
            json={"repository": url},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=30,
        )
        return answer.status_code


def plain(stage: Stage, namespace: str, name: str) -> Plain:
    """Make an application of a repository that Foresail is not installed on, and await its first sync."""
    stage.github.create_repository(f"somebody/{name}", private=False)
    one = Plain(stage, namespace, name)
    one.push("blue")
    one.apply()
    one.await_colour("blue")
    return one
