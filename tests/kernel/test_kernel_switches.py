"""Agreed switches over the kernel's WireGuard: after each, both ends send where was agreed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.paths_stage import Stage
from lanrage.lab.paths_switches import switches
from lanrage.lab.result import Result

SWITCHES = int(os.environ.get("LANRAGE_KERNEL_SWITCHES", "4"))
"""Few, since the emulated machine is slow; ``make test-kernel ARGS="--switches 100"`` makes more."""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.timeout(180 + 30 * SWITCHES),
    pytest.mark.skipif("LANRAGE_KERNEL_VM" not in os.environ, reason="needs the virtual machine of make test-kernel"),
]


class TestKernelSwitches(SynchronousTestCase):
    """The kernel follows the last packet that it heard, as WireGuard in userspace does."""

    def test_switches(self) -> None:
        """A playing pair is driven from its direct path to the relay and back, again and again."""
        base = Path(tempfile.mkdtemp(prefix="lanrage-kernel-switches-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        result = Result("kernel")
        stage = Stage(result, base, f"k{os.getpid()}", print, 1, 1.0, SWITCHES)
        switches(stage, ("open", "restricted"))
        self.assertEqual(result.shortfalls, [])
        self.assertEqual(result.figures["switches_agreed"], SWITCHES)
