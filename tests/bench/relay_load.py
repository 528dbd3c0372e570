"""What is measured of one way: packets a second, and round trips."""

from __future__ import annotations

import ctypes
import socket
import time
from collections.abc import Callable

import attrs

from lanrage.net.mmsg import Address, Sender
from lanrage.wire.relay import MAGIC
from tests.bench.relay_net import ECHO, LOCALS, SOCKETS, Net

PAYLOAD = b"\x04" + bytes(63)
"""64 bytes, as a WireGuard packet of a small game packet nearly is."""
WAIT = 0.25
"""Seconds until a round trip counts as lost."""


@attrs.frozen
class Aim:
    """Where Anna sends so that it reaches Ben.

    :param to: of each of her sockets, where its packets go, in turn; :data:`tests.bench.relay_net.LOCALS` of them.
    :param echo: of the timed pair.
    :param head: bytes before the payload.
    :param echo_head: likewise, of the timed pair.
    """

    to: list[list[tuple[str, int]]]
    echo: tuple[str, int]
    heads: list[list[bytes]] | None = None
    echo_head: bytes = b""


@attrs.frozen
class Rate:
    """One round.

    :param wall: packets that reached Ben, a second.
    :param cpu: the same, a second of the sender's processor time; of a way in the kernel that is all there is.
    :param lost: share of what was sent that did not reach him.
    """

    wall: float
    cpu: float
    lost: float


class Generator:
    """Sends as fast as it can, from all sockets in turn; the batches are laid out once."""

    def __init__(self, net: Net, aim: Aim) -> None:
        self._senders: list[tuple[socket.socket, Sender]] = []
        self._kept: list[object] = []
        for number in range(SOCKETS):
            sender = Sender(LOCALS)
            for place, to in enumerate(aim.to[number]):
                head = aim.heads[number][place] if aim.heads else b""
                address, data = Address(*to), ctypes.create_string_buffer(head + PAYLOAD, len(head + PAYLOAD))
                self._kept += [address, data]
                sender.add(ctypes.addressof(data), len(data), address.place)
            self._senders.append((net.anna[number], sender))

    def blast(self, seconds: float, count: Callable[[], int]) -> Rate:
        """Send for so long."""
        before, sent = count(), 0
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            for own, sender in self._senders:
                sender.count = LOCALS
                sender.flush(own.fileno())
                sent += LOCALS
        lasted, cpu = time.monotonic() - began, time.process_time() - cpu
        time.sleep(0.02)
        got = count() - before
        return Rate(got / lasted, got / cpu, 1 - got / sent)


def round_trips(net: Net, aim: Aim, number: int) -> list[float]:
    """So many round trips, one after another, in microseconds; lost ones count as :data:`WAIT`."""
    own = net.anna[ECHO]
    own.settimeout(WAIT)
    times = []
    for _ in range(number):
        began = time.perf_counter()
        own.sendto(aim.echo_head + PAYLOAD, aim.echo)
        while True:
            try:
                data = own.recv(2048)
            except TimeoutError:
                break
            if not data.startswith(MAGIC):
                break
        times.append((time.perf_counter() - began) * 1e6)
    return times


def quantile(values: list[float], share: float) -> float:
    """Of a sample."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
