"""Applications in Argo CD's shape, checked field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    model_validator,
)

from bot.errors import Rejected
from bot.model.names import instance_of, is_elsewhere, name_in, short_name_of
from bot.model.resources import JsonObject, annotations_of, controller_of, metadata_of
from bot.model.wire import Texts, Wire, parsed

API_VERSION: Final = "argoproj.io/v1alpha1"
SKIP_RECONCILE: Final = "argocd.argoproj.io/skip-reconcile"
REFRESH: Final = "argocd.argoproj.io/refresh"
"""On an Application: asks for a look at it now. Whoever asks waits until it is gone."""
HARD: Final = "hard"
"""Its value when nothing remembered is to be believed."""
MANIFEST_GENERATE_PATHS: Final = "argocd.argoproj.io/manifest-generate-paths"
"""On an Application: what it is rendered from, besides what that is seen by."""
_NEVER_IN_NAMES: Final = frozenset("/_")
"""What no name of Kubernetes has: with one of them an Application could pass for one in another namespace."""
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
"""What Go's `strconv.ParseBool` takes for yes."""


class Destination(Wire):
    """Where an application lives: one cluster, and the namespace for objects that name none."""

    server: str = ""
    name: str = ""
    namespace: str = ""

    @model_validator(mode="after")
    def _one_cluster(self) -> Destination:
        if self.server and self.name:
            raise ValueError("give either server or name, not both")
        if not self.server and not self.name:
            raise ValueError("name the cluster: server (its URL) or name")
        return self

    def __str__(self) -> str:
        """`cluster · namespace`, as comments show it."""
        return f"{self.cluster} · {self.namespace}" if self.namespace else self.cluster

    @property
    def cluster(self) -> str:
        """The cluster as it is named here: one may go by several names."""
        return self.name or self.server


class Directory(Wire):
    """Options of a directory of plain manifests."""

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    disable_extension_filter: bool = False
    jsonnet: dict[str, Any] | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether every option is left as it is."""
        jsonnet = any((self.jsonnet or {}).values())
        return not (self.recurse or self.include or self.exclude or self.disable_extension_filter or jsonnet)


class Source(Wire):
    """One place that manifests come from."""

    repo_url: str = Field(alias="repoURL", min_length=1)
    path: str = ""
    target_revision: str = ""
    tag_prefix: str = ""
    """What a tag begins with before its version, where a version constraint is matched against tags: `web-`."""
    chart: str = ""
    ref: str = ""
    directory: Directory | None = None
    helm: dict[str, Any] | None = None
    kustomize: dict[str, Any] | None = None
    plugin: dict[str, Any] | None = None
    read_by_others: tuple[str, ...] = Field(default=(), exclude=True)
    """Files that the application's other sources name as `$ref/…`; no part of the spec, see `effective_sources`."""

    @property
    def only_a_reference(self) -> bool:
        """Whether other sources read from this one and it has no manifests itself."""
        return bool(self.ref) and not self.path and not self.chart

    @property
    def is_packaged(self) -> bool:
        """Whether it is a chart, or an artifact of a registry, and not a folder of a Git repository."""
        return bool(self.chart) or self.repo_url.startswith("oci://")

    @property
    def named_files(self) -> tuple[str, ...]:
        """Files that the source names anywhere: value files and file parameters."""
        helm = self.helm or {}
        values, parameters = helm.get("valueFiles"), helm.get("fileParameters")
        paths = [*(values if isinstance(values, list) else [])]
        paths += [one.get("path") for one in parameters or () if isinstance(one, dict)] if parameters else []
        return tuple(path for path in paths if isinstance(path, str))

    def names_files_of(self, ref: str) -> bool:
        """Whether it reads files of the source that others call `$ref`."""
        return any(path.startswith(f"${ref}/") for path in self.named_files)


_MODIFIERS: Final = frozenset(
    """forceCommonLabels forceCommonAnnotations commonAnnotationsEnvsubst labelWithoutSelector
    labelIncludeTemplates""".split()  # noqa: SIM905 - a table, not code
)
"""Options of kustomize that say how others are meant, and nothing by themselves."""


