"""Newer images and charts: what an Application asks for, and what would have to be written where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.model.names import is_elsewhere

Way: TypeAlias = tuple[str | int, ...]
"""From the root of a YAML document to a value: keys, and places in lists."""


class Strategy(StrEnum):
    """By which order one tag is newer than another, or what else moves."""

    SEMVER = "semver"
    ALPHABETICAL = "alphabetical"
    NUMERICAL = "numerical"
    """By the numbers in a tag, which are compared as numbers: `build-9` before `build-10`."""
    DIGEST = "digest"
    """The tag stays; what it stands for moves."""


@dataclass(frozen=True, slots=True)
class ImageWish:
    """One image that an Application wants to be kept new."""

    alias: str
    name: str
    """As it is written, without a tag: `ghcr.io/acme/web`."""
    constraint: str = ""
    """A version constraint; with `digest` the tag that is followed."""
    strategy: Strategy = Strategy.SEMVER
    allowed: str = ""
    """Regular expression that a tag has to match somewhere; empty: any."""
    ignored: tuple[str, ...] = ()
    """Globs of tags that are left out."""
    helm_tag: str = ""
    """Dotted path to the tag in values; with `helm_name` that to the image's name, for another to be noticed."""
    helm_name: str = ""
    helm_spec: str = ""
    """Dotted path to a whole reference, `name:tag`."""
    kustomize_name: str = ""
    """What a kustomization calls the image; empty: as it is named."""


@dataclass(frozen=True, slots=True)
class ChartWish:
    """One chart that an Application wants to be kept new: a source of it, or a dependency of its own chart."""

    name: str
    constraint: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the annotations of an Application ask for."""

    images: tuple[ImageWish, ...] = ()
    charts: tuple[ChartWish, ...] = ()
    target: str = ""
    """`kustomization`, `kustomization:folder` or `helmvalues:file`; empty: wherever the values are found."""
    group: str = ""
    """Applications of one group are changed together."""
    problems: tuple[str, ...] = ()
    """What cannot be done, or is not understood."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One value in one file."""

    path: str
    """From the repository's root."""
    document: int
    way: Way
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bump:
    """One image or chart that becomes newer, and everything that has to be written for that in one branch."""

    thing: str
    """The image's name, or `chart redis`."""
    old: str
    new: str
    url: str
    """Of the Git repository."""
    branch: str
    edits: tuple[Edit, ...]
    link: str = ""
    """Where the publisher says that it comes from; a web address, and not verified."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one Application would have changed in Git, and what stands in the way."""

    application: str
    project: str
    group: str
    bumps: tuple[Bump, ...]
    problems: tuple[str, ...]
    uncertain: bool = False
    """Whether something could not be found out, so that what is missing here may be there the next time."""
    waits: bool = False
    """Whether that is because somebody did not answer just now, or nobody had the time to ask."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed in one branch of a repository, as one change of the forge."""

    url: str
    branch: str
    bumps: tuple[Bump, ...]

    @property
    def edits(self) -> dict[str, tuple[Edit, ...]]:
        """What has to be written, by file."""
        found: dict[str, list[Edit]] = {}
        for bump in self.bumps:
            for edit in bump.edits:
                found.setdefault(edit.path, []).append(edit)
        return {path: tuple(dict.fromkeys(edits)) for path, edits in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Group:
    """Applications that are changed together: those of a group of one project, or one alone."""

    name: str
    """Of the group, or of the application."""
    named: bool
    """Whether it is a group's."""
    applications: tuple[str, ...]
    project: str
    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    certain: bool
    """Whether everything could be asked: then what is not among the changes is not wanted."""
    waits: bool = False
    """Whether something of it could not be asked for just now: what was proposed before may have more in it."""

    @property
    def may_land(self) -> bool:
        """Whether its changes may ever be merged without a person.

        Not where an Application elsewhere asks for them: it may name any value and any registry, and who writes it need
        have no say in the repository.
        """
        return not any(map(is_elsewhere, self.applications))
