"""What a laboratory consists of, as values: names and addresses of its hosts and routers (``docs/lab.rst``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from zlib import crc32

import attrs

from lanrage.errors import BadInput
from lanrage.lab import igd, six

OPEN = "open"
LAN = "lan"
NAT_KINDS = ("cone", "address-restricted", "restricted", "symmetric")
"""Kinds of NAT router, by RFC 4787's mapping and filtering; see :mod:`lanrage.lab.nat`."""
DOUBLE = "double"
"""A restricted router behind a carrier's restricted router."""
MAPPED = "mapped"
"""A restricted router that maps ports when it is asked (PCP, NAT-PMP, UPnP IGD), by Debian's miniupnpd."""
BLOCKED = "blocked"
"""A router that lets no UDP through, either way."""
SIX = "six"
"""A symmetric router that passes IPv6, with a firewall and without translation (:mod:`lanrage.lab.six`)."""
KINDS = (OPEN, *NAT_KINDS, DOUBLE, MAPPED, BLOCKED, SIX, LAN)
"""What ``--nat`` takes: no router, a router of a kind, or the router of the host before."""

MAX_HOSTS = 200
"""One /24 of public addresses and one 192.168.x.0/24 per router set this bound; two cores set a lower one."""

GATEWAY = "203.0.113.254"
"""The WAN router's own address (TEST-NET-3, RFC 5737), next hop of all."""
PUBLIC_ADDRESSES = ("203.0.113.1", "203.0.113.2", "203.0.113.3")
"""The public host's addresses: services listen at the first, the others tell kinds of NAT apart."""
FIRST_SITE = 10
"""Site N has the public address 203.0.113.(10 + N)."""

CONTROL_PORT = 7766
STUN_PORT = 3478
RELAY_PORTS = "7800-7863"
RELAY2_PORTS = "7900-7963"
"""Ports of the second relay, at the second public address."""
MAX_RELAYS = 2
"""One shows nothing of the choice between them, and a third nothing that two do not."""
WIREGUARD_PORT = 51820

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?")
_PREFIX = "lanrage-"
_ROLE = r"(?:wan|pub|[crh][1-9][0-9]{0,2})"


@attrs.frozen
class Router:
    """A NAT router between the WAN and the hosts of one LAN.

    :param index: the index of the first host behind it.
    :param kind: one of :data:`NAT_KINDS`, :data:`MAPPED`, :data:`BLOCKED` or :data:`SIX`.
    :param netns: its network namespace.
    :param public_address: the address at which the WAN sees it.
    :param lan_address: its address on the LAN, a /24.
    :param carrier: the carrier's router that it is behind, in the shared address space (RFC 6598); None on the WAN.
    """

    index: int
    kind: str
    netns: str
    public_address: str
    lan_address: str
    carrier: Router | None = None

    @property
    def wan_address(self) -> str:
        """The address of its own card to the WAN."""
        return f"{self.carrier.lan_address.rpartition('.')[0]}.2" if self.carrier else self.public_address

    @property
    def outer(self) -> Router:
        """The router that has the public address."""
        return self.carrier or self


@attrs.frozen
class Host:
    """A player's machine.

    :param index: from 1, in the order of ``--nat``.
    :param nat: the word of ``--nat`` for it.
    :param address: of its card ``eth0``.
    :param router: index of the router it is behind; None with a public address of its own.
    :param tunnel_device: unique on the machine, since wireguard-go's sockets lie in one folder.
    :param wireguard_port: differs between hosts behind one router, so that each keeps its port outside.
    :param six: its IPv6 address; empty where there is none.
    """

    index: int
    name: str
    nat: str
    netns: str
    address: str
    public_address: str
    router: int | None
    tunnel_device: str
    wireguard_port: int
    six: str = ""


