"""``lanrage lab games``: real servers are noticed where they run, listed at the other members, gone at their end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from lanrage.errors import MissingRight
from lanrage.lab import roles
from lanrage.lab.demo import KINDS, laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.game_recipes import LISTED, ListedServer
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.process import Started, alive, end, spawn
from lanrage.lab.result import Result

NAME = "games"
POLL_S = "1"
"""The kernel tells of new processes in the first network namespace only: a host of the laboratory has to look."""

SEEN_S = 20.0
"""A server that makes a world first needs some seconds, on a busy machine more; what it took is in the figures."""

GONE_S = 10.0
"""What ends is listed for so long at most."""

GONE_WAIT_S = 30.0
"""Longer than the limit, so that the figure tells by how much it is missed."""

PLAYS_S = 25.0
"""A list that is looked at is asked each two to eight seconds; a player is to be seen after two questions."""

LOOK_S = 0.2
"""Between two looks: a node that is asked a hundred times a second is not what a user has."""

GAMES_LEAST = 6
PLAYED_LEAST = 2
"""Servers that a player joined and left: OpenTTD's own client, and one for BZFlag."""


@attrs.frozen
class Stage:
    """Three hosts in one party, and what is found out."""

    lab: Lab
    addresses: dict[str, str]
    result: Result
    say: Callable[[str], None]

    def others(self, host: Host) -> list[Host]:
        """All hosts but this."""
        return [each for each in self.lab.plan.hosts if each is not host]

    def row(self, seen_by: Host, server_host: Host, server: ListedServer) -> dict[str, Any] | None:
        """How a host lists a server now; None where it does not."""
        wanted = (self.addresses[server_host.name], server.port)
        rows: list[dict[str, Any]] = self.lab.call(seen_by, "servers.list")["servers"]
        return next((row for row in rows if (row["address"], row["port"]) == wanted), None)

    def listed_of(self, host: Host) -> list[str]:
        """The servers of a host that any list shows: who only plays has none."""
        address = self.addresses[host.name]
        rows = [row for each in self.lab.plan.hosts for row in self.lab.call(each, "servers.list")["servers"]]
        return sorted({f"{row['game']} on {address}:{row['port']}" for row in rows if row["address"] == address})

    def run(self, host: Host, role: str, command: list[str], folder: Path) -> Started:
        """Start a program in a host, known to the laboratory."""
        role = f"{host.name}-{role}"
        env = {**os.environ, "HOME": str(folder)}
        started = spawn(role, host.netns, command, self.lab.folder.log(role), env, folder)
        self.lab.folder.add_process(started)
        return started


