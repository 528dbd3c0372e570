"""What the doctor makes of the facts; pure, so that every finding has a test (``docs/cli.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from lanrage.core.diagnosis import Check, DeviceFacts, Facts, Level, MemberFacts
from lanrage.core.exposure_judgement import judge_exposure
from lanrage.core.links import TUNNEL_MTU
from lanrage.core.nat_judgement import judge_nat
from lanrage.core.rights import NEEDED, Privileges, best_commands, lacking, lacking_tun
from lanrage.core.visibility_judgement import judge_visibility

CLOCK_WARNING = 5.0
"""Seconds; no sane NTP client is this far off."""
CLOCK_FAILURE = 60.0
"""Seconds; relay tickets live for minutes, and WireGuard's handshakes carry the clock."""
SESSION_LIFE = 180.0
"""Seconds; WireGuard forgets a session that is older (REJECT_AFTER_TIME, whitepaper section 6.1)."""
LOOSE_RP_FILTER = 2
"""The members' packets come by the other device, so the card's filter must be loose."""


def _node(facts: Facts) -> Iterator[Check]:
    node = facts.node
    if node is None:
        yield Check("node", "failure", facts.node_error or "no node answers")
        return
    yield Check("node", "ok", f"a node of version {node.version} answers; it is {node.state}")
    for sentence in node.missing:
        yield Check("node", "failure", sentence)


def _rights(facts: Facts) -> Iterator[Check]:
    has = Privileges(frozenset(facts.local.capabilities))
    lacks = [lacking(name, has) for name in NEEDED if name not in has.effective]
    if not lacks:
        yield Check("rights", "ok", "the process has CAP_NET_ADMIN and CAP_NET_RAW")
        return
    words = f"{' and '.join(each.name for each in lacks)} {'is' if len(lacks) == 1 else 'are'} missing"
    more = f"{best_commands(lacks)}, or what `lanrage rights show` names"
    if facts.node is None:
        yield Check("rights", "warning", f"a node that this user starts cannot link: {words}", more)
    else:
        yield Check("rights", "failure", f"the node cannot make links: {words}", more)


def _tun(facts: Facts) -> Iterator[Check]:
    tun = facts.local.tun
    lacks = lacking_tun(tun)
    if not lacks:
        yield Check("tun", "ok", "/dev/net/tun can be opened")
        return
    level: Level = "warning" if tun == "denied" and facts.node is None else "failure"
    words = "may not be opened by this user" if tun == "denied" else "is missing"
    yield Check(
        "tun", level, f"/dev/net/tun {words}: {lacks[0].costs}", f"{best_commands(lacks)}; {lacks[0].grants[0].trade}"
    )


def _wireguard(facts: Facts) -> Iterator[Check]:
    local, program = facts.local, "wireguard-go" in facts.local.programs
    if local.kernel_wireguard != "missing":
        yield Check("wireguard", "ok", f"WireGuard in the kernel is {local.kernel_wireguard}")
    elif program:
        yield Check("wireguard", "ok", "no WireGuard in the kernel; wireguard-go stands in")
    else:
        yield Check(
            "wireguard",
            "failure",
            "neither the kernel has WireGuard nor is wireguard-go installed",
            "sudo apt install wireguard-go",
        )


def _port(facts: Facts) -> Iterator[Check]:
    if facts.local.port_taken:
        yield Check(
            "port",
            "failure",
            "WireGuard's UDP port is taken by another program",
            "stop that program (ss -ulpn names it) or start the node with another --wireguard-port",
        )


def _device(facts: Facts, name: str) -> DeviceFacts | None:
    return next((device for device in facts.local.devices if device.name == name), None)


def _tunnel(facts: Facts) -> Iterator[Check]:
    tunnel = facts.node.tunnel if facts.node else None
    if tunnel is None:
        return
    device = _device(facts, tunnel.device)
    if device is None:
        yield Check("tunnel", "unknown", f"nobody could look at the device {tunnel.device}")
    elif not device.present or not device.up:
        state = "down" if device.present else "gone"
        yield Check("tunnel", "failure", f"the device {tunnel.device} is {state}", "restart the node")
    else:
        yield Check("tunnel", "ok", f"{tunnel.device} is up ({tunnel.kind}) on UDP port {tunnel.port}")


