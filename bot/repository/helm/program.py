"""The helm program, run on files exported from Git in a folder that holds nothing else.

Source: argo-cd `util/helm/cmd.go` (`template`, `dependencyBuild`).
"""

from __future__ import annotations

import errno
import functools
import os
import posixpath
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from bot.errors import Rejected
from bot.model.names import name_of_instance, short_name_of
from bot.model.resources import JsonObject
from bot.repository import confinement, manifests
from bot.repository.asked import Asked
from bot.repository.chance import Made, Pointer, may_differ, turned_clock, varying
from bot.repository.directory import objects
from bot.repository.helm.export import Export, write
from bot.repository.helm.files import CHART, dependencies, file_parameters, value_files, within
from bot.repository.helm.library import Library, Told
from bot.repository.helm.options import HelmOptions, generic_version, set_value
from bot.repository.helm.quoting import values_in, values_of, without_quotations

MOST_BYTES: Final = 64 << 20
"""What Helm may print."""
_READ: Final = 1 << 16
_WORDS: Final = 4000
"""Bytes that are read of what Helm says, and characters that are passed on."""
_ENVIRONMENT: Final = {
    "PATH": "/nonexistent",
    "HELM_PLUGINS": "/nonexistent",
    "TZ": "UTC",
    "GOMAXPROCS": "1",
    "GOGC": "off",
    "GOMEMLIMIT": "512MiB",
}
"""No plugins and nothing else to run; times as Argo CD's own container has them; and as renders are short and run side
by side, Go collects only what would not fit."""
_MISSING: Final = re.compile(r"missing in charts/ directory: (?P<names>.*)")
_NOISE: Final = re.compile(r"^(level=.*|Use --debug flag .*|\s*)$", re.MULTILINE)
_USER_INFO: Final = re.compile(r"//[^/@]*@")


class _Done(NamedTuple):
    code: int
    output: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Helm:
    """The helm program and where it may work."""

    program: Path
    home: Path
    library: Library
    """Spares starting the program where both are known to say the same."""
    patience: float = 15.0
    """Seconds that a render may take to be made a second time."""

    def render(self, asked: Asked) -> Made:
        """Return what `helm template` prints for a chart; Rejected has the tool's words or the option's name.

        Hooks are among it, as with Argo CD. Nothing is fetched: dependencies are those in the repository, and those
        that somebody fetched before.
        """
        options = HelmOptions.of(asked.options.helm)
        with self._folder() as root:
            run = _Run(self.program, root, asked, options)
            run.export()
            begun = time.monotonic()
            found = self.library.render(run.told())
            made = found if found is not None else _printed(run)
            if time.monotonic() - begun > self.patience:
                return Made(made, {})
            return Made(made, self._varying(run, made, proven=found is not None))

    def _varying(self, run: _Run, made: list[JsonObject], *, proven: bool) -> dict[int, list[Pointer]]:
        """Render once more where chance or a clock may have had a say; `proven`: it was no chance."""
        files = run.files()
        if not turned_clock(files) and (proven or not may_differ(files)):
            return {}
        try:
            again = self.library.render(run.told()) if proven else None
            return varying(made, again if again is not None else _printed(run))
        except Rejected:
            return {}  # a chart that asks for the day may refuse another

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        root = Path(tempfile.mkdtemp(prefix="chart-", dir=self.home)).resolve()
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)


