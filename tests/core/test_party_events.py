"""What happened between two views of a party, and what is not told as it passes by itself."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.notices import ALL_KINDS, Notice, NoticeKind
from lanrage.core.party_events import SETTLING, MemberSeen, PartyEvent, PartySeen, PartyStory, compare
from tests.strategies_notices import parties

ANN, BEN, CLEO = (bytes([number]) * 32 for number in range(3))
TEEWORLDS = {"teeworlds": "Teeworlds"}


def seen(**members: MemberSeen) -> PartySeen:
    """A party of these; Ann is its host."""
    keys = {"ann": ANN, "ben": BEN, "cleo": CLEO}
    return PartySeen("p", "Friday", {keys[name]: member for name, member in members.items()}, ANN)


def told(events: tuple[PartyEvent, ...]) -> list[str]:
    """As people read them."""
    return [event.sentence for event in events]


ALONE = seen(ann=MemberSeen("Ann"))
TWO = seen(ann=MemberSeen("Ann"), ben=MemberSeen("Ben"))
BEN_AWAY = seen(ann=MemberSeen("Ann"), ben=MemberSeen("Ben", online=False))
BEN_HOSTS = seen(ann=MemberSeen("Ann"), ben=MemberSeen("Ben", hosting=TEEWORLDS))


class CompareTests(SynchronousTestCase):
    """:func:`compare`."""

    def test_each_kind(self) -> None:
        """Every kind of the party's has a change that gives it, and its words."""
        ready = seen(ann=MemberSeen("Ann"), ben=MemberSeen("Ben", ready=True))
        kicked = attrs.evolve(ALONE, thrown_out=frozenset({BEN}))
        for before, after, kind, words in (
            (ALONE, TWO, NoticeKind.JOINED, "Ben joined the party"),
            (TWO, ALONE, NoticeKind.LEFT, "Ben left the party"),
            (TWO, kicked, NoticeKind.KICKED, "Ben was thrown out of the party"),
            (BEN_AWAY, TWO, NoticeKind.ONLINE, "Ben is online"),
            (TWO, BEN_AWAY, NoticeKind.OFFLINE, "Ben is offline"),
            (TWO, BEN_HOSTS, NoticeKind.HOSTING, "Ben hosts Teeworlds"),
            (BEN_HOSTS, TWO, NoticeKind.STOPPED, "Ben does not host Teeworlds any more"),
            (TWO, attrs.evolve(TWO, host=BEN), NoticeKind.HOST_CHANGED, "Ben is the party's host now"),
            (TWO, ready, NoticeKind.READY, "Ben is ready"),
        ):
            (event,) = compare(before, after)
            self.assertEqual((kind, words, BEN, "Friday"), (event.kind, event.sentence, event.identity, event.party))
            self.assertEqual(Notice(kind, f"Friday: {words}"), event.notice())
        self.assertEqual(9, len(ALL_KINDS - {NoticeKind.GAME, NoticeKind.ALERT}))

    def test_joins_and_hosts(self) -> None:
        """Who comes with a game joins first."""
        sentences = [event.sentence for event in compare(ALONE, BEN_HOSTS)]
        self.assertEqual(["Ben joined the party", "Ben hosts Teeworlds"], sentences)

    @given(parties, parties)
    def test_properties(self, before: PartySeen, after: PartySeen) -> None:
        """Nothing happens between a view and itself, nor between two parties; each event is told once."""
        self.assertEqual([], list(compare(before, before)))
        events = list(compare(before, after))
        if before.party_id != after.party_id:
            self.assertEqual([], events)
        self.assertEqual(len(set(events)), len(events))
        gone = {event.identity for event in events if event.kind in (NoticeKind.LEFT, NoticeKind.KICKED)}
        if before.party_id == after.party_id:
            self.assertEqual(before.members.keys() - after.members.keys(), gone)


