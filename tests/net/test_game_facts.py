"""What is read of processes, on real ones."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_match import GameIndex
from lanrage.core.game_programs import ProcessSeen
from lanrage.core.play_ports import Span
from lanrage.net.game_facts import Looks, namespace_of
from lanrage.net.game_first_look import FirstLook, Verdict
from lanrage.net.game_sockets import PortOwners, bound_here, bound_in, listens_of, tree_of
from tests.game_set import GAMES

INDEX = GameIndex(GAMES)
SLEEP = shutil.which("sleep") or "/bin/sleep"


def wait_for_command_line(pid: int) -> None:
    """A process has it a moment after its file; the kernel tells of an exec when both are there."""
    while not Path(f"/proc/{pid}/cmdline").read_bytes():
        pass


class ProcessCase(SynchronousTestCase):
    """Programs from a folder of the test's own."""

    def setUp(self) -> None:
        """The folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-facts-"))
        self.addCleanup(shutil.rmtree, self.folder)
        own = namespace_of("self")
        assert own is not None
        self.looks = Looks(INDEX, frozenset({own}))
        self.first = FirstLook(INDEX)

    def copy(self, name: str, program: str = SLEEP) -> str:
        """A program of this name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            shutil.copy(program, path)
        return str(path)

    @contextmanager
    def runs(self, program: str, *argv: str, **environment: str) -> Iterator[int]:
        """A process, which runs that program when this goes on."""
        words = argv or (program, "30")
        with subprocess.Popen(words, executable=program, env={**os.environ, **environment}) as process:
            try:
                wait_for_command_line(process.pid)
                yield process.pid
            finally:
                process.kill()


class LookTests(ProcessCase):
    """:class:`FirstLook`, :class:`Looks`."""

    def verdict(self, pid: int) -> tuple[Verdict, str | None]:
        """Of both looks; what the second one opened is closed."""
        sighting = self.looks.look(pid)
        if sighting.descriptor >= 0:
            os.close(sighting.descriptor)
        return self.first.look(pid), sighting.result.game if sighting.result is not None else None

    def test_linux(self) -> None:
        """A copy named like a game's program is the game; it says when it began."""
        with self.runs(self.copy("openttd")) as pid:
            self.assertEqual(self.verdict(pid), (Verdict.LOOK, "openttd"))
            sighting = self.looks.look(pid)
            os.close(sighting.descriptor)
            self.assertLess(abs(sighting.since - os.stat(f"/proc/{pid}").st_ctime), 5.0)

    def test_wine(self) -> None:
        """A Windows program is known by the command line, blanks in it included, whatever runs it."""
        loader = self.copy("wine64-preloader")
        with self.runs(loader, r"Z:\games\Among Us\Among Us.exe", "30") as pid:
            self.assertEqual(self.verdict(pid), (Verdict.LOOK, "among-us"))
        with self.runs(self.copy("game.exe"), r"C:\Dungeon\game.exe", "30") as pid:
            self.assertEqual(self.verdict(pid), (Verdict.LOOK, "dungeon"))
        with self.runs(loader, loader, "30") as pid:
            sighting = self.looks.look(pid)
            self.assertEqual((sighting.again, sighting.descriptor), (True, -1))

    def test_steam(self) -> None:
        """The environment names the game, whatever its program is called."""
        with self.runs(self.copy("steamapps/common/Thing/bin/thing"), SteamAppId="322330") as pid:
            self.assertEqual(self.verdict(pid), (Verdict.LOOK, "don-t-starve-together"))
        with self.runs(self.copy("elsewhere/thing"), SteamAppId="322330") as pid:
            self.assertEqual(self.verdict(pid), (Verdict.STRANGER, None))

    def test_script(self) -> None:
        """A script by its name, whose interpreter is somebody else's."""
        script = self.folder / "widelands"
        script.write_text("#!/bin/sh\nread line\n")
        script.chmod(0o755)
        with subprocess.Popen([str(script)], stdin=subprocess.PIPE) as process:
            wait_for_command_line(process.pid)
            self.assertEqual(self.verdict(process.pid), (Verdict.LOOK, "widelands"))
            process.kill()

    def test_no_game(self) -> None:
        """The distribution's programs, a process that is gone, the kernel's threads; no profiles, no interest."""
        with self.runs(SLEEP) as pid:
            self.assertEqual(self.verdict(pid), (Verdict.DISMISS, None))
        self.assertEqual(self.verdict(pid), (Verdict.GONE, None))
        with self.runs(self.copy("openttd")) as pid:
            self.assertEqual(FirstLook(GameIndex()).look(pid), Verdict.DISMISS)
            self.first.use(GameIndex())
            self.assertEqual(self.first.look(pid), Verdict.DISMISS)

    def test_another_network(self) -> None:
        """A process of another network is no game of this card; one of a room is."""
        with self.runs(self.copy("openttd")) as pid:
            self.assertIsNone(Looks(INDEX, frozenset({1})).look(pid).result)
            self.assertTrue(self.looks.is_here(pid))

    def test_without_rights(self) -> None:
        """Another user's process: no file, no network is seen; its names are, and a container's group."""
        proc = self.folder / "proc"
        for pid, group in ((5, "/user.slice"), (6, "/docker/0123")):
            (proc / str(pid)).mkdir(parents=True)
            (proc / str(pid) / "comm").write_text("openttd\n")
            (proc / str(pid) / "cmdline").write_bytes(b"/usr/games/openttd\0-D\0")
            (proc / str(pid) / "cgroup").write_text(f"0::{group}\n")
        looks = Blind(INDEX, frozenset(), str(proc))
        self.assertEqual((looks.is_here(5), looks.is_here(6)), (True, False))
        self.assertEqual(looks.read(5), ProcessSeen(5, "", "openttd", ("/usr/games/openttd", "-D")))

    def test_all(self) -> None:
        """Of all processes those that are games are found, and the strangers among the others."""
        with self.runs(self.copy("openttd")) as game, self.runs(self.copy("whatever")) as stranger:
            found, strangers = self.looks.all()
            for sighting in found:
                if sighting.descriptor >= 0:
                    os.close(sighting.descriptor)
            self.assertIn((game, "openttd"), [(each.pid, each.result.game) for each in found if each.result])
            self.assertIn(stranger, strangers)


