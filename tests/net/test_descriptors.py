"""Room for connections, in processes of their own: a limit once lowered cannot be raised again."""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.descriptors import RESERVE

PROGRAM = """
import resource, sys
from lanrage.net.descriptors import raise_limit
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(raise_limit(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


class DescriptorTests(SynchronousTestCase):
    """Soft and hard limit."""

    def test_as_far_as_it_goes(self) -> None:
        """The soft limit is raised to what is needed, not beyond the hard one; what is left is the room."""
        wanted = {
            (600, 4000, 2000): (2000, 2000 + RESERVE, 4000),
            (600, 2000, 2000): (2000 - RESERVE, 2000, 2000),
            (3000, 3000, 2000): (2000, 3000, 3000),
            (400, 400, 2000): (1, 400, 400),
        }
        found = {}
        for limits in wanted:
            command = [sys.executable, "-c", PROGRAM, *map(str, limits)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            found[limits] = tuple(map(int, done.stdout.split()))
        self.assertEqual(wanted, found)
