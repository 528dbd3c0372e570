"""Who missed something asks for it by revision: after a cut, after a pause, and after more than the queue holds."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.party import DELTAS_SENT
from lanrage.net.control_session import STALL_TIMEOUT
from lanrage.net.outbox import ANSWER_BYTES, QUEUE_MESSAGES, QueueLimits
from lanrage.wire.control import FollowParty, Notice, Reply, Resync, Signalled
from lanrage.wire.control_codec import JSON
from lanrage.wire.control_party import Deltas, PartyState
from tests.fakes_control import node_keys
from tests.fakes_server import ADDRESS, MemoryNode, MemoryServer

GUEST, GHOST = node_keys("guest"), node_keys("ghost")


class ResumeCase(SynchronousTestCase):
    """A server, a host and a guest who follow their party."""

    def setUp(self) -> None:
        """Both are in step."""
        self.server = MemoryServer()
        self.net, self.party_id = self.server.net, self.server.kit.party_id
        self.server.admit(GUEST, "guest")
        self.host, self.guest = self.server.dial(self.server.host), self.server.dial(GUEST)
        self.addCleanup(self.host.close)
        self.addCleanup(self.guest.close)
        self.net.settle()
        self.assertTrue(self.host.in_step and self.guest.in_step)
        self.answers: list[type] = []

    def listen(self, node: MemoryNode) -> None:
        """Write down the kind of each answer to the node."""
        request = node.link.client.request

        async def heard(body: Any, **options: Any) -> Any:
            reply = await request(body, **options)
            self.answers.append(type(reply))
            return reply

        node.link.client.request = heard  # type: ignore[method-assign]

    def change(self, times: int) -> None:
        """So many revisions."""
        for number in range(times):
            if number % 2:
                self.server.leave(GHOST)
            else:
                self.server.admit(GHOST, f"ghost {number}")
            self.net.settle()

    def pause(self, node: MemoryNode) -> Any:
        """The node's network takes no more."""
        connection = self.server.connection(node.keys)
        assert connection is not None
        connection.pauseProducing()
        return connection


class ResumeTests(ResumeCase):
    """After a cut."""

    def away(self, changes: int) -> None:
        """The guest's connection is cut, and it comes back after so many changes."""
        self.listen(self.guest)
        del self.net.servers[ADDRESS]
        connection = self.server.connection(GUEST)
        assert connection is not None
        connection.cut()
        self.net.settle()
        self.change(changes)
        self.net.servers[ADDRESS] = self.server.factory
        for _ in range(30):
            self.net.settle(1.0)
        self.assertTrue(self.guest.in_step)

    def test_resume_of_a_small_gap(self) -> None:
        """It is told what it missed, by deltas."""
        self.away(DELTAS_SENT)
        self.assertEqual([Deltas], self.answers)

    def test_resume_of_an_old_gap(self) -> None:
        """It is told the party in full."""
        self.away(DELTAS_SENT + 1)
        self.assertEqual([PartyState], self.answers)

    def test_resume_of_nothing(self) -> None:
        """Where nothing happened, no delta is told, and presence is right all the same."""
        self.host.close()
        self.away(0)
        self.assertEqual([Deltas], self.answers)
        self.assertFalse(self.guest.seen[self.server.host.identity.public][1])

    def test_resume_while_the_disk_is_slow(self) -> None:
        """Who comes back while a change waits for the disk, longer than an answer is awaited, is in step afterwards."""
        connection = self.server.connection(GUEST)
        assert connection is not None
        connection.cut()
        self.net.settle()
        self.server.store.slow = True
        self.change(1)
        for _ in range(20):
            self.net.settle(1.0)
        self.assertFalse(self.guest.in_step)
        self.server.store.slow = False
        self.server.store.release()
        for _ in range(5):
            self.net.settle(1.0)
        self.assertTrue(self.guest.in_step)

    def test_resume_where_the_server_is_asked_too_much(self) -> None:
        """A refusal by a limit is not the last word: the node asks again until it is in step."""
        meter = self.server.factory.admission.meter("198.51.100.7")
        assert meter.host is not None
        while meter.host.take(self.net.clock.seconds()):
            pass
        meter.host.rate = 0.2
        self.change(1)
        connection = self.server.connection(GUEST)
        assert connection is not None
        connection.cut()
        self.net.settle()
        self.net.settle(1.0)
        self.assertEqual(0, self.guest.ups - 1)
        for _ in range(12):
            self.net.settle(1.0)
        self.assertEqual((2, True), (self.guest.ups, self.guest.in_step))


