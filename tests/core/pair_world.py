"""Two path plans joined in memory: addresses, delays, loss, filters, and a WireGuard that roams."""

from __future__ import annotations

import heapq
import itertools
import random as random_module
from collections.abc import Callable

import attrs

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path_actions import Action, Moved, ResetPeer, SendOffer, SendProbe, WriteEndpoint
from lanrage.core.path_plan import PathPlan
from lanrage.core.probe import Probe, ProbeKind
from lanrage.core.traffic import Counters

DIRECT = {"a": Endpoint("198.51.100.1", 51820), "b": Endpoint("198.51.100.2", 51820)}
RELAY = {"a": Endpoint("203.0.113.1", 7800), "b": Endpoint("203.0.113.1", 7801)}

REKEY_TIMEOUT = 5.0
"""Seconds in which WireGuard begins no second handshake with a peer (WireGuard paper, section 6.1)."""

LOOK = 0.2
"""Seconds between looks at WireGuard."""
KEEPALIVE = 25.0
PACKET_BYTES, HANDSHAKE_BYTES = 128, 148
REKEY_AFTER, SESSION_ENDS = 120.0, 180.0
"""Seconds of WireGuard's sessions (WireGuard paper, section 6.1)."""
PROBE_BYTES = {ProbeKind.PING: 46, ProbeKind.PONG: 53, ProbeKind.DECIDE: 50, ProbeKind.DECIDED: 50}
"""UDP payload with IPv4 addresses (``docs/protocol-probe.rst``)."""


@attrs.define
class Side:
    """One end, with what its WireGuard would say."""

    name: str
    plan: PathPlan
    wireguard: Endpoint | None = None
    configured: bool = True
    resets: int = 0
    history: list[Moved] = attrs.field(factory=list)
    initiations: int = 0
    initiates_from: float = 0.0
    rx: int = 0
    tx: int = 0
    kept_at: float = 0.0
    probe_bytes: list[tuple[float, int]] = attrs.field(factory=list)