def _without_empty_blocks(source: Source) -> Source:
    """Take out the blocks of tools that say nothing: they do not choose the tool (argo-cd `NormalizeSource`)."""
    kustomize, helm, directory = source.kustomize, source.helm, source.directory
    gone: dict[str, None] = {}
    if kustomize is not None and not any(value for name, value in kustomize.items() if name not in _MODIFIERS):
        gone["kustomize"] = None
    if helm is not None and not any(helm.values()) and helm.get("valuesObject") is None:
        gone["helm"] = None
    if directory is not None and directory.says_nothing:
        gone["directory"] = None
    return source.model_copy(update=gone) if gone else source


class Automated(Wire):
    """When syncs start by themselves."""

    enabled: bool = True
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


class SyncPolicy(Wire):
    """How an application is synced."""

    automated: Automated | None = None
    sync_options: Texts = ()
    retry: dict[str, Any] | None = None
    managed_namespace_metadata: dict[str, Any] | None = None


class IgnoreDifference(Wire):
    """Fields of some objects in which a difference does not count (argo-cd `ResourceIgnoreDifferences`)."""

    group: str = ""
    """Glob; empty is the core group alone."""
    kind: str = Field(min_length=1)
    """Glob."""
    name: str = ""
    """Exactly this one; empty means every name."""
    namespace: str = ""
    json_pointers: Texts = ()
    jq_path_expressions: Texts = ()
    managed_fields_managers: Texts = ()
    """Whose values win over Git's."""


