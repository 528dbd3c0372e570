"""A person at a host of a laboratory, without any rights: home, agent beside the node, commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import attrs

from lanrage.lab import roles
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for

PLAYER = 1000
"""The first number of a person."""
WAIT_S = 40.0
"""Seconds for whatever is waited for; each comes within a few."""

_ROOT = Path(__file__).resolve().parents[2]
_BECOME = ("setpriv", f"--reuid={PLAYER}", "--regid=0", "--clear-groups")
_AGENT = "from twisted.scripts.twistd import run; run()"


@attrs.frozen
class Player:
    """One person's session.

    :param home: a folder of the person's, below the host's.
    """

    lab: Lab
    host: Host
    home: Path

    @classmethod
    def at(cls, lab: Lab, host: Host) -> Self:
        """A person who has just come: with a home, without any program."""
        player = cls(lab, host, lab.folder.role(host.name) / "home")
        for folder in (lab.folder.path.parent, lab.folder.path, player.home.parent):
            folder.chmod(0o711)  # the agent has no right, and comes to the node's socket by its group alone
        player.folder(player.home)
        return player

    @property
    def environment(self) -> dict[str, str]:
        """That of the person's programs; those in the home's ``bin`` come first."""
        path = f"{self.home}/bin:{os.environ['PATH']}"
        own = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), "PATH": path}
        return {**os.environ, **own, "PYTHONPATH": str(_ROOT)}

    @property
    def _socket(self) -> str:
        return str(roles.node_socket(self.lab.folder, self.host))

    def folder(self, path: Path) -> Path:
        """Make a folder of the person's, at or below the home."""
        path.mkdir(parents=True, exist_ok=True)
        for made in (path, *path.parents):
            if made.is_relative_to(self.home):
                os.chown(made, PLAYER, 0)
        return path

    def spawn(self, name: str, *arguments: str) -> None:
        """Run a Python program of the person's until the laboratory ends."""
        role = f"{self.host.name}-{name}"
        command = [*_BECOME, sys.executable, *arguments]
        log = self.lab.folder.log(role)
        self.lab.folder.add_process(spawn(role, self.host.netns, command, log, self.environment, self.home))

    def attend(self) -> None:
        """Start the agent; it is there when this returns."""
        options = ("--socket", self._socket, "--state-dir", str(self.home / "state"))
        self.spawn("agent", "-c", _AGENT, "--nodaemon", "--pidfile=", "lanrage", "agent", *options)
        wait_for("the agent is there", lambda: self.call("games.agents")["agents"], WAIT_S)

    def call(self, operation: str, **args: Any) -> dict[str, Any]:
        """Ask the host's node, as root."""
        return self.lab.call(self.host, operation, **args)

    def command(self, *words: str) -> str:
        """What ``lanrage WORDS`` says to the person, on either stream."""
        command = [*_BECOME, sys.executable, "-m", "lanrage", "--socket", self._socket, *words]
        environment = self.environment
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=False
        )
        return done.stdout + done.stderr
