"""Which addresses are the internet's, and what an operator may add."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.repository.guard import Allowed, Origin, origin_of, shown, target_of

OURS = Allowed.of(["registry.corp.example", "10.1.0.0/16"])


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_connected_to(address: str) -> None:
    Allowed().check("charts.example", [address])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104 - nothing is bound to it
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:a9fe:a9fe::1",
        "2001:0:0:0:0:0:5601:5601",
    ],
)
def test_no_other_address_may(address: str) -> None:
    with pytest.raises(Rejected, match="not a public address"):
        Allowed().check("charts.example", [address])


@pytest.mark.parametrize("address", ["10.9.9.9", "127.0.0.1", "fc00::1", "::ffff:10.9.9.9"])
def test_a_host_that_the_operator_names_may_be_private(address: str) -> None:
    OURS.check("Registry.corp.example", [address])
    with pytest.raises(Rejected):
        OURS.check("sub.registry.corp.example", [address])


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "168.63.129.16"])  # noqa: S104
def test_even_a_named_host_is_no_metadata_service(address: str) -> None:
    with pytest.raises(Rejected):
        OURS.check("registry.corp.example", [address])


def test_a_network_that_the_operator_names_may_be_connected_to() -> None:
    OURS.check("anything.example", ["10.1.2.3"])
    plain = origin_of("http://anything.example")
    OURS.check_plain(plain, ["10.1.2.3"])
    with pytest.raises(Rejected):
        OURS.check_plain(plain, ["8.8.8.8"])
    OURS.check_plain(origin_of("https://anything.example"), ["8.8.8.8"])


@pytest.mark.parametrize("entry", ["https://host", "host:5000", "*.example", "10.1.2.3/16", "a b"])
def test_a_wrong_entry_is_named(entry: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_FETCH_ALLOW"):
        Allowed.of([entry])


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://Charts.example/a?b") == Origin("https", "charts.example", 443)
    assert str(origin_of("http://[::1]:8080/")) == "http://[::1]:8080"
    assert target_of("https://charts.example/a?b#c") == "/a?b"
    assert target_of("https://charts.example") == "/"


@pytest.mark.parametrize(
    "url",
    [
        "charts.example",
        "ftp://charts.example/",
        "https:///x",
        "https://u:p@charts.example/",
        "https://charts.example:99999/",
        "https://charts.example/a b",
        "https://charts.example/\r\nHost: x",
        "https://chärts.example/",
        "https://[::1/",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(Rejected):
        origin_of(url)


def test_a_url_is_shown_without_what_is_secret_in_it() -> None:
    assert shown("https://alice:hush@charts.example/a.tgz?signature=s3cret#f") == "https://charts.example/a.tgz"