_Source = Annotated[Source, AfterValidator(_without_empty_blocks)]
_Sources = Annotated[
    tuple[_Source, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]
_IgnoreDifferences = Annotated[
    tuple[IgnoreDifference, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class ApplicationSpec(Wire):
    """What an Application asks for (argo-cd `pkg/apis/application/v1alpha1/types.go`)."""

    project: str = "default"
    destination: Destination
    source: _Source | None = None
    sources: _Sources = ()
    sync_policy: SyncPolicy = SyncPolicy()
    ignore_differences: _IgnoreDifferences = ()
    revision_history_limit: int | None = Field(default=None, ge=0)
    """Syncs that are remembered; None: as many as usual."""
    _effective: tuple[Source, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _some_source(self) -> ApplicationSpec:
        if self.source is None and not self.sources:
            raise ValueError("give source, or sources")
        self._effective = _with_references(self.sources)
        return self

    @property
    def effective_sources(self) -> tuple[Source, ...]:
        """`sources` when there are any, else the one `source`; each knows which of its files the others name."""
        if self.sources:
            return self._effective
        return (self.source,) if self.source else ()

    def with_sources(self, change: Callable[[Source], Source]) -> Self:
        """Return the same with every source changed."""
        update = {"sources": tuple(map(change, self.sources)), "source": self.source and change(self.source)}
        return type(self).model_validate(self.model_copy(update=update).model_dump(by_alias=True))

    @property
    def automated(self) -> bool:
        """Whether syncs start without a person."""
        return self.sync_policy.automated is not None and self.sync_policy.automated.enabled

    @property
    def prunes(self) -> bool:
        """Whether automated syncs delete what left Git."""
        return self.automated and self.sync_policy.automated is not None and self.sync_policy.automated.prune

    @property
    def definition(self) -> str:
        """Digest of what is to be synced where and how, not of when: an application is synced anew when it changes."""
        wanted = self.model_dump(mode="json", exclude={"revision_history_limit"})
        how = {name: value for name, value in wanted["sync_policy"].items() if name not in {"automated", "retry"}}
        wanted["sync_policy"] = {**how, "prune": self.prunes}
        return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]

    def has_option(self, option: str) -> bool:
        """Whether `syncOptions` has exactly this entry, `Prune=false`."""
        return option in self.sync_policy.sync_options


def _with_references(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    if not any(source.ref for source in sources):
        return sources
    named = [path for source in sources for path in source.named_files]

    def known(source: Source) -> Source:
        prefix = f"${source.ref}/"
        paths = tuple(path.removeprefix(prefix) for path in named if source.ref and path.startswith(prefix))
        return source.model_copy(update={"read_by_others": paths}) if paths else source

    return tuple(map(known, sources))


def said(source: Source) -> int:
    """Name what a source says, whatever that is. Salted anew for each process: nobody can look for two alike."""
    values = tuple(source.__dict__.values())
    try:
        return hash(values)
    except TypeError:  # options of a tool are lists and mappings
        return hash(repr(values))


@dataclass(frozen=True, slots=True)
class Application:
    """An Application as the control cluster, or a file that declares one, has it."""

    name: str
    """Nobody else's: as `qualified` makes it of its own name and its namespace."""
    namespace: str
    """Empty in a file that names none; it then lives in the control namespace."""
    spec: ApplicationSpec
    resource_version: str = ""
    uid: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    finalizers: tuple[str, ...] = ()
    deleting: bool = False
    deleted_at: str = ""
    """When its deletion was asked for, RFC 3339; empty where it was not."""
    operation: JsonObject | None = None
    status: JsonObject | None = None
    generator: str = ""
    """The ApplicationSet that it is marked as generated by; empty: none."""
    reads: int = field(init=False, repr=False, compare=False)
    """Names what it says of what it is rendered from, within this process: ten thousand are asked for it at once."""

    def __post_init__(self) -> None:
        """Find that name."""
        named = self.annotation(MANIFEST_GENERATE_PATHS) if self.annotations else ""
        object.__setattr__(self, "reads", hash((named, *map(said, self.spec.effective_sources))))

    @classmethod
    def parse(cls, obj: JsonObject, *, home: str) -> Application:
        """Read an Application, where `home` is the control namespace; Rejected names it and each wrong field."""
        metadata = metadata_of(obj)
        name = name_in(obj, home=home) or "without a name"
        _refuse_misleading(metadata)
        spec = parsed(ApplicationSpec, obj.get("spec"), where=f"Application {name}")
        operation, status = obj.get("operation"), obj.get("status")
        finalizers = metadata.get("finalizers")
        return cls(
            name=name,
            namespace=str(metadata.get("namespace") or ""),
            spec=spec,
            resource_version=str(metadata.get("resourceVersion") or ""),
            uid=str(metadata.get("uid") or ""),
            annotations=tuple(sorted((name, str(value)) for name, value in annotations_of(obj).items())),
            deleting=bool(metadata.get("deletionTimestamp")),
            deleted_at=str(metadata.get("deletionTimestamp") or ""),
            finalizers=tuple(str(name) for name in finalizers) if isinstance(finalizers, list) else (),
            operation=operation if isinstance(operation, dict) and operation else None,
            status=status if isinstance(status, dict) else None,
            # An ApplicationSet generates into its own namespace; what another one claims was written by its tenant.
            generator="" if is_elsewhere(name) else generator_of(obj),
        )

    @property
    def instance(self) -> str:
        """The name that tracking ids carry: `namespace_name` outside of the control namespace."""
        return instance_of(self.name)

    @property
    def short_name(self) -> str:
        """Its name within its namespace, as `metadata.name` has it."""
        return short_name_of(self.name)

    @property
    def lane(self) -> str:
        """Where jobs about it wait."""
        return lane_of(self.name, self.spec.destination)

    @property
    def left_alone(self) -> bool:
        """Whether nothing is done about it, whatever moves (argo-cd docs/user-guide/skip_reconcile.md)."""
        return is_left_alone(dict(self.annotations))

    @property
    def automated(self) -> bool:
        """Whether its syncs start by themselves."""
        return self.spec.automated and not self.left_alone

    def annotation(self, name: str) -> str:
        """Return an annotation's value, empty when it is not there."""
        return dict(self.annotations).get(name, "")


def lane_of(name: str, destination: Destination) -> str:
    """Return where jobs about the application of a qualified name wait: with those about the same cluster.

    Outside of the control namespace it is with all of its own: whoever may write there names clusters as they like, and
    with a lane for each would keep all others waiting.
    """
    namespace = name.rpartition("/")[0]
    return f"{namespace}/" if namespace else destination.cluster


def _refuse_misleading(metadata: JsonObject) -> None:
    for part in (metadata.get("name"), metadata.get("namespace")):
        if _NEVER_IN_NAMES & set(str(part or "")):
            raise Rejected(f"{part!r} cannot be the name or namespace of an Application")


def generator_of(obj: JsonObject) -> str:
    """Return the name of the ApplicationSet that an Application is marked as generated by; empty without one."""
    return controller_of(obj, "argoproj.io", "ApplicationSet")


def is_left_alone(annotations: Mapping[str, str]) -> bool:
    """Whether an Application's annotations say that nothing is to be done about it."""
    return annotations.get(SKIP_RECONCILE) in _TRUE
