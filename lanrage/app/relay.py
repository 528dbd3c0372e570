"""The relay role: a range of UDP ports, one table (``docs/protocol-relay.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.relay_drain import DRAIN, RelayDrain
from lanrage.core.relay_report import FULL_PACKETS, LATE, Rates, RelayReport, ReportMeter
from lanrage.core.relay_revocations import Revocation
from lanrage.core.relay_table import RelayLimits, RelayTable
from lanrage.errors import BadInput
from lanrage.net.listening import why_not
from lanrage.net.relay_server import RelayPort, RelayPorts

SWEEP = 5.0
"""Seconds between looks for bindings that ended; each is also looked at when it is used."""
LARGEST = 65535
"""Bytes; no UDP datagram is longer, so none is cut."""

log = Logger()


@attrs.frozen
class RelayPlan:
    """What an operator says of a relay.

    :param region: where it stands, in a word.
    :param public_host: at which nodes reach it; empty = as the control server sees it.
    :param drain: seconds that it forwards on after it was told to stop.
    :param full: packets a second that are a full load.
    """

    region: str = ""
    public_host: str = ""
    drain: float = DRAIN
    full: float = FULL_PACKETS


class RelayService(Service):
    """A relay for the pairs that one control server names.

    :param server_key: the control server's Ed25519 public key, 32 bytes.
    :param ports: first and last UDP port.
    :param host: address to listen on; empty = all.
    :param limits: how much it carries.
    :param plan: what it tells of itself, and how it stops.
    :param now: seconds since the epoch.
    :ivar on_draining: called when it begins to stop.
    """

    def __init__(
        self,
        reactor: Any,
        server_key: bytes,
        ports: tuple[int, int],
        host: str = "",
        *,
        limits: RelayLimits | None = None,
        plan: RelayPlan | None = None,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reactor, self._server_key, self._range, self._host = reactor, server_key, ports, host
        self._limits = limits if limits is not None else RelayLimits()
        self.plan = plan if plan is not None else RelayPlan()
        self.on_draining: Callable[[], None] = lambda: None
        self.draining = False
        self._meter = ReportMeter(self.plan.full)
        self._late = 0.0
        self._swept = 0.0
        self._shared: RelayPorts | None = None
        self._now, self._random = now, random
        self._ports: list[IListeningPort] = []
        self._table: RelayTable | None = None
        self._sweep: LoopingCall | None = None
        self._closing: Deferred[Any] = succeed(None)

    def startService(self) -> None:
        """Open all ports, or none.

        :raises BadInput: field ``ports``, naming the port that is taken.
        """
        table = RelayTable(self._server_key, self._random, self._limits)
        self._shared = shared = RelayPorts(table, self._reactor.seconds, self._now)
        first, last = self._range
        for number in range(first, last + 1):
            try:
                port = self._reactor.listenUDP(number, RelayPort(shared, number), self._host, maxPacketSize=LARGEST)
            except CannotListenError as error:
                self._closing = self._close()
                raise BadInput("ports", why_not(number, error)) from error
            self._ports.append(port)
        self._table, self.draining = table, False
        self._swept = self._reactor.seconds()
        self._sweep = LoopingCall(self._look, table)
        self._sweep.clock = self._reactor
        self._sweep.start(SWEEP, now=False)
        super().startService()  # type: ignore[no-untyped-call]
        log.info("the relay listens on UDP {first} to {last}", first=first, last=last)

    def stopService(self) -> Deferred[Any]:
        """Let the pairs move to another relay, then close all ports; fires when they are closed."""
        was_running = self.running
        super().stopService()  # type: ignore[no-untyped-call]
        if not was_running or self._table is None or self._shared is None:
            return self._end()
        self.draining = True
        self.on_draining()
        return RelayDrain(self._reactor, self._table, self._shared.say, self.plan.drain).run().addBoth(self._end)

    def _end(self, _result: object = None) -> Deferred[Any]:
        sweep, self._sweep = self._sweep, None
        if sweep is not None:
            sweep.stop()
        return gatherResults([self._closing, self._close()])

    def counters(self) -> dict[str, int]:
        """Bindings that stand, and what was forwarded and dropped since the start."""
        if self._table is None:
            return {}
        return {"bindings": len(self._table)} | self._table.counters.as_dict()

    def report(self) -> RelayReport:
        """What a control server is to know of it now."""
        (first, last), limit = self._range, self._limits.bindings
        bindings = len(self._table) if self._table is not None else 0
        rates = Rates()
        if self._table is not None:
            rates = self._meter.count(self._table.counters, self._reactor.seconds())
        trouble = f"its timer was {self._late:.1f} s late: the machine is too busy" if self._late > LATE else ""
        load = self._meter.load(bindings, limit)
        host, region = self.plan.public_host, self.plan.region
        return RelayReport(host, first, last, region, load, self.draining, bindings, limit, rates, trouble)

    def revoke(self, revocation: Revocation) -> None:
        """A member's tickets are void from now on, and what is bound by them ends."""
        if self._table is not None and self._shared is not None:
            self._shared.say(self._table.revoke(revocation, self._reactor.seconds(), self._now()))

    def _look(self, table: RelayTable) -> None:
        now = self._reactor.seconds()
        self._late, self._swept = max(0.0, now - self._swept - SWEEP), now
        table.expire(now, self._now())

    def _close(self) -> Deferred[Any]:
        ports, self._ports = self._ports, []
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])
