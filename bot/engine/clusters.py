"""What Argo CD's cluster Secrets say: which API server, as whom, and how much of it is managed.

Source: argo-cd `util/db/cluster.go` (SecretToCluster), `pkg/apis/application/v1alpha1/types.go` (ClusterConfig), and
https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bot.engine.secrets import SecretData
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model.resources import JsonObject, ResourceKey

CLUSTER: Final = "cluster"
"""The value of the label `argocd.argoproj.io/secret-type`."""
_AWS: Final = "aws"


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of a cluster is managed: all of it, or, in namespaced mode, the objects of some namespaces."""

    namespaces: tuple[str, ...] = ()
    """Empty: all, and what belongs to no namespace."""
    cluster_resources: bool = False
    """Whether objects that belong to no namespace are managed beside those of some namespaces."""

    def covers(self, key: ResourceKey) -> bool:
        """Whether an object is managed."""
        if not self.namespaces:
            return True
        return key.namespace in self.namespaces if key.namespace else self.cluster_resources

    def places(self, *, namespaced: bool) -> tuple[str, ...]:
        """Return in which namespaces a kind is listed, empty for all at once; none where it is not."""
        if not self.namespaces:
            return ("",)
        if namespaced:
            return self.namespaces
        return ("",) if self.cluster_resources else ()

    def refusal(self, keys: Iterable[ResourceKey]) -> str:
        """Return why some objects may not be managed, naming the first; empty when all may."""
        outside = next((key for key in keys if not self.covers(key)), None)
        if outside is None:
            return ""
        if outside.namespace:
            return f"{outside}: namespace {outside.namespace} is not among those that the cluster's Secret lists"
        return f"{outside}: objects without a namespace are not managed, as the cluster's Secret lists namespaces"


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that returns a credential, as kubectl's exec plug-ins do."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    hint: str = ""
    """What to do where it is not installed."""


@dataclass(frozen=True, slots=True)
class Access:
    """How an API server is reached, and as whom."""

    bearer_token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    insecure: bool = False
    """Whether its certificate is not looked at."""
    server_name: str = ""
    """The name that its certificate is for; empty: the URL's."""
    authority: str = field(default="", repr=False)
    """PEM of who signs its certificate; empty: the system's authorities."""
    certificate: str = field(default="", repr=False)
    """PEM of ours."""
    key: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)
    """URL of the proxy that leads there."""
    program: Program | None = None

    @property
    def names_somebody(self) -> bool:
        """Whether it says as whom."""
        return bool(self.bearer_token or self.username or self.password or self.certificate or self.program)


@dataclass(frozen=True, slots=True)
class ClusterSecret:
    """One Secret of a cluster."""

    secret: str
    """The Secret's own name."""
    name: str
    """What people call the cluster."""
    server: str
    project: str = ""
    """The only project that may use it; empty: any."""
    scope: Scope = EVERYTHING
    access: Access = Access()
    problem: str = ""
    """Why it cannot be used, in words for the operator."""

    @classmethod
    def parse(cls, secret: JsonObject) -> Self:
        """Read a Secret; what is wrong with one that names a cluster is its `problem`, never with a value in it."""
        data = SecretData.of(secret)
        named = cls(data.name, _or_nothing(data, "name") or _or_nothing(data, "server"), _or_nothing(data, "server"))
        try:
            name, server = data.line("name"), data.line("server").rstrip("/")
            _check_server(data.name, server)
            listed = tuple(one for part in data.line("namespaces").split(",") if (one := part.strip()))
            scope = Scope(listed, cluster_resources=data.yes("clusterResources"))
            access = _access(data)
            return cls(data.name, name or server, server, data.line("project"), scope, access)
        except Rejected as error:
            return cls(named.secret, named.name, named.server, problem=error.message)


def _or_nothing(data: SecretData, key: str) -> str:
    try:
        return data.line(key).rstrip("/")
    except Rejected:
        return ""


def _check_server(secret: str, server: str) -> None:
    try:
        parts = urlsplit(server)
        wrong = parts.scheme not in {"https", "http"} or not parts.hostname or parts.username or parts.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise Rejected(f"the Secret {secret} has no URL of an API server in server")


