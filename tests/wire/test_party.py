"""A party's values as messages and back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.records import DeltasView, DeltaView, Joined, Left, MemberRecord, PartyView, PresenceView
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import PresenceChanged
from lanrage.errors import DecodeError
from lanrage.wire.party import apply, message
from tests.fakes_control import NOW, PartyKit, node_keys

KIT = PartyKit.make("wire")
HOST, GUEST = node_keys("host"), node_keys("guest")
SECRET = b"m" * 16
FOUNDER = MemberRecord(KIT.certificate(HOST, "host", "10.66.0.1"), b"", True)
JOINER = MemberRecord(KIT.certificate(GUEST, "guest", "10.66.0.2", secret=SECRET), KIT.invitation(SECRET), True)


class PartyMessageTests(SynchronousTestCase):
    """From the server's values to the node's replica."""

    def setUp(self) -> None:
        """A replica with its founder."""
        self.replica = PartyReplica(KIT.party_id)
        state = message(PartyView(KIT.party_id, 1, KIT.charter_blob, (FOUNDER,)))
        apply(self.replica, state, NOW)

    def test_deltas_and_presence(self) -> None:
        """Revisions in one message are applied in order, then who is online."""
        joined = DeltaView(2, Joined(JOINER))
        left = DeltaView(3, Left(GUEST.identity.public))
        again = DeltaView(4, Joined(JOINER))
        heard = message(DeltasView(KIT.party_id, (joined, left, again), (GUEST.identity.public,)))
        changes = apply(self.replica, heard, NOW)
        kinds = [type(change).__name__ for change in changes]
        self.assertEqual(["MemberAdded", "MemberRemoved", "MemberAdded", "PresenceChanged"], kinds)
        self.assertEqual(4, self.replica.revision)
        (up,) = apply(self.replica, message(PresenceView(KIT.party_id, HOST.identity.public, True)), NOW)
        self.assertIsInstance(up, PresenceChanged)

    def test_another_party(self) -> None:
        """A message about another party is refused."""
        with self.assertRaises(DecodeError):
            apply(self.replica, message(PresenceView("0" * 32, HOST.identity.public, True)), NOW)
