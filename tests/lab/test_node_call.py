"""The blocking client against the real local API with a fake node behind it."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.api import ApiService
from lanrage.errors import Refused, Unreachable
from lanrage.lab.node_call import Call, call, listening
from tests.fakes_node import FakeNode


class ApiTests(TestCase):
    """Calls in a thread, the service in the reactor."""

    def setUp(self) -> None:
        """Listen in a folder of its own."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, folder)
        self.path = folder / "node.sock"
        service = ApiService(cast(Any, reactor), self.path, FakeNode())
        service.startService()
        self.addCleanup(service.stopService)

    async def test_result(self) -> None:
        """A long operation's progress is passed over, the times enclose it."""
        self.assertTrue(await deferToThread(listening, self.path))
        answer: Call = await deferToThread(
            call, self.path, "party.create", name="p", server="203.0.113.1:7766", member_name="h1"
        )
        self.assertIn("code", answer.result)
        self.assertLessEqual(answer.issued, answer.answered)

    async def test_refusal(self) -> None:
        """The node's own code and message arrive."""
        with self.assertRaises(Refused) as caught:
            await deferToThread(call, self.path, "party.dance")
        self.assertEqual(caught.exception.code, "bad_input")


class FrameTests(SynchronousTestCase):
    """Answers that a server may cut and mix as RFC 6455 allows."""

    def serve(self, answer: bytes) -> Path:
        """A server that answers anything with these bytes, once."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-lab-"))
        self.addCleanup(shutil.rmtree, folder)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(folder / "s"))
        server.listen()

        def run() -> None:
            with server, server.accept()[0] as client:
                client.recv(4096)
                client.sendall(answer)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join, 10)
        return folder / "s"

    def test_pieces(self) -> None:
        """A ping, progress, and a result in two frames, one of them long, are one result."""
        first, rest = b'{"id":1,"result":{"a":"', b"x" * 300 + b'"}}'
        frames = b"\x89\x01p" + b"\x81\x17" + b'{"id":1,"progress":"x"}'
        frames += bytes([0x01, len(first)]) + first + b"\x80\x7e" + len(rest).to_bytes(2, "big") + rest
        path = self.serve(b"HTTP/1.1 101 Switching Protocols\r\nX: y\r\n\r\n" + frames)
        self.assertEqual(call(path, "x").result, {"a": "x" * 300})

    def test_no_websocket(self) -> None:
        """Another server, a server that hangs up, and none at all are one kind of error."""
        for answer in (b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 101 S\r\n\r\n\x88\x00", b"HTTP/1.1 101 S\r\n\r\n"):
            with self.assertRaises(Unreachable):
                call(self.serve(answer), "x")
        with self.assertRaises(Unreachable):
            call(Path("/nonexistent/s"), "x")
        self.assertFalse(listening(Path("/nonexistent/s")))
