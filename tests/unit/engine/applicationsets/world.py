"""Facts out of a dictionary: a repository's files, and clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.engine.applicationsets.facts import ClusterFact, ForgeFacts, NoForge, NotKnownError
from bot.engine.applicationsets.generating import Generated, generated
from bot.engine.applicationsets.globs import PathSpec
from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository import manifests

REPOSITORY = "https://git.example/acme/apps"
TEMPLATE = """
metadata: {name: '{{name}}'}
spec:
  project: default
  source: {repoURL: https://git.example/acme/apps, path: '{{path}}', targetRevision: HEAD}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
"""
GO_TEMPLATE = TEMPLATE.replace("{{name}}", "{{.name}}").replace("{{path}}", "{{.path}}")
GIT_TEMPLATE = TEMPLATE.replace("{{name}}", "{{path.basename}}")
GO_GIT_TEMPLATE = TEMPLATE.replace("{{name}}", "{{.path.basename}}").replace("{{path}}", "{{.path.path}}")


@dataclass(frozen=True)
class World:
    """One repository, and the clusters there are."""

    contents: Mapping[str, str] = field(default_factory=dict)
    known: tuple[ClusterFact, ...] = ()
    forge: ForgeFacts = NoForge()  # noqa: RUF009 - it has no state

    def directories(self, repo_url: str, revision: str) -> Iterable[str]:
        self._check(repo_url, revision)
        folders = {
            "/".join(path.split("/")[:depth]) for path in self.contents for depth in range(1, path.count("/") + 1)
        }
        return [folder for folder in folders if not any(part.startswith(".") for part in folder.split("/"))]

    def files(self, repo_url: str, revision: str, patterns: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        self._check(repo_url, revision)
        for path, content in self.contents.items():
            if any(PathSpec(pattern).matches(path) for pattern in patterns):
                yield path, content.encode()

    def clusters(self) -> Sequence[ClusterFact]:
        return self.known

    def yaml(self, content: bytes, name: str) -> Any:
        return read(content.decode(), name)

    def _check(self, repo_url: str, revision: str) -> None:
        if revision == "gone":
            raise Rejected(f"{repo_url} has no revision {revision}")
        if repo_url != REPOSITORY:
            raise NotKnownError(f"{repo_url} is not read")


def read(text: str, name: str = "test") -> Any:
    """Read the first document of a text."""
    documents = manifests.read(text.encode(), name)
    return documents[0].value if documents else None


def applicationset(generators: str, template: str = TEMPLATE, more: str = "") -> JsonObject:
    """Return an ApplicationSet; `more` is further YAML of its spec."""
    spec = {"generators": read(generators), "template": read(template), **(read(more) or {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "shops", "namespace": "argocd"},
        "spec": spec,
    }


def generate(generators: str, template: str = TEMPLATE, more: str = "", world: World | None = None) -> Generated:
    """Generate."""
    return generated(applicationset(generators, template, more), world or World())


def names(found: Generated) -> list[str]:
    """Return the names of what was generated."""
    return [one["metadata"]["name"] for one in found.applications]


def problem(generators: str, template: str = TEMPLATE, more: str = "", world: World | None = None) -> str:
    """Return what is said where nothing can be generated."""
    try:
        found = generate(generators, template, more, world)
    except Rejected as error:
        return error.message
    raise AssertionError(f"it generated {names(found)}")
