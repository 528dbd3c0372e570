"""The server browser with its real parts on loopback: a game server that speaks a real protocol, in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any

import attrs
import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_stages import Incoming, Outgoing
from lanrage.app.server_browser import ServerBrowser
from lanrage.app.server_names import HostNames
from lanrage.app.server_parts import NamedClient, ServerWays, make_browser
from lanrage.app.server_party import BrowsedParty, Hosting, MemberPlace
from lanrage.core.game_server import ServerFacts
from lanrage.core.lan_frames import Frame, PartyLan
from lanrage.core.server_entry import Ask, Found, Joinable, Origin, Server
from lanrage.core.server_latency import LatencyMethod
from lanrage.core.server_marks import MarkKey, Marks, Named
from lanrage.errors import Unreachable
from lanrage.net.game_query import QueryClient
from lanrage.net.ping import Pinger
from lanrage.wire.packets import read_frame
from tests.browser_world import Hosted
from tests.core.test_server_games import ARENA
from tests.fakes_servers import FakeProfiles
from tests.strategies_lan import GROUP, NETWORK, beacon
from tests.strategies_servers import MEMBERS

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for what takes none on an idle machine."""
HOME, AWAY = "127.0.0.1", "127.0.0.2"
"""Our party address and Ben's, both on loopback."""


class Arena(DatagramProtocol):
    """A server of the Quake III family (``getinfo``), as ioquake3 answers.

    :ivar clients: where questions came from.
    """

    noisy = False

    def __init__(self) -> None:
        self.clients: list[str] = []
        self.players = 2

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """One question."""
        word, _, challenge = datagram.removeprefix(b"\xff\xff\xff\xff").partition(b" ")
        if word != b"getinfo" or self.transport is None:
            return
        self.clients.append(addr[0])
        facts = {
            b"challenge": challenge.strip(b"\n\0"),
            b"hostname": b"^1Friday^7 Arena",
            b"mapname": b"oa_dm1",
            b"clients": b"%d" % self.players,
            b"sv_maxclients": b"8",
            b"g_needpass": b"1",
            b"protocol": b"71",
            b"gamename": b"openarena",
        }
        told = b"".join(b"\\%s\\%s" % pair for pair in facts.items())
        self.transport.write(b"\xff\xff\xff\xffinfoResponse\n" + told, addr)


@attrs.define
class QuietPlane:
    """A LAN plane that carries nothing but what the test puts into it."""

    incoming: Incoming = attrs.field(factory=Incoming)
    outgoing: Outgoing = attrs.field(factory=Outgoing)
    lan: PartyLan = PartyLan(IPv4Address(HOME), NETWORK)

    def now(self) -> float:
        """The real time."""
        return float(reactor.seconds())

    def part(self, kind: type[LanInterest]) -> LanInterest | None:
        """There is none."""
        del kind
        return None

    def carry(self, payload: bytes, port: int, origin: str) -> None:
        """A member's frame comes in."""
        frame = read_frame(beacon(destination=GROUP, destination_port=port, payload=payload))
        assert isinstance(frame, Frame)
        for tell in self.incoming.written:
            tell(frame, IPv4Address(origin))


