"""The relay role: a range of UDP ports, one table (``docs/protocol-relay.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.relay_table import RelayLimits, RelayTable
from lanrage.errors import BadInput
from lanrage.net.listening import why_not
from lanrage.net.relay_loop import RelayLoop
from lanrage.net.relay_server import RelayPorts

SWEEP = 5.0
"""Seconds between looks for bindings that ended; each is also looked at when it is used."""

log = Logger()


class RelayService(Service):
    """A relay for the pairs that one control server names.

    :param server_key: the control server's Ed25519 public key, 32 bytes.
    :param ports: first and last UDP port.
    :param host: address to listen on; empty = all.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        reactor: Any,
        server_key: bytes,
        ports: tuple[int, int],
        host: str = "",
        *,
        limits: RelayLimits | None = None,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reactor, self._server_key, self._range, self._host = reactor, server_key, ports, host
        self._limits = limits if limits is not None else RelayLimits()
        self._now, self._random = now, random
        self._loop: RelayLoop | None = None
        self._table: RelayTable | None = None
        self._sweep: LoopingCall | None = None

    def startService(self) -> None:
        """Open all ports, or none.

        :raises BadInput: field ``ports``, naming the port that is taken.
        """
        table = RelayTable(self._server_key, self._random, self._limits)
        loop = self._loop = RelayLoop(self._reactor, RelayPorts(table, self._reactor.seconds, self._now))
        first, last = self._range
        for number in range(first, last + 1):
            try:
                loop.open(number, self._host)
            except OSError as error:
                loop.close()
                raise BadInput("ports", why_not(number, error)) from error
        self._table = table
        self._sweep = LoopingCall(lambda: table.expire(self._reactor.seconds()))
        self._sweep.clock = self._reactor
        self._sweep.start(SWEEP, now=False)
        super().startService()  # type: ignore[no-untyped-call]
        log.info("the relay listens on UDP {first} to {last}", first=first, last=last)

    def stopService(self) -> None:
        """Close all ports; bindings are forgotten, and nodes bind anew at the next start."""
        super().stopService()  # type: ignore[no-untyped-call]
        sweep, self._sweep = self._sweep, None
        if sweep is not None:
            sweep.stop()
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def counters(self) -> dict[str, int]:
        """Bindings that stand, and what was forwarded and dropped since the start."""
        if self._table is None:
            return {}
        return {"bindings": len(self._table)} | self._table.counters.as_dict()
