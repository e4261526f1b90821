"""From the sources of applications at a revision to what they want: rendered, placed and stamped."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.cluster.discovery import UnknownKind
from bot.cluster.errors import ClusterAway
from bot.engine.diff.ignored import Ignored
from bot.engine.exclusions import NOTHING
from bot.engine.projects import DEFAULT, Fence, service_account, why_not_allowed, why_not_from, why_not_read
from bot.engine.targets import Targets, targets_of
from bot.engine.writes import Writes
from bot.errors import Rejected
from bot.model.applications import said
from bot.prediction.commits import at_another_commit
from bot.prediction.desired import Desired
from bot.prediction.integrity import Distrusted
from bot.prediction.namespace import with_namespace
from bot.prediction.reading import Reading
from bot.prediction.trees import Tree, Trees
from bot.rendering.remembered import Remembered
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.expressions import Expressions
from bot.repository.inputs import inputs_of, mentions_revision, settled
from bot.repository.kustomization import names_remote
from bot.repository.render import RenderFailed, RenderRequest
from bot.repository.tools import Tool
from bot.repository.trees import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.cluster.clusters import Clusters
    from bot.cluster.objects import Cluster
    from bot.model.applications import Application, IgnoreDifference, Source
    from bot.model.credentials import Credentials
    from bot.model.predictions import Pointer
    from bot.model.projects import AppProject
    from bot.model.resources import JsonObject
    from bot.prediction.desired import Wanted
    from bot.prediction.integrity import Integrity
    from bot.prediction.trees import Look
    from bot.rendering.port import Rendering
    from bot.repository.inputs import Inputs
    from bot.repository.mirrors import Mirrors
    from bot.repository.render import Rendered

_KEPT_NAMES: Final = 4_000
"""Renders of which it is remembered that they declare no Applications."""
_KEPT_FINGERPRINTS: Final = 1_000


class _Prepared(NamedTuple):
    """What an application is rendered from."""

    requests: list[RenderRequest]
    notes: list[str]
    """What whoever reads the prediction has to know."""


class Sources:
    """Turns applications into their target objects."""

    def __init__(
        self,
        *,
        mirrors: Mirrors,
        renderer: Rendering,
        clusters: Clusters,
        control_namespace: str,
        auth_for: Callable[[str, str], Credentials | None],
    ) -> None:
        self.trees = Trees(mirrors, auth_for)
        """Where sources are."""
        self.trees.refusal_of = lambda project, url: why_not_read(self.project_of(project or DEFAULT), url)
        self._renderer = Remembered(renderer)
        self._clusters = clusters
        self._control_namespace = control_namespace
        self.everywhere: tuple[IgnoreDifference, ...] = ()
        """What every application ignores, whatever it says itself."""
        self.exclusions = NOTHING
        """Kinds that are left alone."""
        self.impersonates = False
        """Whether objects are written in the name of the service accounts that projects name."""
        self.by_argo_cd = False
        """Whether an Argo CD does the syncing."""
        self.project_of: Callable[[str], AppProject | None] = lambda _name: None
        """Finds a project by name; None when there is none."""
        self.integrity: Integrity | None = None
        """Holds what is rendered against the signatures that projects demand; None where nothing is ever applied."""
        self.reading = Reading()
        """Which applications read what."""
        self._plain: dict[str, None] = {}
        self._fingerprints: dict[tuple[int, Tree], tuple[Application, str]] = {}
        """By an object in memory, which is kept with its answer: read anew, it is another, and so is the cluster."""
        self._lock = threading.Lock()
        self.expressions = Expressions()
        """Evaluates jq."""

    def inputs(self, application: Application, source: Source, tree: Tree) -> str | None:
        """Return a hash over everything a render of a source reads in `tree`; None when its path is not there."""
        found = inputs_of(tree.mirror, tree.tree_id, source, application.instance, self.reading.plugins)
        return None if found.digest is None else _digest_of(found, tree)

    def read(self, application: Application, tree: Tree) -> list[str | None]:
        """Return the `inputs` of each source that follows what `tree` is a state of."""
        follows = tree.branch.is_source_of if tree.branch is not None else None
        sources = filter(follows, application.spec.effective_sources)
        return [self.inputs(application, source, tree) for source in sources]

    def fingerprint(self, application: Application, tree: Tree) -> str:
        """Name what an application's render at `tree` depends on; empty when some of it does not lie there.

        Equal names mean equal renders, within this process. One preview asks four times for the same.
        """
        key = (id(application), tree)
        same, name = self._fingerprints.get(key, (None, ""))
        if same is not application:
            name = self._fingerprint(application, tree)
            with self._lock:
                self._fingerprints[key] = (application, name)
                if len(self._fingerprints) > _KEPT_FINGERPRINTS:
                    del self._fingerprints[next(iter(self._fingerprints))]
        return name

    def let_go(self) -> None:
        """Let go of applications that were asked about; whoever asks again has read them anew."""
        with self._lock:
            self._fingerprints.clear()

    def _fingerprint(self, application: Application, tree: Tree) -> str:
        sources = application.spec.effective_sources
        if tree.branch is None or not all(map(tree.branch.is_source_of, sources)):
            return ""
        words = [str(tree.mirror.path)]
        try:
            for source in sources:
                found = inputs_of(tree.mirror, tree.tree_id, source, application.instance, self.reading.plugins)
                if found.digest is None or not self._is_complete(source, tree, found.tool):
                    return ""
                told = self._environment(application, self._settled(source, tree, application), tree, found.tool)
                words += [_digest_of(found, tree), str(said(source)), repr(told)]
        except (Rejected, ClusterAway):
            return ""
        return hashlib.sha256("\0".join(words).encode(errors="surrogatepass")).hexdigest()

    def is_plain(self, application: Application, tree: Tree) -> bool:
        """Whether what an application renders at `tree` is known to declare no Applications or ApplicationSets."""
        name = self.fingerprint(application, tree)
        return bool(name) and name in self._plain

    def note_plain(self, application: Application, tree: Tree) -> None:
        """Remember of what was rendered that it declares none, whoever renders the same again."""
        if name := self.fingerprint(application, tree):
            with self._lock:
                self._plain[name] = None
                if len(self._plain) > _KEPT_NAMES:
                    del self._plain[next(iter(self._plain))]

    def desired(self, wanted: Sequence[Wanted]) -> list[Desired]:
        """Render all applications at once; answers stand in the order of `wanted`, each with its own failure."""
        look = self.trees.look()
        prepared = [self._prepared(one, look) for one in wanted]
        flat = [request for one in prepared if not isinstance(one, Desired) for request in one.requests]
        again = [_elsewhere(one, found) for one, found in zip(wanted, prepared, strict=True)]
        rendered = iter(self._renderer.render([*flat, *(request for requests in again for request in requests)]))
        answers: list[Desired] = []
        for one, found in zip(wanted, prepared, strict=True):
            if isinstance(found, Desired):
                answers.append(found)
                continue
            placed = self._placed(one.application, [next(rendered) for _ in found.requests])
            warnings = (*placed.targets.warnings, *found.notes)
            answers.append(replace(placed, targets=replace(placed.targets, warnings=warnings)))
        for place, requests in enumerate(again):
            if requests:
                other = self._placed(wanted[place].application, [next(rendered) for _ in requests])
                answers[place] = answers[place].beside(other)
        return answers

    def _prepared(self, wanted: Wanted, look: Look) -> _Prepared | Desired:
        """Return one request a source, or why the application cannot be rendered."""
        try:
            self.refuse_forbidden(wanted.application)
            parts = self._parts(wanted, look)
            _refuse_charts_read_by_others([source for source, _ in parts])
            places = {source.ref: Place(tree.mirror.path, tree.tree_id) for source, tree in parts if source.ref}
            requests = [self._request(wanted.application, source, tree, places) for source, tree in parts]
            notes = [note for _, tree in parts for note in tree.notes]
            if self.integrity is not None and wanted.merges:
                notes += self.integrity.foretold(wanted.application.spec, wanted.tree)
            return _Prepared(requests, notes)
        except Distrusted as error:
            return Desired(Targets({}, ()), failure=error.message, distrusted=True)
        except (Rejected, ClusterAway) as error:
            return Desired.failed(error.message)

    def _request(self, of: Application, source: Source, tree: Tree, places: Mapping[str, Place]) -> RenderRequest:
        """Return what is asked for one source; `places` are the application's others, by their refs."""
        tool = inputs_of(tree.mirror, tree.tree_id, source, of.instance).tool
        environment = self._environment(of, source, tree, tool)
        told = environment.variables(repo_url=source.repo_url, path=source.path, target_revision=source.target_revision)
        without, values = self.trees.valued(source, tree, told)
        return RenderRequest(
            repository=tree.mirror.path,
            tree_id=tree.tree_id,
            source=without,
            environment=environment,
            refs={**{ref: place for ref, place in places.items() if source.names_files_of(ref)}, **values},
            dependencies=self._dependencies(of, source, tree),
        )

    def _parts(self, wanted: Wanted, look: Look) -> list[tuple[Source, Tree]]:
        sources, project = wanted.application.spec.effective_sources, wanted.application.spec.project
        if wanted.revisions:
            fixed = zip(sources, wanted.revisions, strict=True)
            trees = [self.trees.at(source, revision, project=project) for source, revision in fixed]
        else:
            trees = [look.of(source, wanted.tree, project=project) for source in sources]
        if self.integrity is not None and not wanted.predicts:
            self.integrity.refuse_distrusted(project, zip(sources, trees, strict=True))
        whole = [look.composed(one, tree, project=project) for one, tree in zip(sources, trees, strict=True)]
        found = zip(sources, whole, strict=True)
        parts = []
        for source, tree in found:
            merged = self._settled(source, tree, wanted.application)
            based = look.based(merged, tree, project=project)
            parts.append((merged, look.filled(merged, based, project=project)))
        return parts

    def _settled(self, source: Source, tree: Tree, application: Application) -> Source:
        """Return a source as its repository changes it; Rejected names the file that is wrong."""
        snapshot = Snapshot(str(tree.mirror.path), tree.tree_id)
        return settled(snapshot, source, application.instance, self.reading.plugins)

    def _is_complete(self, source: Source, tree: Tree, tool: Tool | None) -> bool:
        """Whether a source's folder holds all that it is rendered from; not where it has something else fetched."""
        match tool:
            case Tool.HELM:
                return self.trees.holds_all(source, tree)
            case Tool.KUSTOMIZE:
                return not names_remote(Snapshot(str(tree.mirror.path), tree.tree_id), source.path)
            case _:
                return True

    def _dependencies(self, application: Application, source: Source, tree: Tree) -> Mapping[str, Place]:
        if inputs_of(tree.mirror, tree.tree_id, source).tool is not Tool.HELM:
            return {}
        return self.trees.dependencies(source, tree, project=application.spec.project)

    def _environment(self, application: Application, source: Source, tree: Tree, tool: Tool | None) -> BuildEnvironment:
        """Return what a render is told, empty where it does not look: equal requests are answered once."""
        if tool not in {Tool.HELM, Tool.PLUGIN} and "$" not in source.model_dump_json():
            return BuildEnvironment()
        spec = application.spec
        discovery = self._clusters.at(spec.destination).discovery
        return BuildEnvironment(
            application=application.instance,
            namespace=spec.destination.namespace,
            project=spec.project or DEFAULT,
            revision=tree.commit if mentions_revision(source) or tool is Tool.PLUGIN else "",
            kubernetes=discovery.version,
            api_versions=discovery.api_versions,
        )

    def forget(self) -> None:
        """Render anew what is asked for next, also where nothing that is known of has changed."""
        self._renderer.forget()

    def refuse_forbidden(self, application: Application) -> None:
        """Raise Rejected for an application that its project does not allow; to be asked before anything is fetched."""
        spec, project = application.spec, self.project_of(application.spec.project or DEFAULT)
        if words := why_not_from(project, application):
            raise Rejected(words)
        servers = self._clusters.names_of(spec.destination)
        scoped_to = self._clusters.project_of(spec.destination)
        if words := why_not_allowed(project, spec, servers, scoped_to=scoped_to):
            raise Rejected(words)
        self._account_of(application)

    def cluster_of(self, application: Application) -> Cluster:
        """Return an application's cluster, written to in whose name its project says; raises as `refuse_forbidden`."""
        cluster, account = self._clusters.at(application.spec.destination), self._account_of(application)
        return self._clusters.acting(cluster, account) if account else cluster

    def declares_ours(self, application: Application) -> bool:
        """Whether Applications among an application's objects are ours: those in another cluster are another's."""
        return self._clusters.at(application.spec.destination) is self._clusters.control

    def fence_of(self, application: Application) -> Fence:
        """Return what an application's project, its cluster's Secret and the settings permit; raises as `cluster_of`.

        A project that does not exist forbids nothing of its own: it is `refuse_forbidden` that minds.
        """
        spec = application.spec
        project, servers = self.project_of(spec.project or DEFAULT), self._clusters.names_of(spec.destination)
        return Fence(project, servers, self._clusters.at(spec.destination).scope, self.exclusions)

    def _account_of(self, application: Application) -> str:
        if not self.impersonates:
            return ""
        spec, home = application.spec, application.namespace or self._control_namespace
        project, servers = self.project_of(spec.project or DEFAULT), self._clusters.names_of(spec.destination)
        return service_account(project, spec, servers, home=home)

    def _placed(self, application: Application, parts: Sequence[Rendered | RenderFailed]) -> Desired:
        manifests: list[JsonObject] = []
        varying: dict[int, Sequence[Pointer]] = {}
        for part in parts:
            if isinstance(part, RenderFailed):
                return Desired.failed(part.message)
            varying.update((len(manifests) + position, places) for position, places in part.varying.items())
            manifests.extend(part.manifests)
        spec = application.spec
        cluster = self._clusters.at(spec.destination)
        try:
            targets = targets_of(
                manifests,
                varying=varying,
                namespace=spec.destination.namespace,
                instance=application.instance,
                namespaced=lambda obj: _scope(cluster, obj),
            )
            ignored = Ignored.of(application, find=self.expressions, everywhere=self.everywhere)
            fence = self.fence_of(application)
            targets = self.exclusions.applied(with_namespace(targets, application, cluster), fence.servers)
        except (Rejected, ClusterAway) as error:
            return Desired.failed(error.message)
        # As with Argo CD, one object that is not permitted keeps the whole sync from starting.
        if words := fence.refusal(targets.objects):
            return Desired.failed(words)
        writes = Writes.of(application.spec, by_argo_cd=self.by_argo_cd)
        return Desired(targets, ignored=ignored, writes=writes, fence=fence)


def _refuse_charts_read_by_others(sources: Sequence[Source]) -> None:
    """Raise Rejected where a source reads files of a chart: Argo CD does not either."""
    for one in sources:
        if one.chart and one.ref and any(source.names_files_of(one.ref) for source in sources):
            raise Rejected(f"${one.ref}: the chart {one.chart} cannot be read by other sources; values come from Git")


def _elsewhere(wanted: Wanted, prepared: _Prepared | Desired) -> list[RenderRequest]:
    """Return the requests at another commit, where some of them tell the one that is not known yet; else none."""
    if not wanted.merges or isinstance(prepared, Desired):
        return []
    return at_another_commit(prepared.requests, wanted.tree.commit)


def _digest_of(found: Inputs, tree: Tree) -> str:
    return f"{found.digest} {tree.commit}" if found.each_commit else str(found.digest)


def _scope(cluster: Cluster, obj: JsonObject) -> bool | None:
    try:
        return cluster.discovery.find(obj).namespaced
    except UnknownKind:
        return None
