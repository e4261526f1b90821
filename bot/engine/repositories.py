"""Which of Argo CD's repository Secrets belongs to a URL, and what it says.

A Secret with the label `repository` is for one URL, one with `repo-creds` for all that lie below its own. The latter
fills in what the former leaves out: as whom. Argo CD takes any URL that begins with that of a `repo-creds` Secret; here
it has to be the same scheme, host and port, and the path has to end there or go on with `/`: what is for
`https://git.example.com/team` is not for `…/team-of-others`, and never for `https://git.example.com.evil/`.
Source: argo-cd `util/db/repository_secrets.go`, `pkg/apis/application/v1alpha1/repository_types.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from bot.engine.secrets import NO, SECRET_TYPE, SecretData
from bot.errors import Rejected
from bot.model.changes import repository_address
from bot.model.credentials import GITHUB, Credentials, GitHubApp
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

REPOSITORY: Final = "repository"
TEMPLATE: Final = "repo-creds"
_UNSUPPORTED: Final = ("gcpServiceAccountKey", "useAzureWorkloadIdentity", "azureServicePrincipalClientId")
_WHO: Final = (
    "username",
    "password",
    "bearer_token",
    "ssh_private_key",
    "client_certificate",
    "client_key",
    "github_app",
    "plain_http",
    "proxy",
    "no_proxy",
)
"""What a repository has from a template (`Repository.CopyCredentialsFrom`)."""


@dataclass(frozen=True, slots=True)
class RepositorySecret:
    """One Secret of a repository, or a template for many."""

    name: str
    is_template: bool
    url: str
    credentials: Credentials
    unsupported: str = ""
    """A key in it that says as whom, and that Foresail knows no way to use."""

    @classmethod
    def parse(cls, secret: JsonObject) -> RepositorySecret:
        """Read a Secret; Rejected names it and the key that is wrong, never a value."""
        data = SecretData.of(secret)
        return cls(
            name=data.name,
            is_template=(metadata_of(secret).get("labels") or {}).get(SECRET_TYPE) == TEMPLATE,
            url=_url(data),
            credentials=Credentials(
                username=data.text("username"),
                password=data.text("password"),
                bearer_token=data.line("bearerToken"),
                ssh_private_key=data.text("sshPrivateKey"),
                client_certificate=data.text("tlsClientCertData"),
                client_key=data.text("tlsClientCertKey"),
                github_app=_app(data),
                insecure=data.yes("insecure") or data.yes("insecureIgnoreHostKey"),
                large_files=data.yes("enableLfs"),
                plain_http=data.yes("insecureOCIForceHttp"),
                proxy=data.line("proxy"),
                no_proxy=data.line("noProxy"),
                project=data.line("project"),
            ),
            unsupported=next((key for key in _UNSUPPORTED if data.text(key) not in NO), ""),
        )

    def covers(self, url: str) -> bool:
        """Whether a URL lies at or below a template's."""
        here, there = _place(self.url), _place(url)
        if here is None or there is None or here[0] != there[0]:
            return False
        return not here[1] or there[1] == here[1] or there[1].startswith(f"{here[1]}/")


@dataclass(frozen=True, slots=True)
class KnownRepositories:
    """What the control namespace says about repositories."""

    secrets: tuple[RepositorySecret, ...] = ()
    known_hosts: str | None = None
    """`ssh_known_hosts` of the ConfigMap `argocd-ssh-known-hosts-cm`; None when there is none."""
    authorities: Mapping[str, str] | None = None
    """The ConfigMap `argocd-tls-certs-cm`: by host, without a port, PEM of who may sign its certificate."""

    def find(self, url: str, project: str) -> Credentials | None:
        """Return how a project's applications reach a repository; None when nothing is said about that.

        A Secret of another project is passed over. Rejected when there is one that cannot be used.
        """
        own = self._own(url, project)
        template = self._template(url, project)
        found = own.credentials if own is not None else Credentials()
        used = [own]
        if template is not None and not found.names_somebody and not (own and own.unsupported):
            given = template.credentials
            project = given.project or found.project
            found = replace(found, project=project, **{name: getattr(given, name) for name in _WHO})
            used.append(template)
        for secret in used:
            if secret is not None and secret.unsupported:
                raise Rejected(
                    f"the Secret {secret.name} for this repository has {secret.unsupported}, which is not supported",
                    remedy="Use a user and password, a token, an SSH key or a GitHub App.",
                )
        found = replace(self._at(url, found), vouched=own is not None or template is not None)
        return None if found == Credentials() else found

    def _own(self, url: str, project: str) -> RepositorySecret | None:
        """Return the Secret of a repository: the project's own first, then one for all."""
        address = repository_address(url)
        mine = [one for one in self.secrets if not one.is_template and repository_address(one.url) == address]
        return next((one for whose in (project, "") for one in mine if one.credentials.project == whose), None)

    def _template(self, url: str, project: str) -> RepositorySecret | None:
        """Return the template whose URL is the longest."""
        mine = (one for one in self.secrets if one.is_template and one.credentials.project in {"", project})
        covering = (one for one in mine if one.covers(url))
        return max(covering, key=lambda one: len(repository_address(one.url)), default=None)

    def _at(self, url: str, found: Credentials) -> Credentials:
        """Add what is said about the server."""
        site = _site(url)
        if site is None:
            return found
        if site[0] == "ssh":
            return replace(found, known_hosts=self.known_hosts)
        return replace(found, authorities=(self.authorities or {}).get(site[1], ""))


def known(secrets: Iterable[JsonObject]) -> tuple[tuple[RepositorySecret, ...], tuple[str, ...]]:
    """Read Secrets; return those that can be used, and what is wrong with the others."""
    found, problems = [], []
    for secret in secrets:
        try:
            found.append(RepositorySecret.parse(secret))
        except Rejected as error:
            problems.append(error.message)
    return tuple(found), tuple(problems)


def _url(data: SecretData) -> str:
    """Return a Secret's URL; that of a registry has a scheme here, which Argo CD leaves out for charts."""
    url = data.line("url")
    return f"oci://{url}" if data.yes("enableOCI") and "://" not in url else url


def _app(data: SecretData) -> GitHubApp | None:
    number, key = data.number("githubAppID"), data.text("githubAppPrivateKey")
    if number is None and not key:
        return None
    if number is None or not key:
        raise Rejected(f"the Secret {data.name} has one of githubAppID and githubAppPrivateKey, and not the other")
    url = data.line("githubAppEnterpriseBaseUrl").rstrip("/") or GITHUB
    return GitHubApp(number, key, installation=data.number("githubAppInstallationID"), api_url=url)


_Site: TypeAlias = tuple[str, str, int | None]
"""Scheme, host and port."""


def _site(url: str) -> _Site | None:
    try:
        parts = urlsplit(repository_address(url))
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port


def _place(url: str) -> tuple[_Site, str] | None:
    """Return a URL's site, and its path; None where a server may see another path than we do."""
    site = _site(url)
    if site is None:
        return None
    path = unquote(urlsplit(repository_address(url)).path).replace("\\", "/").strip("/")
    steps = path.split("/")
    return None if {".", ".."} & set(steps) or "" in steps[:-1] else (site, path)
