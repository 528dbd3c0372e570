"""Two real nodes that are services, an agent beside each: modifications are compared before a real server is joined."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.game_recipes import OPENTTD_LISTED as SERVER
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for
from tests.lab.bare import own

PLAYER = 1000
"""The first number of a person."""
ROOT = Path(__file__).resolve().parents[2]
BECOME = ["setpriv", f"--reuid={PLAYER}", "--regid=0", "--clear-groups"]
AGENT = "from twisted.scripts.twistd import run; run()"
GAME = '#!/bin/sh\nprintf "%s\\n" "$*" > "$HOME/started"\nexec sleep 3\n'
"""Stands for the player's program, which needs a screen."""
LISTED_S, AGAIN_S = 40.0, 30.0
"""Seconds for a server to be listed, and for a list of modifications to be read again."""
PLACE = Path(".local/share/openttd/newgrf")


@attrs.frozen
class Session:
    """One player's, with an agent."""

    lab: Lab
    host: Host
    home: Path

    @classmethod
    def begin(cls, lab: Lab, host: Host) -> Session:
        """Its home, and its agent."""
        home = lab.folder.role(host.name) / "home"
        for folder in (lab.folder.path.parent, lab.folder.path, home.parent):
            folder.chmod(0o711)  # the agent has no right, and comes to the node's socket by its group alone
        session = cls(lab, host, home)
        session.folder(home / PLACE)
        game = session.folder(home / "bin") / "openttd"
        game.write_text(GAME, encoding="utf-8")
        game.chmod(0o755)
        options = ["--socket", str(roles.node_socket(lab.folder, host)), "--state-dir", str(home / "state")]
        command = [*BECOME, sys.executable, "-c", AGENT, "--nodaemon", "--pidfile=", "lanrage", "agent", *options]
        role = f"{host.name}-agent"
        path = f"{home}/bin:{os.environ['PATH']}"
        environment = {**os.environ, "HOME": str(home), "PATH": path}
        lab.folder.add_process(spawn(role, host.netns, command, lab.folder.log(role), environment, home))
        return session

    def folder(self, path: Path) -> Path:
        """One more, of the player's."""
        path.mkdir(parents=True)
        for made in (path, *path.parents):
            if made.is_relative_to(self.home):
                os.chown(made, PLAYER, 0)
        return path

    def has(self, name: str, contents: str = "") -> None:
        """One more modification."""
        (self.home / PLACE / name).write_text(contents, encoding="utf-8")

    def call(self, operation: str, **args: Any) -> dict[str, Any]:
        """Ask its node."""
        found: dict[str, Any] = self.lab.call(self.host, operation, **args)
        return found

    def attended(self) -> bool:
        """Whether the agent is there."""
        return bool(self.call("games.agents")["agents"])

    def launch(self, place: str, *options: str) -> str:
        """``lanrage servers launch``, as the player; what it says."""
        socket = str(roles.node_socket(self.lab.folder, self.host))
        command = [*BECOME, sys.executable, "-m", "lanrage", "--socket", socket, "servers", "launch", place, *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LISTED_S, check=False)
        return " ".join((done.stdout + done.stderr).split())


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go", "openttd", "setpriv")
class ModsTests(SynchronousTestCase):
    """An OpenTTD server at one of two players."""

    def test_mods(self) -> None:
        """What differs is told and keeps the game from being started, unless the player wants to; once both have the
        same, it is started."""
        with (
            tempfile.TemporaryDirectory(prefix="lr-", dir="/tmp") as base,
            laboratory(
                own("mods"), ("open", "restricted"), Path(base), lambda _: None, node_options=("--game-poll", "1")
            ) as lab,
        ):
            lab.start(roles.roles(lab.plan))
            lab.gather()
            self.check(*(Session.begin(lab, host) for host in lab.plan.hosts))

    def check(self, player: Session, hosting: Session) -> None:
        """Two sessions whose nodes are in one party."""
        for session in (player, hosting):
            session.has("opengfx.tar", "the same")
            wait_for("the agent is there", session.attended, LISTED_S)
        hosting.has("trains.grf")
        place = self.serve(hosting)
        wait_for("the server is listed", self.listed(player, place), LISTED_S)
        told = player.call("servers.join", server=place)["mods"]
        self.assertEqual(
            (hosting.host.name, "differs", ["trains.grf"]), (told["member"], told["verdict"], told["missing_here"])
        )
        said = player.launch(place)
        self.assertIn(f"differ from those of {hosting.host.name}: missing here: trains.grf; --anyway", said)
        self.assertFalse((player.home / "started").exists())
        self.assertIn("Your agent has started OpenTTD", player.launch(place, "--anyway"))
        self.assertEqual(f"-n {place}\n", (player.home / "started").read_text(encoding="utf-8"))
        player.has("trains.grf")
        wait_for("it is the same", lambda: self.verdict(player, place) == "same", AGAIN_S)
        compared = player.call("games.mods", game="openttd")
        self.assertEqual(["opengfx.tar", "trains.grf"], [each["name"] for each in compared["mods"]])
        self.assertEqual(["same"], [each["verdict"] for each in compared["members"]])
        self.assertEqual(f"Your agent has started OpenTTD to join {place}.", player.launch(place))

    def serve(self, hosting: Session) -> str:
        """Run the server; where it is."""
        lab, host = hosting.lab, hosting.host
        folder = lab.folder.role(host.name) / SERVER.game
        role = f"{host.name}-{SERVER.game}"
        environment = {**os.environ, "HOME": str(folder)}
        command = SERVER.command(folder)
        lab.folder.add_process(spawn(role, host.netns, command, lab.folder.log(role), environment, folder))
        return f"{lab.addresses()[host.name]}:{SERVER.port}"

    def listed(self, player: Session, place: str) -> Callable[[], bool]:
        """Whether it can be joined."""

        def there() -> bool:
            rows = player.call("servers.list", reachable=True)["servers"]
            return any(f"{row['address']}:{row['port']}" == place for row in rows)

        return there

    def verdict(self, player: Session, place: str) -> str:
        """How the lists differ now."""
        return str(player.call("servers.join", server=place)["mods"]["verdict"])
