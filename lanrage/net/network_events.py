"""What the kernel tells of addresses, default routes and cards, as it happens (rtnetlink(7)); needs no right."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

from pyroute2.netlink import rtnl
from pyroute2.netlink.rtnl.marshal import MarshalRtnl
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from lanrage.core.links import OWNER_MARK
from lanrage.core.network_changes import Happening
from lanrage.net.socket_reader import SocketReader

log = Logger()

GROUPS = (
    rtnl.RTMGRP_LINK
    | rtnl.RTMGRP_IPV4_IFADDR
    | rtnl.RTMGRP_IPV6_IFADDR
    | rtnl.RTMGRP_IPV4_ROUTE
    | rtnl.RTMGRP_IPV6_ROUTE
)
LARGEST = 65536
"""Bytes; the kernel's netlink messages are far smaller."""
RECEIVE_BUFFER = 1 << 19
"""Bytes; about 500 messages of a card each. What does not fit is told as missed, and all is looked at."""
DEFAULTS_KEPT = 64
"""Default routes that are known again; a machine has a few."""
MAIN_TABLE = 254
UNICAST = 1
IFF_LOWER_UP = 0x10000
"""<linux/if.h>: the card has a carrier."""


class NetworkEvents(SocketReader):
    """Listens from :meth:`open` to :meth:`close`; our own devices are left out."""

    prefix = "network"

    def __init__(self, reactor: IReactorFDSet) -> None:
        super().__init__(reactor)
        self._heard: Callable[[Happening], None] = lambda happening: None
        self._marshal = MarshalRtnl()
        self._carriers: dict[int, bool] = {}
        self._defaults: set[tuple[Any, ...]] = set()

    def open(self, heard: Callable[[Happening], None]) -> None:
        """Begin.

        :raises OSError: where the kernel has no rtnetlink, as in some sandboxes.
        """
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        listening = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            listening.bind((0, GROUPS))
        except OSError:
            listening.close()
            raise
        self._heard = heard
        self._watch(listening)

    def close(self) -> None:
        """End; one that is closed is no error."""
        self._carriers.clear()
        self._defaults.clear()
        self._unwatch()

    def _read_one(self, opened: socket.socket) -> None:
        try:
            data, (sender, _groups) = opened.recvfrom(LARGEST)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self._heard(Happening.MISSED)
            return
        if sender == 0:  # only the kernel, which has no port of its own, tells the truth
            for happening in self._read(data):
                self._heard(happening)

    def _read(self, data: bytes) -> Iterator[Happening]:
        try:
            for message in self._marshal.parse(data):
                happening = self._meaning(message)
                if happening is not None:
                    yield happening
        except Exception:  # pyroute2's parser meets a newer kernel's message  # pylint: disable=broad-exception-caught
            log.failure("a message of the kernel about the network was not understood")
            yield Happening.MISSED

    def _meaning(self, message: Any) -> Happening | None:
        match message["event"]:
            case "RTM_NEWADDR" | "RTM_DELADDR":
                return Happening.ADDRESS
            case "RTM_NEWROUTE" | "RTM_DELROUTE":
                return self._route(message) if _is_default(message) else None
            case "RTM_DELLINK":
                known = self._carriers.pop(message["index"], None)
                return Happening.LINK if known else None
            case "RTM_NEWLINK":
                return self._link(message)
        return None

    def _route(self, message: Any) -> Happening | None:
        """A default route; one that is there already is told again with each router advertisement (RFC 4861)."""
        where = tuple(message.get_attr(name) for name in ("RTA_OIF", "RTA_GATEWAY", "RTA_PRIORITY", "RTA_PREFSRC"))
        way = (message["family"], *where)
        before = way in self._defaults
        if message["event"] == "RTM_DELROUTE":
            self._defaults.discard(way)
            return Happening.ROUTE
        if len(self._defaults) >= DEFAULTS_KEPT:
            self._defaults.clear()
        self._defaults.add(way)
        return None if before else Happening.ROUTE

    def _link(self, message: Any) -> Happening | None:
        """A card's message comes for many a reason; of interest is its carrier alone, when it changed or is new."""
        if message.get_attr("IFLA_IFALIAS") == OWNER_MARK:
            return None
        carrier = bool(message["flags"] & IFF_LOWER_UP)
        before = self._carriers.get(message["index"])
        self._carriers[message["index"]] = carrier
        return Happening.LINK if carrier != before else None


def _is_default(message: Any) -> bool:
    table = message.get_attr("RTA_TABLE") or message["table"]
    return bool(message["dst_len"] == 0 and message["type"] == UNICAST and table == MAIN_TABLE)
