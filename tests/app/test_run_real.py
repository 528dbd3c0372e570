"""``lanrage run`` between network namespaces, with unmodified sockets and without any right."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.lan_hosts import LanHost, Program, lan_hosts, wait_for

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
BROADCAST = "10.66.0.255"
LANRAGE = (sys.executable, "-c", "from lanrage.app.cli import main; main()")
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", "--regid=0", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
"""Another user, in the group of the node's socket."""


def without_rights() -> tuple[str, ...]:
    """The words that run a program as a user without rights."""
    words = AS_NOBODY
    if which("setpriv") is None or subprocess.run([*words, sys.executable, "-c", "pass"], check=False).returncode:
        raise SkipTest("another user cannot run this Python")
    return words


class Host:
    """A member with the node's part of ``lanrage run``."""

    def __init__(self, host: LanHost, folder: Path, others: list[int]) -> None:
        self.host, self.folder = host, folder
        members = [f"10.66.0.{number}" for number in others]
        words = (sys.executable, "-m", "tests.room_process", f"{host.address}/24", str(folder), *members)
        self.node = host.run(*words, REAL_ADDRESS=f"{host.real}/24")
        assert self.node.line() == "ready"
        for member in members:
            host.space.run(f"ip route add {member}/32 dev lrtun src {host.address}")

    def play(self, *words: str, prefix: tuple[str, ...] = ()) -> Program:
        """``lanrage run``."""
        socket = str(self.folder / "run" / "node.sock")
        return self.host.run(*prefix, *LANRAGE, "--socket", socket, "run", *words, PYTHONPATH=str(ROOT))

    def standing(self) -> tuple[bool, bool]:
        """Whether there are a room's card and a room's table."""
        cards = self.host.space.run("ip -br link")
        return "lanrage0-room" in cards, "lanrage_room" in self.host.space.run("nft list tables")


def tell(program: Program, command: str) -> None:
    """Type a command."""
    assert program.process.stdin is not None
    program.process.stdin.write(command + "\n")
    program.process.stdin.flush()


def heard(program: Program, count: int) -> list[list[object]]:
    """What it said, in any order."""
    return sorted(json.loads(program.line()) for _ in range(count))


@pytest.mark.needs("root", "tun", "ip", "nft")
class RunTests(SynchronousTestCase):
    """One member plays in a room, the other on its machine."""

    def setUp(self) -> None:
        """Two members; the first has the node's part."""
        made = TemporaryDirectory(prefix="lanrage-run-")  # pylint: disable=consider-using-with  # by enterContext
        folder = Path(self.enterContext(made))
        folder.chmod(0o755)
        one, two = self.enterContext(lan_hosts(2))
        self.one, self.two = Host(one, folder, [2]), two
        two.start_plane([1])

    def probe(self, name: str, *shift: str) -> tuple[str, ...]:
        """The game."""
        python = which("python3", path="/usr/bin") or sys.executable
        return (python, str(ROOT / "tests" / "room_probe.py"), name, BROADCAST, *shift)

    def ended(self, program: Program, status: int) -> None:
        """It ends so, and nothing is left."""
        self.assertEqual(program.process.wait(20), status)
        wait_for("the end of the room", lambda: self.one.standing() == (False, False))

    def test_room(self) -> None:
        """The only card is the party's; broadcast, multicast and unicast work both ways; then nothing is left."""
        inside = self.one.play("--", *self.probe("inside"), prefix=without_rights())
        facts = json.loads(inside.line())
        self.assertEqual(facts, {"cards": ["lo", "eth0"], "default": False, "user": NOBODY, "rights": "0" * 16})
        outside = self.two.run(*self.probe("outside"))
        outside.line()
        wait_for("adoption", lambda: self.two.members_on_card() == 1)
        for teller, hearer, name, address in (
            (inside, outside, "inside", "10.66.0.1"),
            (outside, inside, "outside", "10.66.0.2"),
        ):
            for _ in range(2):  # a copy of the first round would show in the second
                tell(teller, "announce")
                wanted = [["game", f"{way} {name}", address, 6000] for way in ("subnet", "unbound")]
                wanted.append(["group", f"group {name}", address, 4445])
                self.assertEqual(heard(hearer, 3), sorted(wanted))
        self.visit(inside, outside, "inside", "outside", "10.66.0.1", "10.66.0.2")
        self.visit(outside, inside, "outside", "inside", "10.66.0.2", "10.66.0.1")
        self.beside()
        assert inside.process.stdin is not None
        inside.process.stdin.close()
        self.ended(inside, 0)
        game = self.one.play("--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done")
        self.assertEqual(game.line(), "up")
        game.process.send_signal(signal.SIGTERM)
        self.ended(game, 9)
        # Nothing is left to undo, and no capture saw what was written into the room.
        self.assertEqual(json.loads(self.one.node.end().splitlines()[-1]), [[], 0])

    def visit(self, guest: Program, host: Program, name: str, other: str, mine: str, its: str) -> None:
        """By UDP, in one packet and in fragments, and by TCP."""
        tell(guest, f"visit {its}")
        answer = f"{other} has ask {name}"
        said = [json.loads(guest.line()) for _ in range(3)]
        large = 4000 + len(f"{other} has ")
        self.assertEqual(
            said,
            [
                ["answer", answer, its, len(answer)],
                ["answer", f"{answer} ", its, large],
                ["tcp", f"{other} greets {name}", mine],
            ],
        )
        self.assertEqual(json.loads(host.line()), ["visitor", name, mine])

    def beside(self) -> None:
        """The machine's own sockets keep what is theirs; a second game is refused, and does not disturb the first."""
        machine, third = self.one.host.run(*self.probe("machine", "1")), self.two.run(*self.probe("third", "1"))
        for program in (machine, third):
            program.line()
        self.visit(third, machine, "third", "machine", "10.66.0.2", "10.66.0.1")
        self.visit(machine, third, "machine", "third", "10.66.0.1", "10.66.0.2")
        second = self.one.play("--", "true")
        self.assertEqual(second.process.wait(20), 1)
        self.assertEqual(self.one.standing(), (True, True))
