"""A player of BZFlag without a screen, at a server in memory."""

from __future__ import annotations

import socket
import struct
import threading

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError
from lanrage.lab.bzflag_player import ACCEPT, HELLO, LAG_PING, REJECT, Player, enter, message, messages

VERSION = b"BZFS0221"
sent = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=6)


class MessageTests(SynchronousTestCase):
    """The codec."""

    @given(sent, st.integers(0, 400))
    def test_stream(self, told: list[tuple[int, bytes]], cut: int) -> None:
        """However the stream is cut, each message comes once, in order."""
        stream = b"".join(message(code, body) for code, body in told)
        buffer = bytearray(stream[:cut])
        found = list(messages(buffer))
        buffer += stream[cut:]
        assert found + list(messages(buffer)) == told
        assert not buffer

    @given(st.text(max_size=60))
    def test_enter(self, name: str) -> None:
        """Any name keeps its place, and the message its length."""
        whole = enter(name)
        assert len(whole) == 4 + 247
        assert struct.unpack_from("!HHHH", whole) == (247, 0x656E, 0, 0)
        assert whole[8:40].rstrip(b"\0") == name.encode()[:31].rstrip(b"\0")


class JoinTests(SynchronousTestCase):
    """Joined to a pair of sockets."""

    def setUp(self) -> None:
        """The server's end is in a thread."""
        ours, self.server = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.server.close)
        self.server.settimeout(5)
        self.player = Player(ours)
        self.heard = bytearray()

    def serve(self, *answers: tuple[int, bytes], number: int = 0) -> threading.Thread:
        """A server that gives this number and then these answers."""

        def run() -> None:
            self.heard += self.server.recv(len(HELLO))
            self.server.sendall(VERSION + bytes([number]))
            while len(self.heard) < len(HELLO) + len(enter("x")):
                self.heard += self.server.recv(4096)
            self.server.sendall(b"".join(message(*each) for each in answers))

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def test_joins_and_stays(self) -> None:
        """Other messages do not matter; a question for the way's length gets itself back; the server's end is the
        end."""
        serving = self.serve((0x6767, b"other"), (ACCEPT, b""))
        self.player.join("player")
        serving.join()
        self.assertEqual(HELLO + enter("player"), bytes(self.heard))
        self.server.sendall(message(LAG_PING, b"\0\7"))
        staying = threading.Thread(target=self.player.stay)
        staying.start()
        self.assertEqual(message(LAG_PING, b"\0\7"), self.server.recv(64))
        self.server.shutdown(socket.SHUT_RDWR)
        staying.join(5)
        self.assertFalse(staying.is_alive())

    def test_not_taken(self) -> None:
        """The server says why."""
        self.serve((REJECT, b"\0\1the name is in use\0"))
        self.assertIn("the name is in use", str(self.assertRaises(DecodeError, self.player.join, "player")))

    def test_full(self) -> None:
        """A server without room takes nobody."""
        self.server.sendall(VERSION + b"\xff")
        self.assertRaises(DecodeError, self.player.join, "player")
