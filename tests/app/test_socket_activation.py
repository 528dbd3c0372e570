"""The real program with a socket that systemd has opened."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.app.door_world import fetch
from tests.app.test_roles import PROGRAM, ROOT, free_ports

LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "lanrage-control.socket"}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does: the socket is descriptor 3, and the variables name the very process that is executed."""


class SocketActivationTests(SynchronousTestCase):
    """``--listen=systemd:...``."""

    def setUp(self) -> None:
        """A folder, and a socket that listens already."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-activation-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(("::1", 0))
        self.socket.listen(16)

    def launch(self, listen: str) -> subprocess.Popen[str]:
        """Start it as systemd does."""
        (stun,) = free_ports(1)
        words = f"lanrage control --state-dir {self.folder} --listen {listen} --stun-port {stun}"
        number = str(self.socket.fileno())
        return subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, number, *PROGRAM, *words.split()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(self.socket.fileno(),),
            env=dict(os.environ),
        )

    def test_adopted_socket(self) -> None:
        """A client that came before the server was up is served over TLS; the socket outlives the server."""
        early = socket.create_connection(self.socket.getsockname()[:2])
        self.addCleanup(early.close)
        with self.launch("systemd:domain=INET6:index=0") as program:
            early.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            early.settimeout(60)
            self.assertTrue(early.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n"))
            self.assertEqual("TLSv1.3", fetch(self.socket.getsockname()[:2]).version)
            program.send_signal(signal.SIGTERM)
            said = program.communicate(timeout=60)[0]
        self.assertEqual(-signal.SIGTERM, program.returncode)
        self.assertNotIn("Traceback", said)
        self.assertIn(f"listens on [::1]:{self.socket.getsockname()[1]}", said)
        again = socket.create_connection(self.socket.getsockname()[:2])
        again.close()

    def test_by_its_name(self) -> None:
        """The socket may be named, too; one that was not handed over ends the start with one sentence."""
        with self.launch("systemd:domain=INET6:name=lanrage-control.socket") as program:
            self.assertTrue(fetch(self.socket.getsockname()[:2]).answer.endswith(b"serving\n"))
            program.send_signal(signal.SIGTERM)
            program.communicate(timeout=60)
        with self.launch("systemd:domain=INET6:index=1") as program:
            said = program.communicate(timeout=60)[0]
        self.assertEqual(1, program.returncode)
        self.assertIn("listen: 'systemd:domain=INET6:index=1': systemd has handed over no such socket", said)
        self.assertNotIn("Traceback", said)
