"""This machine's addresses, looked at again and again."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.links import LocalAddress
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine

REFRESH_INTERVAL = 1.0
"""Seconds between looks at this machine's addresses, of 2 ms in a thread each: a game waits for what follows."""


class AddressWatch:
    """Reads from :meth:`start` to :meth:`stop`.

    :param changed: called when the addresses are not those of the last look.
    :ivar addresses: of the last look that succeeded.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, machine: IMachine, changed: Callable[[], None]) -> None:
        self.addresses: list[LocalAddress] = []
        self._machine = machine
        self._changed = changed
        self._unread: type[BaseException] | None = None
        self._loop = LoopingCall(self.look)
        self._loop.clock = clock

    async def start(self) -> None:
        """Read now, and each second from now on."""
        self.addresses = await self._machine.local_addresses()
        self._loop.start(REFRESH_INTERVAL, now=False)

    def stop(self) -> None:
        """Read no more."""
        if self._loop.running:
            self._loop.stop()

    async def look(self) -> None:
        """Read once; trouble is told once, for the next look may succeed."""
        try:
            addresses = await self._machine.local_addresses()
        except Exception as error:  # the next look may succeed  # pylint: disable=broad-exception-caught
            told, self._unread = self._unread, error.__class__
            if told is error.__class__:
                return  # each second the same
            if isinstance(error, LanrageError):
                self.log.warn("the addresses of this machine cannot be read: {error}", error=str(error))
            else:
                self.log.failure("reading the addresses of this machine failed")
            return
        self._unread = None
        if addresses != self.addresses:
            self.addresses = addresses
            self.log.info("this machine's addresses changed")
            self._changed()
