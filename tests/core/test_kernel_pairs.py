"""What the kernel is told of pairs: whatever happens in whatever order, it ends up with what the table wants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.kernel_pairs import Batch, KernelPairs, Mapped, flows
from lanrage.core.relay_cookies import Line
from tests.core.relay_desk import ANNA, BEN, EVE, Desk
from tests.core.relay_world import HOUR, ticket

OWN = "203.0.113.9"
LOCAL = Line(OWN, 51820, 7802)
SIX = Line("2001:db8::1", 51820, 7803)
LINES = [ANNA, BEN, EVE, Line(ANNA.host, ANNA.port, 7801), LOCAL, SIX]


def source_of(host: str) -> str | None:
    """Of a relay with one address, by IPv4."""
    return None if ":" in host else OWN


def pairs() -> tuple[KernelPairs, list[None]]:
    """With a list that grows with each change."""
    changes: list[None] = []
    return KernelPairs(lambda: changes.append(None)), changes


class TestPairs:
    """One batch after another."""

    def test_joined(self) -> None:
        """Both directions, each leaving from the receiver's port; told once."""
        kernel, changes = pairs()
        kernel.joined(ANNA, BEN, 90.5)
        assert changes == [None]
        batch = kernel.take(source_of)
        assert batch == Batch(added=(Mapped(ANNA, OWN, BEN, OWN, 90), Mapped(BEN, OWN, ANNA, OWN, 90)))
        assert len(kernel) == 2
        assert not kernel.take(source_of)

    def test_parted(self) -> None:
        """Both are taken out; before they were put in, nothing is to be done."""
        kernel, _ = pairs()
        kernel.joined(ANNA, BEN, 90)
        added = kernel.take(source_of).added
        kernel.parted(ANNA, BEN)
        assert kernel.take(source_of) == Batch(removed=added)
        kernel.joined(ANNA, BEN, 90)
        kernel.parted(BEN, ANNA)
        assert not kernel.take(source_of)
        assert len(kernel) == 0

    def test_renewed(self) -> None:
        """The same two with another time: nothing of their flows is touched."""
        kernel, _ = pairs()
        kernel.joined(ANNA, BEN, 90)
        kernel.take(source_of)
        kernel.parted(ANNA, BEN)
        kernel.joined(ANNA, BEN, 3600)
        assert kernel.take(source_of) == Batch(
            renewed=(Mapped(ANNA, OWN, BEN, OWN, 3600), Mapped(BEN, OWN, ANNA, OWN, 3600))
        )

    def test_another_partner(self) -> None:
        """Out with the old way, in with the new one."""
        kernel, _ = pairs()
        kernel.joined(ANNA, BEN, 90)
        kernel.take(source_of)
        kernel.parted(ANNA, BEN)
        kernel.joined(ANNA, EVE, 90)
        batch = kernel.take(source_of)
        assert flows(batch.removed) == [(ANNA, OWN), (BEN, OWN)]
        assert flows(batch.added) == [(ANNA, OWN), (EVE, OWN)]

    def test_userspace_keeps_the_rest(self) -> None:
        """IPv6, and ends on the relay's own machine, with their partners."""
        kernel, _ = pairs()
        kernel.joined(ANNA, LOCAL, 90)
        kernel.joined(BEN, SIX, 90)
        assert not kernel.take(source_of)

    def test_lost(self) -> None:
        """All is put in anew."""
        kernel, _ = pairs()
        kernel.joined(ANNA, BEN, 90)
        added = kernel.take(source_of).added
        assert kernel.lost() == added
        assert len(kernel) == 0
        assert kernel.take(source_of) == Batch(added=added)

    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("join"), st.permutations(LINES)),
                st.tuples(st.just("part"), st.permutations(LINES)),
                st.tuples(st.sampled_from(["take", "lost"]), st.just(LINES)),
            ),
            max_size=40,
        )
    )
    def test_the_kernel_follows(self, steps: list[tuple[str, list[Line]]]) -> None:
        """Against a plain model of the table and of the maps, which refuse what is there twice or not at all."""
        kernel, _ = pairs()
        joined: dict[Line, Line] = {}
        maps: dict[Line, Mapped] = {}
        for what, lines in [*steps, ("take", LINES)]:
            one, other = lines[0], lines[1]
            if what == "join" and one not in joined and other not in joined:
                joined |= {one: other, other: one}
                kernel.joined(one, other, 60)
            elif what == "part" and one in joined:
                kernel.parted(one, joined[one])
                del joined[joined.pop(one)]
            elif what == "lost":
                assert set(kernel.lost()) == set(maps.values())
                maps.clear()
            elif what == "take":
                batch = kernel.take(source_of)
                for entry in batch.removed:
                    assert maps.pop(entry.line).way == entry.way
                for entry in batch.renewed:
                    assert maps[entry.line].way == entry.way
                for entry in batch.added:
                    assert entry.line not in maps
                    maps[entry.line] = entry
        served = {line: peer for line, peer in joined.items() if not {line, peer} & {LOCAL, SIX}}
        assert {line: entry.peer for line, entry in maps.items()} == served
        assert len(kernel) == len(maps)


class TestTable:
    """What the relay's table tells."""

    def watched(self) -> tuple[Desk, KernelPairs]:
        """A desk whose table has a watcher."""
        desk = Desk()
        kernel, _ = pairs()
        desk.relay.table.watcher = kernel
        return desk, kernel

    def test_a_pair(self) -> None:
        """Joined with the second end, for as long as both tickets last; parted when one goes."""
        desk, kernel = self.watched()
        desk.bind(ANNA, "anna", "ben")
        assert not kernel.take(source_of)
        desk.say(BEN, desk.proof(BEN, "ben", "anna", ticket("ben", "anna", life=100)))
        assert {(each.line, each.peer, each.seconds) for each in kernel.take(source_of).added} == {
            (ANNA, BEN, 100),
            (BEN, ANNA, 100),
        }
        desk.relay.now += 61
        desk.relay.table.expire(desk.relay.now)
        assert {each.line for each in kernel.take(source_of).removed} == {ANNA, BEN}

    def test_a_late_watcher(self) -> None:
        """Is told each pair once."""
        desk = Desk()
        desk.pair()
        assert desk.relay.table.joined(desk.relay.now - 1000.0 + 1_800_000_000.0) == [(ANNA, BEN, HOUR)]

    def test_a_new_ticket(self) -> None:
        """Renews, and takes nothing out."""
        desk, kernel = self.watched()
        desk.pair()
        kernel.take(source_of)
        desk.bind(ANNA, "anna", "ben")
        batch = kernel.take(source_of)
        assert not batch.removed
        assert not batch.added
        assert {each.line for each in batch.renewed} == {ANNA, BEN}

    def test_unknown_only_soon_after_the_start(self) -> None:
        """Later, data of strangers is not answered at all."""
        desk = Desk()
        desk.relay.table.began = desk.relay.now
        assert desk.data(EVE)
        desk.relay.now += 60
        assert desk.data(EVE) == []
