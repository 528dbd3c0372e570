"""The chain from the party's id to a member: every link broken once, and what the types refuse."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import (
    Certificate,
    Charter,
    Invitation,
    Member,
    invite_key,
    open_certificate,
    open_charter,
    open_invitation,
    peek_party_key,
    sign,
)
from lanrage.core.identity import SigningKey
from lanrage.errors import CryptoError, DecodeError
from tests.fakes_control import NOW, PartyKit, node_keys, seeded
from tests.strategies_control import names

KIT = PartyKit.make("chain")
OTHER = PartyKit.make("other chain")
SECRET = b"c" * 16
GUEST = node_keys("guest")
INVITATION = KIT.invitation(SECRET)
CERTIFICATE = KIT.certificate(GUEST, "guest", "10.66.0.2", secret=SECRET)


def changed(**fields: Any) -> bytes:
    """The guest's certificate with other content, signed by whom it names."""
    issuer = invite_key(SECRET, KIT.party_id)
    certificate = open_certificate(CERTIFICATE, KIT.charter, open_invitation(INVITATION, KIT.charter))
    return sign(msgspec.structs.replace(certificate, **fields), fields.pop("key", issuer), GUEST.identity)


class ChainTests(SynchronousTestCase):
    """party id -> charter -> invitation -> certificate."""

    def refuse(self, certificate: bytes, invitation: bytes = INVITATION, kit: PartyKit = KIT) -> None:
        """The chain does not hold."""
        with self.assertRaises((CryptoError, DecodeError)):
            Member.verify(kit.charter, certificate, invitation)

    def test_whole_chain(self) -> None:
        """A guest by invitation and the founder by the party key are members."""
        charter = open_charter(KIT.charter_blob, KIT.party_id)
        self.assertEqual(KIT.charter, charter)
        guest = Member.verify(charter, CERTIFICATE, INVITATION)
        self.assertEqual(("guest", "10.66.0.2", "member"), self._shown(guest))
        founder = Member.verify(charter, KIT.certificate(node_keys("host"), "host", "10.66.0.1"), b"")
        self.assertEqual(("host", "10.66.0.1", "founder"), self._shown(founder))
        self.assertEqual(KIT.key.public, peek_party_key(KIT.charter_blob))

    @staticmethod
    def _shown(member: Member) -> tuple[str, str, str]:
        return member.certificate.name, member.certificate.address, member.certificate.role

    def test_foreign_links(self) -> None:
        """No part of one party's chain fits into another's."""
        with self.assertRaises(CryptoError):
            open_charter(KIT.charter_blob, OTHER.party_id)
        with self.assertRaises(CryptoError):
            open_invitation(OTHER.invitation(SECRET), KIT.charter)
        self.refuse(CERTIFICATE, kit=OTHER)
        self.refuse(CERTIFICATE, OTHER.invitation(SECRET))
        self.refuse(CERTIFICATE, KIT.invitation(b"d" * 16))
        self.refuse(CERTIFICATE, b"")

    def test_stranger_signs(self) -> None:
        """A charter, an invitation and a certificate by somebody else's key are nothing."""
        stranger = SigningKey(seeded("stranger"))
        with self.assertRaises(CryptoError):
            open_charter(sign(KIT.charter, stranger), KIT.party_id)
        with self.assertRaises(CryptoError):
            open_invitation(sign(open_invitation(INVITATION, KIT.charter), stranger), KIT.charter)
        certificate = open_certificate(CERTIFICATE, KIT.charter, open_invitation(INVITATION, KIT.charter))
        self.refuse(sign(certificate, stranger, GUEST.identity))
        self.refuse(sign(certificate, invite_key(SECRET, KIT.party_id), stranger))
        self.refuse(sign(certificate, invite_key(SECRET, KIT.party_id)))

    def test_guest_makes_no_host(self) -> None:
        """An invitation certifies members alone, within its time and the subnet."""
        self.refuse(changed(role="founder"))
        self.refuse(changed(issued=int(NOW) - 1))
        self.refuse(changed(issued=int(NOW) + 86401))
        for address in ("10.66.0.0", "10.66.0.255", "10.67.0.1", "127.0.0.1", "10.66.0.02", "::1", "nonsense", ""):
            self.refuse(changed(address=address))
        self.refuse(changed(issuer=KIT.key.public))
        Member.verify(KIT.charter, changed(issued=int(NOW) + 86400), INVITATION)

    def test_epoch(self) -> None:
        """A certificate is not older than the invitation that it was made by."""
        later = KIT.invitation(SECRET, epoch=3)
        for epoch in (0, 2):
            self.refuse(changed(epoch=epoch), later)
        self.assertEqual(3, Member.verify(KIT.charter, changed(epoch=3), later).certificate.epoch)

    def test_founder(self) -> None:
        """What the party key signs is the founder that the charter names, and nobody else."""
        other = node_keys("another founder")
        self.refuse(KIT.certificate(other, "host", "10.66.0.1"), b"")
        host = node_keys("host")
        blob = KIT.certificate(host, "host", "10.66.0.1")
        member = open_certificate(blob, KIT.charter, None)
        self.refuse(sign(msgspec.structs.replace(member, role="member"), KIT.key, host.identity), b"")

    def test_statement_of_another_kind(self) -> None:
        """A signature over one kind of statement does not serve another."""
        for blob in (CERTIFICATE, INVITATION):
            with self.assertRaises((DecodeError, CryptoError)):
                open_charter(blob, KIT.party_id)
        with self.assertRaises(DecodeError):
            open_invitation(CERTIFICATE, KIT.charter)
        self.refuse(INVITATION)

    def test_subnets(self) -> None:
        """A party has a private network from /16 to /28, and nothing else."""
        good = ("10.0.0.0/16", "172.31.255.240/28", "192.168.1.0/24", "100.64.0.0/16")
        bad = (
            "10.0.0.0/15", "10.0.0.0/29", "10.0.0.1/24", "8.8.8.0/24", "127.0.0.0/16", "169.254.0.0/16", "0.0.0.0/16",
            "224.0.0.0/24", "240.0.0.0/24", "172.32.0.0/16", "10.0.0.0", "fd00::/64", "", "x",
        )  # fmt: skip
        for subnet in good:
            kit = PartyKit.make(subnet=subnet)
            self.assertEqual(subnet, str(open_charter(kit.charter_blob, kit.party_id).network))
        for subnet in bad:
            kit = PartyKit.make(subnet=subnet)
            with self.assertRaises(DecodeError, msg=subnet):
                open_charter(kit.charter_blob, kit.party_id)

    def test_names(self) -> None:
        """A name begins and ends with a sign, and has no control characters; a line end does not slip through."""
        for name in ("", " a", "a ", "a\n", "\n", "a\x00b", "a\x7f", "x" * 33):
            self.refuse(changed(name=name))
        for name in ("a", "a b", "Zoë 🎮", "x" * 32):
            self.assertEqual(name, Member.verify(KIT.charter, changed(name=name), INVITATION).certificate.name)
        self.refuse(changed(role="member\n"))

    @given(name=names)
    def test_drawn_names_pass(self, name: str) -> None:
        """What the strategy draws is what the rule allows."""
        self.assertEqual(name, Member.verify(KIT.charter, changed(name=name), INVITATION).certificate.name)

    @given(data=st.data(), blob=st.sampled_from([KIT.charter_blob, INVITATION, CERTIFICATE]))
    def test_any_flipped_bit(self, data: Any, blob: bytes) -> None:
        """A statement changed by one bit is refused, and refused in the house's own words."""
        at, bit = data.draw(st.integers(0, len(blob) - 1)), data.draw(st.integers(0, 7))
        forged = bytes([*blob[:at], blob[at] ^ 1 << bit, *blob[at + 1 :]])
        with self.assertRaises((CryptoError, DecodeError)):
            self._open(blob, forged)

    @given(data=st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        """Bytes that are no statement raise nothing else."""
        for blob in (KIT.charter_blob, INVITATION, CERTIFICATE):
            with self.assertRaises((CryptoError, DecodeError)):
                self._open(blob, data)
        with self.assertRaises((CryptoError, DecodeError)):
            peek_party_key(data)

    @staticmethod
    def _open(blob: bytes, forged: bytes) -> Charter | Invitation | Certificate:
        if blob == KIT.charter_blob:
            return open_charter(forged, KIT.party_id)
        if blob == INVITATION:
            return open_invitation(forged, KIT.charter)
        return open_certificate(forged, KIT.charter, open_invitation(INVITATION, KIT.charter))

    def test_too_large(self) -> None:
        """More bytes than any statement has are not even read."""
        with self.assertRaises(DecodeError):
            open_charter(bytes(5000), KIT.party_id)
