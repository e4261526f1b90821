"""Facts for generators of ApplicationSets: from Git trees, and from the cluster Secrets of the control namespace."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from bot.cluster.errors import ApiRefused
from bot.cluster.repositories import SECRET
from bot.cluster.secrets import CLUSTERS
from bot.engine.applicationsets.definition import ApplicationSet
from bot.engine.applicationsets.facts import ClusterFact, ForgeFacts, NoForge, NotKnownError
from bot.engine.applicationsets.globs import PathSpec
from bot.engine.projects import DEFAULT, why_not_allowed
from bot.errors import Rejected
from bot.model.applications import ApplicationSpec, Destination, Source
from bot.model.changes import repository_address, repository_identity
from bot.model.resources import JsonObject, metadata_of
from bot.repository import manifests
from bot.repository.trees import MOST_FILES, EntryKind, Snapshot

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.model.projects import AppProject
    from bot.prediction.sources import Sources
    from bot.prediction.trees import Tree

_APPLICATION_SET: Final = ("argoproj.io", "ApplicationSet")
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds the whole Secret where it was made by `kubectl apply`, credentials and all."""
_ANYWHERE: Final = "anywhere"
"""Stands for a destination where none is asked about."""
_NO_FORGE: Final = NoForge()
_LARGEST_FILE: Final = 1_000_000
_LARGEST_SUM: Final = 20_000_000
"""Bytes of all files that one generator reads."""


@dataclass(frozen=True, slots=True)
class KnownSets:
    """What the control cluster knows of ApplicationSets."""

    manifests: tuple[JsonObject, ...] = ()
    clusters: Callable[[], Sequence[ClusterFact]] = tuple
    """Asked when a generator wants the clusters; NotKnownError when they may not be read."""
    is_served: bool = True
    """Whether the cluster knows the kind; where it does not, nothing is generated."""
    forge: ForgeFacts = _NO_FORGE
    """Asked when a generator goes by a forge."""
    problem: str = ""
    """Why the ApplicationSets of the cluster are not among them; empty when they are."""

    @classmethod
    def survey(cls, cluster: Cluster, namespace: str, forge: ForgeFacts = _NO_FORGE) -> KnownSets:
        """Read every ApplicationSet of the control namespace; that they may not be read does not end the preview."""

        def clusters() -> Sequence[ClusterFact]:
            return cluster_facts(cluster, namespace)

        try:
            kind = cluster.discovery.preferred(*_APPLICATION_SET)
            if kind is None:
                return cls(is_served=False)
            return cls(tuple(cluster.listed(kind, namespace=namespace)), clusters, forge=forge)
        except ApiRefused as error:
            words = f"the ApplicationSets in {namespace} cannot be read, so what they generate is not known"
            return cls((), clusters, forge=forge, problem=f"{words}: {error.message}")


def cluster_facts(cluster: Cluster, namespace: str) -> list[ClusterFact]:
    """Read which clusters there are; of their Secrets nothing but name, server and project is looked at."""
    try:
        return [_cluster(one) for one in cluster.listed(SECRET, namespace=namespace, selector=CLUSTERS)]
    except ApiRefused as error:
        raise NotKnownError(f"the cluster Secrets in {namespace} cannot be read: {error.message}") from error


def _cluster(secret: JsonObject) -> ClusterFact:
    metadata = metadata_of(secret)
    data = secret.get("data")
    data = data if isinstance(data, dict) else {}
    return ClusterFact(
        name=_decoded(data.get("name")),
        server=_decoded(data.get("server")),
        project=_decoded(data.get("project")),
        labels=_texts(metadata.get("labels")),
        annotations={key: text for key, text in _texts(metadata.get("annotations")).items() if key != _LAST_APPLIED},
    )


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value or ""), validate=True).decode("utf-8", errors="replace")
    except binascii.Error:
        return ""


