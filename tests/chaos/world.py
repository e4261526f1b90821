"""A whole Foresail on real parts that can be struck: two of each process that may run twice, one cluster, one Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
import yaml

from bot.errors import Temporary
from bot.model.resources import JsonObject
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.installation import Foresail
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from tests.chaos.audit import Write, writes
from tests.chaos.clocks import Clock
from tests.chaos.invariants import Law, Violation, violations
from tests.chaos.proxy import Proxy
from tests.chaos.story import Story
from tests.chaos.workload import FOREIGN, TRESPASSER, Application, applications, files, key_of, project

CONTROL: Final = "foresail"
CLAIM: Final = 4.0
"""Seconds for which a worker claims an operation."""
LEASE: Final = 4
"""Seconds for which the sign of life of a controller counts."""
_LIMIT: Final = 300.0
"""Seconds until a push has to have arrived, whatever was struck: on any machine, that is not what is measured."""
_POLL: Final = 0.25
_WORDS: Final = 12
"""Lines of each log that are shown with what did not come."""
_SECOND: Final = ("sync", "controller")
"""What runs twice."""


@dataclass
class World:
    """Everything there is; a context manager."""

    stage: Stage
    proxy: Proxy
    repository: HostedRepository
    chosen: list[Application]
    first: Foresail
    second: Foresail
    clocks: tuple[Clock, Clock]
    number: int = 0
    """Of the last push."""
    git: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """By application and commit: the keys of its objects."""
    _written: list[Write] = field(default_factory=list)
    _read: int = 0
    """Bytes of the audit log that are in `_written`."""

    @property
    def foresails(self) -> tuple[Foresail, Foresail]:
        return self.first, self.second

    @property
    def processes(self) -> list[tuple[Foresail, str]]:
        """Return every process of Foresail's own."""
        return [(self.first, name) for name in self.first.names] + [(self.second, name) for name in _SECOND]

    def push(self) -> str:
        """Change every application, and return the commit."""
        self.number += 1
        commit = self.repository.push("main", files(self.chosen, self.number))
        self.git |= {
            (one.name, commit): frozenset(key_of(obj) for obj in one.objects(self.number)) for one in self.chosen
        }
        return commit

    def until(self, holds: Callable[[], bool], *, what: str) -> None:
        """Return once something holds; what has ended is started again meanwhile."""

        def looked() -> bool:
            self.second.keep_running()
            return holds()

        try:
            self.stage.until(looked, what=what, deadline=_LIMIT)
        except Temporary as error:
            raise AssertionError(f"{error}\n{self.told()}") from error

    @property
    def acts(self) -> int:
        """How often Foresail has written to an object, ever."""
        return sum(one.is_ours and not one.is_of_an_application for one in self._writes())

    def has_arrived(self, commit: str) -> bool:
        """Whether every application is at a commit, at rest, as it should be, and the forge is told."""
        time.sleep(_POLL)
        told = self.repository.statuses(commit).get("foresail/sync")
        if told is None or told.state == "pending":
            return False
        return all(self.is_at(obj, commit) for obj in self._applications()) and self.stage.is_idle()

    def is_at(self, obj: JsonObject, commit: str) -> bool:
        """Whether an application has come to its end at a commit."""
        status = obj.get("status") or {}
        state = status.get("operationState") or {}
        revision = (state.get("operation") or {}).get("sync", {}).get("revision")
        trespasses = obj["metadata"]["name"] == TRESPASSER
        phases = {"Error", "Failed"} if trespasses else {"Succeeded"}
        healthy = trespasses or status.get("health", {}).get("status") == "Healthy"
        return "operation" not in obj and revision == commit and state.get("phase") in phases and healthy

    def differences(self) -> list[str]:
        """Return what of the cluster is not as the last push has it."""
        chosen = [one for one in self.chosen if one.name != TRESPASSER]
        wanted = {key_of(obj): obj for one in chosen for obj in one.objects(self.number)}
        kinds = "configmaps,services,deployments.apps,jobs.batch"
        listed = orjson.loads(self.stage.plane.kubectl("get", kinds, "--all-namespaces", "-o", "json"))["items"]
        spaces = {one.namespace for one in self.chosen} | {FOREIGN}
        live = {key_of(obj): obj for obj in listed if obj["metadata"]["namespace"] in spaces}
        live = {key: obj for key, obj in live.items() if not key.endswith("/kube-root-ca.crt")}
        kept = {f"configmaps {one.namespace}/kept" for one in chosen if one.sort == "prunes"}
        kept |= {f"configmaps {one.namespace}/left-0" for one in chosen if one.sort == "keeps"}
        wrong = [f"{key} is not there" for key in sorted((wanted.keys() | kept) - live.keys())]
        wrong += [f"{key} should not be there" for key in sorted(live.keys() - wanted.keys() - kept)]
        return wrong + [f"{key} differs" for key, obj in wanted.items() if key in live and not _holds(obj, live[key])]

    def story(self) -> Story:
        """Return what was written until now."""
        return Story.of(self._writes())

    def violations(self) -> list[Violation]:
        """Return what should never have happened, of all that ever has."""
        permissions = {one.name: one.permission for one in self.chosen}
        return violations(self.story(), Law(permissions, self.git))

    def told(self) -> str:
        """Return how each application is, and the last words of each process."""
        words = [f"{one['metadata']['name']}: {_outline(one)}" for one in self._applications()]
        logs = [line for foresail, name in self.processes for line in _last_words(foresail, name)]
        return "\n".join([*words, *self.differences(), *logs])

    def _applications(self) -> list[JsonObject]:
        found = self.stage.get("applications.argoproj.io", namespace=CONTROL) or {}
        return list(found.get("items", []))

    def _writes(self) -> list[Write]:
        with self.stage.plane.audit_log.open("rb") as log:
            log.seek(self._read)
            data = log.read()
        whole = data.rfind(b"\n") + 1
        self._read += whole
        self._written += writes(data[:whole].splitlines())
        return self._written


