"""Two real nodes that are services, an agent and a Discord beside each: one friend joins the other by Discord."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.lab import Lab
from lanrage.lab.party import found
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for
from tests.fakes_discord import CLIENT_ID
from tests.lab.bare import own

PLAYER = 1000
"""The first number of a person."""
ROOT = Path(__file__).resolve().parents[2]
BECOME = ["setpriv", f"--reuid={PLAYER}", "--regid=0", "--clear-groups"]
AGENT = "from twisted.scripts.twistd import run; run()"
PORT = 8099
WAIT_S = 30.0
"""Seconds for whatever is waited for; each comes within a few."""


@attrs.frozen
class Session:
    """One player's, with a Discord and an agent."""

    lab: Lab
    host: Host
    home: Path

    @classmethod
    def begin(cls, lab: Lab, host: Host) -> Session:
        """Its home, its Discord, its agent."""
        home = lab.folder.role(host.name) / "home"
        for folder in (lab.folder.path.parent, lab.folder.path, home.parent):
            folder.chmod(0o711)  # the agent has no right, and comes to the node's socket by its group alone
        home.mkdir()
        os.chown(home, PLAYER, 0)
        session = cls(lab, host, home)
        session.spawn("discord", "-m", "tests.discord_process", str(home / "discord-ipc-0"), str(PORT))
        wait_for("Discord is there", (home / "discord-ipc-0").exists, WAIT_S)
        options = ["--socket", str(roles.node_socket(lab.folder, host)), "--state-dir", str(home / "state")]
        session.spawn("agent", "-c", AGENT, "--nodaemon", "--pidfile=", "lanrage", "agent", *options)
        wait_for("the agent is there", lambda: session.call("games.agents")["agents"], WAIT_S)
        return session

    def spawn(self, name: str, *arguments: str) -> None:
        """Run a program of the player's."""
        role = f"{self.host.name}-{name}"
        environment = {**os.environ, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), "PYTHONPATH": str(ROOT)}
        command = [*BECOME, sys.executable, *arguments]
        log = self.lab.folder.log(role)
        self.lab.folder.add_process(spawn(role, self.host.netns, command, log, environment, self.home))

    def call(self, operation: str, **args: Any) -> dict[str, Any]:
        """Ask its node, as root."""
        found_there: dict[str, Any] = self.lab.call(self.host, operation, **args)
        return found_there

    def command(self, *words: str) -> dict[str, Any]:
        """A command of the player's."""
        socket = str(roles.node_socket(self.lab.folder, self.host))
        command = [*BECOME, sys.executable, "-m", "lanrage", "--socket", socket, *words, "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def heard(self, word: str) -> list[Any]:
        """What its Discord, or its target, was told."""
        lines = self.lab.folder.log(f"{self.host.name}-discord").read_text(encoding="utf-8").splitlines()
        return [line[word] for line in map(json.loads, lines) if word in line]

    def invite(self, secret: str) -> None:
        """The player takes a friend's invitation in Discord."""
        script = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], sys.argv[2].encode())"
        command = [
            "ip",
            "netns",
            "exec",
            self.host.netns,
            sys.executable,
            "-c",
            script,
            f"http://127.0.0.1:{PORT}/invite",
            secret,
        ]
        subprocess.run(command, timeout=WAIT_S, check=True)


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go", "setpriv")
class DiscordTests(SynchronousTestCase):
    """Two players."""

    def test_join(self) -> None:
        """What one plays is shown with a secret; the other's node gets it, and joins at that player's word alone; the
        first one's target is told who came."""
        with (
            tempfile.TemporaryDirectory(prefix="lr-", dir="/tmp") as base,
            laboratory(own("discord"), ("open", "restricted"), Path(base), lambda _: None) as lab,
        ):
            lab.start(roles.roles(lab.plan))
            self.check(*(Session.begin(lab, host) for host in lab.plan.hosts))

    def check(self, ann: Session, ben: Session) -> None:
        """Two sessions whose nodes are in no party."""
        found(ann.lab.folder, ann.lab.plan, "Friday")
        targets = f"json[joined,online]=http://127.0.0.1:{PORT}/s3cret"
        shown = {"discord.client_id": CLIENT_ID, "discord.join": "on"}
        ann.call("settings.set", values={"notify.targets": targets, **shown})
        ben.call("settings.set", values=shown)
        ann.call("games.play", game="openarena")
        wait_for("the game is shown, and can be joined", lambda: "secrets" in (ann.heard("shown") or [{}])[-1], WAIT_S)
        activity = ann.heard("shown")[-1]
        self.assertEqual(("OpenArena", 1), (activity["details"], activity["party"]["size"][0]))
        ben.invite(activity["secrets"]["join"])
        wait_for("the node waits for a word", lambda: ben.command("party", "offers")["offers"], WAIT_S)
        self.assertEqual("idle", ben.call("status")["state"])
        (offer,) = ben.command("party", "offers")["offers"]
        ben.command("party", "join", offer["link"], "--as", "Ben")
        self.assertEqual(2, len(ben.call("party.show")["members"]))
        wait_for("the target is told", lambda: bool(ann.heard("posted")), WAIT_S)
        (told, *_) = ann.heard("posted")
        self.assertIn("Ben joined the party", told["notices"][0]["text"])
        wait_for("Discord shows two", lambda: ann.heard("shown")[-1]["party"]["size"][0] == 2, WAIT_S)
        ann.call("games.play", game="openarena", stop=True)
        wait_for("nothing is shown", lambda: ann.heard("shown")[-1] is None, WAIT_S)
        self.assertEqual([], [word for session in (ann, ben) for words in session.heard("broken") for word in words])
