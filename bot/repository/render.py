"""Sources become manifests in confined child processes; `bot/rendering` has the port, and who else implements it.

A further tool is a module beside `directory` and `kustomize` with one function from what is `Asked` to manifests;
`child.render` gains a line that leads to it, `tools.Tool` a name, and `inputs` what it reads.

Children have no credentials, an empty environment, a home of their own and limits on memory, processor time, files and
wall-clock time; they end with their parent. They have no network where the kernel lets them make a namespace (root, or
unprivileged user namespaces), and where it has Landlock they write only below their home and kustomize reads nothing
else. Where it has neither, what is left is that paths are checked before kustomize runs, that it loads files from below
its own folder only, and that it finds no git to fetch with.
"""

from __future__ import annotations

import functools
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

from bot.errors import Temporary
from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import frames
from bot.repository.batch import Batch
from bot.repository.chance import Pointer
from bot.repository.children import Child, ChildLostError, ChildSlowError, sweep
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.toolbox import Toolbox
from bot.repository.turns import Turns

_log = structlog.get_logger()

CHILDREN: Final = 2
"""Both sides of an application at the same time."""
_RESERVE: Final = 2
"""Further children, started while those before them are slow; each may need as much memory as the others."""
_SLOW: Final = 2.0
"""Seconds after which a render is slow: then it must not hold up all others."""
_REQUESTS: Final = 500
"""Requests after which a child is replaced, so that whatever it has gathered goes."""
_IDLE: Final = 60.0
"""Seconds without a request after which a child ends, unless it is the first: each takes 25 MB."""
_IDLE_FIRST: Final = 1800.0
"""What comes after a while must not wait for the start of an interpreter; after half an hour it may."""


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One source at one state of its repository."""

    repository: Path
    """A mirror or checkout on this machine."""
    tree_id: str
    source: Source
    environment: BuildEnvironment = field(default_factory=BuildEnvironment)
    refs: Mapping[str, Place] = field(default_factory=dict)
    """The application's other sources that it may read, by their `ref`."""
    dependencies: Mapping[str, Place] = field(default_factory=dict)
    """Charts that were fetched for it, by the name of their folder in `charts`."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifests of a source, lists taken apart; each has apiVersion, kind and a name."""

    manifests: tuple[JsonObject, ...]
    varying: Mapping[int, Sequence[Pointer]] = field(default_factory=dict)
    """By a manifest's position: where it is another each time that the source is rendered."""


@dataclass(frozen=True, slots=True)
class RenderFailed:
    """Why a source has no manifests, in words for whoever wrote it."""

    message: str


Done: TypeAlias = Callable[[int, Rendered | RenderFailed], None]
"""Is told each answer as soon as there is one, with its request's place; from any thread."""


def nobody(_place: int, _answer: Rendered | RenderFailed) -> None:
    """Wait for all answers."""


class _Pool:
    """Threads that own a child each: the kernel ties a child's life to the thread that started it."""

    def __init__(self, setup: Mapping[str, Any], timeout: float, idle: float) -> None:
        self.process = os.getpid()
        self.turns = Turns(regular=CHILDREN, reserve=_RESERVE, slow=_SLOW)
        self._setup = setup
        self._timeout = timeout
        self._idle = idle
        self._own = threading.local()
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._first: int | None = None
        """The thread whose child stays the longest."""

    def ask(self, request: bytes) -> JsonObject:
        """Answer in one of the pool's threads; Temporary when no child can be started."""
        child = self._child()
        warm = child.answered > 0
        try:
            answer = child.ask(request, self._timeout)
        except ChildSlowError:
            self._drop(child)
            return {"refused": f"rendering took longer than {self._timeout:g} s"}
        except ChildLostError as error:
            self._drop(child)
            # A warm child may have been ended for what is not this request's doing; a fresh one tells.
            return self.ask(request) if warm else {"refused": f"the renderer gave no answer: {error}"}
        if answer.get("spent") or child.answered >= _REQUESTS:
            self._drop(child)
        return answer

    def end(self) -> None:
        """End every child; in a process forked from the one that started them, leave them alone."""
        if os.getpid() != self.process:
            return
        with self._lock:
            self._closed = True
            children, self._children = self._children, set()
        self.turns.close()
        for child in children:
            child.kill()
        self.turns.join()

    def _child(self) -> Child:
        """Return this thread's child, started if need be."""
        found: Child | None = getattr(self._own, "child", None)
        if found is not None:
            return found
        with self._lock:
            self._first = self._first or threading.get_ident()
        idle = _IDLE_FIRST if self._first == threading.get_ident() else self._idle
        try:
            child = Child.start(setup={**self._setup, "idle": idle}, timeout=self._timeout)
        except ChildLostError as error:
            raise Temporary(f"no renderer can be started: {error}") from error
        if not all(child.confined.values()):
            _log.warning("renders are less confined than they could be", **child.confined)
        with self._lock:
            if self._closed:
                child.kill()
                raise Temporary("the renderer is closed")
            self._children.add(child)
        self._own.child = child
        return child

    def _drop(self, child: Child) -> None:
        self._own.child = None
        with self._lock:
            self._children.discard(child)
        child.kill()


