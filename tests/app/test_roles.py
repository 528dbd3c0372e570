"""The roles in one process: what each starts, says and gives back; the program itself, from start to signal."""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app import roles
from lanrage.app.config import AllConfig, ControlConfig, NodeConfig, RelayConfig
from lanrage.app.machinery import Devices
from lanrage.app.metering import Metering
from lanrage.app.reflector import Alternate
from lanrage.app.relay import RelayService
from lanrage.app.role_service import RoleService
from lanrage.app.service import CONTROL, NODE, RELAY, RUN, STATE, Options
from lanrage.wire.control import RelayInfo

reactor: Any = _reactor
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile="]


def free_ports(count: int) -> list[int]:
    """UDP ports that nobody held a moment ago."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class RolesTests(TestCase):
    """Each role on loopback."""

    timeout = 60

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-roles-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.stun, self.port = free_ports(2)
        self.control = ControlConfig(self.folder / "state", "tcp:0:interface=127.0.0.1", self.stun)
        devices = Devices("lrt-none0", "auto", "lrt-none1", 0)
        self.node = NodeConfig(self.folder / "state", self.folder / "run", devices)

    async def run_role(self, service: RoleService) -> list[str]:
        """Start a role, hear its greeting, stop it; every port is free again after that."""
        service.startService()
        self.addCleanup(service.stopService)
        assert service.starting is not None
        await service.starting.settled
        greeting = service._greeting()
        await service.stopService()
        self.assertEqual(service.starting.plan.done[::-1], service.starting.undone)
        return greeting

    def rebind(self, *ports: int) -> None:
        """These UDP ports are free."""
        for port in ports:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind(("", port))

    def test_control(self) -> Deferred[None]:
        """Reflector and control server; the next command names the address."""

        async def life() -> None:
            told = await self.run_role(roles.make(reactor, self.control))
            self.assertEqual(3, len(told))
            listens = f"control server listens on tcp:0:interface=127.0.0.1, reflector on UDP {self.stun}"
            self.assertEqual(listens, told[0])
            self.assertIn(roles.own_address(), told[1])
            self.assertIn("lanrage party create NAME --server", told[2])
            self.rebind(self.stun)
            self.assertEqual(64, len((self.folder / "state" / "server.pub").read_text("ascii").strip()))

        return Deferred.fromCoroutine(life())

    def test_a_second_address(self) -> Deferred[None]:
        """The reflector has both, nodes are told of both ports, and all are free again afterwards."""

        async def life() -> None:
            alternate = Alternate(self.port, "127.0.0.2")
            config = attrs.evolve(self.control, public="127.0.0.1:7766", alternate=alternate)
            control, reflector = roles._control_parts(reactor, config)
            self.assertEqual(control._settings.reflectors, (f":{self.stun}", f":{self.port}"))
            reflector.startService()
            self.addCleanup(reflector.stopService)
            self.assertEqual(len(reflector._listening), 6)
            await reflector.stopService()
            self.rebind(self.stun, self.port)
            none = roles._control_parts(reactor, attrs.evolve(self.control, alternate=None))[0]
            self.assertEqual(none._settings.reflectors, (f":{self.stun}",))

        return Deferred.fromCoroutine(life())

    def test_flush_interval_reaches_the_journal(self) -> Deferred[None]:
        """The option decides how long a change may wait."""

        async def work() -> None:
            control, _ = roles._control_parts(reactor, attrs.evolve(self.control, flush_interval=2.0))
            await control.start()
            assert control._journal is not None
            self.assertEqual(2.0, control._journal._interval)
            self.assertIn("flush_p99_ms", control.status()["journal"])
            await control.stop()

        return Deferred.fromCoroutine(work())

    def test_relay(self) -> Deferred[None]:
        """Its ports, and no more."""

        async def life() -> None:
            config = RelayConfig(b"k" * 32, (self.port, self.port), "127.0.0.1", state_dir=self.folder)
            told = await self.run_role(roles.make(reactor, config))
            self.assertEqual([f"relay listens on UDP {self.port}-{self.port}"], told)
            self.rebind(self.port)

        return Deferred.fromCoroutine(life())

    def test_relay_that_cannot_report(self) -> Deferred[None]:
        """Without a folder for its identity it forwards all the same, and says what it does not do."""

        async def life() -> None:
            (self.folder / "file").touch()
            place = self.folder / "file" / "state"
            ports, host = (self.port, self.port), "127.0.0.1"
            config = RelayConfig(b"k" * 32, ports, host, control="127.0.0.1:1", state_dir=place)
            service = roles.make(reactor, config)
            service.startService()
            self.addCleanup(service.stopService)
            (relay,) = [part for part in service._names if isinstance(part, RelayService)]
            while not service.stands(relay):
                turn: Deferred[None] = Deferred()
                reactor.callLater(0.01, turn.callback, None)
                await turn
            self.assertTrue(any(each.startswith("the relay reporter does not run") for each in service.troubles()))

        return Deferred.fromCoroutine(life())

    def test_history_of_each(self) -> None:
        """A control server and a relay that run alone may have a node's state folder: each has its own metrics."""
        relay = RelayConfig(b"k" * 32, (self.port, self.port), "127.0.0.1", state_dir=self.folder / "state")
        found = []
        for config in (self.node, self.control, relay):
            (metering,) = (part for part in roles.make(reactor, config)._names if isinstance(part, Metering))
            assert metering.archive is not None
            found.append(metering.archive._store.path.name)
        self.assertEqual(["metrics.db", "metrics-control.db", "metrics-relay.db"], found)

    def test_node(self) -> Deferred[None]:
        """The socket of the local API and an idle node."""

        async def life() -> None:
            service = roles.make(reactor, self.node)
            told = await self.run_role(service)
            self.assertIn("--server HOST:PORT", told[-1])
            self.assertIn("idle", told[0])
            self.assertFalse((self.folder / "run" / "node.sock").exists())

        return Deferred.fromCoroutine(life())

    def test_all(self) -> Deferred[None]:
        """Everything in one process; the node's next command names the own server."""

        async def life() -> None:
            control = ControlConfig(
                self.folder / "state",
                "tcp:0:interface=127.0.0.1",
                self.stun,
                "party.example.org:7766",
                (RelayInfo("", self.port, self.port),),
            )
            config = AllConfig(control, (self.port, self.port), self.node)
            told = await self.run_role(roles.make(reactor, config))
            self.assertIn(f"relay listens on UDP {self.port}-{self.port}", told)
            self.assertIn("nodes reach it as party.example.org:7766", told)
            self.assertIn("--server party.example.org:7766", told[-1])
            self.rebind(self.stun, self.port)

        return Deferred.fromCoroutine(life())


