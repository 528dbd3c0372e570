"""Two want what one can have: the control server's world lets one win, tells the other, and remembers it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger_records import (
    CLOCK_SLACK,
    Action,
    Admit,
    Appoint,
    HandOver,
    Record,
    Rename,
    Revoke,
    Support,
    Withdraw,
    sign_record,
)
from lanrage.core.party import CONFLICTS_LIMIT
from lanrage.core.records import DeltasView, Left, LostView, Recorded, StatusView
from lanrage.core.world import World
from lanrage.core.world_load import load_world
from lanrage.core.world_rows import ROW_KINDS, Erase, InvitationRow, Put, Row
from lanrage.core.world_state import Outcome
from lanrage.errors import CryptoError, DecodeError, Refused
from tests.fakes_control import NOW, PartyKit, caller, node_keys
from tests.fakes_ledger import SECRET, LedgerKit

HOST, MOD, ADA, BOB = node_keys("host"), node_keys("mod"), node_keys("ada"), node_keys("bob")


class ConflictCase(SynchronousTestCase):
    """A host, a moderator and two members at a control server, and the rows on its disk."""

    def setUp(self) -> None:
        """All are full members."""
        self.kit = PartyKit.make("conflicts", subnet="10.9.8.0/28", max_members=5)
        self.world = World()
        self.rows: dict[Any, Row] = {}
        self.done(
            self.world.create(caller(HOST), self.kit.charter_blob, self.kit.certificate(HOST, "host", "10.9.8.1"), NOW)
        )
        self.done(self.world.publish(caller(HOST), self.kit.party_id, self.kit.invitation(SECRET), NOW))
        for number, (keys, name) in enumerate(((MOD, "mod"), (ADA, "ada"), (BOB, "bob")), 2):
            self.join(keys, name)
            certificate = self.kit.certificate(keys, name, f"10.9.8.{number}", secret=SECRET)
            self.append(HOST, Admit(keys.identity.public, certificate, self.kit.invitation(SECRET)))
        self.append(HOST, Appoint(MOD.identity.public, "moderator"))

    def done(self, outcome: Outcome[Any]) -> Any:
        """Put its changes on the disk; the reply."""
        for change in outcome.changes:
            if isinstance(change, Put):
                self.rows[change.kind, change.key] = change.row
            else:
                del self.rows[change.kind, change.key]
        return outcome.reply

    def join(self, keys: NodeKeys, name: str) -> None:
        """Reserve and join."""
        invitation = self.kit.invitation_id(SECRET)
        proof = self.kit.proof(keys, SECRET)
        address = self.done(self.world.reserve(caller(keys), self.kit.party_id, invitation, name, proof, NOW))
        certificate = self.kit.certificate(keys, name, str(address), secret=SECRET)
        self.done(self.world.join(caller(keys), self.kit.party_id, invitation, certificate, NOW))

    @property
    def ledger(self) -> Any:
        """The party's."""
        return self.world.parties[self.kit.party_id].ledger

    def signed(self, author: NodeKeys, action: Action, at: float = NOW) -> bytes:
        """A record that follows what the author sees now."""
        party_id = bytes.fromhex(self.kit.party_id)
        record = Record(party_id, self.ledger.epoch + 1, self.ledger.head, author.identity.public, int(at), action)
        return sign_record(record, author.identity)

    def bring(self, author: NodeKeys, blob: bytes) -> Outcome[LostView | None]:
        """Ask the server to append."""
        outcome = self.world.append(caller(author), self.kit.party_id, blob, NOW)
        self.done(outcome)
        return outcome

    def append(self, author: NodeKeys, action: Action) -> None:
        """Sign and append."""
        self.assertIsNone(self.bring(author, self.signed(author, action)).reply)

    def conflicts(self) -> list[tuple[bytes, str, str]]:
        """What is remembered."""
        found = self.world.conflicts(caller(ADA), self.kit.party_id).reply
        return [(each.identity, each.wish, each.winner) for each in found]