def _card(facts: Facts) -> Iterator[Check]:
    card = facts.node.card if facts.node else None
    if card is None:
        return
    device = _device(facts, card.name)
    if device is None:
        yield Check("card", "unknown", f"nobody could look at the card {card.name}")
        return
    faults = list(_card_faults(device, card.address))
    for sentence, advice in faults:
        yield Check("card", "failure", sentence, advice)
    if not faults:
        yield Check("card", "ok", f"{card.name} is up with {card.address}, games can broadcast on it")
    if card.sockets or card.translated:
        words = f"{card.sockets} ports bound to {card.name}, {card.translated} bound to a real address"
        yield Check("sockets", "ok", f"games' sockets that are helped: {words}")
    if card.routes:
        yield Check("route", "ok", f"{card.routes} routes lead games' unbound broadcasts to {card.name}")


def _card_faults(device: DeviceFacts, address: str) -> Iterator[tuple[str, str]]:
    name = device.name
    if not device.present or not device.up:
        yield f"the card {name} is {'down' if device.present else 'gone'}", "restart the node"
        return
    if not device.broadcast:
        yield f"the card {name} cannot broadcast", "another program made it: rename that device or ours (--card)"
    if address not in device.addresses:
        yield (
            f"the card {name} lost its address {address}",
            "let NetworkManager and networkd leave it alone, then restart",
        )
    if device.rp_filter is not None and device.rp_filter != LOOSE_RP_FILTER:
        yield (
            f"the reverse path filter of {name} is {device.rp_filter}: members' packets are dropped or unchecked",
            f"sudo sysctl net.ipv4.conf.{name}.rp_filter={LOOSE_RP_FILTER}",
        )
    if device.mtu > TUNNEL_MTU:
        yield f"the card's MTU {device.mtu} is more than a tunnel carries", f"sudo ip link set {name} mtu {TUNNEL_MTU}"


def _control(facts: Facts) -> Iterator[Check]:
    control = facts.node.control if facts.node else None
    if control is None:
        return
    if control.connected:
        yield Check("control", "ok", f"connected to the control server {control.address}")
    else:
        why = f": {control.error}" if control.error else ""
        yield Check(
            "control",
            "failure",
            f"not connected to the control server {control.address}{why}",
            "who is in the party plays on; nobody can join or change networks until it is back",
        )
    offset = control.clock_offset_s
    if offset is None:
        return
    level: Level = "failure" if abs(offset) > CLOCK_FAILURE else "warning" if abs(offset) > CLOCK_WARNING else "ok"
    advice = "" if level == "ok" else "set the clock: sudo timedatectl set-ntp true"
    yield Check("clock", level, f"this clock is {abs(offset):.1f} s {'behind' if offset > 0 else 'ahead'}", advice)


def _ways(facts: Facts) -> Iterator[Check]:
    node = facts.node
    if node is None or node.tunnel is None:
        return
    if node.udp_blocked:
        over_tcp = sum(member.path == "relay-tcp" for member in node.members)
        yield Check(
            "udp",
            "warning",
            f"no UDP comes through; {over_tcp} members are reached over TCP, where a lost packet holds up the next",
            "let UDP out, at least to the relay's ports (7800-7863), or use another network",
        )
    if node.reflexive and _is_loopback(node.reflexive):
        yield Check("reflexive", "unknown", "the reflector is on this machine and cannot tell how others see it")
    elif node.reflexive:
        yield Check("reflexive", "ok", f"seen from outside as {node.reflexive}")
    else:
        advice = "let UDP out to the control server's port 3478; until then only a relay or the same LAN works"
        yield Check("reflexive", "warning", "the reflector did not tell how this machine is seen from outside", advice)
    if node.nat is not None:
        yield judge_nat(node.nat)
    asked = [relay for relay in node.relays if relay.reachable is not None]
    good = sum(relay.reachable is True for relay in asked)
    if good:
        yield Check("relay", "ok", f"{good} of {len(asked)} relays answer")
    elif asked:
        yield Check("relay", "warning", f"none of {len(asked)} relays answers", "let UDP out to ports 7800-7863")
    elif not node.relays:
        yield Check("relay", "warning", "the control server names no relay", "pairs that cannot punch will not connect")
    else:
        yield Check("relay", "unknown", "no pair has needed a relay yet")


