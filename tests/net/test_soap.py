"""Hostile gateways of UPnP: huge answers, redirects, bombs, descriptions elsewhere, silence."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.mapping import NotMapped, Transport, Wish
from lanrage.net.igd_mapper import IgdMapper
from lanrage.net.soap import GatewayHttp
from lanrage.net.ssdp_search import search
from lanrage.wire import igd
from lanrage.wire.igd import Service
from tests.namespaces import may_unshare
from tests.net.hostile_gateway import ADDRESS, ELSEWHERE, GATEWAY, HostileWorld, http

NONCE = bytes(range(12))
WISH = Wish(Transport.UDP, 51820)
KIND = igd.SERVICES[1]
DESCRIPTION = (
    f'<?xml version="1.0"?><root><service><serviceType>{KIND}</serviceType><controlURL>/ctl</controlURL>'
    "</service></root>"
).encode()
BOMB = b'<!DOCTYPE l [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><root>&b;&b;&b;</root>'


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestUpnpHostile(TestCase):
    """One gateway."""

    timeout = 120

    def setUp(self) -> None:
        """The namespace."""
        from twisted.internet import reactor

        self.world = HostileWorld(reactor)
        self.addCleanup(self.world.close)
        self.reactor = self.world.reactor

    async def refused(self, answer: bytes) -> str:
        """A description that is answered so is none."""
        server = self.world.http(lambda request: answer)
        self.world.ssdp(f"{server.url}/root.xml")
        with self.assertRaises(NotMapped) as caught:
            await IgdMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
        return str(caught.exception)

    async def test_huge(self) -> None:
        """More than 64 KiB is not read on, whatever length was told."""
        self.assertIn("more than 65536", await self.refused(http(b"x" * 10_000_000)))

    async def test_huge_without_length(self) -> None:
        """Nor where none was told."""
        answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"<a>" * 1_000_000
        self.assertIn("more than 65536", await self.refused(answer))

    async def test_redirect(self) -> None:
        """A redirect is not followed."""
        trap = self.world.http(lambda request: http(DESCRIPTION), ELSEWHERE)
        self.assertIn("302", await self.refused(http(b"", "302 Found", f"Location: {trap.url}/root.xml\r\n")))
        self.assertEqual([], trap.requests)

    async def test_bomb(self) -> None:
        """Entities are not expanded."""
        self.assertIn("DTD", await self.refused(http(BOMB)))

    async def test_cut_off(self) -> None:
        """An answer shorter than it says."""
        self.assertIn("cut off", await self.refused(http(DESCRIPTION, length=5000)))

    async def test_no_http(self) -> None:
        """Rubbish."""
        self.assertTrue(await self.refused(b"\x00\x01\x02 rubbish\r\n\r\n"))

    async def test_silence(self) -> None:
        """A server that says nothing is waited for some seconds, and the connection is closed then."""
        server = self.world.http(lambda request: None)
        with self.assertRaises(NotMapped) as caught:
            await GatewayHttp(self.reactor, GATEWAY, patience=0.3).get(f"{server.url}/root.xml")
        self.assertIn("does not answer", str(caught.exception))
        self.assertTrue(caught.exception.absent)

    async def test_location_elsewhere(self) -> None:
        """A description that is not on the gateway is not fetched."""
        trap = self.world.http(lambda request: http(DESCRIPTION), ELSEWHERE)
        self.world.ssdp(f"{trap.url}/root.xml")
        with self.assertRaises(NotMapped):
            await search(self.reactor, GATEWAY)
        self.assertEqual([], trap.requests)

    async def test_answer_of_another(self) -> None:
        """An answer to the search that another device sends is passed over, though it names the gateway."""
        gateway = self.world.ssdp(f"http://{ADDRESS}:1/right.xml")
        other = self.world.ssdp(f"http://{ADDRESS}:1/wrong.xml", ELSEWHERE)
        right, gateway._answer = gateway._answer, other._answer
        transport, gateway.transport = gateway.transport, other.transport
        searching = search(self.reactor, GATEWAY)

        def heal() -> None:
            gateway._answer, gateway.transport = right, transport

        self.reactor.callLater(0.3, heal)
        self.assertEqual(f"http://{ADDRESS}:1/right.xml", await searching)
        self.assertGreater(len(gateway.asked), 2)

    async def test_control_url_elsewhere(self) -> None:
        """A description on the gateway that sends calls elsewhere is refused."""
        trap = self.world.http(lambda request: http(b""), ELSEWHERE)
        said = await self.refused(http(DESCRIPTION.replace(b"/ctl", f"{trap.url}/ctl".encode())))
        self.assertIn("leads elsewhere", said)
        self.assertEqual([], trap.requests)

    async def test_only_permanent(self) -> None:
        """A router that knows no leases (error 725) maps without an end; that is told."""
        service = Service(KIND, "http://x/")

        def answer(request: bytes) -> bytes:
            if request.startswith(b"GET"):
                return http(DESCRIPTION)
            call = igd.decode_call(request.partition(b"\r\n\r\n")[2])
            if call.action == "GetExternalIPAddress":
                return http(igd.encode_answer(service, call.action, {"NewExternalIPAddress": "203.0.113.5"}))
            if dict(call.arguments).get("NewLeaseDuration") != "0":
                return http(igd.encode_error(725, "OnlyPermanentLeasesSupported"), "500 Internal Server Error")
            return http(igd.encode_answer(service, call.action, {}))

        server = self.world.http(answer)
        self.world.ssdp(f"{server.url}/root.xml")
        grant = await IgdMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
        self.assertEqual(("203.0.113.5:51820", 0), (str(grant.external), grant.lifetime))
        self.assertIn(f'"{KIND}#AddPortMapping"'.encode(), server.requests[-1])

    async def test_no_outside_address(self) -> None:
        """A router that is not connected says so in many ways; none of them is an address."""
        for text in ("", "0.0.0.0", "none", "::1"):
            body = igd.encode_answer(Service(KIND, ""), "GetExternalIPAddress", {"NewExternalIPAddress": text})
            server = self.world.http(
                lambda request, made=body: http(DESCRIPTION if request.startswith(b"GET") else made)  # type: ignore[misc]
            )
            self.world.ssdp(f"{server.url}/root.xml")
            with self.assertRaises(NotMapped) as caught:
                await IgdMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
            self.assertIn("outside address", str(caught.exception))
            await self.world._ports.pop().stopListening()
