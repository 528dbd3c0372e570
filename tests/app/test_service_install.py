"""``lanrage service``: files below a folder of the test's own, and programs that only say that they were called."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli_service import service, shown, told
from lanrage.app.service_install import install, uninstall
from lanrage.app.service_place import Place, shipped
from lanrage.app.service_status import sentence, status
from lanrage.core.service_files import MARK, PIECES
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused

BIN = "/opt/lanrage/bin"
UNITS = "/etc/systemd/system"


class Machine(SynchronousTestCase):
    """A machine with systemd."""

    def setUp(self) -> None:
        """Its folders."""
        self.root = Path(tempfile.mkdtemp(prefix="lanrage-service-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.ran: list[tuple[str, ...]] = []
        self.says: dict[str, str] = {}
        for folder in ("run/systemd/system", "usr/bin", "etc/lanrage"):
            (self.root / folder).mkdir(parents=True)
        for program in ("systemd-sysusers", "systemd-tmpfiles"):
            (self.root / "usr/bin" / program).touch()
        (self.root / "etc/lanrage/server.pub").touch()

    def place(self, **more: Any) -> Place:
        """It, as root sees it."""
        machine = Place(root=self.root, run=self.run_program, bin=BIN, admin=True)
        return attrs.evolve(machine, **more)

    def run_program(self, words: tuple[str, ...]) -> str:
        """Note the call."""
        self.ran.append(words)
        if words[0] == "systemctl" and words[1] == "show":
            return self.says[words[-1]]
        return ""

    def files(self) -> dict[str, str]:
        """What is below /etc, but for the key."""
        found = (path for path in (self.root / "etc").rglob("*") if path.is_file() and path.name != "server.pub")
        return {f"/{path.relative_to(self.root)}": path.read_text(encoding="utf-8") for path in found}


class InstallTests(Machine):
    """``install``."""

    def test_a_node(self) -> None:
        """User, folders, unit; then it is enabled and started."""
        outcome = install(self.place(), ["node"])
        paths = ["/etc/sysusers.d/lanrage.conf", "/etc/tmpfiles.d/lanrage.conf", f"{UNITS}/lanrage-node.service"]
        self.assertEqual(sorted(self.files()), sorted(paths))
        self.assertEqual(outcome.files, [{"path": path, "state": "new"} for path in paths])
        commands = [
            ("systemd-sysusers", paths[0]),
            ("systemd-tmpfiles", "--create", paths[1]),
            ("systemctl", "daemon-reload"),
            ("systemctl", "enable", "--now", "lanrage-node.service"),
        ]
        self.assertEqual((self.ran, outcome.commands), (commands, commands))
        unit = self.root / paths[2][1:]
        self.assertIn(f"\nExecStart={BIN}/twistd --nodaemon", unit.read_text(encoding="utf-8"))
        self.assertEqual(unit.stat().st_mode & 0o777, 0o644)

    def test_again(self) -> None:
        """A second time nothing is written, and what changed is written and started anew."""
        install(self.place(), ["node"])
        self.ran.clear()
        outcome = install(self.place(), ["node"])
        self.assertEqual({row["state"] for row in outcome.files}, {"same"})
        self.assertEqual(self.ran, [("systemctl", "enable", "--now", "lanrage-node.service")])
        install(self.place(bin="/srv/l/bin"), ["node"])
        self.assertEqual(self.ran[-2], ("systemctl", "try-restart", "lanrage-node.service"))
        self.assertIn("/srv/l/bin/twistd", self.files()[f"{UNITS}/lanrage-node.service"])

    def test_dry_run(self) -> None:
        """It tells the same, needs no right and does nothing."""
        planned = install(self.place(admin=False), ["control"], options=["socket"], dry_run=True)
        self.assertEqual((self.files(), self.ran, planned.ran), ({}, [], False))
        done = install(self.place(), ["control"], options=["socket"])
        self.assertEqual((planned.files, planned.commands), (done.files, done.commands))

    def test_socket(self) -> None:
        """systemd gets the port before the server starts, and the server is told where it is."""
        install(self.place(), ["control"], options=["socket"])
        self.assertEqual(
            self.ran[-1], ("systemctl", "enable", "--now", "lanrage-control.socket", "lanrage-control.service")
        )
        drop_in = self.files()[f"{UNITS}/lanrage-control.service.d/socket.conf"]
        self.assertIn("\nEnvironment=LANRAGE_CONTROL_LISTEN=systemd:domain=INET6:index=0\n", drop_in)

    def test_a_relay_without_its_key(self) -> None:
        """It is enabled, not started, and the note says why."""
        (self.root / "etc/lanrage/server.pub").unlink()
        outcome = install(self.place(), ["control", "relay"])
        self.assertEqual(
            self.ran[-2:],
            [
                ("systemctl", "enable", "--now", "lanrage-control.service"),
                ("systemctl", "enable", "lanrage-relay.service"),
            ],
        )
        self.assertIn("/etc/lanrage/server.pub", outcome.words[0])

    def test_not_now(self) -> None:
        """Without a start it is enabled alone."""
        install(self.place(), ["node"], start=False)
        self.assertEqual(self.ran[-1], ("systemctl", "enable", "lanrage-node.service"))

    def test_without_systemd(self) -> None:
        """The files are written, nothing is asked of systemctl, and the note says the command that starts it."""
        (self.root / "run/systemd/system").rmdir()
        (self.root / "usr/bin/systemd-sysusers").unlink()
        outcome = install(self.place(), ["relay"])
        self.assertEqual(self.ran, [("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/lanrage.conf")])
        self.assertEqual(
            outcome.words,
            [
                "systemd-sysusers is not here: make what its file says by hand",
                "systemd does not run here, so nothing was started; by hand: /opt/lanrage/bin/twistd --nodaemon "
                "--pidfile= lanrage relay --state-dir=/var/lib/lanrage/relay --server-key=@/etc/lanrage/server.pub",
            ],
        )

    def test_others_files(self) -> None:
        """What this command did not write is replaced only by force."""
        unit = self.root / UNITS[1:] / "lanrage-node.service"
        unit.parent.mkdir(parents=True)
        unit.write_text("[Unit]\n", encoding="utf-8")
        with self.assertRaises(Refused) as caught:
            install(self.place(), ["node"])
        self.assertEqual(caught.exception.code, "foreign_file")
        self.assertEqual((unit.read_text(encoding="utf-8"), self.ran), ("[Unit]\n", []))
        install(self.place(), ["node"], force=True)
        self.assertTrue(unit.read_text(encoding="utf-8").startswith(MARK))

    def test_beside_the_package(self) -> None:
        """The package's units are left alone; they are enabled all the same."""
        unit = self.root / "usr/lib/systemd/system/lanrage-node.service"
        unit.parent.mkdir(parents=True)
        unit.touch()
        outcome = install(self.place(bin="/home/x/bin"), ["node"])
        self.assertEqual((self.files(), outcome.files), ({}, []))
        self.assertEqual(self.ran, [("systemctl", "enable", "--now", "lanrage-node.service")])

    def test_options_of_a_packaged_server(self) -> None:
        """They are drop-ins beside the package's units, and can be taken back."""
        for unit in ("lanrage-control.service", "lanrage-control.socket"):
            path = self.root / "usr/lib/systemd/system" / unit
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        install(self.place(), ["control"], options=["socket"])
        both = ("lanrage-control.socket", "lanrage-control.service")
        self.assertEqual(list(self.files()), [f"{UNITS}/lanrage-control.service.d/socket.conf"])
        self.assertEqual(
            [words[1:] for words in self.ran],
            [("daemon-reload",), ("stop", "lanrage-control.service"), ("enable", "--now", *both)],
        )
        self.ran.clear()
        uninstall(self.place(), ["control"])
        self.assertEqual(self.files(), {})
        self.assertEqual(
            [words[1:] for words in self.ran],
            [
                ("disable", "--now", "lanrage-control.socket"),
                ("daemon-reload",),
                ("try-restart", "lanrage-control.service"),
            ],
        )

    def test_refused(self) -> None:
        """Nothing is begun that cannot be done."""
        with self.assertRaises(MissingRight):
            install(self.place(admin=False), ["node"])
        for place, roles, options in (
            (self.place(bin="/home/ann/bin"), ["node"], []),
            (self.place(), ["node"], ["kernel"]),
        ):
            with self.assertRaises(BadInput):
                install(place, roles, options=options)  # type: ignore[arg-type]
        self.assertEqual((self.files(), self.ran), ({}, []))


