"""``lanrage lab web``: a run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from unittest import SkipTest

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.web import KINDS, web
from tests.browser.case import lacking
from tests.lab.bare import own


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go", "teeworlds-server")
class WebTests(SynchronousTestCase):
    """Two nodes, two browsers."""

    def test_run(self) -> None:
        """From nothing to a friend's server by the pages alone; a foreign page is refused; pictures are kept."""
        if lacking():
            raise SkipTest(lacking())
        base = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        result = web(base, own("web"), shots=base / "shots")
        self.assertEqual([], result.shortfalls)
        self.assertEqual(result.figures["foreign_page"], ["refused", "refused"])
        pictures = sorted(path.name for path in (base / "shots").glob("*.png"))
        self.assertEqual(len({name.partition("-")[0] for name in pictures}), len(KINDS))
        self.assertGreater(min(path.stat().st_size for path in (base / "shots").glob("*.png")), 10_000)
