"""Void tickets: which ones, until when, and never too many remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.relay_revocations import Revocation, Revocations
from lanrage.core.tickets import Ticket

PAIR = (b"a" * 32, b"b" * 32)
people = st.tuples(st.sampled_from([b"p" * 16, b"q" * 16]), st.sampled_from([b"x" * 32, b"y" * 32]))
revoked = st.lists(
    st.builds(lambda who, until: Revocation(who[0], who[1], until), people, st.integers(0, 200)), max_size=12
)


@given(revoked, people, st.integers(0, 250), st.integers(0, 150))
def test_covers(rows: list[Revocation], who: tuple[bytes, bytes], expires: int, wall: int) -> None:
    """A ticket is void when one revocation of its holder, in its party, that has not ended reaches its end."""
    revocations = Revocations()
    for row in rows:
        revocations.add(row, wall)
    wanted = any((r.party_id, r.holder) == who and expires <= r.until and r.until > wall for r in rows)
    assert revocations.covers(Ticket(*who, PAIR, expires)) == wanted
    revocations.forget(wall)
    assert len(revocations) == len({(r.party_id, r.holder) for r in rows if r.until > wall})
    revocations.forget(201)
    assert len(revocations) == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), max_size=60))
def test_bounded(rows: list[tuple[int, int]]) -> None:
    """Those that end soonest go first."""
    revocations = Revocations(limit=8)
    for number, until in rows:
        revocations.add(Revocation(b"p" * 16, number.to_bytes(32, "big"), until), 0)
        assert len(revocations) <= 8
        assert revocations.covers(Ticket(b"p" * 16, number.to_bytes(32, "big"), PAIR, until))


def test_who_comes_back() -> None:
    """Tickets that were issued later serve."""
    revocations = Revocations()
    revocations.add(Revocation(b"p" * 16, b"x" * 32, 3600), 0)
    assert revocations.covers(Ticket(b"p" * 16, b"x" * 32, PAIR, 3600))
    assert not revocations.covers(Ticket(b"p" * 16, b"x" * 32, PAIR, 3601))