@attrs.frozen
class Blind(Looks):
    """Looks of one that may not read the networks of other users."""

    def network(self, pid: int) -> int | None:
        """Refused."""
        del pid
        return None

    def file(self, pid: int) -> str:
        """Refused."""
        del pid
        return ""


class SocketTests(ProcessCase):
    """Where programs listen."""

    PROGRAM = (
        "import socket, sys\n"
        "tcp, udp, inside = socket.create_server(('0.0.0.0', 0)), socket.socket(type=2), socket.socket(type=2)\n"
        "udp.bind(('0.0.0.0', 34567)); inside.bind(('127.0.0.1', 0))\n"
        "print(tcp.getsockname()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )

    @contextmanager
    def server(self, *, orphan: bool = False) -> Iterator[tuple[int, int]]:
        """A program with ports: its process and its TCP port."""
        program = self.copy("whatever", os.path.realpath(sys.executable))
        words = [program, "-c", self.PROGRAM]
        if orphan:  # it is not this process' child, which it would be for nobody but a test
            words = ["sh", "-c", 'exec 3<&0; "$0" -c "$1" <&3 & echo $!', program, self.PROGRAM]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            pid = int(process.stdout.readline()) if orphan else process.pid
            port = int(process.stdout.readline())
            try:
                yield pid, port
            finally:
                watched = os.pidfd_open(pid)
                process.stdin.close()
                select.select([watched], [], [], 10.0)
                os.close(watched)

    def test_listens(self) -> None:
        """TCP and UDP that others reach, and of a child, too; not what hears this machine alone."""
        with self.server() as (pid, port):
            spans = (Span("tcp", port, port), Span("udp", 34567, 34567))
            self.assertEqual(listens_of([pid]), spans)
            self.assertIn(pid, tree_of([os.getpid()]))
            self.assertEqual(sorted(map(str, bound_here())), sorted(map(str, bound_in(f"/proc/{pid}/net"))))
        self.assertEqual((listens_of([pid]), tree_of([pid])), ((), frozenset()))

    def test_owner(self) -> None:
        """A stranger with a game's port is found at the second look; our own family never is."""
        owners = PortOwners()
        with self.server(orphan=True) as (pid, _port):
            self.assertEqual(owners.find(INDEX.wants), [])
            found = {owner.pid: owner for owner in owners.find(INDEX.wants)}
            self.assertEqual(found[pid].ports, frozenset({("udp", 34567)}))
            result = INDEX.ports(found[pid])
            assert result is not None
            self.assertEqual((result.game, result.confidence), ("portly", 0.65))
        with socket.socket(type=socket.SOCK_DGRAM) as ours:
            ours.bind(("0.0.0.0", 34568))
            for _ in range(2):
                self.assertNotIn(os.getpid(), [owner.pid for owner in owners.find(INDEX.wants)])
        with self.server() as (pid, _port):
            for _ in range(2):
                self.assertNotIn(pid, [owner.pid for owner in owners.find(INDEX.wants)])
