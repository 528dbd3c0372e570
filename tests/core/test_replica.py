"""A node's replica against a control server that lies, forgets, repeats and mixes up."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import NodeKeys
from lanrage.core.records import MemberRecord
from lanrage.core.replica import REJECTED_LIMIT, SERVER, PartyReplica
from lanrage.core.replica_changes import (
    Behind,
    MemberAdded,
    MemberChanged,
    MemberRejected,
    MemberRemoved,
    PresenceChanged,
)
from lanrage.errors import CryptoError, DecodeError
from tests.fakes_control import NOW, YEAR, PartyKit, node_keys

KIT = PartyKit.make("replica", max_members=4)
HOST = node_keys("host")
SECRET = b"r" * 16
INVITATION = KIT.invitation(SECRET)
FOUNDER = MemberRecord(KIT.certificate(HOST, "host", "10.66.0.1"), b"", True)


def guest(seed: object, address: str, name: str = "", *, keys: NodeKeys | None = None, **options: Any) -> MemberRecord:
    """A guest's record."""
    keys = keys or node_keys(seed)
    certificate = KIT.certificate(keys, name or f"guest {seed}", address, secret=SECRET, **options)
    return MemberRecord(certificate, INVITATION, False)


ADA, BOB = guest("ada", "10.66.0.2"), guest("bob", "10.66.0.3")


