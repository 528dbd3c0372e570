"""The control server's desk in memory: who hears what in which order, and what waits for the disk."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.control_desk import LINES_BURST, TASKS_LIMIT, ControlDesk
from lanrage.app.control_requests import Requests
from lanrage.core.world import World
from lanrage.errors import Refused
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.store.journal import Journal
from lanrage.wire.control import (
    Accepted,
    CreateParty,
    Done,
    FetchTicket,
    FollowParty,
    JoinParty,
    LeaveParty,
    NoticeBody,
    PublishInvitation,
    ReserveAddress,
    SendSignal,
    Signalled,
)
from lanrage.wire.control_party import Deltas, PartyState, Presence
from tests.fakes_channel import MemoryNetwork
from tests.fakes_control import NOW, PartyKit, SeededRandom, node_keys
from tests.fakes_store import MemoryStore

KIT = PartyKit.make("desk")
SECRET = b"d" * 16
INVITATION = KIT.invitation_id(SECRET)
HOST, GUEST = node_keys("host"), node_keys("guest")


class DeskCase(SynchronousTestCase):
    """A host and a guest in one party."""

    def setUp(self) -> None:
        """Both are members and connected."""
        self.net, self.store = MemoryNetwork(), MemoryStore()
        self.successResultOf(Deferred.fromCoroutine(self.store.open()))
        self.world = World()
        journal = Journal(self.net.clock, self.store, ())
        self.desk = ControlDesk(
            Requests(self.world, None), journal, lambda session: Accepted(session, NOW, (), ()), lambda: NOW
        )
        self.net.serve("server:1", self.desk)
        self.notices: dict[str, list[NoticeBody]] = {"host": [], "guest": [], "again": []}
        self.host, self.guest = self.node("host", HOST), self.node("guest", GUEST)
        self.ask(self.host, CreateParty(KIT.charter_blob, KIT.certificate(HOST, "host", "10.66.0.1")))
        self.ask(self.host, PublishInvitation(KIT.party_id, KIT.invitation(SECRET)))
        self.certificate = KIT.certificate(GUEST, "guest", "10.66.0.2", secret=SECRET)
        self.ask(self.guest, ReserveAddress(KIT.party_id, INVITATION, "guest", KIT.proof(GUEST, SECRET)))
        self.ask(self.guest, JoinParty(KIT.party_id, self.certificate, INVITATION))
        self.heard("host")

    def node(self, name: str, keys: Any) -> ControlClient:
        """A node that is connected."""
        client = ControlClient(
            self.net.clock,
            keys,
            ("server:1",),
            on_notice=lambda body, _: self.notices[name].append(body),
            dialling=Dialling(self.net.endpoint, lambda: 1.0, SeededRandom(name)),
        )
        client.startService()
        self.net.settle()
        self.addCleanup(client.stopService)
        self.assertTrue(client.connected)
        return client

    def start(self, client: ControlClient, body: Any) -> Deferred[Any]:
        """A request on its way."""
        answer = Deferred.fromCoroutine(client.request(body))
        self.net.settle()
        return answer

    def ask(self, client: ControlClient, body: Any) -> Any:
        """A request and its answer."""
        return self.successResultOf(self.start(client, body))

    def heard(self, name: str) -> list[NoticeBody]:
        """Notices since the last look."""
        self.net.settle()
        notices, self.notices[name] = self.notices[name], []
        return notices


class DeskTests(DeskCase):
    """What is answered, and when."""

    def test_strangers_do_not_fill_the_log(self) -> None:
        """Beyond so many lines about sessions at once no more are written; requests are answered all the same."""
        lines: list[LogEvent] = []
        observer = cast(ILogObserver, lines.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        for _ in range(int(LINES_BURST) + 100):
            self.ask(self.guest, FollowParty(KIT.party_id, 0))
            self.net.settle(1.0)
        told = [line for line in lines if line.get("log_namespace") == "lanrage.app.control_desk"]
        self.assertLessEqual(len(told), LINES_BURST)

    def test_presence(self) -> None:
        """Who follows hears who comes and goes, and nothing of itself."""
        self.guest.stopService()
        self.assertEqual([Presence(KIT.party_id, GUEST.identity.public, False)], self.heard("host"))
        again = self.node("again", GUEST)
        self.assertEqual([Presence(KIT.party_id, GUEST.identity.public, True)], self.heard("host"))
        followed = self.ask(again, FollowParty(KIT.party_id, 2))
        assert isinstance(followed, Deltas)
        assert followed.online is not None
        self.assertEqual({HOST.identity.public, GUEST.identity.public}, set(followed.online))
        self.assertEqual([], self.heard("again"))

    def test_newest_connection_wins(self) -> None:
        """The old one is told and ended; the others notice nothing."""
        self.node("again", GUEST)
        self.assertEqual("another node with this identity has logged in", self.guest.failure)
        self.assertEqual([], self.heard("host"))
        self.assertEqual(2, len(self.desk.sessions))
        self.ask(self.host, SendSignal(KIT.party_id, GUEST.identity.public, b"x"))
        self.assertEqual([Signalled(KIT.party_id, HOST.identity.public, b"x")], self.heard("again"))

    def test_signals_need_no_disk(self) -> None:
        """While the disk is slow, members still reach each other; what changes the party, or reads it, waits."""
        self.store.slow = True
        publishing = self.start(self.host, PublishInvitation(KIT.party_id, KIT.invitation(b"e" * 16)))
        self.ask(self.guest, SendSignal(KIT.party_id, HOST.identity.public, b"x"))
        self.assertEqual([Signalled(KIT.party_id, GUEST.identity.public, b"x")], self.heard("host"))
        self.assertNoResult(publishing)
        leaving = self.start(self.guest, LeaveParty(KIT.party_id))
        self.assertEqual([], self.heard("host"))
        reading = self.start(self.host, FollowParty(KIT.party_id, 2))
        self.assertNoResult(leaving)
        self.assertNoResult(reading)
        signal = SendSignal(KIT.party_id, HOST.identity.public, b"x")
        self.assertEqual("not_a_member", self.failureResultOf(self.start(self.guest, signal), Refused).value.code)
        again = self.start(self.host, SendSignal(KIT.party_id, GUEST.identity.public, b"x"))
        self.assertEqual("unknown_peer", self.failureResultOf(again, Refused).value.code)
        self.store.slow = False
        self.store.release()
        self.net.settle()
        self.assertEqual((Done(), Done()), (self.successResultOf(publishing), self.successResultOf(leaving)))
        self.assertEqual([3], [delta.revision for delta in self.successResultOf(reading).deltas])
        (told,) = [notice for notice in self.heard("host") if isinstance(notice, Deltas)]
        self.assertEqual([3], [delta.revision for delta in told.deltas])

    def test_presence_waits_for_its_party(self) -> None:
        """While the party's own change is on its way to disk nothing is said of it, in order after it; then all is."""
        self.store.slow = True
        leaving = self.start(self.guest, LeaveParty(KIT.party_id))
        self.world.parties_of[GUEST.identity.public] = {KIT.party_id}  # as one who joined again before the disk took it
        self.guest.stopService()
        self.assertEqual([], self.heard("host"))
        self.store.slow = False
        self.store.release()
        self.net.settle()
        self.assertEqual([Deltas, Presence], [type(notice) for notice in self.heard("host")])
        leaving.addErrback(lambda _: None)

    def test_others_do_not_wait(self) -> None:
        """While another party's change is on its way to disk, who comes and goes is told, and the party can be read."""
        other = PartyKit.make("another", host=node_keys("third"))
        third = self.node("again", node_keys("third"))
        self.store.slow = True
        creating = self.start(
            third, CreateParty(other.charter_blob, other.certificate(node_keys("third"), "third", "10.66.0.1"))
        )
        self.guest.stopService()
        self.assertEqual([Presence(KIT.party_id, GUEST.identity.public, False)], self.heard("host"))
        self.assertIsInstance(self.ask(self.host, FollowParty(KIT.party_id, 2)), Deltas)
        self.assertNoResult(creating)
        self.store.slow = False
        self.store.release()
        self.net.settle()
        self.assertIsInstance(self.successResultOf(creating), PartyState)

    def test_signal_to_somebody_offline(self) -> None:
        """The sender is told, and by name."""
        self.guest.stopService()
        self.net.settle()
        error = self.failureResultOf(
            self.start(self.host, SendSignal(KIT.party_id, GUEST.identity.public, b"x")), Refused
        ).value
        self.assertEqual(("unknown_peer", True), (error.code, "guest" in error.message))

    def test_no_relay(self) -> None:
        """Without relays there are no tickets."""
        error = self.failureResultOf(self.start(self.host, FetchTicket(KIT.party_id, GUEST.identity.public)), Refused)
        self.assertEqual("no_relay", error.value.code)

    def test_bug_in_an_operation(self) -> None:
        """A bug costs one answer and leaves a traceback in the log; the connection and the others live on."""
        del self.world.parties[KIT.party_id].memberships
        error = self.failureResultOf(self.start(self.host, FollowParty(KIT.party_id, 0)), Refused).value
        self.assertEqual("internal", error.code)
        self.assertEqual(1, len(self.flushLoggedErrors(AttributeError)))
        self.assertTrue(self.host.connected)

    def test_answers_for_those_who_left(self) -> None:
        """A node that is gone before its answer is no error."""
        self.store.slow = True
        self.start(self.guest, LeaveParty(KIT.party_id)).addErrback(lambda _: None)
        self.guest.stopService()
        self.net.settle()
        self.store.slow = False
        self.store.release()
        self.net.settle()
        state = self.ask(self.host, FollowParty(KIT.party_id, 0))
        assert isinstance(state, PartyState)
        self.assertEqual((3, 1), (state.revision, len(state.members)))

    def test_stop_ends_what_waits(self) -> None:
        """Work that waits for the disk is given up at the stop, quietly."""
        self.store.slow = True
        waiting = self.start(self.guest, LeaveParty(KIT.party_id))
        self.desk.stop()
        self.store.slow = False
        self.store.release()
        self.net.settle()
        self.assertNoResult(waiting)
        waiting.addErrback(lambda _: None)

    def test_requests_that_wait_are_bounded(self) -> None:
        """With a disk that takes nothing more, further requests are refused instead of piling up."""
        piled: list[Deferred[None]] = [Deferred() for _ in range(TASKS_LIMIT)]
        self.desk._tasks.update(piled)
        waiting = self.start(self.guest, LeaveParty(KIT.party_id))
        self.net.settle()
        self.assertEqual(self.failureResultOf(waiting, Refused).value.code, "limit")
        self.desk._tasks.difference_update(piled)
        self.assertEqual(self.ask(self.guest, LeaveParty(KIT.party_id)), Done())
