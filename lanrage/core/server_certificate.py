"""The X.509 certificate of a control server without a CA, made with the server's own Ed25519 key (RFC 8410).

Its key is the one whose fingerprint every invitation code holds, so a node needs no CA to recognise it; names and
dates in it mean nothing to a node.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lanrage.core.identity import SigningKey, fingerprint

LIFETIME = timedelta(days=365)
RENEWAL = timedelta(days=90)
"""Made anew when less than this is left: a server that is switched on every few weeks never shows an old one."""
BACKDATING = timedelta(days=1)
"""A clock that is an hour behind must not find a certificate from the future."""
SERIAL_BYTES = 16
"""Random bytes of a serial number; X.509 allows 20."""


def make_certificate(key: SigningKey, now: float, serial: bytes) -> bytes:
    """A self-signed certificate in PEM.

    :param key: the server's own.
    :param now: seconds since the epoch.
    :param serial: random bytes, :data:`SERIAL_BYTES`.
    """
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"LANrage {fingerprint(key.public).hex()}")])
    made = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    usage = x509.KeyUsage(True, *[False] * 8)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=private.public_key())
        .serial_number(1 + int.from_bytes(serial, "big"))
        .not_valid_before(made - BACKDATING)
        .not_valid_after(made + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, None)
    )
    return certificate.public_bytes(Encoding.PEM)


def is_current(pem: bytes, key: SigningKey, now: float) -> bool:
    """Whether a certificate in PEM is this server's and needs no renewal yet; any bytes may be given."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        if own_key(certificate) != key.public:
            return False
        moment = datetime.fromtimestamp(now, UTC)
        return certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc - RENEWAL
    except ValueError:
        return False


def public_key(certificate: x509.Certificate) -> bytes:
    """The raw Ed25519 key of a certificate, 32 bytes; empty where its key is of another kind, or cannot be read."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return b""
    return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else b""


def own_key(certificate: x509.Certificate) -> bytes:
    """The raw Ed25519 key of a certificate that is signed by itself; empty for all others."""
    raw = public_key(certificate)
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return b""
    return raw
