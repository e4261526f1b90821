"""Where in a file the version of an image or chart stands, by the kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

from bot.engine.updates.images import is_same, parsed
from bot.engine.updates.scalars import Scalar, siblings
from bot.model.applications import Application
from bot.model.updates import ChartWish, ImageWish, Way

_NAMES: Final = ("repository", "name", "image")
"""Keys beside `tag` by which charts call an image in their values."""
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([0-9]{1,4})\]")


class Form(StrEnum):
    """What a value holds of an image."""

    TAG = "tag"
    """The tag, and possibly `@` and a digest behind it."""
    DIGEST = "digest"
    REFERENCE = "reference"
    """Name, tag and digest."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value that says which version is used."""

    scalar: Scalar
    form: Form

    @property
    def tag(self) -> str:
        """The tag that it names."""
        if self.form is Form.REFERENCE:
            found = parsed(self.scalar.value)
            return found.tag if found is not None else ""
        return "" if self.form is Form.DIGEST else self.scalar.value.partition("@")[0]

    @property
    def digest(self) -> str:
        """The digest that it names."""
        return self.scalar.value if self.form is Form.DIGEST else self.scalar.value.partition("@")[2]

    def written(self, tag: str, digest: str) -> str:
        """Return the value for another tag and digest; empty digest: none."""
        if self.form is Form.DIGEST:
            return digest
        name = ""
        if self.form is Form.REFERENCE:
            found = parsed(self.scalar.value)
            name = f"{found.name}:" if found is not None else ""
        return f"{name}{tag}{f'@{digest}' if digest else ''}"


def in_kustomization(found: Sequence[Scalar], wish: ImageWish) -> Iterator[Place]:
    """Yield what the entries of `images:` that are about an image say of tag and digest."""
    for entry in _entries(found, "images"):
        name, new_name = entry.get("name"), entry.get("newName")
        called = name is not None and (
            name.value == wish.kustomize_name if wish.kustomize_name else is_same(name.value, wish.name)
        )
        renamed = new_name is not None and is_same(new_name.value, wish.name)
        # An entry that sends the image elsewhere is about another one.
        if renamed or (called and new_name is None):
            tag, digest = entry.get("newTag"), entry.get("digest")
            if tag is not None:
                yield Place(tag, Form.TAG)
            if digest is not None:
                yield Place(digest, Form.DIGEST)


def at_path(found: Sequence[Scalar], wish: ImageWish) -> Iterator[Place]:
    """Yield what stands in values at the dotted paths that a wish names."""
    for dotted, form in ((wish.helm_spec, Form.REFERENCE), (wish.helm_tag, Form.TAG)):
        way = way_of(dotted)
        scalar = next((one for one in found if one.document == 0 and one.way == way), None) if way else None
        if scalar is None or (form is Form.REFERENCE and not _names(scalar.value, wish.name)):
            continue
        name = next((one for one in found if one.way == way_of(wish.helm_name)), None) if wish.helm_name else None
        if form is Form.REFERENCE or name is None or is_same(name.value, wish.name):
            yield Place(scalar, form)


def in_values(found: Sequence[Scalar], wish: ImageWish) -> Iterator[Place]:
    """Yield what looks like the image in values: a tag beside its name, or a reference to it."""
    beside = siblings(found)
    for scalar in found:
        last = scalar.way[-1] if scalar.way else ""
        if last in {"tag", "digest"} and scalar.value:  # an empty one leaves it to the chart
            if _is_beside(beside[scalar.document, scalar.way[:-1]], wish.name):
                yield Place(scalar, Form.TAG if last == "tag" else Form.DIGEST)
        elif last == "image" and _names(scalar.value, wish.name):
            yield Place(scalar, Form.REFERENCE)


def in_manifests(found: Sequence[Scalar], wish: ImageWish) -> Iterator[Place]:
    """Yield every `image:` that is the image."""
    for scalar in found:
        if scalar.way and scalar.way[-1] == "image" and _names(scalar.value, wish.name):
            yield Place(scalar, Form.REFERENCE)


def in_chart(found: Sequence[Scalar], wish: ChartWish) -> Iterator[tuple[Scalar, str]]:
    """Yield the version of each dependency of a chart that is the wanted one, with its repository's URL."""
    for entry in _entries(found, "dependencies"):
        name, version, repository = (entry.get(key) for key in ("name", "version", "repository"))
        if name is not None and name.value == wish.name and version is not None:
            yield version, repository.value if repository is not None else ""


def declared(found: Sequence[Scalar]) -> list[str]:
    """Return the names of the Applications that a file declares."""
    kinds = {one.document for one in found if one.way == ("kind",) and one.value == "Application"}
    return [one.value for one in found if one.document in kinds and one.way == ("metadata", "name")]


def in_application(found: Sequence[Scalar], application: Application, *, chart: str, url: str) -> Iterator[Scalar]:
    """Yield the `targetRevision` of each source of an Application that is a chart."""
    for _, document in groupby(found, key=lambda one: one.document):
        whole = {one.way: one for one in document}
        said = {way: one.value for way, one in whole.items()}
        if said.get(("kind",)) != "Application" or said.get(("metadata", "name")) != application.short_name:
            continue
        if said.get(("metadata", "namespace"), "") not in {"", application.namespace}:
            continue  # another one of that name
        for way, revision in whole.items():
            if way[-1:] != ("targetRevision",) or way[:1] != ("spec",):
                continue
            if said.get((*way[:-1], "chart")) == chart and said.get((*way[:-1], "repoURL")) == url:
                yield revision


def way_of(dotted: str) -> Way:
    """Read a dotted path as Argo CD Image Updater has it, `web.containers[0].tag`; empty when it is none."""
    steps: list[str | int] = []
    position = 0
    while position < len(dotted):
        if steps and dotted[position] == ".":
            position += 1
        found = _STEP.match(dotted, position)
        if found is None:
            return ()
        steps.append(found[1] if found[1] is not None else int(found[2]))
        position = found.end()
    return tuple(steps)


def _entries(found: Sequence[Scalar], key: str) -> Iterator[Mapping[str | int, Scalar]]:
    """Yield the entries of a list at the root, as they stand in a file."""
    for (_, way), entry in siblings(found).items():
        if len(way) == 2 and way[0] == key and isinstance(way[1], int):  # noqa: PLR2004 - key and place
            yield entry


def _names(text: str, name: str) -> bool:
    found = parsed(text)
    return found is not None and is_same(found.name, name)


def _is_beside(beside: Mapping[str | int, Scalar], name: str) -> bool:
    registry = beside.get("registry")
    for key in _NAMES:
        said = beside.get(key)
        if said is None or not said.value:
            continue
        full = f"{registry.value.rstrip('/')}/{said.value}" if registry is not None and registry.value else said.value
        if is_same(full, name):
            return True
    return False
