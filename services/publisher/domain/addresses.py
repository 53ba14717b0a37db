"""Where callbacks may go: addresses that a subscriber names, and the hosts behind them.

What must stay true: no callback reaches anything inside, unless the operator allowed its network; what speaks for the
machine itself to a cloud (link-local and metadata addresses) is never reached, allowed or not. Names are judged by the
addresses that they lead to, each time anew; here stands the judgement, ``adapters/egress.py`` holds connections to it.

Sources: IANA's registries of special-purpose IPv4 and IPv6 addresses; RFC 4291 (mapped and compatible addresses), RFC
2765 (translated ones), RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 6598 (shared addresses);
the metadata services of AWS, Azure, Oracle and Alibaba.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_CHARACTERS = 2048

_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/32", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
            "224.0.0.0/4", "255.255.255.255/32",
            "::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::/32",
        ),
    )
)  # fmt: skip
_INSIDE = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
        ),
    )
)  # fmt: skip
_WORLD = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_WRAPPED = (
    (ip_network("::/96"), 0),
    (ip_network("::ffff:0:0:0/96"), 0),
    (ip_network("64:ff9b:1::/48"), 0),
    (ip_network("2002::/16"), 80),
)
"""Where IPv6 addresses carry an IPv4 address, by how many bits stand after it: none of these is public, but an operator
may have allowed one."""

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_REST = re.compile(r"[!-~]*")


class NotAllowed(ValueError):
    """No callback goes to this address. The message is for the subscriber and says nothing of what is there."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What the operator allows: networks beside the public ones, and ports beside 443, each as (first, last)."""

    networks: tuple[Network, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()

    def permits(self, address: str, *, plain: bool = False) -> bool:
        """Whether a connection to this IP address may be made; a ``plain`` one (http) only where it is allowed by
        name."""
        found = _plainly(address)
        if found is None or any(_is_in(one, _NEVER) for one in (found, *_within(found))):
            return False
        if _is_in(found, self.networks):
            return True
        return not plain and _is_public(found)

    def check(self, url: str) -> None:
        """Refuse an address that can be seen not to be one for callbacks. Raises ``NotAllowed``."""
        if len(url) > MOST_CHARACTERS or not url.isascii() or not _REST.fullmatch(url) or "\\" in url:
            raise NotAllowed(f"An address is at most {MOST_CHARACTERS} printable ASCII characters without spaces.")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise NotAllowed("This is no address.") from error
        if parts.scheme != "https" and not (parts.scheme == "http" and self.networks):
            raise NotAllowed("Callbacks go to https addresses.")
        if "@" in parts.netloc or parts.fragment:
            raise NotAllowed("An address has no user and no fragment; send what opens it as `authentication`.")
        usual = 443 if parts.scheme == "https" else 80
        if not self._has_port(usual if port is None else port):
            raise NotAllowed("Callbacks do not go to this port.")
        self._check_host(host, plain=parts.scheme == "http")

    def _has_port(self, port: int) -> bool:
        return port == 443 or any(first <= port <= last for first, last in self.ports)

    def _check_host(self, host: str, *, plain: bool) -> None:
        if is_literal(host):
            if not self.permits(host, plain=plain):
                raise NotAllowed("Callbacks do not go to this host.")
        elif not _HOST.fullmatch(host) or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
            # Decimal, octal, hexadecimal and shortened spellings of an IP address end in a number; no name does.
            raise NotAllowed("The host is a name, or an IP address in its usual form.")


def origin(url: str) -> tuple[str, str, int | None]:
    """Whose an address is: scheme, host and port of one that was checked."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def is_literal(host: str) -> bool:
    """Whether a host is an IP address in its usual form."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Networks by their names (``10.0.0.0/8``). Raises ``ValueError``."""
    return tuple(ip_network(name) for name in names)


def ports(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Ports (``8443``) and ranges of them (``8000-8999``). Raises ``ValueError``."""
    found = []
    for name in names:
        first, _, last = name.partition("-")
        span = (int(first), int(last or first))
        if not 0 < span[0] <= span[1] < 65536:
            raise ValueError(f"{name} is no range of ports")
        found.append(span)
    return tuple(found)


def _plainly(address: str) -> Address | None:
    """The address that a connection really goes to: out of IPv4-mapped and NAT64 ones the IPv4 address within."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return None
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def _within(address: Address) -> Sequence[IPv4Address]:
    """The IPv4 addresses that an IPv6 address may be translated to on its way."""
    return [IPv4Address(int(address) >> after & 0xFFFFFFFF) for network, after in _WRAPPED if address in network]


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _WORLD:
        return False
    return not _is_in(address, _INSIDE)


def _is_in(address: Address, found: Sequence[Network]) -> bool:
    return any(address in network for network in found if network.version == address.version)
