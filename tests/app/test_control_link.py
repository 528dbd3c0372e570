"""The node's side of the control server, over a network in memory: in step, in trouble, and ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.control_link import ControlLink
from lanrage.core.identity import fingerprint
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import MemberAdded, MemberRemoved, PresenceChanged, ReplicaChange
from lanrage.errors import CryptoError, DecodeError, Refused, Unreachable
from lanrage.net.control_client import Dialling
from lanrage.wire.control import (
    Accepted,
    Done,
    FetchTicket,
    FollowParty,
    Notice,
    NoticeBody,
    RefusedReply,
    Reply,
    ReplyBody,
    RequestBody,
    SendSignal,
    Signalled,
    TicketIssued,
)
from lanrage.wire.control_party import Delta, Deltas, MemberJoined, MemberLeft, MemberRow, PartyState, Presence
from tests.fakes_channel import SERVER_KEY, MemoryNetwork, RecordingDesk
from tests.fakes_control import NOW, PartyKit, SeededRandom, node_keys

ADDRESS = "203.0.113.5:7766"
SECRET = b"s" * 16
KIT = PartyKit.make()
HOST, GUEST, THIRD = node_keys("host"), node_keys("guest"), node_keys("third")
OFFSET = 42.0


def row(number: int, online: bool = True) -> MemberRow:
    """The party's members, by number."""
    keys = (HOST, GUEST, THIRD)[number - 1]
    secret = None if number == 1 else SECRET
    certificate = KIT.certificate(keys, f"member {number}", f"10.66.0.{number}", secret=secret)
    return MemberRow(certificate, KIT.invitation(SECRET) if secret else b"", online)


def state(revision: int, *numbers: int) -> PartyState:
    """The party with these members."""
    return PartyState(KIT.party_id, revision, KIT.charter_blob, tuple(row(number) for number in numbers))


@attrs.define(eq=False)
class PartyDesk(RecordingDesk):
    """Answers each request as the test says; ``None`` = not at all."""

    answer: Callable[[RequestBody], ReplyBody | None] = lambda body: state(1, 1)

    def accept(self, session: str) -> Accepted:
        """See :class:`RecordingDesk`; the server's clock is ahead."""
        return Accepted(session, NOW + OFFSET, (":3478",), ())

    def requested(self, connection: Any, request: Any) -> None:
        """Remember and answer."""
        self.requests.append(request)
        body = self.answer(request.body)
        if body is not None:
            connection.send(Reply(request.id, body))

    @property
    def asked(self) -> list[RequestBody]:
        """What was asked."""
        return [request.body for request in self.requests]


