"""What this process takes: compared with what another library says, and on an older kernel."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psutil
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.own_process import LISTED_LIMIT, OwnProcess


class OwnProcessTests(SynchronousTestCase):
    """:class:`OwnProcess`."""

    def test_this_process(self) -> None:
        """Memory and time as psutil sees them; a descriptor that is opened is counted."""
        process, other = OwnProcess(), psutil.Process()
        figures, memory = process.read(), other.memory_info().rss
        self.assertLess(abs(figures.memory - memory), 32 * 1024 * 1024)
        times = other.cpu_times()
        self.assertLess(abs(figures.cpu - times.user - times.system), 1.0)
        assert figures.descriptors is not None
        opened = os.open("/dev/null", os.O_RDONLY)
        try:
            self.assertEqual(figures.descriptors + 1, process.read().descriptors)
        finally:
            os.close(opened)
        self.assertGreaterEqual(figures.descriptors_limit, figures.descriptors)

    def test_an_older_kernel(self) -> None:
        """Where the folder tells no size it is listed, until there are too many for that."""
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            (folder / "statm").write_text("1000 25 7 1 0 5 0\n", encoding="ascii")
            (folder / "fd").symlink_to("/proc/self/task")  # its size is 0, as that of fd was
            self.assertEqual(0, (folder / "fd").stat().st_size)
            process = OwnProcess(folder)
            figures = process.read()
            self.assertEqual(25 * os.sysconf("SC_PAGE_SIZE"), figures.memory)
            self.assertEqual(len(os.listdir("/proc/self/task")), figures.descriptors)
            process._many = True
            self.assertIsNone(process.read().descriptors)
            self.assertGreater(LISTED_LIMIT, 1000)