class ResyncTests(ResumeCase):
    """After a pause."""

    def test_resync_of_a_slow_reader(self) -> None:
        """News beyond the limit is dropped, answers are not; when it reads again it is marked, asks, and is in step."""
        self.listen(self.guest)
        connection = self.pause(self.guest)
        asked = self.guest.link.client.request(FollowParty(self.party_id, 0))
        self.change(QUEUE_MESSAGES + 10)
        self.assertEqual(2, self.guest.replica.revision)
        self.assertGreater(self.server.factory.dropped["news"], QUEUE_MESSAGES)
        connection.resumeProducing()
        self.net.settle()
        self.assertTrue(self.guest.in_step)
        self.assertEqual((1, [PartyState]), (self.server.factory.dropped["resync"], self.answers))
        asked.close()

    def test_resync_while_an_answer_is_awaited(self) -> None:
        """A mark that comes while the node asks already makes it ask once more."""
        self.listen(self.guest)
        connection = self.server.connection(GUEST)
        assert connection is not None
        self.server.store.slow = True
        self.server.admit(GHOST, "ghost")
        for _ in range(3):
            connection.send(Notice(Resync(self.party_id)))
        self.net.settle()
        self.assertEqual([], self.answers)
        self.server.store.slow = False
        self.server.store.release()
        self.net.settle()
        self.assertEqual([Deltas, Deltas], self.answers)
        self.assertTrue(self.guest.in_step)

    def test_signals_of_a_slow_reader(self) -> None:
        """They are dropped as by a network, and counted."""
        connection = self.pause(self.guest)
        for _ in range(QUEUE_MESSAGES + 1):
            connection.send(Notice(Signalled(self.party_id, bytes(32), b"x")))
        self.assertEqual({"signal": QUEUE_MESSAGES + 1}, self.server.factory.dropped)
        connection.resumeProducing()
        self.net.settle()
        self.assertEqual([], self.guest.signals)

    def test_resync_is_too_late_for_who_reads_nothing(self) -> None:
        """Who does not read for so long is cut off, comes back, and resumes."""
        self.pause(self.guest)
        self.change(3)
        for _ in range(int(STALL_TIMEOUT) + 5):
            self.net.settle(1.0)
        self.assertEqual(1, self.server.factory.refusals["stalled"])
        self.assertTrue(self.guest.in_step)

    def test_reading_in_time_is_no_stall(self) -> None:
        """The time starts anew whenever the client has read."""
        for _ in range(4):
            connection = self.pause(self.guest)
            for _ in range(int(STALL_TIMEOUT) - 5):
                self.net.settle(1.0)
            connection.resumeProducing()
        self.assertEqual({}, self.server.factory.refusals)

    def test_answers_that_nobody_reads(self) -> None:
        """Who asks and does not read the answers is cut off at a hard limit."""
        connection = self.pause(self.guest)
        reply = Reply(1, PartyState(self.party_id, 1, bytes(4000), ()))
        for number in range(ANSWER_BYTES // 4000 + 1):
            self.assertIs(connection, self.server.connection(GUEST), number)
            connection.send(reply)
        self.net.settle()
        self.assertIsNone(self.server.connection(GUEST))
        self.assertEqual({"answers": 1}, self.server.factory.refusals)


class SlowReaders(RuleBasedStateMachine):
    """After any interleaving of pauses, cuts and changes, three replicas end equal to the world."""

    def __init__(self) -> None:
        super().__init__()
        self.server = MemoryServer()
        self.server.factory.queue_limits = QueueLimits(messages=4, bytes=3000)
        self.ghosts = [node_keys(f"ghost {number}") for number in range(4)]
        self.nodes: list[MemoryNode] = []
        self.names = 0

    @initialize(codec=st.sampled_from([(), (JSON.subprotocol,)]))
    def start(self, codec: tuple[str, ...]) -> None:
        """All follow."""
        options = {"offers": codec} if codec else {}
        for number in range(3):
            keys = node_keys(f"reader {number}")
            self.server.admit(keys, f"reader {number}")
            self.nodes.append(self.server.dial(keys, lambda: 0.1, **options))
        self.server.net.settle()

    @rule(number=st.integers(0, 2))
    def pause(self, number: int) -> None:
        """A node reads no more."""
        self.server.net.settle(0.2)
        connection = self.server.connection(self.nodes[number].keys)
        if connection is not None:
            connection.pauseProducing()

    @rule(number=st.integers(0, 2), who=st.integers(0, 3), times=st.integers(1, 20))
    def miss(self, number: int, who: int, times: int) -> None:
        """A node misses changes."""
        self.pause(number)
        self.change(who, times)
        self.server.net.settle()

    @rule(number=st.integers(0, 2))
    def resume(self, number: int) -> None:
        """A node reads again."""
        connection = self.server.connection(self.nodes[number].keys)
        if connection is not None:
            connection.resumeProducing()
        self.server.net.settle()

    @rule(number=st.integers(0, 2))
    def cut(self, number: int) -> None:
        """A node's connection is lost."""
        connection = self.server.connection(self.nodes[number].keys)
        if connection is not None:
            connection.cut()
        self.server.net.settle()

    @rule(who=st.integers(0, 3), times=st.integers(1, 20))
    def change(self, who: int, times: int) -> None:
        """A member joins, or has a new name, leaves, and so on; nobody waits in between."""
        keys = self.ghosts[who]
        party = self.server.world.parties[self.server.kit.party_id]
        for _ in range(times):
            self.names += 1
            if party.member(keys.identity.public) is not None and self.names % 3 == 0:
                self.server.leave(keys)
            else:
                self.server.admit(keys, f"ghost {self.names}")

    @rule(who=st.integers(0, 3), online=st.booleans())
    def presence(self, who: int, online: bool) -> None:
        """A member's channel comes up or goes down."""
        world, identity = self.server.world, self.ghosts[who].identity.public
        if online != (identity in world.online):
            self.server.tell((world.connected if online else world.disconnected)(identity, self.server.now()))

    @rule(slow=st.booleans())
    def disk(self, slow: bool) -> None:
        """The disk is slow, or is not."""
        self.server.store.slow = slow
        if not slow:
            self.server.store.release()
        self.server.net.settle()

    @rule(seconds=st.sampled_from([0.0, 0.3, 3.0, 12.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.server.net.settle(seconds)

    def teardown(self) -> None:
        """When all read again, each is in step, without having been told of anything but this party."""
        self.disk(False)
        for number in range(len(self.nodes)):
            self.resume(number)
        for _ in range(60):
            self.server.net.settle(1.0)
        for node in self.nodes:
            assert node.link.client.connected
            assert node.in_step, (node.replica.revision, node.seen, node.truth)
            node.close()
        self.server.net.settle(5.0)


SlowReaders.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


TestResyncMachine = SlowReaders.TestCase