class ControlLinkTests(SynchronousTestCase):
    """One link."""

    def setUp(self) -> None:
        """A server at one address, and a link to it."""
        self.network = MemoryNetwork()
        self.desk = PartyDesk()
        self.network.serve(ADDRESS, self.desk)
        self.changes: list[ReplicaChange] = []
        self.signals: list[tuple[bytes, bytes]] = []
        self.ups: list[Accepted] = []
        self.link = self.make()
        self.addCleanup(self.close)

    def make(self, pin: bytes | None = None) -> ControlLink:
        """A link that is not dialled yet."""
        return ControlLink(
            self.network.clock,
            GUEST,
            (ADDRESS,),
            pin,
            on_changes=self.changes.extend,
            on_signal=lambda sender, payload: self.signals.append((sender, payload)),
            on_up=self.ups.append,
            now=lambda: NOW,
            dialling=Dialling(self.network.endpoint, lambda: 1.0, SeededRandom("link")),
        )

    def close(self) -> None:
        """After the end nothing waits."""
        closing = Deferred.fromCoroutine(self.link.close())
        self.network.settle()
        self.successResultOf(closing)
        self.network.settle()
        self.assertEqual([], self.network.clock.getDelayedCalls())

    def opened(self) -> ControlLink:
        """The link, dialled."""
        opening = Deferred.fromCoroutine(self.link.open())
        self.network.settle()
        self.successResultOf(opening)
        return self.link

    def following(self) -> PartyReplica:
        """A replica in step with revision 1."""
        replica = PartyReplica(KIT.party_id)
        self.link.follow(replica)
        self.opened()
        return replica

    def notice(self, body: NoticeBody) -> None:
        """The server tells something."""
        self.desk.opened_[-1].send(Notice(body))
        self.network.settle()

    def drop(self) -> None:
        """The connection is lost; the next one follows."""
        self.desk.opened_[-1].cut()
        self.network.settle()
        self.network.settle(20.0)

    def names(self, replica: PartyReplica) -> list[str]:
        """Members as the replica has them."""
        return sorted(entry.member.certificate.name for entry in replica.members.values())

    # --- life ---------------------------------------------------------------------------------------------------------

    def test_open(self) -> None:
        """Logged in: the server's clock is known; without a party nothing is asked, and nobody is told."""
        self.opened()
        self.assertTrue(self.link.client.connected)
        self.assertEqual(OFFSET, self.link.clock_offset)
        self.assertEqual(([], []), (self.desk.asked, self.ups))

    def test_open_fails(self) -> None:
        """No server, or another one than pinned: a typed error, and no further try."""
        for pin, error in ((None, Unreachable), (b"another pinned k", CryptoError)):
            if pin is None:
                del self.network.servers[ADDRESS]
            else:
                self.network.serve(ADDRESS, self.desk)
            link = self.make(pin)
            opening = Deferred.fromCoroutine(link.open())
            self.network.settle()
            self.failureResultOf(opening, error)
            dialled = len(self.network.dialled)
            self.network.settle(100.0)
            self.assertEqual(dialled, len(self.network.dialled))
            self.assertEqual([], self.network.clock.getDelayedCalls())

    def test_start_goes_on(self) -> None:
        """At the start of a node: dialled until the server is there, and then in step."""
        factory = self.network.servers.pop(ADDRESS)
        replica = PartyReplica(KIT.party_id)
        self.link.follow(replica)
        self.link.start()
        self.network.settle(30.0)
        self.assertFalse(self.link.client.connected)
        self.network.servers[ADDRESS] = factory
        for _ in range(15):
            self.network.settle(1.0)
        self.assertEqual(["member 1"], self.names(replica))
        self.assertEqual(1, len(self.ups))

    # --- in step ------------------------------------------------------------------------------------------------------

    def test_follows(self) -> None:
        """At each login the party is asked for from the revision in hand, and then it is told that the link is up."""
        replica = self.following()
        self.assertEqual([FollowParty(KIT.party_id, 0)], self.desk.asked)
        self.assertEqual([MemberAdded(replica.members[HOST.identity.public])], self.changes)
        self.assertEqual([("203.0.113.5:3478",)], [info.reflectors for info in self.ups])
        self.desk.answer = lambda body: Deltas(
            KIT.party_id, (Delta(2, MemberJoined(row(2))),), (HOST.identity.public, GUEST.identity.public)
        )
        self.drop()
        self.assertEqual([FollowParty(KIT.party_id, 0), FollowParty(KIT.party_id, 1)], self.desk.asked)
        self.assertEqual((["member 1", "member 2"], 2), (self.names(replica), replica.revision))
        self.assertEqual(2, len(self.ups))

    def test_server_of_an_old_backup(self) -> None:
        """A server that forgot revisions is asked for everything from then on, and believed once it is past ours."""
        self.desk.answer = lambda body: state(7, 1, 2)
        replica = self.following()
        self.desk.answer = lambda body: state(3, 1)
        self.drop()
        self.assertEqual((["member 1", "member 2"], 7), (self.names(replica), replica.revision))
        self.desk.answer = lambda body: state(8, 1)
        self.drop()
        self.assertEqual([0, 7, 0], [body.since for body in self.desk.asked if isinstance(body, FollowParty)])
        self.assertEqual((["member 1"], 8), (self.names(replica), replica.revision))

    def test_notices(self) -> None:
        """Joins, presence and leaves reach the replica and those who listen; another party's do not."""
        replica = self.following()
        self.changes.clear()
        self.notice(Deltas(KIT.party_id, (Delta(2, MemberJoined(row(2, online=False))),)))
        added = replica.members[GUEST.identity.public]
        self.notice(Presence(KIT.party_id, GUEST.identity.public, True))
        online = replica.members[GUEST.identity.public]
        self.notice(Deltas(KIT.party_id, (Delta(3, MemberLeft(GUEST.identity.public)),)))
        self.assertEqual((False, True), (added.online, online.online))
        expected = [MemberAdded(added), PresenceChanged(online), MemberRemoved(online)]
        self.assertEqual(expected, self.changes)
        self.notice(Deltas("ab" * 16, (Delta(4, MemberLeft(HOST.identity.public)),)))
        self.assertEqual((expected, 3), (self.changes, replica.revision))

    def test_gap(self) -> None:
        """A revision that was missed is asked for, once, however many notices tell of it."""
        self.following()
        self.desk.answer = lambda body: None
        for revision in (4, 5, 6):
            self.notice(Deltas(KIT.party_id, (Delta(revision, MemberJoined(row(2))),)))
        self.assertEqual([FollowParty(KIT.party_id, 0), FollowParty(KIT.party_id, 1)], self.desk.asked)
        self.desk.opened_[-1].send(Reply(self.desk.requests[-1].id, state(6, 1, 2)))
        self.network.settle()
        replica = self.link.replica
        assert replica is not None
        self.assertEqual((["member 1", "member 2"], 6), (self.names(replica), replica.revision))

    def test_lies(self) -> None:
        """A state of another party's charter changes nothing; a member without proof is left out, and told."""
        replica = self.following()
        self.changes.clear()
        other = PartyKit.make("another")
        self.desk.answer = lambda body: PartyState(KIT.party_id, 9, other.charter_blob, (row(1),))
        self.drop()
        self.assertEqual(([], 1), (self.changes, replica.revision))
        forged = MemberRow(row(2).certificate[:-1] + b"?", row(2).invitation, True)
        self.notice(Deltas(KIT.party_id, (Delta(2, MemberJoined(forged)),)))
        self.assertEqual([], self.changes)
        self.assertEqual(["a member that proves nothing"], list(replica.rejected))
        self.assertEqual(["member 1"], self.names(replica))

    def test_not_let_in(self) -> None:
        """A node that is no member any more is told why; the link stays, and a later yes clears it."""
        self.desk.answer = lambda body: RefusedReply("not_a_member", "only members of the party may do this")
        self.following()
        self.assertIn("only members of the party may do this", self.link.trouble)
        self.assertTrue(self.link.client.connected)
        self.desk.answer = lambda body: state(1, 1)
        self.drop()
        self.assertEqual("", self.link.trouble)

    def test_silence(self) -> None:
        """A server that does not answer is no failure of ours; at the next login it is asked again."""
        self.desk.answer = lambda body: None
        self.following()
        self.network.settle(11.0)
        self.assertEqual(1, len(self.desk.asked))
        self.desk.answer = lambda body: state(1, 1)
        self.drop()
        replica = self.link.replica
        assert replica is not None
        self.assertEqual(["member 1"], self.names(replica))

    # --- requests -----------------------------------------------------------------------------------------------------

    def test_ask(self) -> None:
        """The reply of the kind that was asked for; another kind and a refusal are errors."""
        self.opened()
        self.desk.answer = lambda body: Done()
        good = Deferred.fromCoroutine(self.link.ask(FollowParty(KIT.party_id, 0), Done))
        wrong = Deferred.fromCoroutine(self.link.ask(FollowParty(KIT.party_id, 0), PartyState))
        self.network.settle()
        self.assertEqual(Done(), self.successResultOf(good))
        self.failureResultOf(wrong, DecodeError)
        self.desk.answer = lambda body: RefusedReply("limit", "too many")
        refused = Deferred.fromCoroutine(self.link.ask(FollowParty(KIT.party_id, 0), Done))
        self.network.settle()
        error = self.failureResultOf(refused, Refused).value
        self.assertEqual(("limit", "too many"), (error.code, error.message))

    def test_signals(self) -> None:
        """Both ways; before there is a party, a link, or a receiver the sender learns that it was not taken."""
        host = HOST.identity.public
        self.assertFalse(self.successResultOf(self.link.signal(host, b"too early")))
        self.opened()
        self.assertFalse(self.successResultOf(self.link.signal(host, b"no party")))
        self.link.follow(PartyReplica(KIT.party_id))
        self.desk.answer = lambda body: RefusedReply("unknown_peer", "has no connection")
        results = [self.link.signal(host, b"an offer")]
        self.network.settle()
        self.desk.answer = lambda body: Done()
        results.append(self.link.signal(host, b"an offer"))
        self.network.settle()
        self.assertEqual([False, True], [self.successResultOf(result) for result in results])
        self.assertEqual([SendSignal(KIT.party_id, host, b"an offer")] * 2, self.desk.asked)
        self.notice(Signalled(KIT.party_id, HOST.identity.public, b"another"))
        self.notice(Signalled("ab" * 16, HOST.identity.public, b"of another party"))
        self.assertEqual([(HOST.identity.public, b"another")], self.signals)
        self.assertEqual([], self.flushLoggedErrors())

    def test_ticket(self) -> None:
        """Fetched for the pair; without a party there is none."""
        self.opened()
        self.failureResultOf(Deferred.fromCoroutine(self.link.ticket(HOST.identity.public)), Unreachable)
        self.link.follow(PartyReplica(KIT.party_id))
        self.desk.answer = lambda body: TicketIssued(b"a ticket", 3600.0)
        issued = Deferred.fromCoroutine(self.link.ticket(HOST.identity.public))
        self.network.settle()
        self.assertEqual(b"a ticket", self.successResultOf(issued))
        self.assertEqual([FetchTicket(KIT.party_id, HOST.identity.public)], self.desk.asked)

    def test_close_while_asking(self) -> None:
        """Closed with requests under way: they end without a word in the log."""
        self.desk.answer = lambda body: None
        self.following()
        self.link.signal(HOST.identity.public, b"an offer")
        asking = Deferred.fromCoroutine(self.link.ask(FollowParty(KIT.party_id, 0), Done))
        self.network.settle()
        self.close()
        self.failureResultOf(asking, Unreachable)
        self.assertEqual([], self.ups)
        self.assertEqual([], self.flushLoggedErrors())

    def test_pin(self) -> None:
        """The key first seen is pinned."""
        self.opened()
        self.assertEqual(fingerprint(SERVER_KEY.public), self.link.client.pin)
