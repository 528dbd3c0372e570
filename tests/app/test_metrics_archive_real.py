"""The metrics' history on disks that are really full or read-only, and after a real ``kill -9``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.trial.unittest import SkipTest

from lanrage.app.metrics_archive import LAST_RETRY
from lanrage.store.metric_store import FILE
from tests.app.archive_life import BEN, START, ArchiveCase, Life

ROOT = Path(__file__).parents[2]


def mount(*words: str) -> None:
    """Call mount(8)."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SkipTest(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.mark.needs("root", "mount")
class SmallDiskTests(ArchiveCase):
    """A disk of 1 MB."""

    def setUp(self) -> None:
        """Mounted at the state folder."""
        super().setUp()
        mount("-t", "tmpfs", "-o", "size=1m,mode=700", "lanrage-test", str(self.folder))
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.folder)], check=True)
        self.ballast = self.folder / "ballast"

    def fill(self) -> None:
        """Leave no room."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def kept(self, life: Life) -> int:
        """Samples in the minutes that a next process finds, less its own one."""
        self.kill(life)
        again = self.life(life.now)
        again.run(2, BEN)
        return sum(count for _, count in again.history("minute")) - 2

    def test_full(self) -> None:
        """A warning that says why; the measuring goes on; once there is room nothing is missing."""
        life = self.life()
        life.run(70, BEN)
        self.fill()
        life.run(1800, BEN)
        self.assertGreater(life.told()["failures_total"], 0)
        self.assertEqual(1, self.warned("its disk is full"))
        self.ballast.unlink()
        life.run(60, BEN)
        self.assertEqual(0.0, life.told()["waiting"])
        self.assertEqual(32 * 60, self.kept(life))

    def test_full_at_the_start(self) -> None:
        """Likewise, from the first second on."""
        self.fill()
        life = self.life()
        life.run(200, BEN)
        self.assertEqual(1, self.warned("its disk is full"))
        self.ballast.unlink()
        life.run(int(LAST_RETRY) + 80, BEN)
        self.assertEqual(5 * 60, self.kept(life))

    def test_read_only(self) -> None:
        """At the start, and later."""
        mount("-o", "remount,ro", str(self.folder))
        life = self.life()
        life.run(200, BEN)
        self.assertEqual(1, self.warned("tried again"))
        mount("-o", "remount,rw", str(self.folder))
        life.run(int(LAST_RETRY) + 80, BEN)
        self.assertEqual(0.0, life.told()["failures_total"])
        self.assertEqual(5 * 60, self.kept(life))


@pytest.mark.lab
class KillTests(ArchiveCase):
    """A process with a reactor and threads of its own."""

    def test_kill(self) -> None:
        """What was written before ``kill -9`` is there for the next process, whole and without a gap."""
        program = [sys.executable, "-m", "tests.app.archive_process", str(self.folder), str(START)]
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
            assert process.stdout is not None
            self.assertEqual(b"on disk\n", process.stdout.readline())
            process.kill()
        self.assertTrue((self.folder / f"{FILE}-wal").stat().st_size)
        again = self.life(START + 86_400)
        again.run(2, BEN)
        *minutes, own = again.history("minute")
        self.assertEqual((1440.0, 2), own)
        self.assertEqual([float(each) for each in range(len(minutes))], [began for began, _ in minutes])
        self.assertGreaterEqual(len(minutes), 9)
        self.assertLessEqual({count for _, count in minutes[1:]}, {60, 61})  # the sampler's own second may come between
