"""Applications whose changes are predicted and then carried out, by the product's own parts on a real API server."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import orjson

from bot.cluster.client_side import ClientSide
from bot.cluster.objects import Apply, Cluster, object_path
from bot.engine.diff.ignored import Ignored
from bot.engine.patches.hand_over import KUBECTL
from bot.engine.tracking import TRACKING_ID, tracking_id
from bot.errors import Rejected
from bot.model.applications import Application
from bot.model.changes import Repository
from bot.model.operations import Occasion, OperationState, TaskResult
from bot.model.reports import ApplicationReport
from bot.model.resources import JsonObject, ResourceKey, metadata_of
from bot.prediction.desired import Desired, Wanted
from bot.prediction.forecast import Forecast
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.installation import ROOT
from bot.sandbox.toolchain import Programs
from bot.services import Services
from bot.settings import Settings
from tests.fidelity.changes import CREATES_NAMESPACE, Change, Hand, Piece
from tests.fidelity.kinds.custom import DEFINITIONS
from workers import advance, start
from workers.changes.landscape import Landscape
from workers.operating.operations import Asked
from workers.preview import between

_FULL_NAME: Final = "acme/fidelity"
_CLONE_URL: Final = f"https://github.example/{_FULL_NAME}.git"
_CONTROL: Final = "fidelity"
_AUTHOR: Final = Author("Fidelity", "fidelity@acme.example", 1_700_000_000)
_MOST_STEPS: Final = 150
_PAUSE: Final = 0.2
"""Seconds between two looks at something that is being deleted."""
_COUNTED: Final = 30.0
_FOLDER: Final = "apps"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One application's change: what was said, what there was, and what became of it."""

    change: Change
    report: ApplicationReport | None
    """None when the preview does not mention the application."""
    forecast: Forecast
    targets: Mapping[ResourceKey, JsonObject]
    before: Mapping[ResourceKey, JsonObject]
    after: Mapping[ResourceKey, JsonObject]
    state: OperationState | None
    name: str
    ignored: Ignored = field(default_factory=Ignored)

    @property
    def results(self) -> dict[ResourceKey, TaskResult]:
        """What the sync recorded, by object."""
        return {one.key: one for one in self.state.results} if self.state is not None else {}


