"""The server browser as a whole, in a party in memory."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import metrics_of_servers
from lanrage.app.server_browser import FRESH_BURST, TICK
from lanrage.app.server_party import Hosting, MemberPlace
from lanrage.core.game_server import ServerFacts
from lanrage.core.server_browser import MEMBER_LIMIT
from lanrage.core.server_changes import ServerAdded, ServerChanged, ServerRemoved
from lanrage.core.server_entry import Found, Joinable
from lanrage.core.server_marks import Mark, MarkKey, Marks, Named
from tests.app.test_metrics_of import values
from tests.app.test_server_ear import MINECRAFT, parts
from tests.browser_world import BrowserWorld, Hosted, answering
from tests.core.test_server_games import ARENA, BLOCKS
from tests.strategies_lan import GROUP
from tests.strategies_servers import ADDRESSES, MEMBERS

LOOK = TICK + 0.1
"""Seconds until the browser has looked at the party for certain."""
BEN, CARA = MEMBERS[1], MEMBERS[2]
HOSTS_ARENA = Hosting("openarena", Hosted("udp", 27960, "quake3", 27960))
PLACE = (ADDRESSES[1], 27960)


class BrowserCase(SynchronousTestCase):
    """A browser that runs; Ben's server answers where he has one."""

    def setUp(self) -> None:
        self.world = BrowserWorld(self, parts)
        self.world.profiles.put(ARENA, BLOCKS)
        self.world.client.servers[PLACE] = answering()
        self.browser = self.world.start()
        self.addCleanup(self.world.stop)
        self.world.run(LOOK)

    def host(self, *hosting: Hosting, member: bytes = BEN) -> None:
        """A member's node sees these servers now."""
        self.world.hosting[member] = list(hosting)
        self.browser.hosting_changed()

    def told(self) -> list[type]:
        """What was told since the last call."""
        kinds = [type(change) for change in self.world.changes]
        self.world.changes.clear()
        return kinds


class DetectedTests(BrowserCase):
    """Servers that members' nodes see."""

    def test_appears_and_answers(self) -> None:
        """At once, with its member's name; proven by an answer to a question from our party address."""
        self.host(HOSTS_ARENA)
        self.assertEqual(([ServerAdded], Joinable.UNKNOWN), (self.told(), self.world.only().verdict.joinable))
        self.world.run(0.5)
        server = self.world.only()
        self.assertEqual(("quake3", *PLACE, ADDRESSES[0]), self.world.client.asked[0])
        self.assertEqual(
            (Joinable.YES, "it answered over the party link"), (server.verdict.joinable, server.verdict.reason)
        )
        (listed,) = self.browser.listed()
        self.assertEqual(
            ("Arena", "Ben", "OpenArena", 1), (listed.name, listed.member, listed.game, server.facts.players)
        )

    def test_ends(self) -> None:
        """At its member's word it is gone at once."""
        self.host(HOSTS_ARENA)
        self.world.run(0.5)
        self.told()
        self.host()
        self.assertEqual(([ServerRemoved], ()), (self.told(), self.browser.all()))

    def test_falls_silent(self) -> None:
        """One that answers no more is gone within ten seconds although its member's node sees the process; nobody
        looks at the list. When it answers again it is there."""
        self.host(HOSTS_ARENA)
        self.world.run(20.0)
        del self.world.client.servers[PLACE]
        self.world.run(10.0)
        self.assertEqual((), self.browser.all())
        self.world.client.servers[PLACE] = answering()
        self.world.run(35.0)
        self.assertEqual(1, len(self.browser.all()))

    def test_no_way(self) -> None:
        """Where the link to its member is down, that is the reason."""
        self.world.client.servers.clear()
        self.world.dead.add(IPv4Address(ADDRESSES[1]))
        self.host(HOSTS_ARENA)
        self.world.run(5.0)
        self.assertEqual("there is no way to Ben now", self.world.only().verdict.reason)

    def test_own(self) -> None:
        """A server of this machine is listed as its own, and asked at its party address."""
        self.host(HOSTS_ARENA, member=MEMBERS[0])
        self.world.run(5.0)
        server = self.world.only()
        self.assertTrue(server.origin.own)
        self.assertEqual("it does not answer at your own party address", server.verdict.reason)

    def test_tcp(self) -> None:
        """A game without questions that takes connections: one proves it."""
        self.world.connects.add((ADDRESSES[1], 5000))
        self.host(Hosting("", Hosted("tcp", 5000)), Hosting("", Hosted("udp", 5001)))
        self.world.run(1.0)
        verdicts = {each.port: (each.verdict.joinable, each.verdict.reason) for each in self.browser.all()}
        self.assertEqual((Joinable.YES, "it took a connection over the party link"), verdicts[5000])
        self.assertEqual((Joinable.UNKNOWN, "no question is known that its game answers"), verdicts[5001])


