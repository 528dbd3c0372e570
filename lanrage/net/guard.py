"""The party firewall in the kernel: made before the tunnel, kept as it must be, gone after it (``docs/guard.rst``).

The table has no owner in nftables' sense: it outlives this process as a kernel tunnel does, so a crash opens nothing.
The undo journal removes it at the next start, after the devices that it guards.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.exposure import GuardRules
from lanrage.core.undo import GUARD, UndoEntry
from lanrage.errors import LanrageError, Refused
from lanrage.interfaces import IUndoJournal
from lanrage.net.nfnetlink import NFPROTO_INET, read_counters
from lanrage.net.nft import OUTLINE, Nft
from lanrage.net.nft_events import NftEvents
from lanrage.net.sysctl import forwards, set_device
from lanrage.net.threads import in_thread
from lanrage.wire import guard_ruleset as text

CHECK = 5.0
"""Seconds between looks at the table; the kernel's notifications come first, this is for those that are missed."""
BREATH = 0.2
"""Seconds from one look to the next that a notification asks for: a busy firewall tells of hundreds of changes."""
PURPOSE = "the party firewall"

log = Logger()


class GuardTable:
    """The table of one tunnel device. All calls block; in threads, one after another.

    :param tunnel: the tunnel's name.
    :param card: the LAN card's.
    """

    def __init__(self, tunnel: str, card: str, journal: IUndoJournal) -> None:
        self.name = text.table_name(tunnel)
        self._tunnel, self._card, self._journal = tunnel, card, journal
        self._nft: Nft | None = None
        self._outline = ""
        self._held = False

    def make(self, rules: GuardRules, passes: frozenset[tuple[str, str]]) -> None:
        """Put the table there, or in the place of what is there, at once.

        :raises LanrageError: what is missing; nothing was changed.
        """
        if self._nft is None:
            self._nft = Nft(OUTLINE, PURPOSE)
        self._journal.note(UndoEntry(GUARD, self.name, self._tunnel))
        self._nft.run(text.ruleset(self._tunnel, self._card, rules, passes))
        self._outline = self._look()

    def hold(self) -> None:
        """While the table is not as it was made the tunnel forwards nothing, for guests neither.

        :raises MissingRight: the device may not be set.
        """
        if forwards(self._tunnel):
            set_device("ipv4", self._tunnel, "forwarding", "0")
            self._held = True

    def release(self) -> None:
        """The table is there again, and with it what :meth:`hold` took.

        :raises MissingRight: the device may not be set.
        """
        if self._held:
            set_device("ipv4", self._tunnel, "forwarding", "1")
            self._held = False

    def stands(self) -> bool:
        """Whether the table has the chains and rules that it was made with."""
        try:
            return self._outline == self._look() != ""
        except LanrageError:
            return False

    def let_pass(self, verb: str, one: str, other: str) -> None:
        """See :func:`lanrage.wire.guard_ruleset.let_pass`."""
        if self._nft is not None:
            self._nft.run(text.let_pass(self._tunnel, verb, one, other))

    def refused(self) -> int:
        """Packets that did not come in since the table was made last."""
        return read_counters(self.name, (text.REFUSED,), NFPROTO_INET)[text.REFUSED][0]

    def remove(self) -> None:
        """Take it away."""
        nft, self._nft = self._nft, None
        if nft is not None:
            nft.run(text.drop(self.name))
            nft.close()
        self._journal.forget(UndoEntry(GUARD, self.name, self._tunnel))

    def _look(self) -> str:
        return self._nft.run(f"list table {text.FAMILY} {self.name}\n") if self._nft is not None else ""


def check_guard() -> None:
    """Refuse what is certain to fail. Blocks, for a millisecond.

    :raises Unreachable: without nftables.
    """
    Nft(purpose=PURPOSE).close()


def remove_guard(entry: UndoEntry) -> None:
    """Take an entry of the journal back. Blocks.

    :raises Refused: while the device that it guards still stands.
    """
    if entry.old in [name for _, name in socket.if_nameindex()]:
        raise Refused("guarded", f"the device {entry.old} still stands, and stays guarded")
    nft = Nft(purpose=PURPOSE)
    try:
        nft.run(text.drop(entry.name))
    finally:
        nft.close()


