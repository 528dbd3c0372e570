"""The capture on real cards: broadcasts and multicasts that this machine sends, and nothing else."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.frame_rules import captured
from lanrage.core.lan_frames import Drop, Frame, Udp
from lanrage.net import bpf
from lanrage.net.capture import Capture, capture_filter
from lanrage.wire.packets import read_frame, write_frame
from tests.namespaces import Namespace, join, may_unshare
from tests.real_links import RealNamespace
from tests.strategies_lan import ME, PEER, lan_of


def judge(program: list[bpf.Instruction], frame: bytes, known: dict[int, int]) -> bool:
    """Run a filter as the kernel would, for the operations that ours use."""
    sizes = {bpf.LOAD_BYTE: 1, bpf.LOAD_HALF: 2, bpf.LOAD_WORD: 4}
    at, loaded = 0, 0
    while True:
        operation, true, false, operand = program[at]
        at += 1
        if operation == bpf.RETURN:
            return operand > 0
        if operation == bpf.JUMP_EQUAL:
            at += true if loaded == operand else false
        elif operation == bpf.AND:
            loaded &= operand
        elif operation == bpf.JUMP_ANY_BIT:
            at += true if loaded & operand else false
        elif operand in known:
            loaded = known[operand]
        elif operand + sizes[operation] > len(frame):
            return False
        else:
            loaded = int.from_bytes(frame[operand : operand + sizes[operation]], "big")


class TestFilter:
    """The program that the kernel runs, on an interpreter of our own."""

    GOOD = b"\xff" * 6 + bytes(6) + b"\x08\x00" + b"\x45\0\0\x1d" + bytes(4) + b"\x40\x11" + bytes(30)
    KNOWN = {bpf.PACKET_TYPE: socket.PACKET_OUTGOING, bpf.HARDWARE_TYPE: 1, bpf.INTERFACE: 5}

    def test_cases(self) -> None:
        """One broken rule refuses."""
        program, good, known = capture_filter([1, 7]), self.GOOD, self.KNOWN
        assert judge(program, good, known)
        assert judge(program, b"\x01\x00\x5e" + good[3:], known)
        assert not judge(program, b"\x02" + good[1:], known)
        assert not judge(program, good[:13] + b"\x06" + good[14:], known)
        assert not judge(program, good[:22] + b"\0" + good[23:], known)
        assert not judge(program, good[:23] + b"\x02" + good[24:], known)
        asking = good[:34] + (4668).to_bytes(2, "big") * 2 + good[38:]
        assert not judge(program, asking, known)
        assert judge(program, asking[:34] + b"\0\1" + asking[36:], known)
        assert judge(program, asking[:20] + b"\x20\x01" + asking[22:], known)
        six = b"\x33\x33" + bytes(10) + b"\x86\xdd\x60" + bytes(5) + b"\x11\x01" + bytes(40)
        assert judge(program, six, known)
        assert judge(program, six[:20] + b"\x2c" + six[21:], known)
        assert not judge(program, b"\x02" + six[1:], known)
        assert not judge(program, six[:20] + b"\x3a" + six[21:], known)
        assert not judge(program, six[:21] + b"\0" + six[22:], known)
        assert not judge(program, six, {**known, bpf.INTERFACE: 7})
        assert not judge(program, good, {**known, bpf.PACKET_TYPE: socket.PACKET_BROADCAST})
        assert not judge(program, good, {**known, bpf.HARDWARE_TYPE: 65534})
        assert not judge(program, good, {**known, bpf.INTERFACE: 7})

    @given(st.binary(max_size=80), st.lists(st.integers(1, 9)), st.integers(1, 9))
    def test_any_frame(self, frame: bytes, excluded: list[int], index: int) -> None:
        """The program ends on every frame, and never accepts an excluded card."""
        accepted = judge(capture_filter(excluded), frame, {**self.KNOWN, bpf.INTERFACE: index})
        assert not (accepted and index in excluded)


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestRealCapture(TestCase):
    """Two cards (veth) in a namespace, one of them ours."""

    timeout = 120

    def setUp(self) -> None:
        """Cards with addresses, and a default route by the first."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.far = Namespace()
        self.addCleanup(self.far.close)
        for name, subnet in (("eth0", "10.1.0"), ("own0", "10.2.0")):
            join(self.world.namespace, name, self.far, f"far-{name}")
            self.world.namespace.run(f"ip addr add {subnet}.2/24 brd + dev {name}")
            self.far.run(f"ip addr add {subnet}.1/24 brd + dev far-{name}")
        self.world.namespace.run("ip route add default via 10.1.0.1")
        self.seen: list[tuple[str, bytes]] = []
        self.capture = Capture(self.world.reactor, ["own0"])
        self.capture.open(lambda index, frame: self.seen.append((socket.if_indextoname(index), frame)))
        self.addCleanup(self.capture.close)

    def send(self, payload: bytes, to: str, **options: Any) -> None:
        """A game sends."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if "ttl" in options:
                game.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, options["ttl"])
            game.bind(("0.0.0.0", 6001))
            game.sendto(payload, (to, 6000))

    async def test_sees_what_this_machine_broadcasts(self) -> None:
        """Unbound broadcasts and multicasts by the default card, once each; nothing else."""
        self.send(b"own card", "10.2.0.255")
        self.send(b"unicast", "10.1.0.1")
        self.send(b"stays here", "224.0.2.60", ttl=0)
        with self.far.inside():
            self.send(b"from the LAN", "10.1.0.255")
        self.send(b"limited", "255.255.255.255")
        self.send(b"subnet", "10.1.0.255")
        self.send(b"group", "224.0.2.60")
        while len(self.seen) < 3:
            await deferLater(self.world.reactor, 0.01)
        assert [name for name, _ in self.seen] == ["eth0"] * 3
        assert [frame[42:] for _, frame in self.seen] == [b"limited", b"subnet", b"group"]
        assert [socket.inet_ntoa(frame[30:34]) for _, frame in self.seen] == [
            "255.255.255.255",
            "10.1.0.255",
            "224.0.2.60",
        ]
        assert struct.unpack_from("!HH", self.seen[0][1], 34) == (6001, 6000)

    async def test_unfinished_checksums(self) -> None:
        """What the card would have finished is unfinished here; what is carried of it is right."""
        self.send(b"limited", "255.255.255.255")
        while not self.seen:
            await deferLater(self.world.reactor, 0.01)
        frame = self.seen[0][1]
        assert read_frame(frame) is Drop.CHECKSUM
        read = read_frame(frame, finished=False)
        assert isinstance(read, Frame)
        carried = captured(read, lan_of(ME, PEER), [IPv4Address("10.1.0.2")])
        assert isinstance(carried, Frame)
        assert read_frame(write_frame(carried)) == carried
        assert carried.content == Udp(ME, IPv4Address("255.255.255.255"), 6001, 6000, b"limited")

    async def test_closed(self) -> None:
        """After the end nothing is seen, and a second end is no error."""
        self.capture.close()
        self.capture.close()
        self.send(b"late", "255.255.255.255")
        await deferLater(self.world.reactor, 0)
        assert not self.seen
