"""Helm as a library, where it is installed: charts for which it is known to render what the program does.

Everything else is left to the program, and so is whatever goes wrong here: this only ever spares starting a process.
What comes after rendering is done as `helm template` does it (helm `pkg/action/action.go`, `renderResources`;
`pkg/release/v1/util/manifest_sorter.go`, `kind_sorter.go`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository import frames, manifests
from bot.repository.children import Child, ChildLostError
from bot.repository.directory import objects
from bot.repository.helm.child import merged

_MAIN: Final = "bot.repository.helm.child"
_CHARTS: Final = ("v1", "v2")
"""Versions of charts; of the third the library knows nothing and takes it for the second."""
_VERSION: Final = b"v4."
_MOST_LOST: Final = 3
"""Children of one renderer that may be lost before it does without the library."""
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME: Final = 53
_PLAIN: Final = re.compile(r"[\w-]+(\.[\w-]+)*=[^\\{},]*", re.DOTALL)
"""A parameter that means the same by itself as behind others: no places in lists, nothing to be put together."""
_TELLING: Final = (b"APIVersions", b"HelmVersion", b"\xef\xbb\xbf")
"""What is another with another version of Helm; byte order marks are read in ways of their own."""
_MINUS_ZERO: Final = re.compile(rb"(?<![\w.])-\.?0")
"""A number that loses its sign on the way."""
_SEPARATOR: Final = re.compile(r"^---[ \t]*", re.MULTILINE)
_KINDS: Final = """
PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget ServiceAccount
Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole
ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet
Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress
APIService MutatingWebhookConfiguration ValidatingWebhookConfiguration
"""
_RANKS: Final = {kind: rank for rank, kind in enumerate(_KINDS.split())}
_HOOK: Final = "helm.sh/hook"
_TESTS: Final = frozenset({"test", "test-success"})
_ACTIONS: Final = ("install", "upgrade", "delete", "rollback")
_EVENTS: Final = _TESTS | {f"{when}-{action}" for when in ("pre", "post") for action in _ACTIONS}


@dataclass(frozen=True, slots=True)
class Told:
    """What `helm template` would be told."""

    chart: Path
    """Folder that the chart is exported to."""
    name: str
    namespace: str
    kubernetes: str
    api_versions: Sequence[str]
    values: Sequence[Path] = ()
    parameters: Sequence[str] = ()
    """`name=value`, as behind `--set`."""
    text_parameters: Sequence[str] = ()
    has_files: bool = False
    """Whether parameters are files' contents."""
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False


