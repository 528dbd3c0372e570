"""Two real nodes that are services, an agent and a Discord beside each: one friend joins the other by Discord."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.lab import Lab
from lanrage.lab.party import found
from lanrage.lab.plan import Host
from lanrage.lab.process import wait_for
from tests.fakes_discord import CLIENT_ID
from tests.lab.bare import own
from tests.lab.player import WAIT_S, Player

PORT = 8099


class Gamer(Player):
    """One player, with a Discord and an agent."""

    @classmethod
    def begin(cls, lab: Lab, host: Host) -> Self:
        """The Discord first, then the agent."""
        gamer = cls.at(lab, host)
        socket = gamer.home / "discord-ipc-0"
        gamer.spawn("discord", "-m", "tests.discord_process", str(socket), str(PORT))
        wait_for("Discord is there", socket.exists, WAIT_S)
        gamer.attend()
        return gamer

    def told(self, *words: str) -> dict[str, Any]:
        """What a command tells the player."""
        told: dict[str, Any] = json.loads(self.command(*words, "--json"))
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
            self.check(*(Gamer.begin(lab, host) for host in lab.plan.hosts))

    def check(self, ann: Gamer, ben: Gamer) -> None:
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
        wait_for("the node waits for a word", lambda: ben.told("party", "offers")["offers"], WAIT_S)
        self.assertEqual("idle", ben.call("status")["state"])
        (offer,) = ben.told("party", "offers")["offers"]
        ben.told("party", "join", offer["link"], "--as", "Ben")
        self.assertEqual(2, len(ben.call("party.show")["members"]))
        wait_for("the target is told", lambda: bool(ann.heard("posted")), WAIT_S)
        (told, *_) = ann.heard("posted")
        self.assertIn("Ben joined the party", told["notices"][0]["text"])
        wait_for("Discord shows two", lambda: ann.heard("shown")[-1]["party"]["size"][0] == 2, WAIT_S)
        ann.call("games.play", game="openarena", stop=True)
        wait_for("nothing is shown", lambda: ann.heard("shown")[-1] is None, WAIT_S)
        self.assertEqual([], [word for session in (ann, ben) for words in session.heard("broken") for word in words])
