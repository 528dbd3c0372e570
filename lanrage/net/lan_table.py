"""Keeps the nftables table beside the LAN plane while a socket needs it (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from lanrage.errors import LanrageError
from lanrage.net.nft import Nft
from lanrage.net.threads import in_thread
from lanrage.wire.lan_ruleset import ruleset

log = Logger()

Wanted = tuple[frozenset[int], tuple[tuple[int, IPv4Address], ...]]
NOTHING: Wanted = (frozenset(), ())


class LanTable:
    """The table is owned by its netlink socket: it is gone when this process ends, however it ends (nft(8)).

    From :meth:`open` to :meth:`close`; what is asked for outside of that is ignored.

    :param device: the tunnel's name.
    :param party: this member's party address.
    :ivar trouble: why the kernel does not have what it should; empty while it has.
    """

    def __init__(self, reactor: IReactorThreads, device: str, party: IPv4Address) -> None:
        self._reactor, self._device, self._party = reactor, device, party
        self._wanted: Wanted = NOTHING
        self._there: Wanted | None = NOTHING
        self._nft: Nft | None = None
        self._lock = DeferredLock()
        self._open = False
        self.trouble = ""

    def open(self) -> None:
        """Do what is asked for, from now on."""
        self._open = True

    def serve(self, ports: frozenset[int]) -> Deferred[None]:
        """What comes by the tunnel for these ports goes to sockets on the LAN card alone, from now on.

        :return: fires when the kernel has it, or :attr:`trouble` says why not; never fails.
        """
        return self._want((ports, self._wanted[1]))

    def translate(self, places: Mapping[int, IPv4Address]) -> Deferred[None]:
        """Datagrams to the party address and these ports go to these real addresses, and back, from now on.

        :return: as :meth:`serve`.
        """
        return self._want((self._wanted[0], tuple(sorted(places.items()))))

    def close(self) -> Deferred[None]:
        """Take all back."""
        self._wanted, self._open = NOTHING, False
        return self._apply_later()

    def _want(self, wanted: Wanted) -> Deferred[None]:
        if not self._open:
            return succeed(None)
        self._wanted = wanted
        return self._apply_later()

    def _apply_later(self) -> Deferred[None]:
        applied: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._apply()))
        return applied.addErrback(lambda failure: log.failure("the table beside the LAN plane failed", failure))

    async def _apply(self) -> None:
        wanted = self._wanted
        if wanted == self._there:
            return
        try:
            await in_thread(self._reactor, self._change, wanted)
        except LanrageError as error:
            if str(error) != self.trouble:
                log.warn("sockets that the party address does not reach go without: {error}", error=str(error))
            self._there, self.trouble = None, str(error)
            return
        self._there, self.trouble = wanted, ""

    def _change(self, wanted: Wanted) -> None:
        if wanted == NOTHING:
            if self._nft is not None:
                self._nft.close()
                self._nft = None
            return
        if self._nft is None:
            self._nft = Nft()
        self._nft.run(ruleset(self._device, self._party, wanted[0], dict(wanted[1])))
