"""Real game servers from Debian's packages, each in a network namespace of its own, asked by their own protocols."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.errors import Unanswered
from lanrage.net.game_query import Answer, QueryClient
from tests.namespaces import Namespace

GAMES_PATH = "/usr/games:/usr/bin:/bin"
NOBODY = 65_534
"""Freeciv's server refuses to run as root."""
STARTS_S, ASKED_EACH_S = 40.0, 0.5
ADDRESS = "10.99.0.1"
"""Of the card that has the default route: Freeciv answers to its group by it."""


@attrs.frozen
class Real:
    """A server.

    :param argv: the command, given the folder that it may write into.
    :param told: what a list shows of it: name, most players, password.
    """

    query: str
    port: int
    argv: Callable[[Path], list[str]]
    told: tuple[str, int | None, bool | None]
    user: int = 0


SERVERS = {
    "teeworlds-server": Real(
        *("teeworlds", 8303, lambda _: ["sv_name real tw", "sv_register 0", "password x"]), ("real tw", 8, True)
    ),
    "DDNet-Server": Real("ddnet", 8303, lambda _: ["sv_name real dd", "sv_register 0"], ("real dd", 64, False)),
    "openttd": Real(
        *("openttd", 3979, lambda folder: ["-D", "-c", str(folder / "openttd.cfg"), "-x"]),
        ("Unnamed Server", 25, False),
    ),
    "bzfs": Real("bzflag", 5154, lambda _: ["-mp", "20"], ("", 20, None)),
    "openarena-server": Real(
        *("quake3", 27960, lambda _: [*"+set dedicated 1 +set sv_hostname real-oa +map oa_dm1".split()]),
        ("real-oa", 8, False),
    ),
    "chocolate-server": Real(
        "chocolate-doom", 2342, lambda _: ["-servername", "real cd", "-privateserver"], ("real cd", 8, None)
    ),
    "freeciv-server": Real(
        "freeciv", 4555, lambda _: [*"-p 5556 -i real-fc -A IPv4".split()], ("real-fc", None, None), NOBODY
    ),
    "minetestserver": Real(
        "luanti", 30000, lambda folder: ["--gameid", "minetest", "--world", str(folder / "world")], ("", None, None)
    ),
    "armagetronad-dedicated.real": Real(
        "armagetron",
        4534,
        lambda folder: [
            *("--datadir", "/usr/share/games/armagetronad", "--configdir", "/etc/armagetronad-dedicated"),
            *("--userdatadir", str(folder)),
        ],
        ("Unnamed Server", 16, None),
    ),
    "supertuxkart": Real(
        *("supertuxkart", 2757, lambda _: ["--no-graphics", "--lan-server=real stk", "--network-console"]),
        ("real stk", 8, False),
    ),
    "redeclipse-server": Real("redeclipse", 28802, lambda _: [], ("", 32, None)),
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

    def start(self, program: str, real: Real) -> None:
        """Run the server until the test is over."""
        path = shutil.which(program, path=GAMES_PATH)
        if path is None:
            self.skipTest(f"needs the program {program}")
        folder = Path(tempfile.mkdtemp(prefix="lanrage-game-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o777)
        environment = {"HOME": str(folder), "PATH": GAMES_PATH}
        with self.world.inside():
            server = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
                [path, *real.argv(folder)],
                cwd=folder,
                env=environment,
                user=real.user,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.addCleanup(server.wait, 10)
        self.addCleanup(server.kill)

    async def answer(self, real: Real) -> Answer:
        """Ask until the server has started."""
        end = self.reactor.seconds() + STARTS_S
        while self.reactor.seconds() < end:
            with contextlib.suppress(Unanswered):
                with self.world.inside():
                    asked = self.client.ask(real.query, ADDRESS, real.port, timeout=3.0)
                return await asked
            await deferLater(self.reactor, ASKED_EACH_S)
        raise AssertionError(f"{real.query} does not answer")

    async def check(self, program: str) -> None:
        """One server tells what it was told to be."""
        real = SERVERS[program]
        self.start(program, real)
        answer = await self.answer(real)
        facts = answer.facts
        self.assertEqual((facts.name, facts.players_limit, facts.password), real.told)
        self.assertIn(facts.players, (0, None))
        self.assertTrue(0 < answer.rtt < 3)

    async def test_teeworlds(self) -> None:
        """Two steps, name and password."""
        await self.check("teeworlds-server")

    async def test_ddnet(self) -> None:
        """Its extended information."""
        await self.check("DDNet-Server")

    async def test_openttd(self) -> None:
        """By TCP."""
        await self.check("openttd")

    async def test_bzflag(self) -> None:
        """By TCP, which tells no name."""
        await self.check("bzfs")

    async def test_openarena(self) -> None:
        """The Quake III family."""
        await self.check("openarena-server")

    async def test_chocolate_doom(self) -> None:
        """One datagram."""
        await self.check("chocolate-server")

    async def test_freeciv(self) -> None:
        """By unicast, answered to its group."""
        await self.check("freeciv-server")

    async def test_luanti(self) -> None:
        """That it is there, no more."""
        await self.check("minetestserver")

    async def test_armagetron(self) -> None:
        """Two questions; it does not talk to a list server."""
        await self.check("armagetronad-dedicated.real")

    async def test_redeclipse(self) -> None:
        """One port above the game's."""
        await self.check("redeclipse-server")

    async def test_supertuxkart(self) -> None:
        """Its LAN port tells the game's."""
        await self.check("supertuxkart")