class Fleet:
    """A repository and a control plane in which nothing but our syncs and a person's hands writes."""

    def __init__(self, programs: Programs, plane: ControlPlane, redis_url: str, directory: Path) -> None:
        settings = {
            "FORESAIL_GITHUB_TOKEN": "unused",
            "FORESAIL_KUBECONFIG": str(plane.kubeconfig),
            "FORESAIL_CONTROL_NAMESPACE": _CONTROL,
            "FORESAIL_DATA_DIRECTORY": str(directory),
            "FORESAIL_KUSTOMIZE": str(programs.kustomize),
            "FORESAIL_HELM": str(programs.helm),
            "FORESAIL_REDIS_URL": redis_url,
            "FORESAIL_MASS_DELETION_PERCENT": "100",
        }
        self.services = Services.build(Settings.from_environment(settings))
        self._plane = plane
        path = self.services.mirrors.path_of(_CLONE_URL)  # where a fetch would have put it
        self._repository = BareRepository.create(path, default_branch="main")
        self._numbers = count(1)
        plane.kubectl("create", "namespace", _CONTROL)
        crds = str(ROOT / "bot" / "cluster" / "crds")
        plane.kubectl("apply", "--server-side", "-f", crds)
        definitions = orjson.dumps({"apiVersion": "v1", "kind": "List", "items": DEFINITIONS}).decode()
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=definitions)
        plane.await_established("crd")

    @property
    def cluster(self) -> Cluster:
        """Return where everything happens."""
        return self.services.control

    def close(self) -> None:
        """Let children and threads go."""
        self.services.close()

    def carry_out(self, changes: Sequence[Change]) -> list[Outcome]:
        """Bring each change's base into the cluster, let hands at it, preview the head, sync it, and look."""
        names = {f"f{next(self._numbers)}": change for change in changes}
        for name, change in names.items():
            if CREATES_NAMESPACE not in change.before:
                self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            self.cluster.apply(Apply(_application(name, change, change.before)))
        base = self._commit(names, head=False, parent=None)
        for name in names:
            self._sync(name, Occasion(_FULL_NAME, "main", base))
        for name, change in names.items():
            for piece in change.pieces:
                self._tamper(name, piece)
            self.cluster.apply(Apply(_application(name, change, change.option)))
        self._await_quotas(names)
        head = self._commit(names, head=True, parent=base)
        return self._merged(names, base, head)

    def _merged(self, names: Mapping[str, Change], base: str, head: str) -> list[Outcome]:
        landscape = self._landscape(only=set(names))
        sides = Sides(landscape.tree(base), landscape.tree(head))
        words = ChangeWords(f"{_FULL_NAME}#1", "main", base, head)
        found = between(landscape, sides, words).predicted
        report, forecast = found.report, found.forecast
        self.services.memory.keep_forecast(words.change, head, forecast.to_json())
        told = {one.name: one for one in report.applications}
        desired = {one.name: self._desired(one.name, landscape, base, head) for one in landscape.applications}
        outcomes = []
        for name, change in names.items():
            wanted = [obj for side in desired[name] for obj in side.targets.objects.values()]
            before = self.cluster.live(wanted)
            if name in told:  # nobody syncs what a change does not touch
                self._sync(name, Occasion(_FULL_NAME, "main", head, change=words.change, head=head))
            application = self.services.applications.get(name)
            outcomes.append(
                Outcome(
                    change=change,
                    report=told.get(name),
                    forecast=forecast,
                    targets=dict(desired[name][1].targets.objects),
                    before=before,
                    after=self.cluster.live(wanted),
                    state=OperationState.of_status(application.status if application else None),
                    name=name,
                    ignored=desired[name][1].ignored,
                )
            )
        return outcomes

    def _desired(self, name: str, landscape: Landscape, base: str, head: str) -> list[Desired]:
        application = next(one for one in landscape.applications if one.name == name)
        wanted = [Wanted(application, landscape.tree(commit)) for commit in (base, head)]
        return list(self.services.sources.desired(wanted))

    def _landscape(self, *, only: set[str]) -> Landscape:
        inventory = self.services.applications.all()
        applications = tuple(one for one in inventory.applications if one.name in only)
        mirror = self.services.mirrors.holding(_CLONE_URL, self._repository.head("main"))
        assert mirror is not None
        return Landscape(self.services, Repository(_FULL_NAME, _CLONE_URL), mirror, applications, inventory.problems)

    def _commit(self, names: Mapping[str, Change], *, head: bool, parent: str | None) -> str:
        files = dict(_files(names, head=head))
        tree = self._repository.write_tree({"README.md": "Fidelity\n", **files})
        commit = self._repository.write_commit(NewCommit(tree, [parent] if parent else [], "Change", _AUTHOR))
        self._repository.set_ref("refs/heads/main", commit)
        return commit

    def _sync(self, name: str, occasion: Occasion) -> None:
        inspect.unwrap(start.run)(self.services, Asked(name, occasion).request.payload)
        step = inspect.unwrap(advance.run)
        for _ in range(_MOST_STEPS):
            before = self.services.applications.get(name)
            step(self.services, {"application": name})
            after = self.services.applications.get(name)
            if after is None or after.operation is None:
                return
            if _is_ending(after):
                time.sleep(_PAUSE)
            elif before == after:  # applied, and waiting for controllers that do not run here
                self.services.applications.update(after, {"operation": None})
                return

    def _await_quotas(self, names: Mapping[str, Change]) -> None:
        """Wait until the controller has counted what the quotas limit; before, they limit nothing."""
        deadline = time.monotonic() + _COUNTED
        for quota in (one for one in self.cluster.quotas() if metadata_of(one).get("namespace") in names):
            current: JsonObject | None = quota
            while current is not None and current.get("status", {}).get("hard") != current["spec"].get("hard"):
                assert time.monotonic() < deadline, f"nobody counts {metadata_of(quota)['namespace']}"
                time.sleep(_PAUSE)
                current = self.cluster.live([quota]).get(ResourceKey.of(quota))

    def _tamper(self, name: str, piece: Piece) -> None:
        """Do by hand what the piece says; what the API server refuses is not done."""
        manifest = piece.base or piece.head
        if piece.hand is Hand.NOTHING or manifest is None:
            return
        obj = _named(manifest, name)
        kind = self.cluster.discovery.find(obj)
        if kind.namespaced:
            obj = {**obj, "metadata": {**obj["metadata"], "namespace": name}}
        try:
            self._do(piece, name, obj)
        except Rejected:
            return

    def _do(self, piece: Piece, name: str, obj: JsonObject) -> None:
        key, kind = ResourceKey.of(obj), self.cluster.discovery.find(obj)
        path = object_path(kind, namespace=key.namespace, name=key.name)
        edited = _named(piece.edited, name)
        edited = {**edited, "metadata": {**edited.get("metadata", {}), **_naming(obj)}}
        match piece.hand:
            case Hand.DELETE:
                self.cluster.delete(obj, propagation="Background")
            case Hand.CREATE:
                self.cluster.server.request("POST", path.rpartition("/")[0], body=edited, query=_BY_HAND)
            case Hand.APPLY:
                live = self.cluster.live([edited]).get(key)
                ClientSide(self.cluster, manager=KUBECTL).apply(Apply(edited), live)
            case Hand.SHARE:
                shared = {"metadata": {"annotations": {TRACKING_ID: tracking_id("other", key)}}}
                headers = {"Content-Type": "application/merge-patch+json"}
                self.cluster.server.request("PATCH", path, body=shared, query=_BY_HAND, headers=headers)
            case Hand.EDIT:
                headers = {"Content-Type": "application/merge-patch+json"}
                self.cluster.server.request("PATCH", path, body=edited, query=_BY_HAND, headers=headers)