class StoryTests(SynchronousTestCase):
    """:class:`PartyStory`."""

    def setUp(self) -> None:
        """Ann and Ben are seen at first."""
        self.story = PartyStory()
        self.assertEqual((), self.story.look(TWO, 0.0))

    def test_first_view(self) -> None:
        """Who is there already is no news; nor are those of another party, nor one's own leaving."""
        other = attrs.evolve(ALONE, party_id="q")
        self.assertEqual([(), (), ()], [self.story.look(each, 1.0) for each in (other, None, TWO)])

    def test_blip(self) -> None:
        """Away for less than ten seconds is not away."""
        self.assertEqual([(), ()], [self.story.look(BEN_AWAY, at) for at in (1.0, 1.0 + SETTLING - 0.1)])
        self.assertEqual(1.0 + SETTLING, self.story.deadline())
        self.assertEqual((), self.story.look(TWO, 20.0))
        self.assertIsNone(self.story.deadline())
        self.assertEqual((), self.story.look(BEN_AWAY, 21.0))
        self.assertEqual(["Ben is offline"], told(self.story.look(BEN_AWAY, 31.0)))
        self.assertEqual(["Ben is online"], told(self.story.look(TWO, 31.5)))

    def test_next_map(self) -> None:
        """A server that is back after its next map never stopped; one that is not did."""
        self.assertEqual(["Ben hosts Teeworlds"], told(self.story.look(BEN_HOSTS, 1.0)))
        self.assertEqual([(), ()], [self.story.look(each, 2.0) for each in (TWO, BEN_HOSTS)])
        self.story.look(TWO, 3.0)
        self.assertEqual(["Ben does not host Teeworlds any more"], told(self.story.look(TWO, 13.0)))

    def test_leaves_at_once(self) -> None:
        """Who leaves is gone, however long he was away."""
        self.story.look(BEN_AWAY, 1.0)
        self.assertEqual(["Ben left the party"], told(self.story.look(ALONE, 2.0)))
        self.assertIsNone(self.story.deadline())


class StoryMachine(RuleBasedStateMachine):
    """Whatever is seen: what is told adds up to what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.story, self.now = PartyStory(), 0.0
        self.seen: PartySeen | None = None
        self.there: set[bytes] = set()
        self.online: set[bytes] = set()
        self.hosted: set[tuple[bytes, str]] = set()

    @rule(view=st.none() | parties, seconds=st.sampled_from((0.0, 1.0, SETTLING)))
    def look(self, view: PartySeen | None, seconds: float) -> None:
        """A look; a new party begins with what is there."""
        self.now += seconds
        new = view is None or self.seen is None or view.party_id != self.seen.party_id
        events = self.story.look(view, self.now)
        self.seen = view
        if new:
            assert events == ()
            members = view.members.items() if view is not None else ()
            self.there = {key for key, _ in members}
            self.online = {key for key, member in members if member.online}
            return
        for event in events:
            self.follow(event)

    def follow(self, event: PartyEvent) -> None:
        """Go by what is told alone."""
        match event.kind:
            case NoticeKind.JOINED:
                assert event.identity not in self.there
                self.there.add(event.identity)
                self.online.add(event.identity)
            case NoticeKind.LEFT | NoticeKind.KICKED:
                self.there.remove(event.identity)
                self.online.discard(event.identity)
            case NoticeKind.ONLINE:
                assert event.identity not in self.online
                self.online.add(event.identity)
            case NoticeKind.OFFLINE:
                self.online.remove(event.identity)

    @invariant()
    def adds_up(self) -> None:
        """The members are those that are seen; online is who is seen so, and who may be back at once."""
        if self.seen is None:
            return
        assert self.there == set(self.seen.members)
        there = {key for key, member in self.seen.members.items() if member.online}
        assert there <= self.online
        assert self.online == there or self.story.deadline() is not None


class MachineTests(SynchronousTestCase):
    """:class:`PartyStory` by properties."""

    def test_machine(self) -> None:
        """See :class:`StoryMachine`."""
        run_state_machine_as_test(StoryMachine, settings=settings(max_examples=60, stateful_step_count=20))
