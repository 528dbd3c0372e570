"""Leases of members that come, go, restart, fall silent or are hostile."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Drop
from lanrage.core.lease_origin import LeaseOrigin
from lanrage.core.lease_replay import ReplayTable
from lanrage.core.leases import LEASES_LIMIT, Beat, Cancel, Grant, Hello, Lack, Renew, lasts, renew_every
from lanrage.wire.packets import write_frame
from tests.lease_world import World, announcement, play, times_seen
from tests.strategies_lan import GROUP, ME, PEER, THIRD, udp


class MemberTests(SynchronousTestCase):
    """Members that come, go, restart, and paths that die."""

    def test_join(self) -> None:
        """Who joins sees what is leased at once, and then on time."""
        world = World.of((ME, PEER, THIRD))
        world.meet((ME, PEER))
        play(world, announcement(), [10.0] * 6)
        world.run(3)
        world.meet((ME, PEER, THIRD))
        world.run(0.01)
        assert len(times_seen(world, THIRD, announcement())) == 1
        play(world, announcement(), [7.0] + [10.0] * 3)
        assert len(times_seen(world, THIRD, announcement())) == 5

    def test_member_leaves(self) -> None:
        """A lease ends with its member."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.meet((PEER,))
        world.run(100)
        assert len(times_seen(world, PEER, announcement())) == 10
        assert world.members[PEER].leases.counters()["leases_held"] == 0

    def test_party_ends(self) -> None:
        """A lease ends with its party: the origin says so."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.members[ME].leases.stop()
        world.run(100)
        assert len(times_seen(world, PEER, announcement())) == 10
        assert world.clock.getDelayedCalls() == []

    def test_receiver_restarts(self) -> None:
        """A receiver that begins anew is given all again."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.members[PEER].leases.stop()
        world.members[PEER].renew()
        play(world, announcement(), [1.0] * 10)
        assert len(times_seen(world, PEER, announcement())) in (20, 21)

    def test_receiver_crashes_unheard(self) -> None:
        """One whose greetings are lost asks when it hears of a renewal."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.members[PEER].leases.stop()
        world.run(1)
        world.carrier = lambda sender, receiver: () if sender == PEER else (0.0,)
        world.members[PEER].renew()
        play(world, announcement(), [1.0] * 6)
        world.carrier = lambda sender, receiver: (0.0,)
        play(world, announcement(), [1.0] * 20)
        seen = times_seen(world, PEER, announcement())
        assert len([each for each in seen if each > world.clock.seconds() - 4.5]) in (4, 5)

    def test_origin_restarts(self) -> None:
        """What an earlier life of the origin granted ends with its greeting."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.carrier = lambda sender, receiver: ()
        world.members[ME].leases.stop()
        world.carrier = lambda sender, receiver: (0.0,)
        world.members[ME].renew()
        world.run(60)
        assert len(times_seen(world, PEER, announcement())) == 10

    def test_dead_path(self) -> None:
        """Nothing is repeated of a member that no path leads to; when one opens again, it goes on."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        world.members[PEER].dead.add(ME)
        play(world, announcement(), [1.0] * 5)
        assert len(times_seen(world, PEER, announcement())) == 10
        world.members[PEER].dead.clear()
        play(world, announcement(), [1.0] * 5)
        assert len(times_seen(world, PEER, announcement())) == 15

    def test_silence(self) -> None:
        """Without renewals the receiver ends a lease after three of them, and asks for it."""
        world = World.of((ME, PEER))
        play(world, announcement(), [1.0] * 10)
        until = world.clock.seconds() + lasts(1.0)
        world.carrier = lambda sender, receiver: () if sender == ME else (0.0,)
        play(world, announcement(), [1.0] * 60)
        seen = times_seen(world, PEER, announcement())
        assert until - 10 <= seen[-1] <= until, (seen[-1], until)
        world.carrier = lambda sender, receiver: (0.0,)
        play(world, announcement(), [1.0] * 20)
        assert times_seen(world, PEER, announcement())[-1] == world.clock.seconds()

    def test_member_without_leases(self) -> None:
        """One that never answers gets every frame."""
        world = World.of((ME, PEER))
        world.members[PEER].leases.stop()
        play(world, announcement(), [1.0] * 100)
        assert len(times_seen(world, PEER, announcement())) == 100

    def test_unheard_answer(self) -> None:
        """A receiver whose answers are lost is carried to and repeats, and its sockets see each once."""
        world = World.of((ME, PEER), lambda sender, receiver: () if sender == PEER else (0.03,))
        play(world, announcement(), [1.0] * 30)
        world.run(0.1)
        assert world.members[PEER].leases.counters()["leases_held"] == 1
        assert len(times_seen(world, PEER, announcement())) == 30

    def test_new_socket(self) -> None:
        """A socket that is opened hears what is leased for its port or group at once."""
        world = World.of((ME, PEER))
        grouped = canonical(udp(ME, destination=GROUP))
        for _ in range(5):
            play(world, announcement(), [10.0])
            play(world, grouped, [0.2])
        world.run(3)
        leases, seen = world.members[PEER].leases, world.members[PEER].seen
        before = len(seen)
        leases.replay_now(ports=(6001,))
        leases.replay_now(groups=(GROUP,))
        leases.replay_now(groups=(GROUP,))
        assert [data for _, _, data in seen[before:]] == [write_frame(grouped)]
        world.run(1)
        leases.replay_now(ports=(6000,))
        assert len(seen) == before + 3


class HostileTests(SynchronousTestCase):
    """What a member can do to another."""

    def grant(self, lease: int, epoch: int = 7, period: float = 1.0) -> Grant:
        """One of many."""
        return Grant(epoch, Beat(lease, 0, period, 0.0), False, announcement(PEER, b"%d" % lease))

    def test_memory(self) -> None:
        """One member fills no memory, and its 32 leases stay its own affair."""
        table = ReplayTable()
        refused = [table.granted(self.grant(number), PEER, 0.0) for number in range(1000)]
        assert refused == [None] * LEASES_LIMIT + [Drop.LEASE] * (1000 - LEASES_LIMIT)
        assert len(table) == LEASES_LIMIT
        assert table.granted(self.grant(5), THIRD, 0.0) is None
        table.greeted(Hello(8), PEER)
        assert len(table) == 1

    def test_rate(self) -> None:
        """However it renews, it makes no machine repeat faster than its period allows."""
        table = ReplayTable()
        table.granted(self.grant(0, period=0.2), PEER, 0.0)
        for step in range(1000):
            now = step / 100
            table.renewed(Renew(7, (Beat(0, step * 10, 0.2, 0.0),)), PEER, now)
            table.wake(now)
        assert len(table.shows) <= 1000
        assert all(frame == announcement(PEER, b"0") for _, frame in table.shows)

    def test_foreign_epoch(self) -> None:
        """What belongs to another epoch ends nothing."""
        table = ReplayTable()
        table.granted(self.grant(0), PEER, 0.0)
        table.cancelled(Cancel(8, (0,)), PEER)
        table.renewed(Renew(8, (Beat(0, 1, 1.0, 0.0),)), PEER, 0.0)
        assert len(table) == 1
        assert table.says[-1] == (Lack(8, (0,)), PEER)

    def test_origin_memory(self) -> None:
        """A program that floods is not remembered; more than 32 announcements are not leased."""
        origin = LeaseOrigin(1)
        origin.set_members((PEER,), 0.0)
        for step in range(4):
            for number in range(LEASES_LIMIT + 8):
                origin.sent(announcement(payload=b"%d" % number, port=7000 + number), step * 1.0 + number / 1000)
        assert len(origin) == LEASES_LIMIT
        for number in range(10_000):
            origin.sent(announcement(payload=b"flood %d" % number), 5.0)
        assert len(origin._learner) <= 512

    def test_asking(self) -> None:
        """Who asks without end is given a lease once a second."""
        origin = LeaseOrigin(1)
        origin.set_members((PEER,), 0.0)
        for step in range(4):
            origin.sent(announcement(), float(step))
        origin.says.clear()
        for step in range(100):
            origin.lacks((0,), PEER, 3 + step / 100)
            origin.wake(3 + step / 100)
        assert len([each for each, _ in origin.says if isinstance(each, Grant)]) <= 1

    def test_times(self) -> None:
        """Renewals come often enough for the receiver's patience."""
        for period in (0.2, 1.0, 60.0):
            assert lasts(period) >= 3 * renew_every(period)
