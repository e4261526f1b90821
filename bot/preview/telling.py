"""What a change was told at one commit, and what has moved when it is told something else there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Self

from bot.model.reports import counted
from bot.preview.budget import size
from bot.preview.inert import clipped, code, inert
from bot.preview.markdown import MARK_ROOM, read_marker
from bot.preview.redaction import without_digests

if TYPE_CHECKING:
    from bot.model.reports import Report
    from bot.model.resources import ResourceKey
    from bot.preview.markdown import Marker

_NAME: Final = 60
"""Characters shown of a branch, a cluster or a version."""
_MOST: Final = 2
"""Clusters that are named."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What was told, small enough to be kept, and without a value of anything."""

    head_sha: str
    said: str
    """What the comments say, as their marker names it."""
    clusters: tuple[str, ...]
    """Who answered: `prod (v1.37.2)`."""
    objects: Mapping[str, str]
    """By name: a digest of what is told of each object."""
    versions: Mapping[str, str]
    """By the same name: the version of each object that there was, told of or not."""
    base_branch: str = ""
    base_sha: str = ""
    plan: str = ""
    varying: int = 0
    """Objects that are rendered differently each time."""
    link: str = ""
    """Digest of where the full report is; empty where it is not kept."""
    neighbours: str = ""
    """Digest of what is told of other open changes."""

    @classmethod
    def of(cls, report: Report, bodies: Sequence[str], *, versions: Mapping[str, str], link: str = "") -> Self:
        """Note what a report tells in these comments; `versions` by the names that `named` gives."""
        mark = read_marker(bodies[0])
        said = mark.said if mark is not None else ""
        objects = {
            named(application.name, resource.key): _digest(repr(resource))
            for application in report.applications
            for resource in application.resources
        }
        return cls(
            head_sha=report.head_sha,
            said=said,
            clusters=report.clusters,
            objects=objects,
            versions=versions,
            base_branch=report.base_branch,
            base_sha=report.base_sha,
            plan=report.plan,
            varying=sum(one.varying for application in report.applications for one in application.resources),
            link=_digest(link) if link else "",
            neighbours=_digest(repr(report.neighbours)) if report.neighbours else "",
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read back what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "clusters": tuple(fields["clusters"])})

    def to_json(self) -> bytes:
        """Write it for the cache."""
        return json.dumps(asdict(self)).encode()  # orjson refuses the odd name that no API server takes either

    def repeats(self, earlier: Telling | None) -> bool:
        """Whether it is what was told before, of the same commit, with the same link."""
        if earlier is None:
            return False
        return (self.head_sha, self.said, self.link) == (earlier.head_sha, earlier.said, earlier.link)

    def is_of(self, mark: Marker) -> bool:
        """Whether it is what a comment tells."""
        return (self.head_sha, self.said) == (mark.head_sha, mark.said)


def named(application: str, key: ResourceKey) -> str:
    """Name an object of an application."""
    return f"{application}: {key.group}/{key}"


def what_moved(before: Marker, now: Telling, *, earlier: Telling | None) -> str:
    """Say in one line of Markdown that a commit is told something else than before, and why as far as that is known.

    `before` is what the present comment says of itself; `earlier` is what else is known of it, None when nobody knows.
    Nothing is said about another commit.
    """
    based = before.base_sha in {"", now.base_sha}
    same = based and before.said in {"", now.said} and before.plan == now.plan
    if same or before.head_sha != now.head_sha:
        return ""
    moved = []
    if not based:
        branch = code(clipped(now.base_branch, _NAME))
        moved.append(f"{branch} moved from {code(before.base_sha[:7])} to {code(now.base_sha[:7])}")
    if earlier is not None and earlier.is_of(before):
        moved += [*_live(earlier, now), *_versions(earlier.clusters, now.clusters)]
        if earlier.neighbours != now.neighbours:
            moved.append("other open changes touch the same objects, or no longer do")
        moved = moved or [_something(now)]
    plans = [code(plan[:8]) if plan else "none" for plan in (before.plan, now.plan)]
    opening = "Told anew at this commit" if plans[0] == plans[1] else "Not what was told before at this commit"
    plan = f"the plan is still {plans[0]}" if plans[0] == plans[1] else f"plan {plans[0]} → {plans[1]}"
    line = f"\n**{opening}:** {'; '.join([plan, *moved])}.\n"
    return line if size(line) <= MARK_ROOM else f"\n**{opening}:** {plan}.\n"


def with_mark(body: str, mark: str) -> str:
    """Return a first comment with a line below its headline; comments leave room for it."""
    marker, headline, rest = body.split("\n", 2)
    return f"{marker}\n{headline}\n{mark}{rest}"


def _live(earlier: Telling, now: Telling) -> list[str]:
    """Count the objects of which something else is told and that are no longer what they were."""
    told = earlier.objects.keys() | now.objects.keys()
    moved = [
        name
        for name in told
        if earlier.objects.get(name) != now.objects.get(name) and earlier.versions.get(name) != now.versions.get(name)
    ]
    return [f"live state of {counted(len(moved), 'object')} moved"] if moved else []


def _something(now: Telling) -> str:
    """Say what may be the reason where nothing is seen to have moved."""
    if now.varying:
        return f"{counted(now.varying, 'object')} {'is' if now.varying == 1 else 'are'} rendered differently each time"
    return "something else moved that it depends on, such as a definition, a rule or a quota"


def _versions(earlier: tuple[str, ...], now: tuple[str, ...]) -> list[str]:
    before = {name: version for name, _, version in (one.rpartition(" ") for one in earlier)}
    moved = [
        f"cluster {inert(clipped(name, _NAME))} went from {code(clipped(before[name].strip('()'), _NAME))} "
        f"to {code(clipped(version.strip('()'), _NAME))}"
        for name, _, version in (one.rpartition(" ") for one in now)
        if before.get(name, version) != version
    ]
    more = len(moved) - _MOST
    return [*moved[:_MOST], *([f"so did {counted(more, 'other cluster')}"] if more > 0 else [])]


def _digest(words: str) -> str:
    """Digest what is told, whatever hidden values are called in this report."""
    return hashlib.sha256(without_digests(words).encode()).hexdigest()[:16]