class TestBrowser(TestCase):
    """Ana's browser; Ben's server listens at his party address."""

    def setUp(self) -> None:
        self.plane, self.session = QuietPlane(), object()
        self.arena = Arena()
        self.port = reactor.listenUDP(0, self.arena, interface=AWAY)
        self.addCleanup(self.port.stopListening)
        self.number = self.port.getHost().port
        profiles = FakeProfiles((ARENA,))
        self.browser: ServerBrowser = make_browser(reactor, profiles)
        self.hosting: list[Hosting] = []
        self.browser.party = self.party
        self.browser.hosted = lambda member, own: self.hosting if member == MEMBERS[1] else []
        self.addCleanup(self.browser.stop)

    def party(self) -> BrowsedParty:
        """Ana and Ben."""
        places: Mapping[bytes, MemberPlace] = {
            MEMBERS[0]: MemberPlace(HOME, "Ana"),
            MEMBERS[1]: MemberPlace(AWAY, "Ben"),
        }
        return BrowsedParty(self.session, MEMBERS[0], HOME, self.plane, lambda: places, lambda member: False)

    async def until(self, ready: Callable[[], bool], seconds: float = WAIT) -> float:
        """Wait for it; how long that took."""
        since = reactor.seconds()
        while not ready():
            self.assertLess(reactor.seconds() - since, seconds, self.browser.all())
            await deferLater(reactor, 0.01)
        return float(reactor.seconds() - since)

    def only(self) -> Server:
        """The one server that there is."""
        (server,) = self.browser.all()
        return server

    async def test_detected(self) -> None:
        """Its answer, asked for from our party address, proves that it can be joined and tells all about it; its
        latency is measured, and says by which way."""
        self.browser.start(Marks())
        self.hosting = [Hosting("openarena", Hosted("udp", self.number, "quake3", self.number))]
        self.browser.hosting_changed()
        await self.until(lambda: self.only().verdict.joinable is Joinable.YES)
        facts = self.only().facts
        self.assertEqual(
            ("Friday Arena", "oa_dm1", 2, 8, True),
            (facts.name, facts.map, facts.players, facts.players_limit, facts.password),
        )
        self.assertEqual({HOME}, set(self.arena.clients))
        key = (AWAY, self.number)
        await self.until(lambda: (self.browser.latencies.of(key) or NOTHING).value is not None)
        measured = self.browser.latencies.of(key)
        assert measured is not None
        self.assertIn(measured.method, {"icmp", "query"})
        self.assertTrue(0.0 < (measured.value or 0.0) < WAIT)

    async def test_announced(self) -> None:
        """A real announcement leads to the sender's address and its port, whatever else it says; a server there that
        does not speak the game's protocol is not joinable."""
        self.browser.start(Marks())
        self.plane.carry(b"[MOTD]Ben - World[/MOTD][AD]%d[/AD]" % self.number, 4445, AWAY)
        self.assertEqual(((AWAY, self.number), "Ben - World"), (self.only().key, self.only().facts.name))
        await self.until(lambda: self.only().verdict.joinable is Joinable.NO)

    async def test_named(self) -> None:
        """A server that the user named by a host's name is looked up, asked and measured."""
        place = Named(MarkKey("localhost", self.number, "openarena"))
        arena = Arena()
        port = reactor.listenUDP(self.number, arena, interface=HOME)
        self.addCleanup(port.stopListening)
        self.browser.start(Marks(named=(place,)))
        await self.until(lambda: self.only().verdict.joinable is Joinable.YES)
        self.assertEqual("it answered at its address", self.only().verdict.reason)

    async def test_ways(self) -> None:
        """Each way by itself, where a server has a name: its address is pinged, a refusal is an answer as well, and the
        look-up of the name has a time of its own."""
        asking, names = QueryClient(reactor), HostNames(reactor)
        ways = ServerWays(reactor, NamedClient(asking, names), names, Pinger(reactor), lambda _: "").all()
        named = Origin("localhost")
        server = Server(named, self.number, "tcp", "", Ask(), ServerFacts(""), frozenset({Found.MANUAL}), 0.0)
        for method in (LatencyMethod.CONNECT, LatencyMethod.NAME):
            sample = ways[method](server)
            assert sample is not None
            self.assertTrue(0.0 <= await sample < WAIT)
        self.assertIsNone(ways[LatencyMethod.QUERY](server))
        self.assertIsNone(ways[LatencyMethod.NAME](attrs.evolve(server, origin=Origin(HOME))))
        with self.assertRaises(Unreachable):
            await HostNames(reactor).address("no-such-host.invalid", WAIT)

    @pytest.mark.lab
    async def test_ends(self) -> None:
        """Within ten seconds of its end it is gone, although its member's node sees the process still."""
        self.browser.start(Marks())
        self.hosting = [Hosting("openarena", Hosted("udp", self.number, "quake3", self.number))]
        self.browser.hosting_changed()
        await self.until(lambda: self.only().verdict.joinable is Joinable.YES)
        await self.port.stopListening()
        took = await self.until(lambda: not self.browser.all())
        self.assertLess(took, 10.0)


class Nothing:
    """Not measured yet."""

    value = None


NOTHING = Nothing()
