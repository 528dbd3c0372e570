"""A node's side of one relay WebSocket, as a pure machine: which channel leads to which port of a relay."""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint
from lanrage.wire.relay_tcp import CHANNEL_LIMIT, DATAGRAM_LIMIT, Close, Data, Open, Reason, decode, encode, lane


@attrs.frozen
class Heard:
    """A datagram came from a port of a relay."""

    relay: Endpoint
    datagram: bytes


@attrs.frozen
class Closed:
    """The server closed a channel; the next datagram opens another."""

    relay: Endpoint
    reason: Reason


@attrs.define(eq=False)
class RelayChannels:
    """The channels of one connection, which begins with none.

    :ivar refused: channels that the server closed.
    """

    refused: int = 0
    _numbers: dict[Endpoint, int] = attrs.field(init=False, factory=dict)
    _relays: dict[int, Endpoint] = attrs.field(init=False, factory=dict)
    _last: int = attrs.field(init=False, default=0)

    def __len__(self) -> int:
        """Channels that are open."""
        return len(self._numbers)

    @property
    def relays(self) -> set[Endpoint]:
        """The ports that have a channel."""
        return set(self._numbers)

    def send(self, datagram: bytes, relay: Endpoint) -> list[tuple[int, bytes]]:
        """Lane and frame of each message that carries a datagram to a relay's port; opens its channel first.

        None for a datagram that no frame holds.
        """
        if not 1 <= len(datagram) <= DATAGRAM_LIMIT:
            return []
        number, frames = self._numbers.get(relay), []
        if number is None:
            number = self._free()
            self._numbers[relay], self._relays[number] = number, relay
            frames.append((0, encode(Open(number, relay.host, relay.port))))
        return [*frames, (lane(number, datagram), encode(Data(number, datagram)))]

    def close(self, relay: Endpoint) -> list[tuple[int, bytes]]:
        """Lane and frame that give a relay's port back; none when it is not open."""
        number = self._numbers.pop(relay, None)
        if number is None:
            return []
        del self._relays[number]
        return [(0, encode(Close(number, Reason.DONE)))]

    def receive(self, frame: bytes) -> Heard | Closed | None:
        """A frame of the server; ``None`` for one that concerns no channel of ours.

        :raises DecodeError: it is none.
        """
        read = decode(frame)
        relay = self._relays.get(read.channel)
        if relay is None or isinstance(read, Open):
            return None
        if isinstance(read, Data):
            return Heard(relay, read.datagram)
        del self._relays[read.channel], self._numbers[relay]
        self.refused += 1
        return Closed(relay, read.reason)

    def _free(self) -> int:
        """A number that is not in use, and was not a moment ago: its last datagrams may still be on their way."""
        self._last = self._last % CHANNEL_LIMIT + 1
        while self._last in self._relays:
            self._last = self._last % CHANNEL_LIMIT + 1
        return self._last
