"""Projects in Argo CD's shape: the fences around teams' applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.model.resources import JsonObject, annotations_of, metadata_of
from bot.model.wire import Texts, Wire, parsed


class SyncWindow(Wire):
    """When the applications of a project may be synced, or may not (argo-cd `SyncWindow`)."""

    kind: Literal["allow", "deny"]
    schedule: str = Field(max_length=256)
    """When it opens, as cron writes it."""
    duration: str = Field(max_length=64)
    applications: Texts = ()
    """Globs; which applications are meant, by name, by destination or by both."""
    namespaces: Texts = ()
    clusters: Texts = ()
    manual_sync: bool = False
    """Whether a person may sync nevertheless."""
    time_zone: str = Field(default="", max_length=64)
    """Of the schedule; empty is UTC."""
    and_operator: bool = False
    """Whether an application has to be in every list, not in any."""
    description: str = ""


_SyncWindows = Annotated[
    tuple[SyncWindow, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class DestinationServiceAccount(Wire):
    """As whom the objects of some destinations are written (argo-cd `ApplicationDestinationServiceAccount`)."""

    server: str
    """Glob of the cluster's URL."""
    namespace: str = ""
    """Glob of the destination's namespace."""
    default_service_account: str
    """A service account's name in that namespace, or `namespace:name`."""


_ServiceAccounts = Annotated[
    tuple[DestinationServiceAccount, ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]


class SignatureKey(Wire):
    """A key that may sign commits (argo-cd `SignatureKey`)."""

    key_id: str = Field(alias="keyID", max_length=256)
    """GnuPG's long id or fingerprint; here also the fingerprint of an SSH key, `SHA256:…`."""


class IntegrityRepository(Wire):
    """Repositories that a policy is about."""

    url: str
    """Glob; with `!` in front: not these."""


class SignedBy(Wire):
    """How commits have to be signed (argo-cd `SourceIntegrityGitPolicyGPG`)."""

    mode: str = Field(max_length=64)
    """`none`: they need not be. `head`: what is synced to has to be."""
    keys: Texts = ()


_IntegrityRepositories = Annotated[
    tuple[IntegrityRepository, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class IntegrityPolicy(Wire):
    """How commits of some repositories have to be signed."""

    repos: _IntegrityRepositories = ()
    gpg: SignedBy | None = None


_Policies = Annotated[
    tuple[IntegrityPolicy, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class GitIntegrity(Wire):
    """What is demanded of commits (argo-cd `SourceIntegrityGit`)."""

    policies: _Policies = ()


class SourceIntegrity(Wire):
    """What is demanded of sources (argo-cd `SourceIntegrity`)."""

    git: GitIntegrity | None = None


class OrphanIgnored(Wire):
    """Objects that are no orphans, whoever made them (argo-cd `OrphanedResourceKey`)."""

    group: str = ""
    """Glob; empty is the core group alone."""
    kind: str = ""
    """Glob; empty: every kind."""
    name: str = ""
    """Glob; empty: every name."""


_OrphansIgnored = Annotated[
    tuple[OrphanIgnored, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class OrphanedResources(Wire):
    """That it is looked for objects which nobody declares (argo-cd `OrphanedResourcesMonitorSettings`)."""

    warn: bool | None = None
    """Whether applications say how many there are; None: they do not."""
    ignore: _OrphansIgnored = ()


class ProjectRole(Wire):
    """Who may do what with the applications of a project (argo-cd `ProjectRole`)."""

    name: str = Field(default="", max_length=256)
    policies: Texts = ()
    """Lines of casbin: `p, proj:<project>:<role>, <resource>, <action>, <project>/<application>, allow`."""
    groups: Texts = ()
    """Who has the role."""


_Roles = Annotated[
    tuple[ProjectRole, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


_SignatureKeys = Annotated[
    tuple[SignatureKey, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class AppProjectSpec(Wire):
    """What the applications of a project may use."""

    description: str = ""
    source_repos: Texts = ()
    destinations: Annotated[
        tuple[dict[str, str], ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
    ] = ()
    cluster_resource_whitelist: list[dict[str, str]] = Field(default_factory=list)
    cluster_resource_blacklist: list[dict[str, str]] = Field(default_factory=list)
    namespace_resource_whitelist: list[dict[str, str]] | None = None
    namespace_resource_blacklist: list[dict[str, str]] = Field(default_factory=list)
    source_namespaces: Texts = ()
    """Where Applications besides those of the control namespace may live that belong to it: names, globs, /regexes/."""
    sync_windows: _SyncWindows = ()
    destination_service_accounts: _ServiceAccounts = ()
    signature_keys: _SignatureKeys = ()
    """With which of these commits have to be signed; empty: with none."""
    source_integrity: SourceIntegrity | None = None
    """The same by repository; where it says anything about Git, `signature_keys` do not count."""
    orphaned_resources: OrphanedResources | None = None
    roles: _Roles = ()
    permit_only_project_scoped_clusters: bool = False
    """Whether its applications may live in no other clusters than those of whose Secrets it is the project."""


@dataclass(frozen=True, slots=True)
class AppProject:
    """A project: the fence around a team's applications."""

    name: str
    spec: AppProjectSpec
    annotations: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, obj: JsonObject) -> AppProject:
        """Read a project; Rejected names it and each wrong field."""
        name = str(metadata_of(obj).get("name") or "without a name")
        spec = parsed(AppProjectSpec, obj.get("spec") or {}, where=f"AppProject {name}")
        return cls(name, spec, _pairs(annotations_of(obj)), _pairs(metadata_of(obj).get("labels")))

    def annotation(self, name: str) -> str:
        """Return an annotation's value, empty when it is not there."""
        return dict(self.annotations).get(name, "")


def _pairs(said: object) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(one), str(value)) for one, value in said.items())) if isinstance(said, dict) else ()
