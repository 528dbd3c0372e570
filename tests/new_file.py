"""A file's name that a test may write to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase


def new_file(case: SynchronousTestCase, name: str = "new") -> Path:
    """Nothing is there yet; the folder goes with the test."""
    folder = tempfile.TemporaryDirectory(prefix="lanrage-")  # pylint: disable=consider-using-with
    case.addCleanup(folder.cleanup)
    return Path(folder.name) / name