@contextmanager
def created(programs: Programs, directory: Path, *, count: int) -> Iterator[World]:
    """Create a world in which `count` applications, and one that wants more than it may, are at their first commit."""
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane.start(programs, directory / "plane", audit="RequestResponse"))
        stage = stack.enter_context(Stage.set_up(programs, directory / "stage", plane, control_namespace=CONTROL))
        stage.redis.keep()
        proxy = stack.enter_context(Proxy(plane.kubeconfig, directory / "proxy"))
        repository = stage.github.create_repository("acme/fleet", files={"README.md": "fleet\n"})
        chosen = [*applications(count), Application(TRESPASSER, TRESPASSER)]
        _declare(stage, repository, chosen)
        clocks = Clock(directory / "clock-1"), Clock(directory / "clock-2")
        settings = {"FORESAIL_KUBECONFIG": str(proxy.kubeconfig), "FORESAIL_CLAIM_SECONDS": str(CLAIM)}
        settings["FORESAIL_CONTROLLER_LEASE_SECONDS"] = str(LEASE)
        for clock in clocks:
            clock.shift(0)
        first = stage.open(repository, settings | clocks[0].environment)
        again = stage.settings(repository) | settings | clocks[1].environment
        again |= {"FORESAIL_DATA_DIRECTORY": str(directory / "second" / "data")}
        second = stack.enter_context(Foresail.start(directory / "second", again, only=_SECOND))
        world = World(stage, proxy, repository, chosen, first, second, clocks, number=-1)
        commit = world.push()
        world.until(lambda: world.has_arrived(commit), what="the first commit")
        yield world


def _declare(stage: Stage, repository: HostedRepository, chosen: Sequence[Application]) -> None:
    """Create the project, the namespaces and the Applications."""
    names = [*(one.namespace for one in chosen), FOREIGN]
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    manifests = [one.manifest(url=repository.clone_url, control_namespace=CONTROL) for one in chosen]
    everything = yaml.safe_dump_all([*spaces, project(CONTROL), *manifests])
    stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=everything)


def _outline(obj: JsonObject) -> str:
    status = obj.get("status") or {}
    state = status.get("operationState") or {}
    running = "runs" if "operation" in obj else "rests"
    words = [running, state.get("phase"), state.get("message"), status.get("sync"), status.get("health")]
    return orjson.dumps(words).decode()


def _last_words(foresail: Foresail, name: str) -> list[str]:
    return [f"--- {name}", *foresail.log(name).splitlines()[-_WORDS:]]


def _holds(wanted: object, live: object) -> bool:
    """Whether everything that is wanted is live."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(_holds(value, live.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_holds, wanted, live))
    return wanted == live
