"""Full nodes: a game's ports, keepalive, MTU and marks stand within a second, and are gone with it, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, roles, teardown, wireguard
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import Lab, up
from lanrage.lab.process import end, wait_for
from tests.lab.bare import own

PATIENCE_S = 30.0
AIM_S = 1.0
QUIET_S = 0.5
"""What was sent has arrived by then."""
ETH_P_IP = 0x0800
WIREGUARD_DATA = 4
"""The first byte of a message with data (WireGuard paper, section 5.4.6); handshakes have a mark of their own."""
CS4 = 32
KEEPALIVE_S = 7
PROGRAM = "tag-party-server"
PROFILE = f"""
[sources]
me = "a test"

[[game]]
id = "tag"
name = "Tag Party"
confidence = "high"
executables = [{{ platform = "linux", names = ["{PROGRAM}"], source = "me" }}]
ports = [{{ ports = "40000/udp", role = "game", source = "me" }}]
keepalive = {{ seconds = {KEEPALIVE_S}, source = "me" }}
mtu = {{ bytes = 1400, source = "me" }}
traffic = {{ name = "realtime", source = "me" }}
"""
SERVER = "import socket; each = socket.socket(type=socket.SOCK_DGRAM); each.bind(('', 40000)); each.recv(1)"
"""The game: it waits at its port."""


@attrs.frozen
class Seen:
    """What the kernel and WireGuard say of a host.

    :param port: the party firewall lets the game's port in.
    :param marks: the table that marks is there.
    :param kept: the link has the game's keepalive; without one it has what is known of the routers by then.
    """

    port: bool
    marks: bool
    mtu: int
    kept: bool


USUAL, TUNED = Seen(False, False, 1280, False), Seen(True, True, 1400, True)


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class GameEffectsTests(SynchronousTestCase):
    """Two hosts without routers; the first has the game."""

    name = own("tgames")

    def setUp(self) -> None:
        """A party of two; nothing runs."""
        self.base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        (self.base / "mine").mkdir()
        (self.base / "mine" / "tag.toml").write_text(PROFILE, encoding="utf-8")
        self.program = self.base / PROGRAM
        shutil.copy(Path(sys.executable).resolve(), self.program)
        self.folder = Folder.of(self.name, self.base)
        self.addCleanup(teardown.down, self.name, self.folder)
        options = ("--game-profiles", str(self.base / "mine"), "--lan-exposure", "games", "--game-poll", "1")
        self.lab: Lab = up(Record(self.name, ("open", "open"), node_options=options), self.base)[0]
        self.one, self.other = self.lab.plan.hosts
        self.meet()
        self.assertEqual(self.seen(), USUAL)

    def meet(self) -> None:
        """Wait until the link has a keepalive."""

        def kept() -> bool:
            try:
                self.seen()
                return any(peer.keepalive > 0 for peer in wireguard.state(self.one).peers.values())
            except (netns.LabError, ValueError):  # no device yet, or no peer
                return False

        wait_for("the keepalive", kept, PATIENCE_S)

    def seen(self) -> Seen:
        """Of the first host, now."""
        with netns.entered(self.one.netns):
            rules = netns.run(["nft", "list", "ruleset"])
            device = netns.run(["ip", "-o", "link", "show", self.one.tunnel_device])
        (peer,) = wireguard.state(self.one).peers.values()
        mtu = int(device.partition(" mtu ")[2].split()[0])
        return Seen("udp . 40000" in rules, "lanrage-games" in rules, mtu, peer.keepalive == KEEPALIVE_S)

    def within(self, what: str, wanted: Seen, since: float) -> float:
        """Seconds from a moment until all is as wanted."""
        wait_for(what, lambda: self.seen() == wanted, PATIENCE_S)
        return time.monotonic() - since

    def outer_marks(self) -> set[int]:
        """Class bytes of WireGuard's data packets from the first host, as they arrive at the other."""
        address = self.lab.addresses()[self.other.name]
        with netns.entered(self.other.netns):
            card = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        with card:
            card.settimeout(QUIET_S)
            with netns.entered(self.one.netns):
                game = socket.socket(type=socket.SOCK_DGRAM)
            with game:
                for _ in range(3):
                    game.sendto(bytes(40), (address, 9))
            found: set[int] = set()
            try:
                while True:
                    packet = card.recv(2048)
                    ports = int.from_bytes(packet[20:22], "big"), packet[28]
                    if packet[9] == socket.IPPROTO_UDP and ports == (self.one.wireguard_port, WIREGUARD_DATA):
                        found.add(packet[1])
            except TimeoutError:
                return found

    def sentences(self) -> list[str]:
        """Who plays what, at the other host."""
        told: list[str] = self.lab.call(self.other, "status")["games"]
        return told

    def start_game(self) -> subprocess.Popen[bytes]:
        """The program runs in the first host."""
        environment = {**os.environ, "PYTHONHOME": sys.base_prefix}
        with netns.entered(self.one.netns):
            game = subprocess.Popen(  # pylint: disable=consider-using-with  # it lives as long as the test
                [str(self.program), "-c", SERVER], env=environment
            )
        self.addCleanup(game.wait)
        self.addCleanup(game.kill)
        return game

    def timed(self, what: str, wanted: Seen, do: Callable[[], Any]) -> None:
        """It is as wanted within a second of the change."""
        begin = time.monotonic()
        do()
        took = self.within(what, wanted, begin)
        self.assertLess(took, AIM_S * float(os.environ.get("LANRAGE_TEST_PATIENCE", "1")), what)

    def test_life(self) -> None:
        """The user's word, then a program that is killed, then a node that is killed."""
        self.timed("what the game changes", TUNED, lambda: self.lab.call(self.one, "games.play", game="tag"))
        self.assertEqual(self.outer_marks(), {CS4 << 2})
        self.timed("its end", USUAL, lambda: self.lab.call(self.one, "games.play", game="tag", stop=True))
        self.assertEqual(self.outer_marks(), {0})
        game = self.start_game()
        self.within("a program", TUNED, time.monotonic())
        wait_for("presence", lambda: self.sentences() == [f"{self.one.name} hosts Tag Party"], PATIENCE_S)
        game.kill()
        self.within("the program's end", USUAL, time.monotonic())
        wait_for("no presence", lambda: self.sentences() == [], PATIENCE_S)
        self.crash()

    def crash(self) -> None:
        """A killed node's table is gone at once, its next start makes all from nothing; a stop leaves nothing."""
        game = self.start_game()
        self.within("the program", TUNED, time.monotonic())
        process = roles.running(self.folder, self.one.name)
        assert process is not None
        end([process], first=signal.SIGKILL)
        self.assertFalse(self.tables("lanrage-games"))
        game.kill()
        started = roles.start(self.folder, self.lab.plan, self.one.name)
        roles.wait_ready(self.folder, self.lab.plan, [started])
        self.meet()
        self.assertEqual(self.seen(), USUAL)
        self.lab.call(self.one, "games.play", game="tag")
        self.within("the game again", TUNED, time.monotonic())
        end([started], first=signal.SIGTERM)
        self.assertFalse(self.tables("lanrage"))

    def tables(self, name: str) -> bool:
        """Whether the first host has a table of such a name."""
        with netns.entered(self.one.netns):
            return name in netns.run(["nft", "list", "tables"])
