"""TLS at the control server: which certificate a handshake is answered with, and a transport that ends in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL.SSL import (
    MODE_RELEASE_BUFFERS,
    OP_CIPHER_SERVER_PREFERENCE,
    OP_NO_COMPRESSION,
    OP_NO_RENEGOTIATION,
    OP_NO_TICKET,
    SESS_CACHE_OFF,
    TLS1_2_VERSION,
    TLS1_3_VERSION,
    TLS_SERVER_METHOD,
    Connection,
    Context,
    Error,
)
from twisted.internet.interfaces import IDelayedCall, IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import Factory
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from zope.interface import implementer

from lanrage.core.identity import SigningKey
from lanrage.errors import BadInput

OLD_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""What TLS 1.2 may use: forward secrecy and authenticated encryption (RFC 9325, 4.2)."""
LINGER = 1.0
"""Seconds for the other side to answer that TLS ends; then the connection is cut: a stranger must not hold it open."""


def own_context(key: SigningKey, pem: bytes) -> Context:
    """The server's own key and certificate. Only nodes come to it, and those all speak TLS 1.3.

    :param pem: made by :func:`lanrage.core.server_certificate.make_certificate`.
    """
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    return _context([x509.load_pem_x509_certificate(pem)], private, TLS1_3_VERSION)


@attrs.frozen
class Authority:
    """A CA's certificate, ready for use.

    :param expires: seconds since the epoch.
    """

    context: Context
    expires: float


def authority(chain: bytes, key: bytes, now: float) -> Authority:
    """Read a CA's certificate with its chain and key, both PEM. Old proxies may come with TLS 1.2.

    :param now: seconds since the epoch.
    :raises BadInput: names the option and the rule.
    """
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise BadInput("tls-certificate", "the file holds no certificate in PEM, or a damaged one") from error
    try:
        private: Any = load_pem_private_key(key, None)
    except TypeError as error:
        raise BadInput("tls-key", "the key has a password; the server needs one without") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput("tls-key", "the file holds no private key in PEM, or a damaged one") from error
    leaf = certificates[0]
    try:
        fits = leaf.public_key() == private.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput("tls-certificate", "the certificate has a kind of key that is not known here") from error
    if not fits:
        raise BadInput("tls-key", "the key is not the one of the certificate")
    expires = leaf.not_valid_after_utc
    if expires <= datetime.fromtimestamp(now, UTC):
        raise BadInput("tls-certificate", f"the certificate has expired on {expires:%Y-%m-%d}")
    try:
        return Authority(_context(certificates, private, TLS1_2_VERSION), expires.timestamp())
    except (Error, TypeError, ValueError) as error:
        raise BadInput("tls-certificate", "the certificate cannot be used for TLS") from error


def _context(chain: list[x509.Certificate], key: Any, oldest: int) -> Context:
    context = Context(TLS_SERVER_METHOD)
    context.set_min_proto_version(oldest)
    # Without renegotiation (TLS 1.2), tickets and a session cache: each is memory or work for strangers to ask for.
    context.set_options(OP_NO_TICKET | OP_NO_COMPRESSION | OP_CIPHER_SERVER_PREFERENCE | OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SESS_CACHE_OFF)
    context.set_mode(MODE_RELEASE_BUFFERS)
    context.set_cipher_list(OLD_CIPHERS)
    context.use_certificate(chain[0])
    for certificate in chain[1:]:
        context.add_extra_chain_cert(certificate)
    context.use_privatekey(key)
    context.check_privatekey()
    return context


@implementer(IOpenSSLServerConnectionCreator)
@attrs.define(eq=False)
class TlsSource:
    """Answers each new handshake with the certificate that counts at that moment; running connections keep theirs."""

    context: Context

    def serverConnectionForTLS(self, protocol: Any) -> Connection:
        """Called by Twisted for each connection."""
        return Connection(self.context, None)


class ServerTls(BufferingTLSTransport):
    """TLS around one connection.

    Twisted's own waits without end for the other side's word that TLS ends.
    """

    factory: TlsFactory
    _linger: IDelayedCall | None = None

    def loseConnection(self) -> None:
        """End TLS, then the connection; not later than in :data:`LINGER` seconds."""
        self.unregisterProducer()  # type: ignore[no-untyped-call]  # TLS would wait for it; it has nothing more to say
        super().loseConnection()
        if self.connected and self._linger is None:
            self._linger = self.factory.clock.callLater(LINGER, self._cut)

    def _cut(self) -> None:
        self._linger = None
        self.abortConnection()  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any = None) -> None:
        """The connection is gone."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        super().connectionLost(reason)


class TlsFactory(TLSMemoryBIOFactory):
    """Wraps protocols that exist already; it builds none by itself."""

    def __init__(self, source: TlsSource, clock: IReactorTime) -> None:
        super().__init__(source, False, Factory(), clock)
        self.clock = clock

    def wrap(self, protocol: Any) -> ServerTls:
        """TLS for one protocol, to be connected to the real transport."""
        return ServerTls(self, protocol)
