"""Charts to render, by us and by the helm program itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import child
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.helm.library import Library
from bot.repository.helm.program import Helm
from bot.repository.kept import KeptFiles
from bot.repository.kustomize import Kustomize
from bot.repository.plugins.program import Plugins
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed
from tests.integration.repository.helm.printed import printed

ENVIRONMENT = BuildEnvironment(application="shop", namespace="prod", project="team", revision="0123456789abcdef")
THERE = BuildEnvironment(application="shop", namespace="prod", kubernetes="v1.33.4", api_versions=("apps/v1", "v1"))
FITTING = ("--kube-version", "1.33.4")
NAMED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def chart(*files: tuple[str, str], at: str = "app", name: str = "app", **more: str) -> dict[str, str]:
    """Return the files of a chart: `more` are lines of its Chart.yaml."""
    lines = [
        f"{key.replace('_', '-')}: {value}\n" for key, value in {"apiVersion": "v2", "version": "1.0.0", **more}.items()
    ]
    return {f"{at}/Chart.yaml": f"name: {name}\n{''.join(lines)}", **{f"{at}/{path}": text for path, text in files}}


def echo(*expressions: str) -> tuple[str, str]:
    """Return a template of a ConfigMap whose data are what each expression gives, as JSON."""
    data = "".join(f"  v{index}: {{{{ {one} | toJson | quote }}}}\n" for index, one in enumerate(expressions))
    return "templates/echo.yaml", f"{NAMED}data:\n{data}"


@dataclass(frozen=True, slots=True)
class Charts:
    """One repository, and our renderer of what is in it."""

    repository: Fixed
    renderer: Renderer

    def answer(
        self,
        files: Files,
        path: str = "app",
        *,
        environment: BuildEnvironment = ENVIRONMENT,
        refs: dict[str, Files] | None = None,
        dependencies: dict[str, Files] | None = None,
        **helm: Any,
    ) -> Rendered | RenderFailed:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, "targetRevision": "main", "helm": helm}
        request = RenderRequest(
            self.repository.mirror.path,
            self.repository.tree(files),
            Source.model_validate(wire),
            environment,
            refs={name: self._place(one) for name, one in (refs or {}).items()},
            dependencies={name: self._place(one) for name, one in (dependencies or {}).items()},
        )
        return self.renderer.render([request])[0]

    def render(self, files: Files, path: str = "app", **more: Any) -> list[JsonObject]:
        found = self.answer(files, path, **more)
        assert isinstance(found, Rendered), found
        return list(found.manifests)

    def failure(self, files: Files, path: str = "app", **more: Any) -> str:
        found = self.answer(files, path, **more)
        assert isinstance(found, RenderFailed), found
        assert "foresail-render" not in found.message
        return found.message

    def data(self, files: Files, path: str = "app", **more: Any) -> list[str]:
        """Return what `echo` echoed."""
        (found,) = self.render(files, path, **more)
        return list(found["data"].values())

    def _place(self, files: Files) -> Place:
        return Place(self.repository.mirror.path, self.repository.tree(files))


@pytest.fixture
def charts(repository: Fixed, renderer: Renderer) -> Charts:
    return Charts(repository, renderer)


@pytest.fixture
def helm_template(programs: Programs, tmp_path: Path) -> Callable[..., list[JsonObject]]:
    """Return what the helm program prints for files on disk, run as a person would."""

    def run(files: Files, path: str, *arguments: str) -> list[JsonObject]:
        for name, content in files.items():
            assert isinstance(content, (str, bytes))
            target = tmp_path / "checkout" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return printed(programs.helm, tmp_path / "checkout", path, *arguments)

    return run


@pytest.fixture
def library(programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Library]:
    """Return the library as a renderer has it: its home lies in the folder that charts are exported to."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    found = Library(programs.helm, 30.0)
    yield found
    found.close()


@pytest.fixture
def render(repository: Fixed, programs: Programs, library: Library, tmp_path: Path) -> Callable[..., list[JsonObject]]:
    """Return what renders as a renderer does, in this process."""
    home = tmp_path / "home"
    kustomize, helm = Kustomize(programs.kustomize, home), Helm(programs.helm, home, library)
    tools = child.Tools(kustomize, helm, Plugins((), home, confined=False), KeptFiles())

    def ask(files: Files, environment: BuildEnvironment = THERE, **helm: Any) -> list[JsonObject]:
        request = {
            "repository": str(repository.mirror.path),
            "tree": repository.tree(files),
            "source": {"path": "app", "helm": helm},
            "environment": environment.to_wire(),
            "refs": {},
            "dependencies": {},
        }
        return [orjson.loads(one) for one in child.render(request, tools).manifests]

    return ask
