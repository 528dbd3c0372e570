"""The reflector: tells whoever asks from which address it was seen (RFC 8489; ``docs/protocol-stun.rst``).

It answers valid binding requests and nothing else, so it cannot be made to answer an answer. A response is at most 12
bytes longer than the shortest request (the mapped address); the rate a source address is limited, so what little there
is to gain by forging a source stays small.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.protocol import DatagramProtocol

from lanrage.core.budget import Budget
from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError
from lanrage.wire.stun import Kind, Message, decode, encode

RATE, BURST = 20.0, 60.0
"""Requests a second, and at once, from one host: a school behind one address with a party of 16 starting together."""
BAD_REQUEST, UNKNOWN_ATTRIBUTE = 400, 420


@attrs.define
class ReflectorCounters:
    """What came in."""

    answered: int = 0
    refused: int = 0
    malformed: int = 0
    limited: int = 0


class StunReflector(DatagramProtocol):
    """Answers binding requests.

    :param now: seconds of a clock that only moves forward.
    """

    noisy = False

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._budget: Budget[str] = Budget(RATE, BURST)
        self.counters = ReflectorCounters()

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """One datagram from anybody."""
        host, port = addr[0], addr[1]
        try:
            message = decode(datagram)
        except DecodeError:
            self.counters.malformed += 1
            return
        if message.kind is not Kind.REQUEST or not port:
            self.counters.malformed += 1
            return
        if not self._budget.allow(host, self._now()):
            self.counters.limited += 1
            return
        if message.unknown:
            self.counters.refused += 1
            answer = Message(Kind.ERROR, message.transaction, error=UNKNOWN_ATTRIBUTE, unknown=message.unknown[:4])
        else:
            self.counters.answered += 1
            answer = Message(Kind.SUCCESS, message.transaction, mapped=Endpoint(host, port))
        if self.transport is not None:
            self.transport.write(encode(answer), addr)
