"""Birthday probing with one member: both machines joined in memory."""

from __future__ import annotations

from itertools import islice, pairwise
from random import Random

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.birthday import FIRST_PORT, PROBES, SEND_RATE, SOCKETS, RoundBudget
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.punch_round import (
    BATCH,
    PATIENCE,
    PROOF_TIME,
    Ask,
    EndRound,
    Keep,
    OpenSockets,
    PairPunch,
    Phase,
    Ready,
    Release,
    SendFrom,
    Spray,
    View,
    random_ports,
)
from tests.core.punch_pair import FILTERING, SYMMETRIC, PunchPair

VICTIM = Endpoint("198.51.100.66", 53)


class RoundTests(SynchronousTestCase):
    """A round from the question to the way."""

    def test_hit(self) -> None:
        """The pair waits, agrees, and one socket is hit and kept; nobody sends any more."""
        pair = PunchPair().run(20)
        self.assertEqual([Ask, OpenSockets, SendFrom, Keep], pair.kinds("opener"))
        self.assertEqual([Ready, Spray, EndRound], pair.kinds("sprayer"))
        self.assertEqual((Phase.HOLDING, Phase.IDLE), (pair.opener.phase, pair.sprayer.phase))
        self.assertGreaterEqual(pair.log[0][1], PATIENCE)
        self.assertLess(pair.log[-1][1], 8.0)
        self.assertEqual((1, 1, 1), (pair.opener.rounds, pair.opener.hits, pair.sprayer.hits))
        self.assertEqual(SOCKETS, pair.opener.sent)
        self.assertFalse(pair.opener.budget.running or pair.sprayer.budget.running)

    def test_statistics(self) -> None:
        """Of 200 seeded pairs at least 95 in 100 meet within 8 s; the sprayer spends about 64,512 / 256 probes."""
        pairs = [PunchPair(seed).run(8.0) for seed in range(200)]
        met = [pair for pair in pairs if pair.kept is not None]
        self.assertGreaterEqual(len(met), 190)
        spent = sum(pair.sprayer.sent for pair in pairs) / len(pairs)
        self.assertTrue(200 < spent < 300, spent)

    @given(st.integers(0, 2**32), st.floats(0.0, 1.2))
    @settings(max_examples=10)
    def test_rate(self, seed: int, latency: float) -> None:
        """Within any second nobody sends more than the rate and one batch, and never more than the budget."""
        pair = PunchPair(seed, hits=False, latency=latency).run(10)
        for end, limit in (("opener", SOCKETS), ("sprayer", PROBES)):
            sent = [
                (at, len(action.sockets) if isinstance(action, SendFrom) else len(action.to))
                for name, at, action in pair.log
                if name == end and isinstance(action, SendFrom | Spray)
            ]
            self.assertEqual(limit, sum(count for _, count in sent))
            for begin, _ in sent:
                within = sum(count for at, count in sent if begin <= at < begin + 1.0)
                self.assertLessEqual(within, SEND_RATE + BATCH)

    def test_late_look(self) -> None:
        """A machine that stood still sends one batch, not all that it missed."""
        pair = PunchPair().run(3)
        pair.act("opener", pair.opener.look(pair.opener_view, pair.now + 5.0))
        action = pair.log[-1][2]
        assert isinstance(action, SendFrom)
        self.assertLessEqual(len(action.sockets), BATCH)

    def test_missed(self) -> None:
        """A round without a hit closes all, and is not repeated before the network changes; then it is."""
        pair = PunchPair(hits=False).run(120)
        self.assertEqual((1, 1), (pair.opener.rounds, pair.sprayer.rounds))
        self.assertEqual(1, pair.count("opener", EndRound))
        self.assertEqual((0, PROBES), (pair.opener.hits, pair.sprayer.sent))
        self.assertEqual((Phase.IDLE, Phase.IDLE), (pair.opener.phase, pair.sprayer.phase))
        moved = Endpoint("203.0.113.99", 1234)
        pair.opener_view = attrs.evolve(pair.opener_view, here=moved)
        pair.sprayer_view = attrs.evolve(pair.sprayer_view, there=frozenset({moved}))
        pair.run(120)
        self.assertEqual((2, 2), (pair.opener.rounds, pair.sprayer.rounds))

    def test_silence(self) -> None:
        """Without an answer no packet is sent; the question is repeated more and more seldom."""
        pair = PunchPair(signals=False).run(400)
        asks = [at for _, at, action in pair.log if isinstance(action, Ask)]
        self.assertEqual([Ask], pair.kinds("opener"))
        gaps = [round(after - before) for before, after in pairwise(asks)]
        self.assertEqual(sorted(gaps), gaps)
        self.assertLessEqual(len(asks), 11)
        self.assertEqual((0, 0), (pair.opener.rounds, pair.opener.sent))


