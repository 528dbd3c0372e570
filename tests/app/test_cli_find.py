"""How the command line finds the process of a role that runs alone, and what it says where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import cli_find
from lanrage.app.cli import main
from lanrage.app.cli_find import SYSTEM_STATE, Wanted, others_here, somebody_at, usual_places
from lanrage.app.config import default_folder
from lanrage.app.role_sockets import SYSTEM_SOCKET
from lanrage.errors import BadInput, LanrageError, Unreachable
from lanrage.store.settings import SettingsFile

ANSWERS: dict[str, Any] = {"tasks": {"plans": []}, "settings.save": {"sets": []}}


NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Another user than root, to whom modes mean nothing; a usual user stays who it is."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


class FindCase(SynchronousTestCase):
    """A folder, and a home that has nothing."""

    def setUp(self) -> None:
        """Nothing is found by chance."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-find-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.home = self.folder / "home"
        self.environment = {"XDG_DATA_HOME": str(self.home), "XDG_RUNTIME_DIR": None, "LANRAGE_SOCKET": None}
        self.asked: list[tuple[str, str]] = []

    def call(self, path: str, name: str, _args: object, _progress: object) -> Any:
        """Note who is asked."""
        self.asked.append((path, name))
        return ANSWERS[name]

    def run_command(self, *words: str, **environment: str) -> Result:
        """The command line, in this environment."""
        return CliRunner().invoke(main, words, obj=self.call, env=self.environment | environment)

    def socket(self, *names: str, dead: bool = False) -> str:
        """A socket, at which somebody listens unless it is dead."""
        path = self.folder.joinpath(*names)
        path.parent.mkdir(parents=True, exist_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(path))
        if dead:
            listening.close()
        else:
            listening.listen()
        return str(path)

    def fails(self, kind: type[LanrageError], **wanted: str) -> str:
        """Why nothing is found."""
        return str(self.assertRaises(kind, Wanted(**wanted).find))


class WantedTests(FindCase):
    """By what the user says."""

    def test_a_folder(self) -> None:
        """Whoever is there is asked; of two the user says which; where there is none it says whom to start."""
        folder = str(self.folder)
        self.assertIn("no control server and no relay that runs alone answers", self.fails(Unreachable, folder=folder))
        relay = self.socket("relay.sock")
        self.assertEqual(Wanted(folder=folder).find(), relay)
        told = self.fails(Unreachable, folder=folder, role="control")
        self.assertIn(f"no control server that runs alone answers in {folder}", told)
        self.assertIn("sudo systemctl start lanrage-control", told)
        control = self.socket("control.sock")
        self.assertIn("--role: control and relay run in", self.fails(BadInput, folder=folder))
        self.assertEqual([Wanted(folder=folder, role=role).find() for role in ("control", "relay")], [control, relay])
        self.assertIn("by --socket", self.fails(BadInput, folder=folder, role="node"))

    def test_a_socket_that_a_crash_left(self) -> None:
        """Is nobody's, and does not hide who is there; neither does a path that no socket can have."""
        self.socket("control.sock", dead=True)
        relay = self.socket("relay.sock")
        self.assertEqual(Wanted(folder=str(self.folder)).find(), relay)
        self.fails(Unreachable, folder=str(self.folder / ("x" * 120)))

    def test_a_role(self) -> None:
        """In the usual places: a unit's folder, that of one started by root, the user's own."""
        with CliRunner().isolation(env=self.environment):
            own = default_folder(dict(os.environ), root=False) / "relay.sock"
            system = f"{SYSTEM_STATE}/relay"
            self.assertEqual(
                list(usual_places("relay")), [f"{system}/relay.sock", f"{SYSTEM_STATE}/relay.sock", str(own)]
            )
            self.assertEqual(str(default_folder({}, root=True)), SYSTEM_STATE)
            told = self.fails(Unreachable, role="relay")
            self.assertIn(str(own), told)
            self.assertIn("name its folder by --state-dir, or use sudo", told)
            self.assertIn("sudo twistd -n lanrage relay", told)
            path = self.socket("home", "lanrage", "relay.sock")
            self.assertEqual(Wanted(role="relay").find(), path)
            self.assertEqual(Wanted(role="node").find(), Wanted().find())

    def test_no_node_but_another(self) -> None:
        """Where no node is, the user hears of what else runs here."""
        with CliRunner().isolation(env=self.environment):
            self.assertEqual(others_here(), "")
            self.socket("home", "lanrage", "relay.sock", dead=True)
            self.socket("home", "lanrage", "control.sock")
            self.assertEqual(others_here(), "; a control server is here: lanrage --role control")

    def test_not_to_be_knocked_at(self) -> None:
        """A socket that this user may not open is somebody's: who may, finds out whether it is alive."""
        path = self.socket("control.sock")
        self.folder.chmod(0o755)
        Path(path).chmod(0)
        with as_nobody():
            self.assertEqual([somebody_at(path), somebody_at(path + "x")], [True, False])

    def test_the_system_s_places_are_the_units_own(self) -> None:
        """The units keep their state where the command line looks for them."""
        units = Path(cli_find.__file__).parents[1] / "data" / "service" / "systemd"
        for role in ("control", "relay"):
            self.assertIn(f"--state-dir={SYSTEM_STATE}/{role} ", (units / f"lanrage-{role}.service").read_text())


