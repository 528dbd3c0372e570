"""A server browser in a party in memory: its members' planes are joined, its servers answer as the test says."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.server_browser import ServerBrowser
from lanrage.app.server_latency import ServerLatencies, Way
from lanrage.app.server_party import BrowsedParty, Hosting, MemberPlace
from lanrage.app.server_queries import ServerQueries
from lanrage.core.game_server import ServerFacts
from lanrage.core.play_ports import Proto
from lanrage.core.query_pace import QueryPace
from lanrage.core.server_changes import ServerChange
from lanrage.core.server_entry import Server
from lanrage.core.server_latency import LatencyMethod
from lanrage.core.server_marks import Marks
from lanrage.errors import Unreachable
from lanrage.wire.games import FORMATS, QUERIES
from tests.fakes_servers import FakeClient, FakeProfiles
from tests.joined_planes import Parts, Room
from tests.strategies_servers import ADDRESSES, MEMBERS

NO_MARKS = Marks()
NAMES = ("Ana", "Ben", "Cara", "Dan")


@attrs.frozen
class Hosted:
    """See :class:`lanrage.core.game_presence.Hosted`."""

    proto: Proto
    port: int
    query: str = ""
    query_port: int = 0


class BrowserWorld:
    """Ana's browser, in a party with Ben and Cara.

    :ivar connects: TCP ports that take connections.
    :ivar hosting: what members' nodes see, by identity.
    :ivar changes: what the browser told.
    """

    def __init__(self, case: SynchronousTestCase, parts: Parts = lambda *_: ()) -> None:
        self.room = Room(case, 3, parts)
        self.client, self.profiles = FakeClient(), FakeProfiles()
        self.connects: set[tuple[str, int]] = set()
        self.hosting: dict[bytes, list[Hosting]] = {}
        self.dead: set[IPv4Address] = set()
        self.ways: dict[LatencyMethod, Way] = {}
        self.members: dict[bytes, MemberPlace] = {
            identity: MemberPlace(address, name)
            for identity, address, name in zip(MEMBERS[:3], ADDRESSES, NAMES, strict=False)
        }
        self.session: object | None = object()
        self.changes: list[ServerChange] = []
        self.browser = self.make()

    def make(self) -> ServerBrowser:
        """A browser of this node."""
        asked = {name: query.ports for name, query in QUERIES.items()}
        made = ServerBrowser(self.room.clock, self.profiles, FORMATS, asked, self._queries, self._latencies)
        made.party = self.party
        made.hosted = lambda member, own: self.hosting.get(member, [])
        made.listen(self.changes.append)
        return made

    def start(self, marks: Marks = NO_MARKS) -> ServerBrowser:
        """It runs."""
        self.browser.start(marks)
        return self.browser

    def stop(self) -> None:
        """Nothing of it is left in the clock."""
        self.browser.stop()
        self.room.close()

    def run(self, seconds: float) -> None:
        """Time passes."""
        self.room.run(seconds)

    def only(self) -> Server:
        """The one server that there is."""
        (server,) = self.browser.all()
        return server

    def party(self) -> BrowsedParty | None:
        """As a node gives it."""
        if self.session is None:
            return None
        return BrowsedParty(
            self.session, MEMBERS[0], ADDRESSES[0], self.room.guests[0].plane, self._members, self.dead.__contains__
        )

    def _members(self) -> Mapping[bytes, MemberPlace]:
        return dict(self.members)

    def _queries(self, browser: ServerBrowser) -> ServerQueries:
        return ServerQueries(
            self.room.clock,
            browser.table,
            self.client,
            self._connect,
            QueryPace(lambda: 0.5),
            source=browser.source,
            excuse=browser.excuse,
            changed=browser.settle,
        )

    def _latencies(self, browser: ServerBrowser) -> ServerLatencies:
        del browser
        return ServerLatencies(self.room.clock, self.ways)

    def _connect(self, host: str, port: int, timeout: float, source: str) -> Deferred[float]:
        del timeout, source
        return succeed(0.01) if (host, port) in self.connects else fail(Unreachable("refused"))


def answering(name: str = "Arena", **said: object) -> ServerFacts:
    """What a server of the Quake III family says."""
    return attrs.evolve(ServerFacts("quake3", name, players=1, players_limit=8), **said)  # type: ignore[arg-type]
