"""Where fetching may lead: rules about hosts and addresses, without any I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, Self, TypeAlias
from urllib.parse import SplitResult, urlsplit

from bot.errors import Rejected

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_METADATA: Final = frozenset({IPv4Address("168.63.129.16"), IPv6Address("fd00:ec2::254"), IPv6Address("fd20:ce::254")})
"""Of Azure, AWS and Google: one is public, two are private; all others are link-local."""
_PORTS: Final = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
_WEB: Final = frozenset({"https", "http"})
_PLAIN: Final = frozenset({"http", "git"})
"""Schemes under which anybody on the way can read and change what is sent."""
_REMEDY: Final = "If it may be fetched from, add its host or network to FORESAIL_FETCH_ALLOW."


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be fetched from besides public addresses over https."""

    hosts: frozenset[str] = frozenset()
    """Names that may have private and loopback addresses."""
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """Read `FORESAIL_FETCH_ALLOW`: host names, addresses and networks (CIDR); Rejected names the wrong one."""
        hosts, networks = set[str](), list[Network]()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry))
                continue
            except ValueError:
                pass
            if not entry or set(entry) & set("/:*@ "):
                raise Rejected(
                    f"FORESAIL_FETCH_ALLOW: {entry!r} is neither a host nor a network",
                    remedy="Write registry.corp.example or 10.1.0.0/16, a comma between.",
                )
            hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str) -> bool:
        """Whether the operator vouches for a host by its name."""
        return host.lower().rstrip(".") in self.hosts

    def holds(self, address: Address) -> bool:
        """Whether an address is in one of the networks."""
        return any(address in network for network in self.networks if network.version == address.version)

    def check(self, host: str, addresses: Sequence[str], *, vouched: bool = False) -> None:
        """Raise Rejected unless every address that a host resolves to may be connected to.

        `vouched`: the operator names the URL elsewhere, which counts as naming its host here.
        """
        named = vouched or self.names(host)
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            if self.holds(address):
                continue
            reached = _reached(address)
            if not (is_public(reached) or (named and (reached.is_private and not _is_never_meant(reached)))):
                raise Rejected(f"{host} is at {address}, which is not a public address", remedy=_REMEDY)

    def check_named(self, host: str, addresses: Sequence[str]) -> None:
        """Raise Rejected unless the operator names a host, or each of its addresses: not only a network of many."""
        alone = {network[0] for network in self.networks if network.num_addresses == 1}
        found = {ipaddress.ip_address(one.partition("%")[0]) for one in addresses}
        if not self.names(host) and not (found and found <= alone):
            raise Rejected(
                f"{host} is none of the hosts that values are fetched from",
                remedy="If it is to be one, add it to FORESAIL_FETCH_ALLOW.",
            )

    def check_plain(self, origin: Origin, addresses: Sequence[str], *, vouched: bool = False) -> None:
        """Raise Rejected unless a server may be spoken to in the way that its URL says, which may be unencrypted."""
        if vouched or origin.scheme not in _PLAIN or self.names(origin.host):
            return
        if not addresses or not all(self.holds(ipaddress.ip_address(one.partition("%")[0])) for one in addresses):
            raise Rejected(f"{origin.host} would be asked over plain {origin.scheme}", remedy=f"Use https. {_REMEDY}")


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, and no cloud's metadata service."""
    ours = address.is_multicast or address.is_reserved or (isinstance(address, IPv6Address) and address.is_site_local)
    return address.is_global and not ours and address not in _METADATA


def _is_never_meant(address: Address) -> bool:
    """Whether no repository can be at an address, however much its name is trusted: metadata services are."""
    return address.is_link_local or address.is_unspecified or address.is_multicast or address in _METADATA


def _reached(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address is a way of writing, or leads to; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what credentials are for."""

    scheme: str
    host: str
    port: int

    @classmethod
    def at(cls, scheme: str, host: str, port: int | None) -> Self:
        """Return it; without a port at that of the scheme."""
        return cls(scheme, host.lower(), port or _PORTS[scheme])

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Write it as the beginning of a URL."""
        return f"{self.scheme}://{self.authority}"


def origin_of(url: str) -> Origin:
    """Return whom a URL asks; Rejected when it is none that is fetched."""
    parts = _parts(url)
    if parts.scheme not in _WEB or not parts.hostname:
        raise Rejected(f"{shown(url)} is not a URL that can be fetched", remedy="Use https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise Rejected(f"{shown(url)} carries credentials", remedy="Put them into the repository's Secret.")
    return Origin.at(parts.scheme, parts.hostname, parts.port)


def target_of(url: str) -> str:
    """Return path and query, as a request line has them."""
    parts = _parts(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def shown(url: str) -> str:
    """Return a URL for people: without credentials, and without a query, which may be a signature."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    text = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Rejected(f"{shown(url)} is not a URL that can be fetched") from None
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise Rejected(f"{shown(url)} is not a URL that can be fetched", remedy="Escape what is not plain ASCII.")
    return parts