class HoldingTests(SynchronousTestCase):
    """What was hit is kept for as long as it is good."""

    def test_dead(self) -> None:
        """A way that worked and died is given up, and a new round begins."""
        pair = PunchPair().run(20)
        pair.prove(False)
        pair.run(PROOF_TIME + 12)
        self.assertEqual(1, pair.count("opener", Release))
        self.assertEqual((2, 2), (pair.opener.rounds, pair.sprayer.rounds))
        self.assertIs(Phase.HOLDING, pair.opener.phase)

    def test_unproven(self) -> None:
        """A way that was hit and never proven is given up, for good in this network."""
        pair = PunchPair(provable=False).run(120)
        self.assertEqual((1, 1), (pair.opener.rounds, pair.count("opener", Release)))

    def test_new_session(self) -> None:
        """A member that began anew has another way: the old one is given up after its time."""
        pair = PunchPair().run(20)
        pair.opener_view = attrs.evolve(pair.opener_view, session=b"other")
        pair.run(1)
        self.assertEqual(1, pair.count("opener", Release))

    def test_stop(self) -> None:
        """The end gives back whatever there is, in every phase, and frees the place of its round."""
        for seconds in (0.0, 2.05, 2.5, 3.0, 3.5, 20.0):
            pair = PunchPair().run(seconds)
            opened = pair.count("opener", OpenSockets)
            actions = pair.opener.stop()
            ended = pair.count("opener", EndRound)
            self.assertEqual(opened, ended + sum(isinstance(a, EndRound | Release) for a in actions))
            pair.sprayer.stop()
            self.assertFalse(pair.opener.budget.running or pair.sprayer.budget.running)

    def test_other_part(self) -> None:
        """Who asked without an answer and is now behind another router answers the peer's questions itself."""
        pair = PunchPair(signals=False).run(2.5)
        self.assertIs(Phase.ASKED, pair.opener.phase)
        turned = attrs.evolve(
            pair.opener_view, own=NatKind.PORT_RESTRICTED, peer=NatKind.SYMMETRIC, here=Endpoint("203.0.113.77", 9)
        )
        self.assertEqual([], pair.opener.look(turned, 3.0))
        self.assertIs(Phase.IDLE, pair.opener.phase)
        self.assertEqual([Ready], [type(a) for a in pair.opener.asked(b"r" * 8, FILTERING, turned, 3.1)])

    def test_same_router(self) -> None:
        """A member that turns out to be behind our own router is asked no more, and its late answer opens nothing."""
        pair = PunchPair(signals=False).run(2.5)
        ask = pair.log[0][2]
        assert isinstance(ask, Ask)
        beside = Endpoint(ask.here.host, 9)
        view = attrs.evolve(pair.opener_view, there=frozenset({beside}))
        self.assertEqual([], pair.opener.look(view, 3.0))
        self.assertEqual([], pair.opener.answered(ask.round, beside, 1.0, view, 3.1))


