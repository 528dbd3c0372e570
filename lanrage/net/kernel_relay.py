"""Kernel mode of the relay: pairs that the table joins are forwarded by nftables; Python only learns and expires.

See ``docs/protocol-relay.rst``. The userspace loop passes on whatever the kernel does not have, so a change that waits,
fails or is taken back costs speed and no packet.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.kernel_pairs import KernelPairs, SourceOf
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.rights import capabilities_in
from lanrage.errors import LanrageError
from lanrage.interfaces import IUndoJournal
from lanrage.net.devices import net_admin_missing
from lanrage.net.relay_kernel_work import KernelWork
from lanrage.net.relay_selftest import source_of
from lanrage.net.rights import own_status
from lanrage.net.threads import in_thread
from lanrage.wire.relay_ruleset import LIMITED, PASSED

CHECK = 5.0
"""Seconds between self-tests and readings of the counters: so long may another firewall's change go unnoticed."""

log = Logger()


class KernelRelay:
    """Keeps the kernel's maps as the table wants them.

    :param ports: first and last of the relay's ports.
    :param host: the address that the relay listens on; empty = all.
    :ivar pairs: the table's watcher.
    :ivar reason: why the kernel forwards nothing now; empty while it does.
    """

    def __init__(
        self, reactor: Any, ports: tuple[int, int], host: str, limits: RelayLimits, journal: IUndoJournal
    ) -> None:
        self._reactor, self._host = reactor, host
        self._work = KernelWork(ports, limits, journal)
        self.pairs = KernelPairs(self._changed)
        self.reason = "not started"
        self._lock = DeferredLock()
        self._running = False
        self._due = False
        self._counted: dict[str, tuple[int, int]] = {PASSED: (0, 0), LIMITED: (0, 0)}
        self._check = LoopingCall(lambda: Deferred.fromCoroutine(self.look()))

    async def start(self) -> None:
        """Take over what can be forwarded in the kernel.

        :raises LanrageError: the reason why it cannot; nothing is left then, and userspace goes on.
        """
        try:
            await in_thread(self._reactor, self._work.start)
        except LanrageError as error:
            self.reason = str(error)
            raise
        self.reason, self._running = "", True
        self.pairs.lost()
        self._changed()
        self._check.clock = self._reactor
        self._check.start(CHECK, now=False)

    async def stop(self) -> None:
        """Give the kernel's part back; one that never started is no error."""
        if not self._running:
            return
        self._running, self.reason = False, "stopped"
        if self._check.running:
            self._check.stop()
        await self._lock.run(in_thread, self._reactor, self._work.stop, self.pairs.lost())

    def counters(self) -> dict[str, int]:
        """Lines that the kernel has, and what it passed and dropped, at the last reading."""
        (packets, size), (limited, _) = self._counted[PASSED], self._counted[LIMITED]
        return {
            "kernel_lines": len(self.pairs),
            "packets": packets,
            "bytes": size,
            "dropped_limited": limited,
        }

    async def look(self) -> None:
        """Whether the kernel still forwards, and what it counted. Never fails, else it would be called no more."""
        await self._lock.run(lambda: Deferred.fromCoroutine(self._look()))
        self._changed()

    # --- within -------------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """All that changes in this turn goes to the kernel at once."""
        if self._running and not self.reason and not self._due:
            self._due = True
            self._reactor.callLater(0, self._flush)

    def _flush(self) -> None:
        self._due = False
        self._lock.run(lambda: Deferred.fromCoroutine(self._apply())).addErrback(_unexpected)

    async def _apply(self) -> None:
        if not self._running or self.reason:
            return
        try:
            batch = self.pairs.take(self._source_of())
            if batch:
                await in_thread(self._reactor, self._work.apply, batch)
        except LanrageError as error:
            await self._give_up(str(error))

    async def _give_up(self, reason: str) -> None:
        """Userspace takes over, until a look finds that the kernel forwards again."""
        self.reason = reason
        log.warn("the relay forwards in userspace: {reason}", reason=reason)
        had = self.pairs.lost()
        try:
            await in_thread(self._reactor, self._work.clear, had)
        except LanrageError:  # without the table nothing is left in the kernel; the next look makes it anew
            await in_thread(self._reactor, self._work.stop, had)

    async def _look(self) -> None:
        if not self._running:
            return
        try:
            reason = await in_thread(self._reactor, self._work.check)
            await self._read()
        except LanrageError as error:
            reason = str(error)
        except Exception as error:  # pylint: disable=broad-exception-caught
            log.failure("the look at the relay's table failed")
            reason = str(error)
        if reason is not None and not self.reason:
            await self._give_up(reason)
        elif reason is None and self.reason:
            log.info("the relay forwards in the kernel again")
            self.reason = ""
            self.pairs.lost()

    async def _read(self) -> None:
        if not self.reason:
            self._counted = await in_thread(self._reactor, self._work.counters)

    def _source_of(self) -> SourceOf:
        """Routes asked once for each host of a batch."""
        known: dict[str, str | None] = {}

        def ask(host: str) -> str | None:
            if host not in known:
                known[host] = source_of(host)
            own = known[host]
            return self._host if own is not None and own != host and self._host else own

        return ask


def check_rights() -> None:
    """Whether this process may do it at all; said first, since all else fails for this reason, too.

    :raises MissingRight: without CAP_NET_ADMIN.
    """
    if "net_admin" not in capabilities_in(own_status()):
        raise net_admin_missing("forwarding in the kernel")


def _unexpected(failure: Failure) -> None:
    log.failure("a change of the relay's maps failed", failure=failure)
