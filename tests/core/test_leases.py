"""Leases, both ends joined in memory: what a socket sees is what it would see on a LAN."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address
from itertools import pairwise

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.leases import lasts, tolerance
from tests.lease_world import World, announcement, play, times_seen
from tests.strategies_lan import ME, PEER, THIRD

JITTER = 0.05
"""Seconds that the carrier may be uneven."""


@attrs.define
class DrawnCarrier:
    """Delays up to 50 ms, repeats, and loses at most two datagrams in a row."""

    fates: Iterator[tuple[bool, bool, float, float]]
    rows: dict[IPv4Address, int] = attrs.field(factory=dict)

    def __call__(self, sender: IPv4Address, _receiver: IPv4Address) -> Collection[float]:
        lost, repeated, after, again = next(self.fates)
        row = self.rows.get(sender, 0)
        self.rows[sender] = row + 1 if lost and row < 2 else 0
        if self.rows[sender]:
            return ()
        return (after, again) if repeated else (after,)


def fates(data: st.DataObject) -> Iterator[tuple[bool, bool, float, float]]:
    """What becomes of each datagram, drawn once and then repeated."""
    delay = st.floats(0, JITTER)
    rows = data.draw(st.lists(st.tuples(st.booleans(), st.booleans(), delay, delay), min_size=1, max_size=40))
    while True:
        yield from rows


class LanTests(SynchronousTestCase):
    """The property that a lease owes."""

    @given(
        st.sampled_from([0.2, 0.25, 0.5, 1.0, 1.5, 5.0, 10.0, 30.0, 60.0]) | st.floats(0.2, 60.0),
        st.integers(1, 60),
        st.data(),
    )
    @settings(deadline=None)
    def test_as_on_a_lan(self, period: float, count: int, data: st.DataObject) -> None:
        """Under loss, repetition and reordering: each announcement is seen, each sight is an announcement's, once."""
        uneven = data.draw(st.lists(st.floats(-1, 1), min_size=1, max_size=10))
        gaps = [period + uneven[number % len(uneven)] * min(0.01, period / 50) for number in range(count)]
        world = World.of((ME, PEER), DrawnCarrier(fates(data)))
        frame = announcement()
        sent = play(world, frame, gaps)
        world.run(lasts(period) + 60)
        seen = times_seen(world, PEER, frame)
        lost = [when for when, member in world.lost if member == PEER]
        for when in sent:
            near = [each for each in seen if abs(each - when) <= period + JITTER]
            assert near or when in lost, f"the announcement of {when} was not seen: {seen}"
        for when in seen:
            near = [each for each in sent if abs(each - when) <= period + JITTER]
            assert near or when <= sent[-1] + 2 * period + 1, f"{when} is stale: {sent[-1]}"
        for earlier, later in pairwise(seen):
            assert later - earlier >= period - 2 * tolerance(period) - 2 * JITTER, (
                f"{later} is one too many: {seen} {sent}"
            )
        assert len(seen) <= len(sent) + 3 + 1 / period

    def test_few_bytes(self) -> None:
        """Ten minutes of Minecraft's pace: a lease is held, and costs a tenth."""
        world = World.of((ME, PEER, THIRD))
        play(world, announcement(payload=bytes(60)), [1.5] * 400)
        assert len(times_seen(world, PEER, announcement(payload=bytes(60)))) == 400
        leased, world = world.carried, World.of((ME, PEER, THIRD))
        for number in range(400):
            play(world, announcement(payload=bytes(59) + bytes([number % 251])), [1.5])
        assert leased < world.carried / 10, (leased, world.carried)

    def test_stop(self) -> None:
        """A game that ends without a word is forgotten after two periods."""
        world = World.of((ME, PEER))
        sent = play(world, announcement(), [1.0] * 20)
        world.run(60)
        assert len(times_seen(world, PEER, announcement())) == 22
        assert times_seen(world, PEER, announcement())[-1] <= sent[-1] + 2.0

    def test_change(self) -> None:
        """A lobby that changes: the old words are not said again once the new ones were."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 20)
        play(world, announcement(payload=b"one more"), [1.0] * 20)
        changed = times_seen(world, PEER, announcement(payload=b"one more"))
        assert len(changed) == 20
        assert times_seen(world, PEER, announcement())[-1] <= changed[0]

    def test_turns(self) -> None:
        """A program that says several things in turn keeps a lease for each, copies in a burst too."""
        world = World.of((ME, PEER))
        one, two = announcement(payload=b"one"), announcement(payload=b"two")
        for _ in range(40):
            play(world, one, [9.8, 0.1])
            play(world, two, [0.1])
        assert world.members[ME].leases.counters()["leases_live"] == 3
        seen = len(times_seen(world, PEER, one)), len(times_seen(world, PEER, two))
        assert seen == (80, 40), seen

    def test_stray(self) -> None:
        """An announcement out of turn is carried."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        stray = play(world, announcement(), [0.4])
        play(world, announcement(), [0.6] + [1.0] * 10)
        seen = times_seen(world, PEER, announcement())
        assert stray[0] in seen
        assert len(seen) == 22

    def test_unknown_changing_field(self) -> None:
        """A counter that nobody knows: never leased, all carried."""
        world = World.of((ME, PEER))
        for number in range(50):
            play(world, announcement(payload=b"%d" % number), [1.0])
        assert len(world.members[PEER].seen) == 50
        assert world.members[ME].leases.counters()["leases_granted"] == 0

    def test_known_clock(self) -> None:
        """melonDS: the tick goes on in what is repeated, in milliseconds, and ever upwards."""
        world = World.of((ME, PEER))
        for number in range(50):
            tick = (7000 + 1000 * number).to_bytes(4, "little")
            play(world, announcement(payload=b"LAND\1\0\0\0" + tick + bytes(67), port=7063), [1.0])
        assert world.members[ME].leases.counters()["leases_live"] == 1
        ticks = [int.from_bytes(data[50:54], "little") for _, _, data in world.members[PEER].seen]
        assert [round(tick, -2) for tick in ticks] == list(range(7000, 57000, 1000)), ticks

    def test_game_says_goodbye(self) -> None:
        """Warcraft III's closing word ends the lease of its refreshes at once."""
        world = World.of((ME, PEER))
        refresh = announcement(payload=bytes.fromhex("f7321000") + bytes(12), port=6112)
        play(world, refresh, [5.0] * 10)
        world.announce(ME, announcement(payload=bytes.fromhex("f7330800") + bytes(4), port=6112))
        world.run(60)
        assert len(times_seen(world, PEER, refresh)) == 10

    def test_goodbye_of_a_mixed_flow(self) -> None:
        """Likewise where its slots filled and emptied again before."""
        world = World.of((ME, PEER))
        two = [announcement(payload=bytes.fromhex("f7321000") + bytes(11) + bytes([n]), port=6112) for n in range(2)]
        for _ in range(3):
            play(world, two[0], [5.0] * 3)
            play(world, two[1], [5.0] * 3)
        play(world, two[0], [5.0] * 6)
        world.announce(ME, announcement(payload=bytes.fromhex("f7330800") + bytes(4), port=6112))
        stopped = world.clock.seconds()
        world.run(60)
        assert times_seen(world, PEER, two[0])[-1] <= stopped
