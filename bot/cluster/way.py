"""How the API server of a cluster Secret is reached: TLS, proxy, and as whom; nothing of it stays in a file."""

from __future__ import annotations

import ssl
import tempfile
from base64 import b64encode
from typing import TYPE_CHECKING

import urllib3
from kubernetes import client
from urllib3.exceptions import InsecureRequestWarning

from bot.cluster.connection import Way
from bot.cluster.programs import ProgramToken
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.engine.clusters import Access, ClusterSecret


def way_to(secret: ClusterSecret, *, connections: int, programs: Collection[str]) -> Way:
    """Return the way that a Secret describes; `programs` may be asked for credentials. Connects to nothing yet.

    Raises Rejected where it describes none that can be gone.
    """
    if secret.problem:
        raise Rejected(secret.problem, remedy="Mend the Secret.")
    context = _context(secret)
    # The client knows what the environment says of proxies.
    configuration = client.Configuration()
    configuration.host = secret.server
    configuration.proxy = secret.access.proxy or configuration.proxy
    configuration.verify_ssl = not secret.access.insecure
    configuration.tls_server_name = secret.access.server_name or None
    way = Way.of(configuration, connections=connections)

    def pool() -> urllib3.PoolManager:
        manager = way.connections()
        manager.connection_pool_kw["ssl_context"] = context
        return manager

    return Way(secret.server, pool, _authorization(secret, programs))


def _authorization(secret: ClusterSecret, programs: Collection[str]) -> Callable[[], str | None]:
    access = secret.access
    header: str | None = None
    if access.program is not None:
        return ProgramToken(access.program, cluster=secret.name, allowed=programs).header
    if access.bearer_token:
        header = f"Bearer {access.bearer_token}"
    elif access.username or access.password:
        header = f"Basic {b64encode(f'{access.username}:{access.password}'.encode()).decode('ascii')}"
    return lambda: header


def _context(secret: ClusterSecret) -> ssl.SSLContext:
    access = secret.access
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
        _load(context, access)
    except (ssl.SSLError, ValueError):
        raise Rejected(
            f"the certificates in the Secret {secret.secret} cannot be read",
            remedy="Give base64 of PEM: a certificate, and its key without a pass phrase.",
        ) from None
    if access.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)  # the operator has asked for it
    return context


def _load(context: ssl.SSLContext, access: Access) -> None:
    if access.certificate:
        # Only files can be loaded; this one nobody else can read, and it is gone at once.
        with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
            file.write(f"{access.certificate}\n{access.key}\n")
            file.flush()
            context.load_cert_chain(file.name, password=_no_pass_phrase)


def _no_pass_phrase() -> str:
    raise ValueError("the key has a pass phrase")
