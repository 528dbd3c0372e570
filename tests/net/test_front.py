"""The one port: TLS or not, who may speak plain, whose clients are counted how, and who is cut off."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.bans import Bans
from lanrage.core.door_limits import BURST, HOST_LIMIT
from lanrage.net.control_session import LOGIN_TIMEOUT
from lanrage.net.front import FIRST_BYTE_TIMEOUT, Front
from lanrage.net.tls_server import LINGER
from tests.net.front_world import FOREIGN, HERE, LOCAL, PROXY, FrontCase, opening


class TlsTests(FrontCase):
    """The first byte is TLS."""

    def test_login(self) -> None:
        """A node logs in over TLS 1.3 from anywhere, and the connection's end leaves nothing."""
        node = self.dial()
        connection = self.successResultOf(node.ready)
        self.assertEqual("TLSv1.3", connection.transport.getHandle().get_protocol_version_name())
        self.assertEqual(1, len(self.desk.opened_))
        connection.close()
        self.gone()

    def test_server_ends_it(self) -> None:
        """A connection that the server ends is gone at once, with the server's word."""
        node = self.dial()
        self.successResultOf(node.ready)
        self.desk.opened_[0].deny("stopping", "the control server stops")
        for _ in range(4):
            self.net.settle(0.01)
        self.assertEqual("the control server stops", str(self.successResultOf(node.lost)))
        self.gone()

    @given(st.binary(max_size=300))
    def test_noise(self, noise: bytes) -> None:
        """What only begins like TLS ends in time, without a traceback, and nothing is left."""
        self.setUp()
        front, transport = self.raw()
        front.dataReceived(b"\x16" + noise)
        self.net.clock.advance(LOGIN_TIMEOUT)
        self.net.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting or transport.disconnected)
        self.hang_up(front)
        self.gone()
        self.quiet()

    def test_slow_handshake(self) -> None:
        """The 5 s for the login begin with the TCP connection: silence, and half a handshake, count."""
        front, transport = self.raw()
        self.net.clock.advance(FIRST_BYTE_TIMEOUT - 1)
        front.dataReceived(b"\x16\x03\x01\x02")
        self.net.clock.advance(0.9)
        front.dataReceived(b"\x00")
        self.assertFalse(transport.disconnecting or transport.disconnected)
        self.net.clock.advance(0.1)
        self.assertTrue(transport.disconnected)
        self.assertEqual({"late": 1}, self.refusals())
        self.hang_up(front)
        self.gone()

    def test_plain_bytes_within_tls(self) -> None:
        """A WebSocket request is answered inside TLS, garbage by an end."""
        client, heard, _ = self.tls()
        client.write(opening())
        self.net.settle(0.001)
        self.assertIn(b"101 Switching Protocols", b"".join(heard))
        client.abortConnection()
        client, heard, _ = self.tls()
        client.write(b"garbage\r\n\r\n")
        self.net.settle(0.001)
        self.net.settle(0.001)
        self.assertIn(b"400 Bad Request", b"".join(heard))
        self.gone()

    def test_other_side_never_ends_tls(self) -> None:
        """Who does not answer that TLS ends is cut off, and holds no connection open."""
        client, _, server = self.tls()
        client.write(b"garbage\r\n\r\n")
        client.dataReceived = lambda data: None  # deaf from now on: no answer to the end of TLS
        self.net.settle(0.001)
        self.net.settle(LINGER - 0.1)
        self.assertIn(server, self.front.fronts)
        self.net.settle(0.1)
        client.transport.abortConnection()
        self.gone()


