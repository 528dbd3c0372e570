"""ICMP echo between hosts by raw sockets in their namespaces: proves a way without any program on the far side."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Iterable

import attrs

from lanrage.lab.netns import entered
from lanrage.wire.echo import Echo, decode_reply, encode_request, without_head

INTERVAL_S = 0.02
"""One echo each 20 ms for a pair that waits: fine enough to time a join, little enough for two cores."""

LAST_ANSWER_S = 1.0
"""How long the last echo of a stream may take; above it a packet is as good as lost to a game."""


def read_reply(packet: bytes, ident: int) -> int | None:
    """The sequence number of an IPv4 packet that answers `ident`; None for any other."""
    reply = decode_reply(without_head(packet))
    return reply.sequence if reply is not None and reply.ident == ident else None


@attrs.define
class Pinger:
    """Raw sockets in several namespaces, one each, used from one thread.

    :param clock: seconds; the wall of all times returned.
    """

    clock: Callable[[], float] = time.monotonic
    ident: int = attrs.field(factory=lambda: os.getpid() & 0xFFFF)
    _sockets: dict[str, socket.socket] = attrs.field(factory=dict)

    def socket(self, netns: str) -> socket.socket:
        """The socket in a namespace, opened when first asked for."""
        if netns not in self._sockets:
            with entered(netns):
                made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            made.setblocking(False)
            self._sockets[netns] = made
        return self._sockets[netns]

    def send(self, netns: str, target: str, sequence: int = 0, payload: bytes = b"") -> None:
        """Send one echo; what the kernel refuses is silent, as loss would be."""
        try:
            self.socket(netns).sendto(encode_request(Echo(self.ident, sequence & 0xFFFF, payload)), (target, 0))
        except OSError:
            return

    def receive(self, timeout: float) -> list[tuple[str, str, int, float]]:
        """Wait for answers: (netns, source, sequence, time) of each."""
        names = {made: netns for netns, made in self._sockets.items()}
        answers = []
        for ready in select.select(list(names), [], [], max(0.0, timeout))[0]:
            for packet, source in _drain(ready):
                sequence = read_reply(packet, self.ident)
                if sequence is not None:
                    answers.append((names[ready], source, sequence, self.clock()))
        return answers

    def close(self) -> None:
        """Close all sockets."""
        for made in self._sockets.values():
            made.close()
        self._sockets.clear()


def first_answers(
    pinger: Pinger, pairs: Iterable[tuple[str, str]], timeout: float, interval: float = INTERVAL_S
) -> dict[tuple[str, str], float]:
    """Send echoes for each (netns, address) until it answered once; the time of each first answer.

    :param timeout: seconds for all; pairs that did not answer are missing from the result.
    """
    waiting = dict.fromkeys(pairs)
    answered: dict[tuple[str, str], float] = {}
    deadline = pinger.clock() + timeout
    due = pinger.clock()
    while waiting and pinger.clock() < deadline:
        if pinger.clock() >= due:
            due = pinger.clock() + interval
            for netns, target in waiting:
                pinger.send(netns, target)
        for netns, source, _, when in pinger.receive(due - pinger.clock()):
            if (netns, source) in waiting:
                del waiting[netns, source]
                answered[netns, source] = when
    return answered


def stream(
    pinger: Pinger,
    pairs: Iterable[tuple[str, str]],
    count: int,
    events: dict[int, Callable[[], None]] | None = None,
    interval: float = INTERVAL_S,
) -> dict[tuple[str, str], int]:
    """Send `count` echoes at a steady rate for each (netns, address); how many of each were not answered.

    :param events: called before the echo of a number is sent; they must not block.
    """
    pairs = list(pairs)
    seen: dict[tuple[str, str], set[int]] = {pair: set() for pair in pairs}
    begin = pinger.clock()
    for sequence in range(count + round(LAST_ANSWER_S / interval)):
        if events and sequence in events:
            events[sequence]()
        if sequence < count:
            for netns, target in pairs:
                pinger.send(netns, target, sequence)
        while (left := begin + (sequence + 1) * interval - pinger.clock()) > 0:
            for netns, source, number, _ in pinger.receive(left):
                seen.get((netns, source), set()).add(number)
    return {pair: count - len(numbers) for pair, numbers in seen.items()}


def _drain(ready: socket.socket) -> list[tuple[bytes, str]]:
    packets: list[tuple[bytes, str]] = []
    while True:
        try:
            packet, source = ready.recvfrom(2048)
        except OSError:
            return packets
        packets.append((packet, str(source[0])))
