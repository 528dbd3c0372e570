"""The parts of the LAN plane that look at physical networks, made for this machine: neighbours and bridges."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.lan_bridge import LanBridge
from lanrage.app.lan_neighbours import LanNeighbours
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.links import LocalAddress
from lanrage.interfaces import IUndoJournal
from lanrage.net.bridge_port import BridgePort, find_mac, port_free
from lanrage.net.bridge_table import BridgeTable
from lanrage.net.machine import Machine
from lanrage.net.neighbour_port import NeighbourPort
from lanrage.net.network_events import NetworkEvents
from lanrage.net.threads import in_thread
from lanrage.wire.bridge_ruleset import Place


@attrs.frozen
class LanMachine:
    """What the parts change of this machine.

    :param tunnel: name of the WireGuard device.
    :param journal: remembers what is made, for the next start after a crash.
    """

    tunnel: str
    journal: IUndoJournal


@attrs.frozen
class BridgeMakers:
    """See :class:`lanrage.app.lan_bridge.Makers`."""

    reactor: Any
    machine: LanMachine

    def port(self, name: str) -> BridgePort:
        """A card, not open yet."""
        return BridgePort(self.reactor, name)

    def table(self, here: LocalAddress, party: IPv4Address) -> BridgeTable:
        """A card's table, not open yet."""
        place = Place(here.interface, here.address, self.machine.tunnel, party)
        return BridgeTable(self.reactor, self.machine.journal, here.index, place)

    def port_free(self, port: int) -> bool:
        """Whether no program of this machine has the UDP port."""
        return port_free(port)

    def find_mac(self, address: IPv4Address, device: str) -> Deferred[bytes | None]:
        """The MAC of a device on a card, if it is known by now."""
        return in_thread(self.reactor, find_mac, address, device)


def physical_parts(reactor: Any, plane: Plane, machine: LanMachine) -> tuple[LanPart, ...]:
    """Neighbours first: a bridge asks who they are."""
    own = Machine(reactor).local_addresses
    neighbours = LanNeighbours(reactor, plane, NeighbourPort(reactor), NetworkEvents(reactor), own, os.urandom)
    neighbours.deaf = lambda: len(plane.rooms) > 0  # a room's game does not hear this network
    plane.rooms.on_change.append(neighbours.changed)
    return neighbours, LanBridge(reactor, plane, neighbours, own, BridgeMakers(reactor, machine))
