"""Two real nodes that are services, an agent beside each: modifications are compared before a real server is joined."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.game_recipes import OPENTTD_LISTED as SERVER
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for
from tests.lab.bare import own
from tests.lab.player import WAIT_S, Player

GAME = '#!/bin/sh\nprintf "%s\\n" "$*" > "$HOME/begun" && mv "$HOME/begun" "$HOME/started"\nexec sleep 3\n'
"""Stands for the player's program, which needs a screen."""
PLACE = Path(".local/share/openttd/newgrf")


class Gamer(Player):
    """One player, with a game, its modifications and an agent."""

    @classmethod
    def begin(cls, lab: Lab, host: Host) -> Self:
        """The game first, then the agent."""
        gamer = cls.at(lab, host)
        gamer.folder(gamer.home / PLACE)
        game = gamer.folder(gamer.home / "bin") / "openttd"
        game.write_text(GAME, encoding="utf-8")
        game.chmod(0o755)
        gamer.attend()
        return gamer

    def has(self, name: str, contents: str = "") -> None:
        """One more modification."""
        (self.home / PLACE / name).write_text(contents, encoding="utf-8")

    def launch(self, place: str, *options: str) -> str:
        """``lanrage servers launch``; what it says, in one line."""
        return " ".join(self.command("servers", "launch", place, *options).split())


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
            self.check(*(Gamer.begin(lab, host) for host in lab.plan.hosts))

    def check(self, player: Gamer, hosting: Gamer) -> None:
        """Two sessions whose nodes are in one party."""
        for each in (player, hosting):
            each.has("opengfx.tar", "the same")
        hosting.has("trains.grf")
        place = self.serve(hosting)
        wait_for("the server is listed", self.listed(player, place), WAIT_S)
        told = player.call("servers.join", server=place)["mods"]
        self.assertEqual(
            (hosting.host.name, "differs", ["trains.grf"]), (told["member"], told["verdict"], told["missing_here"])
        )
        said = player.launch(place)
        self.assertIn(f"differ from those of {hosting.host.name}: missing here: trains.grf; --anyway", said)
        self.assertFalse((player.home / "started").exists())
        self.assertIn("Your agent has started OpenTTD", player.launch(place, "--anyway"))
        wait_for("the game runs", (player.home / "started").exists, WAIT_S)
        self.assertEqual(f"-n {place}\n", (player.home / "started").read_text(encoding="utf-8"))
        player.has("trains.grf")
        wait_for("it is the same", lambda: self.verdict(player, place) == "same", WAIT_S)
        compared = player.call("games.mods", game="openttd")
        self.assertEqual(["opengfx.tar", "trains.grf"], [each["name"] for each in compared["mods"]])
        self.assertEqual(["same"], [each["verdict"] for each in compared["members"]])
        self.assertEqual(f"Your agent has started OpenTTD to join {place}.", player.launch(place))

    def serve(self, hosting: Gamer) -> str:
        """Run the server; where it is."""
        lab, host = hosting.lab, hosting.host
        folder = lab.folder.role(host.name) / SERVER.game
        role = f"{host.name}-{SERVER.game}"
        environment = {**os.environ, "HOME": str(folder)}
        command = SERVER.command(folder)
        lab.folder.add_process(spawn(role, host.netns, command, lab.folder.log(role), environment, folder))
        return f"{lab.addresses()[host.name]}:{SERVER.port}"

    def listed(self, player: Gamer, place: str) -> Callable[[], bool]:
        """Whether it can be joined."""

        def there() -> bool:
            rows = player.call("servers.list", reachable=True)["servers"]
            return any(f"{row['address']}:{row['port']}" == place for row in rows)

        return there

    def verdict(self, player: Gamer, place: str) -> str:
        """How the lists differ now."""
        return str(player.call("servers.join", server=place)["mods"]["verdict"])
