"""Real game servers from Debian's packages, each in a network namespace of its own, asked by their own protocols."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.errors import MissingRight, Unanswered
from lanrage.lab.game_recipes import ASKED, ListedServer
from lanrage.lab.games import GAMES_PATH
from lanrage.net.game_query import Answer, QueryClient
from tests.namespaces import Namespace

STARTS_S, ASKED_EACH_S = 40.0, 0.5
ADDRESS = "10.99.0.1"
"""Of the card that has the default route: Freeciv answers to its group by it."""
RECIPES = {recipe.game: recipe for recipe in ASKED}


@attrs.frozen
class Told:
    """What a list shows of a server.

    :param port: where it is asked; ``None``: at the game's.
    :param more: arguments beside the recipe's.
    """

    query: str
    name: str
    players_limit: int | None = None
    password: bool | None = None
    port: int | None = None
    more: tuple[str, ...] = ()


TOLD = {
    "teeworlds": Told("teeworlds", "lanrage-teeworlds", 8, True, more=("password x",)),
    "ddnet": Told("ddnet", "lanrage-ddnet", 64, False),
    "openttd": Told("openttd", "lanrage-openttd", 25, False),
    "bzflag": Told("bzflag", "", 20),
    "openarena": Told("quake3", "lanrage-openarena", 8, False),
    "chocolate-doom": Told("chocolate-doom", "lanrage-doom", 8),
    "freeciv": Told("freeciv", "lanrage-freeciv", port=4555),
    "minetest": Told("luanti", ""),
    "armagetronadvanced": Told("armagetron", "lanrage-armagetron", 16),
    "supertuxkart": Told("supertuxkart", "lanrage-stk", 8, False),
    "red-eclipse": Told("redeclipse", "", 32, port=28802),
}


@pytest.mark.lab
@pytest.mark.needs("root", "ip")
class ServerTests(TestCase):
    """Started, asked until it answers, ended."""

    timeout = 120

    def setUp(self) -> None:
        """A namespace whose default route leads nowhere."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.client = QueryClient(reactor)
        self.addCleanup(self.client.stop)
        self.world = Namespace()
        self.addCleanup(self.world.close)
        self.world.run("ip link add one type veth peer name two")
        self.world.run(f"ip addr add {ADDRESS}/24 dev one")
        for card in ("one", "two"):
            self.world.run(f"ip link set {card} up")
        self.world.run("ip route add default via 10.99.0.2")

    def start(self, recipe: ListedServer, more: tuple[str, ...]) -> None:
        """Run the server until the test is over."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-game-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o777)
        try:
            command = [*recipe.command(folder), *more]
        except MissingRight as missing:
            self.skipTest(str(missing))
        with self.world.inside():
            server = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
                command,
                cwd=folder,
                env={"HOME": str(folder), "PATH": f"{GAMES_PATH}:/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.addCleanup(server.wait, 10)
        self.addCleanup(server.kill)

    async def answer(self, query: str, port: int) -> Answer:
        """Ask until the server has started."""
        end = self.reactor.seconds() + STARTS_S
        while self.reactor.seconds() < end:
            with contextlib.suppress(Unanswered):
                with self.world.inside():
                    asked = self.client.ask(query, ADDRESS, port, timeout=3.0)
                return await asked
            await deferLater(self.reactor, ASKED_EACH_S)
        raise AssertionError(f"{query} does not answer")

    async def check(self, game: str) -> None:
        """One server tells what it was told to be."""
        recipe, told = RECIPES[game], TOLD[game]
        self.start(recipe, told.more)
        answer = await self.answer(told.query, told.port or recipe.port)
        facts = answer.facts
        self.assertEqual(
            (told.name, told.players_limit, told.password), (facts.name, facts.players_limit, facts.password)
        )
        self.assertIn(facts.players, (0, None))
        self.assertTrue(0 < answer.rtt < 3)

    async def test_teeworlds(self) -> None:
        """Two steps, name and password."""
        await self.check("teeworlds")

    async def test_ddnet(self) -> None:
        """Its extended information."""
        await self.check("ddnet")

    async def test_openttd(self) -> None:
        """By TCP."""
        await self.check("openttd")

    async def test_bzflag(self) -> None:
        """By TCP, which tells no name."""
        await self.check("bzflag")

    async def test_openarena(self) -> None:
        """The Quake III family."""
        await self.check("openarena")

    async def test_chocolate_doom(self) -> None:
        """One datagram."""
        await self.check("chocolate-doom")

    async def test_freeciv(self) -> None:
        """By unicast, answered to its group."""
        await self.check("freeciv")

    async def test_luanti(self) -> None:
        """That it is there, no more."""
        await self.check("minetest")

    async def test_armagetron(self) -> None:
        """Two questions; it does not talk to a list server."""
        await self.check("armagetronadvanced")

    async def test_redeclipse(self) -> None:
        """One port above the game's."""
        await self.check("red-eclipse")

    async def test_supertuxkart(self) -> None:
        """Its LAN port tells the game's."""
        await self.check("supertuxkart")