class AddressTests(SynchronousTestCase):
    """What is shown to the user."""

    def test_first_address_of_a_reflector(self) -> None:
        """The public one where it is this machine's; a name or a router's address says nothing."""
        own = roles.own_address()
        first = {"127.0.0.1:1": "127.0.0.1", "[::1]:1": "::1", "example.org:1": own, "192.0.2.1:1": own, "": own}
        self.assertEqual(first, {text: roles._first_address(text) for text in first})

    def test_port_of_an_endpoint(self) -> None:
        """The TCP port, wherever the endpoint string has it; else the usual one."""
        ports = {"tcp:7:interface=1.2.3.4": 7, "tcp6:8": 8, "systemd:domain=INET:index=0": 7766}
        self.assertEqual(ports, {text: roles._port(text) for text in ports})

    def test_help(self) -> None:
        """The help names every role and every option of each; a role's help its own alone."""
        text = Options().getUsage()
        rows = {"node": [STATE, RUN, *NODE], "control": [STATE, *CONTROL], "relay": [STATE, *RELAY]}
        for role, makers in rows.items():
            shown = io.StringIO()
            with self.assertRaises(SystemExit), contextlib.redirect_stdout(shown):
                Options().parseOptions([role, "--help"])
            own = shown.getvalue()
            self.assertNotIn("Options of", own)
            part = text.partition(f"\nOptions of {role}:\n")[2].partition("\nOptions of ")[0]
            for row in makers:
                self.assertIn(f"--{row[0]}=", part)
                self.assertIn(f"--{row[0]}=", own)
            if role != "control":
                self.assertNotIn("--stun-port", own + part)


class ProgramTests(SynchronousTestCase):
    """The real program."""

    def test_start_and_signal(self) -> None:
        """It says where it listens and what to do next; at a signal it ends well and gives its ports back."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-roles-"))
        self.addCleanup(shutil.rmtree, folder)
        (stun,) = free_ports(1)
        words = f"lanrage control --state-dir {folder} --listen tcp:0:interface=127.0.0.1 --stun-port {stun}"
        with subprocess.Popen(
            [*PROGRAM, *words.split()], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as program:
            said = ""
            assert program.stdout is not None
            for line in program.stdout:
                said += line
                if "next, on a player's machine" in line:
                    program.send_signal(signal.SIGTERM)
        self.assertEqual(-signal.SIGTERM, program.returncode)  # twistd ends by the signal itself, after all has stopped
        self.assertIn("Server Shut Down", said)
        self.assertIn("next, on a player's machine: lanrage party create NAME --server", said)
        self.assertNotIn("Traceback", said)

    def test_help(self) -> None:
        """``twistd lanrage --help`` shows the roles."""
        command = [*PROGRAM, "lanrage", "--help"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, done.returncode)
        for role in ("control", "relay", "node", "all"):
            self.assertIn(f"Options of {role}:", done.stdout)