class ReplicaTests(SynchronousTestCase):
    """One replica with its founder."""

    def setUp(self) -> None:
        """At revision 1."""
        self.replica = PartyReplica(KIT.party_id)
        self.replica.full(1, KIT.charter_blob, [FOUNDER], NOW)

    def names(self) -> list[str]:
        """Who is in, sorted."""
        return sorted(entry.member.certificate.name for entry in self.replica.members.values())

    def test_deltas_in_order(self) -> None:
        """Joining, presence, leaving: each is told once."""
        (added,) = self.replica.joined(2, ADA, NOW)
        assert isinstance(added, MemberAdded)
        ada = added.member.identity
        self.assertEqual(2, self.replica.revision)
        (up,) = self.replica.presence(ada, True)
        assert isinstance(up, PresenceChanged)
        self.assertTrue(up.member.online)
        self.assertEqual([], self.replica.presence(ada, True))
        (gone,) = self.replica.left(3, ada)
        self.assertIsInstance(gone, MemberRemoved)
        self.assertEqual((3, ["host"]), (self.replica.revision, self.names()))
        self.assertEqual([], self.replica.presence(ada, False))

    def test_repeated_and_missing_revisions(self) -> None:
        """What is known changes nothing, a gap asks to be filled."""
        self.replica.joined(2, ADA, NOW)
        self.assertEqual([], self.replica.joined(2, BOB, NOW))
        self.assertEqual([], self.replica.left(1, HOST.identity.public))
        self.assertEqual([Behind()], self.replica.joined(4, BOB, NOW))
        self.assertEqual((2, 2), (self.replica.revision, self.replica.since))
        self.assertEqual([Behind()], PartyReplica(KIT.party_id).joined(1, ADA, NOW))

    def test_full_state_replaces(self) -> None:
        """Who is missing is removed, who is new is added, who stays is not touched."""
        self.replica.joined(2, ADA, NOW)
        changes = self.replica.full(9, KIT.charter_blob, [FOUNDER, BOB], NOW)
        self.assertEqual([MemberRemoved, MemberAdded], [type(change) for change in changes])
        self.assertEqual(["guest bob", "host"], self.names())
        self.assertEqual([], self.replica.full(9, KIT.charter_blob, [FOUNDER, BOB], NOW))

    def test_server_that_forgot(self) -> None:
        """An older state is not taken in; once the server is past us its full state counts again."""
        self.replica.full(7, KIT.charter_blob, [FOUNDER, ADA], NOW)
        (told,) = self.replica.full(3, KIT.charter_blob, [FOUNDER], NOW)
        assert isinstance(told, MemberRejected)
        self.assertIn("revision 3", self.replica.rejected[SERVER])
        self.assertEqual((7, 0, ["guest ada", "host"]), (self.replica.revision, self.replica.since, self.names()))
        self.assertEqual([Behind()], self.replica.joined(8, BOB, NOW))
        self.replica.full(8, KIT.charter_blob, [FOUNDER, BOB], NOW)
        self.assertEqual((8, 8, {}), (self.replica.revision, self.replica.since, self.replica.rejected))

    def test_another_partys_charter(self) -> None:
        """Nothing of it is taken in."""
        other = PartyKit.make("foreign")
        for blob in (other.charter_blob, b"", b"nonsense"):
            with self.assertRaises((CryptoError, DecodeError)):
                self.replica.full(5, blob, [], NOW)
        self.assertEqual((1, ["host"]), (self.replica.revision, self.names()))

    def test_stranger(self) -> None:
        """A certificate by nobody's invitation gets in nowhere, and the rest does."""
        stranger = MemberRecord(KIT.certificate(node_keys("x"), "x", "10.66.0.9", secret=b"x" * 16), INVITATION, True)
        changes = self.replica.full(2, KIT.charter_blob, [stranger, FOUNDER, ADA], NOW)
        self.assertEqual([MemberRejected, MemberAdded], [type(change) for change in changes])
        self.assertEqual(["guest ada", "host"], self.names())

    def test_pinned_members_are_not_displaced(self) -> None:
        """Who takes another's address, name or WireGuard key is refused, also where it is shown first."""
        self.replica.joined(2, ADA, NOW)
        twin = NodeKeys(node_keys("y").identity, node_keys("ada").wireguard)
        for wrong, word in [
            (guest("x", "10.66.0.2"), "address"),
            (guest("x", "10.66.0.9", "GUEST ADA"), "name"),
            (guest("y", "10.66.0.9", keys=twin), "WireGuard key"),
        ]:
            changes = self.replica.full(3, KIT.charter_blob, [wrong, FOUNDER, ADA], NOW)
            (rejected,) = changes
            assert isinstance(rejected, MemberRejected)
            self.assertIn(word, rejected.reason)
            self.assertEqual(["guest ada", "host"], self.names())

    def test_newer_certificate(self) -> None:
        """A member may renew its certificate; an older one does not come back."""
        self.replica.joined(2, ADA, NOW)
        newer = guest("ada", "10.66.0.2", "Ada", now=NOW + 10)
        (changed,) = self.replica.joined(3, newer, NOW)
        assert isinstance(changed, MemberChanged)
        self.assertEqual("guest ada", changed.before.member.certificate.name)
        (rejected,) = self.replica.joined(4, ADA, NOW)
        self.assertIsInstance(rejected, MemberRejected)
        self.assertEqual((4, ["Ada", "host"]), (self.replica.revision, self.names()))

    def test_limits_of_charter_and_invitation(self) -> None:
        """Neither the party nor an invitation carries more than was signed, whatever the server shows."""
        records = [guest(n, f"10.66.0.{n}") for n in range(2, 9)]
        self.replica.full(2, KIT.charter_blob, [FOUNDER, *records], NOW)
        self.assertEqual(4, len(self.replica.members))
        one = KIT.invitation(SECRET, uses=1, lasts=9)
        replica = PartyReplica(KIT.party_id)
        replica.full(1, KIT.charter_blob, [FOUNDER, *(MemberRecord(r.certificate, one) for r in records)], NOW)
        self.assertEqual(2, len(replica.members))

    def test_expired_certificate(self) -> None:
        """What is over does not count."""
        (rejected,) = self.replica.joined(2, ADA, NOW + YEAR + 1)
        assert isinstance(rejected, MemberRejected)
        self.assertIn("clock", rejected.reason)

    def test_reasons_are_bounded(self) -> None:
        """A server that lies all day does not fill the memory."""
        for number in range(REJECTED_LIMIT + 20):
            self.replica.joined(2 + number, guest(number, "10.66.0.1"), NOW)
        self.assertEqual(REJECTED_LIMIT, len(self.replica.rejected))

    @given(data=st.data())
    def test_whatever_the_server_says(self, data: Any) -> None:
        """Members are always verified, at addresses and names and keys of their own, and revisions never fall."""
        self.setUp()
        blobs = [FOUNDER, ADA, BOB, *(guest(n, f"10.66.0.{n}") for n in range(2, 8)), MemberRecord(b"x", b"", True)]
        revision = st.integers(0, 12)
        for _ in range(data.draw(st.integers(1, 12))):
            before = self.replica.revision
            somebody = data.draw(st.sampled_from([b"?", *self.replica.members]))
            kind = data.draw(st.sampled_from(["full", "joined", "left", "presence"]))
            if kind == "full":
                records = data.draw(st.lists(st.sampled_from(blobs), max_size=8))
                self.replica.full(data.draw(revision), KIT.charter_blob, records, NOW)
            elif kind == "joined":
                self.replica.joined(data.draw(revision), data.draw(st.sampled_from(blobs)), NOW)
            elif kind == "left":
                self.replica.left(data.draw(revision), somebody)
            else:
                self.replica.presence(
                    data.draw(st.sampled_from([b"?", *self.replica.members])), data.draw(st.booleans())
                )
            self.assertGreaterEqual(self.replica.revision, before)
            certificates = [entry.member.certificate for entry in self.replica.members.values()]
            for seen in ({c.address for c in certificates}, {c.name for c in certificates}):
                self.assertEqual(len(certificates), len(seen))
            self.assertLessEqual(len(certificates), KIT.charter.max_members)
