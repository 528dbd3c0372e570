"""The ledger's rules: who may write what, and what follows from it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import Member
from lanrage.core.identity import NodeKeys
from lanrage.core.ledger import ADMIT_GRACE, Standing
from lanrage.core.ledger_records import (
    RECORD_LIMIT,
    Admit,
    Appoint,
    HandOver,
    Pardon,
    Rename,
    Revoke,
    Support,
    Veto,
    Withdraw,
    open_record,
    sign_record,
    subject,
)
from lanrage.errors import CryptoError, DecodeError, LanrageError, Refused
from tests.fakes_control import NOW, PartyKit, node_keys
from tests.fakes_ledger import SECRET, LedgerKit
from tests.ledger_case import LedgerCase


class ChainTests(LedgerCase):
    """One record after the other."""

    def test_beginning(self) -> None:
        """The founder is the host and the only full member; the name is the charter's."""
        self.assertEqual(
            (0, "the party", self.host.identity.public), (self.ledger.epoch, self.ledger.name, self.ledger.host)
        )
        self.assertEqual({self.host.identity.public: 0}, self.ledger.members)

    def test_second_record_of_an_epoch_is_a_conflict(self) -> None:
        """Of two records for one epoch the first is taken, the second told that it came second."""
        one, two = (self.kit.record(self.host, Rename(name)) for name in ("one", "two"))
        self.ledger.append(one)
        with self.assertRaises(Refused) as caught:
            self.ledger.append(two)
        self.assertEqual(("conflict", "one", 1), (caught.exception.code, self.ledger.name, self.ledger.epoch))

    def test_another_chain(self) -> None:
        """A record that follows another history is a conflict, however good it is by itself."""
        other = LedgerKit()
        other.append(other.host, Rename("elsewhere"))
        blob = other.record(other.host, Rename("later"))
        self.kit.append(self.host, Rename("here"))
        with self.assertRaises(Refused) as caught:
            self.ledger.append(blob)
        self.assertEqual("conflict", caught.exception.code)

    def test_time_does_not_go_back(self) -> None:
        """A record is not dated before the one that it follows."""
        self.kit.append(self.host, Rename("one"))
        self.kit.now -= 1
        self.refused("bad_record", self.host, Rename("two"))

    def test_stranger(self) -> None:
        """Who is no full member writes nothing, and nobody writes in another's name."""
        self.refused("not_a_member", node_keys("x"), Rename("mine"))
        honest = open_record(self.kit.record(self.host, Rename("mine")), self.kit.kit.party_id)
        forged = sign_record(honest, node_keys("x").identity)
        with self.assertRaises(CryptoError):
            self.ledger.append(forged)

    def test_another_party(self) -> None:
        """A record of another party is none here, also where the host is the same."""
        other = LedgerKit(PartyKit.make("another"))
        with self.assertRaises(CryptoError):
            self.ledger.append(other.record(self.host, Rename("x")))

    def test_same_records_same_head(self) -> None:
        """Whoever takes the same records in comes to the same head and state; one byte more makes another head."""
        self.kit.admit("ada")
        self.kit.append(self.host, Appoint(node_keys("ada").identity.public, "moderator"))
        again = LedgerKit().ledger
        for blob in self.ledger.after(0):
            again.append(blob)
        self.assertEqual(str(self.ledger), str(again))
        self.assertEqual(self.ledger.heads, again.heads)
        self.assertEqual(3, len(set(self.ledger.heads)))

    @given(st.data())
    def test_any_flipped_bit(self, data: st.DataObject) -> None:
        """A record changed by one bit is refused in the house's own words."""
        kit = LedgerKit()
        blob = kit.record(kit.host, kit.admission(node_keys("ada")))
        at, bit = data.draw(st.integers(0, len(blob) - 1)), data.draw(st.integers(0, 7))
        with self.assertRaises(LanrageError):
            kit.ledger.append(bytes([*blob[:at], blob[at] ^ 1 << bit, *blob[at + 1 :]]))
        self.assertEqual(0, kit.ledger.epoch)

    def test_no_record_before_the_first(self) -> None:
        """There is no record 0: one is refused where it is read."""
        blob = self.kit.record(self.host, Rename("x"), epoch=0)
        with self.assertRaises(DecodeError):
            self.ledger.append(blob)

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        """Bytes that are no record raise nothing else."""
        with self.assertRaises((CryptoError, DecodeError)):
            open_record(data, self.kit.kit.party_id)

    def test_size(self) -> None:
        """The largest record fits into one datagram of the tunnel."""
        guest = node_keys("ada")
        certificate = self.kit.kit.certificate(guest, "\N{PARTY POPPER}" * 32, "10.66.0.200", secret=SECRET)
        admit = Admit(guest.identity.public, certificate, self.kit.kit.invitation(SECRET, uses=10_000))
        self.assertLess(len(self.kit.record(self.host, admit)), RECORD_LIMIT)
        revoke = Revoke(guest.identity.public, True, (bytes(16),) * 16)
        self.assertLess(len(self.kit.record(self.host, revoke)), RECORD_LIMIT)


