"""What the LAN plane is told at the node's start (``docs/protocol-lan.rst``); checked here, at the door."""

from __future__ import annotations

import attrs

from lanrage.app.settings_options import parameters, read
from lanrage.core.broadcast_dedup import WINDOW_SECONDS
from lanrage.core.exposure import Exposure
from lanrage.core.lan_choices import CaptureFrom, Replicator
from lanrage.core.lan_services import LanService
from lanrage.core.play_ports import Span
from lanrage.core.route_leases import RouteLeases
from lanrage.core.settings_node import LAN_SETTINGS

__all__ = ["LAN", "CaptureFrom", "LanSettings", "Replicator"]

LAN = parameters(LAN_SETTINGS)
"""Options of the roles that have a node (:class:`twisted.python.usage.Options`)."""


@attrs.frozen
class LanSettings:
    """Settings of the LAN plane.

    :param capture: from which cards broadcasts are carried.
    :param dedup_window: seconds in which one datagram seen on two cards is one.
    :param exposure: what of this machine a party reaches.
    :param ports: the user's own list of ports in play.
    :param services: discovery services that are carried.
    :param routes: when routes to the LAN card are leased.
    :param leases: whether announcements are leased.
    :param interest: the members are told which ports and groups are open here.
    :param replicator: who passes frames on.
    """

    capture: CaptureFrom = CaptureFrom.BOTH
    dedup_window: float = WINDOW_SECONDS
    exposure: Exposure = Exposure.GUARDED
    ports: tuple[Span, ...] = ()
    services: frozenset[LanService] = frozenset()
    routes: RouteLeases = RouteLeases.AUTO
    leases: bool = True
    interest: bool = True
    replicator: Replicator = Replicator.OFF

    @classmethod
    def parse(cls, options: dict[str, str]) -> LanSettings:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        return cls(
            read(options, "lan.capture"),
            read(options, "lan.dedup_window"),
            exposure=read(options, "lan.exposure"),
            ports=read(options, "lan.ports"),
            services=read(options, "lan.services"),
            routes=read(options, "lan.routes"),
            leases=read(options, "lan.leases"),
            interest=read(options, "lan.interest"),
            replicator=read(options, "lan.replicator"),
        )