@attrs.frozen
class Plan:
    """All hosts and routers of one laboratory.

    :param relays: how many run on the public host.
    """

    name: str
    hosts: tuple[Host, ...]
    routers: tuple[Router, ...]
    relays: int = 1

    @property
    def wan(self) -> str:
        """The WAN router's namespace."""
        return netns_name(self.name, "wan")

    @property
    def public(self) -> str:
        """The public host's namespace."""
        return netns_name(self.name, "pub")

    def namespaces(self) -> list[str]:
        """Every namespace of the laboratory."""
        routers = [router for inner in self.routers for router in dict.fromkeys((inner.outer, inner))]
        return [self.wan, self.public, *(r.netns for r in routers), *(h.netns for h in self.hosts)]

    def host(self, word: str) -> Host:
        """The host of a name or index.

        :raises BadInput: when there is none.
        """
        for host in self.hosts:
            if word in (host.name, str(host.index)):
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise BadInput("host", f"{word!r} is none of {known}")

    def router(self, index: int) -> Router:
        """The router of an index."""
        return next(router for router in self.routers if router.index == index)

    def pairs(self) -> Iterator[tuple[Host, Host]]:
        """Each two hosts once, the lower index first."""
        for position, first in enumerate(self.hosts):
            for second in self.hosts[position + 1 :]:
                yield first, second


def check_name(name: str) -> str:
    """Return a laboratory's name that fits namespaces and folders.

    :raises BadInput: names the rule.
    """
    if not _NAME.fullmatch(name):
        raise BadInput("name", f"{name!r} is not 1 to 20 of a-z, 0-9 and inner hyphens")
    return name


def netns_name(lab: str, role: str) -> str:
    """The namespace of a role (``wan``, ``pub``, ``r1``, ``h1``) in a laboratory."""
    return f"{_PREFIX}{lab}-{role}"


def owner(netns: str) -> str | None:
    """The name of the laboratory that a namespace belongs to; None for foreign ones."""
    match = re.fullmatch(rf"{_PREFIX}({_NAME.pattern})-{_ROLE}", netns)
    return match[1] if match else None


def device_prefix(lab: str) -> str:
    """How the tunnel devices of a laboratory begin: at most 11 characters, by its name's checksum."""
    return f"lr{crc32(lab.encode()):08x}-"


def expand_kinds(words: Sequence[str], hosts: int | None) -> list[str]:
    """The kind of each host: the words in order, again from the first when there are more hosts.

    :raises BadInput: for an unknown kind, a count out of range, or ``lan`` with no router before it.
    """
    for word in words:
        if word not in KINDS:
            raise BadInput("nat", f"{word!r} is none of {', '.join(KINDS)}")
    count = len(words) if hosts is None else hosts
    if not words or not 1 <= count <= MAX_HOSTS:
        raise BadInput("hosts", f"{count} is not 1 to {MAX_HOSTS}")
    if count < len(words):
        raise BadInput("nat", f"names {len(words)} kinds for {count} hosts")
    kinds = [words[i % len(words)] for i in range(count)]
    for before, kind in zip([OPEN, *kinds], kinds, strict=False):
        if kind == LAN and before == OPEN:
            raise BadInput("nat", "lan needs a host behind a router before it")
    return kinds


def make_plan(name: str, kinds: Sequence[str], relays: int = 1) -> Plan:
    """Lay out a laboratory of one host for each kind."""
    check_name(name)
    hosts: list[Host] = []
    routers: list[Router] = []
    for index, kind in enumerate(kinds, start=1):
        if kind not in (OPEN, LAN):
            routers.append(_router(name, index, kind))
        hosts.append(_host(name, index, kind, routers[-1] if routers and kind != OPEN else None))
    return Plan(name, tuple(hosts), tuple(routers), relays)


def _router(lab: str, index: int, kind: str) -> Router:
    carrier = None
    if kind == DOUBLE:
        kind = "restricted"
        carrier = Router(index, kind, netns_name(lab, f"c{index}"), _public(index), f"100.64.{index}.1")
    public = igd.public_address(index) if kind == MAPPED else _public(index)
    return Router(index, kind, netns_name(lab, f"r{index}"), public, f"192.168.{index}.1", carrier)


def _host(lab: str, index: int, kind: str, router: Router | None) -> Host:
    place = index - router.index if router else 0
    return Host(
        index=index,
        name=f"h{index}",
        nat=kind,
        netns=netns_name(lab, f"h{index}"),
        address=f"192.168.{router.index}.{10 + place}" if router else _public(index),
        public_address=router.public_address if router else _public(index),
        router=router.index if router else None,
        tunnel_device=f"{device_prefix(lab)}{index}",
        wireguard_port=WIREGUARD_PORT + place,
        six=str(six.host_address(router.index, place)) if router and router.kind == SIX else "",
    )


def _public(index: int) -> str:
    return f"203.0.113.{FIRST_SITE + index}"
