"""Which applications a checkout is the source of: declared in its `.foresail` folder, or kept by the cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.cluster.applications import APPLICATION, Inventory
from bot.cluster.errors import ApiRefused
from bot.errors import Rejected
from bot.model.applications import API_VERSION, Application, Directory, Source
from bot.model.changes import repository_identity
from bot.prediction.selection import CONFIGURATION, ROOT_FOLDER
from bot.preview.affected import Candidate
from bot.repository.render import RenderFailed, RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.cli.local import Local
    from bot.prediction.trees import Sides, Tree
    from bot.repository.render import Rendered

_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class Ours:
    """The applications whose source is this checkout."""

    candidates: tuple[Candidate, ...]
    """Sorted by name; all of them name the repository by `url`."""
    url: str
    """The remote that the applications know; the first one when they know none."""
    notes: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Repositories that the other applications come from."""


def our_applications(local: Local, sides: Sides, *, urls: Sequence[str]) -> Ours:
    """Find the applications of the repository that `urls` all mean.

    A file wins over the cluster on its side. Raises Rejected for a `.foresail` folder that cannot be read.
    """
    inventory, notes = _in_cluster(local)
    kept = {application.name: application for application in inventory.applications}
    declared = _declared(local, sides)
    homes = local.applications.homes
    base, head = ({name: one for name, one in side.items() if homes.allows(one.namespace)} for side in declared)
    strangers = {one.name: one for side in declared for one in side.values() if not homes.allows(one.namespace)}
    pairs = [_pair(name, kept.get(name), base=base, head=head) for name in sorted({*kept, *base, *head})]
    identities = frozenset(repository_identity(url) for url in urls)
    ours = [pair for pair in pairs if identities & _sources(pair).keys()]
    named = {identity for pair in ours for identity in _sources(pair)}
    url = next((url for url in urls if repository_identity(url) in named), urls[0])
    return Ours(
        candidates=tuple(_localised(pair, identities, url) for pair in ours),
        url=url,
        notes=(*notes, *(problem.message for problem in inventory.problems), *map(_not_looked_for, strangers.values())),
        elsewhere=tuple(sorted({url for pair in pairs if pair not in ours for url in _sources(pair).values()})),
    )


def _not_looked_for(stranger: Application) -> str:
    return (
        f"Application {stranger.short_name} is declared in namespace {stranger.namespace}, where none are looked for: "
        f"--control-namespace {stranger.namespace} looks there"
    )


def _in_cluster(local: Local) -> tuple[Inventory, tuple[str, ...]]:
    """Return the cluster's Applications; none where it does not know the kind, or we may not read them."""
    if not local.cluster.discovery.knows(APPLICATION.group, APPLICATION.kind):
        return Inventory((), ()), ()
    try:
        return local.applications.all(), ()
    except ApiRefused as error:
        if error.code != _FORBIDDEN:
            raise
        return Inventory((), ()), (f"the cluster's Applications may not be read: {error.message}",)


def _declared(local: Local, sides: Sides) -> tuple[dict[str, Application], dict[str, Application]]:
    """Read the Application manifests of both sides, by name; the folder is rendered once when it is the same."""
    places = [(tree.mirror.entry(tree.tree_id, ROOT_FOLDER), tree) for tree in (sides.base, sides.head)]
    present = {entry: tree for entry, tree in places if entry is not None}
    answers = local.renderer.render([_request(tree) for tree in present.values()]) if present else []
    read = {
        entry: _applications(answer, home=local.applications.homes.control)
        for entry, answer in zip(present, answers, strict=True)
    }
    base, head = (read.get(entry or "", {}) for entry, _ in places)
    return base, head


def _request(tree: Tree) -> RenderRequest:
    source = Source(
        repo_url=tree.repository, path=ROOT_FOLDER, directory=Directory(recurse=True, exclude=CONFIGURATION)
    )
    return RenderRequest(repository=tree.mirror.path, tree_id=tree.tree_id, source=source)


def _applications(answer: Rendered | RenderFailed, *, home: str) -> dict[str, Application]:
    if isinstance(answer, RenderFailed):
        raise Rejected(f"the folder {ROOT_FOLDER} cannot be read: {answer.message}")
    manifests = [each for each in answer.manifests if each.get("apiVersion") == API_VERSION]
    found = [Application.parse(each, home=home) for each in manifests if each.get("kind") == APPLICATION.kind]
    return {application.name: application for application in found}


def _pair(
    name: str, kept: Application | None, *, base: Mapping[str, Application], head: Mapping[str, Application]
) -> Candidate:
    """Say what an application is on both sides; one that only the cluster has is the same on both."""
    if name not in base and name not in head:
        return Candidate(kept, kept)
    before = _with_status(base[name], kept) if name in base else kept
    return Candidate(before, _with_status(head[name], kept) if name in head else None)


def _with_status(declared: Application, kept: Application | None) -> Application:
    """Add what only the cluster knows: which objects the application manages."""
    return declared if kept is None else replace(declared, status=kept.status)


def _sources(pair: Candidate) -> dict[str, str]:
    """Return the repositories of both sides, identity and URL."""
    return {repository_identity(source.repo_url): source.repo_url for source in _each_source(pair)}


def _each_source(pair: Candidate) -> Iterator[Source]:
    for application in (pair.base, pair.head):
        if application is not None:
            yield from application.spec.effective_sources


def _localised(pair: Candidate, identities: frozenset[str], url: str) -> Candidate:
    """Let sources that mean this repository by any of its remotes all name the same one."""

    def source(given: Source) -> Source:
        ours = repository_identity(given.repo_url) in identities
        return given.model_copy(update={"repo_url": url}) if ours else given

    def side(application: Application | None) -> Application | None:
        if application is None:
            return None
        return replace(application, spec=application.spec.with_sources(source))

    return Candidate(side(pair.base), side(pair.head))