def games(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Real game servers, one after the other, are noticed in their host, listed at both others, and gone at their end.

    :raises MissingRight: when too few games are installed; it names the first that is not.
    """
    servers = installed()
    result = Result(NAME)
    result.figures["not_installed"] = [each.package for each in LISTED if each not in servers]
    with laboratory(name, KINDS, base, say, node_options=("--game-poll", POLL_S)) as lab:
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        stage = Stage(lab, lab.addresses(), result, say)
        hosts = lab.plan.hosts
        result.figures["detection"] = lab.call(hosts[0], "games.detect")["mode"]
        rows = [_game(stage, hosts[number % len(hosts)], server) for number, server in enumerate(servers)]
    report(rows, result)
    return result


def installed(servers: tuple[ListedServer, ...] = LISTED) -> list[ListedServer]:
    """Those whose programs are there.

    :raises MissingRight: when they are too few; it names the first that is not.
    """
    there = []
    missing: MissingRight | None = None
    for server in servers:
        try:
            server.program_path()
        except MissingRight as error:
            missing = missing or error
        else:
            there.append(server)
    if missing is not None and len(there) < GAMES_LEAST:
        raise missing
    return there


def report(rows: list[dict[str, Any]], result: Result) -> None:
    """Hold what was seen of each game against what must be seen."""
    result.figures["games"] = rows
    whole = [row for row in rows if not row["missing"]]
    result.exactly("games_whole", len(whole), len(rows))
    result.exactly("games_enough", len(whole) >= GAMES_LEAST, True)
    result.exactly("games_played", sum(row["unplayed_s"] is not None for row in rows) >= PLAYED_LEAST, True)
    for figure in ("unlisted_s", "undetected_s"):
        times = [row[figure] for row in rows]
        known = [each for each in times if each is not None]
        result.at_most(f"{figure}_max", max(known) if len(known) == len(times) and known else None, GONE_S)
    result.exactly("players_listed_as_servers", [each for row in rows for each in row["wrongly_listed"]], [])
    for row in rows:
        if row["missing"]:
            result.fail(f"{row['game']} on {row['host']}: {row['missing']}; last listed as {row['listed']}")


def _game(stage: Stage, host: Host, server: ListedServer) -> dict[str, Any]:
    """One server's life; ``missing`` names the step that did not come."""
    stage.say(f"{server.game} on {host.name}")
    row: dict[str, Any] = {
        "game": server.game,
        "host": host.name,
        "name_told": bool(server.title),
        "players_told": server.players,
        **dict.fromkeys(("detected_s", "listed_s", "played_s", "unplayed_s", "unlisted_s", "undetected_s")),
        "wrongly_listed": [],
        "listed": {},
        "missing": "",
    }
    folder = stage.lab.folder.role(host.name) / server.game
    begin = time.monotonic()
    process = stage.run(host, server.game, server.command(folder), folder)
    try:
        _appear(stage, host, server, row, begin)
        _play(stage, host, server, row)
        end([process])
        _vanish(stage, host, server, row)
    except LabError as error:
        row["missing"] = f"{error}{'' if alive(process) else ' (the server has ended)'}"
        stage.say(f"  {row['missing']}: {row['listed']}")
    finally:
        end([process])
    return row


def _until(what: str, condition: Callable[[], bool], timeout: float) -> None:
    """Look until a condition holds.

    :raises LabError: "`what` in `timeout` s" when it does not come to hold.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {timeout:.0f} s")
        time.sleep(LOOK_S)


def _since(begin: float) -> float:
    return round(time.monotonic() - begin, 2)


def _appear(stage: Stage, host: Host, server: ListedServer, row: dict[str, Any], begin: float) -> None:
    _until("it is noticed", partial(_detected, stage, host, server, row), SEEN_S)
    row["detected_s"] = _since(begin)
    stage.say(f"  noticed after {row['detected_s']} s")
    _until("it is listed", partial(_listed, stage, host, server, row, 0), SEEN_S)
    row["listed_s"] = _since(begin)
    stage.say(f"  listed at both others after {row['listed_s']} s")


def _play(stage: Stage, host: Host, server: ListedServer, row: dict[str, Any]) -> None:
    """A player of another host joins over the party, is counted at both others, and is counted no more once it left."""
    guest = stage.others(host)[0]
    folder = stage.lab.folder.role(guest.name) / f"{server.game}-player"
    command = server.player_command(folder, stage.addresses[host.name], server.port)
    if command is None:
        return
    begin = time.monotonic()
    player = stage.run(guest, f"{server.game}-player", command, folder)
    try:
        _until("its player is counted", partial(_listed, stage, host, server, row, 1), PLAYS_S)
        row["played_s"] = _since(begin)
        stage.say(f"  one player of {guest.name} is counted after {row['played_s']} s")
        row["wrongly_listed"] = stage.listed_of(guest)
    finally:
        end([player])
    begin = time.monotonic()
    _until("its player is counted no more", partial(_listed, stage, host, server, row, 0), PLAYS_S)
    row["unplayed_s"] = _since(begin)


def _vanish(stage: Stage, host: Host, server: ListedServer, row: dict[str, Any]) -> None:
    """From the moment when the process is gone."""
    begin = time.monotonic()
    left = {"unlisted_s", "undetected_s"}

    def gone() -> bool:
        listed = any(stage.row(each, host, server) for each in stage.others(host))
        if "unlisted_s" in left and not listed:
            row["unlisted_s"] = _since(begin)
            left.discard("unlisted_s")
        if "undetected_s" in left and not _running(stage, host, server):
            row["undetected_s"] = _since(begin)
            left.discard("undetected_s")
        return not left

    _until("it is gone", gone, GONE_WAIT_S)
    stage.say(f"  gone from both lists after {row['unlisted_s']} s")


def _running(stage: Stage, host: Host, server: ListedServer) -> dict[str, Any] | None:
    running: list[dict[str, Any]] = stage.lab.call(host, "games.detect")["games"]
    return next((each for each in running if each["game"] == server.game), None)


def _detected(stage: Stage, host: Host, server: ListedServer, row: dict[str, Any]) -> bool:
    found = _running(stage, host, server)
    row["method"] = found["method"] if found else None
    return found is not None


def _listed(stage: Stage, host: Host, server: ListedServer, row: dict[str, Any], players: int) -> bool:
    """Whether both others list it as it is, with so many players; ``listed`` keeps what they said last."""
    seen = {each.name: stage.row(each, host, server) for each in stage.others(host)}
    keys = ("name", "game", "players", "joinable", "found", "reason")
    row["listed"] = {name: {key: one[key] for key in keys} if one else None for name, one in seen.items()}
    return all(one is not None and as_it_is(one, server, players) for one in seen.values())


def as_it_is(listed: dict[str, Any], server: ListedServer, players: int) -> bool:
    """Whether a row of a list is true: the game, name and players where they are told, and the way there."""
    return (
        listed["game"] == server.game
        and listed["joinable"] == "yes"
        and (not server.title or listed["name"] == server.title)
        and (listed["players"] == players if server.players else listed["players"] in (None, players))
    )
