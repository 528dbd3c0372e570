"""Keeps routes to the LAN card while this machine has no other way for broadcasts (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.lan_stages import Plane
from lanrage.core.lan_frames import PartyLan
from lanrage.errors import LanrageError

log = Logger()


class LeasedRoutes:
    """A part of the plane: looks at the routes at the start, and when the machine's network changes.

    :param lease: makes the routes right, and tells which are leased
        (:func:`lanrage.net.lan_routes.lease_routes` in a thread).
    :ivar leased: to where.
    """

    def __init__(self, plane: Plane, lease: Callable[[], Awaitable[frozenset[IPv4Network]]]) -> None:
        self.leased: frozenset[IPv4Network] = frozenset()
        self._lease = lease
        self._looking: Deferred[None] | None = None
        self._again = self._running = False
        plane.on_network.append(self.look)

    def start(self) -> None:
        """Look now."""
        self._running = True
        self.look()

    def stop(self) -> Deferred[None] | None:
        """Look no more; the routes go with the card, which is closed after this."""
        self._running = False
        return self._looking

    def set_members(self, lan: PartyLan) -> None:
        """Members do not matter here."""

    def counters(self) -> dict[str, int]:
        """How many there are now."""
        return {"routes_leased": len(self.leased)}

    def look(self) -> None:
        """Make the routes right; during a look, another one follows it."""
        if not self._running:
            return
        if self._looking is not None:
            self._again = True
            return
        looking = Deferred.fromCoroutine(self._look())
        self._looking = None if looking.called else looking

    async def _look(self) -> None:
        try:
            leased = await self._lease()
            if leased != self.leased:
                log.info("routes to the LAN card: {routes}", routes=", ".join(map(str, sorted(leased))) or "none")
            self.leased = leased
        except (OSError, LanrageError) as error:
            log.warn("routes to the LAN card cannot be leased: {error}", error=str(error))
        except Exception:  # pylint: disable=broad-exception-caught  # the next look may succeed
            log.failure("leasing routes failed")
        self._looking = None
        if self._again:
            self._again = False
            self.look()
