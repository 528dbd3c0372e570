"""Which servers are shown, in which order, and which one a text means."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_server import ServerFacts
from lanrage.core.server_address import find_server, name_refused, parse_place
from lanrage.core.server_browser import ServerTable
from lanrage.core.server_entry import Joinable, Sort
from lanrage.core.server_filter import Listed, ServerFilter, found, ordered
from lanrage.core.server_marks import Mark
from lanrage.errors import BadInput
from tests.strategies_servers import listed, sighting

NOTHING = Mark()


def entry(member: str = "Ben", mark: Mark = NOTHING, latency: float | None = None, **said: object) -> Listed:
    """A server in the list; its port tells them apart."""
    facts = attrs.evolve(ServerFacts("quake3", "Arena", map="q3dm17"), **said)  # type: ignore[arg-type]
    table = ServerTable()
    table.heard(sighting(facts=facts, port=facts.port or 27960), 0.0)
    return Listed(table.all()[0], member, "OpenArena", mark, latency)


FULL = entry(players=8, players_limit=8, password=True, name="Full House")
FREE = entry(mark=Mark(True, ("friday",)), players=2, players_limit=8, password=False)
QUIET = entry(name="", map="")


class FilterTests(SynchronousTestCase):
    """Each wish by itself."""

    def shows(self, wanted: ServerFilter) -> list[bool]:
        """Of the full, the free and the one that says nothing."""
        return [wanted.shows(each) for each in (FULL, FREE, QUIET)]

    def test_wishes(self) -> None:
        """What is not known of a server is taken as none."""
        cases = {
            ServerFilter(): [True, True, True],
            ServerFilter(game="openarena"): [True, True, True],
            ServerFilter(game="OPENARENA"): [True, True, True],
            ServerFilter(game="openttd"): [False, False, False],
            ServerFilter(players=2): [True, True, False],
            ServerFilter(players=3): [True, False, False],
            ServerFilter(password=True): [True, False, False],
            ServerFilter(password=False): [False, True, True],
            ServerFilter(room=True): [False, True, True],
            ServerFilter(favourite=True): [False, True, False],
            ServerFilter(tag="Friday"): [False, True, False],
            ServerFilter(text="hOuSe"): [True, False, False],
            ServerFilter(text="ben q3dm17"): [True, True, False],
            ServerFilter(text="server of Ben"): [False, False, False],
            ServerFilter(text="OpenArena of Ben"): [False, False, True],
        }
        self.assertEqual(cases, {wanted: self.shows(wanted) for wanted in cases})

    def test_reachable(self) -> None:
        """By proof alone."""
        table = ServerTable()
        table.heard(sighting(), 0.0)
        wanted = ServerFilter(reachable=True)
        self.assertFalse(wanted.shows(attrs.evolve(FREE, server=table.all()[0])))
        table.answered(sighting().key, None, "it answered", 1.0)
        self.assertIs(Joinable.YES, table.all()[0].verdict.joinable)
        self.assertTrue(wanted.shows(attrs.evolve(FREE, server=table.all()[0])))

    @given(listed(), st.sampled_from([ServerFilter(favourite=True), ServerFilter(room=True), ServerFilter(players=5)]))
    def test_narrower(self, each: Listed, wanted: ServerFilter) -> None:
        """Another wish never shows more."""
        if attrs.evolve(wanted, reachable=True, text="a").shows(each):
            self.assertTrue(wanted.shows(each))

    def test_slips(self) -> None:
        """A longer word is found in spite of a slip, a short one only as it is."""
        self.assertTrue(found("tewworlds", "teeworlds of ana"))
        self.assertTrue(found("Teeworlds ana", "teeworlds of ana"))
        self.assertFalse(found("anb", "teeworlds of ana"))
        self.assertFalse(found("openarena", "teeworlds of ana"))


class OrderTests(SynchronousTestCase):
    """Orders of the list."""

    @given(st.lists(listed(), max_size=8), st.sampled_from(Sort))
    def test_any(self, servers: list[Listed], sort: Sort) -> None:
        """All of them, favourites first, and the same whatever the order before."""
        once = ordered(servers, sort)
        self.assertEqual(len(servers), len(once))
        favourites = [each.mark.favourite for each in once]
        self.assertEqual(sorted(favourites, reverse=True), favourites)

    def test_sorts(self) -> None:
        """Names without case, most players first, least latency first and unknown last."""
        servers = [
            entry("Cara", name="b", port=1, players=1, latency=None),
            entry("Ana", name="A", port=2, players=None, latency=0.2),
            entry("Ben", name="c", port=3, players=4, latency=0.1),
        ]
        orders = {sort: [each.server.port for each in ordered(servers, sort)] for sort in Sort}
        self.assertEqual(
            {
                Sort.NAME: [2, 1, 3],
                Sort.GAME: [2, 1, 3],
                Sort.PLAYERS: [3, 1, 2],
                Sort.LATENCY: [3, 2, 1],
                Sort.MEMBER: [2, 3, 1],
            },
            orders,
        )


class NamingTests(SynchronousTestCase):
    """How people name a server."""

    def setUp(self) -> None:
        self.servers = [entry(port=1, name="Friday"), entry(port=2, name="Friday night"), entry("Cara", port=3)]

    def port(self, text: str) -> int:
        """Of the server that is meant."""
        return find_server(self.servers, text).server.port

    def test_found(self) -> None:
        """By address, by member, by name before words, by words of one."""
        self.assertEqual(
            [1, 3, 1, 2, 3], [self.port(text) for text in ("10.66.0.2:1", "cara:3", "friday", "night", "cara")]
        )

    def test_no_name_is_caught(self) -> None:
        """A server that calls itself as a member, or as the user calls another, is not meant by that."""
        caught = attrs.evolve(entry("Mallory", port=7, name="Cara"), alias="")
        self.servers = [caught, *self.servers, attrs.evolve(entry("Dan", port=8, name="x"), alias="Home")]
        self.servers.append(entry("Mallory", port=9, name="home"))
        self.assertEqual([3, 8], [self.port(text) for text in ("Cara", "home")])
        self.servers.append(attrs.evolve(entry("Mallory", port=10), alias="Home"))
        with self.assertRaisesRegex(BadInput, "fits 2 servers"):
            self.port("home")

    def test_refused(self) -> None:
        """None, or several, which are named."""
        with self.assertRaisesRegex(BadInput, "server: 'nothing' is no server"):
            self.port("nothing")
        with self.assertRaisesRegex(BadInput, r"fits 2 servers; name one of 10\.66\.0\.2:1, 10\.66\.0\.2:2"):
            self.port("Ben")

    def test_places(self) -> None:
        """ADDRESS:PORT; nothing that a program would take for an option, and no port that is none."""
        good = {
            "10.66.0.2:27960": ("10.66.0.2", 27960),
            "play.example.org:1": ("play.example.org", 1),
            "Ben:65535": ("Ben", 65535),
        }
        self.assertEqual(good, {text: parse_place(text, "address") for text in good})
        for text in (
            "10.66.0.2",
            "-x:1",
            "a b:1",
            "a:0",
            "a:65536",
            "a:+1",
            "a:\u0661",
            ":1",
            "[::1]:1",
            "a:1:",
            "a/b:1",
            "a-:1",
        ):
            with self.assertRaises(BadInput):
                parse_place(text, "address")

    def test_no_machine(self) -> None:
        """Addresses of many, of none, and numbers that only look like one; a name that leads to such a one, or to this
        machine under another name than its own."""
        for host in (
            "224.0.0.1",
            "239.255.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "127.1",
            "10.66.0.300",
            "1.2.3.4.5",
            "01.2.3.4",
        ):
            with self.assertRaisesRegex(BadInput, "address: .* is no"):
                parse_place(f"{host}:1", "address")
        self.assertEqual(("127.0.0.1", 1), parse_place("127.0.0.1:1", "address"))
        for name, address, refused in (
            ("localhost", "127.0.0.1", False),
            ("here.localhost.", "127.0.1.1", False),
            ("play.example.org", "127.0.0.1", True),
            ("2130706433", "127.0.0.1", True),
            ("play.example.org", "224.0.0.251", True),
            ("play.example.org", "255.255.255.255", True),
            ("play.example.org", "192.0.2.7", False),
        ):
            self.assertEqual(refused, name_refused(name, address), (name, address))

    @given(st.text(max_size=30))
    def test_any_place(self, text: str) -> None:
        """Anything is read, or refused by its field; what is read is written back the same."""
        try:
            host, port = parse_place(text, "address")
        except BadInput as error:
            self.assertEqual("address", error.field)
        else:
            self.assertEqual((host, port), parse_place(f"{host}:{port}", "address"))
