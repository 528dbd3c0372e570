"""The reflector: tells whoever asks from which address it was seen (RFC 8489), from another of its own addresses and
ports where that is asked for (RFC 5780; ``docs/protocol-stun.rst``).

It answers valid binding requests and nothing else, so it never answers an answer, and it answers to the host that
asked and to no third one. A plain answer over IPv4 is 12 bytes longer than its request, 24 over IPv6 (the mapped
address); one to a request of RFC 5780, which names two addresses more, 28 and 64. The rate of a source address is
limited over all sockets together, so what little there is to gain by forging a source stays small.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.protocol import DatagramProtocol

from lanrage.core.budget import Budget
from lanrage.core.links import Endpoint
from lanrage.core.nat import Change
from lanrage.errors import DecodeError
from lanrage.wire.stun import CHANGE_REQUEST, RESPONSE_PORT, Kind, Message, decode, encode

RATE, BURST = 20.0, 300.0
"""Requests a second, and at once, from one host: a school behind one address with a party of 16 starting together,
each of which asks up to 16 times to tell its NAT's kind."""
UNKNOWN_ATTRIBUTE = 420
SYSTEM_PORTS = 1024
"""Answers are sent to no other port of the asker's host below this one: NATs map to higher ones (RFC 4787, REQ-3)."""


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
    """Answers binding requests at one socket.

    :param now: seconds of a clock that only moves forward.
    :param at: the socket's address; None = any of the machine's.
    :param beside: another socket of the same reflector; counters and limits are shared.
    :ivar others: the sockets that answer in its stead, by what shall change.
    """

    noisy = False

    def __init__(
        self, now: Callable[[], float], at: Endpoint | None = None, beside: StunReflector | None = None
    ) -> None:
        self._now = now
        self._at = at
        self._budget: Budget[str] = beside._budget if beside is not None else Budget(RATE, BURST)
        self.counters: ReflectorCounters = beside.counters if beside is not None else ReflectorCounters()
        self.others: dict[Change, StunReflector] = {}

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
        unknown = self._unknown(message)
        if unknown:
            self.counters.refused += 1
            # Naming an attribute takes 2 bytes; the request spent at least 4 on it.
            plain = Message(Kind.ERROR, message.transaction, error=UNKNOWN_ATTRIBUTE, unknown=unknown)
            self._send(attrs.evolve(plain, fingerprint=message.fingerprint), addr)
            return
        self.counters.answered += 1
        face = self.others.get(message.change or Change(), self)
        answer = face._answer(message, Endpoint(host, port), self._other)
        face._send(answer, (host, message.response_port or port, *addr[2:]))

    def _unknown(self, request: Message) -> tuple[int, ...]:
        """What this socket cannot do for the request."""
        unknown = request.unknown
        if request.change not in (None, Change(), *self.others):
            unknown += (CHANGE_REQUEST,)
        if 0 < request.response_port < SYSTEM_PORTS:
            unknown += (RESPONSE_PORT,)
        return unknown

    @property
    def _other(self) -> Endpoint | None:
        """What OTHER-ADDRESS says: only where there is a second address (RFC 5780, section 7.4)."""
        face = self.others.get(Change(True, True))
        return face._at if face is not None else None

    def _answer(self, request: Message, source: Endpoint, other: Endpoint | None) -> Message:
        plain = Message(Kind.SUCCESS, request.transaction, mapped=source, fingerprint=request.fingerprint)
        if request.change is None and not request.response_port:
            return plain  # who does not speak RFC 5780 gets no more than it needs: answers stay small
        return attrs.evolve(plain, origin=self._at, other=other)

    def _send(self, answer: Message, to: tuple[str, int]) -> None:
        try:
            if self.transport is not None:
                self.transport.write(encode(answer), to)
        except OSError:
            self.counters.unsent += 1


def join(faces: dict[tuple[int, int], StunReflector]) -> None:
    """Let sockets answer in each other's stead.

    :param faces: by (number of the address, number of the port), each 0 or 1.
    """
    for (address, port), face in faces.items():
        for (other_address, other_port), other in faces.items():
            if other is not face:
                face.others[Change(other_address != address, other_port != port)] = other
