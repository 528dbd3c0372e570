"""What the doctor says of the way to each member (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.core.diagnosis import Check, Facts, MemberFacts
from lanrage.core.doctor_faults import fine, found

SESSION_LIFE = 180.0
"""Seconds; WireGuard forgets a session that is older (REJECT_AFTER_TIME, whitepaper section 6.1)."""
RESETS = 3
"""One or two happen when networks change; more mean that WireGuard refuses handshakes by their clock (TAI64N)."""
OUTER = 80
"""Bytes that IPv6, UDP and WireGuard put around a packet; 20 less with IPv4."""


def judge_members(facts: Facts) -> Iterator[Check]:
    """Path, handshake and size of packets, for each member."""
    for member in facts.node.members if facts.node else ():
        yield _member(member, facts)
        yield from _mtu(member, facts)


def _member(member: MemberFacts, facts: Facts) -> Check:
    name, tunnel = member.name, facts.node.tunnel if facts.node else None
    if not member.online and member.path == "none":
        return fine("member", "is offline", member=name)
    if member.path == "none":
        return found("member_no_path", "is online, yet no path to it works", member=name)
    if tunnel is not None and facts.local.host_routes.get(member.address, "") != tunnel.device:
        return found("member_no_route", f"{member.address} has no route into {tunnel.device}", member=name)
    if member.resets >= RESETS:
        words = f"WireGuard's session was begun anew {member.resets} times, as after a clock that went back"
        return found("member_clock", words, member=name)
    age = member.handshake_age_s
    if age is None:
        return found("member_no_handshake", f"has a path ({member.path}) but never shook hands", member=name)
    rtt = "" if member.rtt_ms is None else f", {member.rtt_ms:.1f} ms"
    words = f"path is {member.path}{rtt}, handshake {age:.0f} s ago"
    return found("member_silent", words, member=name) if age > SESSION_LIFE else fine("member", words, member=name)


def _mtu(member: MemberFacts, facts: Facts) -> Iterator[Check]:
    tunnel = facts.node.tunnel if facts.node else None
    if tunnel is None or not tunnel.mtu or member.mtu is None:
        return
    if member.mtu < tunnel.mtu:
        words = f"packets of at most {member.mtu} bytes come through, the tunnel sends up to {tunnel.mtu}"
        yield found("path_mtu", words, member=member.name, needed=tunnel.mtu + OUTER)
    else:
        yield fine("mtu", f"packets of {member.mtu} bytes, the largest of the tunnel, come through", member=member.name)
