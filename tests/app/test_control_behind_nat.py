"""Friends without a server: all roles on one machine behind a home router, and a friend outside joins by the code."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.control_outside import read_reach
from lanrage.core.code import InvitationCode
from lanrage.core.mapping import Transport
from lanrage.errors import LanrageError
from lanrage.lab import netns
from lanrage.lab.node_call import call, listening
from lanrage.lab.process import Started, end, spawn, wait_for
from lanrage.lab.roles import twistd
from lanrage.lab.wan import python_env
from tests.mapped_router import HOST, PUBLIC, MappedRouter

PATIENCE_S = 40.0


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "miniupnpd", "wireguard-go", "tun")
class TestBehindNat(SynchronousTestCase):
    """The issue's case, with real programs and Debian's miniupnpd."""

    def setUp(self) -> None:
        """A home network, and a friend on the internet."""
        from twisted.internet import reactor

        self.world = MappedRouter(reactor)
        self.addCleanup(self.world.close)
        netns.ip_batch(self.world.outside, [f"route add default via {PUBLIC}"])
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.processes: list[Started] = []
        self.addCleanup(lambda: end(self.processes))

    def run_role(self, role: str, namespace: str, device: str) -> Path:
        """Start a role; its node's socket."""
        home = self.folder / device
        home.mkdir()
        options = ["--state-dir", str(home), "--run-dir", str(home / "run"), "--tunnel-device", device]
        argv = [*twistd(), role, *options, "--card", "lanrage0"]
        self.processes.append(spawn(role, namespace, argv, home / "log", python_env(), home))
        wait_for(f"{role} answers", lambda: listening(home / "run/node.sock"), PATIENCE_S)
        return home / "run/node.sock"

    def path_of(self, socket: Path) -> dict[str, Any]:
        """The other member, as a node shows it."""
        try:
            members = call(socket, "party.show").result["members"]
        except LanrageError:
            return {}
        return next((member for member in members if not member["me"]), {})

    def test_friends(self) -> None:
        """Ports are mapped, the code names the router's address, the friend joins and gets a direct path by it."""
        host = self.run_role("all", self.world.host, f"lrn{os.getpid() % 10000}h")
        state = host.parent.parent
        wait_for("mapped", lambda: (saved := read_reach(state)) is not None and bool(saved.reach.addresses), PATIENCE_S)
        wait_for("all mapped", lambda: self.world.rules().count("dnat") == 18, PATIENCE_S)
        made = call(host, "party.create", name="Friday", member_name="anna", server=f"{HOST}:7766").result
        self.assertEqual((f"{PUBLIC}:7766", f"{HOST}:7766"), InvitationCode.decode(made["code"]).addresses)
        self.assertTrue(made["link"].startswith(f"lanrage://{PUBLIC}:7766/"))

        guest = self.run_role("node", self.world.outside, f"lrn{os.getpid() % 10000}g")
        call(guest, "party.join", code=made["code"], member_name="bert")
        wait_for("a direct path", lambda: self.path_of(guest).get("path") == "direct", PATIENCE_S)
        self.assertEqual(f"{PUBLIC}:51820", self.path_of(guest)["endpoint"])
        status = call(host, "status").result["port_mapping"]
        self.assertEqual((f"{PUBLIC}:51820", "pcp", True), (status["external"], status["method"], status["offered"]))
        saved = read_reach(state)
        assert saved is not None
        self.assertEqual("confirmed", saved.reach.state)

        end(self.processes)
        self.processes.clear()
        self.assertNotIn("dnat", self.world.rules())
        self.assertFalse(self.world.maps(Transport.TCP, 7766))
