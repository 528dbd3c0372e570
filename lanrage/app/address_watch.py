"""This machine's addresses: looked at when something happens (:mod:`.roaming`), and now and then."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Interface

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.links import LocalAddress
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine

REFRESH_INTERVAL = 15.0
"""Seconds between looks that nothing gave cause for: where the kernel tells nothing, these remain."""


class AddressWatch:
    """Reads from :meth:`start` to :meth:`stop`.

    :param changed: called when the addresses are not those of the last look.
    :ivar addresses: IPv4, of the last look that succeeded.
    :ivar six: IPv6, likewise.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, machine: IMachine, changed: Callable[[], None]) -> None:
        self.addresses: list[LocalAddress] = []
        self.six: list[IPv6Interface] = []
        self._machine = machine
        self._changed = changed
        self._unread: type[BaseException] | None = None
        self._loop = LoopingCall(self.look)
        self._loop.clock = clock

    async def start(self) -> None:
        """Read now, and again from now on."""
        self.addresses, self.six = await self._machine.local_addresses(), await self._machine.ipv6_addresses()
        self._loop.start(REFRESH_INTERVAL, now=False)

    def stop(self) -> None:
        """Read no more."""
        if self._loop.running:
            self._loop.stop()

    @property
    def hosts(self) -> set[str]:
        """All addresses."""
        return {str(own.address) for own in self.addresses} | {str(own.ip) for own in self.six}

    async def look(self, ways: bool = False) -> None:
        """Read once; trouble is told once, for the next look may succeed.

        :param ways: the ways to others may have changed although the addresses have not.
        """
        try:
            addresses, six = await self._machine.local_addresses(), await self._machine.ipv6_addresses()
        except Exception as error:  # the next look may succeed  # pylint: disable=broad-exception-caught
            told, self._unread = self._unread, error.__class__
            if told is error.__class__:
                return  # the same again
            if isinstance(error, LanrageError):
                self.log.warn("the addresses of this machine cannot be read: {error}", error=str(error))
            else:
                self.log.failure("reading the addresses of this machine failed")
            return
        self._unread = None
        if (addresses, six) != (self.addresses, self.six):
            self.addresses, self.six, ways = addresses, six, True
            self.log.info("this machine's addresses changed")
        if ways:
            self._changed()