class UninstallTests(Machine):
    """``uninstall``."""

    def test_all(self) -> None:
        """Nothing is left of what was installed but the state; the units are stopped before they go."""
        install(self.place(), ["node", "control", "relay", "agent"], options=["socket", "kernel"])
        self.ran.clear()
        outcome = uninstall(self.place(), ["node", "control", "relay", "agent"])
        self.assertEqual(self.files(), {})
        self.assertEqual(list((self.root / UNITS[1:]).iterdir()), [])
        units = ("control.socket", "relay.service", "control.service", "node.service")
        self.assertEqual(self.ran[0], ("systemctl", "disable", "--now", *(f"lanrage-{unit}" for unit in units)))
        self.assertEqual(self.ran[1:], [("systemctl", "daemon-reload"), ("systemctl", "reset-failed", "lanrage-*")])
        self.assertIn("--purge", outcome.words[0])

    def test_one(self) -> None:
        """What another still needs stays."""
        install(self.place(), ["node", "control"])
        uninstall(self.place(), ["node"])
        self.assertIn(f"{UNITS}/lanrage-control.service", self.files())
        self.assertIn("/etc/sysusers.d/lanrage.conf", self.files())
        self.assertNotIn(f"{UNITS}/lanrage-node.service", self.files())

    def test_purge(self) -> None:
        """State and user go with the last service, and not before."""
        install(self.place(), ["node", "control"])
        with self.assertRaises(Refused) as caught:
            uninstall(self.place(), ["node"], purge=True)
        self.assertEqual(caught.exception.code, "services_left")
        uninstall(self.place(), ["node", "control"], purge=True)
        folders = ("rm", "-rf", "/var/lib/lanrage", "/etc/lanrage", "/run/lanrage")
        self.assertEqual(self.ran[-1], folders)
        (self.root / "etc/passwd").write_text(
            "root:x:0:0\nlanrage:x:1000:1000::/home/lanrage:/bin/sh\n", encoding="utf-8"
        )
        uninstall(self.place(), ["node"], purge=True)
        self.assertEqual(self.ran[-1], folders, "a person who happens to have the name is not ours to remove")
        ours = "root:x:0:0\nlanrage:x:967:967:LANrage:/var/lib/lanrage:/usr/sbin/nologin\n"
        (self.root / "etc/passwd").write_text(ours, encoding="utf-8")
        uninstall(self.place(), ["node"], purge=True)
        self.assertEqual(self.ran[-2:], [folders, ("userdel", "lanrage")])

    def test_nothing(self) -> None:
        """Where nothing was installed nothing is done."""
        outcome = uninstall(self.place(), ["node", "control", "relay", "agent"])
        self.assertEqual((outcome.files, outcome.commands, outcome.words), ([], [], []))

    def test_own_drop_ins_stay(self) -> None:
        """What an administrator put beside ours is kept."""
        install(self.place(), ["relay"], options=["kernel"])
        own = self.root / UNITS[1:] / "lanrage-relay.service.d" / "override.conf"
        own.write_text("[Service]\n", encoding="utf-8")
        uninstall(self.place(), ["relay"])
        self.assertEqual(list(self.files()), [f"{UNITS}/lanrage-relay.service.d/override.conf"])


