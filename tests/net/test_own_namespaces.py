"""Files covered for a process: what is laid in the way harms nobody (the mount itself: :mod:`tests.kernel`)."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.net import own_namespaces


class CoverTests(SynchronousTestCase):
    """:func:`lanrage.net.own_namespaces.cover`."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-cover-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.target = self.folder / "resolv.conf"
        self.target.write_text("before", encoding="ascii")
        self.mounted: list[tuple[str, int]] = []
        self.patch(own_namespaces, "_mount", self.mount)

    def mount(self, source: str, target: str, _kind: str, _flags: int) -> None:
        """What would be mounted."""
        assert os.path.realpath(target) == str(self.target.resolve())
        self.mounted.append((Path(source).read_text(encoding="utf-8"), stat.S_IMODE(os.lstat(source).st_mode)))

    def test_link_in_the_way(self) -> None:
        """A link at any name that can be guessed is not followed; nothing stays behind."""
        victim = self.folder / "victim"
        victim.write_text("mine", encoding="ascii")
        victim.chmod(0o600)
        drafts = self.folder / "drafts"
        drafts.mkdir()
        (drafts / f".lanrage-{os.getpid()}").symlink_to(victim.resolve())
        own_namespaces.cover(str(self.target), "after", str(drafts))
        self.assertEqual(self.mounted, [("after", 0o644)])
        self.assertEqual((victim.read_text(encoding="ascii"), stat.S_IMODE(victim.stat().st_mode)), ("mine", 0o600))
        self.assertEqual([each.name for each in drafts.iterdir()], [f".lanrage-{os.getpid()}"])

    def test_fails(self) -> None:
        """A mount that the system refuses leaves nothing; a file that is not there needs none."""
        self.patch(own_namespaces, "_mount", lambda *args: own_namespaces._check(1))
        before = sorted(self.folder.iterdir())
        self.assertRaises(OSError, own_namespaces.cover, str(self.target), "after", str(self.folder))
        own_namespaces.cover(str(self.folder / "none"), "after", str(self.folder))
        self.assertEqual(sorted(self.folder.iterdir()), before)
