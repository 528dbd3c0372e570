"""The control server's door over real sockets: TLS, certificates that change, endpoints, proxies, health."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.threads import deferToThread

from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.control_door import DoorSettings
from lanrage.core.identity import fingerprint
from lanrage.core.origins import Proxies
from lanrage.core.server_certificate import LIFETIME, own_key
from lanrage.errors import BadInput, CryptoError, Unreachable
from lanrage.store.certificate import CERTIFICATE
from tests.app.door_world import DoorCase, TlsProxy, dial_tls, fetch, reactor
from tests.fakes_store import MemoryStore
from tests.fakes_tls import FakeAuthority

NAME = "play.example.org"
LOOPBACK = Proxies.parse("127.0.0.1", "proxy")


class OwnCertificateTests(DoorCase):
    """Without a CA."""

    def test_tls_with_the_servers_key(self) -> Deferred[None]:
        """With no set-up a stranger's TLS 1.3 is answered with a certificate of the server's own key; plain is not."""

        async def life() -> None:
            service = await self.open()
            assert service.key is not None
            seen = await self.fetch(service)
            self.assertEqual("TLSv1.3", seen.version)
            certificate = x509.load_der_x509_certificate(seen.certificate)
            self.assertEqual(service.key.public, own_key(certificate))
            self.assertTrue(seen.answer.startswith(b"HTTP/1.1 200 OK\r\n"))
            plain = await self.fetch(service, tls=False)
            self.assertTrue(plain.answer.endswith(b"\r\n\r\nserving\n"))
            pem = (self.folder / CERTIFICATE).read_bytes()
            self.assertEqual(pem, certificate.public_bytes(Encoding.PEM))

        return self.run_async(life())

    def test_node_logs_in(self) -> Deferred[None]:
        """A node with the server's pin logs in; one that founds a party learns it; one with another pin is kept out."""

        async def life() -> None:
            service = await self.open()
            assert service.key is not None
            address = f"127.0.0.1:{service.address.port}"
            pin = fingerprint(service.key.public)
            for known in (pin, None):
                link = await self.log_in(address, known)
                self.assertEqual((service.key.public, pin), (link.server_key, link.pin))
                await self._stop(link)
            with self.assertRaises(CryptoError) as caught:
                await self.log_in(address, b"x" * 16)
            self.assertIn("is not the one that the invitation names", str(caught.exception))

        return self.run_async(life())

    def test_no_tls_at_the_other_end(self) -> Deferred[None]:
        """A node that dials TLS and meets something else says so in one sentence."""

        async def life() -> None:
            service = await self.open()
            proxy = TlsProxy(service.address.port, "203.0.113.77")
            plain = reactor.listenTCP(0, proxy, interface="127.0.0.1")
            try:
                with self.assertRaises(Unreachable) as caught:
                    await self.log_in(f"127.0.0.1:{plain.getHost().port}", None)
                self.assertNotIn("\n", str(caught.exception))
            finally:
                await maybeDeferred(plain.stopListening)

        return self.run_async(life())

    def test_renewal(self) -> Deferred[None]:
        """A server that runs for a year renews its certificate by itself; its key, and so the pins, stay."""

        async def life() -> None:
            now = [time.time()]
            service = await self.open(now=lambda: now[0])
            assert service.key is not None
            assert service._door is not None
            first = await self.fetch(service)
            service._door.look()
            self.assertEqual(first.certificate, (await self.fetch(service)).certificate)
            now[0] += LIFETIME.total_seconds()
            service._door.look()
            second = await self.fetch(service)
            self.assertNotEqual(first.certificate, second.certificate)
            self.assertEqual(service.key.public, own_key(x509.load_der_x509_certificate(second.certificate)))

        return self.run_async(life())


class AuthorityTests(DoorCase):
    """With a CA's certificate."""

    def setUp(self) -> None:
        """A CA, and the files of a certificate."""
        super().setUp()
        self.authority = FakeAuthority(time.time())
        self.files = Path(tempfile.mkdtemp(prefix="lanrage-ca-"))
        self.addCleanup(shutil.rmtree, self.files)
        self.trust = self.files / "root.pem"
        self.trust.write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))

    def settings(self, pems: tuple[bytes, bytes]) -> DoorSettings:
        """The options with these files."""
        certificate, key = self.authority.write(self.files, pems)
        return DoorSettings.parse(str(certificate), str(key), "")

    def test_reload_without_a_stop(self) -> Deferred[None]:
        """New files count for new connections, a broken one changes nothing, and no connection is cut."""

        async def life() -> None:
            service = await self.open(door=self.settings(self.authority.issue(NAME)))
            assert service._door is not None
            link = await self.log_in(f"{NAME}:{service.address.port}", None, dial_tls(self.authority.roots))
            how: dict[str, Any] = {"trust": self.trust, "name": NAME}
            first = await self.fetch(service, **how)
            renewed = self.authority.issue(NAME)
            self.authority.write(self.files, renewed)
            service._door.look()
            second = await self.fetch(service, **how)
            self.assertNotEqual(first.certificate, second.certificate)
            other = self.authority.issue(NAME)
            for broken in (
                (b"no certificate", renewed[1]),
                (renewed[0], b"no key"),
                (renewed[0], other[1]),
                self.authority.issue(NAME, -3.0, -1.0),
            ):
                self.authority.write(self.files, broken)
                service._door.look()
                service._door.look()
                self.assertEqual(second.certificate, (await self.fetch(service, **how)).certificate)
            (self.files / "ca.key").unlink()
            service._door.look()
            self.authority.write(self.files, other)
            service._door.look()
            third = await self.fetch(service, **how)
            self.assertNotIn(third.certificate, (first.certificate, second.certificate))
            self.assertTrue(link.connected)

        return self.run_async(life())

    def test_start(self) -> Deferred[None]:
        """Files that cannot be used are named at the start, each by its option, and the server does not listen."""

        async def life() -> None:
            good, other = self.authority.issue(NAME), self.authority.issue(NAME)
            wrong = {
                ("tls-certificate", "has expired on"): self.authority.issue(NAME, -9.0, -1.0),
                ("tls-certificate", "no certificate in PEM"): (b"x", good[1]),
                ("tls-key", "no private key in PEM"): (good[0], b"x"),
                ("tls-key", "is not the one of the certificate"): (good[0], other[1]),
            }
            for (field, text), pems in wrong.items():
                service = ControlService(
                    reactor, ControlSettings(self.folder, "tcp:0:interface=127.0.0.1", door=self.settings(pems))
                )
                with self.assertRaises(BadInput) as caught:
                    await service.start()
                self.assertEqual((field, True), (caught.exception.field, text in caught.exception.rule))

        return self.run_async(life())

    def test_ed25519_key_of_a_ca(self) -> Deferred[None]:
        """A CA may sign a key of that kind, too: it is no pin, and the CA still has to vouch for it."""

        async def life() -> None:
            pems = self.authority.issue(NAME, key=Ed25519PrivateKey.generate())
            service = await self.open(door=self.settings(pems))
            address = f"{NAME}:{service.address.port}"
            await self._stop(await self.log_in(address, None, dial_tls(self.authority.roots)))
            with self.assertRaises(CryptoError):
                await self.log_in(address, None)

        return self.run_async(life())


