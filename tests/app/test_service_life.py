"""What a service manager hears of a role's life: starting, ready, alive, stopping, in this order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.role_service import RoleService
from lanrage.app.service_life import CALM, Heartbeat, Readiness
from lanrage.net.supervisor import Supervisor
from tests.app.test_role_service import Part
from tests.app.test_service import free_udp_port

WATCHDOG = 30.0


class Ear:
    """Takes what a supervisor would hear."""

    def __init__(self, watchdog: float | None = WATCHDOG) -> None:
        self.address, self.watchdog = "/run/notify", watchdog
        self.told: list[dict[str, str]] = []
        self.deaf = False

    def tell(self, **fields: str) -> bool:
        """Keep a datagram."""
        self.told.append(fields)
        return not self.deaf

    def take(self) -> list[dict[str, str]]:
        """What came since the last call."""
        told, self.told = self.told, []
        return told


class LifeTests(SynchronousTestCase):
    """A role of one part that takes its time."""

    def setUp(self) -> None:
        """The role, not started."""
        self.events: list[str] = []
        self.clock = Clock()
        self.ear = Ear()
        self.part = Part(cast(Any, self), "a", slow=True)
        self.lines = ["listens on 7766", "next: do this"]
        self.role = RoleService(self.clock, [self.part], lambda: self.lines)
        self.surround()

    def surround(self) -> None:
        """As the program does."""
        heartbeat = Heartbeat(self.clock, cast(Supervisor, self.ear), self.role.words)
        self.role.surround(heartbeat, Readiness(heartbeat))

    def start(self) -> None:
        """The role, ready."""
        self.role.startService()
        self.part.starting.callback(None)
        self.clock.pump([0] * 4)

    def test_ready_when_all_stand(self) -> None:
        """Not before; meanwhile each beat asks for more time."""
        self.role.startService()
        self.clock.advance(WATCHDOG)
        extended = {"WATCHDOG": "1", "EXTEND_TIMEOUT_USEC": "30000000"}
        self.assertEqual(self.ear.take(), [extended | {"STATUS": "starting"}, extended])
        self.part.starting.callback(None)
        self.clock.pump([0] * 4)
        self.assertEqual(self.ear.take(), [{"READY": "1", "STATUS": "listens on 7766"}])

    def test_beats(self) -> None:
        """Three in the watchdog's time, by the reactor's clock; the status only where it is another one."""
        self.start()
        self.ear.take()
        self.clock.pump([WATCHDOG / 3] * 3)
        self.assertEqual(self.ear.take(), [{"WATCHDOG": "1"}] * 3)
        self.lines = ["a party of three"]
        self.clock.pump([WATCHDOG / 3] * 2)
        self.assertEqual(self.ear.take(), [{"WATCHDOG": "1", "STATUS": "a party of three"}, {"WATCHDOG": "1"}])

    def test_stuck(self) -> None:
        """While the reactor does not turn nothing is said."""
        self.start()
        self.ear.take()
        self.clock.rightNow += 10 * WATCHDOG
        self.assertEqual(self.ear.take(), [])

    def test_stop(self) -> None:
        """It is told first; beats go on, and ask for time, until the last part has stopped; then nothing is left."""
        self.start()
        self.ear.take()
        self.part.stopping = Deferred()
        stopped = self.role.stopService()
        self.clock.advance(WATCHDOG / 3)
        self.assertEqual(
            self.ear.take(),
            [{"STOPPING": "1", "STATUS": "stopping"}, {"WATCHDOG": "1", "EXTEND_TIMEOUT_USEC": "30000000"}],
        )
        self.part.stopping.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_watchdog(self) -> None:
        """Then what it says of itself is looked at now and then."""
        self.ear.watchdog = None
        self.role = RoleService(self.clock, [self.part], lambda: self.lines)
        self.surround()
        self.start()
        self.ear.take()
        self.clock.advance(CALM)
        self.assertEqual(len(self.ear.take()), 1)

    def test_a_status_that_fails(self) -> None:
        """It costs its line; the beats go on."""
        self.start()
        self.ear.take()
        self.lines = cast(Any, None)
        self.clock.advance(WATCHDOG / 3)
        self.assertEqual(self.ear.take(), [{"WATCHDOG": "1"}])
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_a_manager_that_is_deaf(self) -> None:
        """Nothing fails."""
        self.ear.deaf = True
        self.start()
        self.clock.advance(WATCHDOG)
        self.assertTrue(self.role.stands(self.part))


class ProcessTests(SynchronousTestCase):
    """``twistd lanrage control`` under a service manager."""

    def test_whole_life(self) -> None:
        """Ready once it listens, alive meanwhile, stopping before it ends."""
        with (
            tempfile.TemporaryDirectory(prefix="lanrage-life-") as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
        ):
            ear.bind(f"{folder}/notify")
            ear.settimeout(20)
            twistd = Path(sys.executable).with_name("twistd")
            words = ["--nodaemon", "--pidfile=", "lanrage", "control", f"--state-dir={folder}/state"]
            ports = ["--listen=tcp:0:interface=127.0.0.1", f"--stun-port={free_udp_port()}", "--stun-alternate=none"]
            environment = os.environ | {"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "600000"}
            with (
                open(f"{folder}/log", "wb") as log,
                subprocess.Popen([twistd, *words, *ports], env=environment, stdout=log, stderr=log) as process,
            ):
                heard = self.hear(ear, b"READY=1")
                self.assertIn(b"STATUS=starting", heard[0])
                self.assertTrue(Path(f"{folder}/state/control.sock").is_socket())
                self.hear(ear, b"WATCHDOG=1")
                process.send_signal(signal.SIGTERM)
                self.hear(ear, b"STOPPING=1")
                self.assertEqual(
                    process.wait(20), -signal.SIGTERM
                )  # twistd ends by the signal; to systemd that is a clean end

    def hear(self, ear: socket.socket, wanted: bytes) -> list[bytes]:
        """Datagrams up to the one with a line."""
        heard: list[bytes] = []
        while not heard or wanted not in heard[-1].split(b"\n"):
            heard.append(ear.recv(4096))
        return heard