class PlainTests(FrontCase):
    """The first byte is not TLS."""

    def test_who_may(self) -> None:
        """This machine, a UNIX socket, and a named proxy."""
        for peer in (HERE, LOCAL, PROXY):
            front, transport = self.raw(peer)
            front.dataReceived(opening("X-Forwarded-For: 203.0.113.77"))
            self.assertIn(b"101 Switching Protocols", transport.value())
            self.hang_up(front)
        self.gone()

    def test_foreign_is_refused(self) -> None:
        """Anybody else is told that this port wants TLS, whatever is asked for; health, too."""
        for request in (opening(), opening(path="/healthz", upgrade=False), b"G"):
            front, transport = self.raw()
            front.dataReceived(request)
            head, _, body = transport.value().partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 400 Bad Request\r\n"))
            self.assertEqual(b"this port wants TLS (wss:// or https://)\n", body)
            self.assertTrue(transport.disconnecting)
            front.dataReceived(opening())
            self.assertEqual(0, len(self.inner.connections))
            self.hang_up(front)
        self.assertEqual({"plain": 3}, self.refusals())
        self.gone()

    @given(st.binary(min_size=1, max_size=100).filter(lambda data: data[0] != 0x16))
    def test_garbage(self, garbage: bytes) -> None:
        """Garbage from abroad is closed at once; only what may be HTTP is answered."""
        self.setUp()
        front, transport = self.raw()
        front.dataReceived(garbage)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(0x41 <= garbage[0] <= 0x5A, bool(transport.value()))
        self.hang_up(front)
        self.gone()

    def test_silence(self) -> None:
        """Who says nothing for 5 s is cut off; who hangs up before that leaves nothing."""
        front, transport = self.raw()
        other, _ = self.raw(HERE)
        self.hang_up(other)
        self.net.clock.advance(FIRST_BYTE_TIMEOUT)
        self.assertTrue(transport.disconnected)
        self.hang_up(front)
        self.assertEqual({"late": 1}, self.refusals())
        self.gone()

    def test_stop(self) -> None:
        """A server that stops ends the silent ones; the others are the channel's to end."""
        silent, transport = self.raw(HERE)
        known, other = self.raw(HERE)
        known.dataReceived(opening())
        self.front.cut()
        self.assertEqual((True, False), (transport.disconnected, other.disconnected))
        self.hang_up(silent)
        self.hang_up(known)
        self.gone()


