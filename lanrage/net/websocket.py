"""What both ends of the control channel share of Autobahn: its timers on our clock, its limits in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

PING_INTERVAL = 10.0
"""Seconds between WebSocket pings: keeps NAT mappings and proxies (60 s at least) open, finds a dead peer soon."""
PING_TIMEOUT = 10.0
"""Seconds without a pong after which the peer is dead."""
OPENING_LIMIT = 8192
"""Bytes of the HTTP head that opens a WebSocket; Autobahn alone would gather and search it without a bound."""
CLOSE_TIMEOUT = 1.0
"""Seconds for the closing handshake, then the connection is cut."""


@attrs.define
class _Call:
    """A delayed call that may be cancelled at any time, as Autobahn does."""

    _call: IDelayedCall

    def cancel(self) -> None:
        """Take it back; one that was made already is no error."""
        if self._call.active():
            self._call.cancel()


@attrs.frozen
class ClockTimer:
    """Stands in for Autobahn's batched timer.

    Autobahn 26.10 takes its timers from txaio's global reactor, whatever reactor its factory was given, and rounds
    them to whole seconds; tests move time by a ``Clock``, and a login timeout should be what it says.
    """

    clock: IReactorTime

    def call_later(self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any) -> _Call:
        """Call `function` after `delay` seconds."""
        return _Call(self.clock.callLater(delay, function, *args, **kwargs))


class QuietLog:
    """Stands in for Autobahn's logger, which warns twice of every peer that makes a mistake.

    A stranger must not be able to fill a disk with log lines: the ends of the channel count and summarise instead.
    """

    def debug(self, *_: object, **__: object) -> None:
        """Drop it."""

    trace = info = warn = warning = error = critical = failure = debug


def configure(factory: Any, clock: IReactorTime, *, limit: int, open_timeout: float) -> None:
    """Set an Autobahn factory's limits and timers.

    :param limit: bytes of one message received.
    :param open_timeout: seconds for the WebSocket handshake.
    """
    factory._batched_timer = ClockTimer(clock)
    factory.setProtocolOptions(
        maxFramePayloadSize=limit,
        maxMessagePayloadSize=limit,
        openHandshakeTimeout=open_timeout,
        closeHandshakeTimeout=CLOSE_TIMEOUT,
        autoPingInterval=PING_INTERVAL,
        autoPingTimeout=PING_TIMEOUT,
        tcpNoDelay=True,
        failByDrop=True,
    )


def is_endless(connection: Any, data: bytes) -> bool:
    """Whether these bytes would make the HTTP head that opens a connection longer than it may be."""
    return connection.state == connection.STATE_CONNECTING and len(connection.data) + len(data) > OPENING_LIMIT


def stop_timers(connection: Any) -> None:
    """Cancel the timer of the closing handshake; Autobahn 26.10 forgets it when the connection is lost first."""
    if connection.closeHandshakeTimeoutCall is not None:
        connection.closeHandshakeTimeoutCall.cancel()
        connection.closeHandshakeTimeoutCall = None
