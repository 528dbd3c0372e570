"""Fragments of datagrams that this machine sent: joined in any order, refused where they contradict, bounded."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.ip_fragments import MAX_AGE, MAX_FRAGMENTS, MAX_PENDING, MAX_PENDING_BYTES, Fragment, IpFragments
from lanrage.core.lan_frames import Drop

LARGEST = 8980


def cut(payload: bytes, size: int, key: int = 1) -> list[Fragment]:
    """A datagram's fragments of `size` bytes, a multiple of eight."""
    starts = range(0, len(payload), size)
    return [Fragment(b"head", key, at, at + size < len(payload), payload[at : at + size]) for at in starts]


def joined(fragments: list[Fragment]) -> list[bytes]:
    """What comes out of these, and nothing is lost."""
    ledger = IpFragments(LARGEST)
    results = [ledger.add(fragment, 0.0) for fragment in fragments]
    assert ledger.lost == 0
    return [result[1] for result in results if isinstance(result, tuple)]


class JoinTests(SynchronousTestCase):
    """What comes out."""

    @given(st.binary(min_size=1, max_size=2000), st.integers(1, 40), st.data())
    def test_any_order(self, payload: bytes, units: int, data: st.DataObject) -> None:
        """In any order, with repetitions before it is whole, the payload comes out once."""
        pieces = cut(payload, units * 8)[:MAX_FRAGMENTS]
        payload = b"".join(piece.body for piece in pieces)
        pieces[-1] = attrs.evolve(pieces[-1], more=False)
        order = data.draw(st.permutations(pieces))
        repeated = data.draw(st.lists(st.sampled_from(order[:-1]), max_size=5)) if len(order) > 1 else []
        self.assertEqual(joined([*order[:-1], *repeated, order[-1]]), [payload])

    @given(st.integers(2, 5), st.data())
    def test_interleaved(self, count: int, data: st.DataObject) -> None:
        """Fragments of several datagrams among each other."""
        payloads = [bytes([key]) * 50 for key in range(count)]
        pieces = [piece for key, payload in enumerate(payloads) for piece in cut(payload, 16, key)]
        self.assertEqual(sorted(joined(data.draw(st.permutations(pieces)))), payloads)

    @given(st.integers(0, 60), st.integers(1, 60), st.booleans())
    def test_overlaps(self, offset: int, length: int, more: bool) -> None:
        """A fragment that overlaps others, or the end, kills the datagram: nothing comes out, and it counts once."""
        first, second, third = cut(bytes(range(120)), 40)
        bad = Fragment(b"head", 1, offset * 8, more, b"x" * 8 * length)
        ledger = IpFragments(LARGEST)
        self.assertEqual([ledger.add(each, 0.0) for each in (first, third)], [None, None])
        result = ledger.add(bad, 0.0)
        if (bad.offset, bad.end, more) == (40, 80, True):
            self.assertIsInstance(result, tuple)
            return
        self.assertEqual(result, Drop.IP_FRAGMENT if bad.end <= LARGEST else Drop.TOO_LONG)
        self.assertEqual([ledger.add(each, 0.0) for each in (second, first, third)], [None, None, None])
        self.assertEqual(ledger.waiting_bytes(), 0)

    def test_two_ends(self) -> None:
        """Two last fragments."""
        ledger = IpFragments(LARGEST)
        ledger.add(Fragment(b"", 1, 80, False, bytes(8)), 0.0)
        self.assertEqual(ledger.add(Fragment(b"", 1, 40, False, bytes(8)), 0.0), Drop.IP_FRAGMENT)

    def test_refused(self) -> None:
        """Too long, and a fragment inside that is no multiple of eight."""
        for fragment, reason in (
            (Fragment(b"", 1, LARGEST - 7, False, bytes(8)), Drop.TOO_LONG),
            (Fragment(b"", 1, 0, True, bytes(9)), Drop.MALFORMED),
        ):
            self.assertEqual(IpFragments(LARGEST).add(fragment, 0.0), reason)
        self.assertIsInstance(IpFragments(LARGEST).add(Fragment(b"", 1, 0, False, bytes(LARGEST)), 0.0), tuple)

    def test_many(self) -> None:
        """A datagram in crumbs is refused."""
        ledger = IpFragments(LARGEST)
        results = [ledger.add(piece, 0.0) for piece in cut(bytes(8 * (MAX_FRAGMENTS + 2)), 8)]
        self.assertEqual(results, [None] * MAX_FRAGMENTS + [Drop.IP_FRAGMENT, None])

    def test_age(self) -> None:
        """What does not come in time is counted once, and its rest starts anew and joins nothing."""
        ledger = IpFragments(LARGEST)
        first, second = cut(bytes(16), 8)
        ledger.add(first, 0.0)
        self.assertIsNone(ledger.add(second, MAX_AGE + 0.1))
        self.assertEqual((ledger.lost, len(ledger)), (1, 1))


class FragmentMachine(RuleBasedStateMachine):
    """A life of games and of programs that send crumbs: the memory is bounded, and what is whole comes out right."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = IpFragments(LARGEST)
        self.now = 0.0
        self.keys = 0

    @rule(size=st.integers(1, LARGEST))
    def game(self, size: int) -> None:
        """A game's datagram, all of it at once: whatever else waits, it comes out."""
        self.keys += 1
        payload = self.keys.to_bytes(4, "big") * (size // 4 + 1)
        results = [self.ledger.add(piece, self.now) for piece in cut(payload[:size], 1256, -self.keys)]
        assert results[-1] == (b"head", payload[:size])

    @rule(offset=st.integers(0, 1200), size=st.integers(1, 1500), key=st.integers(0, 40), more=st.booleans())
    def crumb(self, offset: int, size: int, key: int, more: bool) -> None:
        """Some fragment."""
        self.ledger.add(Fragment(b"", key, offset * 8, more, bytes(size)), self.now)

    @rule(seconds=st.floats(0, 2))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        """Count and bytes."""
        assert len(self.ledger) <= MAX_PENDING
        assert self.ledger.waiting_bytes() <= MAX_PENDING_BYTES


TestFragments = FragmentMachine.TestCase
