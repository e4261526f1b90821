"""What Foresail has to keep in sync while faults are struck: applications of every sort, all changed by each push."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from bot.model.resources import JsonObject
from tests.chaos.audit import HOOK, WAVE
from tests.chaos.invariants import Permission

PROJECT: Final = "chaos"
FOREIGN: Final = "chaos-foreign"
"""A namespace that the project does not allow."""
TRESPASSER: Final = "trespasser"


@dataclass(frozen=True, slots=True)
class Application:
    """One application of the workload."""

    name: str
    sort: str

    @property
    def namespace(self) -> str:
        return f"chaos-{self.name}"

    @property
    def prunes(self) -> bool:
        return self.sort != "keeps"

    @property
    def permission(self) -> Permission:
        kept = frozenset({f"configmaps {self.namespace}/kept"}) if self.sort == "prunes" else frozenset[str]()
        return Permission(frozenset({self.namespace}), kept)

    def objects(self, number: int) -> list[JsonObject]:
        """Return the manifests of one push."""
        return list(_SORTS[self.sort](self, number))

    def manifest(self, *, url: str, control_namespace: str) -> JsonObject:
        """Return the Application."""
        automated = {"prune": self.prunes, "selfHeal": self.sort == "heals"}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name, "namespace": control_namespace},
            "spec": {
                "project": PROJECT,
                "source": {"repoURL": url, "path": f"apps/{self.name}", "targetRevision": "main"},
                "destination": {"name": "in-cluster", "namespace": self.namespace},
                "syncPolicy": {"automated": automated},
            },
        }


def applications(count: int) -> list[Application]:
    """Return so many applications, of each sort in turn."""
    sorts = [sort for sort in _SORTS if sort != TRESPASSER]
    return [
        Application(f"{sorts[number % len(sorts)]}-{number}", sorts[number % len(sorts)]) for number in range(count)
    ]


def files(chosen: list[Application], number: int) -> dict[str, str | None]:
    """Return the files of one push; None takes one away."""
    found: dict[str, str | None] = {}
    for one in chosen:
        before = {_path(one, obj) for obj in one.objects(number - 1)} if number else set()
        now = {_path(one, obj): yaml.safe_dump(obj) for obj in one.objects(number)}
        found |= {**dict.fromkeys(sorted(before - now.keys())), **now}
    return found


def project(control_namespace: str) -> JsonObject:
    """Return the AppProject of all of them."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": PROJECT, "namespace": control_namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [
                {"server": "*", "namespace": "chaos-*"},
                {"server": "*", "namespace": f"!{FOREIGN}"},
            ],
        },
    }


def key_of(obj: JsonObject) -> str:
    """Return how the audit log names an object of the workload."""
    return f"{_PLURALS[obj['kind']]} {obj['metadata']['namespace']}/{obj['metadata']['name']}"


def _path(application: Application, obj: JsonObject) -> str:
    return f"apps/{application.name}/{obj['kind'].lower()}-{obj['metadata']['name']}.yaml"


def _plain(one: Application, number: int) -> Iterator[JsonObject]:
    yield _config(one, "settings", number)
    yield _config(one, "more", number)
    yield _service(one, number)
    yield _deployment(one, number)


def _waves(one: Application, number: int) -> Iterator[JsonObject]:
    yield _config(one, "first", number, {WAVE: "-1"})
    yield _config(one, "second", number)
    yield _deployment(one, number, {WAVE: "1"})
    yield _config(one, "last", number, {WAVE: "2"})


def _hooks(one: Application, number: int) -> Iterator[JsonObject]:
    yield _job(one, number)
    yield _config(one, "settings", number)
    yield _deployment(one, number)
    yield _config(one, "after", number, {HOOK: "PostSync"})


def _prunes(one: Application, number: int) -> Iterator[JsonObject]:
    """Have objects that come and go; one that says it is to be kept goes for good."""
    yield _config(one, "settings", number)
    yield _config(one, "other", number)
    yield _config(one, "more", number)
    yield _config(one, f"only-{number % 2}", number)
    if number == 0:
        yield _config(one, "kept", number, {"argocd.argoproj.io/sync-options": "Prune=false"})


def _keeps(one: Application, number: int) -> Iterator[JsonObject]:
    """Have an object go that nobody may prune."""
    yield _config(one, "settings", number)
    yield _config(one, "more", number)
    yield _service(one, number)
    yield _config(one, f"left-{number}" if number == 0 else "there", number)


def _heals(one: Application, number: int) -> Iterator[JsonObject]:
    yield _config(one, "settings", number)
    yield _config(one, "more", number)
    yield _service(one, number)
    yield _config(one, "edited", number)


def _trespasses(one: Application, number: int) -> Iterator[JsonObject]:
    yield _config(one, "settings", number)
    foreign = _config(one, "foreign", number)
    foreign["metadata"]["namespace"] = FOREIGN
    yield foreign


_SORTS: Final = {
    "waves": _waves,
    "prunes": _prunes,
    "hooks": _hooks,
    "heals": _heals,
    "keeps": _keeps,
    "plain": _plain,
    TRESPASSER: _trespasses,
}
_PLURALS: Final[Mapping[str, str]] = {
    "ConfigMap": "configmaps",
    "Service": "services",
    "Deployment": "deployments.apps",
    "Job": "jobs.batch",
}


def _named(one: Application, kind: str, name: str, annotations: Mapping[str, str] | None = None) -> JsonObject:
    version = {"Deployment": "apps/v1", "Job": "batch/v1"}.get(kind, "v1")
    metadata = {"name": name, "namespace": one.namespace, "annotations": dict(annotations or {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _config(one: Application, name: str, number: int, annotations: Mapping[str, str] | None = None) -> JsonObject:
    return _named(one, "ConfigMap", name, annotations) | {"data": {"push": str(number)}}


def _service(one: Application, number: int) -> JsonObject:
    ports = [{"name": "web", "port": 8000 + number % 1000, "protocol": "TCP", "targetPort": 80}]
    return _named(one, "Service", "web") | {"spec": {"selector": {"app": "web"}, "ports": ports}}


def _deployment(one: Application, number: int, annotations: Mapping[str, str] | None = None) -> JsonObject:
    template = _pod("web", number) | {"metadata": {"labels": {"app": "web"}}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return _named(one, "Deployment", "web", annotations) | {"spec": spec}


def _job(one: Application, number: int) -> JsonObject:
    marks = {HOOK: "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"}
    template = _pod("migrate", number)
    template["spec"]["restartPolicy"] = "Never"
    return _named(one, "Job", "migrate", marks) | {"spec": {"template": template}}


def _pod(name: str, number: int) -> JsonObject:
    container = {"name": name, "image": "registry.example/web:1", "env": [{"name": "PUSH", "value": str(number)}]}
    return {"spec": {"containers": [container]}}
