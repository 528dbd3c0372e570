"""``lanrage lab guest``: a host with WireGuard's tools and no LANrage takes part in a party (``docs/guests.rst``)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import attrs

from lanrage.errors import Refused
from lanrage.lab import roles
from lanrage.lab.demo import SUBNET_BITS, laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.games import OPENTTD, TEEWORLDS, GameServer
from lanrage.lab.guest_device import GuestDevice, check_programs
from lanrage.lab.guest_traffic import Ears, Place, announce, connects, exchange, listen, tell_all, until_silent
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError, entered, run
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.ping import Pinger, first_answers
from lanrage.lab.plan import Host
from lanrage.lab.process import alive, send, spawn, wait_for
from lanrage.lab.result import Result
from lanrage.lab.seek import seek

NAME = "guest"
KINDS = ("mapped", "restricted", "cone", "restricted")
"""The host, whose router maps ports; a member that cannot be reached; one that can; the guest, behind a router too."""

WAYS = ("subnet", "limited", "multicast")
GUEST_PORT, TRAP_PORT, WORLD_PORT = 30_123, 30_124, 25_565
SERVER_START_S = 30.0
SEEK_S = 5.0
LOOK_S = 0.2
DOOR_S = 15.0
"""A router that is asked for a port answers within some seconds."""
UP_MS, FIRST_MS, FOUND_MS, LISTED_MS, CUT_S = 5000.0, 2000.0, 1000.0, 3000.0, 3.0
BACK_S = 30.0
"""WireGuard begins a new session when 15 s brought no answer; the node starts meanwhile."""
LIFE_S = 8.0
"""Of the guest whose time ends."""
SLACK_S = 2.0


@attrs.define
class Stage:
    """A party of three nodes, and a fourth host that has none.

    :param lab: of the nodes alone.
    """

    lab: Lab
    device: GuestDevice
    places: dict[str, Place]
    result: Result
    say: Callable[[str], None]
    pinger: Pinger

    @property
    def host(self) -> Host:
        """Who serves."""
        return self.lab.plan.hosts[0]

    @property
    def members(self) -> list[Place]:
        """Places of the nodes."""
        return [self.places[host.name] for host in self.lab.plan.hosts]

    def place(self, added: dict[str, Any]) -> Place:
        """The guest's place by its record."""
        address = IPv4Interface(f"{added['guest']['address']}/{SUBNET_BITS}")
        return Place("guest", self.device.host.netns, address)

    def reach(self, place: Place, within: float = FIRST_MS / 1000 + SLACK_S) -> float | None:
        """Milliseconds until every member has answered the guest.

        :param within: seconds that are waited.
        """
        begin = time.monotonic()
        pairs = [(place.netns, member.ip) for member in self.members]
        answered = first_answers(self.pinger, pairs, within)
        return round(1000 * (max(answered.values()) - begin), 1) if len(answered) == len(pairs) else None


