"""``lanrage lab demo``: real game servers found by their own LAN discovery, across NATs (``docs/lab.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from lanrage.lab import party, roles, teardown
from lanrage.lab.folder import BASE, Folder, Record
from lanrage.lab.games import SERVERS, GameServer
from lanrage.lab.lab import Lab, up
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for
from lanrage.lab.result import Result, percentile
from lanrage.lab.seek import Sighting, seek

NAME = "demo"
KINDS = ("open", "restricted", "symmetric")
LIMITED = "255.255.255.255"
SUBNET_BITS = 24
"""A party's subnet is a /24."""

SERVER_START_S = 30.0
"""DDNet's server asks for names that no laboratory can resolve, for five seconds."""
SEEK_S = 10.0
"""A player looks at an empty list for about so long."""
LOBBY_S = 0.1
"""How often the joining players refresh their lists, so that the time of the first sighting is fine enough."""

FIRST_PACKET_P95_MS = 1000.0
STALL_MS = 2000.0
"""WireGuard repeats a lost handshake after five seconds; anything near that is a stall."""


def demo(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Three hosts behind NATs, a real game server on each, found by all others.

    :raises MissingRight: when a game is not installed.
    """
    result = Result(NAME)
    for server in SERVERS:
        server.program_path()
    with laboratory(name, KINDS, base, say) as lab:
        for host, server in zip(lab.plan.hosts, SERVERS, strict=True):
            start_server(lab, host, server)
        lab.start(roles.roles(lab.plan))
        wait_listening(lab)
        say("founding a party, joining it, seeking the founder's game meanwhile")
        subnet = gather_and_seek(lab, result)
        say("waiting for each pair's best path")
        settle(lab, result, expected_paths(lab.plan))
        say("seeking every game from every other host")
        _seek_all(lab, subnet, result)
    return result


@contextmanager
def laboratory(
    name: str,
    kinds: tuple[str, ...],
    base: Path,
    say: Callable[[str], None],
    relays: int = 1,
    **options: Any,
) -> Iterator[Lab]:
    """Networks without nodes, removed afterwards; what a crash left under this name is removed before.

    :param options: of its programs, by the names of :class:`lanrage.lab.folder.Record`.
    """
    teardown.down(name, Folder.of(name, base))
    lab, _ = up(Record(name, kinds, relays=relays, **options), base, nodes=False, say=say)
    try:
        yield lab
    except BaseException:
        teardown.keep_logs(lab.folder)
        raise
    finally:
        teardown.down(name, lab.folder)


def start_server(lab: Lab, host: Host, server: GameServer) -> None:
    """Start a game server on a host."""
    folder = lab.folder.role(host.name) / server.game
    role = f"{host.name}-{server.game}"
    env = {**os.environ, "HOME": str(folder)}
    lab.folder.add_process(spawn(role, host.netns, server.command(folder), lab.folder.log(role), env, folder))


def wait_listening(lab: Lab) -> None:
    """Wait until each host's game server has its port."""
    for host, server in zip(lab.plan.hosts, SERVERS, strict=False):
        port = server.discovery.ports[0]
        listening = partial(roles.udp_bound, host.netns, port)
        wait_for(f"{server.game} listens on port {port}", listening, SERVER_START_S)


def gather_and_seek(lab: Lab, result: Result) -> str:
    """Join all hosts while each joiner's lobby looks for the founder's game; the party's broadcast address."""
    code, address = party.found(lab.folder, lab.plan, lab.record.name)
    subnet = str(IPv4Interface(f"{address}/{SUBNET_BITS}").network.broadcast_address)
    targets = (LIMITED, subnet)
    with ThreadPoolExecutor(max_workers=len(lab.plan.hosts)) as pool:
        lobbies: dict[str, Future[list[Sighting]]] = {
            host.name: pool.submit(seek, host.netns, SERVERS[0].discovery, targets, address, SEEK_S, LOBBY_S)
            for host in lab.plan.hosts[1:]
        }
        meeting = party.gather(lab.folder, lab.plan, code, address)
        found = {
            name: round(1000 * (sighting.when - meeting.issued[name]), 1)
            for name, lobby in lobbies.items()
            for sighting in lobby.result()
            if sighting.source == address
        }
    packets = meeting.first_packet_ms()
    result.figures["join_to_first_packet_ms"] = packets
    result.figures["join_to_game_found_ms"] = found
    result.at_most("join_to_first_packet_ms_p95", percentile(list(packets.values()), 95), FIRST_PACKET_P95_MS)
    slowest = max(found.values()) if len(found) == len(lobbies) else None
    result.at_most("join_to_game_found_ms_max", slowest, STALL_MS)
    return subnet


def _seek_all(lab: Lab, subnet: str, result: Result) -> None:
    shown = lab.show()
    addresses = {h["name"]: h["party_address"] for h in shown["hosts"]}
    paths = {frozenset((p["a"], p["b"])): p["path"] for p in shown["pairs"]}
    rows = []
    for host, server in zip(lab.plan.hosts, SERVERS, strict=True):
        for seeker in lab.plan.hosts:
            if seeker is not host:
                row = _seek_one(server, host, seeker, addresses[host.name], (LIMITED, subnet))
                rows.append({**row, "path": paths[frozenset((host.name, seeker.name))]})
    result.figures["pairs"] = rows
    result.limits["pairs"] = "every server found by every other host, by either broadcast, from its party address"
    for row in rows:
        if not row["found"]:
            result.fail(f"{row['seeker']} does not find {row['game']} on {row['server']} (answer from {row['source']})")


def _seek_one(
    server: GameServer, host: Host, seeker: Host, address: str | None, targets: tuple[str, ...]
) -> dict[str, Any]:
    """One row of the table: the server must answer each kind of broadcast, and from no other address.

    Answers of other servers do not count: DDNet's speaks Teeworlds' protocol too, also to a seeker on its own host.
    """
    begin = time.monotonic()
    seen: dict[str, list[Sighting]] = {
        target: [s for s in seek(seeker.netns, server.discovery, [target], address, SEEK_S) if s.title == server.title]
        for target in targets
    }
    sources = {sighting.source for sightings in seen.values() for sighting in sightings}
    times = {target: sightings[0].ms for target, sightings in seen.items() if sightings}
    found = address is not None and sources == {address} and len(times) == len(targets)
    return {
        "server": host.name,
        "game": server.game,
        "seeker": seeker.name,
        "found": found,
        "source": ", ".join(sorted(sources)) or None,
        "ms": max(times.values()) if found else round(1000 * (time.monotonic() - begin), 1),
        "by_target_ms": times,
    }
