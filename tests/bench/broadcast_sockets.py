"""Sockets of many members' machines in one process, with the kernel's time of arrival (socket(7), SO_TIMESTAMPNS)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import attrs

from lanrage.lab.netns import entered

PORT, UNICAST_PORT = 28_015, 28_016
PAYLOAD_BYTES = 100
BUFFER = 16 << 20
"""Bytes: all that one receiver gets in a measurement waits in the kernel, so that nothing is read meanwhile."""

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
"""<asm-generic/socket.h>; Python does not name them."""

_STAMP = struct.Struct("!QII")
"""Nanoseconds of the wall clock when it was sent, number, number of the sender."""
_TIMESPEC = struct.Struct("@qq")


@attrs.frozen
class Arrival:
    """A datagram that a member's socket got.

    :param receiver: number of the member.
    :param number: of the datagram.
    :param took_ms: one way.
    :param right: whether its source is the sender's party address.
    """

    receiver: int
    number: int
    took_ms: float
    right: bool


@attrs.frozen
class Sockets:
    """One sender, one receiver of broadcasts and one of unicast for each member.

    :param addresses: party addresses, by the member's number.
    """

    addresses: Sequence[str]
    senders: list[socket.socket]
    receivers: list[socket.socket]

    @classmethod
    @contextmanager
    def opened(cls, members: Sequence[tuple[str, str]]) -> Iterator[Sockets]:
        """Open them, and close them after use.

        :param members: (network namespace, party address) of each.
        """
        made = cls([address for _, address in members], [], [])
        try:
            for netns, address in members:
                with entered(netns):
                    made.senders.append(_sender(address))
                    made.receivers.extend((_receiver(PORT), _receiver(UNICAST_PORT)))
            yield made
        finally:
            for each in made.senders + made.receivers:
                each.close()

    def broadcast(self, number: int) -> None:
        """Send one to the party's broadcast address; the members send in turn."""
        sender = number % len(self.senders)
        everybody = self.addresses[sender].rpartition(".")[0] + ".255"
        self.senders[sender].sendto(self._payload(number, sender), (everybody, PORT))

    def unicast(self, number: int) -> None:
        """Send one to one member; senders and receivers change in turn."""
        count = len(self.senders)
        sender = number % count
        receiver = (sender + 1 + number // count % (count - 1)) % count
        self.senders[sender].sendto(self._payload(number, sender), (self.addresses[receiver], UNICAST_PORT))

    def drain(self) -> list[Arrival]:
        """All that has arrived since the last time; a member's own broadcasts, which its kernel gives it, left out."""
        found = []
        for place, receiver in enumerate(self.receivers):
            while (arrival := self._read(receiver, place // 2)) is not None:
                if arrival[1]:
                    found.append(arrival[0])
        return found

    def _read(self, receiver: socket.socket, member: int) -> tuple[Arrival, bool] | None:
        try:
            data, ancillary, _, source = receiver.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
        except BlockingIOError:
            return None
        seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
        sent, number, sender = _STAMP.unpack_from(data)
        took = (seconds * 1_000_000_000 + nanoseconds - sent) / 1e6
        return Arrival(member, number, took, source[0] == self.addresses[sender]), sender != member

    @staticmethod
    def _payload(number: int, sender: int) -> bytes:
        return _STAMP.pack(time.time_ns(), number, sender).ljust(PAYLOAD_BYTES, b"\0")


def _sender(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.bind((address, 0))
    return made


def _receiver(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    made.bind(("", port))
    return made
