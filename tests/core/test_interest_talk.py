"""Members tell each other what they hear: two of them, with a network that loses, repeats and reorders."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.interest import EVERYTHING, Interest
from lanrage.core.interest_talk import (
    CLOSED_SECONDS,
    LARGEST_CHANGE,
    REFRESH_SECONDS,
    STALE_SECONDS,
    Ask,
    Changed,
    Held,
    MemberInterests,
    Message,
    OwnInterest,
    Told,
)
from lanrage.core.lan_frames import Frame
from tests.strategies_interest import GROUPS, PORTS, messages
from tests.strategies_lan import ME, NETWORK, PEER, udp

FRAMES = [
    canonical(udp(source=ME, destination=target, destination_port=port))
    for target in (NETWORK.broadcast_address, *GROUPS)
    for port in PORTS
]
SOME = Interest(frozenset({6000}))
MORE = Interest(frozenset({6000, 6001}))
STEP = 0.25


class Talk(RuleBasedStateMachine):
    """One machine opens and closes ports and starts anew; another holds frames back that it does not want.

    What its node says goes into a bag, from which messages arrive in any order, often or never.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.starts = 0
        self.own = OwnInterest(0)
        self.open = EVERYTHING
        self.known = MemberInterests()
        self.bag: list[Message] = []
        self.ever = [EVERYTHING]
        self.could_arrive = False

    def look(self) -> list[Message]:
        """What the node says at its next look."""
        said = [self.own.update(self.open, self.now), self.own.due(self.now)]
        if self.own.interest not in self.ever:
            self.ever.append(self.own.interest)
        return [message for message in said if message is not None]

    def send(self) -> None:
        """What it says is on its way, once."""
        self.bag += [message for message in self.look() if message not in self.bag]

    def arrive(self, message: Message, answers: bool) -> None:
        """A message comes; where something was missed, the question and its answer may come through at once."""
        assert not isinstance(message, Ask)
        if self.known.take(PEER, message, self.now):
            if answers:
                self.known.take(PEER, self.own.told(), self.now)
            else:
                self.bag.append(self.own.told())

    def wants(self, frame: Frame) -> bool:
        """What the other machine believes."""
        return self.known.wants(PEER, frame, self.now)

    @rule(ports=st.sets(st.sampled_from(PORTS), min_size=1), group=st.booleans())
    def sockets_change(self, ports: set[int], group: bool) -> None:
        """Those that are open close, the others open; and the node looks."""
        groups = frozenset(GROUPS) if group else frozenset()
        self.change(Interest(self.open.ports ^ ports, self.open.groups ^ groups))

    @precondition(lambda self: not self.open.everything)
    @rule()
    def too_much_to_tell(self) -> None:
        """A program opens hundreds of ports."""
        self.change(EVERYTHING)

    def change(self, interest: Interest) -> None:
        """This is open now."""
        self.open, self.could_arrive = interest, False
        self.send()

    @rule(steps=st.integers(1, 8))
    def time_passes(self, steps: int) -> None:
        """The node looks; nothing arrives."""
        for _ in range(steps):
            self.now += STEP
            self.send()

    @precondition(lambda self: not self.could_arrive)
    @rule()
    def starts_anew(self) -> None:
        """Its node restarts; what is on its way was for WireGuard's session before and is lost."""
        self.starts += 1
        self.own, self.could_arrive = OwnInterest(self.starts), False
        self.bag = self.look()

    @precondition(lambda self: self.bag)
    @rule(kind=st.sampled_from([Told, Changed, Held]), data=st.data(), keeps=st.booleans(), answers=st.booleans())
    def one_arrives(self, kind: type[Message], data: Any, keeps: bool, answers: bool) -> None:
        """Any message, however late, which may come once more later."""
        there = [message for message in self.bag if isinstance(message, kind)] or self.bag
        message = data.draw(st.sampled_from(there))
        if not keeps:
            self.bag.remove(message)
        self.arrive(message, answers)

    @precondition(lambda self: self.bag)
    @rule(data=st.data())
    def some_are_lost(self, data: Any) -> None:
        """They never come."""
        self.bag = [message for message in self.bag if data.draw(st.booleans())]

    @rule()
    def good_network(self) -> None:
        """For the time of a refresh all that is said arrives: both ends mean the same. Older messages still wait."""
        for _ in range(round((REFRESH_SECONDS + CLOSED_SECONDS) / STEP) + 1):
            self.now += STEP
            for message in self.look():
                self.arrive(message, answers=True)
        self.could_arrive = True
        wrong = [frame for frame in FRAMES if self.wants(frame) != self.open.wants(frame)]
        assert not wrong, (wrong, self.open, self.known)

    @invariant()
    def never_withheld(self) -> None:
        """Once the message could arrive, what is open is sent, whatever comes late or not at all."""
        if self.could_arrive:
            assert all(self.wants(frame) for frame in FRAMES if self.open.wants(frame))

    @invariant()
    def believes_what_was_told(self) -> None:
        """Belief is everything, or one interest that was told; never a mixture of two."""
        believed = [self.wants(frame) for frame in FRAMES]
        assert all(believed) or believed in [[each.wants(frame) for frame in FRAMES] for each in self.ever]

    def teardown(self) -> None:
        """Whatever came before: a good network mends it."""
        self.good_network()


