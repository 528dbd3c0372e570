"""Whom a connection is counted under: the host that it comes from, also behind a proxy that is trusted to say so."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import attrs

from lanrage.errors import BadInput

UNIX = "unix"
"""How a proxy that connects by a UNIX socket is named."""
PREFIX = 64
"""Bits of an IPv6 address that name a host: its owner may use all addresses below them."""
HOPS_LIMIT = 8
"""Entries of ``X-Forwarded-For`` that are looked at, from the right: proxies behind proxies are few."""
PROXIES_LIMIT = 64
"""Named proxies; more is a mistake, or a list of the internet."""

Address = IPv4Address | IPv6Address


def parse_host(text: str) -> Address | None:
    """An IP address, its IPv4-mapped form unwrapped, a zone left out; ``None`` for anything else."""
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_here(host: str) -> bool:
    """Whether a peer is this machine: a loopback address, or no address at all (a UNIX socket, given as ``""``)."""
    ip = parse_host(host)
    return ip.is_loopback if ip is not None else not host


def origin_of(host: str) -> str:
    """The host or IPv6 /64 that a connection is counted under; empty = not counted: this machine speaks for many."""
    ip = parse_host(host)
    if ip is None or ip.is_loopback:
        return ""
    return str(ip) if ip.version == 4 else str(ip_network((ip, PREFIX), strict=False))


@attrs.frozen
class Proxies:
    """The proxies whose word about their clients counts.

    :param networks: their addresses.
    :param unix: whether peers that come by a UNIX socket are proxies, too.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, text: str, field: str) -> Proxies:
        """``ADDRESS[,ADDRESS]``: addresses, networks, or the word ``unix``.

        :raises BadInput: names `field`.
        """
        networks = []
        words = [word.strip() for word in text.split(",") if word.strip()]
        if len(words) > PROXIES_LIMIT:
            raise BadInput(field, f"at most {PROXIES_LIMIT} proxies can be named")
        for word in words:
            if word == UNIX:
                continue
            try:
                network = ip_network(word)
            except ValueError as error:
                rule = f"{word!r} is no address, no network such as 10.0.0.0/24, and not the word {UNIX}"
                raise BadInput(field, rule) from error
            if not network.prefixlen:
                raise BadInput(field, f"{word!r} would believe everybody")
            networks.append(network)
        return cls(tuple(networks), UNIX in words)

    def __contains__(self, host: str) -> bool:
        """Whether a peer is one of them; ``""`` is a UNIX socket."""
        if not host:
            return self.unix
        ip = parse_host(host)
        return ip is not None and any(ip in network for network in self.networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The host for whom a peer speaks: the right-most entry of ``X-Forwarded-For`` that is none of the proxies.

        :param peer: address of the TCP connection; ``""`` is a UNIX socket.
        :param forwarded: the header's value, several joined by commas; empty = none.
        :returns: `peer` itself, where it is no proxy of ours, or where the header makes no sense.
        """
        if peer not in self:
            return peer
        found = peer
        for entry in reversed(forwarded.split(",")[-HOPS_LIMIT:]):
            ip = parse_host(_without_port(entry.strip()))
            if ip is None:
                return peer
            found = str(ip)
            if found not in self:
                break
        return found


def _without_port(entry: str) -> str:
    """``a.b.c.d:port`` and ``[v6]:port`` are written by some proxies."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.rpartition(":")
    return host if host.count(".") == 3 and ":" not in host and port.isdigit() else entry