class StatusTests(Machine):
    """``status``."""

    def status(self, *sockets: str, **more: Any) -> dict[str, Any]:
        """The machine's, with somebody at `sockets`."""
        return status(self.place(**more), lambda path: path in sockets)

    def test_with_systemd(self) -> None:
        """What it says, as values; what it does not know is nothing."""
        install(self.place(), ["node"])
        running = (
            "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nMainPID=7\nNRestarts=2\n"
        )
        running += "MemoryCurrent=73400320\nStatusText=node: idle\nActiveEnterTimestamp=Sat\nResult=success\n"
        absent = "LoadState=not-found\nActiveState=inactive\nMainPID=0\nMemoryCurrent=18446744073709551615\n"
        self.says = {f"lanrage-{role}.service": absent for role in ("control", "relay")}
        self.says["lanrage-node.service"] = running
        result = self.status()
        node, control, _ = result["services"]
        self.assertEqual((node["by"], node["pid"], node["restarts"], node["memory"]), ("install", 7, 2, 73400320))
        self.assertEqual((control["file"], control["memory"]), ("", None))
        self.assertEqual(
            sentence(node, True),
            "node: active (running), since Sat, process 7, 70 MiB, started again 2 times, at each start of the machine",
        )
        self.assertEqual(sentence(control, True), "control: not installed")

    def test_without_systemd(self) -> None:
        """It is said, and who answers."""
        (self.root / "run/systemd/system").rmdir()
        result = self.status("/run/lanrage/node.sock")
        self.assertEqual(self.ran, [])
        self.assertIn("systemd does not run here", result["why"])
        self.assertEqual(
            [sentence(row, False) for row in result["services"]],
            [
                "node: a process answers at /run/lanrage/node.sock; no unit",
                "control: not installed",
                "relay: not installed",
            ],
        )

    def test_a_systemctl_that_fails(self) -> None:
        """Costs its words alone."""
        install(self.place(), ["node"])

        def fails(words: tuple[str, ...]) -> str:
            raise LanrageError("no bus")

        node = self.status(run=fails)["services"][0]
        self.assertEqual(sentence(node, True), "node: unknown (?), unit is not known")


