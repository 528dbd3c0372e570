"""Two friends and their browsers: the whole way of a party through the nodes' pages."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import SkipTest

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.web import LOOKS, REST, web
from tests.browser.case import lacking
from tests.lab.bare import own

PNG = b"\x89PNG"


@pytest.mark.lab
@pytest.mark.timeout(400)
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go", "teeworlds-server")
class WebTests(SynchronousTestCase):
    """The whole check."""

    def test_create_join_and_see(self) -> None:
        """One founds a party, the other joins by the link and sees a real server; each step has its picture."""
        if lacking():
            raise SkipTest(lacking())
        with tempfile.TemporaryDirectory(prefix="lanrage-lab-") as folder:
            result = web(Path(folder), own("tweb"), pictures=Path(folder) / "pictures")
            pictures = sorted(Path(folder).glob("pictures/*.png"))
            self.assertTrue(all(each.read_bytes().startswith(PNG) for each in pictures))
        self.assertEqual([], result.shortfalls)
        self.assertEqual([each.name for each in pictures], result.figures["pictures"])
        self.assertEqual(len(pictures), 5 + len(REST) + len(LOOKS))
