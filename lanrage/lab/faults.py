"""``lanrage lab faults``: nodes, control server and relay are killed, addresses change; what must play on plays on."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from lanrage.lab import party, roles
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.moving import move_site
from lanrage.lab.paths import DIRECT, RELAY, expected_paths, settle
from lanrage.lab.ping import INTERVAL_S, Pinger, stream
from lanrage.lab.plan import Host
from lanrage.lab.process import end, send
from lanrage.lab.recovery import RECOVER_S, connected, devices, kill, ms_since, open_ms, processes, until
from lanrage.lab.result import Result

NAME = "faults"
KINDS = ("open", "restricted", "symmetric", "open", "restricted")
"""The last host joins at the end, as somebody new."""

STREAM_COUNT = round(5 / INTERVAL_S)
"""Five seconds of 50 packets a second."""
KILL_AT = round(1 / INTERVAL_S)
"""A server is killed one second into the stream."""

MOVE_S = 15.0
"""A host with another address is reachable again within this time: a dead path is noticed after 2.5 s, a relay port
that is no longer ours after 8."""
BOOT_S = 15.0
"""A node that boots without the control server has met all others within this time, its own start of 2 s included."""
JOIN_S = 5.0
"""Somebody new has exchanged a packet with all others within this time."""


def faults(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Kill a node, then control and relay; move and boot hosts meanwhile; start them again, and let one more join."""
    result = Result(NAME)
    with laboratory(name, KINDS, base, say) as whole:
        whole.start(roles.roles(whole.plan))
        lab = attrs.evolve(whole, plan=attrs.evolve(whole.plan, hosts=whole.plan.hosts[:-1]))
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        pinger = Pinger()
        try:
            say("killing the node of h2")
            _kill_node(lab, lab.plan.hosts[1], pinger, result)
            addresses = lab.addresses()
            say("killing control, then the relay, under a stream of packets")
            _kill_servers(lab, pinger, result)
            say("changing addresses and booting a node without the control server")
            _change_addresses(lab, addresses, pinger, result)
            _boot(lab, lab.plan.hosts[1], addresses, pinger, result)
            say("starting control again, and letting a new host join")
            _start_control(lab, addresses, pinger, result)
            _join(whole, whole.plan.hosts[-1], addresses, pinger, result)
        finally:
            pinger.close()
    return result


def _kill_node(lab: Lab, host: Host, pinger: Pinger, result: Result) -> None:
    addresses, before, running = lab.addresses(), devices(host), processes(host)
    kill(lab, host.name)
    begin = time.monotonic()
    lab.start([host.name])
    result.figures["node_start_ms"] = ms_since(begin)
    result.at_most("node_kill_to_all_pairs_ms", open_ms(lab, pinger, addresses, begin), RECOVER_S * 1000)
    result.exactly("node_address_after", lab.addresses().get(host.name), addresses[host.name])
    result.exactly("node_devices_after", devices(host), before)
    result.exactly("node_processes_after", processes(host), running)


def _kill_servers(lab: Lab, pinger: Pinger, result: Result) -> None:
    settle(lab, result, expected_paths(lab.plan))
    lost = _lost_by_killing(lab, roles.CONTROL, pinger)
    result.figures["control_kill_lost_by_pair"] = lost
    result.exactly("control_kill_lost", sum(lost.values()), 0)
    lost = _lost_by_killing(lab, roles.RELAY, pinger)
    paths = {"-".join(pair): kind for pair, kind in expected_paths(lab.plan).items()}
    for kind in (DIRECT, RELAY):
        result.figures[f"lost_{kind}"] = {pair: count for pair, count in lost.items() if paths[pair] == kind}
    result.exactly("lost_direct_total", sum(result.figures["lost_direct"].values()), 0)


def _lost_by_killing(lab: Lab, role: str, pinger: Pinger) -> dict[str, int]:
    """Packets of each pair that were not answered while a server was killed."""
    addresses = lab.addresses()
    ways = {f"{a.name}-{b.name}": (b.netns, addresses[a.name]) for a, b in lab.plan.pairs()}
    server = roles.running(lab.folder, role)

    def strike() -> None:
        if server is not None:
            send(server, signal.SIGKILL)

    lost = stream(pinger, ways.values(), STREAM_COUNT, {KILL_AT: strike})
    end([server] if server is not None else [])
    return {pair: lost[way] for pair, way in ways.items()}


def _change_addresses(lab: Lab, addresses: dict[str, str], pinger: Pinger, result: Result) -> None:
    """First an open host, with no server at all; then a router, with the relay back."""
    before = _forwarded(lab)
    lab.plan = move_site(lab.plan, 1)
    took = open_ms(lab, pinger, addresses, time.monotonic(), "h1")
    result.at_most("address_change_recover_ms", took, MOVE_S * 1000)
    result.figures["address_change_offers_forwarded"] = _forwarded(lab) - before
    begin = time.monotonic()
    lab.start([roles.RELAY])
    result.at_most("relay_start_to_all_pairs_ms", open_ms(lab, pinger, addresses, begin), RECOVER_S * 1000)
    lab.plan = move_site(lab.plan, 2)
    took = open_ms(lab, pinger, addresses, time.monotonic(), "h2")
    result.at_most("router_change_recover_ms", took, MOVE_S * 1000)
    settle(lab, result, expected_paths(lab.plan))


def _forwarded(lab: Lab) -> int:
    """Offers that members passed on for others."""
    return sum(lab.call(host, "status")["channel"]["forwarded"] for host in lab.plan.hosts)


def _boot(lab: Lab, host: Host, addresses: dict[str, str], pinger: Pinger, result: Result) -> None:
    kill(lab, host.name)
    begin = time.monotonic()
    lab.start([host.name])
    took = open_ms(lab, pinger, addresses, begin, host.name)
    result.at_most("boot_without_control_ms", took, BOOT_S * 1000)


def _start_control(lab: Lab, addresses: dict[str, str], pinger: Pinger, result: Result) -> None:
    begin = time.monotonic()
    lab.start([roles.CONTROL])
    result.at_most("restart_to_all_pairs_ms", open_ms(lab, pinger, addresses, begin), RECOVER_S * 1000)
    back = until("control links", lambda: all(connected(lab, host) for host in lab.plan.hosts))
    result.at_most("restart_to_control_ms", ms_since(begin) if back else None, RECOVER_S * 1000)
    result.exactly("addresses_after", lab.addresses(), addresses)


def _join(lab: Lab, host: Host, addresses: dict[str, str], pinger: Pinger, result: Result) -> None:
    joined = party.join(lab.folder, host, lab.folder.load()[0].code)
    everybody = {**addresses, host.name: joined.result["address"]}
    result.at_most("new_host_joins_ms", open_ms(lab, pinger, everybody, joined.issued, host.name), JOIN_S * 1000)
