"""Two real nodes; on one machine a user with a session bus, a desktop and an agent logs out and in again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import wait_for
from tests.desktop_bus import NO_DBUS, start_bus
from tests.lab.bare import own
from tests.x_server import end

ROOT = Path(__file__).resolve().parents[2]
AGENT = ["-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile=", "lanrage", "agent"]
WAIT_S = 120.0
"""Seconds for whatever is waited for: a log-out counts after half a minute, the rest takes a few seconds."""


@attrs.define
class Seat:
    """A machine before which somebody sits.

    :param folder: of the session, in which the bus listens.
    """

    lab: Lab
    host: Host
    folder: Path
    stack: ExitStack

    def sit_down(self) -> None:
        """The bus and the desktop of the session."""
        start_bus(self.stack.callback, self.folder)
        self._run(self.folder / "desktop.log", "-m", "tests.desktop_process", str(self.folder / "bus"))
        wait_for("the desktop is there", lambda: (self.folder / "desktop.log").stat().st_size > 0, WAIT_S)

    def log_in(self) -> subprocess.Popen[bytes]:
        """Its agent."""
        options = [
            "--socket",
            str(roles.node_socket(self.lab.folder, self.host)),
            "--state-dir",
            str(self.folder / "a"),
        ]
        agent = self._run(self.folder / "agent.log", *AGENT, *options)
        wait_for("the agent is there", lambda: bool(self.call("games.agents")["agents"]), WAIT_S)
        return agent

    def log_out(self, agent: subprocess.Popen[bytes]) -> None:
        """The session ends its agent, as systemd does."""
        agent.send_signal(signal.SIGTERM)
        agent.wait(WAIT_S)

    def _run(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        bus = f"unix:path={self.folder / 'bus'}"
        environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus, "PYTHONPATH": str(ROOT), "DISPLAY": ""}
        with log.open("ab") as out:
            process = subprocess.Popen(  # pylint: disable=consider-using-with  # lives until the stack ends it
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.stack.callback(end, process)
        return process

    def call(self, operation: str, **args: Any) -> dict[str, Any]:
        """Ask its node."""
        found: dict[str, Any] = self.lab.call(self.host, operation, **args)
        return found

    @property
    def missing(self) -> str:
        """What the node lacks."""
        return " ".join(self.call("status")["missing"])

    @property
    def notes(self) -> list[str]:
        """What the desktop has shown."""
        lines = (self.folder / "desktop.log").read_text(encoding="utf-8").splitlines()
        return [line["note"] for line in map(json.loads, lines) if "note" in line]

    @property
    def asked(self) -> int:
        """How often the node answered the agent that it was asked to rejoin."""
        return (self.folder / "agent.log").read_text(encoding="utf-8").count("was asked to rejoin")

    @property
    def back(self) -> str:
        """What its user is told at log-in."""
        return f"You are back in {self.lab.record.name}."

    def sees(self, name: str) -> bool | None:
        """Whether a member is online, as seen from here; ``None``: there is none of the name."""
        members = self.call("party.show")["members"]
        return {each["name"]: each["online"] for each in members}.get(name)


@contextmanager
def two_seats(name: str) -> Iterator[tuple[Seat, Seat]]:
    """A party of two machines."""
    with (
        tempfile.TemporaryDirectory(prefix="lr-", dir="/tmp") as base,
        laboratory(own(name), ("open", "restricted"), Path(base), lambda _: None) as lab,
        ExitStack() as stack,
    ):
        lab.start(roles.roles(lab.plan))
        lab.gather()
        folders = [Path(base, host.name) for host in lab.plan.hosts]
        for folder in folders:
            folder.mkdir()
        ann, ben = (Seat(lab, host, folder, stack) for host, folder in zip(lab.plan.hosts, folders, strict=True))
        yield ann, ben


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
@pytest.mark.skipif(bool(NO_DBUS), reason=NO_DBUS)
class RejoinTests(SynchronousTestCase):
    """One user."""

    def test_log_out_and_in(self) -> None:
        """Out of the party at log-out, back at log-in, told once; an agent that is started anew changes nothing; what
        the user leaves stays left."""
        with two_seats("rejoin") as (ann, ben):
            name = ben.call("party.show")["me"]
            ben.call("settings.set", values={"desktop.notify": "off", "desktop.rejoin": "on"})
            ben.sit_down()
            agent = ben.log_in()
            wait_for("the node was asked", lambda: ben.asked == 1, WAIT_S)
            ben.log_out(agent)
            wait_for("the node stays out", lambda: "until somebody logs in" in ben.missing, WAIT_S)
            wait_for("others see it offline", lambda: ann.sees(name) is False, WAIT_S)
            self.check_back(ann, ben, name)

    def check_back(self, ann: Seat, ben: Seat, name: str) -> None:
        """From the second log-in on."""
        agent = ben.log_in()
        wait_for("the user is told", lambda: bool(ben.notes), WAIT_S)
        wait_for("others see it online", lambda: ann.sees(name) is True, WAIT_S)
        self.assertEqual("", ben.missing)
        ben.log_out(agent)
        agent = ben.log_in()
        wait_for("the node was asked again", lambda: ben.asked == 3, WAIT_S)
        self.assertEqual((True, [ben.back]), (ann.sees(name), ben.notes))
        ben.call("party.leave")
        ben.log_out(agent)
        ben.log_in()
        wait_for("the node was asked a last time", lambda: ben.asked == 4, WAIT_S)
        self.assertEqual(("idle", None, [ben.back]), (ben.call("status")["state"], ann.sees(name), ben.notes))
