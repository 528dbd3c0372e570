"""The relay's loop in userspace: many packets a system call, no object for a packet that is only passed on.

What is more than one turn can send waits in a fair queue, so that a client's flood delays nobody but itself.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.fair_queue import QUEUE_LIMIT, FairQueue
from lanrage.core.relay_bindings import Binding
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.net.mmsg import ADDRESS_BYTES, Address, Receiver, Sender, Slab, unpack_key
from lanrage.net.relay_server import RelayPorts
from lanrage.wire.relay import MAGIC

log = Logger()

BATCH = 64
"""Datagrams of one system call."""
ROOM = 2048
"""Bytes of the longest datagram: WireGuard over Ethernet needs 1,500; no machine sends us more in one piece."""
DIRECT, TURN = 4, 10
"""Calls a turn while a port stays full: what the first few bring goes out at once, what comes after them waits in the
fair queue, so that the kernel's buffer, in which a flood would push others out, is emptied."""
SERVED = (TURN - DIRECT - 1) * BATCH
"""Packets sent from the queue a turn: fewer than a port that stays full adds to it, so that what is too much waits, and
is dropped, where turns are fair."""
BUFFER = 1 << 21
"""Bytes of a port's receive buffer: about 1,500 full packets, some 10 ms of a busy relay; the kernel may give less."""
_MAGIC = int.from_bytes(MAGIC, sys.byteorder)
_FIRST_BYTE = int.from_bytes(b"\xff\0\0\0", sys.byteorder)
"""STUN begins with a zero (RFC 8489, section 5), WireGuard with 1 to 4, our probes with a letter."""