@dataclass(slots=True)
class _Run:
    """One render: what is written where, and what Helm is told about it."""

    program: Path
    root: Path
    """The only folder Helm can read or write, when the kernel has Landlock."""
    asked: Asked
    options: HelmOptions
    _export: Export = field(default_factory=Export)
    _given: dict[str, str] = field(default_factory=dict)
    """How people know the files that options name, by their path from the chart."""
    _values: list[str] = field(default_factory=list)
    _files: dict[str, str] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        return self.root / "tree"

    @property
    def chart(self) -> Path:
        return self.tree / posixpath.normpath(self.asked.options.path or ".")

    def export(self) -> None:
        """Write the chart, the charts that were fetched for it, and every file that options name."""
        asked = self.asked
        self._export.chart(asked.snapshot, asked.found, self.chart)
        for name, snapshot in asked.dependencies.items():
            folder = self.chart / "charts" / name
            fetched = snapshot.find("")
            if fetched is not None and not folder.exists():
                self._export.chart(snapshot, fetched, folder)
        for file in value_files(asked, self.options):
            self._values.append(self._name(file.name))
            self._export.file(file, self.chart / self._values[-1])
        for name, file in file_parameters(asked, self.options).items():
            self._files[name] = self._name(file.name)
            self._export.file(file, self.chart / self._files[name])
        if values := self.options.own_values():
            self._values.append(self._name("source.helm.values"))
            write(values.encode(), self.chart / self._values[-1], "source.helm.values")

    def _name(self, shown: str) -> str:
        """Return the path, from the chart, for a file that an option names; nothing in it means anything to Helm."""
        path = os.path.relpath(self.root / "given" / f"{len(self._given)}.yaml", self.chart)
        self._given[path] = shown
        return path

    def told(self) -> Told:
        """Return what Helm is told, the destination's and the Application's where the source says nothing."""
        options, environment = self.options, self.asked.environment
        return Told(
            chart=self.chart,
            name=options.release_name or short_name_of(name_of_instance(environment.application)),
            namespace=options.namespace or environment.namespace,
            kubernetes=options.kube_version or generic_version(environment.kubernetes, "the destination"),
            api_versions=options.api_versions or environment.api_versions,
            values=[self.chart / one for one in self._values],
            parameters=self._parameters(options.parameters),
            text_parameters=self._parameters(options.text_parameters),
            has_files=bool(self._files),
            skip_crds=options.skip_crds,
            skip_tests=options.skip_tests,
            skip_schema_validation=options.skip_schema_validation,
        )

    def _parameters(self, parameters: Mapping[str, str]) -> list[str]:
        return [f"{name}={set_value(self.asked.substituted(text))}" for name, text in parameters.items()]

    def files(self) -> list[Path]:
        """Return every file that was written: the chart's own, and those that options name."""
        return [path for path in self.root.rglob("*") if path.is_file()]

    def template(self) -> _Done:
        """Run `helm template` as Argo CD does."""
        return self._run(["template", ".", *self._arguments(self.told())], self.chart)

    def _arguments(self, told: Told) -> Iterator[str]:
        """Yield what Argo CD says, each option in one word with its value, so that none is taken for another."""
        texts = {"name-template": told.name, "namespace": told.namespace, "kube-version": told.kubernetes}
        yield from (f"--{option}={text}" for option, text in texts.items() if text)
        yield from (f"--set={one}" for one in told.parameters)
        yield from (f"--set-string={one}" for one in told.text_parameters)
        yield from (f"--set-file={name}={path}" for name, path in self._files.items())
        yield from (f"--values={path}" for path in self._values)
        yield from (f"--api-versions={one}" for one in told.api_versions)
        flags = {
            "include-crds": not told.skip_crds,
            "skip-schema-validation": told.skip_schema_validation,
            "skip-tests": told.skip_tests,
        }
        yield from (f"--{flag}" for flag, wanted in flags.items() if wanted)

    def build(self, missing: Iterable[str]) -> None:
        """Put charts of this repository into `charts`, packed by Helm; Rejected when one is anywhere else.

        Helm packs them in a folder of their own, so that it does not ask for those that were fetched already.
        """
        declared = {one.name: one for one in dependencies(self.asked.snapshot, self.asked.found)}
        local = []
        for name in missing:
            one = declared.get(name)
            if one is None or one.folder is None:
                source = _USER_INFO.sub("//", one.repository) if one else ""
                said = f"{name} {one.version if one else ''} from {source or 'charts/'}"
                raise Rejected(f"{self.asked.shown}/{CHART}: the dependency {said} is not there; nobody has fetched it")
            path = within(one.folder, self.asked.options.path, f"{self.asked.shown}/{CHART}: {one.repository}")
            found = self.asked.snapshot.find(path)
            if found is None:
                raise Rejected(f"{self.asked.shown}/{CHART}: {one.repository}: there is no such folder")
            self._export.chart(self.asked.snapshot, found, self.tree / path)
            local.append({"name": name, "version": one.version, "repository": f"file://{self.tree / path}"})
        self._pack(local)

    def _pack(self, local: list[dict[str, str]]) -> None:
        folder = self.root / "build"
        declaration = {"apiVersion": "v2", "name": "build", "version": "0.0.0", "dependencies": local}
        write(orjson.dumps(declaration), folder / CHART, CHART)
        done = self._run(["dependency", "build", "."], folder)
        if done.code:
            raise Rejected(f"helm dependency build: {self.sayable(done)}")
        (self.chart / "charts").mkdir(exist_ok=True)
        for archive in sorted((folder / "charts").iterdir()):
            archive.rename(self.chart / "charts" / archive.name)
        shutil.rmtree(folder)

    def _run(self, arguments: list[str], folder: Path) -> _Done:
        """Run helm in `folder`; whoever started us limits how long.

        What it prints comes by a pipe: Helm ends with 0 when it cannot write, so that a file may lack its end.
        """
        command = [str(self.program), *arguments]
        environment = {"HOME": str(self.root / "home"), "TMPDIR": str(self.root), **_ENVIRONMENT}
        confine = functools.partial(_confine, os.getpid(), self.root, self.program)
        with tempfile.TemporaryFile(dir=self.root) as errors:
            try:
                running = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    preexec_fn=confine,  # noqa: PLW1509 - a renderer has one thread
                )
            except FileNotFoundError as error:
                raise Rejected("Foresail has no helm program where it renders; FORESAIL_HELM names it") from error
            except OSError as error:
                if error.errno != errno.E2BIG:
                    raise
                raise Rejected("source.helm: its parameters are longer than a program takes; use values") from error
            with running:
                output = running.stdout.read(MOST_BYTES + 1) if running.stdout else b""
                if len(output) > MOST_BYTES:
                    running.kill()
                    raise Rejected(f"helm {arguments[0]}: it prints more than {MOST_BYTES >> 20} MiB")
            errors.seek(0)
            return _Done(running.returncode, output, errors.read(_READ).decode("utf-8", errors="replace"))

    def sayable(self, done: _Done) -> str:
        """Return why Helm failed, without places of ours and without values that could be secrets."""
        if (why := _ended(done)) is not None:
            return why
        words = _NOISE.sub("", done.words).strip().removeprefix("Error: ")
        for path, shown in self._given.items():
            words = words.replace(path, shown)
        words = words.replace(f"{self.tree}/", "").replace(f"{self.root}/", "").replace(str(self.root), ".")
        files = [self.chart / one for one in ("values.yaml", *self._values)]
        texts = {name: (self.chart / one).read_text(errors="replace") for name, one in self._files.items()}
        given = values_in(path for path in files if path.is_file())
        given += values_of({**self.options.parameters, **self.options.text_parameters, **texts})
        return without_quotations(words, given)[:_WORDS] or f"it ended with {done.code} and no words"


def _printed(run: _Run) -> list[JsonObject]:
    """Return what the program prints."""
    done = run.template()
    if done.code and (missing := _MISSING.search(done.words)):
        run.build(missing["names"].split(", "))
        done = run.template()
    if done.code:
        raise Rejected(f"helm template: {run.sayable(done)}")
    documents = manifests.read(done.output, f"helm template {run.asked.shown}", last_wins=True)
    return [obj for line, value in documents for obj in objects(value, f"Helm's output, line {line}")]


def _confine(parent: int, root: Path, program: Path) -> None:
    confinement.die_with_parent(parent)
    confinement.touch_only(root, program)


def _ended(done: _Done) -> str | None:
    """Return why Helm was ended by a limit; None when it has its own words. What Go then prints is its whole memory."""
    if done.code == -signal.SIGXCPU or "SIGXCPU" in done.words:
        return "it takes too much processor time"
    if done.code < 0 or re.search(r"^(fatal error|runtime|SIG[A-Z]+): |^panic: ", done.words, re.MULTILINE):
        return "it needs more memory than it may have, or fails by itself"
    return None
