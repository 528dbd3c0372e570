"""Where lines go: files that rotate, streams, the journal, syslog; a full disk stops nothing."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.logs import get_logger
from lanrage.logs.output import OpenStream, RotatingFile, to_journal
from lanrage.logs.rotation import TRY_AGAIN
from tests.log_tape import start_tape

ROOT = Path(__file__).resolve().parent.parent
FULL = Path("/dev/full")
log = get_logger("lanrage.app.links")


class FileTests(SynchronousTestCase):
    """:class:`RotatingFile`."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "lanrage.log"

    def file(self, **options: Any) -> RotatingFile:
        """A file that is closed at the test's end."""
        file = RotatingFile(self.path, **options)
        self.addCleanup(file.close)
        return file

    def names(self) -> list[str]:
        """What is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def test_rotation(self) -> None:
        """A full file is set aside; so many are kept, the newest of them; no line is torn or lost among those."""
        file = self.file(size=100, count=2)
        for number in range(40):
            file.write(b"line %03d\n" % number)
        self.assertEqual(["lanrage.log", "lanrage.log.1", "lanrage.log.2"], self.names())
        kept = b"".join((self.folder / name).read_bytes() for name in reversed(self.names()))
        self.assertEqual([b"line %03d" % number for number in range(40 - len(kept) // 9, 40)], kept.splitlines())
        self.assertLessEqual(max(path.stat().st_size for path in self.folder.iterdir()), 109)

    def test_mode(self) -> None:
        """The group may read, others may not, whatever the umask; that of a file set aside is the same."""
        self.addCleanup(os.umask, os.umask(0))
        file = self.file(size=5)
        file.write(b"one line\n")
        file.write(b"another\n")
        self.assertEqual({0o640}, {stat.S_IMODE(path.stat().st_mode) for path in self.folder.iterdir()})

    def test_appends(self) -> None:
        """A restart goes on in the same file."""
        for text in (b"2026-01-01 one\n", b"2026-01-02 two\n"):
            file = self.file()
            file.write(text)
            file.close()
            file.close()
        self.assertEqual(b"2026-01-01 one\n2026-01-02 two\n", self.path.read_bytes())

    def test_no_log(self) -> None:
        """A link, a device, a folder, a file that is no log are refused and stay as they are; a log keeps its mode."""
        key = self.path.with_name("identity.key")
        key.write_bytes(b"c2VjcmV0")
        key.chmod(0o600)
        link = self.path.with_name("link.log")
        link.symlink_to(key)
        for path, word in (
            (key, "no log"),
            (link, "a link"),
            (Path("/dev/null"), "a device"),
            (self.folder, "a folder"),
        ):
            with self.assertRaises(BadInput) as caught:
                RotatingFile(path)
            self.assertEqual("log-file", caught.exception.field)
            self.assertIn(word, caught.exception.rule)
        self.assertEqual((b"c2VjcmV0", 0o600), (key.read_bytes(), key.stat().st_mode & 0o777))
        self.path.write_bytes(b"2026-01-01 before\n")
        self.path.chmod(0o600)
        self.file().close()
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)

    def test_on_demand(self) -> None:
        """A file is set aside when somebody asks for it."""
        file = self.file()
        file.write(b"one\n")
        file.rotate()
        file.write(b"two\n")
        self.assertEqual(b"two\n", self.path.read_bytes())

    def test_cannot_open(self) -> None:
        """The error names the option, the file and the reason."""
        with self.assertRaises(BadInput) as caught:
            RotatingFile(self.folder / "none" / "x.log")
        self.assertEqual("log-file", caught.exception.field)
        self.assertIn(f"its folder {self.folder / 'none'} is not there", str(caught.exception))

    def test_names(self) -> None:
        """A name with signs that mean something to glob(3) is a name like others; older files move up."""
        self.path = self.folder / "lan[rage]*.log"
        file = self.file(size=5, count=3)
        for text in (b"one line\n", b"another\n", b"third line\n"):
            file.write(text)
        self.assertEqual(b"one line\n", (self.folder / "lan[rage]*.log.2").read_bytes())

    def test_relative(self) -> None:
        """A name that was meant from the folder of the start stays that file's, wherever the process goes then."""
        elsewhere = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, elsewhere)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.path = Path("lanrage.log")
        file = self.file(size=5)
        os.chdir(elsewhere)
        file.write(b"one line\n")
        file.write(b"another\n")
        self.assertEqual((["lanrage.log", "lanrage.log.1"], []), (self.names(), os.listdir(elsewhere)))

    def test_rotation_fails(self) -> None:
        """A file that cannot be set aside is written on, whole; that is told once; it heals by itself."""
        file = self.file(size=5, count=1)
        (self.folder / "lanrage.log.1" / "x").mkdir(parents=True)
        told = []
        for text in (b"one line\n", b"two\n", b"three\n"):
            file.write(text)
            told.append(file.trouble())
        self.assertEqual((0, b"one line\ntwo\nthree\n"), (file.lost, self.path.read_bytes()))
        self.assertEqual(["", ""], [told[0], told[2]])
        self.assertRegex(told[1], "lanrage.log cannot be set aside and grows beyond its size: Is a directory")
        shutil.rmtree(self.folder / "lanrage.log.1")
        file.write(b"soon\n")
        self.assertEqual(["lanrage.log"], self.names())  # it is not tried again with every line
        file.write(b"x" * TRY_AGAIN + b"\n")
        file.write(b"new\n")
        self.assertEqual((b"new\n", ""), (self.path.read_bytes(), file.trouble()))

    def test_on_demand_fails(self) -> None:
        """The same where somebody asks for it, and the folder is gone."""
        file, away = self.file(), self.folder.with_suffix(".away")
        file.write(b"one\n")
        self.folder.rename(away)
        file.rotate()
        file.write(b"two\n")
        away.rename(self.folder)
        self.assertRegex(file.trouble(), "No such file")
        self.assertEqual((["lanrage.log"], b"one\ntwo\n"), (self.names(), self.path.read_bytes()))

    def test_taken_away(self) -> None:
        """Where another program moved the file, as logrotate(8) does, a new one is begun, and no older one moves."""
        file = self.file()
        file.write(b"one\n")
        self.path.rename(self.folder / "lanrage.log.1")
        file.rotate()
        file.write(b"two\n")
        self.assertEqual(("", ["lanrage.log", "lanrage.log.1"]), (file.trouble(), self.names()))
        self.assertEqual(b"two\n", self.path.read_bytes())

    def test_taken_away_and_made_anew(self) -> None:
        """The same where it put a new file in its place (``create``): that one is not set aside, it is written to."""
        file = self.file()
        file.write(b"one\n")
        self.path.rename(self.folder / "lanrage.log.1")
        self.path.touch(0o600)
        file.rotate()
        file.write(b"two\n")
        self.assertEqual(("", ["lanrage.log", "lanrage.log.1"]), (file.trouble(), self.names()))
        self.assertEqual([b"two\n", b"one\n"], [(self.folder / name).read_bytes() for name in self.names()])

    def test_no_new_file(self) -> None:
        """Where the new file cannot be made (no descriptor is left) the old one gets its name back."""
        file = self.file()
        file.write(b"one\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            file.rotate()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        file.write(b"two\n")
        self.assertRegex(file.trouble(), "Too many open files")
        self.assertEqual((["lanrage.log"], b"one\ntwo\n"), (self.names(), self.path.read_bytes()))


class RightTests(SynchronousTestCase):
    """A process that gave its rights away after it opened the file, as ``twistd --uid`` does."""

    PROGRAM = """
import os, sys
from pathlib import Path
from lanrage.logs import configure_logging, get_logger
stream = configure_logging("plain", file=Path(sys.argv[1]), size=100)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for number in range(50):
    get_logger("lanrage.app.links").info("line {number}", number=number)
stream.close()
"""

    def test_not_permitted(self) -> None:
        """No line is lost, and one of them says why the file grows."""
        if os.geteuid() != 0:
            raise SkipTest("needs root")
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        path = folder / "x.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it may write nothing
        words = [sys.executable, "-c", self.PROGRAM, str(path)]
        done = subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, timeout=60, check=False)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        said = [line.split(": ", 1)[1] for line in path.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([f"line {number}" for number in range(50)], [line for line in said if "line" in line])
        (trouble,) = [line for line in said if "line" not in line]
        self.assertTrue(trouble.endswith("cannot be set aside and grows beyond its size: Permission denied"), trouble)
        self.assertEqual(["x.log"], os.listdir(folder))


class FullDiskTests(SynchronousTestCase):
    """No space left."""

    def test_file(self) -> None:
        """Lines are lost and counted; nothing is raised."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        file = RotatingFile(folder / "x.log")
        self.addCleanup(file.close)
        full = os.open(FULL, os.O_RDWR)
        os.dup2(full, file._file._file.fileno())  # pylint: disable=protected-access
        os.close(full)
        file.write(b"one\n")
        file.write(b"two\n")
        self.assertEqual(2, file.lost)

    def test_half_a_line(self) -> None:
        """A line of which a part alone had room is lost and counted, and the next one begins on a line of its own."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "x.log"
        file = RotatingFile(path)
        self.addCleanup(file.close)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            file.write(b"1234567890123456789\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        file.write(b"whole\n")
        self.assertEqual((1, b"1234567890\nwhole\n"), (file.lost, path.read_bytes()))

    def test_told_afterwards(self) -> None:
        """The first line after that is whole, and says how many are missing."""
        tape = start_tape(self, "plain")

        class Filling:
            """A file whose disk was full for a while."""

            lost = 0
            full = True
            written = b""

            def write(self, lines: bytes) -> None:
                """Write, or not."""
                if self.full:
                    self.lost += 1
                else:
                    self.written += lines

            def trouble(self) -> str:
                """None but that."""
                return ""

            def close(self) -> None:
                """Nothing to do."""

        output = tape.stream.output = Filling()
        log.info("lost {number}", number=1)
        log.info("lost {number}", number=2)
        output.full = False
        log.info("here again")
        log.info("and on")
        said = [line.split(": ", 1)[1] for line in output.written.decode().splitlines()]
        self.assertEqual(["2 lines of the log were lost", "here again", "and on"], said)

    def test_stream(self) -> None:
        """Standard output may be a full disk or a closed pipe."""
        with FULL.open("w", encoding="utf-8") as full:
            output = OpenStream(full)
            output.write(b"one\n")
            self.assertEqual(1, output.lost)
            full.truncate = lambda *_: 0  # type: ignore[method-assign]
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
        output.write(b"two\n")
        self.assertEqual(2, output.lost)


class JournalTests(SynchronousTestCase):
    """``$JOURNAL_STREAM``."""

    def test_only_the_very_stream(self) -> None:
        """The stream is the journal's when device and inode are those of the variable, and not otherwise."""
        with tempfile.TemporaryFile("w") as file:
            status = os.fstat(file.fileno())
            here = f"{status.st_dev}:{status.st_ino}"
            self.assertTrue(to_journal(file, {"JOURNAL_STREAM": here}))
            for other in ("", "1:2", here + "0", "x"):
                self.assertFalse(to_journal(file, {"JOURNAL_STREAM": other}))
        self.assertFalse(to_journal(io.StringIO(), {"JOURNAL_STREAM": here}))
