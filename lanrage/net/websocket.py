"""What both ends of the control channel share of Autobahn: its timers on our clock, its limits in one place.

Autobahn 26.10 takes its timers from txaio's one global reactor, whatever reactor its factory was given. They are put
in their place here: exact ones where little waits, txaio's batched ones where thousands of keepalives do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, Self

import attrs
import txaio
import txaio.tx
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.logs.carry import apart, carrying

PING_INTERVAL = 10.0
"""Seconds between WebSocket pings: keeps NAT mappings and proxies (60 s at least) open, finds a dead peer soon."""
PING_TIMEOUT = 10.0
"""Seconds without a pong after which the peer is dead."""
OPENING_LIMIT = 8192
"""Bytes of the HTTP head that opens a WebSocket; Autobahn alone would gather and search it without a bound."""
CLOSE_TIMEOUT = 1.0
"""Seconds for the closing handshake, then the connection is cut."""
TEXT = 1
"""The opcode of a frame that holds text (RFC 6455, 11.8)."""
BUCKET = 1.0
"""Seconds that keepalives may be early or late, to share a timer."""
CHUNK = 100
"""Keepalives at once, before the reactor turns to others: a millisecond or two."""


class Timed(Protocol):
    """Something that will be called, or is past."""

    def cancel(self) -> None:
        """Take it back; no error when it was called already."""


class Timers(Protocol):
    """What Autobahn asks of a timer."""

    def call_later(self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any) -> Timed:
        """Call `function` after `delay` seconds."""


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
    """Exact timers, one delayed call each: for a client, which has one connection."""

    clock: IReactorTime

    def call_later(self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any) -> _Call:
        """Call `function` after `delay` seconds."""
        return _Call(self.clock.callLater(delay, function, *args, **kwargs))


class _Batched:
    """A call in a bucket of txaio's, which calls what was cancelled while its bucket is worked off."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function: Callable[[], object] | None = function
        self.entry: Any = None

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()

    def cancel(self) -> None:
        """Take it back; one that was made already is no error."""
        if self._function is not None:
            self._function = None
            with suppress(ValueError):  # its bucket is being worked off, and a new one has its name
                self.entry.cancel()


@attrs.frozen
class _Loop:
    """A configuration for txaio that is ours alone."""

    loop: IReactorTime


@attrs.frozen
class KeepaliveTimers:
    """A server's timers: keepalives in buckets of a second, shorter deadlines exact.

    10,000 connections so need some twenty delayed calls instead of 10,000. A bucketed call comes up to
    :data:`BUCKET` seconds early or late; its bucket is worked off in chunks over a second, so that pings do not leave
    in one instant. txaio would take the reactor from its global configuration, which can be set once in a process.
    """

    _exact: ClockTimer
    _batched: Any

    @classmethod
    def on(cls, clock: IReactorTime) -> Self:
        """Timers of a clock."""
        api = txaio.tx._TxApi(_Loop(clock))
        return cls(ClockTimer(clock), api.make_batched_timer(BUCKET, CHUNK))

    def call_later(self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any) -> Timed:
        """Call `function` after `delay` seconds."""
        if delay < PING_INTERVAL:
            return self._exact.call_later(delay, function, *args, **kwargs)
        call = _Batched(carrying(partial(function, *args, **kwargs)))
        with apart():  # a bucket is not the first one's that is put into it
            call.entry = self._batched.call_later(delay, call)
        return call


class QuietLog:
    """Stands in for Autobahn's logger, which warns twice of every peer that makes a mistake.

    A stranger must not be able to fill a disk with log lines: the ends of the channel count and summarise instead.
    """

    def debug(self, *_: object, **__: object) -> None:
        """Drop it."""

    trace = info = warn = warning = error = critical = failure = debug


def configure(factory: Any, timers: Timers, *, limit: int, open_timeout: float) -> None:
    """Set an Autobahn factory's limits and timers.

    :param limit: bytes of one message, received or sent: Autobahn knows but one limit for both.
    :param open_timeout: seconds for the WebSocket handshake; 0 = another deadline covers it.
    """
    factory._batched_timer = timers
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


def send_text(connection: Any, message: bytes) -> None:
    """Send a text in one frame, however long it is: Autobahn's own way holds what is sent to the limit of what may be
    received, and an answer is longer than any call.
    """
    connection.sendFrame(opcode=TEXT, payload=message)


def is_endless(connection: Any, data: bytes) -> bool:
    """Whether these bytes would make the HTTP head that opens a connection longer than it may be."""
    return connection.state == connection.STATE_CONNECTING and len(connection.data) + len(data) > OPENING_LIMIT


def stop_timers(connection: Any) -> None:
    """Cancel the timer of the closing handshake; Autobahn 26.10 forgets it when the connection is lost first."""
    if connection.closeHandshakeTimeoutCall is not None:
        connection.closeHandshakeTimeoutCall.cancel()
        connection.closeHandshakeTimeoutCall = None
