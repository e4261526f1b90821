"""100 small charts, cold: by our renderer from Git, and by as many runs of `helm template` on files."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.workload import CLONE_URL
from bot.model.applications import Source
from bot.repository import manifests
from bot.repository.environment import BuildEnvironment
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.sandbox.forge.repositories import BareRepository

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bot.sandbox.toolchain import Programs

_CHARTS: Final = 100
_ROUNDS: Final = 5
_TIMEOUT: Final = 60.0
_KUBERNETES: Final = "1.33.4"
_THERE: Final = BuildEnvironment(application="shop", namespace="prod", kubernetes=f"v{_KUBERNETES}")
_HELPERS: Final = """\
{{ define "labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
"""
_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  labels: {{- include "labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "labels" . | nindent 8 }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          {{- with .Values.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
"""
_SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  labels: {{- include "labels" . | nindent 4 }}
spec:
  ports: [{port: {{ .Values.port }}}]
  selector: {{- include "labels" . | nindent 4 }}
"""
_VALUES: Final = """\
replicas: {number}
port: 80
image: {{repository: registry.example.com/web, tag: "1.{number}-{round}"}}
resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}
"""


def measure(programs: Programs, directory: Path) -> dict[str, float]:
    """Return seconds for all charts, and how many times as fast we are; each round's charts are new to everybody."""
    repository = BareRepository.create(directory / "charts.git", default_branch="main")
    scene = _Scene(programs, directory, repository)
    took: dict[str, list[float]] = {name: [] for name in ("ours", "ours_by_program", "helm", "parallel_helm")}
    renderer = scene.renderer()
    first = scene.ours(renderer, 0, _THERE)
    for round_ in range(1, _ROUNDS + 1):
        took["helm"].append(scene.helm(round_, at_once=1))
        took["ours"].append(scene.ours(renderer, round_, _THERE))
        took["parallel_helm"].append(scene.helm(round_, at_once=os.cpu_count() or 1))
        took["ours_by_program"].append(scene.ours(renderer, round_, BuildEnvironment("shop", "prod")))
    renderer.close()
    seconds = {name: median(times) for name, times in took.items()}
    return {
        "from_start_seconds": round(first, 3),
        **{f"{name}_seconds": round(one, 3) for name, one in seconds.items()},
        "speedup_over_helm": round(seconds["helm"] / seconds["ours"], 1),
        "speedup_over_parallel_helm": round(seconds["parallel_helm"] / seconds["ours"], 1),
        "program_speedup_over_parallel_helm": round(seconds["parallel_helm"] / seconds["ours_by_program"], 2),
    }


@dataclass(frozen=True, slots=True)
class _Scene:
    programs: Programs
    directory: Path
    repository: BareRepository

    def renderer(self) -> Renderer:
        return Renderer(str(self.programs.kustomize), _TIMEOUT, helm=str(self.programs.helm))

    def ours(self, renderer: Renderer, round_: int, environment: BuildEnvironment) -> float:
        """Return seconds in which all charts of a round are rendered."""
        tree = self.repository.write_tree(dict(_files(round_)), onto=None)
        sources = [Source.model_validate({"repoURL": CLONE_URL, "path": f"{number}"}) for number in range(_CHARTS)]
        requests = [RenderRequest(self.repository.path, tree, source, environment) for source in sources]
        began = time.perf_counter()
        answers = renderer.render(requests)
        took = time.perf_counter() - began
        for number, answer in enumerate(answers):
            kinds = [one["kind"] for one in answer.manifests] if isinstance(answer, Rendered) else answer
            if kinds != ["Service", "Deployment"] or f"1.{number}-{round_}" not in str(answer):
                raise AssertionError(f"not what was to be rendered: {answer}")
        return took

    def helm(self, round_: int, *, at_once: int) -> float:
        """Return seconds in which the program renders all charts of a round, so many processes at once."""
        root = self.directory / f"charts-{round_}-{at_once}"
        for path, text in _files(round_):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        program, home = str(self.programs.helm), str(root / "home")
        command = [program, "template", "shop", "--namespace=prod", f"--kube-version={_KUBERNETES}", "--include-crds"]

        def run(number: int) -> bytes:
            done = subprocess.run(
                [*command, str(root / str(number))], env={"HOME": home}, capture_output=True, check=True, timeout=60
            )
            return done.stdout

        began = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            printed = list(pool.map(run, range(_CHARTS)))
        took = time.perf_counter() - began
        if any(len(manifests.read(one, "helm")) != 2 for one in printed):
            raise AssertionError("not what was to be rendered")
        return took


def _files(round_: int) -> Iterable[tuple[str, str]]:
    for number in range(_CHARTS):
        yield f"{number}/Chart.yaml", f"apiVersion: v2\nname: web\nversion: 1.{number}.{round_}\n"
        yield f"{number}/values.yaml", _VALUES.format(number=number, round=round_)
        yield f"{number}/templates/_helpers.tpl", _HELPERS
        yield f"{number}/templates/deployment.yaml", _DEPLOYMENT
        yield f"{number}/templates/service.yaml", _SERVICE
