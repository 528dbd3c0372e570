"""Looks which UDP ports and multicast groups are open on this machine (``docs/protocol-interest.rst``)."""

from __future__ import annotations

import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

import attrs
from twisted.logger import Logger

from lanrage.core.interest import UNKNOWN, Opened, hears_the_party
from lanrage.errors import DecodeError
from lanrage.net.multicast import IGMP_TABLE, LOOPBACK_INDEX, UDP_TABLES
from lanrage.wire.igmp import parse_igmp
from lanrage.wire.udp_table import parse_sockets

log = Logger()


class ReadTable(Protocol):
    """Gives the content of a table: :meth:`lanrage.net.proc_net.ProcNet.read`."""

    def __call__(self, name: str, fresh: bool = False) -> str: ...  # pylint: disable=missing-function-docstring


@attrs.define
class Openings:
    """What the sockets of one network namespace hear of the party.

    Groups of IPv6 are not told (``/proc/net/igmp6`` is not read), their ports are.

    :param network: of the party.
    :param read: reads a table.
    """

    network: IPv4Network
    read: ReadTable
    _blind: bool = False

    def look(self, fresh: bool = False) -> Opened:
        """Read the tables.

        :param fresh: do not take what another look read some milliseconds ago.
        :return: :data:`~lanrage.core.interest.UNKNOWN` where they cannot be read.
        """
        try:
            found = Opened(self._sockets(fresh), self._groups(fresh))
        except (OSError, DecodeError) as error:
            if not self._blind:  # once, not four times a second
                log.warn("open ports cannot be read, so all frames are asked for: {error}", error=error)
            self._blind = True
            return UNKNOWN
        self._blind = False
        return found

    def _sockets(self, fresh: bool) -> frozenset[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        for name in UDP_TABLES:
            with suppress(FileNotFoundError):  # a kernel without IPv6
                rows = parse_sockets(self.read(name, fresh), sys.byteorder)
                found.update((row.inode, row.port) for row in rows if hears_the_party(row.address, self.network))
        return frozenset(found)

    def _groups(self, fresh: bool) -> frozenset[IPv4Address]:
        rows = parse_igmp(self.read(IGMP_TABLE, fresh), sys.byteorder)
        return frozenset(row.group for row in rows if row.index != LOOPBACK_INDEX)