class AdmissionTests(LedgerCase):
    """Countersigning."""

    def test_provisional_until_countersigned(self) -> None:
        """A good invitation makes a provisional member, a full member's record a full one, who countersigns others."""
        ada, bob = node_keys("ada"), node_keys("bob")
        self.assertEqual(Standing.PROVISIONAL, self.stands(ada))
        self.refused("not_a_member", ada, self.kit.admission(bob))
        self.kit.admit("ada")
        self.assertEqual(Standing.FULL, self.stands(ada))
        self.kit.append(ada, self.kit.admission(bob, number=3))
        self.assertEqual(Standing.FULL, self.stands(bob))
        self.refused("no_change", self.host, self.kit.admission(bob, number=3))

    def test_uses(self) -> None:
        """An invitation admits as many as it says, by the ledger's own count."""
        self.kit.admit("ada", uses=1)
        self.refused("invitation_used_up", self.host, self.kit.admission(node_keys("bob"), uses=1, number=3))
        self.assertEqual("invitation_used_up", self.stands(node_keys("bob"), uses=1))

    def test_late(self) -> None:
        """One who joined in time may be countersigned two weeks later, and not after that."""
        self.kit.now = NOW + 86400 + ADMIT_GRACE
        self.kit.ledger.check(self.kit.record(self.host, self._old("ada")))
        self.kit.now += 1
        self.refused("invitation_expired", self.host, self._old("ada"))

    def _old(self, seed: str) -> Admit:
        guest = node_keys(seed)
        certificate = self.kit.kit.certificate(guest, seed, "10.66.0.2", secret=SECRET, now=NOW)
        return Admit(guest.identity.public, certificate, self.kit.kit.invitation(SECRET))

    def test_whose_invitation(self) -> None:
        """A plain member's invitation admits nobody, a moderator's does until the role is gone; it does not revive."""
        ada, bob = self.kit.admit("ada"), node_keys("bob")
        hers: dict[str, Any] = {"secret": b"h" * 16, "number": 3, "issuer": ada}
        self.refused("invitation_void", self.host, self.kit.admission(bob, **hers))
        self.kit.append(self.host, Appoint(ada.identity.public, "moderator"))
        self.ledger.check(self.kit.record(self.host, self.kit.admission(bob, **hers)))
        self.kit.append(self.host, Appoint(ada.identity.public, "member"))
        self.refused("invitation_void", self.host, self.kit.admission(bob, **hers))
        self.kit.append(self.host, Appoint(ada.identity.public, "moderator"))
        self.refused("invitation_void", self.host, self.kit.admission(bob, **hers))
        self.kit.append(self.host, self.kit.admission(bob, **hers, epoch=self.ledger.epoch))
        self.assertIn(bob.identity.public, self.ledger.members)

    def test_withdrawn(self) -> None:
        """Who was admitted stays, nobody else comes by it."""
        ada = self.kit.admit("ada")
        self.kit.append(self.host, Withdraw(bytes.fromhex(self.kit.kit.invitation_id(SECRET))))
        self.assertEqual((Standing.FULL, "invitation_void"), (self.stands(ada), self.stands(node_keys("bob"))))
        self.refused("no_change", self.host, Withdraw(bytes.fromhex(self.kit.kit.invitation_id(SECRET))))
        self.refused("not_allowed", ada, Withdraw(bytes(16)))

    def test_another_identity(self) -> None:
        """The record names whom its certificate names."""
        admit = self.kit.admission(node_keys("ada"))
        wrong = Admit(node_keys("bob").identity.public, admit.certificate, admit.invitation)
        self.refused("bad_record", self.host, wrong)


