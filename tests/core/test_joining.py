"""Founding and joining: what is signed proves itself, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import Certificate, Charter, Member, open_charter, open_invitation
from lanrage.core.code import InvitationCode
from lanrage.core.identity import NodeKeys, SigningKey, fingerprint
from lanrage.core.joining import CERTIFICATE_LIFE, Admission, Founded, admit, certify, found, invite
from lanrage.core.ledger import Ledger
from lanrage.errors import CryptoError, DecodeError, LanrageError, Refused
from tests.fakes_control import node_keys, seeded

NOW = 1_800_000_000.5
PARTY = SigningKey(seeded("party"))
SECRET = b"0123456789abcdef"
HOST, GUEST = node_keys("host"), node_keys("guest")
SUBNET = IPv4Network("10.66.7.0/24")


def founded() -> Founded:
    """A party."""
    return found(PARTY, HOST, "LAN on Friday", "Ada", SUBNET, 8, NOW)


def code(secret: bytes = SECRET, party: SigningKey = PARTY) -> InvitationCode:
    """The code of an invitation."""
    return InvitationCode(secret, fingerprint(party.public).hex(), b"f" * 16, ("127.0.0.1:7766",))


def invited(secret: bytes = SECRET, *, keys: NodeKeys = HOST, party: SigningKey = PARTY) -> bytes:
    """An invitation of one hour for three."""
    return invite(keys, fingerprint(party.public).hex(), 0, secret, 1.0, 3, NOW)


def admitted(now: float = NOW) -> Admission:
    """A verified invitation of one hour."""
    return admit(code(), founded().charter_blob, invited(), now)


CHARTER, INVITATION = founded().charter_blob, invited()
CERTIFICATE = certify(admitted(), GUEST, "Bob", "10.66.7.2", NOW)


def flips(blob: bytes) -> st.SearchStrategy[bytes]:
    """The same with one byte changed, cut off, or one too many."""
    changed = st.tuples(st.integers(0, len(blob) - 1), st.integers(1, 255)).map(
        lambda at: blob[: at[0]] + bytes([blob[at[0]] ^ at[1]]) + blob[at[0] + 1 :]
    )
    return changed | st.integers(0, len(blob) - 1).map(lambda n: blob[:n]) | st.binary(min_size=1).map(blob.__add__)


class FoundTests(SynchronousTestCase):
    """A new party."""

    def test_founder(self) -> None:
        """Charter and founder's certificate hold, by the party key alone, with the first address."""
        new = founded()
        expected = Charter(PARTY.public, HOST.identity.public, "LAN on Friday", "10.66.7.0/24", int(NOW), 8)
        self.assertEqual(expected, new.charter)
        self.assertEqual(expected, open_charter(new.charter_blob, expected.party_id))
        self.assertEqual(
            Certificate(
                bytes.fromhex(expected.party_id),
                PARTY.public,
                HOST.identity.public,
                HOST.wireguard.public,
                "Ada",
                "10.66.7.1",
                "founder",
                0,
                int(NOW),
                int(NOW) + CERTIFICATE_LIFE,
            ),
            Member.verify(new.charter, new.certificate_blob, b"").certificate,
        )

    def test_no_secret_is_shown(self) -> None:
        """Neither the representation of a party nor that of an admission has a key's secret in it."""
        shown = repr(founded()) + repr(admitted())
        self.assertNotIn(PARTY.seed.hex(), shown)
        self.assertNotIn(repr(PARTY.seed), shown)
        self.assertNotIn(repr(admitted().key.seed), shown)


class JoinTests(SynchronousTestCase):
    """The chain of a joiner."""

    def test_chain(self) -> None:
        """Code, charter, invitation, certificate: a member in the eyes of everybody."""
        admission = admitted()
        invitation = open_invitation(INVITATION, admission.charter)
        self.assertEqual((int(NOW), int(NOW + 3600), 3), (invitation.created, invitation.expires, invitation.uses))
        self.assertEqual(code().invitation_id, invitation.invitation_id)
        self.assertEqual(
            Certificate(
                bytes.fromhex(admission.charter.party_id),
                admission.key.public,
                GUEST.identity.public,
                GUEST.wireguard.public,
                "Bob",
                "10.66.7.2",
                "member",
                0,
                int(NOW),
                int(NOW) + CERTIFICATE_LIFE,
            ),
            Member.verify(admission.charter, CERTIFICATE, INVITATION).certificate,
        )

    @given(st.floats(-1e6, 1e6))
    def test_any_clock(self, skew: float) -> None:
        """However the server's clock stands, the certificate is issued within the invitation's time and holds."""
        blob = certify(admitted(), GUEST, "Bob", "10.66.7.2", NOW + skew)
        self.assertEqual("Bob", Member.verify(admitted().charter, blob, INVITATION).certificate.name)

    @given(st.integers(int(NOW) - 5000, int(NOW) + 5000))
    @example(int(NOW + 3600))
    @example(int(NOW + 3600) + 1)
    def test_expiry(self, now: int) -> None:
        """One second past its end an invitation admits nobody; before that it does."""
        try:
            admitted(float(now))
        except Refused as error:
            self.assertEqual("invitation_expired", error.code)
            self.assertGreater(now, int(NOW + 3600))
        else:
            self.assertLessEqual(now, int(NOW + 3600))

    def refused(self, work: Callable[[], object]) -> None:
        """It is refused as a certificate that proves nothing."""
        with self.assertRaises(Refused) as caught:
            work()
        self.assertEqual("bad_certificate", caught.exception.code)

    @given(flips(CHARTER))
    def test_mutated_charter(self, blob: bytes) -> None:
        """No byte of a charter may change."""
        self.refused(lambda: admit(code(), blob, INVITATION, NOW))

    @given(flips(INVITATION))
    def test_mutated_invitation(self, blob: bytes) -> None:
        """No byte of an invitation may change."""
        self.refused(lambda: admit(code(), CHARTER, blob, NOW))

    @given(flips(CERTIFICATE))
    def test_mutated_certificate(self, blob: bytes) -> None:
        """No byte of a certificate may change."""
        with self.assertRaises((CryptoError, DecodeError)):
            Member.verify(admitted().charter, blob, INVITATION)

    def test_another_party_or_invitation(self) -> None:
        """A lying server's own party, its own invitation, and somebody else's invitation fit no code."""
        liar = SigningKey(seeded("liar"))
        theirs = found(liar, HOST, "LAN on Friday", "Ada", SUBNET, 8, NOW)
        self.refused(lambda: admit(code(), theirs.charter_blob, INVITATION, NOW))
        self.refused(lambda: admit(code(), CHARTER, invited(party=liar), NOW))
        self.refused(lambda: admit(code(), CHARTER, invited(b"another secret.."), NOW))

    def test_invitation_of_nobody(self) -> None:
        """One by somebody who governs nothing fits the code, and is void by the ledger."""
        admission = admit(code(), CHARTER, invited(keys=GUEST), NOW)
        with self.assertRaises(Refused) as caught:
            Ledger(admission.charter, CHARTER).check_invitation(admission.invitation, GUEST.identity.public)
        self.assertEqual("invitation_void", caught.exception.code)

    def test_stolen_certificate(self) -> None:
        """A certificate serves neither under another invitation nor as the founder's."""
        charter = admitted().charter
        other = invited(b"another secret!!")
        for invitation in (other, b""):
            with self.assertRaises(LanrageError):
                Member.verify(charter, CERTIFICATE, invitation)
