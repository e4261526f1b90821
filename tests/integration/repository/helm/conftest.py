"""Charts to render, by us and by the helm program itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import manifests
from bot.repository.directory import objects
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed

ENVIRONMENT = BuildEnvironment(application="shop", namespace="prod", project="team", revision="0123456789abcdef")
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
        command = [str(programs.helm), "template", "shop", path, "--namespace", "prod", "--include-crds", *arguments]
        done = subprocess.run(
            command,
            cwd=tmp_path / "checkout",
            env={"HOME": str(tmp_path / "home"), "TZ": "UTC"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return [
            one for _, value in manifests.read(done.stdout, "helm", last_wins=True) for one in objects(value, "helm")
        ]

    return run