class Guard:
    """Keeps the table as the rules want it, from :meth:`start` to :meth:`stop`.

    :ivar rules: what it goes by.
    :ivar restored: how often somebody removed it and it was put back.
    """

    def __init__(self, reactor: Any, table: GuardTable) -> None:
        self._reactor, self._table = reactor, table
        self.rules = GuardRules()
        self.restored = 0
        self._refused = self._refused_before = 0
        self._passes: frozenset[tuple[str, str]] = frozenset()
        self._lock = DeferredLock()
        self._running = False
        self._soon: IDelayedCall | None = None
        self._looked = -BREATH
        self._events = NftEvents(reactor, self._removed)
        self._check = LoopingCall(self.look)

    async def start(self, rules: GuardRules) -> None:
        """Guard; on return nothing comes in that the rules refuse.

        :raises LanrageError: what is missing; nothing is left then.
        """
        self.rules = rules
        try:
            await in_thread(self._reactor, self._table.make, rules, self._passes)
        except LanrageError:
            await in_thread(self._reactor, self._table.remove)
            raise
        self._running = True
        try:
            self._events.open()
        except OSError as error:
            log.warn("changes of the firewall are noticed within {s} s only: {error}", s=CHECK, error=str(error))
        self._check.clock = self._reactor
        self._check.start(CHECK, now=False)

    async def stop(self) -> None:
        """Take the table away; one that never started is no error."""
        if not self._running:
            return
        self._running = False
        self._events.close()
        if self._check.running:
            self._check.stop()
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        await self._lock.run(in_thread, self._reactor, self._table.remove)

    def use(self, rules: GuardRules) -> Deferred[None]:
        """Go by other rules; between the old and the new there is no moment without.

        :return: fires when they hold; a failure is logged, and the next look tries again.
        """
        return self._alone(self._use, rules)

    def change(self, rules: GuardRules) -> Deferred[None]:
        """The same for somebody who must know; fails with :class:`LanrageError` where they do not hold."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._use(rules, tell=True)))

    def let_pass(self, one: str, other: str) -> Deferred[None]:
        """Forward what comes by the device `one` for `other`: for parts that put a game or a console behind it.

        :raises BadInput: for what is no device's name.
        """
        text.let_pass("", "add", one, other)
        self._passes |= {(one, other)}
        return self._alone(self._change_pass, "add", one, other)

    def no_pass(self, one: str, other: str) -> Deferred[None]:
        """Take back what :meth:`let_pass` did; an unknown pair is no error."""
        self._passes -= {(one, other)}
        return self._alone(self._change_pass, "delete", one, other)

    def look(self) -> Deferred[None]:
        """See whether the table stands, put it back where not, and read what it counted. Never fails."""
        return self._alone(self._look)

    def counters(self) -> dict[str, int]:
        """Packets refused (at the last look), and times that the table was put back."""
        return {"guard_refused": self._refused_before + self._refused, "guard_restored": self.restored}

    # --- within -------------------------------------------------------------------------------------------------------

    def _alone(self, work: Any, *args: Any) -> Deferred[None]:
        done: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(work(*args)))
        return done.addErrback(lambda failure: log.failure("the party firewall could not be looked after", failure))

    def _removed(self) -> None:
        """Something was removed: by us, or by another program."""
        if self._soon is None or not self._soon.active():
            wait = max(0.0, self._looked + BREATH - self._reactor.seconds())
            self._soon = self._reactor.callLater(wait, self.look)

    async def _use(self, rules: GuardRules, *, tell: bool = False) -> None:
        before, self.rules = self.rules, rules
        try:
            if self._running:
                await self._make(tell=tell)
        except LanrageError:
            self.rules = before
            raise

    async def _change_pass(self, verb: str, one: str, other: str) -> None:
        if self._running:
            await in_thread(self._reactor, self._table.let_pass, verb, one, other)

    async def _look(self) -> None:
        if not self._running:
            return
        self._looked = self._reactor.seconds()
        if await in_thread(self._reactor, self._table.stands):
            self._refused = await in_thread(self._reactor, self._table.refused)
            return
        await in_thread(self._reactor, self._table.hold)
        if not await self._make():
            return
        await in_thread(self._reactor, self._table.release)
        self.restored += 1
        log.warn("the table {table} was changed by another program and is put back", table=self._table.name)

    async def _make(self, *, tell: bool = False) -> bool:
        """The kernel counts from 0 in a new table.

        :param tell: a failure is the caller's, too.
        :return: whether it is there.
        """
        self._refused_before, self._refused = self._refused_before + self._refused, 0
        try:
            await in_thread(self._reactor, self._table.make, self.rules, self._passes)
        except LanrageError as error:
            log.error("the party firewall cannot be put back: {error}", error=str(error))
            if tell:
                raise
            return False
        return True
