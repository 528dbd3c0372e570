"""Real game servers appear by themselves at the other members, answer, are measured, and go when they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli_frame import INTERRUPTED
from lanrage.app.watching import BEAT
from lanrage.lab import party, roles
from lanrage.lab.demo import laboratory, start_server, wait_listening
from lanrage.lab.games import SERVERS
from lanrage.lab.lab import Lab
from lanrage.lab.node_call import call
from lanrage.lab.plan import Host
from lanrage.lab.process import end, spawn, wait_for
from lanrage.lab.roles import node_socket

APPEAR_S, GONE_S = 30.0, 10.0
"""Seconds for all servers to be listed with an answer, and for one that has ended to be gone."""

FEW_BEATS_S = 8.0
"""Until a lease repeats it."""
BEACON = """
import socket, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    sender.sendto(b"[MOTD]Ana - World[/MOTD][AD]51234[/AD]", ("224.0.2.60", 4445))
    time.sleep(1.5)
"""
"""Announces a world as Minecraft does."""


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class ServersTests(SynchronousTestCase):
    """Three hosts behind NATs, a real server on each."""

    def listed(self, lab: Lab, host: Host) -> dict[str, dict[str, Any]]:
        """What a host lists, by the member that runs it."""
        found = call(node_socket(lab.folder, host), "servers.list").result["servers"]
        return {each["member"]: each for each in found}

    def test_servers(self) -> None:
        """Each is listed at each other host with its name and an answer over the party link; one that ends is gone
        everywhere within ten seconds."""
        folder = tempfile.TemporaryDirectory(prefix="lr-", dir="/tmp")
        with (
            folder as base,
            laboratory("servers", ("open", "restricted", "symmetric"), Path(base), lambda _: None) as lab,
        ):
            self.check(lab)

    def check(self, lab: Lab) -> None:
        """In a laboratory without nodes."""
        hosts = lab.plan.hosts
        lab.start(roles.roles(lab.plan))
        code, address = party.found(lab.folder, lab.plan, "servers")
        party.gather(lab.folder, lab.plan, code, address)
        watching = self.watch(lab, hosts[1])
        for host, server in zip(hosts, SERVERS, strict=True):
            start_server(lab, host, server)
        wait_listening(lab)
        wait_for("all servers are listed", lambda: all(self.complete(lab, host) for host in hosts), APPEAR_S)
        self.check_beacon(lab)
        own = self.listed(lab, hosts[0])[hosts[0].name]
        self.assertEqual((True, SERVERS[0].title, "yes"), (own["own"], own["name"], own["joinable"]))
        end([each for each in lab.folder.processes() if each.role == f"{hosts[0].name}-{SERVERS[0].game}"])
        gone = hosts[0].name
        wait_for("it is gone", lambda: all(gone not in self.listed(lab, host) for host in hosts[1:]), GONE_S)
        time.sleep(2 * BEAT)
        watching.send_signal(signal.SIGINT)
        lines, _ = watching.communicate(timeout=APPEAR_S)
        self.assertEqual(INTERRUPTED, watching.returncode, lines)
        for sign in "+-":
            self.assertTrue(any(line.startswith(f"{sign} {SERVERS[0].title}, ") for line in lines.splitlines()), lines)

    def check_beacon(self, lab: Lab) -> None:
        """A world that the last host announces as Minecraft does is listed at the first, where no game waits for it;
        whether it answers was found out, and it goes when it is announced no more."""
        hosts = lab.plan.hosts
        role = f"{hosts[-1].name}-beacon"
        lab.folder.add_process(
            spawn(
                role, hosts[-1].netns, [sys.executable, "-c", BEACON], lab.folder.log(role), os.environ, lab.folder.path
            )
        )

        def worlds() -> list[dict[str, Any]]:
            found = call(node_socket(lab.folder, hosts[0]), "servers.list", game="minecraft").result["servers"]
            return [each for each in found if each["name"] == "Ana - World" and each["port"] == 51234]

        wait_for("the announced world is listed", lambda: bool(worlds()), APPEAR_S)
        self.assertEqual((hosts[-1].name, ["announced"]), (worlds()[0]["member"], worlds()[0]["found"]))
        wait_for("it was asked", lambda: all(each["joinable"] == "no" for each in worlds()), APPEAR_S)
        time.sleep(FEW_BEATS_S)
        end([each for each in lab.folder.processes() if each.role == role])
        wait_for("the announced world is gone", lambda: not worlds(), GONE_S)

    def watch(self, lab: Lab, host: Host) -> subprocess.Popen[str]:
        """``lanrage servers watch`` in a pipe."""
        command = [sys.executable, "-m", "lanrage", "--socket", str(node_socket(lab.folder, host)), "servers", "watch"]
        made = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # pylint: disable=consider-using-with
        self.addCleanup(made.wait)
        self.addCleanup(made.kill)
        return made

    def complete(self, lab: Lab, host: Host) -> bool:
        """Whether a host lists all other hosts' servers with their names and an answer."""
        listed = self.listed(lab, host)
        for other, server in zip(lab.plan.hosts, SERVERS, strict=True):
            each = listed.get(other.name)
            if each is None or each["joinable"] != "yes" or (other is not host and each["latency_ms"] is None):
                return False
            if server.titled and each["name"] != server.title:
                return False
        return True