def guest(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """A device with the stock WireGuard tools finds games, is found, and is cut off.

    :raises MissingRight: when WireGuard's tools or a game are not installed.
    """
    check_programs()
    for server in (OPENTTD, TEEWORLDS):
        server.program_path()
    result = Result(NAME)
    with laboratory(name, KINDS, base, say) as whole, _stage(whole, result, say) as stage:
        added = _first_way(stage)
        place = stage.place(added)
        _unicast(stage, place)
        _for_all(stage, place)
        _games(stage, place)
        _listed(stage, place)
        _walls(stage, place)
        _crash(stage, place)
        _second_way(stage)
        _removal(stage, place)
        _expiry(stage)
        _left(stage)
    return result


@contextlib.contextmanager
def _stage(whole: Lab, result: Result, say: Callable[[str], None]) -> Iterator[Stage]:
    """Bring the nodes' party up."""
    *nodes, last = whole.plan.hosts
    lab = Lab(whole.folder, whole.record, attrs.evolve(whole.plan, hosts=tuple(nodes)))
    lab.start(roles.roles(lab.plan))
    lab.gather()
    settle(lab, result, expected_paths(lab.plan))
    places = {
        name: Place(name, lab.plan.host(name).netns, IPv4Interface(f"{address}/{SUBNET_BITS}"))
        for name, address in lab.addresses().items()
    }
    pinger = Pinger()
    device = GuestDevice(last, lab.folder.role(last.name) / "wireguard")
    try:
        yield Stage(lab, device, places, result, say, pinger)
    finally:
        pinger.close()


def _add(stage: Stage, **wish: Any) -> dict[str, Any]:
    return stage.lab.call(stage.host, "party.guest_add", **wish)


def _first_way(stage: Stage) -> dict[str, Any]:
    """Add the guest as soon as the host's router has mapped its port and the host knows who else could serve it, and
    bring its device up."""
    stage.say("adding a guest, served by the host")
    added: dict[str, Any] = {}
    others = ["h3"]

    def sure() -> bool:
        nonlocal added
        if added:
            stage.lab.call(stage.host, "party.guest_remove", name="phone")
        added = _add(stage, name="phone")
        return not added["doubt"] and added["others"] == others

    with contextlib.suppress(LabError):
        wait_for("the host's port is mapped, and other doors are known", sure, DOOR_S)
    stage.result.exactly("doubt", added["doubt"], "")
    stage.result.exactly("others", added["others"], others)
    stage.result.figures["endpoint"] = added["endpoint"]
    _bring_up(stage, added, "first")
    return added


def _bring_up(stage: Stage, added: dict[str, Any], which: str) -> None:
    begin = time.monotonic()
    stage.device.up(added["config"])
    stage.result.at_most(f"{which}_wg_quick_ms", round(1000 * (time.monotonic() - begin), 1), UP_MS)
    stage.result.at_most(f"{which}_all_members_ms", stage.reach(stage.place(added)), FIRST_MS)


def _unicast(stage: Stage, place: Place) -> None:
    stage.say("unicast, both ways")
    rows = {}
    for member in stage.members:
        rows[f"guest-{member.name}"] = exchange(place, member, GUEST_PORT)
        rows[f"{member.name}-guest"] = exchange(member, place, GUEST_PORT)
    stage.result.figures["unicast_ms"] = rows
    stage.result.exactly("unicast_ways", sum(ms is not None for ms in rows.values()), 2 * len(stage.members))


def _for_all(stage: Stage, place: Place) -> None:
    stage.say("for all, both ways")
    everybody = [*stage.members, place]
    ears = Ears(everybody)
    try:
        time.sleep(1.0)  # the nodes get to see the new sockets
        rows = {
            f"{way} of {sender.name}": tell_all(sender, way, ears, [each for each in everybody if each is not sender])
            for way in WAYS
            for sender in everybody
        }
    finally:
        ears.close()
    by_name = {each.name: each for each in everybody}
    stage.result.figures["for_all_ms"] = {
        title: {listener: what.ms for listener, what in heard.items()} for title, heard in rows.items()
    }
    once = 0
    for title, heard in rows.items():
        wanted = (1, by_name[title.rpartition(" ")[2]].ip)
        for listener, what in heard.items():
            once += (what.copies, what.source) == wanted
            if (what.copies, what.source) != wanted:
                stage.result.fail(f"{title} at {listener}: {what.copies} copies from {what.source or 'nobody'}")
    stage.result.exactly("for_all_once", once, len(WAYS) * len(everybody) * (len(everybody) - 1))


def _games(stage: Stage, place: Place) -> None:
    """A real server of a member, found by the guest; a real server of the guest, found by every member."""
    stage.say("real servers")
    second = stage.members[1]
    _serve(stage, second, OPENTTD)
    _serve(stage, place, TEEWORLDS)
    subnet = str(place.address.network.broadcast_address)
    time.sleep(1.0)  # the nodes get to see the new sockets
    rows: list[dict[str, str]] = []
    times: list[float | None] = []
    for server, where, seekers in ((OPENTTD, second, [place]), (TEEWORLDS, place, stage.members)):
        for seeker in seekers:
            for target in ("255.255.255.255", subnet):
                seen = seek(seeker.netns, server.discovery, [target], where.ip, SEEK_S)
                times.append(next((each.ms for each in seen if each.source == where.ip), None))
                rows.append({"game": server.game, "server": where.name, "seeker": seeker.name, "by": target})
    stage.result.figures["games"] = [{**row, "ms": ms} for row, ms in zip(rows, times, strict=True)]
    known = [ms for ms in times if ms is not None]
    stage.result.at_most("game_found_ms_max", max(known) if len(known) == len(times) else None, FOUND_MS)


def _listed(stage: Stage, place: Place) -> None:
    """What the guest announces stands in every member's list of servers, under the guest's name."""
    stage.say("the members' lists")
    title = "lanrage-world"
    wanted = {"address": place.ip, "port": WORLD_PORT, "member": "phone", "name": title}

    def seen() -> bool:
        lists = [stage.lab.call(host, "servers.list")["servers"] for host in stage.lab.plan.hosts]
        return all(any(wanted.items() <= row.items() for row in rows) for rows in lists)

    ms = announce(place, WORLD_PORT, title, seen, SEEK_S)
    stage.result.at_most("listed_everywhere_ms", ms, LISTED_MS)


def _serve(stage: Stage, place: Place, server: GameServer) -> None:
    folder = stage.lab.folder.role(place.name) / server.game
    role = f"{place.name}-{server.game}"
    env = {**os.environ, "HOME": str(folder)}
    log = stage.lab.folder.log(role)
    stage.lab.folder.add_process(spawn(role, place.netns, server.command(folder), log, env, folder))
    listening = partial(roles.udp_bound, place.netns, server.discovery.ports[0])
    wait_for(f"{server.game} listens", listening, SERVER_START_S)


def _walls(stage: Stage, place: Place) -> None:
    """A guest that sends everything into the tunnel reaches the party's addresses, and nothing else."""
    stage.say("what a greedy guest reaches")
    host, router = stage.host, stage.lab.plan.routers[0]
    stage.device.grow_greedy((f"{router.lan_address}/32", f"{host.address}/32", "203.0.113.2/32"))
    trap = listen(host.netns, TRAP_PORT)
    try:
        reached = {
            "party address": connects(place.netns, stage.members[0].ip, TRAP_PORT),
            "the host's other address": connects(place.netns, host.address, TRAP_PORT),
        }
    finally:
        trap.close()
    echoes = {"the host's router": router.lan_address, "the internet": "203.0.113.2"}
    answered = first_answers(stage.pinger, [(place.netns, address) for address in echoes.values()], 1.0)
    reached |= {what: (place.netns, address) in answered for what, address in echoes.items()}
    stage.result.exactly("reached", reached, {what: what == "party address" for what in reached})
    echoed = first_answers(stage.pinger, [(host.netns, address) for address in echoes.values()], 2.0)
    stage.result.exactly("the_host_itself_reaches", len(echoed), len(echoes))


def _crash(stage: Stage, place: Place) -> None:
    """The serving node is killed and started again: its guests are those of before, and WireGuard there finds it."""
    stage.say("the serving node is killed and started again")
    node = roles.running(stage.lab.folder, stage.host.name)
    if node is None or not send(node, signal.SIGKILL):
        raise LabError(f"the node of {stage.host.name} does not run")
    lab, host = stage.lab, stage.host
    wait_for("the node is dead", lambda: not alive(node) and not roles.ready(lab.folder, lab.plan, host.name), CUT_S)
    begin = time.monotonic()
    lab.start([host.name])
    wait_for("the node is back", lambda: lab.call(host, "status")["state"] == "in-party", SERVER_START_S)
    back = stage.reach(place, BACK_S)
    stage.result.at_most("back_after_crash_s", round(time.monotonic() - begin, 1) if back is not None else None, BACK_S)


def _second_way(stage: Stage) -> None:
    stage.say("a second way, served by a member")
    stage.device.down()

    deadline, added = time.monotonic() + DOOR_S, None
    while added is None:  # until the member has told the host's new process that it serves guests
        try:
            added = _add(stage, name="phone", via="h3")
        except Refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_S)
    _bring_up(stage, added, "second")