class AnnouncedTests(BrowserCase):
    """Servers that the LAN plane carries."""

    def test_appears_and_lapses(self) -> None:
        """With its sender's party address and the port that it says; gone when it ends, leases included."""
        ana, ben, _ = self.world.room.guests
        self.world.run(5.0)
        for _ in range(10):
            ben.send(source_port=4000, destination=GROUP, destination_port=4445, payload=MINECRAFT)
            self.world.run(1.5)
        del ana
        server = self.world.only()
        self.assertEqual((ADDRESSES[1], 51234, "minecraft"), (*server.key, server.ask.query))
        self.assertEqual(frozenset({Found.ANNOUNCED}), server.found)
        self.assertAlmostEqual(1.5, server.period or 0.0, delta=0.3)
        self.world.run(9.5)
        self.assertEqual((), self.browser.all())

    def test_falls_silent(self) -> None:
        """One that answered and does not any more is gone within ten seconds, while leases repeat its announcements;
        answers take their time."""
        self.world.client.holding = True
        for _ in range(100):
            self.browser._heard(IPv4Address(ADDRESSES[1]), 27960, answering())
            self.world.run(0.25)
            self.world.client.release()
        self.assertIs(Joinable.YES, self.world.only().verdict.joinable)
        del self.world.client.servers[PLACE]
        for _ in range(40):
            self.browser._heard(IPv4Address(ADDRESSES[1]), 27960, answering())
            self.world.run(0.25)
            self.world.client.release()
        self.assertEqual((), self.browser.all())

    def test_another_port(self) -> None:
        """Who said its port once need not say it again: a change and the goodbye of a game at another port than its
        announcements' are that game's; another format's are not."""
        said = ServerFacts("warcraft3", "Ann's game", 6113, players=1, players_limit=4)
        changed = ServerFacts("warcraft3", players=2, players_limit=4)
        for facts in (said, changed):
            self.browser._heard(IPv4Address(ADDRESSES[1]), 6112, facts)
        self.assertEqual((6113, 2), (self.world.only().port, self.world.only().facts.players))
        self.browser._heard(IPv4Address(ADDRESSES[1]), 6112, ServerFacts("dawn-of-war", "Bo's game"))
        self.browser._heard(IPv4Address(ADDRESSES[2]), 6112, changed)
        self.browser._heard(IPv4Address(ADDRESSES[1]), 6112, ServerFacts("warcraft3", closing=True))
        self.assertEqual([(ADDRESSES[1], 6112), (ADDRESSES[2], 6112)], sorted(each.key for each in self.browser.all()))

    def test_own(self) -> None:
        """What this machine announces is marked as its own."""
        ana = self.world.room.guests[0]
        ana.send(source_port=4000, destination=GROUP, destination_port=4445, payload=MINECRAFT)
        self.assertTrue(self.world.only().origin.own)

    def test_flood(self) -> None:
        """A member that announces ever new servers fills its own place and the log no further."""
        for number in range(400):
            self.browser._heard(IPv4Address(ADDRESSES[1]), 1000 + number, answering())
        self.assertEqual(MEMBER_LIMIT, len(self.browser.all()))
        self.assertEqual(FRESH_BURST, sum(each is ServerAdded for each in self.told()))
        self.browser._heard(IPv4Address(ADDRESSES[2]), 5, answering())
        self.assertEqual([ServerAdded], self.told())

    def test_strangers(self) -> None:
        """A sender that is no member any more is nobody's server."""
        self.world.members.pop(BEN)
        self.world.run(LOOK)
        self.browser._heard(IPv4Address(ADDRESSES[1]), 5, answering())
        self.assertEqual((), self.browser.all())


class PartyTests(BrowserCase):
    """Members and sessions come and go."""

    def test_member_leaves(self) -> None:
        """Its servers go with it."""
        self.host(HOSTS_ARENA)
        self.host(HOSTS_ARENA, member=CARA)
        self.world.members.pop(BEN)
        self.world.run(LOOK)
        self.assertEqual(ADDRESSES[2], self.world.only().origin.address)

    def test_session_ends(self) -> None:
        """Nothing is heard and nothing listed; another session begins anew."""
        self.host(HOSTS_ARENA)
        self.world.session = None
        self.world.run(LOOK)
        self.assertEqual(((), ""), (self.browser.all(), self.browser.own_address()))
        ana = self.world.room.guests[0]
        ana.send(source_port=4000, destination=GROUP, destination_port=4445, payload=MINECRAFT)
        self.assertEqual((), self.browser.all())
        self.world.session = object()
        self.world.run(LOOK)
        self.assertEqual(ADDRESSES[1], self.world.only().origin.address)

    def test_renumbered(self) -> None:
        """A member that has another address has its marks there."""
        self.browser.keep(Marks({MarkKey(BEN.hex(), 27960, "openarena"): Mark(True)}, (Named(MarkKey(BEN.hex(), 1)),)))
        self.host(HOSTS_ARENA)
        self.world.members[BEN] = MemberPlace("10.66.0.77", "Ben")
        self.world.run(LOOK)
        listed = {each.server.key: each.mark.favourite for each in self.browser.listed()}
        self.assertEqual({("10.66.0.77", 1): False, ("10.66.0.77", 27960): True}, listed)


