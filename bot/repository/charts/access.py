"""What a repository of charts asks of those who read it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials and TLS for one repository: they go to its scheme, host and port, and nowhere else.

    Fields are those of Argo CD's repository Secrets: `username`, `password`, `bearerToken`, `tlsClientCertData`,
    `tlsClientCertKey`, the host's entry of `argocd-tls-certs-cm`, `insecure`, `insecureOCIForceHttp`, `proxy`,
    `noProxy`.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """A bearer token, sent instead of user and password."""
    certificate: str = ""
    """PEM of a client certificate."""
    key: str = field(default="", repr=False)
    """PEM of its private key, without a pass phrase."""
    authorities: str = ""
    """PEM of the certificate authorities to trust instead of the system's."""
    insecure: bool = False
    """Whether the server's certificate is not checked."""
    plain_http: bool = False
    """Whether an OCI registry is asked over http."""
    proxy: str = field(default="", repr=False)
    """URL of the proxy to go through, instead of the environment's."""
    no_proxy: str = ""
    """Hosts that `proxy` is not for, comma between."""


ANONYMOUS = Access()
"""Of a repository that everybody may read."""
