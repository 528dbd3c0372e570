"""An authority that signs certificates for tests, and no one else trusts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL.crypto import X509
from OpenSSL.SSL import Context

from lanrage.core.origins import parse_host
from lanrage.net.tls_server import authority

DAY = 86400.0


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@attrs.define
class FakeAuthority:
    """A CA.

    :ivar certificate: its own.
    """

    now: float
    name: str = "test authority"
    _key: ec.EllipticCurvePrivateKey = attrs.field(init=False, factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: x509.Certificate = attrs.field(init=False)
    _serial: int = attrs.field(init=False, default=1)

    def __attrs_post_init__(self) -> None:
        self.certificate = self._sign(self.name, self._key.public_key(), -1.0, 3650.0, ca=True)

    def _sign(self, name: str, key: Any, first: float, last: float, *, ca: bool = False) -> x509.Certificate:
        self._serial += 1
        start = datetime.fromtimestamp(self.now, UTC)
        builder = (
            x509.CertificateBuilder(_name(self.name), _name(name), key, self._serial)
            .not_valid_before(start + timedelta(days=first))
            .not_valid_after(start + timedelta(days=last))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            ip = parse_host(name)
            entry = x509.DNSName(name) if ip is None else x509.IPAddress(ip_address(name))
            builder = builder.add_extension(x509.SubjectAlternativeName([entry]), critical=False)
        return builder.sign(self._key, SHA256())

    def issue(self, name: str, first: float = -1.0, last: float = 30.0, key: Any = None) -> tuple[bytes, bytes]:
        """Certificate and key in PEM for a host; `first` and `last` day of its validity are counted from now."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key.public_key(), first, last)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM), pem

    def context(self, name: str, first: float = -1.0, last: float = 30.0) -> Context:
        """What a server uses, also with a certificate that has expired or is not valid yet."""
        return authority(*self.issue(name, first, last), self.now + (first + last) / 2 * DAY).context

    def roots(self, context: Context) -> None:
        """Trust this authority alone."""
        store = context.get_cert_store()
        assert store is not None
        store.add_cert(X509.from_cryptography(self.certificate))

    def write(self, folder: Path, pems: tuple[bytes, bytes]) -> tuple[Path, Path]:
        """Put certificate and key into files, each replaced in one step, as certbot does."""
        paths = folder / "ca.crt", folder / "ca.key"
        for path, pem in zip(paths, pems, strict=True):
            new = path.with_suffix(".new")
            new.write_bytes(pem)
            new.chmod(0o600)
            new.replace(path)
        return paths
