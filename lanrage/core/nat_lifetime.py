"""How long a NAT keeps a mapping that nobody uses, as a pure machine (RFC 5780, section 4.6).

A quiet port of its own gets a mapping and then says nothing, for longer and longer. After each silence another port
asks the reflector to answer to the quiet one's mapping (RESPONSE-PORT): if that comes in, the mapping was still there.
WireGuard's own port cannot be used: keepalives go out from it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.stun_questions import Ask, Questions, Reply

SILENCES = (10.0, 20.0, 30.0, 45.0, 65.0, 95.0, 125.0, 185.0)
"""Seconds, one after the other: below and above the keepalives that are in use, up to what is no concern of ours.
RFC 4787 asks for 120 at least (REQ-5), home routers have 30 to 300. The whole test takes 10 minutes and 30 packets."""
SETTLE = 2.5
"""Seconds between the first two packets: Linux gives a flow its long timeout only when it is alive after 2 s
(``nf_conntrack_udp_timeout_stream``), and WireGuard's flows are."""


class Stage(enum.Enum):
    """What the test is at; each but the last ends with the answer to the question of its name."""

    MAP = "how is the quiet port seen"
    SETTLE = "wait, so that the flow counts as one that lasts"
    CHECK = "does an answer asked for by the other port come in at all"
    REFRESH = "use the mapping once more"
    SILENCE = "wait"
    LOOK = "is the mapping still there"
    OVER = "over"


@attrs.frozen
class PortAsk:
    """Send `ask` from the quiet port or from the other one."""

    quiet: bool
    ask: Ask


@attrs.define
class LifetimeProbe:
    """One test, for one reflector.

    :param random: gives secret bytes.
    :param silences: seconds, growing.
    :ivar survived: the longest silence that a mapping outlived, 0.0 = none yet.
    :ivar expired: the silence that it did not outlive; None = not seen.
    :ivar usable: false once it is known that this way tells nothing here.
    """

    reflector: Endpoint
    random: Callable[[int], bytes] = attrs.field(repr=False)
    silences: Sequence[float] = SILENCES
    survived: float = 0.0
    expired: float | None = None
    usable: bool = True
    stage: Stage = attrs.field(init=False, default=Stage.MAP)
    _asked: Questions = attrs.field(init=False)
    _mapped: Endpoint | None = attrs.field(init=False, default=None)
    _turn: int = attrs.field(init=False, default=0)
    _until: float = attrs.field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._asked = Questions(self.random)

    @property
    def done(self) -> bool:
        """Nothing more is done."""
        return self.stage is Stage.OVER

    @property
    def lifetime(self) -> float | None:
        """Seconds that a mapping lives unused, as far as is known; None = not known."""
        if not self.usable:
            return None
        if self.survived:
            return self.survived
        return self.expired / 2 if self.expired is not None else None

    # --- inputs -------------------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[PortAsk]:
        """Begin."""
        self._ask(Stage.MAP, now)
        return self.tick(now)

    def heard(self, quiet: bool, transaction: bytes, reply: Reply, now: float) -> list[PortAsk]:
        """Something came in.

        :param quiet: at the quiet port.
        """
        # Refused is a request of the other port, where the refusal arrives; all else counts at the quiet port alone.
        if quiet != reply.refused:
            self._asked.heard(transaction, reply)
        return self.tick(now)

    def tick(self, now: float) -> list[PortAsk]:
        """The deadline came, or anything else: what goes out now."""
        asks = self._asked.tick(now)
        while not self.done and self._step(now):
            asks += self._asked.tick(now)
        return [PortAsk(not ask.response_port, ask) for ask in asks]

    def deadline(self) -> float | None:
        """When to call :meth:`tick`; None = never."""
        if self.done:
            return None
        return self._until if self.stage in (Stage.SETTLE, Stage.SILENCE) else self._asked.deadline()

    # --- within -------------------------------------------------------------------------------------------------------

    def _ask(self, stage: Stage, now: float) -> None:
        """Begin a stage that is a question."""
        self.stage = stage
        port = self._mapped.port if self._mapped is not None and stage in (Stage.CHECK, Stage.LOOK) else 0
        self._asked = Questions(self.random)
        self._asked.open(stage.name, self.reflector, now, response_port=port)

    def _wait(self, stage: Stage, until: float) -> None:
        self.stage, self._until = stage, until

    def _step(self, now: float) -> bool:
        """Whether another stage began."""
        if self.stage in (Stage.SETTLE, Stage.SILENCE):
            if now < self._until:
                return False
            self._ask(Stage.CHECK if self.stage is Stage.SETTLE else Stage.LOOK, now)
            return True
        if not self._asked.settled(self.stage.name):
            return False
        reply = self._asked.reply(self.stage.name)
        if reply is None and self.stage is Stage.LOOK:
            self.expired = self.silences[self._turn]
            self.stage = Stage.OVER
        elif reply is None or reply.refused or reply.mapped is None:
            self._give_up()
        else:
            self._answered(reply.mapped, now)
        return True

    def _answered(self, mapped: Endpoint, now: float) -> None:
        if self.stage is Stage.MAP:
            self._mapped = mapped
            self._wait(Stage.SETTLE, now + SETTLE)
        elif self.stage is Stage.REFRESH:
            if mapped != self._mapped:
                self._give_up()  # another network, or another mapping for no reason that silence gave
                return
            self._wait(Stage.SILENCE, now + self.silences[self._turn])
        else:
            if self.stage is Stage.LOOK:
                self.survived = self.silences[self._turn]
                self._turn += 1
            if self._turn == len(self.silences):
                self.stage = Stage.OVER
            else:
                self._ask(Stage.REFRESH, now)

    def _give_up(self) -> None:
        """What was seen so far still holds, if a silence was outlived."""
        self.usable = self.survived > 0
        self.stage = Stage.OVER
