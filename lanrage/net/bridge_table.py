"""What a bridge changes on the machine: an nftables table of our own, and which cards forward
(docs/protocol-bridge.rst).

The table goes with this process, however it ends; the forwarding is in the undo journal.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorThreads

from lanrage.core.bridge_entries import Changes
from lanrage.core.undo import UndoEntry
from lanrage.interfaces import IUndoJournal
from lanrage.net.forwarding import KIND, let_forward, restore_forwarding
from lanrage.net.nft import Nft
from lanrage.net.threads import in_thread
from lanrage.wire import bridge_ruleset
from lanrage.wire.bridge_ruleset import Place


class BridgeTable:
    """One card's. Calls are carried out one after another, in threads.

    :param index: the card's interface index.
    """

    def __init__(self, reactor: IReactorThreads, journal: IUndoJournal, index: int, place: Place) -> None:
        self._reactor, self._journal, self._index, self._place = reactor, journal, index, place
        self._lock = DeferredLock()
        self._nft: Nft | None = None

    def open(self) -> Deferred[None]:
        """Make the table, and let both cards forward.

        :raises LanrageError: with what is missing; nothing was changed then.
        """
        return self._lock.run(in_thread, self._reactor, self._open)

    def apply(self, changes: Iterable[Changes]) -> Deferred[None]:
        """Carry these changes out, in their order, all or none.

        :raises LanrageError: with the kernel's words.
        """
        text = "".join(bridge_ruleset.change(self._index, each) for each in changes)
        return self._lock.run(in_thread, self._reactor, self._run, text)

    def close(self) -> Deferred[None]:
        """Take all back."""
        return self._lock.run(in_thread, self._reactor, self._close)

    def _open(self) -> None:
        place = self._place
        try:
            self._nft = Nft()
            alone = let_forward(place.card, self._journal)
            let_forward(place.tunnel, self._journal)
            self._nft.run(bridge_ruleset.ruleset(self._index, attrs.evolve(place, alone=alone)))
        except BaseException:
            self._close()
            raise

    def _run(self, text: str) -> None:
        if self._nft is not None and text:
            self._nft.run(text)

    def _close(self) -> None:
        for card in (self._place.card, self._place.tunnel):
            entry = UndoEntry(KIND, card, "0")
            if entry in self._journal.entries():
                restore_forwarding(entry)
                self._journal.forget(entry)
        nft, self._nft = self._nft, None
        if nft is not None:
            nft.close()
