"""The client process of the control bench: starts the servers, plays all players, prints the figures as JSON.

``python -m tests.bench.control_clients [options]``; what the options mean stands in :mod:`tests.bench.control`.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from lanrage.wire.control import NoticeBody
from lanrage.wire.control_party import Deltas
from tests.bench.control import options
from tests.bench.control_changes import durable, fast
from tests.bench.control_fleet import Fleet, Player, nobody_hears, side_by_side
from tests.bench.control_limits import raise_files
from tests.bench.control_notices import OpenLoop
from tests.bench.control_parties import Group
from tests.bench.control_process import ServerProcess
from tests.bench.control_ratio import compare
from tests.bench.control_storm import abort, crash, storm
from tests.bench.control_wire import free_port

WARM = 16
"""Sessions before the first look at the server's memory: what is made once must not count as theirs."""
WIDTH = 64
"""Logins, or parties that fill, at one time."""
PARTY = 8
LARGE_PARTY = 16
QUIET = 1.0
"""Seconds before the server's memory is looked at."""


@attrs.define
class Bench:
    """One run.

    :ivar figures: what was seen so far.
    """

    reactor: Any
    wish: argparse.Namespace
    server: ServerProcess
    fleet: Fleet
    figures: dict[str, Any] = attrs.field(factory=dict)
    _groups: list[Group] = attrs.field(init=False, factory=list)

    async def run(self) -> dict[str, Any]:
        """All parts, in order."""
        players = await self._log_in()
        await self._form(players)
        await self._deltas()
        for prefix, change in (("notice", fast()), ("durable_notice", durable())):
            spent, began = self.server.cpu(), time.monotonic()
            seen = await OpenLoop(self.fleet, self._groups, change, self.wish.rate).run(self.wish.seconds)
            busy = (self.server.cpu() - spent) / (time.monotonic() - began)
            self.figures |= {f"{prefix}_{name}": value for name, value in seen.items()}
            self.figures[f"{prefix}_server_busy"] = round(busy, 2)
        await side_by_side((group.complete() for group in self._groups), WIDTH)
        held = [player for player in players if player.wire is not None]
        self.figures["sessions_held"] = len(held)
        self.figures["sessions_lost"] = self.fleet.losses
        self.figures["pings_answered"] = sum(player.wire.pings for player in held if player.wire is not None)
        await self._storms()
        return self.figures

    async def _log_in(self) -> list[Player]:
        warm, players = self.fleet.players(WARM), self.fleet.players(self.wish.sessions)
        await side_by_side((player.connect() for player in warm), WIDTH)
        await self._pause(QUIET)
        before, began = self.server.rss(), time.monotonic()
        spent = self.server.cpu()
        await side_by_side((player.connect() for player in players), WIDTH)
        took = time.monotonic() - began
        self.figures["login_rate"] = round(len(players) / took)
        self.figures["login_server_us"] = round(1e6 * (self.server.cpu() - spent) / len(players))
        await self._pause(QUIET)
        self.figures["idle_bytes_per_connection"] = round((self.server.rss() - before) / len(players))
        return players

    async def _form(self, players: list[Player]) -> None:
        self._groups = [Group(players[at : at + PARTY]) for at in range(0, len(players), PARTY)]
        self._groups = [group for group in self._groups if len(group.players) > 1]
        before, began, spent = self.server.rss(), time.monotonic(), self.server.cpu()
        await side_by_side((group.fill() for group in self._groups), WIDTH)
        took = time.monotonic() - began
        members = sum(len(group.members) for group in self._groups)
        self.figures["join_rate"] = round(members / took)
        self.figures["join_server_us"] = round(1e6 * (self.server.cpu() - spent) / members)
        self.figures["party_bytes_per_member"] = round((self.server.rss() - before) / members)
        self.figures["parties"], self.figures["members"] = len(self._groups), members

    async def _deltas(self) -> None:
        """Delta notices that all others hear of one join."""
        group = Group(self.fleet.players(LARGE_PARTY))
        await side_by_side((player.connect() for player in group.players), WIDTH)
        await group.found()
        for number in range(1, LARGE_PARTY - 1):
            await group.join(number)
        deltas = 0

        def heard(player: Player, body: NoticeBody, correlation_id: str) -> None:
            nonlocal deltas
            deltas += len(body.deltas) if isinstance(body, Deltas) else 0

        await self._pause(0.2)
        self.fleet.heard = heard
        await group.join(LARGE_PARTY - 1)
        await self._pause(0.5)
        self.fleet.heard = nobody_hears
        self.figures["deltas_per_join"] = deltas

    async def _storms(self) -> None:
        count = max(1, min(self.wish.storm, self.wish.sessions) // PARTY)
        groups = self._groups[:count]
        self.figures["storm_sessions"] = sum(len(group.members) for group in groups)
        cut = await storm(self.fleet, groups, self.server, lambda: abort(self.server, groups))
        crashed = await storm(self.fleet, groups, self.server, lambda: crash(self.server))
        self.figures |= {f"storm_{name}": value for name, value in crashed.items()}
        self.figures |= {f"storm_cut_{name}": value for name, value in cut.items()}

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self.reactor, seconds, lambda: None)


async def _ratio(reactor: Any, wish: argparse.Namespace, folder: Path) -> dict[str, Any]:
    servers = [_server(kind, folder / f"ratio-{kind}") for kind in ("service", "echo")]
    try:
        service, echo = servers
        fleet = Fleet(reactor, service.port, service.pin)
        return await compare(fleet, service, echo, wish.echo_connections, wish.echo_rounds, wish.echo_seconds)
    finally:
        for server in servers:
            server.stop()


def _server(kind: str, folder: Path) -> ServerProcess:
    folder.mkdir()
    server = ServerProcess(kind, free_port(), folder)
    server.start()
    server.wait_ready()
    return server


async def measure(reactor: Any, wish: argparse.Namespace) -> None:
    """Run the bench and print its figures."""
    gc.disable()  # the client's collector must not stop what is measured
    figures: dict[str, Any] = {"sessions": wish.sessions, "files_limit": raise_files()}
    with tempfile.TemporaryDirectory(prefix="lanrage-bench-") as folder:
        if "ratio" in wish.parts:
            figures |= await _ratio(reactor, wish, Path(folder))
        if "sessions" in wish.parts:
            server = _server("service", Path(folder, "control"))
            try:
                figures |= await Bench(reactor, wish, server, Fleet(reactor, server.port, server.pin)).run()
            finally:
                server.stop()
    print(json.dumps(figures))


if __name__ == "__main__":
    wishes = options(sys.argv[1:])
    react(lambda reactor: Deferred.fromCoroutine(measure(reactor, wishes)))