class NamedTests(BrowserCase):
    """Servers that the user names."""

    def test_elsewhere(self) -> None:
        """In no member's hands: asked from whatever address, and there without a party, too."""
        self.world.client.servers["192.0.2.7", 27960] = answering("Far")
        self.browser.keep(Marks(named=(Named(MarkKey("192.0.2.7", 27960, "openarena"), "mine"),)))
        self.world.session = None
        self.world.run(2.0)
        server = self.world.only()
        self.assertEqual(("Far", "it answered at its address"), (server.facts.name, server.verdict.reason))
        self.assertIn(("quake3", "192.0.2.7", 27960, None), self.world.client.asked)
        self.assertEqual(["mine"], [each.name for each in self.browser.listed()])
        self.browser.keep(Marks())
        self.assertEqual((), self.browser.all())

    def test_of_an_absent_member(self) -> None:
        """It is listed when that member is in the party."""
        self.browser.keep(Marks(named=(Named(MarkKey("dd" * 32, 5)),)))
        self.assertEqual((), self.browser.all())
        self.world.members[bytes.fromhex("dd" * 32)] = MemberPlace("10.66.0.9", "Eve")
        self.world.run(LOOK)
        self.assertEqual(("10.66.0.9", 5), self.world.only().key)


class ListeningTests(BrowserCase):
    """Who follows the list."""

    def test_listeners(self) -> None:
        """Each change once; one that fails harms no other; none after its end."""
        seen: list[object] = []

        def fail(change: object) -> None:
            raise RuntimeError(change)

        ends = [self.browser.listen(fail), self.browser.listen(seen.append)]
        self.host(HOSTS_ARENA)
        self.world.run(0.5)
        self.assertEqual([ServerAdded, ServerChanged], [type(each) for each in seen])
        self.assertEqual(2, len(self.flushLoggedErrors(RuntimeError)))
        for end in ends:
            end()
        self.host()
        self.assertEqual(2, len(seen))

    def test_look(self) -> None:
        """Who asks for the list waits for servers that were not asked yet, and a second at most."""
        self.world.client.holding = True
        self.host(HOSTS_ARENA)
        looking = self.browser.look()
        self.world.run(0.5)
        self.assertNoResult(looking)
        self.world.client.release()
        self.successResultOf(looking)
        self.successResultOf(self.browser.look())
        self.host(HOSTS_ARENA, member=CARA)
        looking = self.browser.look()
        self.world.run(LOOK)
        self.successResultOf(looking)

    def test_watched(self) -> None:
        """A list that is looked at is asked for twice as often."""
        self.host(HOSTS_ARENA)
        self.world.run(20.0)
        idle = len(self.world.client.asked)
        self.browser.look()
        self.world.run(20.0)
        self.assertGreater(len(self.world.client.asked) - idle, 1.7 * idle)

    def test_stop(self) -> None:
        """What is under way is given up, and nothing is left in the clock."""
        self.world.client.holding = True
        self.host(HOSTS_ARENA)
        self.world.run(0.5)
        looking = self.browser.look()
        self.browser.stop()
        self.successResultOf(looking)
        self.assertEqual((1, ()), (self.world.client.given_up, self.browser.all()))

    def test_metrics(self) -> None:
        """The list by how it is known, questions, announcements."""
        self.host(HOSTS_ARENA)
        self.host(HOSTS_ARENA, member=CARA)
        ana = self.world.room.guests[0]
        ana.send(source_port=4000, destination=GROUP, destination_port=4445, payload=MINECRAFT)
        self.browser.ear.counters.broken["dxx"] = 3
        self.world.run(0.3)
        found = values(metrics_of_servers.servers(self.browser))
        self.assertEqual(
            {"announced": 1.0, "detected": 2.0, "manual": 0.0},
            {labels[0]: value for (name, labels), value in found.items() if name == "lanrage_servers_known"},
        )
        names = ("queries_total", "queries_unanswered_total", "announcements_total", "announcements_shed_total")
        told = [found[f"lanrage_server_{name}", ()] for name in names]
        self.assertEqual([3.0, 2.0, 1.0, 0.0], told)
        self.assertEqual(3.0, found["lanrage_server_parse_failures_total", ("dxx",)])


class ProfilesTests(BrowserCase):
    """The games change."""

    def test_changed(self) -> None:
        """What is known of a game counts from now on."""
        self.world.profiles.put(attrs.evolve(ARENA, name="Arena Game"))
        self.host(HOSTS_ARENA)
        (listed,) = self.browser.listed()
        self.assertEqual("Arena Game", listed.game)
