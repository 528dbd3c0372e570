"""Options of the log, and how they go together with twistd's own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.application.service import Application, IService, IServiceCollection, Service
from twisted.internet.task import Clock
from twisted.logger import ILogObserver
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.log_config import LOG, LoggedService, LogSettings, logged
from lanrage.errors import BadInput
from lanrage.logs import get_logger
from lanrage.logs.output import OpenStream, RotatingFile, SystemLog
from lanrage.logs.stream import LogStream
from tests.log_tape import start_tape

ROOT = Path(__file__).resolve().parents[2]


def options(**given: str) -> dict[str, str]:
    """The options' defaults, and what is given."""
    return {name: default for name, _, default, _ in LOG} | {
        name.replace("_", "-"): text for name, text in given.items()
    }


class SettingsTests(SynchronousTestCase):
    """:class:`LogSettings`."""

    def test_defaults(self) -> None:
        """What nobody names."""
        self.assertEqual(LogSettings(), LogSettings.parse(options()))

    def test_all(self) -> None:
        """Each option."""
        given = options(
            log_format="json",
            log_level="Warn,lanrage.net=debug",
            log_file="/x",
            log_file_size="200000",
            log_file_count="9",
        )
        expected = LogSettings("json", "warning,lanrage.net=debug", Path("/x"), 200_000, 9)
        self.assertEqual(expected, LogSettings.parse(given))

    def test_wrong(self) -> None:
        """The error names the option."""
        wrong = {"log_format": "xml", "log_level": "x=", "log_file_size": "10", "log_file_count": "0"}
        for name, text in (*wrong.items(), ("log_file_size", "1e6"), ("log_file_count", "x")):
            with self.assertRaises(BadInput) as caught:
                LogSettings.parse(options(**{name: text}))
            self.assertEqual(name.replace("_", "-"), caught.exception.field)

    def test_state_folder(self) -> None:
        """A log there could be taken for a party's file: refused at a start, by whatever way the path leads in."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        state, other = folder / "state", folder / "other"
        state.mkdir()
        other.symlink_to(state)
        for file in (state / "x.log", other / "x.log", folder / "y" / ".." / "state" / "logs" / "x.log"):
            with self.assertRaises(BadInput) as caught:
                LogSettings.parse(options(log_file=str(file), state_dir=str(state)))
            self.assertEqual("log-file", caught.exception.field)
            self.assertIn("inside the state folder", caught.exception.rule)
        LogSettings.parse(options(log_file=str(folder / "x.log"), state_dir=str(state)))


class TwistdTests(SynchronousTestCase):
    """:func:`logged`: who says where the log goes."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.getsignal(signal.SIGUSR1))
        self.service: IService = Service()

    def stream(self, twistd: dict[str, Any], **settings: Any) -> LogStream:
        """What the application gets as its observer."""
        service = logged(self.service, LogSettings(**settings), twistd, Clock(), "node")
        assert isinstance(service, LoggedService)
        application = Application("LANrage")
        service.setServiceParent(application)
        self.assertEqual([service], list(IServiceCollection(application)))
        stream = application.getComponent(ILogObserver)
        assert isinstance(stream, LogStream)
        self.addCleanup(stream.close)
        return stream

    def path(self, twistd: dict[str, Any], **settings: Any) -> Path:
        """The file that is written."""
        output = self.stream(twistd, **settings).output
        assert isinstance(output, RotatingFile)
        return Path(output._file.path)

    def test_console(self) -> None:
        """In the foreground lines go to standard output, unless a file is named; ``-`` is standard output, too."""
        for twistd in ({"nodaemon": True}, {"nodaemon": True, "logfile": "-"}):
            self.assertIsInstance(self.stream(twistd).output, OpenStream)

    def test_files(self) -> None:
        """``--log-file``, else twistd's ``--logfile``, else a daemon's twistd.log."""
        ours, theirs = self.folder / "ours.log", self.folder / "theirs.log"
        self.assertEqual(ours, self.path({"logfile": str(theirs), "syslog": True}, file=ours))
        self.assertEqual(theirs, self.path({"logfile": str(theirs), "nodaemon": True}))
        self.assertEqual(self.folder / "twistd.log", self.path({"nodaemon": False}))

    def test_syslog(self) -> None:
        """twistd's ``--syslog`` under twistd's ``--prefix``; lines have priorities and no time of ours."""
        stream = self.stream({"syslog": True, "prefix": "lan"})
        self.assertIsInstance(stream.output, SystemLog)
        self.assertTrue(stream.formatter.journal)

    def test_logger(self) -> None:
        """twistd's ``--logger`` is the user's own observer: nothing of ours comes before it."""
        self.assertIs(self.service, logged(self.service, LogSettings(), {"logger": "x.y"}, Clock(), "node"))

    def test_daemon_without_a_file(self) -> None:
        """A daemon has no standard output."""
        self.assertRaises(SystemExit, self.stream, {"logfile": "-", "nodaemon": False})

    def test_cannot_open(self) -> None:
        """The error names the option."""
        self.assertEqual("log-file", self.assertRaises(BadInput, self.path, {}, file=self.folder / "no" / "x").field)

    def test_life(self) -> None:
        """The service tells of its start and its end, and of what was held back."""
        tape = start_tape(self, "plain")
        service = LoggedService(self.service, tape.stream, "node")
        service.startService()
        self.assertTrue(self.service.running)
        tape.stream.repeats.first = 1
        for _ in range(3):
            get_logger("lanrage.x").warn("again")
        service.stopService()
        said = [line.split(": ", 1)[1] for line in tape.text.splitlines()]
        self.assertTrue(said[0].startswith("LANrage "))
        self.assertEqual(["again", "LANrage stops as node", "2 more lines like this: again"], said[-3:])


class ProgramTests(SynchronousTestCase):
    """The real program."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def command(self, *words: str) -> list[str]:
        """A control server on loopback."""
        program = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile="]
        where = ["--state-dir", str(self.folder), "--listen", "tcp:0:interface=127.0.0.1", "--stun-port", "3478"]
        return [*program, "lanrage", "control", *where, "--stun-alternate", "none", *words]

    def test_file_and_signals(self) -> None:
        """Its own file holds JSON lines from its start to its end, nothing is printed, SIGUSR1 sets the file aside."""
        logs = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, logs)
        path = logs / "logs.json"
        command = self.command("--log-format", "json", "--log-file", str(path), "--log-level", "debug")
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            self.wait(lambda: path.exists() and "LANrage {version} starts" in path.read_text(encoding="utf-8"))
            process.send_signal(signal.SIGUSR1)
            self.wait(lambda: path.with_name("logs.json.1").exists())
            process.terminate()
            printed, _ = process.communicate(timeout=30)
        files = (path.with_name("logs.json.1"), path)
        lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
        self.assertEqual((b"", {"control"}), (printed, {line["role"] for line in lines}))
        self.assertLess(lines[0]["time"], lines[-1]["time"])
        events = [line["event"] for line in lines]
        self.assertIn("twistd {version} ({exe} {pyVersion}) starting up.", events[0])
        self.assertEqual("Server Shut Down.", events[-1])
        self.assertIn("LANrage stops as {role}", events)

    def test_wrong_file(self) -> None:
        """A file that cannot be opened ends the program with one sentence."""
        command = self.command("--log-file", str(self.folder / "none" / "x"))
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("lanrage: log-file: ", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def wait(self, condition: Any) -> None:
        """Until something holds that the program does."""
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
