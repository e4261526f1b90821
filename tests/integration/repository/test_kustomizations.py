"""A corpus of kustomizations: ours is what `kustomize build` prints in a checkout, and no file it reads is missed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import manifests
from bot.repository.directory import objects
from bot.repository.inputs import input_hash
from bot.repository.render import Rendered, Renderer, RenderRequest
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed, Link

CORPUS: Final = Path(__file__).with_name("kustomizations.txt").read_text(encoding="utf-8")
PARTS: Final = {
    "@deployment": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n"
        "  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
        '    spec: {containers: [{name: web, image: "nginx:1.0"}]}'
    ),
    "@service": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {app: web}}\n"
        "spec: {selector: {app: web}, ports: [{port: 80}]}"
    ),
}
SOURCE: Final = Source.model_validate({"repoURL": "https://example.com/r", "path": "app"})


def cases() -> Iterator[tuple[str, Files]]:
    for text in re.split(r"^== ", CORPUS, flags=re.MULTILINE)[1:]:
        name, _, rest = text.partition("\n")
        files: dict[str, str | Link] = {}
        for part in re.split(r"^-- ", rest, flags=re.MULTILINE)[1:]:
            head, _, content = part.partition("\n")
            path, _, target = head.partition(" -> ")
            for short, whole in PARTS.items():
                content = content.replace(short, whole)
            files[path] = Link(target) if target else content.rstrip("\n") + "\n"
        yield name, files


CASES: Final = dict(cases())


class Checkout:
    """Files on disk, built by the program itself."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self._program = program

    def built(self, files: Files) -> list[JsonObject] | None:
        """Return what `kustomize build` prints; None when it refuses."""
        root = self.folder / str(len(list(self.folder.iterdir())))
        for path, content in files.items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                place.symlink_to(content.target)
            else:
                place.write_text(str(content), encoding="utf-8")
        done = subprocess.run([self._program, "build", root / "app"], capture_output=True, check=False)
        if done.returncode:
            return None
        documents = manifests.read(done.stdout, "kustomize")
        return [obj for line, value in documents for obj in objects(value, f"line {line}")]


@pytest.fixture
def checkout(tmp_path: Path, programs: Programs) -> Checkout:
    folder = tmp_path / "checkouts"
    folder.mkdir()
    return Checkout(folder, programs.kustomize)


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 55


@pytest.mark.parametrize("case", CASES)
def test_ours_is_what_kustomize_prints(repository: Fixed, renderer: Renderer, checkout: Checkout, case: str) -> None:
    files = CASES[case]
    (found,) = renderer.render([RenderRequest(repository.mirror.path, repository.tree(files), SOURCE)])
    expected = checkout.built(files)
    if expected is None:
        assert not isinstance(found, Rendered)
    else:
        assert isinstance(found, Rendered), found
        assert list(found.manifests) == expected


@pytest.mark.parametrize("case", CASES)
def test_whatever_changes_the_output_changes_the_hash(repository: Fixed, checkout: Checkout, case: str) -> None:
    files = CASES[case]
    before, printed = input_hash(repository.mirror, repository.tree(files), SOURCE), checkout.built(files)
    for path in files:
        without = {other: content for other, content in files.items() if other != path}
        if checkout.built(without) != printed:
            assert input_hash(repository.mirror, repository.tree(without), SOURCE) != before, path