class CommandTests(SynchronousTestCase):
    """The command line."""

    def test_dry_run_here(self) -> None:
        """On this very machine: nothing is asked, and each file is named."""
        result = CliRunner().invoke(service, ["install", "node", "relay", "--dry-run", "--json"])
        answer = json.loads(result.stdout)
        if "error" in answer:  # an environment below /home, or units that somebody wrote by hand
            self.assertIn(answer["error"]["code"], ("bad_input", "foreign_file"))
        else:
            self.assertEqual((result.exit_code, answer["ran"]), (0, False))

    def test_words(self) -> None:
        """All is told: what was done, what would be, and that there was nothing to do."""
        with tempfile.TemporaryDirectory(prefix="lanrage-words-") as folder:
            place = Place(root=Path(folder), run=lambda words: "", bin=BIN, admin=True)
            lines = Lines()
            told(lines, install(place, ["agent"], dry_run=True))  # type: ignore[arg-type]
            told(lines, install(place, ["agent"]))  # type: ignore[arg-type]
            told(lines, uninstall(place, ["node"]))  # type: ignore[arg-type]
            shown(lines, {"why": "because", "systemd": False, "services": []})  # type: ignore[arg-type]
        path = "/etc/systemd/user/lanrage-agent.service"
        said = [line for line in lines.lines if not line.startswith("note: ")]
        wanted = [f"would write {path}", f"wrote {path}", "There was nothing to do.", "because"]
        self.assertEqual(said, wanted)

    def test_every_piece_is_shipped(self) -> None:
        """Each file of the table is in the package."""
        for piece in PIECES:
            self.assertIn("\n", shipped(piece.source))


class Lines:
    """A screen that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str, style: str = "") -> None:
        """Keep one."""
        self.lines.append(text)
