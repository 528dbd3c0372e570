"""A console on one member's LAN plays with members elsewhere: real cards, real forwarding, no loop."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.lan_hosts import LanHost, Program, lan_hosts, wait_for
from tests.lan_room import counters, room, wait_for_neighbours
from tests.namespaces import Namespace

ALL = "255.255.255.255"
PORT = 6000
CONSOLE = "192.168.9.50"
NODE = "192.168.9.11"


def game(host: LanHost, port: int = PORT) -> Program:
    """A game on a machine."""
    made = host.run(sys.executable, "-m", "tests.lan_console", str(port))
    assert json.loads(made.line()) == ["ready"]
    return made


def tell(program: Program, *words: object) -> None:
    """Let a game do something."""
    assert program.process.stdin is not None
    program.process.stdin.write(" ".join(map(str, words)) + "\n")
    program.process.stdin.flush()


def heard(program: Program) -> list[Any]:
    """The next thing that a game tells."""
    told: list[Any] = json.loads(program.line())
    return told


@contextlib.contextmanager
def console(where: Any, stack: contextlib.ExitStack, number: int = 50, port: int = PORT) -> Any:
    """A machine without LANrage in the room, with its game."""
    space = stack.enter_context(contextlib.closing(Namespace()))
    where.plug(space, number)
    made = Program(space, sys.executable, "-m", "tests.lan_console", str(port))
    stack.callback(made.end)
    assert json.loads(made.line()) == ["ready"]
    yield made


@pytest.mark.needs("root", "tun", "ip", "nft")
class BridgeTests(SynchronousTestCase):
    """One member bridges; a second one elsewhere, a third in the same room as the console."""

    def test_console(self) -> None:
        """Announcements, questions and answers, calls: both ways, each once."""
        with room() as here, lan_hosts(3) as (one, two, three), contextlib.ExitStack() as stack:
            here.plug_member(one)
            here.plug_member(three)
            one.space.run("sysctl -qw net.ipv4.ip_forward=0")
            with console(here, stack) as box:
                planes = [
                    one.start_plane([2, 3], BRIDGE="eth0", BRIDGE_DEVICE=CONSOLE),
                    two.start_plane([1, 3]),
                    three.start_plane([1, 2]),
                ]
                wait_for_neighbours(planes[0], 1)
                wait_for_neighbours(planes[2], 1)
                self.assertEqual(one.space.run("cat /proc/sys/net/ipv4/conf/eth0/forwarding").strip(), "1")
                far, near, mine = game(two), game(three), game(one, PORT + 1)
                tell(box, "say", "console", ALL, PORT)
                self.assertEqual(heard(far), ["udp", "console", one.address, PORT])
                self.assertEqual([heard(near), heard(box)], 2 * [["udp", "console", CONSOLE, PORT]])
                tell(far, "say", "far", ALL, PORT)
                told = [heard(far), heard(box), heard(near)]
                self.assertEqual(
                    told,
                    [["udp", "far", two.real, PORT], ["udp", "far", NODE, PORT], ["udp", "far", two.address, PORT]],
                )
                tell(box, "say", "reply", NODE, PORT)
                self.assertEqual(heard(far), ["udp", "reply", one.address, PORT])
                tell(far, "say", "again", one.address, PORT)
                self.assertEqual(heard(box), ["udp", "again", NODE, PORT])
                tell(box, "call", "dial", NODE, PORT)
                self.assertEqual(heard(far)[:3], ["tcp", "dial", one.address])
                self.assertEqual(heard(box), ["answer", "got dial"])
                tell(far, "call", "back", one.address, PORT)
                self.assertEqual(heard(box)[:3], ["tcp", "back", NODE])
                self.assertEqual(heard(far), ["answer", "got back"])
                tell(far, "call", "mine", one.address, PORT + 1)
                self.assertEqual(heard(mine)[:2], ["tcp", "mine"])
                counted = [counters(plane) for plane in planes]
                self.assertEqual((counted[0]["bridge_carried"], counted[0]["bridge_shown"]), (1, 1))
                self.assertEqual([each["injected_packets"] for each in counted], [1, 1, 1])
                planes[0].end()
                self.assertEqual(one.space.run("cat /proc/sys/net/ipv4/conf/eth0/forwarding").strip(), "0")
                self.assertNotIn("lanrage", one.space.run("nft list tables"))

    @pytest.mark.lab
    def test_any_device(self) -> None:
        """Nobody is named: questions by broadcast are answered both ways, and who answered is reached anew."""
        with room() as here, lan_hosts(2) as (one, two), contextlib.ExitStack() as stack:
            here.plug_member(one)
            with console(here, stack) as box:
                plane = one.start_plane([2], BRIDGE="eth0")
                two.start_plane([1])
                far = game(two, PORT + 5)
                wait_for("the bridge to see the console", lambda: self.asks(box, plane))
                while heard(far)[1] != "last":
                    pass
                tell(far, "say", "who?", ALL, PORT)
                self.assertEqual(heard(box), ["udp", "who?", NODE, PORT + 5])
                tell(box, "say", "me!", NODE, PORT + 5)
                self.assertEqual(heard(far), ["udp", "me!", one.address, PORT])
                other = game(two, PORT + 6)
                tell(other, "say", "join", one.address, PORT)
                self.assertEqual(heard(box), ["udp", "join", NODE, PORT + 6])
                tell(box, "say", "welcome", NODE, PORT + 6)
                self.assertEqual(heard(other), ["udp", "welcome", one.address, PORT])
                tell(other, "call", "ssh", one.address, 22)
                self.assertEqual(heard(other), ["answer", "none: ConnectionRefusedError"])
                plane.process.kill()
                plane.process.wait()
                self.assertNotIn("lanrage", one.space.run("nft list tables"))

    @pytest.mark.lab
    def test_card_blinks(self) -> None:
        """A card that is down for a moment, too short for a look to see it, is bridged again."""
        with room() as here, lan_hosts(2) as (one, two), contextlib.ExitStack() as stack:
            here.plug_member(one)
            with console(here, stack) as box:
                plane = one.start_plane([2], BRIDGE="eth0", BRIDGE_DEVICE=CONSOLE)
                two.start_plane([1])
                far = game(two, PORT + 5)
                wait_for("the bridge to see the console", lambda: self.asks(box, plane))
                before = counters(plane)["bridge_carried"]
                one.space.run("ip link set eth0 down; ip link set eth0 up")
                wait_for("the bridge to see it again", lambda: self.carries_more(box, plane, before))
                while heard(far)[1] != "again":
                    pass

    def carries_more(self, box: Program, plane: Program, before: int) -> bool:
        """The console speaks; whether the bridge carried that, too."""
        tell(box, "say", "again", ALL, PORT + 5)
        return counters(plane)["bridge_carried"] > before + 1

    def asks(self, box: Program, plane: Program) -> bool:
        """The console speaks; whether the bridge carried that."""
        carried = counters(plane)["bridge_carried"] > 0
        tell(box, "say", "last" if carried else "first", ALL, PORT + 5)
        return carried
