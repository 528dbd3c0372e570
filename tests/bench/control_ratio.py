"""Request and reply through the control channel against a bare Autobahn echo: the same machine, client, frame sizes
and number of connections, in rounds that take turns, so that whatever else the machine does meets both alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import attrs
import psutil
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater

from lanrage.wire.control import FollowParty, ReplyBody
from lanrage.wire.control_codec import MSGPACK
from lanrage.wire.control_party import Deltas
from lanrage.wire.login import TAG_BYTES
from tests.bench.control_fleet import Fleet, side_by_side
from tests.bench.control_framing import BINARY, Deframer, frame, upgrade
from tests.bench.control_parties import Group, online
from tests.bench.control_process import ServerProcess

WARM_UP = 0.1
"""Seconds of a first round that does not count."""
WIDTH = 64
"""Logins at one time."""


class EchoWire(Protocol):
    """A connection to the echo server; one message is on its way at any time while `running`.

    :ivar count: echoes received.
    """

    def __init__(self, size: int) -> None:
        self.open: Deferred[EchoWire] = Deferred()
        self.running = False
        self.count = 0
        self._deframer = Deframer()
        self._frame = frame(BINARY, bytes(size))

    def connectionMade(self) -> None:
        """TCP stands: ask for a WebSocket."""
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.write(upgrade("bench", ""))

    def dataReceived(self, data: bytes) -> None:
        """Echoes."""
        opened = self._deframer.opened
        frames = self._deframer.feed(data)
        if not opened and self._deframer.opened:
            self.open.callback(self)
        for _ in frames:
            self.count += 1
            self.send()

    def send(self) -> None:
        """Send the next, unless the round is over."""
        transport: Any = self.transport
        if self.running:
            transport.write(self._frame)


@attrs.define(eq=False)
class Asker:
    """A player that asks the same again and again: its party's changes since the revision that it has.

    :ivar sizes: bytes of the last request and reply, sealed.
    """

    group: Group
    running: bool = False
    count: int = 0
    sizes: tuple[int, int] = (0, 0)

    def send(self) -> None:
        """Ask, unless the round is over."""
        if self.running:
            player = self.group.players[0]
            body = FollowParty(self.group.party_id, player.revision)
            self.sizes = (online(player).ask(body, self._answered), self.sizes[1])

    def _answered(self, body: ReplyBody) -> None:
        if not isinstance(body, Deltas):
            raise RuntimeError(f"the control server answered {body}")
        if not self.count:
            self.sizes = (self.sizes[0], len(MSGPACK.encode(body)) + TAG_BYTES + 12)
        self.count += 1
        self.send()


@attrs.frozen
class Round:
    """What one round saw: messages a second, and CPU seconds a message of the server and of the client."""

    rate: float
    server: float
    client: float


async def play(reactor: Any, actors: list[Any], server: ServerProcess, seconds: float) -> Round:
    """One round: all keep one message on its way."""
    me = psutil.Process()
    count, spent, used = sum(a.count for a in actors), server.cpu(), sum(me.cpu_times()[:2])
    began = time.perf_counter()
    for actor in actors:
        actor.running = True
        actor.send()
    await deferLater(reactor, seconds, lambda: None)
    took = time.perf_counter() - began
    done = max(1, sum(a.count for a in actors) - count)
    figures = Round(done / took, (server.cpu() - spent) / done, (sum(me.cpu_times()[:2]) - used) / done)
    for actor in actors:
        actor.running = False
    await deferLater(reactor, 0.2, lambda: None)
    return figures


async def compare(
    fleet: Fleet, service: ServerProcess, echo: ServerProcess, connections: int, rounds: int, seconds: float
) -> dict[str, Any]:
    """Rounds of both in turn; the medians of their ratios."""
    players = fleet.players(connections)
    groups = [Group([player]) for player in players]
    await side_by_side((player.connect() for player in players), WIDTH)
    await side_by_side((group.found() for group in groups), WIDTH)
    askers = [Asker(group) for group in groups]
    await play(fleet.reactor, askers, service, WARM_UP)
    size = max(1, sum(askers[0].sizes) // 2)
    endpoint = TCP4ClientEndpoint(fleet.reactor, "127.0.0.1", echo.port)
    wires = [EchoWire(size) for _ in range(connections)]
    for wire in wires:
        await connectProtocol(endpoint, wire)
        await wire.open
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(await play(fleet.reactor, askers, service, seconds))
        bare.append(await play(fleet.reactor, wires, echo, seconds))
    return _figures(ours, bare, askers[0].sizes)


def _figures(ours: list[Round], bare: list[Round], sizes: tuple[int, int]) -> dict[str, Any]:
    def median(of: Callable[[Round], float], rounds: list[Round]) -> float:
        return statistics.median(of(one) for one in rounds)

    ratios = [mine.rate / theirs.rate for mine, theirs in zip(ours, bare, strict=True)]
    cpu = [theirs.server / mine.server if mine.server else 0.0 for mine, theirs in zip(ours, bare, strict=True)]
    return {
        "echo_ratio": round(statistics.median(ratios), 3),
        "echo_cpu_ratio": round(statistics.median(cpu), 3),
        "channel_rate": round(median(lambda one: one.rate, ours)),
        "echo_rate": round(median(lambda one: one.rate, bare)),
        "channel_server_us": round(1e6 * median(lambda one: one.server, ours), 1),
        "echo_server_us": round(1e6 * median(lambda one: one.server, bare), 1),
        "channel_client_us": round(1e6 * median(lambda one: one.client, ours), 1),
        "echo_client_us": round(1e6 * median(lambda one: one.client, bare), 1),
        "request_bytes": sizes[0],
        "reply_bytes": sizes[1],
    }