def _bytes(value: Any) -> Any:
    """Decode what Go writes as `[]byte`: base64."""
    if not isinstance(value, str):
        return value
    return b64decode(value, validate=True).decode("ascii")


_Pem = Annotated[str | None, BeforeValidator(_bytes)]


def _camel(name: str) -> str:
    return {"role_arn": "roleARN"}.get(name, to_camel(name))


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", alias_generator=AliasGenerator(_camel), hide_input_in_errors=True
    )


class _Tls(_Part):
    insecure: bool = False
    server_name: str | None = None
    ca_data: _Pem = None
    cert_data: _Pem = None
    key_data: _Pem = None


class _Aws(_Part):
    cluster_name: str = ""
    role_arn: str | None = None
    profile: str | None = None

    @property
    def program(self) -> Program:
        """What Argo CD's own helper asks AWS for."""
        args = ["eks", "get-token", "--output", "json", "--cluster-name", self.cluster_name]
        args += ["--role-arn", self.role_arn] if self.role_arn else []
        args += ["--profile", self.profile] if self.profile else []
        return Program(_AWS, tuple(args), api_version="client.authentication.k8s.io/v1beta1")


class _Exec(_Part):
    command: str = Field(min_length=1)
    args: list[str] | None = None
    env: dict[str, str] | None = None
    api_version: str | None = None
    install_hint: str | None = None

    @property
    def program(self) -> Program:
        """The program as it is to be run."""
        env = tuple(sorted((self.env or {}).items()))
        given = {"api_version": self.api_version} if self.api_version else {}
        return Program(self.command, tuple(self.args or ()), env, hint=self.install_hint or "", **given)


class _Config(_Part):
    bearer_token: str | None = None
    username: str | None = None
    password: str | None = None
    tls_client_config: _Tls | None = None
    aws_auth_config: _Aws | None = None
    exec_provider_config: _Exec | None = None
    proxy_url: str | None = None


def _access(data: SecretData) -> Access:
    text = data.text("config") or "{}"
    try:
        config = _Config.model_validate_json(text)
    except ValidationError as error:
        # Neither input nor context: a message of the parser's could quote the text.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        words = f"{place}: {_words(first['type'], first['msg'])}" if place else "it is no JSON object"
        raise Rejected(f"the Secret {data.name} has a config that cannot be used: {words}") from None
    tls = config.tls_client_config or _Tls()
    if tls.insecure and tls.ca_data:
        raise Rejected(f"the Secret {data.name} has both insecure and caData: give one of them")
    if bool(tls.cert_data) != bool(tls.key_data):
        raise Rejected(f"the Secret {data.name} has one of certData and keyData, and not the other")
    programs = [part.program for part in (config.aws_auth_config, config.exec_provider_config) if part is not None]
    return Access(
        bearer_token=_ascii(data, "bearerToken", config.bearer_token),
        username=_header(data, "username", config.username),
        password=_header(data, "password", config.password),
        insecure=tls.insecure,
        server_name=_header(data, "serverName", tls.server_name),
        authority=tls.ca_data or "",
        certificate=tls.cert_data or "",
        key=tls.key_data or "",
        proxy=_proxy(data, config.proxy_url),
        program=programs[0] if programs else None,
    )


def _words(kind: str, message: str) -> str:
    return "it is not base64 of ASCII text" if kind in {"value_error", "binascii_error"} else message


def _proxy(data: SecretData, value: str | None) -> str:
    found = _header(data, "proxyUrl", value)
    if found and not found.lower().startswith(("http://", "https://")):
        raise Rejected(f"the Secret {data.name} has a proxyUrl that is neither of http nor of https")
    return found


def _ascii(data: SecretData, key: str, value: str | None) -> str:
    """Return what stands in a header as it is."""
    found = _header(data, key, value)
    if not found.isascii():
        raise Rejected(f"the Secret {data.name} has something else than ASCII in {key} of its config")
    return found


def _header(data: SecretData, key: str, value: str | None) -> str:
    """Return what stands in a header, where nothing may follow it."""
    found = (value or "").strip()
    if not found.isprintable():
        raise Rejected(f"the Secret {data.name} has more than one line in {key} of its config")
    return found