class ConflictTests(ConflictCase):
    """Each pair once."""

    def test_conflict_of_two_names(self) -> None:
        """The first rename stands, the second is told by whom and gets the record."""
        one, two = self.signed(HOST, Rename("one")), self.signed(MOD, Rename("two"))
        won = self.bring(HOST, one)
        lost = self.bring(MOD, two).reply
        assert isinstance(lost, LostView)
        self.assertEqual(((one,), "one"), (lost.records, self.ledger.name))
        expected = (MOD.identity.public, "rename the party to two", "host came first: rename the party to one")
        self.assertEqual([expected], self.conflicts())
        (note,) = [note.body for note in won.notes if note.to == MOD.identity.public]
        assert isinstance(note, DeltasView)
        self.assertEqual(Recorded(one), note.deltas[0].change)

    def test_conflict_of_kick_and_promotion(self) -> None:
        """The moderator kicks whom the host promotes: whoever comes second is told, and rank decides nothing."""
        kick = self.signed(MOD, Revoke(ADA.identity.public, False))
        promote = self.signed(HOST, Appoint(ADA.identity.public, "moderator"))
        self.assertIsNone(self.bring(MOD, kick).reply)
        self.assertIsInstance(self.bring(HOST, promote).reply, LostView)
        self.assertNotIn(ADA.identity.public, self.ledger.members)
        self.assertEqual("make ada a moderator", self.world.conflicts(caller(BOB), self.kit.party_id).reply[0].wish)
        with self.assertRaises(Refused) as caught:
            self.bring(HOST, self.signed(HOST, Appoint(ADA.identity.public, "moderator")))
        self.assertEqual("not_allowed", caught.exception.code)

    def test_conflict_over_the_host(self) -> None:
        """Handing over while a moderator is thrown out: one of them happens."""
        hand = self.signed(HOST, HandOver(MOD.identity.public))
        self.assertIsNone(self.bring(HOST, self.signed(HOST, Revoke(MOD.identity.public, False))).reply)
        self.assertIsInstance(self.bring(HOST, hand).reply, LostView)
        self.assertEqual(HOST.identity.public, self.ledger.host)

    def test_replayed_record(self) -> None:
        """A record that is in the ledger already is answered as the first time, and changes nothing."""
        one = self.signed(HOST, Rename("one"))
        self.bring(HOST, one)
        before = str(self.world.parties[self.kit.party_id].ledger)
        again = self.bring(HOST, one)
        self.assertEqual((None, (), ()), (again.reply, again.changes, again.notes))
        self.assertEqual(before, str(self.ledger))
        self.assertEqual([], self.conflicts())

    def test_brought_by_another_member(self) -> None:
        """A record that its server lost may be brought back by any member, however old; a stranger brings none."""
        self.assertIsNone(self.bring(ADA, self.signed(HOST, Rename("one"))).reply)
        with self.assertRaises(Refused) as caught:
            self.bring(node_keys("x"), self.signed(HOST, Rename("two")))
        self.assertEqual("not_a_member", caught.exception.code)

    def test_nobody_writes_into_the_future(self) -> None:
        """Not by another's hand either: no later record could follow, and a takeover's delay would be over at once."""
        self.append(MOD, Support(MOD.identity.public))
        later = self.signed(HOST, Rename("later"), NOW + CLOCK_SLACK + 1)
        over = self.signed(MOD, Support(MOD.identity.public), NOW + self.kit.charter.takeover_delay)
        for author in (HOST, MOD, ADA):
            for blob in (later, over):
                with self.assertRaises(Refused) as caught:
                    self.bring(author, blob)
                self.assertEqual("bad_record", caught.exception.code)
        self.assertEqual(HOST.identity.public, self.ledger.host)
        stale = self.signed(MOD, Support(ADA.identity.public), NOW)
        with self.assertRaises(Refused):
            self.world.append(caller(ADA), self.kit.party_id, stale, NOW + CLOCK_SLACK + 1)

    def test_provisional_members_fall_with_their_invitation(self) -> None:
        """Who is not countersigned yet is no member here any more when the ledger says so, and others are told."""
        dora = node_keys("dora")
        self.join(dora, "dora")
        self.world.follow(caller(BOB), self.kit.party_id, 0)
        withdraw = self.signed(HOST, Withdraw(bytes.fromhex(self.kit.invitation_id(SECRET))))
        outcome = self.bring(HOST, withdraw)
        party = self.world.parties[self.kit.party_id]
        self.assertIsNone(party.member(dora.identity.public))
        self.assertIsNotNone(party.member(ADA.identity.public))
        told = [note.body.deltas[0].change for note in outcome.notes if note.to == BOB.identity.public]  # type: ignore[union-attr]
        self.assertEqual([Recorded(withdraw), Left(dora.identity.public)], told)

    def test_conflict_over_the_last_seat(self) -> None:
        """Two joins want the last place: one gets it, the other is told, and it is remembered."""
        first, second = node_keys("first"), node_keys("second")
        self.join(first, "first")
        invitation = self.kit.invitation_id(SECRET)
        with self.assertRaises(Refused) as caught:
            self.world.reserve(
                caller(second), self.kit.party_id, invitation, "second", self.kit.proof(second, SECRET), NOW
            )
        self.assertEqual("party_full", caught.exception.code)
        self.done(self.world.contend(caller(second), self.kit.party_id, "join as second", caught.exception, NOW))
        self.assertEqual((second.identity.public, "join as second"), self.conflicts()[0][:2])
        self.assertEqual((), self.world.contend(caller(second), "0" * 32, "join", caught.exception, NOW).changes)

    def test_conflicts_are_bounded(self) -> None:
        """The last ones stay, in memory and on disk; they are there after a restart; members alone see them."""
        stale = [self.signed(MOD, Rename(f"stale {number}")) for number in range(CONFLICTS_LIMIT + 5)]
        self.append(HOST, Rename("fresh"))
        for blob in [*stale, *stale[-3:]]:
            self.bring(MOD, blob)
        self.assertEqual(CONFLICTS_LIMIT, len(self.conflicts()))
        again = self.reloaded()
        party = again.parties[self.kit.party_id]
        self.assertEqual(self.world.parties[self.kit.party_id].conflicts, party.conflicts)
        self.assertEqual(5 + 1, min(party.conflicts))
        with self.assertRaises(Refused):
            self.world.conflicts(caller(node_keys("x")), self.kit.party_id)

    def reloaded(self) -> World:
        """The world of the rows on disk."""
        order = {kind: number for number, kind in enumerate(ROW_KINDS)}
        return load_world(sorted(self.rows.values(), key=lambda row: (order[type(row)], str(row.key[0]), row.key[1:])))

    def test_revoked_at_the_server(self) -> None:
        """Membership, seat, invitation and news end with the record; who is thrown out is told, and may read it."""
        self.world.follow(caller(ADA), self.kit.party_id, 0)
        outcome = self.world.append(
            caller(HOST), self.kit.party_id, self.signed(HOST, Revoke(ADA.identity.public, True)), NOW
        )
        self.done(outcome)
        self.assertIn(ADA.identity.public, [note.to for note in outcome.notes])
        self.assertIn(InvitationRow, [change.kind for change in outcome.changes if isinstance(change, Erase)])
        party = self.world.parties[self.kit.party_id]
        self.assertIsNone(party.member(ADA.identity.public))
        self.assertNotIn(ADA.identity.public, party.followers)
        with self.assertRaises(Refused) as caught:
            self.world.peer(caller(HOST), self.kit.party_id, ADA.identity.public)
        self.assertEqual("unknown_peer", caught.exception.code)
        self.append(HOST, Rename("without ada"))
        view: Any = self.world.follow(caller(ADA), self.kit.party_id, 3, 0).reply
        self.assertEqual(((), self.ledger.epoch - 1), (view.members, view.epoch))
        self.assertEqual(tuple(self.ledger.records[:-1]), view.records)
        self.assertEqual(str(self.reloaded().parties[self.kit.party_id].ledger), str(self.ledger))

    def test_statuses(self) -> None:
        """The last word counts, nobody else's; it leaves with its member, on disk too."""
        self.world.follow(caller(BOB), self.kit.party_id, 0)
        said = self.world.set_status(caller(ADA), self.kit.party_id, "tea")
        self.assertEqual(
            {BOB.identity.public}, {note.to for note in said.notes} - {HOST.identity.public, MOD.identity.public}
        )
        self.assertEqual(StatusView(self.kit.party_id, ADA.identity.public, "tea"), said.notes[0].body)
        self.done(said)
        self.assertEqual((), self.world.set_status(caller(ADA), self.kit.party_id, "tea").changes)
        self.assertEqual({ADA.identity.public: "tea"}, self.reloaded().parties[self.kit.party_id].statuses)
        self.done(self.world.leave(caller(ADA), self.kit.party_id, NOW))
        self.assertEqual({}, self.reloaded().parties[self.kit.party_id].statuses)
        with self.assertRaises(Refused):
            self.world.set_status(caller(ADA), self.kit.party_id, "ghost")

    def test_nonsense(self) -> None:
        """What is no record of this party is refused and changes nothing."""
        before = str(self.ledger)
        for blob in (b"x", self.kit.charter_blob, LedgerKit(PartyKit.make("other")).record(HOST, Rename("x"))):
            with self.assertRaises((CryptoError, DecodeError)):
                self.bring(HOST, blob)
        self.assertEqual(before, str(self.ledger))