class RelayLoop:
    """Reads all ports of one relay.

    :param ports: what is no data of a bound pair goes there.
    """

    def __init__(self, reactor: Any, ports: RelayPorts) -> None:
        self.ports, self.reactor = ports, reactor
        self.queue: FairQueue[bytes, tuple[int, int, Binding]] = FairQueue()
        self._table = ports.table
        self._receiver = Receiver(BATCH, ROOM)
        self._slab = Slab(QUEUE_LIMIT + 1, ROOM)
        self._sockets: dict[int, LoopPort] = {}
        self._dirty: list[LoopPort] = []
        self._serving: IDelayedCall | None = None

    def open(self, number: int, host: str) -> LoopPort:
        """Listen on a UDP port, 0 = any.

        :raises OSError: when it cannot be had.
        """
        port = LoopPort(self, number, host)
        self._sockets[port.number] = self.ports.open[port.number] = port
        self.reactor.addReader(port)
        return port

    def close(self) -> None:
        """Close all ports; what waits is thrown away."""
        if self._serving is not None and self._serving.active():
            self._serving.cancel()
        self._serving = None
        for port in list(self._sockets.values()):
            port.close()
        for place, _, _ in self.queue.take(len(self.queue)):
            self._slab.release(place)

    def closed(self, port: LoopPort) -> None:
        """A port is no more."""
        self._sockets.pop(port.number, None)
        self.ports.open.pop(port.number, None)

    def forget_batch(self) -> None:
        """Something went wrong: what was added to batches may point to nowhere."""
        dirty, self._dirty = self._dirty, []
        for port in dirty:
            port.sender.count = 0

    def read(self, port: LoopPort) -> None:
        """Deal with what came in at a port."""
        for number in range(TURN):
            count = self._round(port, number >= DIRECT)
            if count < BATCH or port.fileno() < 0:
                break
        if len(self.queue):
            self._serve()

    # --- within -------------------------------------------------------------------------------------------------------

    def _round(self, port: LoopPort, busy: bool) -> int:  # pylint: disable=too-many-locals
        """One system call's datagrams; returns how many.

        :param busy: they wait for their turn; so they do behind others that wait.
        """
        receiver, table = self._receiver, self._table
        received = receiver.receive(port.fileno())
        if received is None:
            return 0
        addresses, lengths = received
        now, ways, firsts = self.ports.now(), table.ways[port.number], receiver.firsts
        waits, start = busy or len(self.queue) > 0, receiver.start
        packets = size = 0
        for number, length in enumerate(lengths):
            begin = ADDRESS_BYTES * number
            key = addresses[begin + 2 : begin + 8]
            binding, first = ways.get(key), firsts[number]
            if binding is None or not 4 <= length <= ROOM or first == _MAGIC or not first & _FIRST_BYTE:
                self._other(port, number, length, key)
                continue
            peer = binding.peer
            if peer is None or binding.until <= now or peer.until <= now:
                self._other(port, number, length, key)
                continue
            if not binding.bucket.take(now):
                table.counters.drop(Drop.LIMITED)
                continue
            packets += 1
            size += length
            if waits:
                waiting = (self._slab.keep(start + number * ROOM, length), length, peer)
                gone = self.queue.push(binding.ticket.holder, length, waiting)
                if gone is not None:
                    self._slab.release(gone[0])
            else:
                self._send(start + number * ROOM, length, peer)
        table.counters.forwarded_packets += packets
        table.counters.forwarded_bytes += size
        self._flush()
        return len(lengths)

    def _other(self, port: LoopPort, number: int, length: int, key: bytes) -> None:
        """What is no data of a pair that stands: the table decides, and counts.

        It may end bindings, and with them the addresses to which the next batch points: that goes out first.
        """
        self._flush()
        if length > ROOM:
            self._table.counters.drop(Drop.LONG)
            return
        self.ports.received(self._receiver.data(number, length), Line(*unpack_key(key), port.number))

    def _send(self, data: int, length: int, peer: Binding) -> None:
        """Let a packet go out with the next batch of its port; done a hundred thousand times a second."""
        handle = peer.handle
        if handle is None:
            out = self._sockets.get(peer.line.local)
            if out is None:
                self._table.counters.drop(Drop.UNSENT)
                return
            handle = peer.handle = (out, out.sender, Address(peer.line.host, peer.line.port))
        out, sender, address = handle
        count = sender.add(data, length, address.place)
        if count == 1:
            self._dirty.append(out)
        elif count == BATCH:
            out.flush()

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for port in dirty:
            port.flush()

    def _serve(self) -> None:
        """Send the next of what waits; the rest in the next turn, after what came in meanwhile."""
        taken = self.queue.take(SERVED)
        for place, length, peer in taken:
            self._send(place, length, peer)
        self._flush()
        for place, _, _ in taken:
            self._slab.release(place)
        self._table.counters.add(Drop.QUEUED, self.queue.take_dropped())
        if len(self.queue) and (self._serving is None or not self._serving.active()):
            self._serving = self.reactor.callLater(0, self._serve)


@implementer(IReadDescriptor)
class LoopPort:
    """One UDP port of the relay.

    :ivar number: the port.
    """

    def __init__(self, loop: RelayLoop, number: int, host: str) -> None:
        self._loop = loop
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.bind((host, number))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        except OSError:
            self._socket.close()
            raise
        self.number: int = self._socket.getsockname()[1]
        self.sender = Sender(BATCH)

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "relay port"

    def doRead(self) -> None:
        """Deal with what came in."""
        try:
            self._loop.read(self)
        except Exception:  # pylint: disable=broad-exception-caught  # one batch never stops the relay
            self._loop.forget_batch()
            log.failure("datagrams at the relay's port {port} were not dealt with", port=self.number)

    def write(self, datagram: bytes, to: tuple[str, int]) -> None:
        """Send one datagram.

        :raises OSError: when the kernel does not take it.
        """
        self._socket.sendto(datagram, to)

    def flush(self) -> None:
        """Send what was added."""
        refused = self.sender.flush(self.fileno())
        if refused:
            self._loop.ports.table.counters.add(Drop.UNSENT, refused)

    def close(self) -> None:
        """Listen no more; one that is closed is no error."""
        if self._socket.fileno() >= 0:
            self._loop.reactor.removeReader(self)
            self._socket.close()
            self._loop.closed(self)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up (it does so at its stop)."""
        del reason
        self.close()
