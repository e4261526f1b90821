"""How a repository is reached, and as whom; never put on a command line, in a log or in Redis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

GITHUB: Final = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """An App other than Foresail's own, as whose installation a repository is read."""

    id: int
    private_key: str = field(repr=False)
    installation: int | None = None
    """None: the one on the repository, which is asked for."""
    api_url: str = GITHUB


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is needed to fetch one repository; each is empty where it is not needed.

    They go to the scheme, host and port of the repository's URL, wherever that server sends us.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    """A password or token for HTTP's basic authentication."""
    bearer_token: str = field(default="", repr=False)
    ssh_private_key: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    """PEM, with `client_key` beside it."""
    client_key: str = field(default="", repr=False)
    github_app: GitHubApp | None = None
    """Where a token for the other fields has still to be asked for."""
    authorities: str = field(default="", repr=False)
    """PEM of who may sign the server's certificate, instead of those the system trusts."""
    known_hosts: str | None = field(default=None, repr=False)
    """Lines of `known_hosts`; None: the machine's own."""
    insecure: bool = False
    """Whether neither the server's certificate nor its host key is checked."""
    large_files: bool = False
    """Whether files that are kept in Git LFS are fetched."""
    plain_http: bool = False
    """Whether an OCI registry is asked over http."""
    proxy: str = field(default="", repr=False)
    """URL; empty: what the environment says."""
    no_proxy: str = ""
    vouched: bool = False
    """Whether the operator names the repository, or what its URL begins with: then it may lie in a private network."""
    project: str = ""
    """The only project whose applications may use it; empty: any."""

    @property
    def elsewhere(self) -> Credentials:
        """What of them holds for other servers too: the way, and nothing that is shown."""
        return Credentials(proxy=self.proxy, no_proxy=self.no_proxy)

    @property
    def names_somebody(self) -> bool:
        """Whether they say as whom, not only how."""
        secret = self.password or self.bearer_token or self.ssh_private_key or self.client_certificate
        return bool(self.username or secret or self.github_app)
