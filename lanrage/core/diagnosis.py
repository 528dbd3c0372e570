"""What the doctor looks at, and the shape of what it finds (``docs/cli.rst``); judged by :mod:`lanrage.core.judgement`.

Facts are collected by :mod:`lanrage.app.doctor` on the machine and by the node about itself. A fact that nobody could
find out is ``None`` (or an empty list) and is judged "unknown", never as a failure.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from lanrage.core.listening import ExposureFacts

Level = Literal["ok", "warning", "failure", "unknown"]


class _Facts(msgspec.Struct, frozen=True):
    """Base of all facts: they may grow, unknown ones are ignored."""


class DeviceFacts(_Facts, frozen=True):
    """One network device of ours.

    :param rp_filter: the greater of the device's and ``all``, as the kernel takes it.
    """

    name: str
    present: bool
    up: bool = False
    broadcast: bool = False
    mtu: int = 0
    addresses: list[str] = []
    rp_filter: int | None = None
    ipv6_disabled: bool | None = None


class RouteFacts(_Facts, frozen=True):
    """One IPv4 route that is neither a default route nor one to a single host."""

    network: str
    device: str


class DiskFacts(_Facts, frozen=True):
    """Where the node keeps its state.

    :param free: bytes that it may still write.
    :param trouble: why nothing can be written; empty while all is well.
    """

    folder: str
    free: int | None = None
    trouble: str = ""


class LocalFacts(_Facts, frozen=True):
    """The machine as one process sees it.

    :param capabilities: the process's effective ones, without ``cap_``, in lower case.
    :param tun: of ``/dev/net/tun``.
    :param kernel_wireguard: ``loaded``, ``available`` (as a module that loads by itself) or ``missing``.
    :param programs: those of ours that are on the path.
    :param port_taken: a foreign program holds WireGuard's UDP port; ``None`` while a node holds it.
    :param watchers: running programs that may change devices or filter packets.
    :param input_drop: nftables chains on the input hook that drop by default; ``None`` = could not be listed.
    :param host_routes: device of each IPv4 /32 route, by address.
    :param routes: the other IPv4 routes.
    :param kernel: its release; empty = unknown.
    :param managed: devices of ours that NetworkManager holds.
    """

    uid: int
    capabilities: list[str]
    tun: Literal["ready", "missing", "denied"]
    kernel_wireguard: Literal["loaded", "available", "missing"]
    programs: list[str] = []
    default_route: bool | None = None
    port_taken: bool | None = None
    watchers: list[str] = []
    input_drop: list[str] | None = None
    devices: list[DeviceFacts] = []
    host_routes: dict[str, str] = {}
    routes: list[RouteFacts] = []
    kernel: str = ""
    managed: list[str] = []


class TunnelFacts(_Facts, frozen=True):
    """The node's WireGuard device.

    :param mtu: bytes; 0 = unknown.
    """

    device: str
    kind: str
    port: int
    mtu: int = 0


class CardFacts(_Facts, frozen=True):
    """The node's LAN card and its party address (without the prefix length).

    :param sockets: UDP ports of games' sockets that are bound to the card.
    :param translated: games' sockets that are bound to a real address, and get what goes to the party address.
    :param routes: that lead unbound broadcasts and multicasts to the card.
    :param subnet: of the party; empty = unknown.
    """

    name: str
    address: str
    sockets: int = 0
    translated: int = 0
    routes: int = 0
    subnet: str = ""


class ControlFacts(_Facts, frozen=True):
    """The control server.

    :param error: why the last try failed, one sentence.
    :param clock_offset_s: its clock minus ours.
    :param rtt_ms: until it answered a question just now; ``None`` where it did not, or was not asked.
    :param asked: it was asked just now.
    :param name_error: why its name could not be looked up just now; empty where it could, or has none.
    """

    address: str
    connected: bool
    error: str | None = None
    clock_offset_s: float | None = None
    rtt_ms: float | None = None
    asked: bool = False
    name_error: str = ""


class RelayFacts(_Facts, frozen=True):
    """One relay and whether it answered."""

    address: str
    reachable: bool | None = None
    rtt_ms: float | None = None


class MemberFacts(_Facts, frozen=True):
    """Another member of the party and the path to it.

    :param mtu: the largest packet that went there and came back just now, at most the tunnel's MTU, in bytes; ``None``
        where it answers no echo request, or was not asked.
    :param resets: how often WireGuard's session with it had to be begun anew.
    :param clock_offset_s: its clock minus ours, as it told just now; ``None`` where it did not.
    :param clock_error_s: the true offset is within so much of it: half of the round trip.
    """

    name: str
    address: str
    online: bool
    path: str = "none"
    endpoint: str | None = None
    rtt_ms: float | None = None
    handshake_age_s: float | None = None
    mtu: int | None = None
    resets: int = 0
    clock_offset_s: float | None = None
    clock_error_s: float = 0.0


class NatFacts(_Facts, frozen=True):
    """What the node is behind, in the words of :mod:`lanrage.core.nat`.

    :param complete: two addresses of a reflector were there to tell it by.
    """

    kind: str
    mapping: str = "unknown"
    filtering: str = "unknown"
    hairpin: bool | None = None
    lifetime_s: float | None = None
    complete: bool = False


class MappingFacts(_Facts, frozen=True):
    """The port that the router maps to WireGuard's.

    :param method: ``pcp``, ``nat-pmp`` or ``upnp-igd``; empty while none works.
    :param external: ``host:port`` outside; ``None`` while nothing is mapped.
    :param expires_s: seconds; ``None`` = it does not end by itself, or is not there.
    :param offered: members are told of it.
    :param needless: this machine has a public address itself.
    :param failure: why others cannot reach it, one sentence.
    """

    method: str = ""
    gateway: str | None = None
    external: str | None = None
    expires_s: float | None = None
    offered: bool = False
    needless: bool = False
    failure: str = ""


class SeenFacts(_Facts, frozen=True):
    """How far a game's broadcast came on its way to one member.

    :param missing: the first stage that was not confirmed, in a word of :class:`lanrage.core.visibility.Stage` in lower
        case; empty if all were.
    :param heard_ms: when a socket there got it.
    """

    name: str
    missing: str = ""
    heard_ms: float | None = None


class BoundGameFacts(_Facts, frozen=True):
    """A socket of a running game that is bound to one address of this machine, and to no other.

    :param name: the game's.
    """

    name: str
    proto: str
    port: int
    address: str


class NodeFacts(_Facts, frozen=True):
    """The node about itself; what it is not at yet is ``None``.

    :param local: :func:`lanrage.app.doctor.collect_local` run inside the node's process.
    :param reflexive: the address under which the reflector sees WireGuard's port.
    :param udp_blocked: the control server is reached, and no relay by UDP.
    :param visibility: of each member; ``None`` where it could not be probed, and `unprobed` or `unsent` says why.
    :param unprobed: nobody tried, one sentence.
    :param unsent: this machine did not let the datagram out, one sentence.
    :param disk: ``None`` = unknown.
    :param bound_games: ``None`` = nobody looked.
    """

    version: str
    state: str
    missing: list[str] = []
    local: LocalFacts | None = None
    tunnel: TunnelFacts | None = None
    card: CardFacts | None = None
    control: ControlFacts | None = None
    reflexive: str | None = None
    relays: list[RelayFacts] = []
    members: list[MemberFacts] = []
    nat: NatFacts | None = None
    udp_blocked: bool = False
    port_mapping: MappingFacts | None = None
    exposure: ExposureFacts | None = None
    visibility: list[SeenFacts] | None = None
    disk: DiskFacts | None = None
    bound_games: list[BoundGameFacts] | None = None
    unprobed: str = ""
    unsent: str = ""


class Facts(_Facts, frozen=True):
    """All that is judged.

    :param node_error: why no node could be asked, one sentence; ``None`` when one answered.
    :param local: the node's own view where there is one, else the doctor's.
    """

    local: LocalFacts
    node: NodeFacts | None = None
    node_error: str | None = None


class Check(msgspec.Struct, frozen=True, omit_defaults=False):
    """One finding: what is so, and what to do about it.

    :param name: for people.
    :param advice: the remedy: a command, or a clear step.
    :param fault: stable, of :data:`lanrage.core.doctor_faults.FAULTS`; empty where nothing is wrong.
    :param id: of the check, stable.
    :param member: whom it concerns; empty = this machine.
    """

    name: str
    level: Level
    sentence: str
    advice: str = ""
    fault: str = ""
    id: str = ""
    member: str = ""

    @property
    def failed(self) -> bool:
        """Something does not work."""
        return self.level == "failure"
