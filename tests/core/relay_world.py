"""A relay's table and nodes' bindings joined in memory; a network in between that a test may make bad."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable

import attrs

from lanrage.core.identity import SigningKey
from lanrage.core.links import Endpoint
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import RelayTable
from lanrage.core.tickets import Ticket, issue, pair_of
from lanrage.net.relay_server import RelayPorts
from lanrage.wire.relay_binding import RelayBinding

PARTY = bytes(range(16))
SERVER = SigningKey(b"S" * 32)
RELAY = "203.0.113.9"
WALL = 1_800_000_000.0
HOUR = 3600


def holder(name: str) -> SigningKey:
    """A node's identity."""
    return SigningKey(hashlib.sha256(name.encode()).digest())


def wireguard(name: str) -> bytes:
    """A node's WireGuard public key; any 32 bytes serve here."""
    return hashlib.sha256(b"wg" + name.encode()).digest()


def ticket(
    name: str, other: str, *, key: SigningKey = SERVER, life: float = HOUR, party: bytes = PARTY, owner: str = ""
) -> bytes:
    """A ticket for `name`'s pair with `other`; `owner` = somebody else holds it."""
    pair = pair_of(wireguard(name), wireguard(other))
    return issue(Ticket(party, holder(owner or name).public, pair, int(WALL + life)), key)


def counting() -> Callable[[int], bytes]:
    """A source of bytes that are never twice the same."""
    number = 0

    def draw(size: int) -> bytes:
        nonlocal number
        number += 1
        return hashlib.blake2s(number.to_bytes(8, "big"), digest_size=size).digest()

    return draw


class Wire:
    """A relay's open port, in memory."""

    def __init__(self, sent: list[tuple[Line, bytes]], local: int) -> None:
        self._sent, self._local = sent, local

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """What a relay's port sends."""
        self._sent.append((Line(addr[0], addr[1], self._local), datagram))


class MemoryRelay:
    """The relay as its ports see it: datagrams in, datagrams out.

    :ivar now: both clocks stand on it.
    """

    def __init__(self, limits: RelayLimits | None = None, draw: Callable[[int], bytes] | None = None) -> None:
        self.now = 1000.0
        self._draw = draw if draw is not None else counting()
        self._limits = limits if limits is not None else RelayLimits()
        self._sent: list[tuple[Line, bytes]] = []
        self.restart()

    def restart(self) -> None:
        """Everything is forgotten."""
        self.table = RelayTable(SERVER.public, self._draw, self._limits)
        self._ports = RelayPorts(self.table, lambda: self.now, lambda: WALL + self.now - 1000.0)
        for local in range(7800, 7804):
            self._ports.open[local] = Wire(self._sent, local)

    def datagram(self, line: Line, datagram: bytes) -> list[tuple[Line, bytes]]:
        """One datagram in; what goes out."""
        self._ports.received(datagram, line)
        sent, self._sent[:] = list(self._sent), []
        return sent


@attrs.define
class Node:
    """One end: its binding and what data came to it.

    :ivar line: its address and the relay's port in use.
    """

    line: Line
    binding: RelayBinding
    got: list[bytes] = attrs.field(factory=list)


def node(name: str, other: str, line: Line, blob: bytes | None = None) -> Node:
    """A node that wants to bind the pair of `name` and `other`."""
    pair = pair_of(wireguard(name), wireguard(other))
    shown = ticket(name, other) if blob is None else blob
    return Node(line, RelayBinding(shown, pair, holder(name).sign, Endpoint(RELAY, line.local)))


@attrs.define
class RelayWorld:
    """Nodes around a relay.

    :param fate: how late each copy of a datagram arrives, in seconds; empty = lost.
    """

    relay: MemoryRelay
    nodes: list[Node]
    fate: Callable[[], list[float]] = lambda: [0.02]
    bytes_in: int = 0
    bytes_out: int = 0
    _queue: list[tuple[float, int, Line, bytes, bool]] = attrs.field(factory=list)
    _count: int = 0

    def start(self) -> None:
        """All nodes begin."""
        for each in self.nodes:
            self.send(each, each.binding.start(self.relay.now))

    def send(self, sender: Node, datagrams: list[bytes]) -> None:
        """From a node to the relay."""
        for datagram in datagrams:
            self._post(sender.line, datagram, True)

    def run(self, seconds: float, done: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass, at most `seconds`, until `done`; returns whether it is."""
        end = self.relay.now + seconds
        while not done():
            times = [each.binding.deadline() for each in self.nodes]
            moments = [moment for moment in times if moment is not None] + [entry[0] for entry in self._queue[:1]]
            moment = max(self.relay.now, min([*moments, end]))
            self.relay.now = moment
            if moment >= end:
                return done()
            self._step(moment)
        return True

    def _step(self, now: float) -> None:
        while self._queue and self._queue[0][0] <= now:
            _, _, line, datagram, inward = heapq.heappop(self._queue)
            if inward:
                self.bytes_in += len(datagram)
                for to, answer in self.relay.datagram(line, datagram):
                    self.bytes_out += len(answer)
                    self._post(to, answer, False)
            else:
                self._arrive(line, datagram)
        for each in self.nodes:
            deadline = each.binding.deadline()
            if deadline is not None and deadline <= now:
                self.send(each, each.binding.tick(now))

    def _arrive(self, line: Line, datagram: bytes) -> None:
        for each in self.nodes:
            if each.line == line:
                if datagram.startswith(b"LRRL"):
                    self.send(each, each.binding.receive(datagram, self.relay.now))
                else:
                    each.got.append(datagram)

    def _post(self, line: Line, datagram: bytes, inward: bool) -> None:
        for late in self.fate():
            self._count += 1
            heapq.heappush(self._queue, (self.relay.now + late, self._count, line, datagram, inward))
