"""Kustomizations: exported from Git into a folder that holds nothing else, and built by the kustomize program there."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository import commands, confinement, manifests
from bot.repository.asked import Asked
from bot.repository.checkout import Checkout
from bot.repository.directory import objects
from bot.repository.kustomization import closure
from bot.repository.options import added_paths, edits, patches, refuse_unsupported, version_of
from bot.repository.quoting import without_quotations
from bot.repository.toolbox import Toolbox
from bot.repository.tools import KUSTOMIZATIONS, SourceOptions
from bot.repository.trees import Entry, EntryKind, Found, Snapshot

_WORDS: Final = 4000
"""Characters that are passed on of what kustomize says."""
_ENVIRONMENT: Final = {"PATH": "/nonexistent", "GOMAXPROCS": "1", "GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""No git to fetch with; and as builds are short and run side by side, Go collects only what would not fit."""


@dataclass(frozen=True, slots=True)
class Kustomize:
    """The kustomize program and where it may work."""

    program: Path
    home: Path
    """The only folder it can read or write, when the kernel has Landlock."""
    toolbox: Toolbox = field(default_factory=Toolbox)
    confined: bool = False
    """Whether the kernel has it."""

    def render(self, asked: Asked) -> list[JsonObject]:
        """Return what `kustomize build` prints for a folder; Rejected has the tool's words or the option's name.

        Files outside of a kustomization's own folder cannot be loaded (kustomize's default, and Argo CD's) unless the
        operator allows that, bases and components anywhere in the repository can. Plugins, exec functions and helm
        stay off.
        """
        found, options = asked.found, asked.options
        refuse_unsupported(options.kustomize)
        program, arguments = self.toolbox.kustomize(version_of(options.kustomize), str(self.program))
        if "LoadRestrictionsNone" in arguments and not self.confined:
            raise Rejected("LoadRestrictionsNone needs a kernel with Landlock: kustomize could read any file here")
        run = functools.partial(self._run, Path(program))
        with self._folder() as root:
            _export(asked.snapshot, found, options, root)
            folder = root / found.path
            _edit(folder, asked, lambda *words: run(["edit", *words], folder, root))
            built = run(["build", ".", *arguments], folder, root)
            documents = manifests.read(built, f"kustomize build {asked.shown}")
            return [obj for line, value in documents for obj in objects(value, f"kustomize's output, line {line}")]

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        root = Path(tempfile.mkdtemp(prefix="tree-", dir=self.home))
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _run(self, program: Path, arguments: list[str], folder: Path, root: Path) -> bytes:
        """Run kustomize in `folder` and return what it prints; whoever started us limits how long."""
        environment = {"HOME": str(self.home), "TMPDIR": str(self.home), **_ENVIRONMENT}
        confine = functools.partial(_confine, os.getpid(), self.home, program)
        done = commands.run([str(program), *arguments], folder, environment, home=self.home, confine=confine)
        if done.code:
            words = without_quotations(done.words.replace(f"{root}/", "").replace(str(root), "."), root)
            raise Rejected(f"kustomize {arguments[0]}: {_why(done.code, words)[:_WORDS]}")
        return done.output


def _edit(folder: Path, asked: Asked, run: Callable[..., object]) -> None:
    """Change the kustomization as the source's options say; `run` takes the words of one `kustomize edit`."""
    options = asked.options.kustomize
    for edit in edits(options, exists=lambda path: (folder / path).is_dir(), substituted=asked.substituted):
        run(*edit)
    added = patches(options)
    if not added:
        return
    path = next(folder / name for name in KUSTOMIZATIONS if (folder / name).is_file())
    documents = manifests.read(path.read_bytes(), path.name)
    content = documents[0].value if documents else {}
    if not isinstance(content, dict) or not isinstance(content.get("patches") or [], list):
        raise Rejected(f"{path.name}: patches is not a list, so source.kustomize.patches cannot be added")
    path.write_bytes(orjson.dumps(content | {"patches": [*(content.get("patches") or []), *added]}))


def _confine(parent: int, home: Path, program: Path) -> None:
    confinement.die_with_parent(parent)
    confinement.touch_only(home, program)


def _why(code: int, words: str) -> str:
    if code == -signal.SIGXFSZ:
        return f"it prints more than {confinement.FILE_SIZE >> 20} MiB"
    if code == -signal.SIGXCPU:
        return "it takes too much processor time"
    if "HelmChartInflationGenerator" in words:
        return "helmCharts are not inflated, kustomize would fetch them and run helm: make each a source of its own"
    usage = words.partition("\nUsage:\n")[0]
    return usage.removeprefix("Error: ").strip() or f"it ended with {code} and no words"


def _export(snapshot: Snapshot, found: Found, options: SourceOptions, root: Path) -> None:
    """Write what the kustomization reads below `root`: just that where it is understood, else the whole repository."""
    if not any(name in snapshot.folder(found.entry.id) for name in KUSTOMIZATIONS):
        raise Rejected(f"{found.path or '.'}: there is no {', '.join(KUSTOMIZATIONS[:-1])} or {KUSTOMIZATIONS[-1]}")
    read = closure(snapshot, found.path, more=added_paths(options.kustomize))
    if read.remote:
        raise Rejected(f"remote bases and files cannot be fetched: {', '.join(sorted(map(str, read.remote)))}")
    if read.outside:
        raise Rejected(f"these paths lead out of the repository: {', '.join(sorted(read.outside))}")
    if not read.complete:
        Checkout(snapshot, root, named=read.files).write(snapshot.walk(snapshot.tree_id))
        return
    export = Checkout(snapshot, root, named=read.files)
    for path, folder_id in read.folders.items():
        export.write(snapshot.walk(folder_id, path))
    export.write((path, Entry(EntryKind.FILE, blob_id)) for path, blob_id in read.files.items())