class AnyOrderTests(SynchronousTestCase):
    """Conflicts in any order, and on connections that repeat."""

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_conflict_in_any_order(self, data: st.DataObject) -> None:
        """Exactly one of the records for an epoch wins, the first; the rest are told so, however often they come."""
        case = ConflictCase()
        case.setUp()
        wishes: list[tuple[NodeKeys, Action]] = [
            (HOST, Rename("one")),
            (MOD, Rename("two")),
            (MOD, Revoke(ADA.identity.public, False)),
            (HOST, Appoint(ADA.identity.public, "moderator")),
            (HOST, Revoke(MOD.identity.public, True)),
            (HOST, HandOver(BOB.identity.public)),
        ]
        chosen = data.draw(st.permutations(wishes))[: data.draw(st.integers(2, 6))]
        blobs = [(author, case.signed(author, action)) for author, action in chosen]
        repeated = data.draw(st.permutations([*blobs[1:], *data.draw(st.lists(st.sampled_from(blobs), max_size=4))]))
        epoch = case.ledger.epoch
        self.assertIsNone(case.bring(*blobs[0]).reply)
        for author, blob in repeated:
            try:
                reply = case.bring(author, blob).reply
            except Refused as error:
                self.assertEqual("not_a_member", error.code)
                continue
            if blob == blobs[0][1]:
                self.assertIsNone(reply)
            else:
                assert isinstance(reply, LostView)
                self.assertEqual((blobs[0][1],), reply.records)
        self.assertEqual((epoch + 1, blobs[0][1]), (case.ledger.epoch, case.ledger.records[-1]))
