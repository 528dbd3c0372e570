"""Host names of servers that the user named, looked up now and then."""

from __future__ import annotations

import socket
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.core.server_browser import MANUAL_LIMIT
from lanrage.errors import Unreachable
from lanrage.net.threads import in_thread

FRESH_SECONDS = 60.0
"""How long a look-up counts."""


@attrs.define
class HostNames:
    """Addresses by host name; an address is its own.

    :param reactor: whose threads wait for the name server.
    """

    _reactor: Any
    _known: dict[str, tuple[str, float]] = attrs.field(factory=dict)

    async def address(self, host: str, timeout: float) -> str:
        """The first IPv4 address.

        :param timeout: seconds.
        :raises Unreachable: the name is not known, or no name server answers.
        """
        if is_address(host):
            return host
        known, until = self._known.get(host, ("", 0.0))
        if until > self._reactor.seconds():
            return known
        self._known.pop(host, None)
        found = await self._look_up(host, timeout)
        self._known[host] = found, self._reactor.seconds() + FRESH_SECONDS
        if len(self._known) > MANUAL_LIMIT:
            del self._known[next(iter(self._known))]
        return found

    async def seconds(self, host: str, timeout: float) -> float:
        """How long a look-up takes now.

        :raises Unreachable: see :meth:`address`.
        """
        since = self._reactor.seconds()
        await self._look_up(host, timeout)
        return float(self._reactor.seconds() - since)

    async def _look_up(self, host: str, timeout: float) -> str:
        looking: Deferred[Any] = in_thread(
            self._reactor, lambda: socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
        )
        try:
            rows = await looking.addTimeout(timeout, self._reactor)
        except (OSError, UnicodeError) as error:  # a timeout of a Deferred is an OSError, too
            raise Unreachable(f"the name {host} cannot be looked up") from error
        return str(rows[0][4][0])


def is_address(host: str) -> bool:
    """Whether this is an IPv4 address, and no name."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True