class HostileTests(SynchronousTestCase):
    """What a member says aims nothing at others."""

    def sprayer(self) -> tuple[PairPunch, View]:
        """The end that a liar would use."""
        pair = PunchPair()
        return pair.sprayer, pair.sprayer_view

    def test_victim(self) -> None:
        """An address that no sealed offer named, our own router's, or one asked about twice, gets nothing."""
        machine, view = self.sprayer()
        self.assertEqual([], machine.asked(b"r" * 8, VICTIM, view, 5.0))
        own = attrs.evolve(view, there=frozenset({FILTERING}))
        self.assertEqual([], machine.asked(b"r" * 8, FILTERING, own, 5.0))
        self.assertEqual([Ready], [type(a) for a in machine.asked(b"r" * 8, SYMMETRIC, view, 5.0)])
        self.assertEqual([], machine.asked(b"q" * 8, SYMMETRIC, view, 5.1))
        self.assertEqual(1, machine.rounds)

    def test_not_hard(self) -> None:
        """A link that is not up by a relay, or whose routers are not a hard pair, is refused."""
        for change in (
            {"relayed": False},
            {"own": NatKind.FULL_CONE},
            {"own": NatKind.SYMMETRIC},
            {"peer": NatKind.PORT_RESTRICTED},
            {"here": None},
        ):
            machine, view = self.sprayer()
            self.assertEqual([], machine.asked(b"r" * 8, SYMMETRIC, attrs.evolve(view, **change), 5.0), change)

    @given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30), st.binary(min_size=1, max_size=1)), max_size=40))
    def test_always_asking(self, walk: list[tuple[int, float, bytes]]) -> None:
        """Whatever addresses and sessions a liar runs through, one host gets two rounds in ten minutes at most."""
        machine, view = self.sprayer()
        now, spent = 0.0, dict.fromkeys(range(4), 0)
        for number, gap, session in walk:
            now += gap
            to = Endpoint(f"198.51.100.{number}", 9)
            changed = attrs.evolve(view, there=frozenset({to}), session=session)
            for action in machine.look(changed, now) + machine.asked(b"r" * 8, to, changed, now):
                if isinstance(action, Spray):
                    spent[int(action.to[0].host.rpartition(".")[2])] += len(action.to)
        for count in spent.values():
            self.assertLessEqual(count, PROBES * (2 + now / 600))

    def test_answers(self) -> None:
        """An answer to no question, of another round, with another address or a long delay opens nothing."""
        for round_id, there, delay in (
            (b"x" * 8, FILTERING, 1.0),
            (b"", VICTIM, 1.0),
            (b"", FILTERING, 1e9),
            (b"", FILTERING, -1.0),
        ):
            pair = PunchPair(signals=False).run(2.5)
            ask = pair.log[0][2]
            assert isinstance(ask, Ask)
            answer = round_id or ask.round
            self.assertEqual([], pair.opener.answered(answer, there, delay, pair.opener_view, pair.now))
        fresh = PairPunch(Random(1).randbytes, RoundBudget())
        self.assertEqual([], fresh.answered(b"", FILTERING, 1.0, pair.opener_view, 0.0))

    def test_stray_hits(self) -> None:
        """A probe at a socket counts in a round alone, and only from the address that was opened."""
        pair = PunchPair(hits=False).run(3)
        self.assertEqual([], pair.opener.hit(0, VICTIM, pair.now))
        self.assertEqual([Keep(3, FILTERING)], pair.opener.hit(3, FILTERING, pair.now))
        self.assertEqual([], pair.opener.hit(4, FILTERING, pair.now))


class PortTests(SynchronousTestCase):
    """The ports that are tried."""

    @given(st.integers(0, 2**32))
    def test_ports(self, seed: int) -> None:
        """Each once, from the whole range."""
        ports = list(islice(random_ports(Random(seed).randbytes), PROBES))
        self.assertEqual(PROBES, len(set(ports)))
        self.assertTrue(all(FIRST_PORT <= port < 65536 for port in ports))

    def test_end(self) -> None:
        """There are 64,512 of them and no more."""
        numbers = iter([*range(65536), *range(65536)])
        ports = list(random_ports(lambda size: next(numbers).to_bytes(size, "big")))
        self.assertEqual(list(range(FIRST_PORT, 65536)), ports)
