"""The sockets on which this machine listens, on real sockets of another process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.listeners import listening_sockets

PROGRAM = """
import json, socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
udp, far = (socket.socket(type=socket.SOCK_DGRAM) for _ in "ab")
udp.bind(("127.0.0.1", 0))
far.connect(udp.getsockname())
print(json.dumps([each.getsockname()[1] for each in (tcp, udp, far)]), flush=True)
sys.stdin.read()
"""


class ListenerTests(SynchronousTestCase):
    """:func:`listening_sockets`."""

    @pytest.mark.needs("root")
    def test_found(self) -> None:
        """TCP that listens and UDP without a peer, by the program's name; UDP with a peer is not for others."""
        words = [sys.executable, "-c", PROGRAM]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            tcp, udp, far = json.loads(program.stdout.readline())
            found = {(each.proto, each.port): each for each in listening_sockets()}
            program.communicate("")
        self.assertIn("python", found["tcp", tcp].program)
        self.assertEqual(
            ("127.0.0.1", found["tcp", tcp].program), (found["udp", udp].address, found["udp", udp].program)
        )
        self.assertNotIn(("udp", far), found)