def _texts(value: Any) -> Mapping[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def _nothing(_repo_url: str) -> str:
    return ""


@dataclass
class TreeFacts:
    """What generators ask, as one state of the repository answers it; other repositories as they are now."""

    sources: Sources
    tree: Tree | None
    """None: every repository as it is now, as the controller asks."""
    repositories: frozenset[str] | None
    """Addresses that may be fetched from; None: any."""
    clusters_of: Callable[[], Sequence[ClusterFact]]
    forge: ForgeFacts = _NO_FORGE
    refusal_of: Callable[[str], str] = _nothing
    """Returns why another repository than the change's own, by its URL, may not be read; empty when it may."""
    project: str = ""
    """Whose demands on signatures hold where nothing is predicted; empty: nobody's."""
    _trees: dict[tuple[str, str], Tree] = field(default_factory=dict)
    _folders: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def directories(self, repo_url: str, revision: str) -> Sequence[str]:
        """Return every folder by its path, hidden ones and what is below them left out."""
        tree = self._tree(repo_url, revision)
        key = f"{tree.mirror.path}\0{tree.tree_id}"
        if key not in self._folders:
            self._folders[key] = tuple(_folders(Snapshot(str(tree.mirror.path), tree.tree_id)))
        return self._folders[key]

    def files(self, repo_url: str, revision: str, patterns: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of the files that a pattern matches, links followed within the repository."""
        tree = self._tree(repo_url, revision)
        snapshot = Snapshot(str(tree.mirror.path), tree.tree_id)
        wanted = [PathSpec(pattern) for pattern in patterns]
        total = 0
        for path, entry in snapshot.walk(tree.tree_id):
            if any(one.matches(path) for one in wanted):
                found = snapshot.find(path) if entry.kind is EntryKind.LINK else None
                blob = found.entry if found else entry
                if blob.kind is not EntryKind.FILE:
                    raise Rejected(f"{path} is no file that can be read")
                total += snapshot.size(blob.id)
                if snapshot.size(blob.id) > _LARGEST_FILE or total > _LARGEST_SUM:
                    raise Rejected(f"{path}, or all that matches together, is too large for parameters")
                yield path, snapshot.read(blob.id)

    def clusters(self) -> Sequence[ClusterFact]:
        """Return the clusters that have a Secret."""
        return self.clusters_of()

    def yaml(self, content: bytes, name: str) -> Any:
        """Read the first document of a text."""
        documents = manifests.read(content, name)
        return documents[0].value if documents else None

    def _tree(self, repo_url: str, revision: str) -> Tree:
        key = (repo_url, revision)
        if key not in self._trees:
            self._trees[key] = self._found(Source(repo_url=repo_url, target_revision=revision))
        return self._trees[key]

    def _found(self, source: Source) -> Tree:
        look = self.sources.trees.look()
        if self.tree is None:
            found = look.newest(source)
            if self.project and self.sources.integrity is not None:
                self.sources.integrity.refuse_distrusted(self.project, [(source, found)])
            return found
        if repository_identity(source.repo_url) == self.tree.repository:
            return look.of(source, self.tree)
        if self.repositories is not None and repository_address(source.repo_url) not in self.repositories:
            raise NotKnownError(
                f"no application on the target branch uses the repository {repository_address(source.repo_url)} yet, "
                "and what a change alone asks for is not read before it is merged"
            )
        if words := self.refusal_of(source.repo_url):
            raise NotKnownError(words)
        return look.newest(source)


def why_not_read(sources: Sources, manifest: JsonObject, repo_url: str) -> str:
    """Return why the generators of an ApplicationSet that a change asks for may not read a repository; empty: may.

    They are read with this Foresail's own credentials, and parameters end up in what the change's author sees. So the
    project that the template names has to exist, and to allow the repository.
    """
    address = repository_address(repo_url)
    asks = f"what its generators read from the repository {address} is not known before the change is merged"
    name = project_of_template(manifest)
    if not name:
        return f"{asks}: its template names no project of which that can be asked"
    project = sources.project_of(name)
    if project is None:
        return f"{asks}: no project {name} exists that would allow it"
    words = why_not_allowed(_anywhere(project), _reading(name, repo_url), (_ANYWHERE,))
    return f"{asks}: {words}" if words else ""


def project_of_template(manifest: JsonObject) -> str:
    """Return the project that the template of an ApplicationSet names; empty where it is generated, or none."""
    try:
        name = ApplicationSet.parse(manifest).template.get("spec", {}).get("project") or DEFAULT
    except (Rejected, AttributeError):
        return ""
    return name if isinstance(name, str) and "{{" not in name else ""


def _anywhere(project: AppProject) -> AppProject:
    """Return a project with its fence around destinations open: nothing is written when a generator reads."""
    destinations = ({"server": "*", "namespace": "*"},)
    return replace(
        project,
        spec=project.spec.model_copy(
            update={"destinations": destinations, "permit_only_project_scoped_clusters": False}
        ),
    )


def _reading(project: str, repo_url: str) -> ApplicationSpec:
    return ApplicationSpec(project=project, destination=Destination(name=_ANYWHERE), source=Source(repo_url=repo_url))


def _folders(snapshot: Snapshot) -> Iterator[str]:
    waiting = [("", snapshot.tree_id)]
    met = 0
    while waiting:
        path, folder_id = waiting.pop()
        for name, entry in snapshot.folder(folder_id).items():
            met += 1
            if met > MOST_FILES:
                raise Rejected(f"the repository has more than {MOST_FILES:,} files and folders")
            if name.startswith(".") or entry.kind not in (EntryKind.FOLDER, EntryKind.SUBMODULE):
                continue
            below = f"{path}/{name}" if path else name
            yield below
            if entry.kind is EntryKind.FOLDER:
                waiting.append((below, entry.id))
