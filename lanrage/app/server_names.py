"""Host names of servers that the user named, looked up now and then."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.server_address import name_refused
from lanrage.core.server_browser import MANUAL_LIMIT
from lanrage.errors import Refused, Unreachable
from lanrage.net.threads import in_thread

FRESH_SECONDS = 60.0
"""How long a look-up counts, and one that found nothing."""
AT_ONCE = 2
"""Look-ups under way: each holds a thread until the system's resolver gives up, which may take half a minute, and the
node's other work needs the threads, too."""

log = Logger()


def look_up(host: str) -> str:
    """The first IPv4 address of a name, by whatever the system uses for that; blocks.

    :raises OSError: it is not known, or nobody answers.
    """
    try:
        return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0])
    except UnicodeError as error:
        raise OSError(f"{host} is no name") from error


@attrs.define
class HostNames:
    """Addresses by host name; an address is its own.

    :param reactor: whose threads wait for the name server.
    :param look: looks a name up.
    """

    _reactor: Any
    _look: Callable[[str], str] = look_up
    _known: dict[str, tuple[str, float]] = attrs.field(factory=dict)
    _waiting: dict[str, list[Deferred[str]]] = attrs.field(factory=dict)

    async def address(self, host: str, timeout: float) -> str:
        """The first IPv4 address.

        :param timeout: seconds.
        :raises Unreachable: the name is not known, or no name server answers.
        :raises Refused: ``busy``: too many names are being looked up.
        """
        if is_address(host):
            return host
        known, until = self._known.get(host, ("", 0.0))
        if until <= self._reactor.seconds():
            return await self._found(host, timeout)
        if not known:
            raise Unreachable(f"the name {host} is not known")
        return known

    async def seconds(self, host: str, timeout: float) -> float:
        """How long a look-up takes now.

        :raises Unreachable: see :meth:`address`, as all that it raises.
        """
        since = self._reactor.seconds()
        await self._found(host, timeout)
        return float(self._reactor.seconds() - since)

    async def _found(self, host: str, timeout: float) -> str:
        """Who asks for the same name shares a look-up; who waits no more leaves it to the others."""
        waiting: Deferred[str] = Deferred()
        if host in self._waiting:
            self._waiting[host].append(waiting)
        elif len(self._waiting) >= AT_ONCE:
            raise Refused("busy", f"{AT_ONCE} names are being looked up already")
        else:
            self._waiting[host] = [waiting]
            looking: Deferred[str] = in_thread(self._reactor, self._look, host)
            looking.addErrback(self._failed).addCallback(lambda address: self._tell(host, address))
        try:
            address = await waiting.addTimeout(timeout, self._reactor)
        except DeferredTimeout as error:
            raise Unreachable(f"the name {host} was not looked up in time") from error
        if not address:
            raise Unreachable(f"the name {host} is not known")
        return address

    def _failed(self, failure: Failure) -> str:
        if failure.check(OSError) is None:
            log.failure("a name could not be looked up", failure)
        return ""

    def _tell(self, host: str, address: str) -> None:
        if address and name_refused(host, address):
            log.info("the name {host} leads to {address}, where no server may be", host=host, address=address)
            address = ""
        self._known.pop(host, None)
        self._known[host] = address, self._reactor.seconds() + FRESH_SECONDS
        if len(self._known) > MANUAL_LIMIT:
            del self._known[next(iter(self._known))]
        for waiting in self._waiting.pop(host):
            if not waiting.called:
                waiting.callback(address)


def is_address(host: str) -> bool:
    """Whether this is an IPv4 address, and no name."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True
