"""The plan of port mapping: order of protocols, renewal, restarts of the gateway, patience with those who have none."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.mapping import LIFETIME_S, PERMANENT, Gateway, Grant, Method, NotMapped, Transport, Wish
from lanrage.core.port_mapping import (
    CHECK_S,
    LEAST_PAUSE_S,
    PATIENCE,
    PAUSES_S,
    REFUSED_S,
    RETRY_S,
    Ask,
    MappingPlan,
)

GATEWAY = Gateway(IPv4Address("192.168.1.1"), "eth0", IPv4Address("192.168.1.10"))
OTHER = attrs.evolve(GATEWAY, address=IPv4Address("192.168.2.1"))
FIRST, SECOND = Wish(Transport.UDP, 51820), Wish(Transport.TCP, 7766)
ABSENT, REFUSED = NotMapped("silence", absent=True), NotMapped("not authorized")


def grant(wish: Wish, lifetime: int = LIFETIME_S, lost: bool = False) -> Grant:
    """The same port outside."""
    return Grant(Endpoint("203.0.113.5", wish.port), lifetime, lost)


class PlanTests(SynchronousTestCase):
    """One gateway, two ports."""

    def setUp(self) -> None:
        """At the gateway."""
        self.plan = MappingPlan((FIRST, SECOND))
        self.plan.at(GATEWAY, 0.0)

    def asked(self, now: float) -> Ask:
        """What is asked now."""
        ask = self.plan.next(now)
        assert ask is not None
        return ask

    def map_both(self, now: float = 0.0, lifetime: int = LIFETIME_S) -> None:
        """The gateway grants by PCP."""
        for wish in (FIRST, SECOND):
            ask = self.asked(now)
            self.assertEqual((Method.PCP, wish, wish.port), (ask.method, ask.wish, ask.external))
            self.plan.granted(ask, grant(wish, lifetime), now)

    def test_order(self) -> None:
        """Each protocol is tried with the first port; the one that maps it is used for the others."""
        for method in (Method.PCP, Method.NAT_PMP):
            ask = self.asked(0.0)
            self.assertEqual((method, FIRST), (ask.method, ask.wish))
            self.plan.failed(ask, ABSENT, 0.0)
        self.plan.granted(self.asked(0.0), grant(FIRST), 0.0)
        self.assertEqual(Ask(Method.IGD, SECOND, SECOND.port), self.asked(0.0))

    def test_renewal_at_half(self) -> None:
        """A mapping is asked for again at half its life; the first one earlier, to see whether the gateway lives."""
        self.map_both()
        self.assertEqual(CHECK_S, self.plan.wake())
        self.assertIsNone(self.plan.next(CHECK_S - 1))
        self.plan.granted(self.asked(CHECK_S), grant(FIRST), CHECK_S)
        times: dict[Wish, list[float]] = {FIRST: [], SECOND: []}
        while (now := self.plan.wake()) <= LIFETIME_S / 2 + CHECK_S:
            ask = self.asked(now)
            times[ask.wish].append(now)
            self.plan.granted(ask, grant(ask.wish), now)
        self.assertEqual([LIFETIME_S / 2], times[SECOND])
        self.assertEqual([CHECK_S * (2 + step) for step in range(len(times[FIRST]))], times[FIRST])

    def test_short_and_permanent(self) -> None:
        """A life of a second makes no flood; one without an end is looked after all the same."""
        self.map_both(lifetime=1)
        self.assertEqual(LEAST_PAUSE_S, self.plan.wake())
        plan = MappingPlan((FIRST,))
        plan.at(GATEWAY, 0.0)
        ask = plan.next(0.0)
        assert ask is not None
        plan.granted(ask, grant(FIRST, PERMANENT), 0.0)
        self.assertEqual(CHECK_S, plan.wake())
        self.assertEqual(1, len(plan.held(1e9)))

    def test_expiry(self) -> None:
        """What was not renewed is not shown as standing."""
        self.map_both(lifetime=100)
        self.assertEqual(2, len(self.plan.held(99.9)))
        self.assertEqual((), self.plan.held(100.0))

    def test_gateway_restarted(self) -> None:
        """The first answer that tells so makes all other ports due at once."""
        self.map_both()
        ask = self.asked(CHECK_S)
        self.plan.granted(ask, grant(FIRST, lost=True), CHECK_S)
        ask = self.asked(CHECK_S)
        self.assertEqual(SECOND, ask.wish)
        self.plan.granted(ask, grant(SECOND, lost=True), CHECK_S)
        self.assertEqual(CHECK_S + LEAST_PAUSE_S, self.plan.wake())

    def test_one_port_refused(self) -> None:
        """The others stay; it is asked for again later."""
        self.map_both()
        ask = self.asked(LIFETIME_S / 2 + 1)
        self.plan.granted(ask, grant(FIRST), LIFETIME_S / 2 + 1)
        now = LIFETIME_S / 2 + 1
        ask = self.asked(now)
        self.plan.failed(ask, REFUSED, now)
        self.assertEqual([FIRST], [held.wish for held in self.plan.held(now)])
        self.assertEqual({SECOND: "not authorized"}, self.plan.refused())
        self.assertEqual("", self.plan.trouble)
        while (now := self.plan.wake()) < LIFETIME_S / 2 + 1 + REFUSED_S:
            ask = self.asked(now)
            self.assertEqual(FIRST, ask.wish)
            self.plan.granted(ask, grant(FIRST), now)
        self.assertEqual(SECOND, self.asked(now + CHECK_S).wish)

    def test_gateway_silent(self) -> None:
        """A mapping outlives some silence; then the gateway is searched anew, and nothing is said to stand."""
        self.map_both()
        now, pause = CHECK_S, RETRY_S
        for _ in range(PATIENCE - 1):
            self.plan.failed(self.asked(now), ABSENT, now)
            self.assertEqual(2, len(self.plan.held(now)))
            self.assertEqual(now + pause, self.plan.wake())
            now, pause = now + pause, pause * 2
        self.plan.failed(self.asked(now), ABSENT, now)
        self.assertEqual((), self.plan.held(now))
        self.assertIn("does not answer any more", self.plan.trouble)
        self.assertEqual(now + PAUSES_S[0], self.plan.wake())
        self.assertEqual(Method.PCP, self.asked(now + PAUSES_S[0]).method)

    def test_none_there(self) -> None:
        """A network without is asked ever more seldom, with the reasons named; another network is asked at once."""
        now = 0.0
        for pause in (*PAUSES_S, PAUSES_S[-1]):
            for method in Method:
                ask = self.asked(now)
                self.assertEqual(method, ask.method)
                self.plan.failed(ask, ABSENT, now)
            self.assertIn("pcp: silence; nat-pmp: silence; upnp-igd: silence", self.plan.trouble)
            self.assertIsNone(self.plan.next(now + pause - 1))
            self.assertEqual(now + pause, self.plan.wake())
            now += pause
        self.assertTrue(self.plan.at(OTHER, now + 1))
        self.assertEqual(Method.PCP, self.asked(now + 1).method)

    def test_other_network(self) -> None:
        """What the old router granted is void; the same router is no news; none at all says so."""
        self.map_both()
        self.assertFalse(self.plan.at(GATEWAY, 1.0))
        self.assertEqual(2, len(self.plan.held(1.0)))
        self.assertTrue(self.plan.at(None, 2.0))
        self.assertEqual((), self.plan.held(2.0))
        self.assertIsNone(self.plan.next(2.0))
        self.assertIn("no default route", self.plan.trouble)
        self.assertEqual(float("inf"), self.plan.wake())


class AnyGateway(RuleBasedStateMachine):
    """Whatever a gateway answers: few questions, and nothing shown that was not granted and lives."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = MappingPlan(())
        self.now = 0.0
        self.asked: list[tuple[float, Wish]] = []
        self.granted: dict[Wish, float] = {}

    @initialize(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        """Some ports."""
        self.plan = MappingPlan([Wish(Transport.UDP, 1000 + number) for number in range(count)])

    @rule(gateway=st.sampled_from([None, GATEWAY, OTHER]))
    def move(self, gateway: Gateway | None) -> None:
        """Another network, or the same."""
        if self.plan.at(gateway, self.now):
            self.granted, self.asked = {}, []

    @rule(seconds=st.floats(0.1, 4000.0))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(
        answer=st.sampled_from(["grant", "lost", "refuse", "silence"]),
        lifetime=st.sampled_from([PERMANENT, 1, 60, 7200, 86400]),
    )
    def answer(self, answer: str, lifetime: int) -> None:
        """The next question, if there is one, is answered in any way."""
        ask = self.plan.next(self.now)
        if ask is None:
            assert self.plan.wake() > self.now
            return
        self.asked.append((self.now, ask.wish))
        if answer in ("grant", "lost"):
            self.plan.granted(ask, grant(ask.wish, lifetime, answer == "lost"), self.now)
            self.granted[ask.wish] = self.now + (lifetime or float("inf"))
        else:
            self.plan.failed(ask, ABSENT if answer == "silence" else REFUSED, self.now)

    @invariant()
    def few_questions(self) -> None:
        """However the gateway answers, within the shortest pause each port is asked for once, and searched for once."""
        for wish in {wish for _, wish in self.asked}:
            recent = [at for at, asked in self.asked if asked == wish and at > self.now - LEAST_PAUSE_S]
            assert len(recent) <= len(Method) + 1

    @invariant()
    def only_what_lives(self) -> None:
        """Nothing else is shown."""
        for held in self.plan.held(self.now):
            assert self.now < self.granted[held.wish]
        if self.plan.gateway is None:
            assert not self.plan.held(self.now)


TestAnyGateway = AnyGateway.TestCase
