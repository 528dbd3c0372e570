"""``kill -9`` of a real control server, again and again, while a node changes its party as fast as it can."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.errors import Unreachable
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.wire.control import (
    CreateParty,
    FollowParty,
    JoinParty,
    LeaveParty,
    PublishInvitation,
    ReserveAddress,
    Reserved,
)
from lanrage.wire.control_party import PartyState
from tests.fakes_control import PartyKit, node_keys

reactor: Any = _reactor
ROUNDS = 10
SECRET = b"k" * 16
ROOT = Path(__file__).parents[2]


class _Server(ProcessProtocol):
    """One life of the server."""

    def __init__(self) -> None:
        self.listening: Deferred[int] = Deferred()
        self.dead: Deferred[None] = Deferred()
        self._said = b""

    def outReceived(self, data: bytes) -> None:
        """It says its port."""
        self._said += data
        if self._said.endswith(b"\n") and not self.listening.called:
            self.listening.callback(int(self._said.split()[1]))

    def errReceived(self, data: bytes) -> None:
        """A traceback, to be seen when the test fails."""
        sys.stderr.write(data.decode("utf-8", "replace"))

    def processEnded(self, reason: Any) -> None:
        """It is dead."""
        assert reason.check(ProcessTerminated)
        self.dead.callback(None)


@pytest.mark.lab
class ControlCrash(TestCase):
    """Acknowledged is acknowledged."""

    timeout = 120

    def setUp(self) -> None:
        """A folder that outlives the processes."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-crash-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.process: Any = None
        self.server = _Server()
        self.addCleanup(self.kill)
        self.kit = PartyKit.make("crash", now=time.time() - 10)
        self.invitation_id = self.kit.invitation_id(SECRET)

    async def launch(self, port: int) -> int:
        """Start the server; returns its port."""
        self.server = _Server()
        arguments = [sys.executable, "-m", "tests.app.control_process", str(self.folder), str(port)]
        self.process = reactor.spawnProcess(
            self.server, sys.executable, arguments, env=dict(os.environ, PYTHONPATH=str(ROOT)), path=str(ROOT)
        )
        return await self.server.listening

    def kill(self) -> Deferred[None]:
        """``kill -9``."""
        if self.process is not None and self.process.pid is not None:
            os.kill(self.process.pid, signal.SIGKILL)
        return self.server.dead

    def link(self, seed: str, port: int) -> ControlClient:
        """A node's control link."""
        link = ControlClient(reactor, node_keys(seed), (f"127.0.0.1:{port}",), dialling=Dialling(jitter=lambda: 0.1))
        link.startService()
        self.addCleanup(link.stopService)
        return link

    def test_nothing_acknowledged_is_lost(self) -> Deferred[None]:
        """After each of ten kills the party is at least at the last revision that was acknowledged."""

        async def work() -> None:
            port = await self.launch(0)
            host, guest = self.link("host", port), self.link("guest", port)
            founder = self.kit.certificate(node_keys("host"), "host", "10.66.0.1", now=time.time())
            await host.request(CreateParty(self.kit.charter_blob, founder))
            blob = self.kit.invitation(SECRET, now=time.time() - 5)
            await host.request(PublishInvitation(self.kit.party_id, blob))
            acknowledged = 1
            for _ in range(ROUNDS):
                reactor.callLater(random.uniform(0.02, 0.3), self.kill)
                acknowledged = await self.change(guest, acknowledged)
                await self.server.dead
                await self.launch(port)
                state = await host.request(FollowParty(self.kit.party_id, 0))
                assert isinstance(state, PartyState)
                self.assertGreaterEqual(state.revision, acknowledged)
                self.assertLessEqual(state.revision, acknowledged + 1)
                acknowledged = state.revision
            self.assertGreater(acknowledged, ROUNDS)

        return Deferred.fromCoroutine(work())

    async def change(self, guest: ControlClient, acknowledged: int) -> int:
        """Leave and join until the server dies; returns the last revision that it acknowledged."""
        keys = node_keys("guest")
        try:
            while True:
                reserved = await guest.request(
                    ReserveAddress(self.kit.party_id, self.invitation_id, "guest", self.kit.proof(keys, SECRET)),
                    timeout=2,
                )
                assert isinstance(reserved, Reserved)
                self.assertEqual("10.66.0.2", reserved.address)
                certificate = self.kit.certificate(keys, "guest", "10.66.0.2", secret=SECRET, now=reserved.now)
                joined = await guest.request(JoinParty(self.kit.party_id, certificate, self.invitation_id), timeout=2)
                assert isinstance(joined, PartyState)
                acknowledged = joined.revision
                await guest.request(LeaveParty(self.kit.party_id), timeout=2)
                acknowledged += 1
                await deferLater(reactor, 0.01, lambda: None)  # stay within the requests a second that are allowed
        except Unreachable:
            return acknowledged
