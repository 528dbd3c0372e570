"""What members say about leases, however much and in whatever order, fills no table."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_leases import LEASE_BURST, LEASE_RATE
from lanrage.core.lan_frames import Drop
from lanrage.core.lease_origin import ENDINGS_LIMIT, IDS, LeaseOrigin
from lanrage.core.leases import LEASES_LIMIT, Beat, Cancel, Grant, Have, Hello, Lack, Message, Renew
from lanrage.wire.leases import encode
from tests.lease_world import World, announcement
from tests.strategies_lan import ME, PEER, THIRD

NUMBERS = st.integers(0, IDS - 1) | st.integers(0, 2 * LEASES_LIMIT)
LISTS = st.lists(NUMBERS, min_size=1, max_size=LEASES_LIMIT).map(tuple)
BEATS = st.builds(Beat, NUMBERS, st.integers(0, 9), st.just(1.0), st.just(0.0))
EPOCHS = st.integers(1, 3)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, EPOCHS),
    st.builds(Grant, EPOCHS, BEATS, st.booleans(), st.just(announcement(PEER))),
    st.builds(Renew, EPOCHS, st.lists(BEATS, min_size=1, max_size=LEASES_LIMIT).map(tuple)),
    *[st.builds(kind, EPOCHS, LISTS) for kind in (Cancel, Have, Lack)],
)


def teach(origin: LeaseOrigin, since: float, count: int = 1, start: int = 0) -> None:
    """This machine's games announce so much that it is leased."""
    for step in range(4):
        for number in range(start, start + count):
            origin.sent(announcement(payload=b"%d" % number, port=7000 + number), since + step + number % 100 / 1000)


def kept(origin: LeaseOrigin) -> int:
    """Cancellations that wait for a member's answer."""
    return max((len(each) for each in origin._ending.values()), default=0)


class BoundsTests(SynchronousTestCase):
    """One member against the tables of another."""

    def setUp(self) -> None:
        self.origin = LeaseOrigin(1)
        self.origin.set_members((PEER, THIRD), 0.0)
        self.origin.says.clear()

    def test_all_numbers(self) -> None:
        """Who claims every number there is gets one short cancellation, and leases are granted as before."""
        self.origin.has(range(IDS), PEER, 0.0)
        said = [message for message, _ in self.origin.says]
        self.assertEqual(said, [Cancel(1, tuple(range(LEASES_LIMIT)))])
        self.assertLessEqual(len(self.origin._ending), LEASES_LIMIT)
        teach(self.origin, 1.0)
        self.assertEqual(len(self.origin), 1)
        grant = next(message for message, _ in self.origin.says if isinstance(message, Grant))
        self.origin.says.clear()
        self.origin.wake(4.2)
        cancelled = [each for message, _ in self.origin.says if isinstance(message, Cancel) for each in message.leases]
        self.assertNotIn(grant.at.lease, cancelled)

    def test_numbers_go_round(self) -> None:
        """The next number after the last is the first that no lease has."""
        teach(self.origin, 0.0)
        self.origin._number = IDS - 1
        teach(self.origin, 4.0, count=2, start=1)
        self.assertEqual(sorted(each.number for each in self.origin._leases.values()), [0, 1, IDS - 1])

    def test_claims_again_and_again(self) -> None:
        """However long it claims, nothing gathers, and each message of ours is one that the codec reads."""
        for turn in range(300):
            claimed = tuple((turn * LEASES_LIMIT + each) % IDS for each in range(LEASES_LIMIT))
            self.origin.has(claimed, PEER, turn / 100)
            self.assertLessEqual(kept(self.origin), LEASES_LIMIT)
        self.assertTrue(all(len(m.leases) <= LEASES_LIMIT for m, _ in self.origin.says if isinstance(m, Cancel)))

    def test_silent_member(self) -> None:
        """One that answers no cancellation is told of all that end in messages of a readable length, and forgotten."""
        for turn in range(8):
            teach(self.origin, turn * 4.0, LEASES_LIMIT, start=100 * turn)
            self.origin.says.clear()
            self.origin.end(turn * 4.0 + 3.9)
            self.assertLessEqual(kept(self.origin), ENDINGS_LIMIT)
            rows = [len(each.leases) for each, _ in self.origin.says if isinstance(each, Cancel)]
            self.assertTrue(rows and max(rows) <= LEASES_LIMIT, rows)
        for second in range(40, 100):
            self.origin.wake(float(second))
        self.assertEqual((kept(self.origin), len(self.origin._ending)), (0, 0))

    def test_stranger(self) -> None:
        """Who is no member leaves nothing."""
        self.origin.greeted(Hello(5), ME, 0.0)
        self.origin.has((1, 2), ME, 0.0)
        self.assertEqual((self.origin._epochs, self.origin._ending, self.origin.says), ({}, {}, []))

    def test_flood(self) -> None:
        """Messages beyond any need are refused, of this member alone, and taken again later."""
        member = World.of((ME, PEER, THIRD)).members[ME]
        lack = encode(Lack(9, (1,)))
        taken = [member.leases.take(lack, PEER, 100.0) for _ in range(int(LEASE_BURST) + 5)]
        self.assertEqual(taken, [None] * int(LEASE_BURST) + [Drop.LEASE] * 5)
        self.assertIsNone(member.leases.take(lack, THIRD, 100.0))
        self.assertIsNone(member.leases.take(lack, PEER, 100.0 + 2 / LEASE_RATE))

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.tuples(MESSAGES, st.sampled_from((0.0, 0.1, 1.0, 20.0))), max_size=60))
    def test_any_messages(self, said: list[tuple[Message, float]]) -> None:
        """Any messages of a member keep all tables within their bounds."""
        world = World.of((ME, PEER))
        leases, clock = world.members[ME].leases, world.clock
        for message, later in said:
            clock.advance(later)
            world.announce(ME, announcement())
            leases.take(encode(message), PEER, clock.seconds())
            origin, table = leases._origin, leases._table
            assert len(origin) <= LEASES_LIMIT >= len(table)
            assert kept(origin) <= ENDINGS_LIMIT
            assert set(origin._ending) | set(origin._epochs) | set(table._origins) <= {PEER}
            assert all(set(each.waiting) | each.holders | set(each.asked) <= {PEER} for each in origin._leases.values())
            assert (origin.says, table.says, table.shows) == ([], [], [])
            assert len(origin._greet) <= 3
            assert len(leases._heard) <= 1
