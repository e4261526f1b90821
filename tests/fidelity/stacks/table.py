"""A stack's changes as its people make them: what is edited in its files, what hands do before, what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from bot.model.resources import JsonObject

Files = dict[str, str]
"""By path below the stack's folder."""


class Edit(Protocol):
    """Something a person does to the files of a stack."""

    def __call__(self, files: Files) -> None:
        """Do it in place."""


@dataclass(frozen=True, slots=True)
class StackChange:
    """One change of a stack."""

    name: str
    edits: tuple[Edit, ...]
    expected: str
    """What a reviewer has to be told: `change Deployment; create 2 ConfigMap; fails Job`, in alphabetical order."""
    by_hand: tuple[str, ...] = ()
    """What somebody does with kubectl before the preview."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A folder of files, its applications in `applications.yaml` beside, and changes of it."""

    folder: Path
    word: str
    """Stands in every name that two copies of the stack must not share; each copy puts its own in its place."""
    changes: tuple[StackChange, ...]
    in_turn: bool = False
    """Whether one copy takes all the changes, each taken back before the next: where a copy takes long to install."""

    def copies(self) -> list[Copy]:
        """Return an installation for each change."""
        return [
            Copy(self, change, f"{self.word}{1 if self.in_turn else number}")
            for number, change in enumerate(self.changes, start=1)
        ]

    def files(self) -> Files:
        """Read everything that stands in the repository."""
        manifests = self.folder / "manifests"
        paths = sorted(path for path in manifests.rglob("*") if path.is_file())
        return {path.relative_to(manifests).as_posix(): path.read_text(encoding="utf-8") for path in paths}

    def applications(self) -> str:
        """Read what somebody applied by hand to have the stack synced."""
        return (self.folder / "applications.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Copy:
    """One installation of a stack, for one change: copies share a cluster and no object."""

    stack: Stack
    change: StackChange
    name: str

    @property
    def applications(self) -> list[JsonObject]:
        """Return the Applications that stand outside of the repository."""
        return list(yaml.safe_load_all(self._named(self.stack.applications())))

    def base(self) -> Mapping[str, str]:
        """Return what the repository has before the change."""
        return self._placed(self.stack.files())

    def head(self) -> Mapping[str, str | None]:
        """Return what it has with the change; None for a file that goes away."""
        files = self.stack.files()
        before = set(files)
        for edit in self.change.edits:
            edit(files)
        gone = {f"{self.name}/{path}": None for path in before - set(files)}
        return {**self._placed(files), **gone}

    def restored(self) -> Mapping[str, str | None]:
        """Return what takes the change back."""
        base = self.base()
        return {**{path: None for path, text in self.head().items() if text is not None and path not in base}, **base}

    def commands(self) -> list[str]:
        """Return what hands do to this copy."""
        return [self._named(command) for command in self.change.by_hand]

    def is_about(self, application: str) -> bool:
        """Whether an application is one of this copy."""
        return application == self.name or application.startswith(f"{self.name}-")

    def _placed(self, files: Mapping[str, str]) -> dict[str, str]:
        return {f"{self.name}/{path}": self._named(text) for path, text in files.items()}

    def _named(self, text: str) -> str:
        return text.replace(self.stack.word, self.name)


def swap(path: str, old: str, new: str) -> Edit:
    """Put one text in the place of another, which has to be there."""

    def edit(files: Files) -> None:
        assert old in files[path], f"{path} does not say {old!r}"
        files[path] = files[path].replace(old, new)

    return edit


def everywhere(old: str, new: str) -> Edit:
    """Put one text in the place of another in every file that has it."""

    def edit(files: Files) -> None:
        found = [path for path, text in files.items() if old in text]
        assert found, f"no file says {old!r}"
        for path in found:
            files[path] = files[path].replace(old, new)

    return edit


def append(path: str, text: str) -> Edit:
    """Write a text at the end of a file, which is made if it is not there."""

    def edit(files: Files) -> None:
        files[path] = files.get(path, "") + text

    return edit


def remove(path: str) -> Edit:
    """Remove a file, or a folder."""

    def edit(files: Files) -> None:
        found = [name for name in files if name == path or name.startswith(f"{path}/")]
        assert found, f"there is no {path}"
        for name in found:
            del files[name]

    return edit
