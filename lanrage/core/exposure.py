"""What a party may reach on this machine: one rule, which the kernel's table and the doctor both follow.

:mod:`lanrage.wire.guard_ruleset` says it to nftables, :func:`judge` to everybody else (``docs/guard.rst``).
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address
from typing import Literal

import attrs

from lanrage.core.kept_ports import KEPT
from lanrage.core.play_ports import PlayPorts, Proto, Source, Span

CARRIER_PORT, PARTY_PORT = 4666, 7767
"""UDP, inside the tunnel: the LAN plane's (:mod:`lanrage.net.lan_port`), the party channel's
(:mod:`lanrage.net.party_port`): beside the control server's TCP port 7766, unassigned by IANA."""
PROBE_PORT = 4667
"""UDP, on the LAN card: the visibility probe's (:mod:`lanrage.net.probe_socket`), next to the carrier's. To IANA it is
"mmacomm", which no LAN game uses."""
OWN_PORTS = (CARRIER_PORT, PARTY_PORT, PROBE_PORT)
ECHO_REQUEST = 8
"""ICMP type (RFC 792)."""
ECHO_REQUEST_6, NEIGHBOUR_ASKED, NEIGHBOUR_TOLD = 128, 135, 136
"""ICMPv6 types (RFC 4443, RFC 4861); without the latter two no IPv6 on the card."""
ICMP_TYPES = {"icmp": (ECHO_REQUEST,), "icmpv6": (ECHO_REQUEST_6, NEIGHBOUR_ASKED, NEIGHBOUR_TOLD)}


class Exposure(Enum):
    """What of this machine a party reaches: setting ``lan.exposure``."""

    GUARDED = "guarded"  # all but the machine's services
    GAMES = "games"  # the ports in play
    ALL = "all"  # whatever listens


class Verdict(Enum):
    """Why a packet of a member comes in, or does not; the value is a sentence for the user."""

    ANSWER = "an answer to what this machine sent"
    OWN = "LANrage's own"
    ECHO = "ping and neighbours"
    WANTED = "named in --lan-ports"
    FREE = "a port that no service of the machine is known to use"
    PLAY = "in play"
    ASKED = "an answer to a search that this machine sent to all"
    EVERYTHING = "all is open"
    PASSED = "to a game's own room or a console"
    KEPT = "kept: a service of the machine"
    REFUSED = "not in play"
    THROUGH = "for another network behind this machine"

    @property
    def admitted(self) -> bool:
        """Whether the packet comes in."""
        return self not in (Verdict.KEPT, Verdict.REFUSED, Verdict.THROUGH)


@attrs.frozen
class GuardRules:
    """What the guard goes by.

    :param wanted: the user's ports: open whatever they are, for containers, too.
    :param play: what else is in play; never opens what is kept.
    :param kept: the machine's services.
    :param guests: devices that this node serves; what goes between them and the tunnel is forwarded.
    :param home: this member's party address, the only one of this machine that guests reach.
    """

    exposure: Exposure = Exposure.GUARDED
    wanted: tuple[Span, ...] = ()
    play: tuple[Span, ...] = ()
    kept: tuple[Span, ...] = KEPT
    guests: frozenset[IPv4Address] = frozenset()
    home: IPv4Address | None = None

    @classmethod
    def of(cls, exposure: Exposure, ports: PlayPorts) -> GuardRules:
        """The rules that the ports in play make."""
        return cls(exposure, ports.of(Source.USER), ports.of(Source.FIXED, Source.DETECTED))


@attrs.frozen
class Arrival:
    """A packet that came from the party, as the guard sees it.

    :param proto: ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or ``other``.
    :param port: where it is for, after other tables translated it; of ICMP the type.
    :param known: connection tracking calls it established or related.
    :param asked: a search to all left from this UDP port lately (setting ``games``).
    :param through: it is not for this machine itself but to be forwarded.
    :param passes: its two devices are a pair that a part of ours named.
    :param translated: the port that the member sent it to, where a table of this machine (a container's published
        port) gave it another destination.
    """

    proto: Literal["tcp", "udp", "icmp", "icmpv6", "other"]
    port: int = 0
    known: bool = False
    asked: bool = False
    through: bool = False
    passes: bool = False
    translated: int | None = None


def within(spans: tuple[Span, ...], proto: str, port: int) -> bool:
    """Whether a port is in one of the spans; other protocols have none."""
    return any(span.proto == proto and span.first <= port <= span.last for span in spans)


def judge(rules: GuardRules, packet: Arrival) -> Verdict:
    """Decide on a packet of a member."""
    if packet.known:
        return Verdict.ANSWER
    if packet.through:
        return _through(rules, packet)
    if packet.proto == "udp" and packet.port in OWN_PORTS:
        return Verdict.OWN
    if packet.port in ICMP_TYPES.get(packet.proto, ()):
        return Verdict.ECHO
    return _service(rules, packet)


def judge_port(rules: GuardRules, proto: Proto, port: int) -> Verdict:
    """Decide on a first packet to a port of this machine."""
    return judge(rules, Arrival(proto, port))


def _service(rules: GuardRules, packet: Arrival) -> Verdict:
    if rules.exposure is Exposure.ALL:
        return Verdict.EVERYTHING
    if within(rules.wanted, packet.proto, packet.port):
        return Verdict.WANTED
    if packet.proto not in ("tcp", "udp"):
        return Verdict.REFUSED
    if within(rules.kept, packet.proto, packet.port):
        return Verdict.KEPT
    if rules.exposure is Exposure.GUARDED:
        return Verdict.FREE
    if within(rules.play, packet.proto, packet.port):
        return Verdict.PLAY
    return Verdict.ASKED if packet.proto == "udp" and packet.asked else Verdict.REFUSED


def _through(rules: GuardRules, packet: Arrival) -> Verdict:
    """Networks behind this machine are nobody's in the party; what it publishes of containers opens by name alone."""
    if packet.translated is None:
        return Verdict.THROUGH  # also between named devices: whose part has crashed translates nothing any more
    if packet.passes:
        return Verdict.PASSED
    if rules.exposure is Exposure.ALL:
        return Verdict.EVERYTHING
    return Verdict.WANTED if within(rules.wanted, packet.proto, packet.translated) else Verdict.THROUGH