TestTalk = Talk.TestCase
TestTalk.settings = settings(max_examples=80, stateful_step_count=25)


class OwnTests(SynchronousTestCase):
    """When something is told."""

    def test_opening_at_once_closing_later(self) -> None:
        """What opened is told at once, what closed two seconds later, with the next thing that opens, or never."""
        own = OwnInterest(7)
        self.assertEqual(own.update(SOME, 0.0), Told(7, 1, SOME))
        self.assertEqual(own.update(MORE, 0.1), Changed(7, 2, Interest(frozenset({6001})), Interest()))
        self.assertIsNone(own.update(SOME, 1.0))
        self.assertIsNone(own.update(MORE, 1.5))
        self.assertIsNone(own.update(SOME, 2.0))
        self.assertIsNone(own.update(SOME, 2.0 + CLOSED_SECONDS - 0.1))
        closed = Changed(7, 3, Interest(), Interest(frozenset({6001})))
        self.assertEqual(own.update(SOME, 2.0 + CLOSED_SECONDS), closed)
        other = Interest(frozenset({4445}))
        self.assertEqual(own.update(other, 9.0), Changed(7, 4, other, SOME))

    def test_everything_and_much(self) -> None:
        """To everything and back is told whole, and so is a change that is too large."""
        own = OwnInterest(7)
        own.update(SOME, 0.0)
        self.assertEqual(own.update(EVERYTHING, 1.0), Told(7, 2, EVERYTHING))
        self.assertEqual(own.update(SOME, 2.0), Told(7, 3, SOME))
        many = Interest(frozenset(range(20000, 20000 + LARGEST_CHANGE)))
        self.assertEqual(own.update(many, 3.0), Told(7, 4, many))

    def test_refreshes(self) -> None:
        """Soon after a change twice, then each 10 s; late looks do not pile them up."""
        own = OwnInterest(7)
        own.update(SOME, 0.0)
        due = [tick * STEP for tick in range(130) if own.due(tick * STEP) is not None]
        self.assertEqual(due, [0.25, 1.0, 10.0, 20.0, 30.0])
        self.assertEqual(own.due(100.0), Held(7, 1, SOME.digest()))
        self.assertIsNone(own.due(100.1))


class MemberTests(SynchronousTestCase):
    """What is known of a member."""

    def wants(self, known: MemberInterests, now: float = 0.0) -> bool:
        """A frame to a port that is open nowhere here."""
        return known.wants(PEER, canonical(udp(destination_port=27015)), now)

    def test_unknown(self) -> None:
        """Nothing told, a message missed, or silence: the member wants everything."""
        known = MemberInterests()
        self.assertTrue(self.wants(known))
        self.assertFalse(known.take(PEER, Told(1, 5, SOME), 0.0))
        self.assertFalse(self.wants(known))
        self.assertFalse(self.wants(known, STALE_SECONDS))
        self.assertTrue(self.wants(known, STALE_SECONDS + 0.1))
        self.assertEqual(list(known.unknown([PEER, ME], 1.0)), [ME])
        self.assertTrue(known.take(PEER, Changed(1, 7, SOME, Interest()), 1.0))
        self.assertTrue(self.wants(known))
        self.assertFalse(known.take(PEER, Told(1, 7, SOME), 1.0))
        self.assertTrue(known.take(PEER, Held(1, 7, MORE.digest()), 1.0))
        self.assertEqual(list(known.unknown([PEER], 1.0)), [PEER])
        known.take(PEER, Told(1, 7, SOME), 1.0)
        known.keep_only([ME])
        self.assertTrue(self.wants(known))

    def test_late_messages(self) -> None:
        """What is older than what is known says nothing, of this start of the member or of one before."""
        known = MemberInterests()
        known.take(PEER, Told(1, 5, MORE), 0.0)
        self.assertTrue(known.take(PEER, Changed(1, 8, SOME, Interest()), 0.0))
        known.take(PEER, Told(1, 6, SOME), 0.0)
        self.assertTrue(self.wants(known))
        known.take(PEER, Told(2, 1, SOME), 0.0)
        self.assertFalse(known.take(PEER, Told(1, 9, EVERYTHING), 0.0))
        self.assertFalse(self.wants(known))

    @settings(max_examples=25)
    @given(st.lists(messages().filter(lambda each: not isinstance(each, Ask)), max_size=8))
    def test_hostile(self, said: list[Any]) -> None:
        """Any messages of a member leave something to answer, and change nothing for others."""
        known = MemberInterests()
        known.take(ME, Told(1, 1, SOME), 0.0)
        for message in said:
            known.take(PEER, message, 0.0)
            self.wants(known)
        self.assertFalse(known.wants(ME, canonical(udp(destination_port=27015)), 0.0))
