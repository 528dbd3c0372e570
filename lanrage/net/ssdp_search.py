"""Searches the gateway's description by SSDP (:mod:`lanrage.wire.ssdp`); only the gateway itself is believed."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from lanrage.core.mapping import Gateway, NotMapped
from lanrage.errors import DecodeError
from lanrage.wire import igd, ssdp
from lanrage.wire.ssdp import Search

log = Logger()

STRAIGHT_S = (0.0, 0.5)
"""Seconds at which the gateway itself is asked; most answer, and nobody else hears it."""
GROUP_S = (1.0, 2.0)
"""Seconds at which the group is asked: some gateways hear nothing else."""
PATIENCE_S = 4.0
"""Seconds until a network counts as one without."""
LIVES = 2
"""Hops that a search may go (UDA 1.1 section 1.3.2)."""
ANSWERS_LIMIT = 64
"""Answers looked at in one search: a home full of devices has some ten."""


class GatewaySearch(DatagramProtocol):
    """One search.

    :ivar location: fires with the URL of the gateway's description; fails with :class:`NotMapped`.
    """

    noisy = False

    def __init__(self, reactor: Any, gateway: Gateway) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._calls: list[IDelayedCall] = []
        self._looked = 0
        self.location: Deferred[str] = Deferred(lambda _: self._close())

    def begin(self) -> None:
        """Send at the times above until answered."""
        later = self._reactor.callLater
        self._calls = [later(delay, self._send, str(self._gateway.address)) for delay in STRAIGHT_S]
        self._calls += [later(delay, self._send, ssdp.GROUP) for delay in GROUP_S]
        self._calls.append(later(PATIENCE_S, self._silent))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """An answer, or anything else, of anybody."""
        self._looked += 1
        if addr[0] != str(self._gateway.address) or self._looked > ANSWERS_LIMIT or self.location.called:
            return
        try:
            found = ssdp.decode_found(datagram)
            if found.target not in ssdp.TARGETS:
                return
            url = igd.check_url(found.location, self._gateway.address)
        except DecodeError as error:
            log.debug("an answer to the search for a gateway is refused: {error}", error=str(error))
            return
        self._close()
        self.location.callback(url)

    def _send(self, host: str) -> None:
        if self.transport is None:
            return
        for target in ssdp.TARGETS:
            try:
                self.transport.write(ssdp.encode_search(Search(target, f"{host}:{ssdp.PORT}")), (host, ssdp.PORT))
            except OSError:  # no route at the moment: as if lost
                return

    def _silent(self) -> None:
        self._close()
        self.location.errback(NotMapped("no gateway answers the search", absent=True))

    def _close(self) -> None:
        for call in self._calls:
            if call.active():
                call.cancel()
        if self.transport is not None:
            self.transport.stopListening()


async def search(reactor: Any, gateway: Gateway) -> str:
    """The URL of the gateway's description.

    :raises NotMapped: ``absent`` where none answers.
    """
    asked = GatewaySearch(reactor, gateway)
    try:
        port = reactor.listenMulticast(0, asked, str(gateway.source))
    except CannotListenError as error:
        raise NotMapped(f"this machine's address {gateway.source} is gone", absent=True) from error
    port.setTTL(LIVES)
    port.setLoopbackMode(False)
    port.setOutgoingInterface(str(gateway.source))
    asked.begin()
    return await asked.location
