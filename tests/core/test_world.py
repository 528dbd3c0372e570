"""The control server's world, rule by rule; the life of a party as a whole is in ``test_world_machine``."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import NodeKeys
from lanrage.core.party import DELTAS_SENT, INVITATIONS_LIMIT, Party
from lanrage.core.records import DeltasView, Note, PartyView, PresenceView
from lanrage.core.world import World
from lanrage.core.world_joining import PARTIES_LIMIT, PARTIES_PER_IDENTITY
from lanrage.core.world_load import load_world
from lanrage.core.world_rows import Erase, InvitationRow, MembershipRow, PartyRow, Put, SeenRow, UseRow
from lanrage.core.world_state import Outcome
from lanrage.errors import CryptoError, DecodeError, Refused, StoreError
from tests.fakes_control import NOW, PartyKit, caller, node_keys

HOST, GUEST, THIRD = node_keys("host"), node_keys("guest"), node_keys("third")
SECRET = b"w" * 16
KIT = PartyKit.make("world")
SMALL = PartyKit.make("seats", max_members=2)


class WorldCase(SynchronousTestCase):
    """One party, founded."""

    def setUp(self) -> None:
        """A party with an invitation."""
        self.world = World()
        self.found(KIT)

    def found(self, kit: PartyKit, **invitation: Any) -> None:
        """Create and publish."""
        address = str(next(kit.charter.network.hosts()))
        self.world.create(caller(HOST), kit.charter_blob, kit.certificate(HOST, "host", address), NOW)
        self.world.publish(caller(HOST), kit.party_id, kit.invitation(SECRET, **invitation), NOW)

    def join(
        self, keys: NodeKeys, name: str, *, kit: PartyKit = KIT, secret: bytes = SECRET, now: float = NOW
    ) -> Outcome[PartyView]:
        """Reserve and join."""
        invitation = kit.invitation_id(secret)
        address = self.world.reserve(caller(keys), kit.party_id, invitation, name, kit.proof(keys, secret), now).reply
        certificate = kit.certificate(keys, name, str(address), secret=secret, now=now)
        return self.world.join(caller(keys), kit.party_id, invitation, certificate, now)

    def refused(self, code: str, operation: Any, *args: Any, **options: Any) -> str:
        """The operation is refused with this word, and nothing has changed."""
        before = str(self.world)
        with self.assertRaises(Refused) as caught:
            operation(*args, **options)
        self.assertEqual(code, caught.exception.code)
        self.assertEqual(before, str(self.world))
        return caught.exception.message


class WorldTests(WorldCase):
    """Rules one by one."""

    def test_repeated_requests_change_nothing(self) -> None:
        """A node whose answer was lost asks again and gets the same answer: create, publish, join, leave."""
        certificate = KIT.certificate(HOST, "host", "10.66.0.1")
        again = self.world.create(caller(HOST), KIT.charter_blob, certificate, NOW)
        self.assertEqual((1, (), ()), (again.reply.revision, again.changes, again.notes))
        blob = KIT.invitation(SECRET)
        self.assertEqual(Outcome(None), self.world.publish(caller(HOST), KIT.party_id, blob, NOW))
        self.join(GUEST, "guest")
        certificate = KIT.certificate(GUEST, "guest", "10.66.0.2", secret=SECRET)
        joined = self.world.join(caller(GUEST), KIT.party_id, KIT.invitation_id(SECRET), certificate, NOW)
        self.assertEqual((2, ()), (joined.reply.revision, joined.changes))
        self.world.leave(caller(GUEST), KIT.party_id, NOW)
        self.assertEqual(Outcome(None), self.world.leave(caller(GUEST), KIT.party_id, NOW))

    def test_party_of_another_key(self) -> None:
        """Nobody takes a party over by creating it again."""
        forged = KIT.certificate(GUEST, "host", "10.66.0.1")
        with self.assertRaises(CryptoError):
            self.world.create(caller(GUEST), KIT.charter_blob, forged, NOW)
        again = KIT.certificate(HOST, "another name", "10.66.0.1")
        self.refused("party_exists", self.world.create, caller(HOST), KIT.charter_blob, again, NOW)

    def test_certificate_of_another_node(self) -> None:
        """Whose certificate it is, the login proves; one that is over is none."""
        other = PartyKit.make("other")
        blob = other.certificate(HOST, "host", "10.66.0.1")
        self.refused("bad_certificate", self.world.create, caller(GUEST), other.charter_blob, blob, NOW)
        late = other.certificate(HOST, "host", "10.66.0.1", expires=NOW)
        self.refused("bad_certificate", self.world.create, caller(HOST), other.charter_blob, late, NOW)
        with self.assertRaises((CryptoError, DecodeError)):
            self.world.create(caller(HOST), b"nonsense", blob, NOW)

    def test_address_must_be_reserved(self) -> None:
        """Neither another address nor a reservation that lapsed will do."""
        invitation = KIT.invitation_id(SECRET)
        for address in ("10.66.0.2", "10.66.0.9"):
            blob = KIT.certificate(GUEST, "guest", address, secret=SECRET)
            self.refused("bad_certificate", self.world.join, caller(GUEST), KIT.party_id, invitation, blob, NOW)
        self.world.reserve(caller(GUEST), KIT.party_id, invitation, "guest", KIT.proof(GUEST, SECRET), NOW)
        blob = KIT.certificate(GUEST, "guest", "10.66.0.2", secret=SECRET, now=NOW + 60)
        with self.assertRaises(Refused):
            self.world.join(caller(GUEST), KIT.party_id, invitation, blob, NOW + 60)

    def test_shared_wireguard_key(self) -> None:
        """Two members with one WireGuard key would be one peer."""
        self.join(GUEST, "guest")
        twin = NodeKeys(THIRD.identity, GUEST.wireguard)
        with self.assertRaises(Refused) as caught:
            self.join(twin, "twin")
        self.assertIn("WireGuard", caught.exception.message)

    def test_uses_are_counted_by_identity(self) -> None:
        """Leaving and joining again uses nothing up; the next one is refused."""
        kit = PartyKit.make("uses")
        self.found(kit, uses=1)
        self.join(GUEST, "guest", kit=kit)
        self.world.leave(caller(GUEST), kit.party_id, NOW)
        self.join(GUEST, "guest", kit=kit, now=NOW + 1)
        invitation = kit.invitation_id(SECRET)
        self.refused("invitation_used_up", self.world.fetch, caller(THIRD), kit.party_id, invitation, NOW)
        self.assertEqual(kit.charter_blob, self.world.fetch(caller(GUEST), kit.party_id, invitation, NOW).reply[0])

    def test_reservations_end_when_the_clock_goes_back(self) -> None:
        """A reservation made before the server's clock went back an hour does not hold its seat for that hour."""
        self.found(SMALL)
        invitation = SMALL.invitation_id(SECRET)
        self.world.reserve(caller(GUEST), SMALL.party_id, invitation, "guest", SMALL.proof(GUEST, SECRET), NOW + 3600)
        self.refused(
            "party_full",
            self.world.reserve,
            caller(THIRD),
            SMALL.party_id,
            invitation,
            "third",
            SMALL.proof(THIRD, SECRET),
            NOW + 3600,
        )
        self.world.reserve(caller(THIRD), SMALL.party_id, invitation, "third", SMALL.proof(THIRD, SECRET), NOW)
        self.assertEqual({THIRD.identity.public}, set(self.world.parties[SMALL.party_id].reservations))

    def test_expired_invitation(self) -> None:
        """Until its last second it serves."""
        fetch = (caller(GUEST), KIT.party_id, KIT.invitation_id(SECRET))
        self.world.fetch(*fetch, NOW + 86400)
        self.refused("invitation_expired", self.world.fetch, *fetch, NOW + 86401)
        old = KIT.invitation(b"o" * 16, now=NOW - 100, lasts=10)
        self.refused("invitation_expired", self.world.publish, caller(HOST), KIT.party_id, old, NOW)

    def test_invitations_are_limited_and_expire(self) -> None:
        """A party has so many at a time; those that expired make room, on disk too."""
        for number in range(INVITATIONS_LIMIT - 1):
            blob = KIT.invitation(f"{number:016}".encode(), uses=1)
            self.world.publish(caller(HOST), KIT.party_id, blob, NOW)
        self.join(GUEST, "guest", secret=b"0" * 16)
        more = KIT.invitation(b"m" * 16, lasts=10**6)
        self.refused("limit", self.world.publish, caller(HOST), KIT.party_id, more, NOW)
        outcome = self.world.publish(caller(HOST), KIT.party_id, more, NOW + 86401)
        erased = [change.kind for change in outcome.changes if isinstance(change, Erase)]
        self.assertEqual((INVITATIONS_LIMIT, 1), (erased.count(InvitationRow), erased.count(UseRow)))
        self.assertEqual(1, len(self.world.parties[KIT.party_id].invitations))

    def test_quota_of_an_identity(self) -> None:
        """A node is in so many parties and in no more; leaving one makes room."""
        for number in range(PARTIES_PER_IDENTITY - 1):
            self.found(PartyKit.make(number))
        last = PartyKit.make("last")
        blob = last.certificate(HOST, "host", "10.66.0.1")
        self.refused("limit", self.world.create, caller(HOST), last.charter_blob, blob, NOW)
        self.world.leave(caller(HOST), KIT.party_id, NOW)
        self.found(last)

    def test_server_is_full(self) -> None:
        """A server holds so many parties and no more; those that are there go on."""
        party = self.world.parties[KIT.party_id]
        self.world.parties.update({f"{number:032x}": party for number in range(PARTIES_LIMIT)})
        last = PartyKit.make("last", host=GUEST)
        blob = last.certificate(GUEST, "guest", "10.66.0.1")
        with self.assertRaises(Refused) as caught:
            self.world.create(caller(GUEST), last.charter_blob, blob, NOW)
        self.assertEqual("limit", caught.exception.code)
        self.join(GUEST, "guest")

    def test_deserted_parties_make_room(self) -> None:
        """A party that all have left goes when the server is full, on disk too; until then its founder may return."""
        self.join(GUEST, "guest")
        self.world.leave(caller(GUEST), KIT.party_id, NOW)
        self.assertEqual([], list(self.world.empty))
        self.world.leave(caller(HOST), KIT.party_id, NOW)
        self.join(GUEST, "guest")
        self.assertEqual([], list(self.world.empty))
        self.world.leave(caller(GUEST), KIT.party_id, NOW)
        busy = Party(SMALL.charter, SMALL.charter_blob)
        self.world.parties.update({f"{number:032x}": busy for number in range(PARTIES_LIMIT - 1)})
        last = PartyKit.make("last", host=THIRD)
        made = self.world.create(caller(THIRD), last.charter_blob, last.certificate(THIRD, "third", "10.66.0.1"), NOW)
        self.assertNotIn(KIT.party_id, self.world.parties)
        erased = {(change.kind, change.key[0]) for change in made.changes if isinstance(change, Erase)}
        self.assertEqual({(kind, KIT.party_id) for kind in (PartyRow, MembershipRow, InvitationRow)}, erased)
        self.assertEqual([], list(self.world.empty))

    def test_deserted_parties_are_known_after_a_restart(self) -> None:
        """The rows tell."""
        rows = [PartyRow(KIT.party_id, KIT.charter_blob, 3), PartyRow(SMALL.party_id, SMALL.charter_blob, 1)]
        member = MembershipRow(
            KIT.party_id, HOST.identity.public, KIT.certificate(HOST, "host", "10.66.0.1"), b"", None
        )
        self.assertEqual([SMALL.party_id], list(load_world([*rows, member]).empty))

    def test_unknown_party_tells_nothing(self) -> None:
        """Who asks about a party that is not there hears what he would hear of a wrong code."""
        wrong = ("0" * 32, KIT.invitation_id(SECRET))
        self.refused("unknown_invitation", self.world.fetch, caller(GUEST), *wrong, NOW)
        self.refused("unknown_invitation", self.world.reserve, caller(GUEST), *wrong, "guest", bytes(64), NOW)
        self.refused("unknown_invitation", self.world.join, caller(GUEST), *wrong, b"x", NOW)

    def test_reservation_needs_the_secret(self) -> None:
        """Who knows an invitation's id alone, or another's proof, holds no seat."""
        reserve = (caller(GUEST), KIT.party_id, KIT.invitation_id(SECRET), "guest")
        for proof in (bytes(64), KIT.proof(THIRD, SECRET), KIT.proof(GUEST, b"o" * 16)):
            self.refused("bad_certificate", self.world.reserve, *reserve, proof, NOW)

    def test_reservations_fill_the_party(self) -> None:
        """A reserved place is taken, and free again a minute later."""
        kit = PartyKit.make("small", max_members=2)
        self.found(kit)
        reserve = (kit.party_id, kit.invitation_id(SECRET))
        self.world.reserve(caller(GUEST), *reserve, "guest", kit.proof(GUEST, SECRET), NOW)
        self.world.reserve(caller(GUEST), *reserve, "guest", kit.proof(GUEST, SECRET), NOW)
        self.refused("party_full", self.world.reserve, caller(THIRD), *reserve, "third", kit.proof(THIRD, SECRET), NOW)
        self.world.reserve(caller(THIRD), *reserve, "third", kit.proof(THIRD, SECRET), NOW + 60)

    def test_addresses_run_out(self) -> None:
        """All 14 addresses were held once: the one who left longest ago loses its own, and members never do."""
        kit = PartyKit.make("tiny", subnet="10.9.9.0/28")
        self.found(kit)
        for number in range(13):
            self.join(node_keys(number), f"n{number}", kit=kit)
        for number in (4, 7):
            self.world.leave(caller(node_keys(number)), kit.party_id, NOW + number)
        outcome = self.join(GUEST, "guest", kit=kit)
        self.assertIn(Erase(MembershipRow, (kit.party_id, node_keys(4).identity.public)), outcome.changes)
        member = self.world.parties[kit.party_id].member(GUEST.identity.public)
        assert member is not None
        self.assertEqual("10.9.9.6", member.certificate.address)
        self.join(node_keys(7), "n7", kit=kit)
        last = node_keys(4)
        reserve = (caller(last), kit.party_id, kit.invitation_id(SECRET), "n4", kit.proof(last, SECRET))
        message = self.refused("party_full", self.world.reserve, *reserve, NOW)
        self.assertIn("10.9.9.0/28", message)

    def test_old_memberships_are_forgotten(self) -> None:
        """Rows of a party are bounded: who left longest ago is forgotten first."""
        party = self.world.parties[KIT.party_id]
        party.memberships_limit = 3
        for number in range(4):
            self.join(node_keys(number), f"n{number}")
            self.world.leave(caller(node_keys(number)), KIT.party_id, NOW + number)
        kept = [HOST, node_keys(2), node_keys(3)]
        self.assertEqual({keys.identity.public for keys in kept}, set(party.memberships))

    def test_resume(self) -> None:
        """A short gap is answered by deltas and who is online, a long one or a foreign revision in full."""
        self.world.connected(HOST.identity.public, NOW)
        for number in range(DELTAS_SENT):
            change = self.join if number % 2 == 0 else self._leave
            change(GUEST, "guest", now=NOW + number)
        revision = self.world.parties[KIT.party_id].revision

        def follow(since: int) -> PartyView | DeltasView:
            return self.world.follow(caller(HOST), KIT.party_id, since).reply

        self.assertEqual(DeltasView(KIT.party_id, (), (HOST.identity.public,)), follow(revision))
        gap = follow(revision - DELTAS_SENT)
        assert isinstance(gap, DeltasView)
        self.assertEqual(list(range(2, revision + 1)), [delta.revision for delta in gap.deltas])
        for since in (0, revision + 1, 2**53):
            self.assertIsInstance(follow(since), PartyView)

    def _leave(self, keys: NodeKeys, name: str, now: float) -> None:
        self.world.leave(caller(keys), KIT.party_id, now)

    def test_notes(self) -> None:
        """Followers hear of joining, leaving and presence; nobody hears of itself, and strangers hear nothing."""
        outcome = self.join(GUEST, "guest")
        self.assertEqual([HOST.identity.public], [note.to for note in outcome.notes])
        up = self.world.connected(HOST.identity.public, NOW)
        presence = PresenceView(KIT.party_id, HOST.identity.public, True)
        self.assertEqual((Note(GUEST.identity.public, presence),), up.notes)
        self.assertEqual((Put(SeenRow(HOST.identity.public, NOW)),), up.changes)
        self.assertEqual(Outcome(None), self.world.connected(THIRD.identity.public, NOW))
        self.world.follow(caller(HOST), KIT.party_id, 0)
        left = self.world.leave(caller(GUEST), KIT.party_id, NOW)
        self.assertEqual([HOST.identity.public], [note.to for note in left.notes])
        down = self.world.disconnected(HOST.identity.public, NOW)
        self.assertEqual((), down.notes)
        self.assertEqual((), self.join(GUEST, "guest").notes)

    def test_replaced_connection_follows_anew(self) -> None:
        """A second channel of one identity is no news to others, and hears nothing until it follows."""
        self.world.connected(HOST.identity.public, NOW)
        self.world.follow(caller(HOST), KIT.party_id, 0)
        self.assertEqual(Outcome(None), self.world.connected(HOST.identity.public, NOW))
        self.assertEqual((), self.join(GUEST, "guest").notes)

    def test_peers(self) -> None:
        """Signals and tickets are for pairs of members."""
        self.refused("not_a_member", self.world.peer, caller(GUEST), KIT.party_id, HOST.identity.public)
        self.join(GUEST, "guest")
        self.assertEqual("host", self.world.peer(caller(GUEST), KIT.party_id, HOST.identity.public).name)
        for other in (GUEST, THIRD):
            self.refused("unknown_peer", self.world.peer, caller(GUEST), KIT.party_id, other.identity.public)
        self.refused("unknown_party", self.world.peer, caller(GUEST), "0" * 32, HOST.identity.public)

    def test_leaving_what_one_is_not_in(self) -> None:
        """A stranger cannot leave."""
        self.refused("not_a_member", self.world.leave, caller(THIRD), KIT.party_id, NOW)
        self.refused("unknown_party", self.world.leave, caller(THIRD), "0" * 32, NOW)

    def test_rows_that_do_not_hold(self) -> None:
        """Stored rows are verified: one that was changed on disk is named."""
        for row in (
            PartyRow("0" * 32, KIT.charter_blob, 1),
            MembershipRow(KIT.party_id, HOST.identity.public, b"nonsense", b"", None),
            InvitationRow("0" * 32, "1" * 32, b""),
            UseRow("0" * 32, "1" * 32, bytes(32)),
        ):
            with self.assertRaises(StoreError) as caught:
                load_world([PartyRow(KIT.party_id, KIT.charter_blob, 1), row])
            self.assertIn(type(row).__name__, str(caught.exception))
