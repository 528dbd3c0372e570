"""Who serves guests: talkers over a network that loses, while they change their minds, restart and lose links."""

from __future__ import annotations

from itertools import permutations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.guest_serving import ASKING, REPEATS, ServingTalk

NAMES = (b"ann", b"ben", b"cleo")
QUIET = 2 * ASKING + sum(REPEATS)
"""Seconds after which all know all, where nothing is lost any more."""
whom = st.sampled_from(NAMES)


class Room:
    """Members that hear each other, but for what is lost."""

    def __init__(self) -> None:
        self.now = 0.0
        self.talks = {name: ServingTalk(True) for name in NAMES}
        self.up = {frozenset(pair) for pair in permutations(NAMES, 2)}
        self.lost: set[bytes] = set()
        self.said = 0
        self.links()

    def links(self) -> None:
        """Each is told which links are up."""
        for name, talk in self.talks.items():
            talk.ready({other for other in NAMES if frozenset({name, other}) in self.up}, self.now)

    def carry(self) -> None:
        """What is due now is said; an answer is due at once."""
        going = True
        while going:
            going = False
            for name, talk in self.talks.items():
                for to, asks in talk.take(self.now):
                    going = True
                    self.said += 1
                    assert self.said < 10_000, "they never come to an end"
                    if name not in self.lost and to not in self.lost:
                        self.talks[to].heard(name, talk.serves, asks, self.now)

    def wait(self, seconds: float) -> None:
        """Time passes from one thing that is due to the next."""
        end = self.now + seconds
        while True:
            self.carry()
            due = [at for at in (talk.deadline() for talk in self.talks.values()) if at is not None]
            if not due or min(due) > end:
                break
            self.now = max(self.now, min(due))
        self.now = end

    def all_known(self) -> bool:
        """Each knows of each whose link is up what it says of itself, and of nobody else."""
        return all(
            talk.told
            == {
                other: self.talks[other].serves
                for other in NAMES
                if other != name and frozenset({name, other}) in self.up
            }
            for name, talk in self.talks.items()
        )


class ServingMachine(RuleBasedStateMachine):
    """Whatever happened, all know all when the network is whole for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        self.whole = True

    @rule(who=whom, serves=st.booleans())
    def say(self, who: bytes, serves: bool) -> None:
        """A user changes the setting."""
        self.room.talks[who].say(serves, self.room.now)

    @rule(who=whom, serves=st.booleans())
    def restart(self, who: bytes, serves: bool) -> None:
        """A node starts anew; the others' links to it may not have noticed."""
        self.room.talks[who] = ServingTalk(serves)
        self.room.links()

    @rule(one=whom, other=whom, up=st.booleans())
    def link(self, one: bytes, other: bytes, up: bool) -> None:
        """A link comes up, or goes down."""
        if one != other:
            (self.room.up.add if up else self.room.up.discard)(frozenset({one, other}))
            self.room.links()

    @rule(lost=st.sets(whom))
    def lose(self, lost: set[bytes]) -> None:
        """Nothing comes from and to these."""
        self.room.lost = lost
        self.whole &= not lost

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.room.wait(seconds)

    def teardown(self) -> None:
        """The network heals; what was said meanwhile, and lost each time, is said again at the next change."""
        self.room.lost = set()
        for talk in () if self.whole else self.room.talks.values():
            talk.say(not talk.serves, self.room.now)
        self.room.wait(QUIET)
        assert self.room.all_known()


ServingMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
MachineTests = ServingMachine.TestCase


class TalkTests(SynchronousTestCase):
    """One talker, by hand."""

    def test_lost_twice(self) -> None:
        """A change of mind is heard although its first tellings were lost."""
        room = Room()
        room.wait(QUIET)
        room.talks[b"ben"].say(False, room.now)
        room.lost = {b"ben"}
        room.wait(sum(REPEATS[:2]))
        self.assertIs(True, room.talks[b"ann"].told[b"ben"])
        room.lost = set()
        room.wait(REPEATS[2])
        self.assertIs(False, room.talks[b"ann"].told[b"ben"])

    def test_calm(self) -> None:
        """Once all know all nobody says anything."""
        room = Room()
        room.wait(QUIET)
        said = room.said
        room.wait(3600)
        self.assertEqual((said, True), (room.said, room.all_known()))

    def test_older_version(self) -> None:
        """Who never answers is asked slowly, for as long as it is there."""
        talk = ServingTalk(True)
        talk.ready([b"old"], 0.0)
        asked = [at for at in range(600) if talk.take(float(at)) == [(b"old", True)]]
        self.assertEqual([0, 2, 10, 40, 100, 160], asked[:6])
        talk.ready([], 600.0)
        self.assertIsNone(talk.deadline())

    def test_stranger(self) -> None:
        """Who is not there says nothing."""
        talk = ServingTalk(True)
        talk.heard(b"old", True, True, 0.0)
        self.assertEqual(({}, None), (talk.told, talk.deadline()))
