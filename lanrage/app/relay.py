"""The relay role: a range of UDP ports, one table (``docs/protocol-relay.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.relay_drain import RelayDrain
from lanrage.app.relay_names import RelayNames
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_report import FULL_PACKETS, LATE, Rates, RelayReport, ReportMeter
from lanrage.core.relay_revocations import Revocation
from lanrage.core.relay_table import RelayTable
from lanrage.core.settings_limits import DRAIN
from lanrage.errors import BadInput, LanrageError, StoreError
from lanrage.net.kernel_relay import KernelRelay, check_rights
from lanrage.net.listening import why_not
from lanrage.net.relay_loop import RelayLoop
from lanrage.net.relay_server import RelayPorts
from lanrage.net.threads import in_thread
from lanrage.net.undo import undo_all
from lanrage.store.disk_trouble import may_pass
from lanrage.store.files import make_folder
from lanrage.store.undo import UndoJournal

SWEEP = 5.0
"""Seconds between looks for bindings that ended; each is also looked at when it is used."""
UNDO_FILE = "undo.jsonl"
KERNEL_AGAIN = 60.0
"""Seconds until forwarding in the kernel is tried again where the disk kept it from that."""

log = Logger()


@attrs.frozen
class RelayPlan:
    """What an operator says of a relay.

    :param region: where it stands, in a word.
    :param public_host: at which nodes reach it; empty = as the control server sees it.
    :param drain: seconds that it forwards on after it was told to stop.
    :param full: packets a second that are a full load.
    :param mode: how it forwards, one of :data:`lanrage.core.settings_limits.RELAY_MODES`.
    """

    region: str = ""
    public_host: str = ""
    drain: float = DRAIN
    full: float = FULL_PACKETS
    mode: str = "auto"


class RelayService(Service):
    """A relay for the pairs that one control server names.

    :param server_key: the control server's Ed25519 public key, 32 bytes.
    :param ports: first and last UDP port.
    :param host: address to listen on; empty = all.
    :param folder: of the undo journal, made where it is needed; kernel mode wants one.
    :param limits: how much it carries.
    :param plan: what it tells of itself, how it forwards, and how it stops.
    :param now: seconds since the epoch.
    :ivar started: fires when it is known how data is forwarded.
    :ivar on_draining: called when it begins to stop.
    """

    def __init__(
        self,
        reactor: Any,
        server_key: bytes,
        ports: tuple[int, int],
        host: str = "",
        *,
        folder: Path | None = None,
        limits: RelayLimits | None = None,
        plan: RelayPlan | None = None,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reactor, self._server_key, self._range, self._host = reactor, server_key, ports, host
        self.limits = limits if limits is not None else RelayLimits()
        self.plan = plan if plan is not None else RelayPlan()
        self.on_draining: Callable[[], None] = lambda: None
        self.draining = False
        self._meter = ReportMeter(self.plan.full)
        self._late = 0.0
        self._told = 0
        self._swept = 0.0
        self._shared: RelayPorts | None = None
        self._now, self._random = now, random
        self._loop: RelayLoop | None = None
        self._table: RelayTable | None = None
        self._sweep: LoopingCall | None = None
        self._mode = self.plan.mode if folder is not None else "userspace"
        self._folder = folder
        self._kernel: KernelRelay | None = None
        self._again: float | None = None
        self._why = ""
        self.started: Deferred[None] = succeed(None)

    def startService(self) -> None:
        """Open all ports, or none.

        :raises BadInput: field ``ports``, naming the port that is taken.
        """
        table = RelayTable(self._server_key, self._random, self.limits, began=self._reactor.seconds())
        table.names = RelayNames(self._reactor.seconds)
        self._shared = shared = RelayPorts(table, self._reactor.seconds, self._now)
        loop = self._loop = RelayLoop(self._reactor, shared)
        first, last = self._range
        for number in range(first, last + 1):
            try:
                loop.open(number, self._host)
            except OSError as error:
                loop.close()
                raise BadInput("ports", why_not(number, error)) from error
        self._table, self.draining = table, False
        self._swept = self._reactor.seconds()
        self._sweep = LoopingCall(self._look, table)
        self._sweep.clock = self._reactor
        self._sweep.start(SWEEP, now=False)
        super().startService()  # type: ignore[no-untyped-call]
        log.info("the relay listens on UDP {first} to {last}", first=first, last=last)
        if self._mode != "userspace":
            self.started = Deferred.fromCoroutine(self._use_kernel(table))

    async def _use_kernel(self, table: RelayTable) -> None:
        """Forward in the kernel; where that cannot be, say why in one line.

        :raises LanrageError: in mode ``kernel``, the reason.
        """
        assert self._folder is not None
        try:
            await in_thread(self._reactor, check_rights)
            journal = UndoJournal(make_folder(self._folder) / UNDO_FILE)
            await undo_all(self._reactor, journal)
            kernel = KernelRelay(self._reactor, self._range, self._host, self.limits, journal)
            await kernel.start()
        except LanrageError as error:
            if self._mode == "kernel":
                raise
            self._in_userspace(error)
            return
        if self._table is not table or not self.running:  # stopped meanwhile
            await kernel.stop()
            return
        self._kernel, table.watcher = kernel, kernel.pairs
        for one, other, seconds in table.joined(self._now()):
            kernel.pairs.joined(one, other, seconds)
        log.info("the relay forwards in the kernel")

    def _in_userspace(self, error: LanrageError) -> None:
        """Say why, once for each reason; a disk may be there later."""
        waits = isinstance(error, StoreError) and may_pass(error)
        self._again = self._reactor.seconds() + KERNEL_AGAIN if waits else None
        if str(error) != self._why:
            self._why = str(error)
            tell = log.warn if waits else log.info
            tell("the relay forwards in userspace: {reason}", reason=self._why)

    def stopService(self) -> Deferred[Any]:
        """Let the pairs move to another relay, then close all ports; fires when they are closed."""
        was_running = self.running
        super().stopService()  # type: ignore[no-untyped-call]
        if not was_running or self._table is None or self._shared is None:
            return self._end()
        self.draining = True
        self.on_draining()
        return RelayDrain(self._reactor, self._table, self._shared.say, self.plan.drain).run().addBoth(self._end)

    def _end(self, _result: object = None) -> Deferred[None]:
        if self._loop is not None:
            bindings = self.counters().get("bindings", 0)
            log.info("the relay has stopped; {bindings} bindings ended with it", bindings=bindings)
        kernel, self._kernel, self._again = self._kernel, None, None
        self.started.addErrback(lambda _: None)  # told already, where it mattered
        stopped = Deferred.fromCoroutine(kernel.stop()) if kernel is not None else self._after_start()
        sweep, self._sweep = self._sweep, None
        if sweep is not None:
            sweep.stop()
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()
        return stopped

    def _after_start(self) -> Deferred[None]:
        """Fires when a start that is under way has ended, which then takes back what it did."""
        ended: Deferred[None] = Deferred()
        self.started.addCallback(ended.callback)
        return ended

    def counters(self) -> dict[str, int]:
        """Bindings that stand, and what was forwarded and dropped since the start."""
        if self._table is None:
            return {}
        plain = {"bindings": len(self._table)} | self._table.counters.as_dict()
        if self._kernel is None:
            return plain
        return plain | {name: plain.get(name, 0) + number for name, number in self._kernel.counters().items()}

    @property
    def in_kernel(self) -> bool:
        """Whether new pairs are forwarded in the kernel."""
        return self._kernel is not None and not self._kernel.reason

    async def look(self) -> None:
        """Try whether the kernel forwards, and read what it counted; that is done every few seconds by itself."""
        if self._kernel is not None:
            await self._kernel.look()

    def report(self) -> RelayReport:
        """What a control server is to know of it now."""
        (first, last), limit = self._range, self.limits.bindings
        bindings = len(self._table) if self._table is not None else 0
        rates = Rates()
        if self._table is not None:
            figures = self.counters()
            dropped = sum(number for name, number in figures.items() if name.startswith("dropped_"))
            rates = self._meter.count((figures["packets"], figures["bytes"], dropped), self._reactor.seconds())
        trouble = f"its timer was {self._late:.1f} s late: the machine is too busy" if self._late > LATE else ""
        load = self._meter.load(bindings, limit)
        host, region = self.plan.public_host, self.plan.region
        return RelayReport(host, first, last, region, load, self.draining, bindings, limit, rates, trouble)

    def go_by(self, plan: RelayPlan) -> None:
        """Tell and stop by another plan from now on; how it forwards is decided at its start."""
        self.plan = attrs.evolve(plan, mode=self.plan.mode)
        self._meter.full = plan.full

    def revoke(self, revocation: Revocation) -> None:
        """A member's tickets are void from now on, and what is bound by them ends."""
        if self._table is not None and self._shared is not None:
            self._shared.say(self._table.revoke(revocation, self._reactor.seconds(), self._now()))

    def _look(self, table: RelayTable) -> None:
        try:
            self._sweep_once(table)
        except Exception:  # pylint: disable=broad-exception-caught  # the next look is due all the same
            log.failure("the relay did not look for bindings that ended")

    def _sweep_once(self, table: RelayTable) -> None:
        now = self._reactor.seconds()
        self._late, self._swept = max(0.0, now - self._swept - SWEEP), now
        table.expire(now, self._now())
        if self._again is not None and now >= self._again:
            self._again = None
            self.started = Deferred.fromCoroutine(self._use_kernel(table))
        if (bindings := len(table)) != self._told:
            self._told = bindings
            log.debug("the relay holds {bindings} bindings", bindings=bindings)