class OptionTests(FindCase):
    """Before the command."""

    def test_options(self) -> None:
        """Role and folder name the socket, and go before the environment's."""
        control, relay = self.socket("control.sock"), self.socket("relay.sock")
        folder = str(self.folder)
        for words, environment, path in (
            (("--role", "control", "--state-dir", folder), {}, control),
            (("--state-dir", folder, "--role", "relay"), {"LANRAGE_SOCKET": "/b"}, relay),
            ((), {"LANRAGE_SOCKET": "/b"}, "/b"),
            (("--socket", control), {"LANRAGE_SOCKET": "/b"}, control),
            (("--role", "node"), {}, SYSTEM_SOCKET),
        ):
            result = self.run_command(*words, "tasks", **environment)
            self.assertEqual((result.exit_code, self.asked.pop()), (0, (path, "tasks")), result.output)

    def test_too_much(self) -> None:
        """A socket says all: more is wrong usage; so is a role that there is not."""
        result = self.run_command("--socket", "/a", "--role", "relay", "tasks")
        self.assertEqual((result.exit_code, self.asked), (2, []))
        self.assertIn("--socket says already what to ask", result.stderr)
        self.assertEqual(self.run_command("--role", "agent", "tasks").exit_code, 2)

    def test_nobody(self) -> None:
        """One sentence, exit status 1; as JSON where that was asked for."""
        result = self.run_command("--role", "relay", "profile", "off")
        self.assertEqual((result.exit_code, self.asked), (1, []))
        self.assertTrue(result.stderr.startswith("lanrage: no relay answers at "), result.stderr)
        self.assertIn('"unreachable"', self.run_command("--role", "relay", "tasks", "--json").stdout)


class SettingsTests(FindCase):
    """``lanrage settings ... --state-dir``."""

    def setUp(self) -> None:
        """A state folder."""
        super().setUp()
        self.state = self.folder / "state"
        self.words = ("settings", "save", "other", "--state-dir", str(self.state))

    def test_a_process(self) -> None:
        """Where one runs it is asked, as its values count at once."""
        path = self.socket("state", "control.sock")
        self.assertEqual(self.run_command(*self.words).exit_code, 0)
        self.assertEqual(self.asked, [(path, "settings.save")])
        self.socket("state", "relay.sock")
        self.assertIn("--role", self.run_command(*self.words).stderr)
        self.assertEqual(self.run_command("--role", "relay", *self.words).exit_code, 0)
        self.assertEqual(self.asked[1:], [(str(self.state / "relay.sock"), "settings.save")])

    def test_a_folder_of_others(self) -> None:
        """What this user may not look into is said with a way, not with a traceback."""
        inner = self.state / "inner"
        inner.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.state.chmod(0)
        self.addCleanup(self.state.chmod, 0o700)
        for folder in (self.state, inner):
            with as_nobody():
                result = self.run_command("settings", "list", "--state-dir", str(folder))
            told = f"lanrage: state-dir: {folder} cannot be read: Permission denied; use sudo\n"
            self.assertEqual((result.exit_code, result.stderr), (1, told))

    def test_a_socket_that_a_crash_left(self) -> None:
        """Nobody is there: the file is changed, unless somebody holds it all the same."""
        self.socket("state", "control.sock", dead=True)
        self.assertEqual((self.run_command(*self.words).exit_code, self.asked), (0, []))
        self.assertEqual(sorted(SettingsFile(self.state).load().sets), ["main", "other"])
        holder = SettingsFile(self.state)
        self.assertEqual(holder.hold(), "")
        self.addCleanup(holder.release)
        result = self.run_command(*self.words)
        self.assertEqual(result.exit_code, 1)
        self.assertIn("that of a process that runs: ask the process", result.stderr)
