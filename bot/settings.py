"""The environment, read once into frozen, typed settings."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "FORESAIL_"


class RenderMode(StrEnum):
    """Who renders."""

    LOCAL = "local"
    QUEUE = "queue"


class Mode(StrEnum):
    """What this instance may do."""

    FULL = "full"
    PREVIEW = "preview"


def _patterns(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if one.startswith("/") and one.endswith("/"):
            try:
                re.compile(one[1:-1])
            except re.error as error:
                raise ValueError(f"{one} is no regular expression: {error}") from error
    return value


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseModel):
    """Everything that can be set; each field is the variable `FORESAIL_<NAME>`."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid", hide_input_in_errors=True)

    redis_url: str = "redis://127.0.0.1:6379/0"
    """Where the queue and the caches are; nothing in it has to survive."""
    github_url: str = "https://api.github.com"
    """GitHub's REST API; `https://<host>/api/v3` for GitHub Enterprise Server."""
    github_app_id: int | None = None
    """The GitHub App's id, from its settings page."""
    github_app_private_key: SecretStr | None = None
    """The App's private key as PEM text."""
    github_app_private_key_file: Path | None = None
    """A file that holds the App's private key, instead of the text."""
    github_token: SecretStr | None = None
    """A personal access token, the small-scale alternative to an App."""
    github_webhook_secret: SecretStr | None = None
    """Secret GitHub signs webhooks with; two lines while one replaces the other; without any, webhooks get 501."""
    gitlab_url: str = "https://gitlab.com"
    """Where GitLab's pages are; a self-managed one may lie under a path, `https://example.com/gitlab`."""
    gitlab_token: SecretStr | None = None
    """A personal, project or group access token of GitLab; with it Foresail serves GitLab, and not GitHub."""
    gitlab_webhook_secret: SecretStr | None = None
    """Secret or signing token (`whsec_…`) of GitLab's webhooks; two lines while one replaces the other."""
    gitlab_ca_file: Path | None = None
    """PEM file of who may sign the certificate of GitLab, instead of those the system trusts."""
    git_webhook_secret: SecretStr | None = None
    """Secret of pushes that others than a forge tell of at `/webhooks/git`; two lines while one replaces the other."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What Prometheus sends as its bearer token to read `/metrics`; without any, nobody may."""
    webhook_max_bytes: int = Field(default=26_214_400, gt=0)
    """Largest webhook body taken; GitHub itself sends at most 25 MiB."""
    instance: str = Field(default="foresail", pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    """Begins this instance's commit statuses and marks its comments, so that several can share a repository."""
    command_prefix: str = Field(default="/foresail", pattern=r"^[/!.]?[A-Za-z][A-Za-z0-9_-]{1,38}$")
    """What a comment's line begins with that is a command (docs/commands.md)."""
    kubeconfig: str = ""
    """Kubeconfig of the cluster that keeps the Applications; empty: the pod's own account, else kubectl's default."""
    control_namespace: str = "foresail"
    """Namespace of the Applications in that cluster."""
    application_namespaces: Annotated[tuple[str, ...], BeforeValidator(_names), AfterValidator(_patterns)] = ()
    """Others whose Applications count where their project agrees (docs/projects.md): names, globs, `/regexes/`."""
    root_repositories: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """Repositories (`owner/name`, comma between) whose `.foresail/` folder declares Applications."""
    data_directory: Path = Path("/var/lib/foresail")
    """Where mirrors of repositories are kept; they can be fetched again."""
    kustomize: str = "kustomize"
    """The kustomize program."""
    kustomize_versions: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """Further ones that `kustomize.version` may name (`v5.3.0=/opt/kustomize-5.3.0`, comma between)."""
    helm: str = "helm"
    """The helm program, version 3 or 4."""
    mode: Mode = Mode.FULL
    """`full`, or `preview`: comment, and leave every sync to an Argo CD that is there already."""
    argocd_cm: Path | None = None
    """Folder in which an `argocd-cm` is mounted; what it says of differences, health and tools holds here too."""
    plugins: Path | None = None
    """Folder of Argo CD's `plugin.yaml` files; their commands render sources in confinement (docs/sources.md)."""
    policies: Path | None = None
    """Folder of rules in Rego and CEL that every change has to keep (docs/policies.md)."""
    comment_budget: int = Field(default=65_536, ge=8_192, le=262_144)
    """Bytes one comment may have; the rest goes into further comments."""
    comment_template: Path | None = None
    """A file with the operator's own template of what a comment says around the differences (docs/comments.md)."""
    url: str = Field(default="", pattern=r"^$|^https?://[^\s/?#@]+(/[^\s?#]*)?$")
    """Where people reach `web`, `https://foresail.example.com`; with it and a report key, comments link to reports."""
    report_key: SecretStr | None = Field(default=None, min_length=32)
    """Random text, the same for `web` and workers, that reports and their links are made with (docs/reports.md)."""
    report_days: float = Field(default=14.0, gt=0, le=365)
    """Days a full report is kept after it was told last."""
    report_megabytes: int = Field(default=256, gt=0)
    """Megabytes of full reports; those told least recently go."""
    render_timeout: float = Field(default=60.0, gt=0)
    """Seconds one render may take."""
    render: RenderMode = RenderMode.LOCAL
    """`local`: each worker for itself; `queue`: processes of `python -m workers run render`, for all of them."""
    cache_key: SecretStr | None = Field(default=None, min_length=32)
    """Random text, the same for all workers: renders shared in Redis are encrypted with it; without any none are."""
    cache_megabytes: int = Field(default=64, gt=0)
    """Megabytes of shared renders; those not used for longest go."""
    git_timeout: float = Field(default=120.0, gt=0)
    """Seconds one fetch may take."""
    git_submodules: bool = True
    """Whether submodules are fetched and rendered with the repository that names them."""
    fetch_allow: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """Hosts and networks (`10.1.0.0/16`), comma between, that are fetched from though private, or by http."""
    cluster_timeout: float = Field(default=30.0, gt=0)
    """Seconds one request to an API server may take."""
    cluster_programs: Annotated[tuple[str, ...], BeforeValidator(_names)] = (
        "aws",
        "gke-gcloud-auth-plugin",
        "kubelogin",
        "argocd-k8s-auth",
    )
    """Programs, comma between, that cluster Secrets may name for a credential."""
    forge_timeout: float = Field(default=20.0, gt=0)
    """Seconds one request to a forge may take."""
    forge_content_per_minute: int = Field(default=80, ge=0)
    """Comments and reactions a minute and installation, as GitHub allows; 0: no limit, for a server of one's own."""
    forge_content_per_hour: int = Field(default=500, ge=0)
    """The same an hour."""
    forge_previews_per_minute: int = Field(default=35, ge=0)
    """Previews begun a minute and installation of GitHub's: each takes 21 of 900 points a minute. 0: no limit."""
    forge_writes_per_minute: int = Field(default=130, ge=0)
    """Statuses too: 130 leave 250 of GitHub's 900 points a minute for reads."""
    workers_per_queue: int = Field(default=2, ge=1, le=16)
    """Processes that take jobs of one queue while many wait, where roles run together; else there is one for each."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests to one API server at a time."""
    sync_deadline: float = Field(default=600.0, gt=0)
    """Seconds an operation may take until everything is healthy; then it has failed."""
    claim_seconds: float = Field(default=15.0, gt=0)
    """Seconds after which another worker takes over an operation whose worker went silent."""
    controller_lease_seconds: int = Field(default=12, ge=2, le=300)
    """Seconds after which other controllers do what one did that went silent; each renews its Lease twice as often."""
    status_deadline: float = Field(default=7200.0, ge=60)
    """Seconds after which a status that is pending though nobody works on it ends as an error; recovery comes first."""
    preview_refresh: float = Field(default=600.0, ge=0)
    """Seconds after which open changes are previewed again, in case something they depend on has moved; 0: never."""
    deployments: int = Field(default=0, ge=0, le=20)
    """Applications of a commit up to which each gets a deployment on the forge, on which others may act; 0: none."""
    git_poll: float = Field(default=180.0, ge=0)
    """Seconds after which repositories are asked for news of whose pushes no forge tells; 0: never."""
    registry_poll: float = Field(default=0.0, ge=0)
    """Seconds after which registries are asked for newer images and charts, to open changes; 0: never."""
    mass_deletion_percent: int = Field(default=50, ge=0, le=100)
    """A sync that deletes more than this share of an application waits for a person; 100 switches the guard off."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every `FORESAIL_` variable; Rejected names the unknown and wrong ones, never a secret's value."""
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and value != ""
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = "; ".join(
                _problem("_".join(str(part) for part in problem["loc"][:1]), problem["type"], problem["msg"])
                for problem in error.errors(include_url=False, include_input=False)
            )
            raise Rejected(f"the settings are wrong: {problems}", remedy="README.md lists every variable.") from error

    @property
    def private_key(self) -> str:
        """The App's private key, wherever it was given; empty when it was not."""
        if self.github_app_private_key is not None:
            return self.github_app_private_key.get_secret_value()
        if self.github_app_private_key_file is None:
            return ""
        try:
            return self.github_app_private_key_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise Rejected(f"{PREFIX}GITHUB_APP_PRIVATE_KEY_FILE cannot be read: {error}") from error

    @property
    def own_comments(self) -> str | None:
        """The operator's template of comments; None without any."""
        try:
            return None if self.comment_template is None else self.comment_template.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Rejected(f"{PREFIX}COMMENT_TEMPLATE cannot be read: {error}") from error

    @property
    def is_gitlab(self) -> bool:
        """Whether the forge is GitLab; else it is GitHub."""
        return self.gitlab_token is not None

    @property
    def forge_site(self) -> str:
        """What the URLs of the forge's repositories begin with."""
        if self.is_gitlab:
            return f"{self.gitlab_url.rstrip('/')}/"
        api = urlsplit(self.github_url)
        return f"{api.scheme}://{api.netloc.removeprefix('api.')}/"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets a signature of GitHub's may be made with."""
        return _lines(self.github_webhook_secret)

    @property
    def git_webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that a push to a repository without a forge may be told with."""
        return _lines(self.git_webhook_secret)

    @property
    def gitlab_webhook_secrets(self) -> tuple[str, ...]:
        """The secrets a delivery of GitLab's may come with."""
        return _lines(self.gitlab_webhook_secret)


def _problem(name: str, sort: str, words: str) -> str:
    """Say what is wrong with one variable."""
    if sort != "extra_forbidden":
        return f"{PREFIX}{name.upper()}: {words}"
    near = get_close_matches(name, Settings.model_fields, n=1)
    meant = f", did you mean {PREFIX}{near[0].upper()}?" if near else ""
    return f"there is no {PREFIX}{name.upper()}{meant}"


def _lines(secret: SecretStr | None) -> tuple[str, ...]:
    lines = () if secret is None else secret.get_secret_value().splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def settings_table() -> str:
    """Return every setting as a Markdown table: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        said = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        default = "" if said in (None, PydanticUndefined, "") else f"`{said}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)
