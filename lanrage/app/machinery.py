"""The parts of a party session that touch the machine, made in one place; tests put their own in."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Interface, IPv6Network
from typing import Any, Protocol

import attrs

from lanrage.app.doctor_probes import Echo
from lanrage.app.game_tuning import Marks, NoMarks
from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import CaptureFrom, LanSettings
from lanrage.app.lan_groups import Groups
from lanrage.app.lan_guests import LanGuests
from lanrage.app.lan_parts import make_parts
from lanrage.app.lan_physical import LanMachine, physical_parts
from lanrage.app.lan_rooms import Room
from lanrage.app.lan_socket_parts import make_socket_parts
from lanrage.app.links import Links
from lanrage.app.party_channel import ChannelPort
from lanrage.app.port_mapping import PortMapping, map_links
from lanrage.app.punch_kit import PunchKit
from lanrage.app.roaming import Events
from lanrage.core.exposure import Exposure
from lanrage.core.lan_services import FORMS
from lanrage.core.links import WIREGUARD_PORT
from lanrage.core.play_ports import PlayPorts, Source, Span
from lanrage.core.room import device_name
from lanrage.errors import BadInput
from lanrage.interfaces import IMachine, IProbePort, ITunnel, IUndoJournal
from lanrage.net.adopt import Adopter
from lanrage.net.capture import Capture
from lanrage.net.card import TapCard
from lanrage.net.devices import port_taken
from lanrage.net.game_marks import GameMarks
from lanrage.net.guard import Guard, GuardTable, check_guard
from lanrage.net.guest_port import GuestPort
from lanrage.net.ipv6 import own_addresses6
from lanrage.net.lan_port import LanPort
from lanrage.net.machine import Machine
from lanrage.net.multicast import MulticastWays, RawWay
from lanrage.net.multicast6 import CardGroups6
from lanrage.net.network_events import NetworkEvents
from lanrage.net.party_port import party_port
from lanrage.net.ping import Pinger
from lanrage.net.plain_port import PlainPort
from lanrage.net.proc_net import ProcNet
from lanrage.net.punch_sockets import PunchSockets
from lanrage.net.punch_table import PunchTable
from lanrage.net.rawport import RawProbePort
from lanrage.net.room_card import RoomCard
from lanrage.net.threads import in_thread
from lanrage.net.tunnels import make_tunnel


@attrs.frozen
class Devices:
    """Which devices a session makes.

    :param tunnel: the WireGuard device's name, unique on the machine.
    :param kind: one of :data:`lanrage.core.settings_limits.TUNNEL_KINDS`.
    :param card: the LAN card's name.
    :param port: WireGuard's UDP port, 0 = any.
    :param birthday: hard pairs of routers may be joined by birthday probing.
    :param map_port: ask the router to map that port.
    :param lan: how the LAN plane carries.
    :param marks: games' traffic is marked.
    :param tc_class: class (major, minor) of a card's queue for it.
    """

    tunnel: str = "lanrage-wg0"
    kind: str = "auto"
    card: str = "lanrage0"
    port: int = WIREGUARD_PORT
    birthday: bool = True
    map_port: bool = False
    lan: LanSettings = LanSettings()
    marks: bool = True
    tc_class: tuple[int, int] | None = None


class Machinery(Protocol):
    """Makes the parts of one session."""

    machine: IMachine
    ports: PlayPorts

    def check(self) -> None:
        """Refuse what is certain to fail, before a party is told of us.

        :raises BadInput: the port or the card's name is taken.
        """

    def use(self, lan: LanSettings) -> None:
        """Make later parts by these settings; the ports in play are those at once."""

    def guarding(self) -> Guarding:
        """The party firewall, not there yet."""

    def tunnel(self) -> Awaitable[ITunnel]:
        """A WireGuard device, not created yet."""

    def probe_port(self) -> IProbePort:
        """The port beside WireGuard, not open yet."""

    def network_events(self) -> Events:
        """Tells what happens to this machine's network; not open yet."""

    def spare_port(self) -> IProbePort:
        """A UDP port of its own, not open yet, for what must not leave from WireGuard's."""

    def punch_kit(self) -> PunchKit | None:
        """What birthday probing uses, or ``None`` where it is off."""

    def party_port(self, address: IPv4Interface) -> ChannelPort:
        """The party channel's port, not open yet."""

    def lan_plane(self, address: IPv4Interface, nonce: int, prefix: IPv6Network | None = None) -> LanPlane:
        """The LAN plane with its card, not started yet.

        :param prefix: the party's IPv6 network; ``None`` goes without.
        """

    def room_card(self) -> Room:
        """The card of a game's room, not open yet."""

    def game_marks(self) -> Marks:
        """Marks games' traffic; nothing is marked yet."""

    def echo(self) -> Echo:
        """Asks members' machines for echoes; nothing is open yet."""

    def port_mapping(self, links: Links, random: Callable[[int], bytes]) -> PortMapping | None:
        """Maps the links' port at the router, not started yet; ``None`` where that is switched off."""


