"""Sockets that the LAN card does not reach by itself, unmodified, between network namespaces."""

from __future__ import annotations

import json
import signal
import time

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import Game, LanHost, lan_hosts, wait_for
from tests.lan_sockets import GROUP

CARD = "lanrage0"
ALL = "255.255.255.255"
PORT = 6000
LONG = "long ".ljust(1400, ".")
"""More than the tunnel takes at once: IP splits it."""


def seek(seeker: Game, server: Game, text: str = "who plays?", to: str = ALL) -> tuple[str, int]:
    """A broadcast and its answer; returns from where the server saw it."""
    seeker.send(text, to, PORT)
    heard, source, port = server.heard()
    assert heard == text
    server.send(f"I do, {text}", source, port)
    return source, port


@pytest.mark.needs("root", "tun", "ip")
class BoundToCardTests(SynchronousTestCase):
    """SO_BINDTODEVICE=lanrage0."""

    def test_answers(self) -> None:
        """A bound seeker gets the answers of ordinary and bound servers, from the first on and of any length."""
        with lan_hosts(2) as (one, two):
            plane = one.start_plane([2])
            two.start_plane([1])
            for options in ({}, {"device": CARD}):
                server = two.game("", PORT, **options)
                seeker = one.game("", 5555, device=CARD)
                self.assertEqual(seek(seeker, server), (one.address, 5555))
                self.assertEqual(seeker.heard(), ("I do, who plays?", two.address, PORT))
                for text in ("by name", LONG):
                    seeker.send(text, two.address, PORT)
                    self.assertEqual(server.heard(), (text, one.address, 5555))
                    server.send(text, one.address, 5555)
                    self.assertEqual(seeker.heard(), (text, two.address, PORT))
                self.assertEqual((seeker.end(), server.end()), ("", ""))
            counters = json.loads(plane.end().splitlines()[-1])
            sent = ("card_unicast_sent", "card_unicast_heard", "card_unicast_lost", "dropped_unicast")
            self.assertEqual([counters[name] for name in sent], [2 * 3, 2 * 3, 0, 0])
            self.assertGreater(counters["arp_answers"], 0)

    def test_server(self) -> None:
        """A bound server that never sent anything hears a member's datagram, and no refusal answers it."""
        with lan_hosts(2) as (one, two):
            one.start_plane([2])
            two.start_plane([1])
            server, seeker = two.game("", PORT, device=CARD), one.game("", 5555)
            wait_for("the rule", lambda: str(PORT) in two.space.run("nft list ruleset"))
            seeker.send("by name", two.address, PORT)
            self.assertEqual(server.heard(), ("by name", one.address, 5555))
            self.assertEqual(seeker.end(), "")
            server.end()
            wait_for("the end of the rule", lambda: not two.space.run("nft list ruleset"))

    def test_strangers(self) -> None:
        """Nobody answers for an address that is no member's."""
        with lan_hosts(1) as (one,):
            plane = one.start_plane([2])
            game = one.game("", 5555, device=CARD)
            game.send("anybody?", "10.66.0.9", PORT)
            neighbour = "ip neigh show 10.66.0.9 dev lanrage0"
            wait_for("the question", lambda: "INCOMPLETE" in one.space.run(neighbour))
            counters = json.loads(plane.end().splitlines()[-1])
            self.assertEqual(counters["arp_answers"], 0)
            self.assertGreater(counters["dropped_arp"], 0)


@pytest.mark.needs("root", "tun", "ip")
class RealAddressTests(SynchronousTestCase):
    """Games that are bound to the address of a real card."""

    def test_answers(self) -> None:
        """Each of two such seekers gets its answer, and may answer back; ordinary ones stay as they are."""
        with lan_hosts(2) as (one, two):
            plane = one.start_plane([2])
            two.start_plane([1])
            server = two.game("", PORT)
            seekers = [one.game(one.real, port) for port in (5555, 5556)] + [one.game("", 5557)]
            for seeker, port in zip(seekers, (5555, 5556, 5557), strict=True):
                self.assertEqual(seek(seeker, server), (one.address, port))
                self.assertEqual(seeker.heard(), ("I do, who plays?", two.address, PORT))
                for text in ("by name", LONG):
                    seeker.send(text, two.address, PORT)
                    self.assertEqual(server.heard(), (text, one.address, port))
                    server.send(text, one.address, port)
                    self.assertEqual(seeker.heard(), (text, two.address, PORT))
            rules = one.space.run("nft list ruleset")
            self.assertEqual([str(port) in rules for port in (5555, 5556, 5557)], [True, True, False])
            seekers[0].end()
            wait_for("the end of one", lambda: "5555" not in one.space.run("nft list ruleset"))
            # A game that is bound to all addresses takes the port over: nothing is in its way.
            seekers[1].end()
            wait_for("the end of all", lambda: not one.space.run("nft list ruleset"))
            heir = one.game("", 5556)
            self.assertEqual(seek(heir, server), (one.address, 5556))
            self.assertEqual(heir.heard(), ("I do, who plays?", two.address, PORT))
            self.assertEqual(json.loads(plane.end().splitlines()[-1])["sockets_translated"], 0)

    def test_crash(self) -> None:
        """Killed, the node leaves no rule; stopped, neither."""
        with lan_hosts(2) as (one, two):
            two.start_plane([1])
            server = two.game("", PORT)
            for how in (signal.SIGKILL, signal.SIGTERM):
                plane = one.start_plane([2])
                seeker = one.game(one.real, 5555)
                seek(seeker, server)
                self.assertEqual(seeker.heard(), ("I do, who plays?", two.address, PORT))
                self.assertIn("5555", one.space.run("nft list ruleset"))
                plane.process.send_signal(how)
                plane.process.wait()
                self.assertEqual(one.space.run("nft list ruleset"), "")
                seeker.end()

    @pytest.mark.lab
    def test_broadcasts_to_it(self) -> None:
        """It hears no broadcasts, as on a real LAN: Linux gives those to sockets on any address only."""
        with lan_hosts(2) as (one, two):
            one.start_plane([2])
            two.start_plane([1])
            bound, free = two.game(two.real, PORT), two.game("", PORT)
            one.game("", 5555).send("who plays?", ALL, PORT)
            self.assertEqual(free.heard(), ("who plays?", one.address, 5555))
            self.assertEqual(bound.end(), "")


