"""wireguard-go passes the contract of tunnels, and what a crash of ours leaves of it is ended."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from twisted.trial.unittest import TestCase

from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from tests.contracts_links import TunnelContract
from tests.namespaces import may_unshare
from tests.real_links import RealBench

pytestmark = pytest.mark.skipif(
    not (may_unshare() and shutil.which(PROGRAM)), reason="needs root, /dev/net/tun and wireguard-go"
)


class TestWireguardGo(TunnelContract, TestCase):
    """The contract, with the program of Debian."""

    timeout = 30

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.bench: Any = RealBench(reactor, UserspaceTunnel)
        self.addCleanup(self.bench.close)
