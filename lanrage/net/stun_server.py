"""The reflector: tells whoever asks from which address it was seen (RFC 8489; ``docs/protocol-stun.rst``).

It answers valid binding requests and nothing else, so it never answers an answer. A response over IPv4 is at
most 12 bytes longer than its request, 24 over IPv6 (the mapped address), and the rate of a
source address is limited, so what little there is to gain by forging a source stays small.
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
UNKNOWN_ATTRIBUTE = 420


@attrs.define
class ReflectorCounters:
    """What came in.

    :ivar answered: requests told the address they came from.
    :ivar refused: requests with attributes unknown here.
    :ivar malformed: anything else; never answered.
    :ivar limited: requests above their host's rate; not answered.
    :ivar unsent: answers that the kernel did not take.
    """

    answered: int = 0
    refused: int = 0
    malformed: int = 0
    limited: int = 0
    unsent: int = 0


class StunReflector(DatagramProtocol):
    """Answers binding requests.

    :param now: seconds of a clock that only moves forward.
    """

    noisy = False

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._budget: Budget[str] = Budget(RATE, BURST)
        self.counters = ReflectorCounters()

    @property
    def remembered(self) -> int:
        """Hosts whose rate is known; bounded."""
        return len(self._budget)

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
        try:
            if self.transport is not None:
                self.transport.write(encode(self._answer(message, Endpoint(host, port))), addr)
        except OSError:
            self.counters.unsent += 1

    def _answer(self, request: Message, source: Endpoint) -> Message:
        transaction, fingerprint = request.transaction, request.fingerprint
        if not request.unknown:
            self.counters.answered += 1
            return Message(Kind.SUCCESS, transaction, mapped=source, fingerprint=fingerprint)
        self.counters.refused += 1
        # Naming an attribute takes 2 bytes; the request spent at least 4 on it.
        unknown = request.unknown
        return Message(Kind.ERROR, transaction, error=UNKNOWN_ATTRIBUTE, unknown=unknown, fingerprint=fingerprint)
