"""A host with WireGuard's own tools and no LANrage, as a guest of real nodes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.guest import guest
from lanrage.lab.guest_device import PROGRAMS


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", *PROGRAMS, "openttd", "teeworlds-server")
class GuestTests(SynchronousTestCase):
    """The whole check."""

    def test_guest(self) -> None:
        """It finds a real server and is found; it reaches members alone; it is cut off at once and at its end."""
        with tempfile.TemporaryDirectory() as folder:
            result = guest(Path(folder), "test-guest")
        self.assertEqual([], result.shortfalls)
        self.assertEqual(36, result.figures["for_all_once"])
