"""``lanrage run`` with real nodes: through a crash and a stop of the node, and with a node that has no right at all."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns, roles, teardown
from lanrage.lab.folder import Folder, Record
from lanrage.lab.lab import up
from lanrage.lab.node_call import call, listening
from lanrage.lab.process import end
from tests.lab.bare import own

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")]

ROOT = Path(__file__).resolve().parents[2]
LANRAGE = (sys.executable, "-c", "from lanrage.app.cli import main; main()")
DEADLINE_S = 60.0


def wait_for(what: str, seen: Callable[[], bool]) -> None:
    """Look until something is so."""
    limit = time.monotonic() + DEADLINE_S
    while not seen():
        assert time.monotonic() < limit, f"{what} did not come"
        time.sleep(0.1)


class RunTests(SynchronousTestCase):
    """Two hosts in a party."""

    def setUp(self) -> None:
        """Bring them up."""
        self.base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        name = own("trun")
        self.addCleanup(teardown.down, name, Folder.of(name, self.base))
        self.lab, _ = up(Record(name, ("open", "open")), self.base)
        self.one, self.two = self.lab.plan.hosts
        self.addresses = self.lab.addresses()
        self.broadcast = self.addresses["h1"].rpartition(".")[0] + ".255"
        self.socket = roles.node_socket(self.lab.folder, self.one)

    def program(self, space: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start one in a host's namespace; it is ended after the test."""
        with netns.entered(space):
            started = subprocess.Popen(  # pylint: disable=consider-using-with
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            )
        self.addCleanup(self.finish, started)
        return started

    def finish(self, started: subprocess.Popen[str]) -> None:
        """End it by its own way, and wait."""
        started.terminate()
        assert started.stdin is not None
        assert started.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            started.stdin.close()
        started.wait(20)
        started.stdout.close()

    def play(self, space: str, socket: Path, name: str) -> subprocess.Popen[str]:
        """A game in a room."""
        words = (*LANRAGE, "--socket", str(socket), "run", "--", *self.probe(name))
        game = self.program(space, *words)
        self.assertEqual(json.loads(self.line(game))["cards"], ["lo", "eth0"])
        return game

    def probe(self, name: str) -> tuple[str, ...]:
        """The game."""
        return (sys.executable, str(ROOT / "tests" / "room_probe.py"), name, self.broadcast)

    def line(self, started: subprocess.Popen[str]) -> str:
        """Its next line."""
        assert started.stdout is not None
        self.assertTrue(select.select([started.stdout], [], [], DEADLINE_S)[0], "it said nothing")
        return started.stdout.readline()

    def tell(self, started: subprocess.Popen[str], command: str) -> None:
        """Type a command."""
        assert started.stdin is not None
        started.stdin.write(command + "\n")

    def visit(self, guest: subprocess.Popen[str], host: subprocess.Popen[str], its: str, mine: str) -> None:
        """By UDP and TCP, and by broadcast."""
        self.tell(guest, f"visit {its}")
        said = [json.loads(self.line(guest))[0] for _ in range(3)]
        self.assertEqual(said, ["answer", "answer", "tcp"])
        self.assertEqual(json.loads(self.line(host))[2], mine)
        self.tell(guest, "announce")
        self.assertEqual(sorted(json.loads(self.line(host))[2] for _ in range(2)), [mine, mine])

    def standing(self) -> bool:
        """Whether the first host has anything of a room."""
        with netns.entered(self.one.netns):
            shown = [netns.run(["ip", "-br", "link"]), netns.run(["nft", "list", "tables"])]
        return "lanrage0-room" in shown[0] or "lanrage_room" in shown[1]

    def test_restarts(self) -> None:
        """The card comes back after a crash of the node, and after a stop, which leaves nothing behind."""
        outside = self.program(self.two.netns, *self.probe("outside"))
        self.line(outside)
        game = self.play(self.one.netns, self.socket, "inside")
        ours, theirs = self.addresses["h1"], self.addresses["h2"]
        for ending in (signal.SIGKILL, signal.SIGTERM):
            process = roles.running(self.lab.folder, "h1")
            assert process is not None
            end([process], first=ending)
            self.assertEqual(self.standing(), ending == signal.SIGKILL)
            self.lab.start(["h1"])
            wait_for("the card", self.in_room)
            wait_for("a path", lambda: self.lab.show()["pairs"][0]["path"] == "direct")
            self.tell(game, f"visit {theirs}")
            self.assertEqual([json.loads(self.line(game))[0] for _ in range(3)], ["answer", "answer", "tcp"])
            self.assertEqual(json.loads(self.line(outside)), ["visitor", "inside", ours])
        game.terminate()
        self.assertEqual(game.wait(20), 128 + signal.SIGTERM)
        wait_for("the end of the room", lambda: not self.standing())

    def test_internet(self) -> None:
        """With --internet the room reaches other machines, by a card that forwards no longer than that."""
        visit = "import socket; socket.create_connection(('203.0.113.1', 7766), 5); print('there'); input()"
        words = (*LANRAGE, "--socket", str(self.socket), "run", "--internet", "--", sys.executable, "-c", visit)
        game = self.program(self.one.netns, *words)
        self.assertEqual(self.line(game), "there\n")
        self.assertEqual(self.forwards(), "1\n")
        self.tell(game, "enough")
        self.assertEqual(game.wait(20), 0)
        wait_for("the end of the room", lambda: not self.standing())
        wait_for("the end of forwarding", lambda: self.forwards() == "0\n")

    def forwards(self) -> str:
        """Whether the first host's card passes on what is for others."""
        with netns.entered(self.one.netns):
            return Path("/proc/sys/net/ipv4/conf/eth0/forwarding").read_text(encoding="ascii")

    def in_room(self) -> bool:
        """Whether the node has plugged its card in, and the process inside set it up."""
        with netns.entered(self.one.netns):
            return "lanrage_room" in netns.run(["nft", "list", "tables"])

    @pytest.mark.needs("slirp4netns")
    def test_own_node(self) -> None:
        """A node in namespaces of a user's own joins by its own way out, and gives a game its room."""
        runtime = self.base / "own"
        runtime.mkdir()
        log = runtime / "log"
        self.addCleanup(lambda: print(log.read_text(encoding="utf-8")))  # pytest shows it where the test fails
        options = ("--wireguard-port", "51999", "--tunnel-device", f"lrown{os.getpid()}"[:15], "--log-file", str(log))
        folders = {"XDG_RUNTIME_DIR": str(runtime), "XDG_DATA_HOME": str(runtime / "data")}
        self.program(self.one.netns, *LANRAGE, "own-node", *options, **folders)
        socket = runtime / "lanrage" / "node.sock"
        wait_for("the node", lambda: listening(socket))
        mine = call(socket, "party.join", code=self.lab.record.code, member_name="own").result["address"]
        outside = self.program(self.two.netns, *self.probe("outside"))
        self.line(outside)
        theirs = self.addresses["h2"]

        def direct() -> bool:
            peers = call(socket, "paths").result["peers"]
            return any(peer["address"] == theirs and peer["path"] == "direct" for peer in peers)

        wait_for("a path", direct)
        game = self.play(self.one.netns, socket, "own")
        self.visit(game, outside, theirs, mine)
        self.assertFalse(self.standing())  # all of it is in the user's own namespaces