class RevocationTests(LedgerCase):
    """Kick and ban."""

    def setUp(self) -> None:
        """Ada, Bob and Carl; Bob is a moderator."""
        super().setUp()
        self.ada = self.kit.admit("ada")
        self.bob = self.kit.admit("bob", secret=b"b" * 16, number=3)
        self.carl = self.kit.admit("carl", number=4)
        self.kit.append(self.host, Appoint(self.bob.identity.public, "moderator"))

    def revoke(self, who: NodeKeys, *, ban: bool = False) -> Revoke:
        """The action."""
        return Revoke(who.identity.public, ban)

    def test_kicked(self) -> None:
        """Certificate and invitation are void, a new key by the same invitation gets nowhere, the others stay."""
        self.kit.append(self.bob, self.revoke(self.ada))
        self.assertEqual(("revoked", Standing.FULL), (self.stands(self.ada), self.stands(self.carl)))
        self.assertEqual("invitation_void", self.stands(node_keys("ada with a new key")))
        self.refused("not_a_member", self.ada, Rename("revenge"))

    def test_kicked_comes_back_by_a_new_invitation_alone(self) -> None:
        """An invitation from before the kick does not serve, also one that the node never used."""
        unused: dict[str, Any] = {"secret": b"u" * 16, "number": 2}
        self.kit.append(self.bob, self.revoke(self.ada))
        self.refused("invitation_void", self.host, self.kit.admission(self.ada, **unused))
        self.kit.append(self.host, self.kit.admission(self.ada, **unused, epoch=self.ledger.epoch))
        self.assertEqual("revoked", self.stands(self.ada))
        self.assertEqual(Standing.FULL, self.stands(self.ada, secret=b"u" * 16, epoch=self.ledger.epoch))

    def test_banned(self) -> None:
        """Nothing brings a banned node back but a pardon and a new invitation."""
        self.kit.append(self.bob, self.revoke(self.ada, ban=True))
        fresh: dict[str, Any] = {"secret": b"f" * 16, "number": 2, "epoch": self.ledger.epoch}
        self.assertEqual("banned", self.stands(self.ada, secret=b"f" * 16, epoch=self.ledger.epoch))
        self.refused("banned", self.host, self.kit.admission(self.ada, **fresh))
        self.refused("no_change", self.host, self.revoke(self.ada, ban=True))
        self.refused("not_allowed", self.bob, Pardon(self.ada.identity.public))
        self.kit.append(self.host, Pardon(self.ada.identity.public))
        self.refused("no_change", self.host, Pardon(self.ada.identity.public))
        self.assertEqual("revoked", self.stands(self.ada))
        self.kit.append(self.host, self.kit.admission(self.ada, **fresh))

    def test_ranks(self) -> None:
        """A member throws nobody out, a moderator members alone, nobody the host."""
        for author, target, code in [
            (self.carl, self.ada, "not_allowed"),
            (self.bob, self.bob, "not_allowed"),
            (self.bob, self.host, "not_allowed"),
            (self.host, self.host, "not_allowed"),
        ]:
            self.refused(code, author, self.revoke(target))
        self.kit.append(self.host, self.revoke(self.bob))
        self.assertEqual(set(), self.ledger.moderators)
        self.refused("no_change", self.host, self.revoke(self.bob))
        self.kit.append(self.host, self.revoke(self.bob, ban=True))

    def test_moderators_invitations_fall_with_it(self) -> None:
        """What a moderator that was thrown out had issued is void."""
        his: dict[str, Any] = {"secret": b"i" * 16, "number": 9, "issuer": self.bob}
        self.ledger.check(self.kit.record(self.host, self.kit.admission(node_keys("dora"), **his)))
        self.kit.append(self.host, self.revoke(self.bob))
        self.refused("invitation_void", self.host, self.kit.admission(node_keys("dora"), **his))

    def test_named_invitations(self) -> None:
        """A provisional member can be thrown out, with the invitation that it showed."""
        dora = node_keys("dora")
        shown = bytes.fromhex(self.kit.kit.invitation_id(b"d" * 16))
        self.assertEqual(Standing.PROVISIONAL, self.stands(dora, secret=b"d" * 16))
        self.kit.append(self.bob, Revoke(dora.identity.public, False, (shown,)))
        self.assertEqual("invitation_void", self.stands(node_keys("dora again"), secret=b"d" * 16))

    def test_founder(self) -> None:
        """A founder who handed the party over can be thrown out, and the party key brings nobody back."""
        self.kit.append(self.host, HandOver(self.bob.identity.public))
        self.kit.append(self.bob, self.revoke(self.host))
        founder = self.kit.kit.certificate(self.host, "host", "10.66.0.1")
        member = Member.verify(self.kit.kit.charter, founder, b"")
        with self.assertRaises(Refused) as caught:
            self.ledger.standing(member.certificate, None)
        self.assertEqual("revoked", caught.exception.code)


class SubjectTests(SynchronousTestCase):
    """Which changes contradict each other."""

    def test_subjects(self) -> None:
        """The name is one thing, the host's place one, each member and each invitation one."""
        key, other = bytes(32), bytes(31) + b"x"
        self.assertEqual(subject(Rename("a")), subject(Rename("b")))
        self.assertEqual({"host"}, {subject(a) for a in (HandOver(key), Support(other), Veto())})
        self.assertEqual({key}, {subject(a) for a in (Revoke(key, True), Appoint(key, "member"), Pardon(key))})
        self.assertNotEqual(subject(Revoke(key, True)), subject(Revoke(other, True)))
        self.assertEqual(bytes(16), subject(Withdraw(bytes(16))))