class Renderer:
    """Renders in a few warm child processes; may be used from threads, and again in a process forked from this one."""

    def __init__(
        self,
        kustomize: str,
        timeout: float,
        *,
        helm: str = "helm",
        toolbox: Toolbox | None = None,
        idle: float = _IDLE,
    ) -> None:
        self._programs = {"kustomize": kustomize, "helm": helm}
        self._toolbox = toolbox or Toolbox()
        self._timeout = timeout
        self._idle = idle
        self._lock = threading.Lock()
        self._pool: _Pool | None = None

    @functools.cached_property
    def setup(self) -> dict[str, Any]:
        """All that children are told before their first request; programs by their whole paths."""
        found = {name: shutil.which(program) or program for name, program in self._programs.items()}
        resolved = {name: str(Path(one).resolve()) for name, one in found.items()}
        return {"programs": resolved, "toolbox": self._toolbox.to_wire()}

    def render(self, requests: Sequence[RenderRequest], done: Done = nobody) -> list[Rendered | RenderFailed]:
        """Render each source, several at a time; answers stand in the order of `requests`, each with its own failure.

        A render that takes longer than the timeout, more memory or more output than allowed fails and takes its child
        with it. Raises Temporary when no child can be started, or what one reads has gone meanwhile.
        """
        if not requests:
            return []
        pool = self._current()
        batch = Batch([((request.repository, request.source.model_dump_json()), request) for request in requests])

        def answer() -> tuple[int, Rendered | RenderFailed]:
            place, request = batch.take(threading.get_ident())
            made = _result(pool.ask(_message(request)))
            done(place, made)
            return place, made

        answers = dict(pool.turns.do([answer] * len(requests)))
        return [answers[place] for place in range(len(requests))]

    def close(self) -> None:
        """End the children; a later render starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.end()

    def _current(self) -> _Pool:
        with self._lock:
            if self._pool is None or self._pool.process != os.getpid():
                sweep()
                self._pool = _Pool(self.setup, self._timeout, self._idle)
                weakref.finalize(self, self._pool.end)
            return self._pool


def _message(request: RenderRequest) -> bytes:
    return frames.encode(
        {
            "repository": str(request.repository),
            "tree": request.tree_id,
            "source": request.source.model_dump(mode="json", by_alias=True),
            "environment": request.environment.to_wire(),
            "refs": {name: (str(place.repository), place.tree_id) for name, place in request.refs.items()},
            "dependencies": {
                name: (str(place.repository), place.tree_id) for name, place in request.dependencies.items()
            },
        }
    )


def _varying(told: Any) -> Iterator[tuple[int, list[Pointer]]]:
    for one in told if isinstance(told, list) else ():
        match one:
            case [int(position), [*places]] if all(isinstance(place, list) for place in places):
                yield position, [[part for part in place if isinstance(part, (str, int))] for place in places]


def _result(answer: JsonObject) -> Rendered | RenderFailed:
    """Read a child's answer; it is as untrusted as what the child has read."""
    manifests = answer.get("manifests")
    if isinstance(manifests, list) and all(isinstance(one, dict) for one in manifests):
        return Rendered(tuple(manifests), dict(_varying(answer.get("varying"))))
    if isinstance(refused := answer.get("refused"), str):
        return RenderFailed(refused)
    if isinstance(away := answer.get("away"), str):
        raise Temporary(away)  # which says nothing about the source
    _log.error("render failed through a fault of ours", fault=answer.get("fault"))
    return RenderFailed("rendering failed through a fault of Foresail's own; its log says more")