_BY_HAND: Final = {"fieldManager": "kubectl-edit"}


def _is_ending(application: Application) -> bool:
    state = OperationState.of_status(application.status)
    return state is not None and state.message.startswith("waiting for the deletion")


def _naming(obj: JsonObject) -> dict[str, str]:
    return {name: value for name, value in metadata_of(obj).items() if name in {"name", "namespace"}}


def _files(names: Mapping[str, Change], *, head: bool) -> Iterator[tuple[str, str]]:
    for name, change in names.items():
        yield f"{_FOLDER}/{name}/README.md", "An application\n"
        for number, piece in enumerate(change.pieces):
            manifest = piece.head if head else piece.base
            if manifest is not None:
                yield f"{_FOLDER}/{name}/{number}.json", orjson.dumps(_named(manifest, name)).decode()


def _named(manifest: JsonObject, name: str) -> JsonObject:
    named: JsonObject = orjson.loads(orjson.dumps(manifest).replace(b"APP", name.encode()))
    return named


def _application(name: str, change: Change, option: str) -> JsonObject:
    ignoring = {"ignoreDifferences": [{"group": "*", "kind": "*", **change.ignored}]} if change.ignored else {}
    options: JsonObject = {"syncOptions": option.split(",")} if option else {}
    if change.namespace and CREATES_NAMESPACE in option:
        options["managedNamespaceMetadata"] = change.namespace
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": _CONTROL},
        "spec": {
            "project": "default",
            "source": {"repoURL": _CLONE_URL, "path": f"{_FOLDER}/{name}", "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": name},
            "syncPolicy": {"automated": {"prune": True}, **options},
            **ignoring,
        },
    }
