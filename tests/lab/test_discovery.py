"""The games' discovery: any bytes give an answer or nothing, and the real servers are found on a real LAN."""

from __future__ import annotations

import os
import struct

import hypothesis.strategies as st
import pytest
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.discovery import DISCOVERIES, INFO_EXTENDED, DDNet, Found, OpenTTD, Reply, Teeworlds
from lanrage.lab.games import SERVERS
from lanrage.lab.process import spawn
from lanrage.lab.seek import seek
from tests.lab.bare import bare_lab


class CodecTests(SynchronousTestCase):
    """Datagrams to answers."""

    @given(st.binary(max_size=80), st.integers(0, 2))
    def test_any_bytes(self, data: bytes, which: int) -> None:
        """Nothing that a stranger sends raises."""
        for start in (b"", DISCOVERIES[which].opening(), Teeworlds().opening()[:7], b"\xff" * 6 + INFO_EXTENDED):
            self.assertIsInstance(DISCOVERIES[which].read(start + data), (Found, Reply, type(None)))

    def test_teeworlds(self) -> None:
        """A token for us leads to the request with it; information with our token to the name."""
        game = Teeworlds(token=7)
        self.assertEqual(len(game.opening()), 7 + 512)
        answer = b"\x04\0\0" + struct.pack("!IBI", 7, 5, 99)
        request = game.read(answer)
        self.assertIsInstance(request, Reply)
        assert isinstance(request, Reply)
        self.assertEqual(request.payload[:9], b"\x21" + struct.pack("!II", 99, 7))
        info = b"\x21" + struct.pack("!II", 7, 99) + b"\xff\xff\xff\xffinf3\x010.7.5\0Ann's\0\0dm1\0DM\0"
        self.assertEqual(game.read(info), Found("Ann's"))
        self.assertIsNone(Teeworlds(token=8).read(answer))
        self.assertIsNone(Teeworlds(token=8).read(info))

    def test_ddnet(self) -> None:
        """Information with our token only."""
        text = b"\xff" * 6 + INFO_EXTENDED + str(0x010203).encode() + b"\x000.6.4\0Ben's\0map\0"
        self.assertEqual(DDNet(token=0x010203).read(text), Found("Ben's"))
        self.assertIsNone(DDNet(token=0x010204).read(text))

    def test_openttd(self) -> None:
        """The request is three bytes; only an answer counts, not another seeker's request."""
        self.assertEqual(OpenTTD().opening(), b"\x03\x00\x00")
        self.assertIsNone(OpenTTD().read(OpenTTD().opening()))
        self.assertIsNotNone(OpenTTD().read(b"\x03\x00\x01"))


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "teeworlds-server", "DDNet-Server", "openttd")
class RealServerTests(SynchronousTestCase):
    """The programs from Debian's packages on two hosts of one LAN, with no LANrage in between."""

    def test_found(self) -> None:
        """Each server is found once by each kind of broadcast, from its own address."""
        with bare_lab("tgames", "restricted", "lan") as lab:
            home, away = lab.plan.hosts
            for server in SERVERS:
                folder = lab.folder.path / server.game
                argv = server.command(folder)
                env = {**os.environ, "HOME": str(folder)}
                lab.folder.add_process(spawn(server.game, home.netns, argv, lab.folder.log(server.game), env, folder))
                for target in ("192.168.1.255", "255.255.255.255"):
                    seen = seek(away.netns, server.discovery, [target], home.address, 30)
                    self.assertEqual([s.source for s in seen], [home.address], (server.game, target))
                for process in lab.folder.processes():
                    self.end(process.pid)

    def end(self, pid: int) -> None:
        """Free the port for the next server."""
        from lanrage.lab.process import Started, end, start_ticks

        ticks = start_ticks(pid)
        if ticks is not None:
            end([Started("", pid, ticks)], 1.0)
