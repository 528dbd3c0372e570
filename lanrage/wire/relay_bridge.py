"""The server's side of one relay WebSocket, as a pure machine: frames to datagrams for relays, and back.

It knows no tickets: the relay alone judges who may send to whom. What it does hold back is what the relay would throw
away: data of a channel for which the relay has confirmed no binding, and what is too much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.rate import TokenBucket
from lanrage.core.relay_table import LIFETIME
from lanrage.wire.relay import BIND, BIND_REQUEST, BOUND, MAGIC, MESSAGE_LIMIT, NAMED, UNBIND, UNKNOWN_BYTES
from lanrage.wire.relay_tcp import DATAGRAM_LIMIT, Close, Data, Open, Reason, decode, encode, lane

KIND_AT = 5
"""Where a relay message has its kind."""
FROM_NODES = (BIND_REQUEST, BIND, UNBIND, NAMED)
"""Relay messages that a node sends."""


@attrs.frozen
class BridgeLimits:
    """How much one WebSocket may ask for.

    :param channels: at once: a party of 64 needs 63.
    :param packets: data a second: 20 Mbit/s of full ones, and a game's LAN traffic many times over.
    :param burst: data at once.
    :param control: relay messages and words a second: 63 channels that wait for their peers refresh each second.
    :param control_burst: likewise at once: all channels opened together, three messages each.
    """

    channels: int = 64
    packets: float = 2000.0
    burst: float = 2000.0
    control: float = 100.0
    control_burst: float = 400.0


@attrs.define(eq=False)
class _Channel:
    number: int
    relay: Endpoint
    until: float | None = None


@attrs.frozen
class Step:
    """What to do.

    :param datagram: to send to :attr:`to`; empty = none.
    :param answer: a frame for the client; empty = none.
    """

    datagram: bytes = b""
    to: Endpoint | None = None
    answer: bytes = b""


NOTHING = Step()


@attrs.define(eq=False)
class Bridge:
    """One connection's channels.

    :param find: the address of a relay's port that the server vouches for, by the name that the node was told.
    :param dropped: counts by reason what is not passed on: ``unbound``, ``limited``, ``closed``, ``malformed``.
    """

    find: Callable[[str, int], Endpoint | None]
    dropped: Counter[str] = attrs.field(factory=Counter)
    limits: BridgeLimits = BridgeLimits()
    _channels: dict[int, _Channel] = attrs.field(init=False, factory=dict)
    _relays: dict[Endpoint, _Channel] = attrs.field(init=False, factory=dict)
    _data: TokenBucket = attrs.field(init=False)
    _control: TokenBucket = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._data = TokenBucket(self.limits.packets, self.limits.burst)
        self._control = TokenBucket(self.limits.control, self.limits.control_burst)

    def __len__(self) -> int:
        """Channels that are open."""
        return len(self._channels)

    def bound(self, now: float) -> int:
        """Channels whose binding a relay has confirmed within the time that one stands."""
        return sum(channel.until is not None and now < channel.until for channel in self._channels.values())

    def frame(self, data: bytes, now: float) -> Step:
        """A frame of the client.

        :param now: seconds of a clock that only moves forward.
        :raises DecodeError: it is none; the connection has no right to go on.
        """
        frame = decode(data)
        if isinstance(frame, Data):
            return self._datagram(frame, now)
        if not self._control.take(now):
            return self._drop("limited")
        if isinstance(frame, Open):
            return self._open(frame)
        channel = self._channels.pop(frame.channel, None)
        if channel is not None:
            del self._relays[channel.relay]
        return NOTHING

    def heard(self, datagram: bytes, source: Endpoint, now: float) -> tuple[int, bytes] | None:
        """A datagram came in from somewhere.

        :returns: lane and frame for the client; ``None`` = not from a relay's port that is open here.
        """
        channel = self._relays.get(source)
        if channel is None or not 1 <= len(datagram) <= DATAGRAM_LIMIT:
            self._drop("closed" if channel is None else "malformed")
            return None
        if datagram.startswith(MAGIC) and datagram[KIND_AT : KIND_AT + 1] == bytes((BOUND,)):
            channel.until = now + LIFETIME
        return lane(channel.number, datagram), encode(Data(channel.number, datagram))

    # --- within -------------------------------------------------------------------------------------------------------

    def _datagram(self, frame: Data, now: float) -> Step:
        control = frame.datagram.startswith(MAGIC)
        channel = self._channels.get(frame.channel)
        if channel is None:
            self._drop("closed")
            return Step(answer=_close(frame.channel, Reason.NOT_OPEN)) if self._control.take(now) else NOTHING
        if control and not _is_from_node(frame.datagram):
            return self._drop("malformed")
        if not control and (channel.until is None or now >= channel.until):
            return self._drop("unbound")
        if not (self._control if control else self._data).take(now):
            return self._drop("limited")
        return Step(frame.datagram, channel.relay)

    def _open(self, frame: Open) -> Step:
        relay = self.find(frame.host, frame.port)
        reason = None
        if relay is None:
            reason = Reason.RELAY
        elif frame.channel in self._channels or relay in self._relays:
            reason = Reason.IN_USE
        elif len(self._channels) >= self.limits.channels:
            reason = Reason.FULL
        if relay is None or reason is not None:
            return Step(answer=_close(frame.channel, reason or Reason.RELAY))
        self._channels[frame.channel] = self._relays[relay] = _Channel(frame.channel, relay)
        return NOTHING

    def _drop(self, reason: str) -> Step:
        self.dropped[reason] += 1
        return NOTHING


def _is_from_node(datagram: bytes) -> bool:
    return UNKNOWN_BYTES < len(datagram) <= MESSAGE_LIMIT and datagram[KIND_AT] in FROM_NODES


def _close(channel: int, reason: Reason) -> bytes:
    return encode(Close(channel, reason))
