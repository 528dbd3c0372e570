"""Members on one physical network: who is held for a neighbour, and for how long."""

from __future__ import annotations

from collections import defaultdict
from itertools import count, pairwise

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.same_lan import GAP_SECONDS, LIFE_SECONDS, NO_NONCE, PROBE_SECONDS, Heard, SameLan
from tests.strategies_lan import ME, PEER, REAL, THIRD

CARD = 3


@attrs.define
class Said:
    """A probe on its way: who sent it, and what it proves to whom."""

    sender: object
    nonce: bytes
    echoes: list[tuple[object, bytes]]


def drawer() -> object:
    """Nonces that never repeat."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


class Room:
    """Members on one network, whose probes all others get at once."""

    def __init__(self, *members: object) -> None:
        self.now = 0.0
        draw = drawer()
        self.members = {each: SameLan(draw) for each in members}  # type: ignore[arg-type]
        self.sent: list[Said] = []
        for me, state in self.members.items():
            state.set_cards([CARD], self.now)
            state.set_members([each for each in members if each != me], self.now)  # type: ignore[misc]

    def say(self, me: object) -> list[Said]:
        """What this member sends now."""
        said = []
        for index in self.members[me].due(self.now):
            nonce, echoes = self.members[me].probe(index, self.now)
            said.append(Said(me, nonce, list(echoes)))
        self.sent += said
        return said

    def deliver(self, said: Said, to: object) -> None:
        """One member gets a probe."""
        state = self.members[to]
        known = [*state.own_nonces(CARD), NO_NONCE]
        proofs = [echo for member, echo in said.echoes if member == to and echo in known]
        if proofs:
            best = min(proofs, key=known.index)
            echo = None if best == NO_NONCE else best
            state.heard(CARD, said.sender, Heard(said.nonce, REAL, echo=echo), self.now)  # type: ignore[arg-type]

    def pass_time(self, seconds: float, deaf: frozenset[object] = frozenset()) -> None:
        """All send what is due, and hear each other; those who are deaf neither hear nor are heard."""
        end = self.now + seconds
        while True:
            waiting = [each.next_due() for each in self.members.values()]
            due = min([end + 1.0, *(each for each in waiting if each is not None)])
            if due > end:
                break
            self.now = max(self.now, due)
            for me in self.members:
                for said in self.say(me):
                    for other in self.members.keys() - {me} - (deaf if me not in deaf else self.members.keys()):
                        self.deliver(said, other)
        self.now = end

    def pairs(self) -> set[tuple[object, object]]:
        """Who holds whom for a neighbour."""
        return {(me, other) for me, state in self.members.items() for other in state.near(CARD, self.now)}


class SameLanTests(SynchronousTestCase):
    """Two and three members."""

    def test_found(self) -> None:
        """All find each other within two seconds, and stay so for hours at two probes a minute each."""
        here = Room(ME, PEER, THIRD)
        here.pass_time(2.0)
        everybody = {(one, other) for one in (ME, PEER, THIRD) for other in (ME, PEER, THIRD) if one != other}
        self.assertEqual(here.pairs(), everybody)
        here.pass_time(60.0)
        before = len(here.sent)
        for _ in range(120):
            here.pass_time(30.0)
            self.assertEqual(here.pairs(), everybody)
        self.assertLessEqual(len(here.sent) - before, 3 * 121)
        self.assertEqual(here.members[ME].all_near(here.now), {PEER, THIRD})

    def test_two_lost(self) -> None:
        """Two missed probes change nothing, a silence ends it after its time."""
        here = Room(ME, PEER)
        here.pass_time(100.0)
        here.pass_time(2 * PROBE_SECONDS, frozenset({PEER}))
        self.assertEqual(len(here.pairs()), 2)
        here.pass_time(LIFE_SECONDS, frozenset({PEER}))
        self.assertEqual(here.pairs(), set())
        here.pass_time(2 * PROBE_SECONDS)
        self.assertEqual(len(here.pairs()), 2)

    def test_one_way(self) -> None:
        """Who hears the other without being heard is no neighbour."""
        here = Room(ME, PEER)
        for _ in range(60):
            here.now += 1.0
            here.say(PEER)
            for said in here.say(ME):
                here.deliver(said, PEER)
        self.assertEqual(here.pairs(), set())

    def test_replay(self) -> None:
        """What was said in another hour, or to another nonce, proves nothing; and it does not push the true one out."""
        here = Room(ME, PEER)
        here.pass_time(50.0)
        old = [said for said in here.sent if said.sender == PEER]
        here.pass_time(LIFE_SECONDS + 70.0, frozenset({PEER}))
        self.assertEqual(here.pairs(), set())
        for said in old:
            here.deliver(said, ME)
        self.assertEqual(here.pairs(), set())
        here.pass_time(40.0)
        self.assertEqual(len(here.pairs()), 2)
        for _ in range(300):
            here.deliver(old[0], ME)
            here.pass_time(1.0)
            self.assertEqual(len(here.pairs()), 2)

    def test_card_gone(self) -> None:
        """With the card goes what was known on it; another card knows nothing; who says that it went is forgotten."""
        here = Room(ME, PEER)
        here.pass_time(5.0)
        state = here.members[ME]
        self.assertFalse(state.is_near(PEER, CARD + 1, here.now))
        self.assertFalse(state.is_near(PEER, 0, here.now))
        here.members[PEER].apart(ME, here.now)
        self.assertEqual(here.pairs(), {(ME, PEER)})
        state.set_cards([], here.now)
        self.assertEqual((here.pairs(), state.next_due()), (set(), None))
        state.set_cards([CARD], here.now)
        here.pass_time(5.0)
        self.assertEqual(len(here.pairs()), 2)
        state.set_members([THIRD], here.now)
        self.assertEqual(here.pairs(), {(PEER, ME)})


class SameLanMachine(RuleBasedStateMachine):
    """Probes are lost, repeated and delayed, members come and go: what is believed was true a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self.here = Room(ME, PEER, THIRD)
        self.fresh: list[tuple[float, Said]] = []
        self.reached: dict[tuple[object, object], list[float]] = defaultdict(list)
        self.times: dict[object, list[float]] = defaultdict(list)

    @rule(me=st.sampled_from([ME, PEER, THIRD]))
    def speak(self, me: object) -> None:
        """A member sends what is due."""
        for said in self.here.say(me):
            self.fresh.append((self.here.now, said))
            self.times[me].append(self.here.now)

    @rule(data=st.data(), to=st.sampled_from([ME, PEER, THIRD]))
    def arrive(self, data: st.DataObject, to: object) -> None:
        """Any probe of before arrives, be it for the tenth time."""
        if self.fresh:
            at, said = data.draw(st.sampled_from(self.fresh[-12:]) | st.sampled_from(self.fresh))
            if said.sender != to:
                self.here.deliver(said, to)
                self.reached[to, said.sender].append(at)

    @rule(seconds=st.sampled_from([0.2, 1.0, 10.0, 31.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.here.now += seconds

    @rule(me=st.sampled_from([ME, PEER, THIRD]))
    def change(self, me: object) -> None:
        """The network of one changes."""
        self.here.members[me].renew(self.here.now)

    @invariant()
    def believed(self) -> None:
        """A neighbour was heard to say something within the life of a proof."""
        for me, other in self.here.pairs():
            assert any(self.here.now - at < LIFE_SECONDS for at in self.reached[me, other])

    @invariant()
    def quiet(self) -> None:
        """Never two probes within the least gap, whatever comes."""
        for times in self.times.values():
            assert all(late - early >= GAP_SECONDS for early, late in pairwise(times))


SameLanMachine.TestCase.settings = settings(stateful_step_count=40, max_examples=50)
TestSameLanMachine = SameLanMachine.TestCase
