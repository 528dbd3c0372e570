"""Which certificates a node accepts: pinned, a CA's, or on first use; and what it says of all others."""

from __future__ import annotations

import time
from typing import Any

from OpenSSL.SSL import Context
from OpenSSL.SSL import Error as TlsError
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import SigningKey, fingerprint
from lanrage.core.server_certificate import make_certificate
from lanrage.errors import CryptoError, LanrageError, Unreachable
from lanrage.net.control_connection import ConnectionFactory
from lanrage.net.tls_client import ServerCheck, is_plain, system_roots, tls_failure
from lanrage.net.tls_server import own_context
from tests.fakes_channel import SERVER_KEY
from tests.fakes_control import seeded
from tests.fakes_tls import FakeAuthority
from tests.net.front_world import NAME, NOW, PIN, FrontCase

OTHER = SigningKey(seeded("another server"))


class PlainTests(SynchronousTestCase):
    """Where TLS is not spoken."""

    def test_loopback_alone(self) -> None:
        """On this machine's own addresses and its name for itself."""
        wanted = {
            "localhost": True,
            "LOCALHOST.": True,
            "127.0.0.1": True,
            "127.255.0.9": True,
            "::1": True,
            "::ffff:127.0.0.1": True,
            "10.0.0.1": False,
            "0.0.0.0": False,
            "::": False,
            "localhost.example.org": False,
            "127.0.0.1.example.org": False,
            NAME: False,
        }
        self.assertEqual(wanted, {host: is_plain(host) for host in wanted})


class FailureTests(SynchronousTestCase):
    """How a connection ended."""

    def test_sentences(self) -> None:
        """What speaks no TLS is told from what closed the connection; our own words pass through."""
        error = tls_failure(Failure(TlsError([("SSL routines", "", "wrong version number")])), "the server")
        self.assertIsInstance(error, Unreachable)
        self.assertEqual("the server speaks no TLS that this node understands: wrong version number", str(error))
        self.assertIn("the handshake failed", str(tls_failure(Failure(TlsError()), "x")))
        own = CryptoError("another key")
        self.assertEqual(
            [own, None, None], [tls_failure(r, "x") for r in (Failure(own), Failure(ConnectionDone()), None)]
        )


class CertificateTests(FrontCase):
    """Whole handshakes in memory."""

    def setUp(self) -> None:
        """A server, and an authority that this node trusts."""
        super().setUp()
        self.authority = FakeAuthority(time.time())

    def present(self, context: Context) -> None:
        """Let the server show this certificate."""
        self.source.context = context

    def accepted(self, **options: Any) -> ConnectionFactory:
        """The node logs in."""
        node = self.dial(roots=self.authority.roots, **options)
        connection = self.successResultOf(node.ready)
        self.assertEqual(SERVER_KEY.public, connection.login.server_key)
        connection.close()
        self.gone()
        return node

    def refused(self, text: str, kind: type[LanrageError] = CryptoError, **options: Any) -> None:
        """The node hangs up before it has said who it is, with one sentence that names server and reason."""
        node = self.dial(**{"roots": self.authority.roots} | options)
        error = self.failureResultOf(node.ready, kind).value
        self.assertIn(f"the control server at {NAME}", str(error))
        self.assertIn(text, str(error))
        self.assertEqual([], self.desk.opened_)
        self.gone()

    def test_pinned(self) -> None:
        """The pinned key is enough: neither name nor date of the certificate matter, nor who signed it."""
        self.accepted()
        self.present(own_context(SERVER_KEY, make_certificate(SERVER_KEY, NOW - 10**9, bytes(16))))
        self.accepted()

    def test_another_key_than_pinned(self) -> None:
        """Another server's own certificate is refused in the handshake."""
        self.present(own_context(OTHER, make_certificate(OTHER, NOW, bytes(16))))
        self.refused("is not the one that the invitation names")

    def test_first_use(self) -> None:
        """Without a pin an own certificate is accepted, and the login then proves the same key."""
        node = self.accepted(pin=None)
        self.assertEqual(PIN, node.login.pin)

    def test_first_use_of_two_keys(self) -> None:
        """A server that logs in with another key than its certificate has is refused: somebody is in between."""
        self.present(own_context(OTHER, make_certificate(OTHER, NOW, bytes(16))))
        self.refused("it has another key", pin=None)

    def test_authority(self) -> None:
        """A CA's certificate for this name is accepted, with a pin and without: then a proxy may end TLS."""
        self.present(self.authority.context(NAME))
        self.accepted()
        self.accepted(pin=None)

    def test_authority_refusals(self) -> None:
        """Expired, not valid yet, for another name, of an unknown CA: refused with a pin and without."""
        for pin in (PIN, None):
            self.present(self.authority.context(NAME, -9.0, -1.0))
            self.refused("it has expired", pin=pin)
            self.present(self.authority.context(NAME, 1.0, 9.0))
            self.refused("it is not valid yet", pin=pin)
            for other in ("evil.example.org", "203.0.113.5", "example.org"):
                self.present(self.authority.context(other))
                self.refused("it is for other names", pin=pin)
            self.present(FakeAuthority(self.authority.now).context(NAME))
            self.refused("its signature does not hold", pin=pin)
            self.present(FakeAuthority(self.authority.now, "another authority").context(NAME))
            self.refused("no authority that this system trusts has signed it", pin=pin)
            self.present(self.authority.context(NAME))
            self.refused("no authority that this system trusts has signed it", pin=pin, roots=system_roots)

    def test_another_ca_signed_key(self) -> None:
        """A CA's certificate with the right name does not replace the pin: the login must prove the pinned key."""
        self.present(self.authority.context(NAME))
        self.refused("it has another key", pin=fingerprint(OTHER.public))

    def test_nameless_errors(self) -> None:
        """Names that no certificate can be for are refused, not a bug."""
        for host in ("a..b", "-", "x" * 64 + ".org"):
            self.present(self.authority.context(NAME))
            check = ServerCheck(host, PIN, "the server", lambda _: None, self.authority.roots)
            with self.assertRaises(CryptoError):
                check._verify(self.authority.certificate)

    def test_names_are_sent(self) -> None:
        """SNI names the host, so that a proxy can choose its certificate; an address is not sent."""
        for host, sent in ((NAME, NAME.encode()), ("203.0.113.5", None), ("2001:db8::1", None)):
            check = ServerCheck(host, PIN, "server", lambda _: None)
            connection = check.clientConnectionForTLS(Protocol())
            self.assertEqual(sent, connection.get_servername())
