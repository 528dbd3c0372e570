"""``lanrage lab lan``: real programs that nobody here wrote find each other, each once and from the right source."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import attrs

from lanrage.lab import daemons, roles
from lanrage.lab.broadcasts import report, run
from lanrage.lab.demo import LIMITED, SUBNET_BITS, laboratory, start_server, wait_listening
from lanrage.lab.folder import BASE
from lanrage.lab.games import SERVERS, GameServer
from lanrage.lab.lab import Lab
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.process import wait_for
from lanrage.lab.result import Result
from lanrage.lab.seek import answers
from lanrage.lab.senders import WAYS

NAME = "lan"
KINDS = ("open", "restricted", "symmetric", "lan")
"""The last two are on one physical LAN, behind one router."""

LISTEN_S = 1.5
"""A lobby shows a game within a second; a second copy would come with the first."""
NEIGHBOURS_S = 30.0
"""Members on one LAN find each other within seconds."""
BROWSE_S = 30.0
SERVICE, SERVICE_NAME, SERVICE_PORT = "_lrgame._udp", "Friday", "7777"
SSDP_RESOURCES = 6
"""What minidlna announces: its root device, its UUID, its kind and three services."""


@attrs.frozen
class Stage:
    """The laboratory with a game server on each of the first three hosts, in one party.

    :param addresses: party address by host name.
    """

    lab: Lab
    addresses: dict[str, str]
    result: Result
    say: Callable[[str], None]

    @property
    def everybody(self) -> str:
        """The party's broadcast address."""
        one = IPv4Interface(f"{self.addresses[self.lab.plan.hosts[0].name]}/{SUBNET_BITS}")
        return str(one.network.broadcast_address)


def lan(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Real games, avahi, GSSDP and an IPX frame find each other across NATs, each once; so do two members on one LAN.

    :raises MissingRight: when a program is not installed.
    """
    daemons.check_installed()
    for server in SERVERS:
        server.program_path()
    result = Result(NAME)
    with laboratory(name, KINDS, base, say, node_options=("--lan-services", "mdns,ssdp")) as lab:
        for host, server in zip(lab.plan.hosts, SERVERS, strict=False):
            start_server(lab, host, server)
        lab.start(roles.roles(lab.plan))
        wait_listening(lab)
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        stage = Stage(lab, lab.addresses(), result, say)
        for section in (_neighbours, _games, _mdns, _ssdp, _ipx):
            section(stage)
    return result


def _neighbours(stage: Stage) -> None:
    """The two on one LAN know of each other before anything is counted."""
    stage.say("waiting until the members on one LAN have found each other")
    begin = time.monotonic()
    for host in stage.lab.plan.hosts[2:]:
        known = partial(_knows_neighbour, stage, host)
        wait_for(f"{host.name} knows its neighbour", known, NEIGHBOURS_S)
    stage.result.figures["neighbours_known_s"] = round(time.monotonic() - begin, 1)


def _knows_neighbour(stage: Stage, host: Host) -> bool:
    counters: dict[str, int] = stage.lab.call(host, "status")["lan"]
    return counters["lan_neighbours"] == 1


def _games(stage: Stage) -> None:
    """Each server answers each broadcast of each other host once, from the address by which it is reached."""
    rows = []
    for server_host, server in zip(stage.lab.plan.hosts, SERVERS, strict=False):
        stage.say(f"seeking {server.game} from every other host")
        for seeker in stage.lab.plan.hosts:
            if seeker is not server_host:
                rows += [_game(stage, server_host, server, seeker, target) for target in (LIMITED, stage.everybody)]
    stage.result.figures["games"] = rows
    stage.result.exactly("games_found_once", sum(row["once"] for row in rows), len(rows))
    for row in rows:
        if not row["once"]:
            stage.result.fail(f"{row['seeker']} by {row['target']}: {row['game']} answered from {row['answers']}")


def _game(stage: Stage, server_host: Host, server: GameServer, seeker: Host, target: str) -> dict[str, Any]:
    found = [a.source for a in answers(seeker.netns, server.discovery, target, LISTEN_S) if a.title == server.title]
    near = target == LIMITED and {server_host.name, seeker.name} == {h.name for h in stage.lab.plan.hosts[2:]}
    wanted = server_host.address if near else stage.addresses[server_host.name]
    return {
        "game": server.game,
        "server": server_host.name,
        "seeker": seeker.name,
        "target": target,
        "answers": found,
        "once": found == [wanted],
    }


def _mdns(stage: Stage) -> None:
    """avahi: what the first host publishes, the second and the fourth browse and resolve, once by each family."""
    hosts = stage.lab.plan.hosts
    stage.say("publishing and browsing by mDNS")
    environments = {host.name: daemons.start_avahi(stage.lab, host) for host in (hosts[0], hosts[1], hosts[3])}
    publish = ["avahi-publish", "-s", SERVICE_NAME, SERVICE, SERVICE_PORT, "map=dust"]
    log = daemons.start(stage.lab, hosts[0], "publish", publish, environments[hosts[0].name])
    wait_for("avahi publishes", lambda: "Established" in log.read_text("utf-8", "replace"), daemons.START_S)
    card = stage.lab.call(hosts[0], "status")["card"]
    own = {card["address"].partition("/")[0], card["address6"].partition("/")[0]}
    rows = {}
    for host in (hosts[1], hosts[3]):
        browse = ["avahi-browse", "-r", "-p", "-t", SERVICE]
        shown = daemons.output(host, browse, BROWSE_S, environments[host.name]).splitlines()
        resolved = [line.split(";") for line in shown if line.startswith("=")]
        rows[host.name] = [{"family": row[2], "name": row[3], "address": row[7], "port": row[8]} for row in resolved]
        families = sorted(row["family"] for row in rows[host.name])
        stage.result.exactly(f"mdns_{host.name}", families, ["IPv4", "IPv6"])
        others = [row["address"] for row in rows[host.name] if row["address"] not in own]
        stage.result.exactly(f"mdns_{host.name}_other_addresses", others, [])
    stage.result.figures["mdns"] = rows


def _ssdp(stage: Stage) -> None:
    """GSSDP: the third host hears of each resource of the second's media server once, at its party address."""
    server, browser = stage.lab.plan.hosts[1], stage.lab.plan.hosts[2]
    stage.say("announcing and browsing by SSDP")
    browse = ["gssdp-discover", "-i", "lanrage0", "-n", "10", "--message-type=available"]
    log = daemons.start(stage.lab, browser, "gssdp", browse)
    wait_for("gssdp-discover listens", lambda: "Showing" in log.read_text("utf-8", "replace"), daemons.START_S)
    daemons.start_media_server(stage.lab, server)
    time.sleep(10.0)  # gssdp-discover ends by itself after as much
    lines = [line.split() for line in log.read_text("utf-8", "replace").splitlines()]
    names = [words[1] for words in lines if words[:1] == ["USN:"]]
    places = sorted({words[1] for words in lines if words[:1] == ["Location:"]})
    stage.result.exactly("ssdp_resources", len(set(names)), SSDP_RESOURCES)
    stage.result.exactly("ssdp_repeated", len(names) - len(set(names)), 0)
    stage.result.exactly("ssdp_places", places, [f"http://{stage.addresses[server.name]}:8200/rootDesc.xml"])


def _ipx(stage: Stage) -> None:
    """An IPX frame from each host arrives once at each other."""
    ways = [way for way in WAYS if way.listeners == "ipx"]
    report(run(stage.lab, stage.addresses, stage.say, ways), stage.result)