class CountingTests(FrontCase):
    """How many may come."""

    def test_limits_of_a_host(self) -> None:
        """A host has so many; refused are those beyond, before a byte is read; another host still gets in."""
        fronts = [self.raw()[0] for _ in range(HOST_LIMIT)]
        self.assertIsNone(self.front.buildProtocol(FOREIGN))
        self.hang_up(fronts.pop())
        self.net.clock.advance(1.0)
        fronts.append(self.raw()[0])
        fronts.append(self.raw(HERE)[0])
        for front in fronts:
            self.hang_up(front)
        self.assertEqual({"rate": 1}, self.refusals())
        self.gone()

    def test_rate_of_a_host(self) -> None:
        """Who comes and goes without end is slowed down; this machine is not."""
        for peer, refused in ((FOREIGN, True), (HERE, False)):
            for _ in range(int(BURST)):
                self.hang_up(self.raw(peer)[0])
            if refused:
                self.assertIsNone(self.front.buildProtocol(peer))
            else:
                self.hang_up(self.raw(peer)[0])
        self.assertEqual({"rate": 1}, self.refusals())
        self.gone()

    def ask(self, peer: Any, header: str) -> tuple[Front, bytes]:
        """A WebSocket request over plain HTTP; the first line of the answer."""
        front, transport = self.raw(peer)
        front.dataReceived(opening(*([header] if header else [])))
        return front, transport.value().split(b"\r\n")[0]

    def test_proxy_speaks_for_many(self) -> None:
        """Clients of a named proxy are counted by their own address: each has its limit, and the 429 of it."""
        fronts = []
        for n in range(HOST_LIMIT):
            self.net.clock.advance(0.01)
            front, line = self.ask(PROXY, "x-forwarded-for: 6.6.6.6, 203.0.113.77")
            self.assertEqual(b"HTTP/1.1 101 Switching Protocols", line, n)
            fronts.append(front)
        self.assertEqual("203.0.113.77", fronts[0].origin)
        self.net.clock.advance(1.0)
        front, line = self.ask(PROXY, "X-Forwarded-For: 203.0.113.77")
        self.assertEqual(b"HTTP/1.1 429 Too Many Requests", line)
        self.assertEqual({"limit": 1}, self.refusals())
        fronts.append(front)
        front, line = self.ask(PROXY, "X-Forwarded-For: 203.0.113.78")
        self.assertEqual(b"HTTP/1.1 101 Switching Protocols", line)
        for one in [*fronts, front]:
            self.hang_up(one)
        self.gone()

    def test_bans(self) -> None:
        """A banned address gets no connection at all; behind a proxy HTTP 403; one banned meanwhile is cut off."""
        front, transport = self.raw()
        self.inner.admission.bans = Bans.parse("198.51.100.0/24\n203.0.113.77\n")
        self.assertIsNone(self.front.buildProtocol(FOREIGN))
        front.dataReceived(b"\x16\x03\x01")
        self.assertTrue(transport.disconnected)
        self.hang_up(front)
        front, line = self.ask(PROXY, "X-Forwarded-For: 203.0.113.77")
        self.assertEqual(b"HTTP/1.1 403 Forbidden", line)
        self.hang_up(front)
        front, line = self.ask(PROXY, "X-Forwarded-For: 203.0.113.78")
        self.assertEqual(b"HTTP/1.1 101 Switching Protocols", line)
        (connection,) = self.inner.connections
        self.assertEqual("203.0.113.78", connection.origin)
        self.assertIs(self.inner.admission.meter("203.0.113.78").host, connection.meter.host)
        self.hang_up(front)
        self.assertEqual({"server_ban": 3, "no login": 1}, self.refusals())
        self.gone()

    def test_two_headers_are_one(self) -> None:
        """A header that stands twice is read in its order, so that what the proxy added is the last."""
        front, transport = self.raw(PROXY)
        front.dataReceived(opening("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.77"))
        self.assertIn(b"101", transport.value())
        self.assertEqual("203.0.113.77", front.origin)
        self.hang_up(front)
        self.gone()

    def test_malformed_header_is_the_proxys_own(self) -> None:
        """A proxy that names nobody counts as itself."""
        for header in ("", "X-Forwarded-For: unknown", "X-Forwarded-For: 1.2.3.4, x"):
            front, _ = self.ask(PROXY, header)
            self.assertEqual("192.0.2.9", front.origin)
            self.hang_up(front)
        self.gone()

    def test_nobody_else_is_believed(self) -> None:
        """This machine is no named proxy here: what it says of its clients counts for nothing."""
        front, line = self.ask(HERE, "X-Forwarded-For: 203.0.113.77")
        self.assertEqual(("", b"HTTP/1.1 101 Switching Protocols"), (front.origin, line))
        self.hang_up(front)
        self.gone()

    def test_stranger_over_tls_is_not_believed(self) -> None:
        """Nor is a stranger who sends the header inside TLS."""
        client, _, server = self.tls()
        client.write(opening("X-Forwarded-For: 127.0.0.1"))
        self.net.settle(0.001)
        self.assertEqual("198.51.100.7", server.origin)
        client.abortConnection()
        self.gone()


class LocalProxyTests(FrontCase):
    """A proxy on the same machine that is named."""

    proxies = "127.0.0.1,unix"

    def test_its_clients_are_counted(self) -> None:
        """By TCP on loopback and by a UNIX socket."""
        for peer in (HERE, LOCAL):
            front, _ = self.raw(peer)
            front.dataReceived(opening("X-Forwarded-For: 203.0.113.77"))
            self.assertEqual("203.0.113.77", front.origin)
            self.hang_up(front)
        self.gone()
