"""The certificate that a control server makes for itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import SigningKey, fingerprint
from lanrage.core.server_certificate import (
    LIFETIME,
    RENEWAL,
    SERIAL_BYTES,
    is_current,
    make_certificate,
    own_key,
    public_key,
)
from tests.fakes_control import seeded

KEY = SigningKey(seeded("server"))
OTHER = SigningKey(seeded("other"))
NOW = 1_700_000_000.0
PEM = make_certificate(KEY, NOW, bytes(range(SERIAL_BYTES)))


def elliptic() -> x509.Certificate:
    """A certificate with a key of another kind, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = datetime.fromtimestamp(NOW, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5, start, start + timedelta(days=1))
    return builder.sign(key, SHA256())


class ServerCertificateTests(SynchronousTestCase):
    """Made, read, renewed."""

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=SERIAL_BYTES, max_size=SERIAL_BYTES))
    def test_key_is_the_servers(self, seed: bytes, serial: bytes) -> None:
        """The certificate holds the key that invitations pin, is signed by it, and says its fingerprint."""
        key = SigningKey(seed)
        certificate = x509.load_pem_x509_certificate(make_certificate(key, NOW, serial))
        self.assertEqual((key.public, key.public), (public_key(certificate), own_key(certificate)))
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        self.assertEqual(f"LANrage {fingerprint(key.public).hex()}", name.value)

    def test_life(self) -> None:
        """It counts from its making until there are 90 days left, for its own server alone."""
        life = (LIFETIME - RENEWAL).total_seconds()
        wanted = {-86401: False, -86399: True, 0: True, life - 1: True, life: False, 10 * life: False}
        self.assertEqual(wanted, {at: is_current(PEM, KEY, NOW + at) for at in wanted})
        self.assertFalse(is_current(PEM, OTHER, NOW))

    def test_other_keys(self) -> None:
        """A certificate with a key of another kind holds no key of a server."""
        certificate = elliptic()
        self.assertEqual((b"", b""), (public_key(certificate), own_key(certificate)))

    def test_signed_by_another(self) -> None:
        """One that has a server's key but is signed by another is not its own."""
        whole = x509.load_pem_x509_certificate(PEM)
        start = datetime.fromtimestamp(NOW, UTC)
        forged = x509.CertificateBuilder(
            whole.issuer, whole.subject, whole.public_key(), 5, start, start + timedelta(days=1)
        ).sign(Ed25519PrivateKey.from_private_bytes(OTHER.seed), None)
        self.assertEqual((KEY.public, b""), (public_key(forged), own_key(forged)))

    @given(st.binary(max_size=100), st.integers(0, len(PEM) - 1))
    def test_damage(self, noise: bytes, at: int) -> None:
        """Damaged bytes are no current certificate, or the same one; never an error."""
        damaged = PEM[:at] + noise + PEM[at + len(noise) :]
        self.assertIn(is_current(damaged, KEY, NOW), (True, False))
        self.assertFalse(is_current(noise, KEY, NOW))
        self.assertFalse(is_current(PEM[:at], KEY, NOW))
