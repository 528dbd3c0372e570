"""What the doctor says of the ways out of this machine: control server, clock, UDP, NAT, relays, the router's mapping
(:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from lanrage.core.diagnosis import Check, ControlFacts, Facts, NodeFacts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.nat_judgement import judge_nat

CLOCK_WARNING = 5.0
"""Seconds; no sane NTP client is this far off."""
CLOCK_FAILURE = 60.0
"""Seconds; relay tickets live for minutes, and WireGuard's handshakes carry the clock."""
BY_UDP = ("direct", "relay")
"""Kinds of paths."""


def judge_control(facts: Facts) -> Iterator[Check]:
    """The control server, its name, and its clock against ours."""
    control = facts.node.control if facts.node else None
    if control is None:
        return
    if control.name_error:
        yield found("name_unresolved", f"the name of the control server {control.address}: {control.name_error}")
    yield _connected(control)
    offset = control.clock_offset_s
    if offset is None:
        return
    words = f"this clock is {abs(offset):.1f} s {'behind' if offset > 0 else 'ahead'}"
    if abs(offset) <= CLOCK_WARNING:
        yield fine("clock", words)
    else:
        yield found("clock_off", words, level="failure" if abs(offset) > CLOCK_FAILURE else "warning")


def _connected(control: ControlFacts) -> Check:
    if not control.connected:
        why = f": {control.error}" if control.error else ""
        return found("control_unreachable", f"not connected to the control server {control.address}{why}")
    if control.rtt_ms is not None:
        return fine("control", f"the control server {control.address} answers in {control.rtt_ms:.1f} ms")
    if control.asked:
        words = f"the control server {control.address} is connected, but does not answer"
        return found("control_unreachable", words)
    return fine("control", f"connected to the control server {control.address}")


def judge_ways(facts: Facts) -> Iterator[Check]:
    """Whether UDP gets through, how others see this machine, and whether a relay would help."""
    node = facts.node
    if node is None or node.tunnel is None:
        return
    if node.udp_blocked and not any(member.path in BY_UDP for member in node.members):
        yield _blocked(node)  # where a path is by UDP, a relay is silent and no more
    if node.reflexive and _is_loopback(node.reflexive):
        yield fine("reflexive", "the reflector is on this machine and cannot tell how others see it", level="unknown")
    elif node.reflexive:
        yield fine("reflexive", f"seen from outside as {node.reflexive}")
    else:
        yield found("reflexive_unknown", "the reflector did not tell how this machine is seen from outside")
    if node.nat is not None:
        yield judge_nat(node.nat)
    yield _relays(node)


def _blocked(node: NodeFacts) -> Check:
    over_tcp = sum(member.path == "relay-tcp" for member in node.members)
    cut = any(member.online and member.path == "none" for member in node.members)
    words = f"no UDP comes through; {over_tcp} members are reached over TCP, where a lost packet holds up the next"
    return found("udp_blocked", words, level="failure" if cut else "warning")


def _relays(node: NodeFacts) -> Check:
    asked = [relay for relay in node.relays if relay.reachable is not None]
    good = sum(relay.reachable is True for relay in asked)
    if good:
        return fine("relay", f"{good} of {len(asked)} relays answer")
    if asked:
        return found("relay_down", f"none of {len(asked)} relays answers")
    if not node.relays:
        return found("relay_none", "the control server names no relay")
    return fine("relay", "no pair has needed a relay yet", level="unknown")


def judge_mapping(facts: Facts) -> Iterator[Check]:
    """The port that the router maps."""
    mapping = facts.node.port_mapping if facts.node else None
    if mapping is None:
        return
    if mapping.needless:
        yield fine("port mapping", "this machine has a public address, so no router need map its port")
    elif mapping.offered:
        yield fine("port mapping", f"the router maps {mapping.external} to WireGuard's port ({mapping.method})")
    elif mapping.failure:
        yield found("port_unmapped", mapping.failure)
    else:
        yield fine("port mapping", "the router is being asked to map WireGuard's port", level="unknown")


def _is_loopback(endpoint: str) -> bool:
    try:
        return ip_address(endpoint.rpartition(":")[0].strip("[]")).is_loopback
    except ValueError:
        return False
