"""Everything a story of Foresail needs, on loopback: a control plane, Redis, a forge's stand-in, Foresail itself."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import orjson
import rq
import yaml

from bot.errors import Rejected, Temporary
from bot.model.jobs import QUEUES
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from bot.sandbox.seats import GitHubSeat
from bot.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from bot.model.resources import JsonObject
    from bot.sandbox.github.server import GitHubStandIn
    from bot.sandbox.github.state import App
    from bot.sandbox.seats import Hosted, Seat, StandIn
    from bot.sandbox.toolchain import Programs

CRDS: Final = Path(__file__).resolve().parents[1] / "cluster" / "crds"
"""Folder of Foresail's own definitions."""
_POLL: Final = 0.05


class Stage:
    """Real parts around one Foresail; a context manager."""

    def __init__(
        self, programs: Programs, directory: Path, plane: ControlPlane, *, control_namespace: str, seat: Seat
    ) -> None:
        self._directory = directory
        self._programs = programs
        self._stack = ExitStack()
        self.plane = plane
        self.control_namespace = control_namespace
        """Where this stage's Applications live; several stages share a control plane by having one each."""
        self.redis = self._stack.enter_context(RedisServer.start(programs.redis_server, directory))
        self.seat = seat
        self._stack.callback(self.seat.stand_in.stop)
        self.foresail: Foresail | None = None

    @classmethod
    def set_up(
        cls,
        programs: Programs,
        directory: Path,
        plane: ControlPlane,
        *,
        control_namespace: str = "foresail",
        forge: Callable[[Path], Seat] = GitHubSeat,
    ) -> Self:
        """Prepare a stage on a control plane that runs; Foresail itself is started by `open`."""
        directory.mkdir(parents=True, exist_ok=True)
        plane.kubectl("apply", "--server-side", "-f", str(CRDS))
        plane.await_established("-f", str(CRDS))
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": control_namespace}}
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(namespace))
        return cls(programs, directory, plane, control_namespace=control_namespace, seat=forge(directory))

    @property
    def forge(self) -> StandIn:
        """The forge's stand-in."""
        return self.seat.stand_in

    @property
    def github(self) -> GitHubStandIn:
        """The GitHub stand-in, where that is the forge."""
        return self._on_github.stand_in

    @property
    def app(self) -> App:
        """Foresail's App on it."""
        return self._on_github.app

    @property
    def _on_github(self) -> GitHubSeat:
        if not isinstance(self.seat, GitHubSeat):
            raise Rejected("this stage has another forge than GitHub")
        return self.seat

    def open(
        self, repository: Hosted, settings: Mapping[str, str] | None = None, *, together: bool = False
    ) -> Foresail:
        """Start Foresail and install it on a repository; `settings` come on top of what the stage needs."""
        wanted = self.settings(repository) | dict(settings or {})
        self.foresail = self._stack.enter_context(
            Foresail.start(self._directory / "foresail", wanted, together=together)
        )
        self.seat.install(self.foresail.url, repository)
        return self.foresail

    def add(self, repository: Hosted) -> None:
        """Let Foresail see one more repository of the same owner."""
        self.seat.add(repository)

    def settings(self, repository: Hosted) -> dict[str, str]:
        """Return the settings of a Foresail on this stage."""
        return {
            "FORESAIL_REDIS_URL": self.redis.url,
            **self.seat.settings(),
            "FORESAIL_KUBECONFIG": str(self.plane.kubeconfig),
            "FORESAIL_CONTROL_NAMESPACE": self.control_namespace,
            "FORESAIL_ROOT_REPOSITORIES": repository.full_name,
            "FORESAIL_DATA_DIRECTORY": str(self._directory / "data"),
            "FORESAIL_KUSTOMIZE": str(self._programs.kustomize),
            "FORESAIL_HELM": str(self._programs.helm),
            # the stand-in has no limits unless it is given some, and many people come and go within a minute here
            "FORESAIL_FORGE_CONTENT_PER_MINUTE": "0",
            "FORESAIL_FORGE_CONTENT_PER_HOUR": "0",
            "FORESAIL_FORGE_WRITES_PER_MINUTE": "0",
            "FORESAIL_FORGE_PREVIEWS_PER_MINUTE": "0",
        }

    def get(self, kind: str, name: str = "", *, namespace: str = "") -> JsonObject | None:
        """Read one object (or, without a name, the list of a kind) from the cluster; None when there is none."""
        where = ["--namespace", namespace] if namespace else []
        text = self.plane.kubectl("get", kind, *([name] if name else []), *where, "-o", "json", "--ignore-not-found")
        found = orjson.loads(text) if text.strip() else None
        return found if isinstance(found, dict) else None

    def is_idle(self) -> bool:
        """Whether no webhook is under way, and no job of Foresail waits, is taken, runs, or was put off."""
        if self.forge.webhooks.are_waiting:
            return False
        connection = connect(self.redis.url)
        with connection.pipeline(transaction=True) as pipeline:  # one moment: a job's end may be another's beginning
            for queue in (rq.Queue(name, connection=connection) for name in QUEUES):
                pipeline.llen(queue.key)
                pipeline.llen(queue.intermediate_queue_key)
                # RQ's own count would see to the jobs of dead workers, which is Foresail's to do.
                pipeline.zcard(queue.started_job_registry.key)
                pipeline.zcard(queue.scheduled_job_registry.key)
            return not any(pipeline.execute())

    def until(self, holds: Callable[[], bool], *, what: str, deadline: float = 120.0) -> None:
        """Return once `holds()` is true; Temporary, saying `what` did not come, after `deadline` seconds.

        What has ended meanwhile is started again, Redis empty, as the supervisor of a real installation does.
        """
        end = time.monotonic() + deadline
        while not holds():
            if time.monotonic() > end:
                raise Temporary(f"{what} did not come within {deadline:.0f} s")
            self.redis.keep_running()
            if self.foresail is not None:
                self.foresail.keep_running()
            time.sleep(_POLL)

    def __enter__(self) -> Self:
        """Return the stage, which is set up already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything but the control plane, which is the caller's."""
        self._stack.close()
