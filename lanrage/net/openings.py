"""Looks which UDP ports and multicast groups are open on this machine (``docs/protocol-interest.rst``)."""

from __future__ import annotations

import sys
from ipaddress import IPv4Network
from typing import Protocol

import attrs
from twisted.logger import Logger

from lanrage.core.interest import NOTHING_OPEN, UNKNOWN, Opened, hears_the_party
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
    _texts: tuple[str, ...] = ()
    _found: Opened = NOTHING_OPEN
    _blind: bool = False

    def look(self, fresh: bool = False) -> Opened:
        """Read the tables.

        :param fresh: do not take what another look read some milliseconds ago.
        :return: :data:`~lanrage.core.interest.UNKNOWN` where they cannot be read.
        """
        try:
            texts = tuple(self._table(name, fresh) for name in (IGMP_TABLE, *UDP_TABLES))
            if texts != self._texts:  # most looks find what the last one did
                self._found, self._texts = self._parse(*texts), texts
        except (OSError, DecodeError) as error:
            if not self._blind:  # once, not four times a second
                log.warn("open ports cannot be read, so all frames are asked for: {error}", error=error)
            self._blind = True
            return UNKNOWN
        self._blind = False
        return self._found

    def _table(self, name: str, fresh: bool) -> str:
        try:
            return self.read(name, fresh)
        except FileNotFoundError:
            if name != UDP_TABLES[-1]:
                raise
            return ""  # a kernel without IPv6

    def _parse(self, groups: str, *sockets: str) -> Opened:
        rows = (row for text in sockets for row in parse_sockets(text, sys.byteorder))
        members = parse_igmp(groups, sys.byteorder)
        return Opened(
            frozenset((row.inode, row.port) for row in rows if hears_the_party(row.address, self.network)),
            frozenset(row.group for row in members if row.index != LOOPBACK_INDEX),
        )
