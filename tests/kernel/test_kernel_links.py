"""WireGuard in the kernel passes the contract of tunnels (``make test-kernel`` boots a kernel that has it)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from twisted.trial.unittest import TestCase

from lanrage.net.kernel import KernelTunnel, kernel_has_wireguard
from lanrage.net.tunnels import make_tunnel
from tests.contracts_links import TunnelContract
from tests.namespaces import may_unshare
from tests.public_port import OnePublicPort
from tests.punched_port import PunchedPort
from tests.real_links import RealBench

IN_VM = "LANRAGE_KERNEL_VM" in os.environ
"""In the virtual machine nothing is skipped: a kernel without WireGuard fails there."""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not IN_VM and not (may_unshare() and kernel_has_wireguard()), reason="needs kernel WireGuard"),
]


class TestKernelWireGuard(TunnelContract, TestCase):
    """The contract, with the pyroute2 backend."""

    timeout = 120

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.bench: Any = RealBench(reactor, KernelTunnel)
        self.addCleanup(self.bench.close)

    async def test_auto_is_the_kernel(self) -> None:
        """Where the kernel has WireGuard it is the first choice."""
        tunnel = await make_tunnel(self.bench.reactor, "lrt-a")
        assert tunnel.kind == "kernel"


class TestProbesBesideTheKernel(OnePublicPort, TestCase):
    """The probe port shares the port of kernel WireGuard."""

    timeout = 120
    make = KernelTunnel


class TestPunchedKernelPort(PunchedPort, TestCase):
    """Kernel WireGuard sends through a port that birthday probing found."""

    timeout = 120
    make = KernelTunnel