@attrs.define
class PairWorld:
    """Runs both plans on one clock; `delivers(sender, relayed)` says whether a packet arrives.

    :ivar rate: packets a second that a game sends each way, of 128 bytes; they are seen by WireGuard's counters.
    :ivar deaf: no DECIDED arrives directly.
    :ivar where: how the outside sees each side now; packets to another address are lost.
    :ivar clock_back: the handshakes of these sides are refused until the other end's peer is new.
    """

    seed: int = 0
    delay: float = 0.02
    relay_delay: float = 0.04
    delivers: Callable[[str, bool], bool] = lambda sender, relayed: True
    duplicates: Callable[[], bool] = lambda: False
    now: float = 0.0
    handshaken: bool = False
    handshake_at: float = 0.0
    rate: float = 0.0
    clock_back: set[str] = attrs.field(factory=set)
    where: dict[str, Endpoint] = attrs.field(factory=lambda: dict(DIRECT))
    deaf: bool = False
    sent: int = 0
    sides: dict[str, Side] = attrs.field(factory=dict)
    _queue: list[tuple[float, int, Callable[[], None]]] = attrs.field(factory=list)
    _count: itertools.count[int] = attrs.field(factory=itertools.count)

    def __attrs_post_init__(self) -> None:
        for name in "ab":
            self.restart(name)

    def restart(self, name: str) -> None:
        """A node begins anew, with a session of its own."""
        source = random_module.Random(f"{self.seed}{name}{self.now}")
        plan = PathPlan(name == "a", name.encode() * 8, source.randbytes(8), source.randbytes)
        self.sides[name] = Side(name, plan)
        self.handshaken = False

    def offer(self, name: str) -> None:
        """Side `name` sends its offer through the control server."""
        plan = self.sides[name].plan
        other = self.other(name)
        session, answers = plan.session, plan.answers
        candidates = (Candidate(CandidateKind.REFLEXIVE, self.where[name]),)
        self._later(0.01, lambda: self.do(other, self.sides[other].plan.offer(session, answers, candidates, self.now)))

    def relay(self, usable: bool) -> None:
        """Both ends' relay ports become usable, or cease to be."""
        for name in "ab":
            self.do(name, self.sides[name].plan.way(Candidate(CandidateKind.RELAY, RELAY[name]), usable, self.now))

    @staticmethod
    def other(name: str) -> str:
        """The other end."""
        return "b" if name == "a" else "a"

    def do(self, name: str, actions: list[Action]) -> None:
        """Carry out what a plan wants."""
        side = self.sides[name]
        for action in actions:
            if isinstance(action, SendProbe):
                self._carry(name, action.probe, action.to)
            elif isinstance(action, SendOffer):
                self.offer(name)
            elif isinstance(action, WriteEndpoint):
                self._write(side, action)
            elif isinstance(action, ResetPeer):
                side.wireguard, side.resets, self.handshaken = None, side.resets + 1, False
                side.initiates_from = 0.0
                side.rx = side.tx = 0
                self.clock_back.discard(self.other(name))
            else:
                side.history.append(action)

    def _write(self, side: Side, action: WriteEndpoint) -> None:
        side.wireguard = action.endpoint
        if action.fresh:
            side.initiates_from, self.handshaken = 0.0, False
            side.rx = side.tx = 0
            self.clock_back.discard(self.other(side.name))
        if not self.handshaken and self.now >= side.initiates_from:
            side.initiates_from = self.now + REKEY_TIMEOUT
            side.initiations += 1
            relayed = action.endpoint in RELAY.values()
            if self.delivers(side.name, relayed) and self.delivers(self.other(side.name), relayed):
                self._later(2 * self.delay, lambda: self._shake(side.name, relayed))

    def _shake(self, initiator: str, relayed: bool) -> None:
        other = self.other(initiator)
        if initiator in self.clock_back:
            return
        self.handshaken, self.handshake_at = True, self.now + 1.0
        if self.sides[other].wireguard is None:
            self.sides[other].wireguard = RELAY[other] if relayed else DIRECT[initiator]

    def _carry(self, sender: str, probe: Probe, to: Endpoint) -> None:
        self.sent += 1
        self.sides[sender].probe_bytes.append((self.now, PROBE_BYTES[probe.kind]))
        relayed = to in RELAY.values()
        receiver, known = self.other(sender), self.sides[sender].plan.peer_session
        source = RELAY[receiver] if relayed else self.where[sender]
        if not relayed and to != self.where[receiver]:
            return
        if self.deaf and probe.kind is ProbeKind.DECIDED and not relayed:
            return
        for _ in range(2 if self.duplicates() else 1):
            if self.delivers(sender, relayed):
                self._later(
                    self.relay_delay if relayed else self.delay,
                    lambda: self._arrive(receiver, probe, known, source, relayed),
                )

    def _arrive(self, receiver: str, probe: Probe, known: bytes | None, source: Endpoint, relayed: bool) -> None:
        plan = self.sides[receiver].plan
        probe = attrs.evolve(probe, knows=known == plan.session)
        self.do(receiver, plan.probe(probe, source, self.now, relayed=relayed))

    def _later(self, delay: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay, next(self._count), call))

    def talk_early(self, name: str) -> None:
        """A game sends to the peer before there is a path: WireGuard begins a handshake that goes nowhere."""
        self.sides[name].initiates_from = self.now + REKEY_TIMEOUT

    def run(self, seconds: float) -> None:
        """Let time pass: packets arrive, deadlines come, WireGuard is looked at each 200 ms."""
        end = self.now + seconds
        look = self.now
        while self.now < end:
            times = [end, look]
            if self._queue:
                times.append(self._queue[0][0])
            for side in self.sides.values():
                deadline = side.plan.deadline(self.now)
                if deadline is not None:
                    times.append(deadline)
            self.now = max(self.now, min(times))
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
            for name, side in self.sides.items():
                deadline = side.plan.deadline(self.now)
                if deadline is not None and deadline <= self.now:
                    self.do(name, side.plan.tick(self.now))
            if look <= self.now:
                look = self.now + LOOK
                self._play()
                for name, side in self.sides.items():
                    counters = Counters(side.rx, side.tx, self.handshake_at if self.handshaken else 0.0)
                    self.do(name, side.plan.wireguard(side.wireguard, self.handshaken, self.now, counters))

    def _play(self) -> None:
        """The packets of a game in 200 ms; without a session WireGuard sends nothing but its handshake."""
        for side in self.sides.values():
            if not self.handshaken or side.wireguard is None or self.now - self.handshake_at >= SESSION_ENDS:
                side.tx += HANDSHAKE_BYTES if self.rate and side.wireguard is not None else 0
                continue
            relayed, other = side.wireguard in RELAY.values(), self.sides[self.other(side.name)]
            if self.now - side.kept_at >= KEEPALIVE:
                side.kept_at = self.now
                side.tx += 32
                other.rx += 32 if self.delivers(side.name, relayed) else 0
            for _ in range(round(self.rate * LOOK)):
                side.tx += PACKET_BYTES
                if (relayed or side.wireguard == self.where[other.name]) and self.delivers(side.name, relayed):
                    other.rx += PACKET_BYTES
                    other.wireguard = RELAY[other.name] if relayed else self.where[side.name]
            if self.now - self.handshake_at >= REKEY_AFTER and not self.clock_back:
                self.handshake_at = self.now

    def agreed(self) -> str | None:
        """``direct`` or ``relay`` when both plans and both WireGuards agree, else ``None``."""
        a, b = self.sides["a"], self.sides["b"]
        if not self.handshaken or a.plan.active != a.wireguard or b.plan.active != b.wireguard:
            return None
        if (a.plan.active, b.plan.active) == (self.where["b"], self.where["a"]):
            return "direct"
        if (a.plan.active, b.plan.active) == (RELAY["a"], RELAY["b"]):
            return "relay"
        return None
