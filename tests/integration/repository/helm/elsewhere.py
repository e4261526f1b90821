"""Hold Foresail against `helm template` on charts of repositories that are on this machine.

    python -m tests.integration.repository.helm.elsewhere ../prometheus-helm-charts ../argo-helm

Each chart is rendered with its own values and with each file of its `ci` folder, once by the program and once as a
cluster of a known version has it, where the library may do it. What Helm itself does not say twice in the same way
(passwords, certificates) is told apart from a difference.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pygit2

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository.environment import BuildEnvironment
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.sandbox.toolchain import programs
from tests.integration.repository.helm.printed import HelmFailedError, places, printed, without_chance

_APIS: Final = ("apps/v1", "monitoring.coreos.com/v1", "networking.k8s.io/v1", "policy/v1", "v1")
_PLACES: Final = (
    BuildEnvironment(application="shop", namespace="prod"),
    BuildEnvironment(application="shop", namespace="prod", kubernetes="v1.33.4", api_versions=_APIS),
)
_SHOWN: Final = 5


@dataclass(slots=True)
class Repository:
    """One repository: its trees for Foresail, its files for Helm."""

    path: Path
    files: Path
    renderer: Renderer
    helm: Path
    counts: Counter[str] = field(default_factory=Counter)

    def compare(self) -> None:
        """Render every chart and print what is not the same."""
        git = pygit2.Repository(str(self.path))
        tree = git.revparse_single("HEAD^{tree}")
        folders = {one.parent for one in self.files.rglob("Chart.yaml")}
        charts = sorted(one for one in folders if folders.isdisjoint(one.parents))
        for chart in (str(one.relative_to(self.files)) for one in charts):
            self.counts["charts"] += 1
            for values in self._values(chart):
                for place in _PLACES:
                    outcome, words = self._outcome(str(tree.id), chart, values, place)
                    self.counts[outcome] += 1
                    if words:
                        sys.stdout.write(f"  {outcome}: {chart} {' '.join(values)}: {words}\n")

    def _values(self, chart: str) -> Iterator[list[str]]:
        yield []
        for file in sorted((self.files / chart / "ci").glob("*.yaml")):
            yield [f"ci/{file.name}"]

    def _outcome(self, tree: str, chart: str, values: list[str], place: BuildEnvironment) -> tuple[str, str]:
        wire = {"repoURL": "https://git.example/charts.git", "path": chart, "targetRevision": "main"}
        source = Source.model_validate({**wire, "helm": {"valueFiles": values}})
        (found,) = self.renderer.render([RenderRequest(self.path, tree, source, place)])
        try:
            expected = self._printed(chart, values, place)
        except HelmFailedError as error:
            if isinstance(found, Rendered):
                return "different", f"helm fails: {_line(str(error))}"
            return "refused by both", ""
        if not isinstance(found, Rendered):
            return "refused", _line(found.message)
        ours = list(found.manifests)
        self.counts["objects"] += len(ours)
        if ours == expected:
            return "the same", ""
        again = [self._printed(chart, values, place) for _ in range(2)]
        if without_chance(ours, expected, *again) == without_chance(expected, *again, expected):
            return "the same but for chance", ""
        return "different", "; ".join(list(places(ours, expected))[:_SHOWN])

    def _printed(self, chart: str, values: list[str], place: BuildEnvironment) -> list[JsonObject]:
        words = [word for one in values for word in ("-f", f"{chart}/{one}")]
        words += ["--kube-version", place.kubernetes] if place.kubernetes else []
        words += [word for one in place.api_versions for word in ("--api-versions", one)]
        return printed(self.helm, self.files, chart, *words)


def _export(path: Path, files: Path) -> None:
    """Write the folders of charts only: a copy of a repository may lack large files elsewhere."""
    git = ["git", "-C", str(path)]
    told = subprocess.run([*git, "ls-tree", "-r", "--name-only", "HEAD"], capture_output=True, text=True, check=True)
    charts = [str(Path(name).parent) for name in told.stdout.splitlines() if Path(name).name == "Chart.yaml"]
    archive = subprocess.run([*git, "archive", "HEAD", *charts], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", files], input=archive, check=True)


def _line(words: str) -> str:
    return " ".join(words.split())[:300]


def main(arguments: Sequence[str]) -> int:
    """Compare the charts of each repository at its HEAD; 1 when one of them is rendered in another way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    asked = parser.parse_args(arguments)
    found = programs()
    renderer = Renderer(kustomize=str(found.kustomize), helm=str(found.helm), timeout=60.0)
    different = False
    for path in asked.repositories:
        with tempfile.TemporaryDirectory() as scratch:
            files = Path(scratch) / "files"
            files.mkdir()
            _export(path, files)
            repository = Repository(path.resolve(), files, renderer, found.helm)
            sys.stdout.write(f"{path}\n")
            repository.compare()
            sys.stdout.write(f"  {dict(repository.counts)}\n")
            different = different or bool(repository.counts["different"])
    renderer.close()
    return int(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
