"""TLS at a node: which control server's certificate it accepts (``docs/protocol-control.rst``, Transport)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from cryptography import x509
from OpenSSL.SSL import TLS1_2_VERSION, TLS_CLIENT_METHOD, VERIFY_PEER, Connection, Context
from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address
from service_identity.exceptions import CertificateError
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.identity import fingerprint
from lanrage.core.origins import parse_host
from lanrage.core.server_certificate import own_key, public_key
from lanrage.errors import CryptoError, LanrageError, Unreachable

REASONS = {
    7: "its signature does not hold",
    9: "it is not valid yet, or the clock here is wrong",
    10: "it has expired, or the clock here is wrong",
    18: "it is signed by itself",
    19: "no authority that this system trusts has signed it",
    20: "no authority that this system trusts has signed it",
    21: "no authority that this system trusts has signed it",
    23: "it has been revoked",
}
"""OpenSSL's verification errors (``X509_V_ERR_*``) that a user may meet."""

log = Logger()


def is_plain(host: str) -> bool:
    """Whether a control server at this host is spoken to without TLS: on this machine, and nowhere else."""
    ip = parse_host(host)
    return ip.is_loopback if ip is not None else host.lower().rstrip(".") == "localhost"


def system_roots(context: Context) -> None:
    """Trust the CAs that this system trusts."""
    context.set_default_verify_paths()


@implementer(IOpenSSLClientConnectionCreator)
@attrs.define(eq=False)
class ServerCheck:
    """Judges the certificate of one control server.

    A certificate with the pinned key is accepted, whatever else stands in it. Any other must be a CA's, for this host.
    Without a pin (a party is being founded) one that is signed by itself is accepted, and `on_key` told its key: the
    login must then prove the same one.

    :param host: name or IP address that is dialled.
    :param pin: fingerprint of the server's key, or ``None``.
    :param server: what messages call the server.
    :param on_key: called with the raw key of a certificate that was taken on trust.
    :param roots: tells a context which CAs count.
    """

    host: str
    pin: bytes | None
    server: str
    on_key: Callable[[bytes], None]
    roots: Callable[[Context], None] = system_roots
    _trusted: bool = attrs.field(init=False, default=False)
    _errors: list[int] = attrs.field(init=False, factory=list)

    @property
    def plain(self) -> bool:
        """Whether TLS is not spoken at this host."""
        return is_plain(self.host)

    def wrap(self, endpoint: IStreamClientEndpoint, clock: IReactorTime) -> IStreamClientEndpoint:
        """TLS over what `endpoint` connects to, where TLS is spoken at this host."""
        return endpoint if self.plain else wrapClientTLS(self, endpoint, clock)

    def clientConnectionForTLS(self, protocol: Any) -> Connection:
        """Called by Twisted for each connection."""
        context = Context(TLS_CLIENT_METHOD)
        context.set_min_proto_version(TLS1_2_VERSION)
        self.roots(context)
        connection = Connection(context, None)
        if parse_host(self.host) is None:
            connection.set_tlsext_host_name(self.host.encode("ascii"))

        def judge(_: Connection, certificate: Any, error: int, depth: int, good: int) -> bool:
            try:
                return self._judge(certificate.to_cryptography, error, depth, bool(good))
            except LanrageError as failure:
                protocol.failVerification(Failure(failure))
            except Exception:  # an exception must not get lost in OpenSSL  # pylint: disable=broad-exception-caught
                log.failure("the certificate of {server} could not be judged", server=self.server)
            return False

        connection.set_verify(VERIFY_PEER, judge)
        return connection

    def _judge(self, load: Callable[[], x509.Certificate], error: int, depth: int, good: bool) -> bool:
        """One step of OpenSSL's check: from the CA down to the server's own certificate, which comes last, always.

        What is wrong above it is kept until then: it does not matter when the key is pinned.

        :raises CryptoError: this is not the server.
        """
        if self._trusted:
            return True
        if not good:
            self._errors.append(error)
        if depth:
            return True
        try:
            leaf = load()
        except ValueError as failure:
            raise CryptoError(f"the certificate of {self.server} is damaged") from failure
        if not self._trust(leaf):
            self._verify(leaf)
        return True

    def _trust(self, leaf: x509.Certificate) -> bool:
        """Whether this certificate needs no CA."""
        if self.pin is not None:
            key = public_key(leaf)
            self._trusted = bool(key) and fingerprint(key) == self.pin
        elif key := own_key(leaf):
            self._trusted = True
            self.on_key(key)
        return self._trusted

    def _verify(self, leaf: x509.Certificate) -> None:
        """:raises CryptoError: no CA vouches for it, or not for this host."""
        if self.pin is not None and own_key(leaf):
            raise CryptoError(f"{self.server} is not the one that the invitation names: it has another key")
        if self._errors:
            why = REASONS.get(self._errors[0], f"check {self._errors[0]} of OpenSSL failed")
            raise CryptoError(f"the certificate of {self.server} is refused: {why}")
        check = verify_certificate_hostname if parse_host(self.host) is None else verify_certificate_ip_address
        try:
            check(leaf, self.host)
        except (VerificationError, CertificateError, ValueError) as failure:
            raise CryptoError(f"the certificate of {self.server} is refused: it is for other names") from failure


def tls_failure(reason: Any, server: str) -> LanrageError | None:
    """Why TLS ended a connection, for the user; ``None`` when it was not TLS.

    :param reason: the Failure that ``connectionLost`` was given, or ``None``.
    """
    error = getattr(reason, "value", None)
    if isinstance(error, LanrageError):
        return error
    if isinstance(error, TlsError):
        detail = error.args[0] if error.args else ()
        words = ", ".join(str(entry[2]) for entry in detail if isinstance(entry, tuple) and len(entry) > 2)
        return Unreachable(f"{server} speaks no TLS that this node understands: {words or 'the handshake failed'}")
    return None