class ProxyTests(DoorCase):
    """A proxy that ends TLS."""

    def test_tls_ends_at_a_proxy(self) -> Deferred[None]:
        """A node logs in through it with the server's pin, and is counted by the address that the proxy names."""

        async def life() -> None:
            service = await self.open(door=DoorSettings(proxies=LOOPBACK))
            assert service.key is not None
            assert service._door is not None
            authority = FakeAuthority(time.time())
            port = TlsProxy(service.address.port, "6.6.6.6, 203.0.113.77").listen(authority.context(NAME))
            try:
                address, roots = f"{NAME}:{port.getHost().port}", dial_tls(authority.roots)
                link = await self.log_in(address, fingerprint(service.key.public), roots)
                assert service._door._front is not None
                self.assertEqual({"203.0.113.77"}, {front.origin for front in service._door._front.fronts})
                with self.assertRaises(CryptoError) as caught:
                    await self.log_in(address, b"x" * 16, roots)
                self.assertIn("it has another key", str(caught.exception))
                self.assertTrue(link.connected)
                await self._stop(link)
            finally:
                await maybeDeferred(port.stopListening)

        return self.run_async(life())


class EndpointTests(DoorCase):
    """Any endpoint of Twisted."""

    def test_unix(self) -> Deferred[None]:
        """A UNIX socket, for a proxy on the same machine."""

        async def life() -> None:
            path = str(self.folder / "control.sock")
            await self.open(f"unix:{path}")
            seen = await deferToThread(fetch, path, tls=False)
            self.assertTrue(seen.answer.endswith(b"serving\n"))

        return self.run_async(life())

    def test_ssl(self) -> Deferred[None]:
        """An endpoint that ends TLS by itself: HTTP comes out of it, and is answered."""

        async def life() -> None:
            certificate, key = FakeAuthority(time.time()).issue(NAME)
            (self.folder / "c.pem").write_bytes(certificate + key)
            service = await self.open(f"ssl:0:interface=127.0.0.1:privateKey={self.folder}/c.pem")
            seen = await self.fetch(service)
            self.assertEqual(x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER), seen.certificate)
            self.assertTrue(seen.answer.endswith(b"serving\n"))

        return self.run_async(life())

    def test_refusals(self) -> Deferred[None]:
        """An endpoint that cannot be is refused by the option's name, in one sentence."""

        async def life() -> None:
            for listen in (
                "nonsense:1",
                "tcp:x",
                "tcp",
                "systemd:domain=INET6:index=0",
                "systemd:domain=INET6:name=lanrage",
                "unix:/nonexistent/folder/socket",
                "ssl:0:privateKey=/nonexistent.pem",
                "tcp:0:interface=203.0.113.5",
            ):
                with self.assertRaises(BadInput) as caught:
                    await ControlService(reactor, ControlSettings(self.folder, listen)).start()
                self.assertEqual("listen", caught.exception.field, listen)
                self.assertNotIn("\n", str(caught.exception))

        return self.run_async(life())


class HealthTests(DoorCase):
    """``/healthz`` and ``/readyz``."""

    def test_trouble_with_the_disk(self) -> Deferred[None]:
        """The server serves, but is not ready, while changes cannot be written; then it is again."""

        async def life() -> None:
            store = MemoryStore()
            service = await self.serve(store=store)
            ready = (await self.fetch(service, "/readyz")).answer
            self.assertTrue(ready.startswith(b"HTTP/1.1 200 OK\r\n"))
            assert service._journal is not None
            service._journal.trouble = "database or disk is full"
            for path, code in (("/readyz", b"503"), ("/healthz", b"200")):
                answer = (await self.fetch(service, path)).answer
                self.assertEqual(code, answer.split(b" ")[1])
            self.assertIn("database or disk is full", service.unready())
            service._journal.trouble = ""
            self.assertEqual("", service.unready())
            stopped = Deferred.fromCoroutine(self._stop(service))
            self.assertEqual("stopping", service.unready())
            await stopped

        return self.run_async(life())
