"""Two machines of birthday probing, their signals and routers in memory."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

from lanrage.core import punch_round as rounds
from lanrage.core.birthday import FIRST_PORT, RoundBudget
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.punch_round import PairPunch, View

STEP = 0.025
SYMMETRIC, FILTERING = Endpoint("203.0.113.12", 6731), Endpoint("203.0.113.11", 51820)


@attrs.define
class PunchPair:
    """A player behind a symmetric router (`opener`) and one behind a port-filtering one (`sprayer`).

    :ivar open: ports of the symmetric router, by socket.
    :ivar hits: deliver probes to sockets.
    :ivar provable: a way that was hit works.
    :ivar signals: deliver signals.
    :ivar log: every action, with its end and time.
    """

    seed: int = 1
    now: float = 0.0
    hits: bool = True
    provable: bool = True
    signals: bool = True
    latency: float = 0.05
    open: dict[int, int] = attrs.field(factory=dict)
    kept: int | None = None
    direct: bool = False
    log: list[tuple[str, float, rounds.PunchAction]] = attrs.field(factory=list)
    waiting: list[tuple[float, Callable[[], None]]] = attrs.field(factory=list)
    opener_view: View = View(NatKind.SYMMETRIC, NatKind.PORT_RESTRICTED, SYMMETRIC, frozenset({FILTERING}), b"f", True)
    sprayer_view: View = View(NatKind.PORT_RESTRICTED, NatKind.SYMMETRIC, FILTERING, frozenset({SYMMETRIC}), b"s", True)
    opener: PairPunch = attrs.field(init=False)
    sprayer: PairPunch = attrs.field(init=False)
    random: Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.random = Random(self.seed)
        self.opener = PairPunch(self.random.randbytes, RoundBudget())
        self.sprayer = PairPunch(self.random.randbytes, RoundBudget())

    def run(self, seconds: float) -> PunchPair:
        """Let time pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            due = [call for at, call in self.waiting if at <= self.now]
            self.waiting = [(at, call) for at, call in self.waiting if at > self.now]
            for call in due:
                call()
            self.act("opener", self.opener.look(self.opener_view, self.now))
            self.act("sprayer", self.sprayer.look(self.sprayer_view, self.now))
        return self

    def act(self, end: str, actions: list[rounds.PunchAction]) -> None:
        """Carry out what one end wants."""
        for action in actions:
            self.log.append((end, self.now, action))
            if isinstance(action, rounds.Ask):
                self.later(self._ask(action))
            elif isinstance(action, rounds.Ready):
                self.later(self._ready(action))
            elif isinstance(action, rounds.SendFrom):
                self.open |= {self.random.randrange(FIRST_PORT, 65536): place for place in action.sockets}
            elif isinstance(action, rounds.EndRound | rounds.Release):
                self.open = {}
            elif isinstance(action, rounds.Keep):
                self.kept = action.socket
                self.prove(self.provable)
            elif isinstance(action, rounds.Spray) and self.hits:
                for to in action.to:
                    if to.port in self.open:
                        self.act("opener", self.opener.hit(self.open[to.port], FILTERING, self.now))

    def prove(self, proven: bool = True) -> None:
        """The path through the kept socket is proven at both ends, or dead."""
        to = (frozenset({FILTERING}), frozenset({SYMMETRIC})) if proven else (frozenset(), frozenset())
        self.opener_view = attrs.evolve(self.opener_view, direct=to[0], relayed=not proven)
        self.sprayer_view = attrs.evolve(self.sprayer_view, direct=to[1], relayed=not proven)

    def later(self, call: Callable[[], None]) -> None:
        """Deliver a signal."""
        if self.signals:
            self.waiting.append((self.now + self.latency, call))

    def kinds(self, end: str) -> list[type]:
        """Of the actions of one end, each kind once, in the order of its first."""
        return list(dict.fromkeys(type(action) for name, _, action in self.log if name == end))

    def count(self, end: str, kind: type) -> int:
        """How many actions of a kind an end had."""
        return sum(name == end and isinstance(action, kind) for name, _, action in self.log)

    def _ask(self, action: rounds.Ask) -> Callable[[], None]:
        return lambda: self.act("sprayer", self.sprayer.asked(action.round, action.here, self.sprayer_view, self.now))

    def _ready(self, action: rounds.Ready) -> Callable[[], None]:
        return lambda: self.act(
            "opener",
            self.opener.answered(action.round, action.here, action.delay, self.opener_view, self.now),
        )