@dataclass(slots=True)
class Library:
    """The library in a child of this process, started when it is first of use."""

    program: Path
    """The helm program that it stands in for."""
    timeout: float
    """Seconds one render may take."""
    _child: Child | None = None
    _lost: int = 0
    rendered: int = field(default=0)
    """Charts that it has rendered."""

    def render(self, told: Told) -> list[JsonObject] | None:
        """Return what `helm template` would print, as objects; None where that is not certain."""
        if self._lost >= _MOST_LOST or not _is_certain(told):
            return None
        try:
            answer = self._ask(_request(told))
            found = list(_printed(answer, told)) if "files" in answer else None
        except Rejected:
            return None
        self.rendered += found is not None
        return found

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _ask(self, request: Mapping[str, Any]) -> JsonObject:
        try:
            if self._child is None:
                self._child = self._started()
        except ChildLostError:
            self._lost = _MOST_LOST  # usually the library is not installed
            return {}
        try:
            return self._child.ask(frames.encode(dict(request)), self.timeout)
        except ChildLostError:
            self._lost += 1
            self.close()
            return {}

    def _started(self) -> Child:
        """Start the child; ChildLostError when there is no library, or the program is another Helm than that."""
        try:
            command = [str(self.program), "version", "--template={{.Version}}"]
            done = subprocess.run(command, env={}, capture_output=True, timeout=self.timeout, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            raise ChildLostError(f"the program does not say its version: {error}") from error
        if not done.stdout.startswith(_VERSION):
            raise ChildLostError("the program is another Helm")
        return Child.start(timeout=self.timeout, main=_MAIN)


def _is_certain(told: Told) -> bool:
    """Whether the library is known to render a chart as the program does."""
    return _is_plain(told) and not _is_telling(told) and _is_installable(told.chart)


def _is_plain(told: Told) -> bool:
    """Whether the program would be told nothing that the library is not told just so."""
    if told.has_files or told.skip_schema_validation or not (told.kubernetes and told.namespace):
        return False
    if len(told.name) > _LONGEST_NAME or not _NAME.fullmatch(told.name):
        return False
    return all(_PLAIN.fullmatch(one) for one in (*told.parameters, *told.text_parameters))


def _is_telling(told: Told) -> bool:
    """Whether something in the chart or its values may come out otherwise with another Helm, or cannot be seen."""
    files = [path for path in told.chart.rglob("*") if path.is_file()]
    if any(path.suffix == ".tgz" or path.name == "values.schema.json" for path in files):
        return True
    values = [path.read_bytes() for path in told.values]
    texts = [*values, *(path.read_bytes() for path in files)]
    return any(map(_MINUS_ZERO.search, values)) or any(word in text for text in texts for word in _TELLING)


def _is_installable(chart: Path) -> bool:
    """Whether the program has nothing against a chart before it renders it."""
    described = _described(chart / "Chart.yaml")
    if any(_described(path).get("apiVersion") not in _CHARTS for path in chart.rglob("Chart.yaml")):
        return False
    if described.get("type") == "library" or described.get("kubeVersion") or (chart / "requirements.yaml").exists():
        return False
    needed = [str(one.get("name")) for one in described.get("dependencies") or [] if isinstance(one, dict)]
    if needed and (chart / ".helmignore").exists():
        return False  # some of them may be ignored
    there = {str(_described(path).get("name")) for path in chart.glob("charts/[!._]*/Chart.yaml")}
    return there.issuperset(needed)


def _described(path: Path) -> JsonObject:
    documents = manifests.read(path.read_bytes(), path.name, last_wins=True) if path.is_file() else []
    found = documents[0].value if len(documents) == 1 else {}
    return found if isinstance(found, dict) else {}


def _request(told: Told) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path in told.values:
        for _, document in manifests.read(path.read_bytes(), path.name, last_wins=True):
            if not isinstance(document, dict):
                raise Rejected(f"{path.name} is no mapping")
            values = merged(values, document)
    options = {
        "name": told.name,
        "namespace": told.namespace,
        "kube_version": told.kubernetes,
        "api_versions": list(told.api_versions),
    }
    return {
        "chart": str(told.chart),
        "values": values,
        "parameters": list(told.parameters),
        "text_parameters": list(told.text_parameters),
        "options": options,
    }


def _printed(answer: JsonObject, told: Told) -> Iterator[JsonObject]:
    """Yield objects in the order in which the program prints them: definitions, objects by kind, hooks by kind."""
    definitions = [] if told.skip_crds else answer["definitions"]
    found = [obj for text in definitions for obj in _documents(text)]
    plain: list[JsonObject] = []
    hooks: list[JsonObject] = []
    for obj in _manifests(answer["files"]):
        words = _hook_words(obj)
        if words is None:
            plain.append(obj)
        elif words <= _EVENTS and not (told.skip_tests and words & _TESTS):
            hooks.append(obj)
    for obj in (*found, *sorted(plain, key=_rank), *sorted(hooks, key=_rank)):
        yield from objects(obj, "Helm's output")


def _manifests(files: Mapping[str, str]) -> Iterator[JsonObject]:
    """Yield what files render to, but for partials and words for people."""
    for path, text in sorted(files.items()):
        if not path.rpartition("/")[2].startswith("_") and not path.endswith("NOTES.txt"):
            yield from (obj for one in _SEPARATOR.split(text.lstrip()) for obj in _documents(one))


def _documents(text: str) -> list[JsonObject]:
    """Return a document's object; the program ends each with a newline."""
    found = [value for _, value in manifests.read(f"{text.lstrip()}\n".encode(), "Helm's output", last_wins=True)]
    if not all(isinstance(one, dict) for one in found):
        raise Rejected("Helm's output has what is no object")
    return found


def _hook_words(obj: JsonObject) -> frozenset[str] | None:
    """Return the types of a hook, nothing for what is none; Rejected for what the program cannot read either."""
    metadata = obj.get("metadata") or {}
    annotations = (metadata.get("annotations") or {}) if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        raise Rejected("an object's metadata or annotations are no mapping")
    texts = (obj.get("apiVersion"), obj.get("kind"), metadata.get("name"), *annotations.values())
    if not all(text is None or isinstance(text, str) for text in texts):
        raise Rejected("an object's name, kind or annotation is no text")
    if _HOOK not in annotations:
        return None
    return frozenset(word.strip().lower() for word in (annotations[_HOOK] or "").split(","))


def _rank(obj: JsonObject) -> tuple[int, str]:
    kind = str(obj.get("kind"))
    return (_RANKS[kind], "") if kind in _RANKS else (len(_RANKS), kind)