class RealMachinery:
    """The machine in whose network namespace this process runs.

    :param journal: remembers what is made, for the next start after a crash.
    """

    def __init__(self, reactor: Any, devices: Devices, journal: IUndoJournal) -> None:
        self._reactor = reactor
        self._devices = devices
        self._journal = journal
        self.machine: IMachine = Machine(reactor)
        self.ports = PlayPorts()
        self._put_ports(devices.lan.ports)
        for service in devices.lan.services:
            port = FORMS[service].port
            self.ports.put(Source.USER, service.value, (Span("udp", port, port),), "named in --lan-services")
        self._tables = ProcNet(reactor)

    def check(self) -> None:
        """See :meth:`Machinery.check`."""
        devices = self._devices
        if devices.card in [name for _, name in socket.if_nameindex()]:
            raise BadInput("card", f"the device {devices.card} exists already; remove it or set another name")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            try:
                trial.bind(("", devices.port))
            except OSError as error:
                raise port_taken(devices.port) from error
        if devices.lan.exposure is not Exposure.ALL:
            check_guard()

    def use(self, lan: LanSettings) -> None:
        """See :meth:`Machinery.use`."""
        self._devices = attrs.evolve(self._devices, lan=lan)
        self._put_ports(lan.ports)

    def _put_ports(self, spans: tuple[Span, ...]) -> None:
        self.ports.put(Source.USER, "lan.ports", spans, "named in --lan-ports")

    def guarding(self) -> Guarding:
        """See :meth:`Machinery.guarding`."""
        devices = self._devices
        table = GuardTable(devices.tunnel, devices.card, self._journal)
        return Guarding(devices.lan.exposure, self.ports, Guard(self._reactor, table))

    def tunnel(self) -> Awaitable[ITunnel]:
        """See :meth:`Machinery.tunnel`."""
        return make_tunnel(self._reactor, self._devices.tunnel, self._devices.kind, self._journal)

    def probe_port(self) -> IProbePort:
        """See :meth:`Machinery.probe_port`."""
        return RawProbePort(self._reactor)

    def network_events(self) -> Events:
        """See :meth:`Machinery.network_events`."""
        return NetworkEvents(self._reactor)

    def spare_port(self) -> IProbePort:
        """See :meth:`Machinery.spare_port`."""
        return PlainPort(self._reactor)

    def punch_kit(self) -> PunchKit | None:
        """See :meth:`Machinery.punch_kit`."""
        if not self._devices.birthday:
            return None
        table = PunchTable(self._reactor, self._devices.tunnel, self._journal)
        return PunchKit(lambda: PunchSockets(self._reactor), table)

    def party_port(self, address: IPv4Interface) -> ChannelPort:
        """See :meth:`Machinery.party_port`."""
        return party_port(self._reactor, address.ip, self._devices.tunnel)

    def lan_plane(self, address: IPv4Interface, nonce: int, prefix: IPv6Network | None = None) -> LanPlane:
        """See :meth:`Machinery.lan_plane`."""
        devices, lan = self._devices, self._devices.lan
        real = lan.capture is CaptureFrom.BOTH
        card = TapCard(self._reactor, devices.card, prefix=prefix)
        return LanPlane(
            self._reactor,
            card,
            LanPort(self._reactor, address.ip, devices.tunnel),
            address,
            nonce,
            own_addresses=self.machine.local_addresses,
            own_addresses6=lambda: in_thread(self._reactor, own_addresses6),
            capture=Capture(self._reactor, (devices.card, devices.tunnel)) if real else None,
            groups=lambda: self._groups(prefix is not None),
            carries=lan.capture is not CaptureFrom.OFF,
            dedup_window=lan.dedup_window,
            parts=lambda plane: (
                *make_parts(self._reactor, lan, plane, self._tables),
                *physical_parts(self._reactor, plane, LanMachine(devices.tunnel, self._journal)),
                *make_socket_parts(self._reactor, plane, card, devices.tunnel, address.ip, lan.routes),
                LanGuests(plane, GuestPort(self._reactor, devices.tunnel), nonce),  # last: it adds to others' decisions
            ),
            prefix=prefix,
            services=lan.services,
        )

    def room_card(self) -> Room:
        """See :meth:`Machinery.room_card`."""
        devices = self._devices
        return RoomCard(self._reactor, device_name(devices.card), devices.tunnel, self._journal)

    def game_marks(self) -> Marks:
        """See :meth:`Machinery.game_marks`."""
        devices = self._devices
        pair = (devices.tunnel, devices.card)
        return GameMarks(self._reactor, pair, devices.tc_class) if devices.marks else NoMarks()

    def echo(self) -> Echo:
        """See :meth:`Machinery.echo`."""
        return Pinger(self._reactor)

    def port_mapping(self, links: Links, random: Callable[[int], bytes]) -> PortMapping | None:
        """See :meth:`Machinery.port_mapping`."""
        return map_links(self._reactor, self.machine, links, self._journal, random) if self._devices.map_port else None

    def _groups(self, six: bool) -> Groups:
        """Called once the card is there: its index is known then."""
        raw = RawWay()
        raw.open()
        devices = self._devices
        card, tunnel = socket.if_nametoindex(devices.card), socket.if_nametoindex(devices.tunnel)
        ways = MulticastWays(
            self._reactor,
            Adopter(card),
            lambda call: in_thread(self._reactor, call),
            raw.send,
            excluded=(tunnel,),
            read=self._tables.read,
        )
        return Groups(ways, raw, CardGroups6(self._reactor, card, (tunnel,)) if six else None)
