"""The party firewall of one session, which follows the ports in play (``docs/guard.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.logger import Logger

from lanrage.core.exposure import Exposure, GuardRules, judge_port
from lanrage.core.play_ports import PlayPorts, Source, Span
from lanrage.errors import LanrageError, Refused

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

log = Logger()


class Guard(Protocol):
    """What holds the rules: :class:`lanrage.net.guard.Guard`."""

    async def start(self, rules: GuardRules) -> None: ...

    async def stop(self) -> None: ...

    def use(self, rules: GuardRules) -> Awaitable[None]: ...

    def change(self, rules: GuardRules) -> Awaitable[None]: ...

    def let_pass(self, one: str, other: str) -> Awaitable[None]: ...

    def no_pass(self, one: str, other: str) -> Awaitable[None]: ...

    def counters(self) -> dict[str, int]: ...


class Guarding:
    """Guards from :meth:`start` to :meth:`stop`; the rules change with the ports.

    :param ports: the node's registry, which outlives the session.
    :ivar trouble: why nothing is guarded; empty while all is well. Only where all is exposed does a session go on so.
    """

    def __init__(self, exposure: Exposure, ports: PlayPorts, guard: Guard) -> None:
        self.exposure, self.ports, self.guard = exposure, ports, guard
        self.trouble = ""
        self._guests: tuple[IPv4Address | None, frozenset[IPv4Address]] = None, frozenset()
        self._wanted: tuple[Span, ...] = ()
        self._end: Callable[[], None] = lambda: None

    @property
    def rules(self) -> GuardRules:
        """What holds now."""
        home, guests = self._guests
        return attrs.evolve(GuardRules.of(self.exposure, self.ports), home=home, guests=guests)

    def lets_in(self, port: int) -> bool:
        """Whether a member reaches this UDP port: for what comes in past the table, by a real card."""
        return judge_port(self.rules, "udp", port).admitted

    async def start(self) -> None:
        """Guard before anything can come in.

        :raises LanrageError: what is missing, where not all is exposed anyway.
        """
        self._end, self._wanted = self.ports.listen(self._changed), self.ports.of(Source.USER)
        try:
            await self.guard.start(self.rules)
        except LanrageError as error:
            if self.exposure is not Exposure.ALL:
                raise
            self.trouble = str(error)
            log.warn("networks behind this machine are not guarded from the party: {error}", error=str(error))

    async def expose(self, exposure: Exposure) -> None:
        """Go by another exposure at once.

        :raises LanrageError: what is missing; the exposure stays as it was.
        """
        before, self.exposure = self.exposure, exposure
        try:
            if not self.trouble:
                await self.guard.change(self.rules)
                return
            await self.guard.start(self.rules)
        except LanrageError:
            self.exposure = before
            raise
        self.trouble = ""

    async def admit_guests(self, home: IPv4Address, guests: frozenset[IPv4Address]) -> None:
        """Let these guests and the members reach each other, and no others.

        :param home: this member's party address.
        :raises LanrageError: the firewall does not hold; then none is let through.
        """
        if guests and self.trouble:
            raise Refused("unguarded", f"guests are served behind the party firewall alone: {self.trouble}")
        before, self._guests = self._guests, (home, guests)
        if before[1] == guests or self.trouble:
            return
        try:
            await self.guard.change(self.rules)
        except LanrageError:
            self._guests = before
            raise

    async def stop(self) -> None:
        """Take the guard away."""
        self._end()
        await self.guard.stop()

    def counters(self) -> dict[str, int]:
        """See :meth:`lanrage.net.guard.Guard.counters`."""
        return self.guard.counters()

    def _changed(self) -> None:
        """The table is made anew only where it says something else: its counters, limits and searches begin anew."""
        before, self._wanted = self._wanted, self.ports.of(Source.USER)
        if self.exposure is Exposure.GAMES or self._wanted != before:
            self.guard.use(self.rules)