ROUTES = "ip route show dev lanrage0 | grep 4666 || true"


@pytest.mark.needs("root", "tun", "ip")
class RouteTests(SynchronousTestCase):
    """Hosts without a default route."""

    def test_leases(self) -> None:
        """Unbound broadcasts and multicasts reach the party while there is no default route; foreign routes stay."""
        with lan_hosts(2) as (one, two):
            one.space.run("ip route del default")
            plane = one.start_plane([2])
            two.start_plane([1])
            wait_for("the routes", lambda: len(one.space.run(ROUTES).splitlines()) == 2)
            server, member = two.game("", PORT), two.game("", 4445, join=GROUP, hears_all="1", on=two.address)
            seeker = one.game("", 5555)
            self.assertEqual(seek(seeker, server), (one.address, 5555))
            seeker.send("group", GROUP, 4445)
            self.assertEqual(member.heard(), ("group", one.address, 5555))
            one.space.run("ip route add default via 192.168.1.1")
            wait_for("the end of the routes", lambda: not one.space.run(ROUTES))
            self.assertEqual(seek(seeker, server, "by the real card"), (one.address, 5555))
            one.space.run("ip route del default; ip route add 224.0.0.0/4 dev eth0")
            wait_for("one route", lambda: "255.255.255.255" in one.space.run(ROUTES))
            self.assertNotIn("224.0.0.0/4", one.space.run(ROUTES))
            plane.end()
            self.assertIn("224.0.0.0/4 dev eth0", one.space.run("ip route"))
            self.assertEqual(one.space.run("ip route show 255.255.255.255"), "")

    def test_settings(self) -> None:
        """Off leases none; always leases beside a default route, which stays."""
        with lan_hosts(1) as (one,):
            plane = one.start_plane([2], LAN_ROUTES="always")
            wait_for("the routes", lambda: len(one.space.run(ROUTES).splitlines()) == 2)
            self.assertIn("default via", one.space.run("ip route"))
            plane.process.kill()
            plane.process.wait()
            self.assertEqual(one.space.run("ip route show 224.0.0.0/4"), "")
            one.space.run("ip route del default")
            game = one.game("", 5555)
            plane = one.start_plane([2], LAN_ROUTES="off")
            game.send("who plays?", ALL, PORT)
            self.assertEqual(game.heard(), ("ENETUNREACH", "", 0))
            plane.end()


@pytest.mark.needs("root", "tun", "ip")
class CardTests(SynchronousTestCase):
    """Real cards that come, go, and change."""

    def test_changes(self) -> None:
        """A new card's, a new address's and a renamed card's broadcasts are carried at once; each once."""
        with lan_hosts(2) as (one, two):
            one.start_plane([2])
            two.start_plane([1])
            server = two.game("", PORT)
            one.space.run(
                "ip link add eth1 type veth peer name nobody1; ip link set nobody1 up; ip link set eth1 up;"
                "ip addr add 172.20.0.2/24 brd + dev eth1; ip addr add 192.168.77.2/24 brd + dev eth0"
            )
            for number, (address, to) in enumerate(
                [("172.20.0.2", "172.20.0.255"), ("192.168.77.2", "192.168.77.255"), ("", ALL)]
            ):
                self._carried(one, server, f"first {number}", address, to)
            one.space.run("ip link set eth1 down; ip link set eth1 name lan7; ip link set lan7 up")
            self._carried(one, server, "renamed", "172.20.0.2", "172.20.0.255")
            one.space.run("ip link del lan7")
            self._carried(one, server, "last", "192.168.77.2", "192.168.77.255")

    @pytest.mark.lab
    def test_groups_on_other_cards(self) -> None:
        """Members of a group on a second real card hear it once each, whatever IP_MULTICAST_ALL says."""
        with lan_hosts(2) as (one, two):
            one.start_plane([2])
            two.start_plane([1])
            two.space.run(
                "ip link add eth1 type veth peer name nobody1; ip link set nobody1 up; ip link set eth1 up;"
                "ip addr add 172.20.0.2/24 brd + dev eth1"
            )
            games = [
                two.game("", 4445, join=GROUP, hears_all=hears_all, on=card)
                for card in ("172.20.0.2", "0.0.0.0", two.address)
                for hears_all in ("0", "1")
            ]
            wait_for("adoption", lambda: two.members_on_card() == len(games))
            seeker = one.game("", 5555)
            for text in ("one", "two"):
                seeker.send(text, GROUP, 4445)
                self.assertEqual([game.heard() for game in games], [(text, one.address, 5555)] * len(games))
            self.assertEqual([game.end() for game in games], [""] * len(games))

    def _carried(self, one: LanHost, server: Game, text: str, address: str, to: str) -> None:
        """Sent until it is heard, which takes less than the slow look at the addresses; then heard no more."""
        game = one.game(address, 5555)
        began = time.monotonic()
        while True:
            game.send(text, to, PORT)
            if server.says(0.1):
                break
            self.assertLess(time.monotonic() - began, 5.0)
        self.assertEqual(server.heard(), (text, one.address, 5555))
        game.end()
