"""What NAT this node is behind, looked at from WireGuard's own port: at the start, on changes, and now and then."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.lifetime_test import LifetimeTest
from lanrage.app.reflexive import ROUND_INTERVAL
from lanrage.core.keepalive import LostMapping
from lanrage.core.links import Endpoint
from lanrage.core.nat import Mapping, NatFinding, NatKind
from lanrage.core.nat_probe import NatProbe
from lanrage.core.stun_questions import Ask
from lanrage.errors import DecodeError
from lanrage.timing import timing_span
from lanrage.wire import stun

DETECTED = timing_span("nat.detect")
"""One run of tests, from its first question to its last answer or silence."""

PERIOD = 600.0
"""Seconds between runs when nothing changes: longer than NATs remember whom we sent to."""
RETRY = 15.0
"""Seconds until the next run where nothing is known, or no UDP comes through."""
FIRST_DELAY = 0.05
"""Seconds that the first run waits: the question for our address goes out before."""
CHANGE_DELAY = 0.5
"""Seconds after a change of this machine's addresses: routes come a moment after them."""
AGAIN_DELAY = 3.0
"""Seconds until a run without any answer is repeated before it is believed, where an earlier one had answers."""
LEAST_GAP = 5.0
"""Seconds from run to run at least, whatever changes: 20 packets a run."""


@attrs.frozen
class NatSurroundings:
    """What a watch asks of its session.

    :param own: addresses of this machine's cards with WireGuard's port.
    :param connected: the control server is connected.
    :param reached: a member beyond this network was reached by UDP, without a relay over TCP.
    :param changed: called with the new kind when it is another.
    """

    own: Callable[[], Collection[Endpoint]]
    connected: Callable[[], bool]
    reached: Callable[[], bool]
    changed: Callable[[NatKind], None]