def _mapping(facts: Facts) -> Iterator[Check]:
    mapping = facts.node.port_mapping if facts.node else None
    if mapping is None:
        return
    if mapping.needless:
        yield Check("port mapping", "ok", "this machine has a public address, so no router need map its port")
    elif mapping.offered:
        yield Check("port mapping", "ok", f"the router maps {mapping.external} to WireGuard's port ({mapping.method})")
    elif mapping.failure:
        advice = "paths are punched or relayed instead; to help, allow UPnP or PCP in the router, or forward the port"
        yield Check("port mapping", "warning", mapping.failure, advice)
    else:
        yield Check("port mapping", "unknown", "the router is being asked to map WireGuard's port")


def _is_loopback(endpoint: str) -> bool:
    try:
        return ip_address(endpoint.rpartition(":")[0].strip("[]")).is_loopback
    except ValueError:
        return False


def _members(facts: Facts) -> Iterator[Check]:
    for member in facts.node.members if facts.node else ():
        yield _member(member, facts)


def _member(member: MemberFacts, facts: Facts) -> Check:
    name = f"member {member.name}"
    if not member.online and member.path == "none":
        return Check(name, "ok", "is offline")
    if member.path == "none":
        return Check(
            name, "failure", "is online, yet no path to it works", "see the checks of reflexive and relay, there too"
        )
    tunnel = facts.node.tunnel if facts.node else None
    if tunnel is not None and facts.local.host_routes.get(member.address, "") != tunnel.device:
        return Check(name, "failure", f"{member.address} has no route into {tunnel.device}", "restart the node")
    age = member.handshake_age_s
    if age is None:
        return Check(
            name, "failure", f"has a path ({member.path}) but never shook hands", "look at both clocks, then restart"
        )
    rtt = "" if member.rtt_ms is None else f", {member.rtt_ms:.1f} ms"
    level: Level = "warning" if age > SESSION_LIFE else "ok"
    advice = "" if level == "ok" else "send something there; if it stays so, look at both clocks"
    return Check(name, level, f"path is {member.path}{rtt}, handshake {age:.0f} s ago", advice)


def _visibility(facts: Facts) -> Iterator[Check]:
    if facts.node is not None and facts.node.visibility is not None:
        yield from judge_visibility(facts.node.visibility)


def _surroundings(facts: Facts) -> Iterator[Check]:
    local = facts.local
    leased = facts.node is not None and facts.node.card is not None and facts.node.card.routes
    if local.default_route is False and not leased:
        yield Check("route", "warning", "no default route: a game's unbound broadcast fails", "connect to any network")
    if local.input_drop:
        advice = "accept UDP to WireGuard's port, and what comes in by lanrage0 and lanrage-wg0"
        yield Check(
            "firewall", "warning", f"incoming packets are dropped by default in {', '.join(local.input_drop)}", advice
        )
    for watcher in local.watchers:
        if watcher in _FIREWALLS:
            yield Check("firewall", "warning", f"{watcher} is active", _FIREWALLS[watcher])
        else:
            yield Check("surroundings", "ok", f"{watcher} runs; lanrage0 and lanrage-wg0 must be unmanaged there")


_FIREWALLS = {
    "firewalld": "let the party in by its own tool: sudo lanrage firewall allow",
    "ufw": "let the party in by its own tool: sudo lanrage firewall allow",
}

_RULES: tuple[Callable[[Facts], Iterator[Check]], ...] = (
    _node,
    _rights,
    _tun,
    _wireguard,
    _port,
    _tunnel,
    _card,
    _control,
    _ways,
    _mapping,
    _members,
    judge_exposure,
    _visibility,
    _surroundings,
)


def judge(facts: Facts) -> list[Check]:
    """All findings, in the order in which a packet meets their subjects; the node comes first."""
    return [check for rule in _RULES for check in rule(facts)]
