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

_STAMP = struct.Struct("!QIII")
"""Nanoseconds of the wall clock when it was sent, number of the phase, number, number of the sender."""
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


@attrs.define
class Sockets:
    """One sender, one receiver of broadcasts and one of unicast for each member.

    :param addresses: party addresses, by the member's number.
    """

    addresses: Sequence[str]
    senders: list[socket.socket] = attrs.field(factory=list)
    receivers: list[socket.socket] = attrs.field(factory=list)
    phase: int = 0

    @classmethod
    @contextmanager
    def opened(cls, members: Sequence[tuple[str, str]]) -> Iterator[Sockets]:
        """Open them, and close them after use.

        :param members: (network namespace, party address) of each.
        """
        made = cls([address for _, address in members])
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

    def drain(self, quiet: float) -> list[Arrival]:
        """All of this phase that arrives until nothing more has come for `quiet` seconds; the next phase begins.

        A member's own broadcasts, which its kernel gives it, are left out, and so is what is late from a phase before.
        """
        found: list[Arrival] = []
        last = time.monotonic()
        while time.monotonic() - last < quiet:
            time.sleep(quiet / 4)
            for place, receiver in enumerate(self.receivers):
                for arrival in self._read(receiver, place // 2):
                    found.append(arrival)
                    last = time.monotonic()
        self.phase += 1
        return found

    def _read(self, receiver: socket.socket, member: int) -> Iterator[Arrival]:
        while True:
            try:
                data, ancillary, _, source = receiver.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
            except BlockingIOError:
                return
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            sent, phase, number, sender = _STAMP.unpack_from(data)
            took = (seconds * 1_000_000_000 + nanoseconds - sent) / 1e6
            if phase == self.phase and sender != member:
                yield Arrival(member, number, took, source[0] == self.addresses[sender])

    def _payload(self, number: int, sender: int) -> bytes:
        return _STAMP.pack(time.time_ns(), self.phase, number, sender).ljust(PAYLOAD_BYTES, b"\0")


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
