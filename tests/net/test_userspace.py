"""wireguard-go passes the contract of tunnels, and what a crash of ours leaves of it is ended."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from typing import Any

import pytest
from twisted.trial.unittest import TestCase

from lanrage.errors import MissingRight, Unreachable
from lanrage.net.processes import Program
from lanrage.net.threads import in_thread
from lanrage.net.uapi_client import SOCKET_FOLDER, listener, socket_path
from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from tests.contracts_links import MTU, PORT_A, TunnelContract, new_key
from tests.fakes_links import MemoryJournal
from tests.namespaces import may_unshare
from tests.real_links import RealBench

pytestmark = pytest.mark.skipif(
    not (may_unshare() and shutil.which(PROGRAM)), reason="needs root, /dev/net/tun and wireguard-go"
)


class TestWireguardGo(TunnelContract, TestCase):
    """The contract, with the program of Debian."""

    timeout = 120

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.bench: Any = RealBench(reactor, UserspaceTunnel)
        self.addCleanup(self.bench.close)

    async def test_program_dies(self) -> None:
        """A program that somebody kills is logged once, and what is asked of it says so; destroying is no error."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), PORT_A, MTU)
        program = Program.of(listener(socket_path("lrt-a")) or 0)
        assert program is not None
        await in_thread(self.bench.reactor, program.end)
        with pytest.raises(Unreachable, match="lrt-a") as caught:
            await tunnel.status()
        assert "Running wireguard-go" not in str(caught.value)  # its banner is no reason
        await tunnel.destroy()
        assert not self.bench.has_device("lrt-a")
        assert not os.path.exists(socket_path("lrt-a"))

    async def test_stale_socket(self) -> None:
        """A socket file that nobody answers at is replaced."""
        os.makedirs(SOCKET_FOLDER, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(socket_path("lrt-a"))
        assert listener(socket_path("lrt-a")) is None
        await self.bench.tunnel("lrt-a").create(new_key(), PORT_A, MTU)

    async def test_failing_programs(self) -> None:
        """What the program says before it fails becomes one sentence with the remedy, and nothing stays behind."""
        for words, kind, match in (
            ("Failed to create TUN device: operation not permitted", MissingRight, "CAP_NET_ADMIN"),
            ("CreateTUN() failed; /dev/net/tun: no such file", MissingRight, "modprobe tun"),
            ("Failed to open uapi socket", MissingRight, "RuntimeDirectory=wireguard"),
            ("out of luck", Unreachable, "out of luck"),
        ):
            folder = tempfile.mkdtemp()
            self.addCleanup(shutil.rmtree, folder)
            script = os.path.join(folder, "program.sh")
            with open(script, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\necho '{words}' >&2; exit 1\n")
            os.chmod(script, 0o700)
            journal = MemoryJournal()
            tunnel = UserspaceTunnel(self.bench.reactor, "lrt-a", journal, script)
            with pytest.raises(kind, match=match):
                await tunnel.create(new_key(), PORT_A, MTU)
            assert not journal.entries()

    async def test_no_program(self) -> None:
        """Without the program its package is named."""
        tunnel = UserspaceTunnel(self.bench.reactor, "lrt-a", program="")
        tunnel._program = None
        with pytest.raises(MissingRight, match="apt-get install wireguard-go"):
            await tunnel.create(new_key(), PORT_A, MTU)
