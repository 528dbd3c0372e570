"""The parts of the LAN plane for sockets that its card does not reach by itself, joined in one place."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app.lan_bound import BoundSockets
from lanrage.app.lan_flow import LAN_CARD
from lanrage.app.lan_routes import LeasedRoutes
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.app.lan_translated import Translations
from lanrage.core.lan_frames import Udp
from lanrage.core.route_leases import RouteLeases
from lanrage.interfaces import ILanCard
from lanrage.net.lan_routes import lease_routes
from lanrage.net.lan_table import LanTable
from lanrage.net.threads import in_thread
from lanrage.net.tunnel_side import TunnelSide
from lanrage.net.udp_sockets import UdpSockets


def make_socket_parts(  # pylint: disable=too-many-arguments,too-many-positional-arguments
    reactor: Any, plane: Plane, card: ILanCard, tunnel: str, address: IPv4Address, routes: RouteLeases
) -> Collection[LanPart]:
    """Make them; each sees what games send.

    :param tunnel: the tunnel device's name.
    :param address: this member's party address.
    """
    sockets, table = UdpSockets(), LanTable(reactor, tunnel, address)
    side = TunnelSide(reactor, tunnel, address)
    bound = BoundSockets(reactor, plane, card.write, lambda: socket.if_nametoindex(card.name), sockets, side, table)
    translated = Translations(reactor, address, lambda: socket.if_nametoindex(tunnel), sockets, table)
    leased = LeasedRoutes(plane, lambda: in_thread(reactor, lease_routes, card.name, routes))

    def look(datagram: Udp, index: int, now: float) -> Deferred[None] | None:
        del now
        return bound.look_at(datagram) if index == LAN_CARD else translated.look_at(datagram)

    plane.outgoing.take, plane.outgoing.look = bound.take, look
    return (translated, bound, leased)
