"""What the annotations of an Application ask for: those of Argo CD Image Updater, and the few that it has not.

Source: https://argocd-image-updater.readthedocs.io/en/stable/configuration/images/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # it ships no types

from bot.engine import globs
from bot.engine.updates.images import parsed
from bot.engine.versions import constraint_of
from bot.errors import Rejected
from bot.model.updates import ChartWish, ImageWish, Strategy, Wishes

ARGO: Final = "argocd-image-updater.argoproj.io/"
IMAGES: Final = f"{ARGO}image-list"
CHARTS: Final = "foresail.dev/chart-list"
GROUP: Final = "foresail.dev/update-group"
_TARGET: Final = f"{ARGO}write-back-target"
_MOST: Final = 50
"""Images, and charts, of one Application."""
_LONGEST: Final = 8192
_ALIAS: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,60}")
_CHART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_GROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {**{one.value: one for one in Strategy}, "name": Strategy.ALPHABETICAL, "": Strategy.SEMVER}
)
_BY_BUILD: Final = frozenset({"newest-build", "latest"})
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


def asks(annotations: Mapping[str, str]) -> bool:
    """Whether annotations ask for anything."""
    return IMAGES in annotations or CHARTS in annotations


def wishes_of(annotations: Mapping[str, str]) -> Wishes:
    """Read annotations; what is wrong with one is told, and the others count."""
    reading = _Reading(annotations)
    images = tuple(reading.images())
    charts = tuple(reading.charts())
    group = annotations.get(GROUP, "")
    if group and not _GROUP.fullmatch(group):
        reading.problems.append(f"{GROUP} is no name of letters, digits, dots and hyphens")
        group = ""
    return Wishes(images, charts, reading.target(), group, tuple(reading.problems))


@dataclass(slots=True)
class _Reading:
    annotations: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def images(self) -> Iterator[ImageWish]:
        for entry in self._entries(IMAGES):
            try:
                yield self._image(entry)
            except (Rejected, ValueError) as error:
                self.problems.append(f"{IMAGES}: {entry[:100]!r}: {error}")

    def charts(self) -> Iterator[ChartWish]:
        for entry in self._entries(CHARTS):
            try:
                yield _chart(entry)
            except Rejected as error:
                self.problems.append(f"{CHARTS}: {entry[:100]!r}: {error}")

    def target(self) -> str:
        value = self.annotations.get(_TARGET, "").strip()
        kind, _, _ = value.partition(":")
        if value and kind not in {"kustomization", "helmvalues"}:
            self.problems.append(f"{_TARGET}: {value[:100]!r} is neither kustomization[:folder] nor helmvalues:file")
            return ""
        return value

    def _entries(self, annotation: str) -> list[str]:
        """Return the entries of a list; a constraint of several parts has spaces between them, and no comma."""
        text = self.annotations.get(annotation, "")
        if len(text) > _LONGEST:
            self.problems.append(f"{annotation} has more than {_LONGEST} characters")
            return []
        found = [one for part in re.split(r"[,\n]", text) if (one := part.strip())]
        if len(found) > _MOST:
            self.problems.append(f"{annotation} has {len(found)} entries; the first {_MOST} count")
        return found[:_MOST]

    def _image(self, entry: str) -> ImageWish:
        alias, equals, rest = entry.partition("=")
        # A constraint may begin with `=`, behind the colon of a name.
        if not equals or ":" in alias or "/" in alias:
            alias, rest = "", entry
        name, constraint = _named(rest.strip())
        image = parsed(name)
        if image is None or image.tag or image.digest:
            raise Rejected(f"{name!r} is no image's name")
        alias = alias.strip()
        if alias and not _ALIAS.fullmatch(alias):
            raise Rejected(f"{alias!r} is no alias of letters, digits, dots and hyphens")
        strategy = self._strategy(alias)
        if strategy is Strategy.SEMVER:
            constraint_of(constraint or "*")
        ignored = tuple(one.strip() for one in self._of(alias, "ignore-tags").split(",") if one.strip())
        for pattern in ignored:
            globs.compiled(pattern)
        return ImageWish(
            alias=alias,
            name=name,
            constraint=constraint,
            strategy=strategy,
            allowed=self._allowed(alias),
            ignored=ignored,
            helm_tag=self._of(alias, "helm.image-tag"),
            helm_name=self._of(alias, "helm.image-name"),
            helm_spec=self._of(alias, "helm.image-spec"),
            kustomize_name=self._of(alias, "kustomize.image-name"),
        )

    def _of(self, alias: str, setting: str) -> str:
        """Return what is set for an image; settings that hold for all have no alias."""
        every = self.annotations.get(f"{ARGO}{setting}", "") if not setting.startswith(("helm", "kustomize")) else ""
        return (self.annotations.get(f"{ARGO}{alias}.{setting}", "") if alias else "").strip() or every.strip()

    def _strategy(self, alias: str) -> Strategy:
        name = self._of(alias, "update-strategy").lower()
        if name in _BY_BUILD:
            raise Rejected(
                f"the strategy {name} asks when each image was built, which only the images themselves say; "
                "use semver, alphabetical or numerical"
            )
        if name not in _STRATEGIES:
            raise Rejected(f"there is no strategy {name!r}; there are {', '.join(Strategy)}")
        return _STRATEGIES[name]

    def _allowed(self, alias: str) -> str:
        text = self._of(alias, "allow-tags")
        if text in {"", "any"}:
            return ""
        kind, colon, pattern = text.partition(":")
        if kind != "regexp" or not colon:
            raise Rejected(f"allow-tags is {text[:100]!r}, and has to be any or regexp:…")
        expression(pattern)
        return pattern


def _chart(entry: str) -> ChartWish:
    name, _, constraint = (part.strip() for part in entry.partition(":"))
    if not _CHART.fullmatch(name):
        raise Rejected(f"{name!r} is no chart's name")
    constraint_of(constraint or "*")
    return ChartWish(name, constraint)


def _named(text: str) -> tuple[str, str]:
    """Take a constraint off an image's name; the colon of a port is behind no slash."""
    head, slash, tail = text.rpartition("/")
    name, _, constraint = tail.partition(":")
    return f"{head}{slash}{name}", constraint.strip()


def expression(pattern: str) -> Any:
    """Return what searches for a regular expression, in linear time; Rejected when it is none."""
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        raise Rejected(f"{pattern[:100]!r} is no regular expression: {error}") from error