def _removal(stage: Stage, first: Place) -> None:
    stage.say("removal")
    listed = stage.lab.call(stage.host, "party.guest_list")["guests"]
    stage.result.exactly("ways_listed", sorted(row["server"] for row in listed), ["h1", "h3"])
    pairs = [(first.netns, member.ip) for member in stage.members]

    def remove() -> None:
        removed = stage.lab.call(stage.host, "party.guest_remove", name="phone")
        stage.result.exactly("ways_removed", removed["removed"], 2)

    stage.result.at_most("removed_s", until_silent(stage.pinger, pairs, remove, CUT_S + SLACK_S), CUT_S)
    stage.device.down()


def _expiry(stage: Stage) -> None:
    stage.say("expiry, with the control server killed")
    added = _add(stage, name="tablet", expires_hours=LIFE_S / 3600)
    left = added["guest"]["expires"] - time.time()
    control = roles.running(stage.lab.folder, roles.CONTROL)
    stage.result.exactly("control_killed", control is not None and send(control, signal.SIGKILL), True)
    begin = time.monotonic()
    _bring_up(stage, added, "short")
    pairs = [(stage.device.host.netns, member.ip) for member in stage.members]
    lasted = until_silent(stage.pinger, pairs, lambda: None, LIFE_S + SLACK_S + CUT_S)
    over = None if lasted is None else round(time.monotonic() - begin - left - 1.0, 2)
    stage.result.figures["lasted_s"] = lasted
    stage.result.at_most("over_time_s", over, SLACK_S)
    stage.result.exactly("none_listed", stage.lab.call(stage.host, "party.guest_list")["guests"], [])
    stage.device.down()


def _left(stage: Stage) -> None:
    """Nothing of the guests is left on the machine that served them."""
    host = stage.host
    with entered(host.netns):
        forwarding = Path(f"/proc/sys/net/ipv4/conf/{host.tunnel_device}/forwarding").read_text(encoding="ascii")
        rules = run(["nft", "list", "ruleset"])
        routes = run(["ip", "route", "show", "dev", host.tunnel_device])
    stage.result.exactly("forwarding", forwarding.strip(), "0")
    stage.result.exactly("rules_for_guests", rules.count("@guests"), 0)
    members = {member.ip for member in stage.members}
    gone = [line for line in routes.splitlines() if line.split()[0] not in members]
    stage.result.exactly("routes_left", gone, [])
