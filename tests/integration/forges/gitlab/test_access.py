"""Tokens, roles, certificates, and bad days."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.client import GitLab
from bot.forges.gitlab.errors import BadCredentials, Forbidden
from bot.model.changes import CommitStatus, Repository, StatusState
from bot.sandbox.forge.faults import Fault
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn
from bot.sandbox.gitlab.state import Token
from bot.settings import Settings
from tests.integration.forges.gitlab.conftest import Connect

GOOD = CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing")


def test_a_revoked_token_is_told(gitlab: GitLabStandIn, forge: GitLab, repository: Repository, token: Token) -> None:
    gitlab.revoke(token)
    with pytest.raises(BadCredentials, match="does not accept FORESAIL_GITLAB_TOKEN: 401 Unauthorized"):
        forge.change(repository, 1)


def test_an_expired_token_is_told(gitlab: GitLabStandIn, forge: GitLab, repository: Repository) -> None:
    gitlab.clock.advance(366 * 86_400)
    with pytest.raises(BadCredentials, match="expired"):
        forge.change(repository, 1)


def test_a_missing_scope_is_told(
    gitlab: GitLabStandIn, connect: Connect, repository: Repository, shop: HostedProject
) -> None:
    reader = gitlab.access_token("foresail", scopes=["read_api"])
    with pytest.raises(Forbidden) as refused:
        connect(gitlab_token=SecretStr(reader.value)).set_statuses(repository, shop.head(), [GOOD])
    assert refused.value.remedy == "Give the token the scope api."


def test_a_developer_may_not_speak_of_protected_branches(
    forge: GitLab, repository: Repository, shop: HostedProject
) -> None:
    shop.grant("foresail", "write")
    with pytest.raises(Forbidden) as refused:
        forge.set_statuses(repository, shop.head(), [GOOD])
    assert "role Maintainer" in refused.value.remedy
    shop.push("feature", {"a.yaml": "a: 1\n"})
    forge.set_statuses(repository, shop.head("feature"), [GOOD])


@pytest.mark.parametrize("token", ["", " ", "two words", "línea", "a\nb"])
def test_what_is_no_token_is_told_without_it(token: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_GITLAB_TOKEN") as refused:
        GitLab.from_settings(Settings(gitlab_token=SecretStr(token)))
    assert len(token) < 3 or token not in str(refused.value)


@pytest.mark.parametrize("url", ["", "gitlab.example.com", "ftp://gitlab.example.com", "https://user:pw@gitlab.com"])
def test_what_is_no_url_of_a_gitlab_is_rejected_by_the_settings_name(url: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_GITLAB_URL"):
        GitLab.from_settings(Settings(gitlab_url=url, gitlab_token=SecretStr("glpat-x")))


def test_git_over_http_asks_for_the_token(
    forge: GitLab, repository: Repository, shop: HostedProject, tmp_path: Path
) -> None:
    credentials = forge.git_credentials(repository)
    secret = f"{credentials.username}:{credentials.password}@"
    url = shop.clone_url.replace("http://", f"http://{secret}")
    plain = ["-c", "credential.helper=", "ls-remote"]
    listed = subprocess.run(["git", *plain, url], capture_output=True, text=True, check=True, timeout=60)
    assert shop.head() in listed.stdout
    refused = subprocess.run(
        ["git", *plain, shop.clone_url],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"GIT_TERMINAL_PROMPT": "0", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert refused.returncode != 0


def test_an_outage_is_temporary_and_not_retried_at_once(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository, shop: HostedProject
) -> None:
    gitlab.faults.add("POST */statuses/*", kind=Fault.ERROR)
    with pytest.raises(Temporary, match="500 Internal Server Error"):
        forge.set_statuses(repository, shop.head(), [GOOD])
    assert shop.status_history(shop.head()) == []


def test_a_limit_is_waited_for_as_long_as_gitlab_asks(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository
) -> None:
    gitlab.faults.add("GET */repository/branches/*", kind=Fault.SECONDARY_LIMIT, seconds=17)
    with pytest.raises(Temporary, match="slow down") as refused:
        forge.branch_head(repository, "main")
    assert refused.value.retry_after == 17


def test_too_many_requests_and_too_many_notes_are_temporary(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository, number: int
) -> None:
    gitlab.limits.notes_per_minute = 0
    with pytest.raises(Temporary, match="too many times") as refused:
        forge.add_comment(repository, number, "hello")
    assert refused.value.retry_after == 60
    gitlab.limits.per_minute = 1
    with pytest.raises(Temporary) as refused:
        forge.branch_head(repository, "main")
    gitlab.clock.advance(refused.value.retry_after + 60)
    assert forge.branch_head(repository, "main")


@pytest.mark.parametrize("fault", [Fault.DROP_CONNECTION, Fault.LOSE_ANSWER])
def test_a_broken_connection_is_temporary_and_nothing_is_said_twice(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository, shop: HostedProject, fault: Fault
) -> None:
    gitlab.faults.add("POST */statuses/*", kind=fault)
    with pytest.raises(Temporary, match="connection to GitLab broke"):
        forge.set_statuses(repository, shop.head(), [GOOD])
    forge.set_statuses(repository, shop.head(), [GOOD])
    assert len(shop.status_history(shop.head())) == 1


def test_an_answer_that_is_late_is_temporary(gitlab: GitLabStandIn, connect: Connect, repository: Repository) -> None:
    gitlab.faults.add("GET */repository/branches/*", kind=Fault.DELAY, seconds=2)
    with pytest.raises(Temporary, match=r"did not answer GET .*/branches/main within 0\.5 s"):
        connect(forge_timeout=0.5).branch_head(repository, "main")


def test_a_gitlab_with_a_certificate_of_its_own_is_trusted_when_told(tmp_path: Path) -> None:
    context, authority = _tls(tmp_path)
    with GitLabStandIn.start(tmp_path / "gitlab", tls=context) as gitlab:
        shop = gitlab.create_repository("acme/shop", files={"a": "b"})
        shop.grant("foresail", "maintain")
        token = SecretStr(gitlab.access_token("foresail").value)
        settings = Settings(gitlab_url=gitlab.url, gitlab_token=token, gitlab_ca_file=authority)
        assert GitLab.from_settings(settings).repository("acme/shop").clone_url == shop.clone_url
        stranger = settings.model_copy(update={"gitlab_ca_file": None})
        with pytest.raises(Temporary, match="FORESAIL_GITLAB_CA_FILE"):
            GitLab.from_settings(stranger).repository("acme/shop")
    missing = settings.model_copy(update={"gitlab_ca_file": tmp_path / "nowhere"})
    with pytest.raises(Rejected, match="FORESAIL_GITLAB_CA_FILE cannot be read"):
        GitLab.from_settings(missing)


def _tls(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context and the file of who signed its certificate: itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gitlab")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, private = directory / "ca.pem", directory / "key.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return context, authority
