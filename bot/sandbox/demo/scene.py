"""Where the demo plays: its folder, and everything that is started in it, step by step on the screen."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import orjson

from bot.errors import Rejected
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.demo import shop
from bot.sandbox.seats import GitHubSeat, GitLabSeat
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs, programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from bot.sandbox.demo.screen import Screen
    from bot.sandbox.installation import Foresail
    from bot.sandbox.seats import Hosted


class Folder:
    """A new temporary folder; a context manager that removes it unless somebody is to look into it."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._removed = True
        self.path = Path(tempfile.mkdtemp(prefix="foresail-demo-"))

    def keep_for_a_look(self) -> str:
        """Let the folder stay, and return words that say where it is."""
        self._removed = False
        return f"All logs stay in {self.path}"

    def __enter__(self) -> Self:
        """Return the folder, which is there already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        if self._removed:
            shutil.rmtree(self.path, ignore_errors=True)


@dataclass(frozen=True)
class Scene:
    """Everything that runs."""

    screen: Screen
    programs: Programs
    stage: Stage
    repository: Hosted
    foresail: Foresail
    logs: Path
    """Where the logs of Foresail's processes are, each named for its process."""


@contextmanager
def started(screen: Screen, directory: Path, *, gitlab: bool) -> Iterator[Scene]:
    """Start everything, a line on the screen for each part; all of it has ended afterwards."""
    screen.chapter("Starting")
    with screen.step("programs", moving=False) as found:
        these = programs()
        found(f"in {these.kube_apiserver.parent}")
    with _control_plane(screen, these, directory / "cluster") as plane:
        seat = GitLabSeat if gitlab else GitHubSeat
        with screen.step(f"Redis, a {seat.forge} stand-in, and Foresail's kinds in the cluster") as found:
            stage = Stage.set_up(these, directory / "stage", plane, forge=seat)
            found(f"({stage.forge.site})")
        with stage:
            _set_house_rules(screen, stage)
            repository = stage.forge.create_repository(shop.REPOSITORY, files={"README.md": "# The shop\n"})
            repository.grant(shop.DEVELOPER, "write")
            with screen.step("Foresail:") as found:
                foresail = stage.open(repository)
                found(f"{', '.join(foresail.names)}; installed on {repository.full_name}")
            yield Scene(screen, these, stage, repository, foresail, logs=directory / "stage" / "foresail")


@contextmanager
def _control_plane(screen: Screen, these: Programs, directory: Path) -> Iterator[ControlPlane]:
    with screen.step("etcd, API server, controllers, scheduler, kwok:") as found:
        plane = ControlPlane.start(these, directory)
        version = orjson.loads(plane.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
        nodes = plane.kubectl("get", "nodes", "-o", "name").split()
        found(f"Kubernetes {version} with {len(nodes)} nodes")
    with plane:
        yield plane


def _set_house_rules(screen: Screen, stage: Stage) -> None:
    """Set up what the cluster refuses, and wait until it does: the API server takes note of a policy a little later."""
    with screen.step("a rule of this cluster:") as found:
        stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=shop.HOUSE_RULES)
        said: list[str] = []

        def refused() -> bool:
            try:
                args = ("create", "--dry-run=server", "-n", shop.NAMESPACE, "-f", "-")
                stage.plane.kubectl(*args, stdin=shop.public_service())
            except Rejected as error:
                said.append(error.message.rpartition("denied request: ")[2])
            return bool(said)

        stage.until(refused, what="the policy's first refusal")
        found(said[-1])
