"""``lanrage lab faults``: a node, the control server and the relay are killed; what must play on plays on."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

from lanrage.errors import LanrageError
from lanrage.lab import netns, roles
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.paths import DIRECT, RELAY, expected_paths, settle
from lanrage.lab.ping import INTERVAL_S, Pinger, first_answers, stream
from lanrage.lab.plan import Host
from lanrage.lab.process import end, in_namespaces, send, wait_for
from lanrage.lab.result import Result

NAME = "faults"
KINDS = ("open", "restricted", "symmetric")

STREAM_COUNT = round(5 / INTERVAL_S)
"""Five seconds of 50 packets a second."""
KILL_AT = round(1 / INTERVAL_S)
"""The servers are killed one second into the stream."""

RECOVER_S = 30.0
"""After a restart every way must be open again within this time: nodes redial with jitter."""

FORGET_S = 10.0
"""How long a member may take to know that another, killed one is back."""


def faults(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """Kill a node, then control and relay, and start them again."""
    result = Result(NAME)
    with laboratory(name, KINDS, base, say) as lab:
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        pinger = Pinger()
        try:
            say("killing the node of h2")
            _kill_node(lab, lab.plan.hosts[1], pinger, result)
            say("killing control and relay under a stream of packets")
            _kill_servers(lab, pinger, result)
        finally:
            pinger.close()
    return result


def _kill_node(lab: Lab, host: Host, pinger: Pinger, result: Result) -> None:
    address, devices, processes = lab.addresses()[host.name], _devices(host), _processes(host)
    _kill(lab, host.name)
    begin = time.monotonic()
    lab.start([host.name])
    result.figures["node_start_ms"] = _ms(begin)
    opened = _all_open(lab, pinger, {host.name: address, **_others(lab, host)})
    result.at_most("node_kill_to_all_pairs_ms", _ms(begin) if opened else None, RECOVER_S * 1000)
    result.exactly("node_address_after", lab.addresses().get(host.name), address)
    result.exactly("node_devices_after", _devices(host), devices)
    result.exactly("node_processes_after", _processes(host), processes)


def _kill_servers(lab: Lab, pinger: Pinger, result: Result) -> None:
    settle(lab, result, expected_paths(lab.plan))
    addresses, paths = lab.addresses(), expected_paths(lab.plan)
    ways = {pair: (lab.plan.host(pair[1]).netns, addresses[pair[0]]) for pair in paths}
    servers = [process for role in (roles.CONTROL, roles.RELAY) if (process := roles.running(lab.folder, role))]

    def kill() -> None:
        for process in servers:
            send(process, signal.SIGKILL)

    lost = stream(pinger, ways.values(), STREAM_COUNT, {KILL_AT: kill})
    for kind, wanted in ((DIRECT, 0), (RELAY, None)):
        count = {"-".join(pair): lost[way] for pair, way in ways.items() if paths[pair] == kind}
        result.figures[f"lost_{kind}"] = count
        if wanted is not None:
            result.exactly(f"lost_{kind}_total", sum(count.values()), wanted)
    end(servers)
    begin = time.monotonic()
    lab.start([roles.CONTROL, roles.RELAY])
    opened = _all_open(lab, pinger, addresses)
    result.at_most("restart_to_all_pairs_ms", _ms(begin) if opened else None, RECOVER_S * 1000)
    connected = _wait("control links", lambda: all(_connected(lab, host) for host in lab.plan.hosts))
    result.at_most("restart_to_control_ms", _ms(begin) if connected else None, RECOVER_S * 1000)
    result.exactly("addresses_after", lab.addresses(), addresses)


def _kill(lab: Lab, role: str) -> None:
    process = roles.running(lab.folder, role)
    if process is None:
        raise netns.LabError(f"{role} does not run")
    end([process], first=signal.SIGKILL)


def _others(lab: Lab, host: Host) -> dict[str, str]:
    return {name: address for name, address in lab.addresses().items() if name != host.name}


def _devices(host: Host) -> list[str]:
    """The names of a host's devices."""
    return sorted(link["ifname"] for link in json.loads(netns.run(["ip", "-n", host.netns, "-json", "link", "show"])))


def _processes(host: Host) -> int:
    """How many processes run in a host's network: the node, and wireguard-go where the kernel has no WireGuard."""
    return len(in_namespaces({netns.inode(host.netns) or 0}))


def _all_open(lab: Lab, pinger: Pinger, addresses: dict[str, str]) -> bool:
    pairs = {(second.netns, addresses[first.name]) for first, second in lab.plan.pairs()}
    return set(first_answers(pinger, pairs, RECOVER_S)) == pairs


def _connected(lab: Lab, host: Host) -> bool:
    try:
        control = lab.call(host, "status", FORGET_S)["control"]
    except LanrageError:
        return False
    return bool(control and control["connected"])


def _wait(what: str, condition: Callable[[], bool]) -> bool:
    try:
        wait_for(what, condition, RECOVER_S)
    except netns.LabError:
        return False
    return True


def _ms(begin: float) -> float:
    return round(1000 * (time.monotonic() - begin), 1)