class NatWatch:
    """Runs tests and keeps what they found.

    :param send: from WireGuard's port.
    :param lifetimes: tests how long mappings live; None = it is not tested.
    :ivar facts: of the last run that was believed.
    :ivar tested_at: when that was, by the reactor's clock; None = never.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        send: Callable[[bytes, Endpoint], None],
        around: NatSurroundings,
        random: Callable[[int], bytes],
        lifetimes: LifetimeTest | None = None,
    ) -> None:
        self._reactor = reactor
        self._send = send
        self._around = around
        self._random = random
        self._lifetimes = lifetimes
        self._reflectors: tuple[Endpoint, ...] = ()
        self._probe: NatProbe | None = None
        self._timer: IDelayedCall | None = None
        self._next: IDelayedCall | None = None
        self._begun: float | None = None
        self._silent = 0
        self._second: tuple[Endpoint, float] | None = None
        self._lost = LostMapping()
        self.facts = NatFinding()
        self.tested_at: float | None = None

    @property
    def lifetime(self) -> float | None:
        """Seconds that the NAT keeps an unused mapping, as far as is known; None = not known."""
        known = (
            self._lifetimes.lifetime if self._lifetimes is not None else None,
            self._lost.lasting(self._reactor.seconds()),
        )
        return min((seconds for seconds in known if seconds is not None), default=None)

    @property
    def age(self) -> float | None:
        """Seconds since the last run that was believed; None = there was none."""
        return self._reactor.seconds() - self.tested_at if self.tested_at is not None else None

    # --- inputs -------------------------------------------------------------------------------------------------------

    def use(self, reflectors: tuple[Endpoint, ...]) -> None:
        """Ask these from now on; a run begins unless they are the same and have told what there is to know."""
        same, self._reflectors = reflectors == self._reflectors, reflectors
        if not same or self.facts.kind in (NatKind.UNKNOWN, NatKind.BLOCKED):
            self._soon(FIRST_DELAY)

    def moved(self) -> None:
        """This machine's addresses changed."""
        self._lost.moved()
        if self._lifetimes is not None:
            self._lifetimes.stop()
        if self._reflectors:
            self._soon(CHANGE_DELAY)

    def seen(self, endpoint: Endpoint, by: Endpoint) -> None:
        """How a reflector sees WireGuard's port now; it changed, or another reflector answered first.

        :param by: the reflector.
        """
        self._lost.look(endpoint, by, ROUND_INTERVAL, self._reactor.seconds())
        if self.tested_at is not None and self._probe is None and endpoint != self.facts.mapped:
            self._soon(FIRST_DELAY)

    def received(self, payload: bytes, source: Endpoint) -> None:
        """STUN came in at WireGuard's port."""
        if self._probe is None:
            return
        try:
            message = stun.decode(payload)
        except DecodeError:
            return
        now = self._reactor.seconds()
        self._go_on(self._probe, self._probe.heard(message.transaction, stun.reply(message, source), now))

    def stop(self) -> None:
        """Ask no more."""
        self._probe = None
        for call in (self._timer, self._next):
            if call is not None and call.active():
                call.cancel()
        self._timer = self._next = None
        self._reflectors = ()
        if self._lifetimes is not None:
            self._lifetimes.stop()

    # --- within -------------------------------------------------------------------------------------------------------

    def _soon(self, delay: float) -> None:
        """Begin a run after `delay`, or when the least gap is over; an earlier one that waits stays."""
        now = self._reactor.seconds()
        at = now + delay if self._begun is None else max(now + delay, self._begun + LEAST_GAP)
        if self._next is not None and self._next.active():
            if self._next.getTime() <= at:
                return
            self._next.cancel()
        self._next = self._reactor.callLater(at - now, self._begin)

    def _begin(self) -> None:
        self._begun = now = self._reactor.seconds()
        own = self._around.own()
        hosts = {endpoint.host for endpoint in own}
        # One that is this very machine sees nothing of what is around it.
        outside = [r for r in self._reflectors if r.host not in hosts and not r.host.startswith("127.")]
        probe = NatProbe(
            outside,
            own,
            self._random,
            second_before=self._second,
            before=self.facts,
            reached=self._around.reached() or not self._around.connected(),
        )
        self._probe = probe
        self._go_on(probe, probe.start(now))

    def _go_on(self, probe: NatProbe, asks: list[Ask]) -> None:
        for ask in asks:
            self._send(stun.request(ask), ask.to)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if probe.done:
            self._probe = None
            self._over(probe)
            return
        if probe.facts.kind is not NatKind.UNKNOWN:
            self._believe(probe.facts)  # what remains is the hairpin
        deadline = probe.deadline()
        assert deadline is not None, "a run that waits for nothing is over"
        self._timer = self._reactor.callLater(max(0.001, deadline - self._reactor.seconds()), self._tick)

    def _tick(self) -> None:
        if self._probe is not None:
            self._go_on(self._probe, self._probe.tick(self._reactor.seconds()))

    def _over(self, probe: NatProbe) -> None:
        self._second = probe.second_asked or self._second
        facts = probe.facts
        if self._begun is not None:
            DETECTED.note(self._reactor.seconds() - self._begun)
        if facts.mapped is None and self.facts.mapped is not None and not self._silent:
            self._silent += 1
            self._soon(AGAIN_DELAY)
            return
        self._silent = 0
        self._believe(facts)
        self._soon(PERIOD if facts.kind not in (NatKind.UNKNOWN, NatKind.BLOCKED) else RETRY)
        behind = facts.mapped is not None and facts.mapping is not Mapping.NONE
        if self._lifetimes is not None and probe.main is not None and facts.mapped is not None and behind:
            self._lifetimes.use(probe.main, facts.mapped.host)

    def _believe(self, facts: NatFinding) -> None:
        before, self.facts, self.tested_at = self.facts, facts, self._reactor.seconds()
        if facts.kind is not before.kind:
            self.log.info(
                "NAT: {kind}, mapping {mapping}, filtering {filtering}",
                kind=str(facts.kind),
                mapping=str(facts.mapping),
                filtering=str(facts.filtering),
            )
            self._around.changed(facts.kind)
