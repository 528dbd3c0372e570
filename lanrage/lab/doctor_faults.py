"""Faults of a laboratory, one at a time: how each is made, how it is mended, and how the doctor must name it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from shutil import which

import attrs

from lanrage.errors import MissingRight
from lanrage.lab import netns, roles
from lanrage.lab.cuts import cut_relays
from lanrage.lab.games import TEEWORLDS
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import Started, end, spawn, wait_for
from lanrage.lab.wan import python_env

GAME_PORT = 8303
SMALL_MTU = 1300
"""Bytes; the tunnel's largest packets have 1340 outside."""
CLOCK = "-2h"
"""How far the node's clock is set back."""
START_S = 20.0
FAKETIME = ("faketime/libfaketimeMT.so.1", "/usr/lib")


@attrs.frozen
class LabFault:
    """One fault.

    :param name: of the row.
    :param wanted: the id by which the doctor of the first host must name it, before all others.
    :param broken: a context in which it is there.
    :param member: it concerns this member, and is named so; empty = this machine.
    """

    name: str
    wanted: str
    broken: Callable[[Lab], AbstractContextManager[None]]
    member: str = ""


def _one(lab: Lab) -> Host:
    return lab.plan.hosts[0]


def _two(lab: Lab) -> Host:
    return lab.plan.hosts[1]


@contextmanager
def _firewall(host: str, hook: str, rule: str) -> Iterator[None]:
    chain = f"type filter hook {hook} priority -10; policy accept; {rule}"
    netns.nft(host, f"table inet labfault {{\n chain one {{ {chain}\n }}\n}}\n")
    try:
        yield
    finally:
        netns.nft(host, "delete table inet labfault\n")


@contextmanager
def no_route(lab: Lab) -> Iterator[None]:
    """The default route of the host goes away, as when somebody pulls the cable's network away."""
    host = _one(lab)
    way = netns.run(["ip", "-n", host.netns, "route", "show", "default"]).strip()
    netns.ip_batch(host.netns, [f"route del {way}"])
    try:
        yield
    finally:
        netns.ip_batch(host.netns, [f"route add {way}"])


@contextmanager
def broadcasts_dropped(lab: Lab) -> Iterator[None]:
    """The other member's firewall drops what comes by the LAN card."""
    with _firewall(_two(lab).netns, "input", 'iifname "lanrage0" drop;'):
        yield


@contextmanager
def own_broadcasts_dropped(lab: Lab) -> Iterator[None]:
    """This machine's firewall drops what goes out by the LAN card."""
    with _firewall(_one(lab).netns, "output", 'oifname "lanrage0" drop;'):
        yield


@contextmanager
def udp_out(lab: Lab) -> Iterator[None]:
    """This machine's firewall lets no UDP out."""
    with _firewall(_one(lab).netns, "output", 'oifname "eth0" meta l4proto udp drop;'):
        yield


@contextmanager
def game_bound(lab: Lab) -> Iterator[None]:
    """A real server listens at the address of the real card only."""
    host = _one(lab)
    folder = lab.folder.role(host.name) / "bound"
    command = [*TEEWORLDS.command(folder), f"bindaddr {host.address}"]
    process = _spawn(lab, host, "bound", command, {**os.environ, "HOME": str(folder)}, folder)
    try:
        wait_for("the game listens", partial(roles.udp_bound, host.netns, GAME_PORT), START_S)
        yield
    finally:
        end([process])


@contextmanager
def small_mtu(lab: Lab) -> Iterator[None]:
    """The way to the other member carries less than it should, and says so to nobody."""
    with _firewall(lab.plan.wan, "output", "icmp type destination-unreachable drop;"):
        netns.ip_batch(lab.plan.wan, [f"link set {_two(lab).name} mtu {SMALL_MTU}"])
        try:
            yield
        finally:
            netns.ip_batch(lab.plan.wan, [f"link set {_two(lab).name} mtu 1500"])


@contextmanager
def relay_down(lab: Lab) -> Iterator[None]:
    """The relay's process ends."""
    _stop(lab, roles.RELAY)
    try:
        yield
    finally:
        lab.start([roles.RELAY])


@contextmanager
def relay_cut(lab: Lab) -> Iterator[None]:
    """A firewall on the way drops what goes to and from the relay's ports."""
    cut_relays(lab.plan, True)
    try:
        yield
    finally:
        cut_relays(lab.plan, False)


@contextmanager
def control_away(lab: Lab) -> Iterator[None]:
    """The control server's process ends."""
    _stop(lab, roles.CONTROL)
    try:
        yield
    finally:
        lab.start([roles.CONTROL])


@contextmanager
def clock_off(lab: Lab) -> Iterator[None]:
    """The node's process lives two hours ago."""
    with _node_started(lab, _one(lab), [], _another_time()):
        yield


@contextmanager
def member_clock_off(lab: Lab) -> Iterator[None]:
    """The other member's process lives two hours ago."""
    with _node_started(lab, _two(lab), [], _another_time()):
        yield


@contextmanager
def right_missing(lab: Lab) -> Iterator[None]:
    """The node is started without CAP_NET_RAW."""
    with _node_started(lab, _one(lab), ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"], {}):
        yield


@contextmanager
def port_taken(lab: Lab) -> Iterator[None]:
    """Another program has WireGuard's port when the node starts."""
    host = _one(lab)
    _stop(lab, host.name)
    taken = netns.udp_socket(host.netns, port=host.wireguard_port)
    try:
        lab.start([host.name])
        yield
    finally:
        taken.close()


@contextmanager
def card_down(lab: Lab) -> Iterator[None]:
    """Somebody takes the LAN card down."""
    netns.ip_batch(_one(lab).netns, ["link set lanrage0 down"])
    try:
        yield
    finally:
        netns.ip_batch(_one(lab).netns, ["link set lanrage0 up"], force=True)


@contextmanager
def subnet_clash(lab: Lab) -> Iterator[None]:
    """Another VPN has half of the party's network."""
    host = _one(lab)
    network = lab.addresses()[host.name].rpartition(".")[0]
    lines = ["link add othervpn type veth peer name othervpn1", "link set othervpn up", "link set othervpn1 up"]
    netns.ip_batch(host.netns, [*lines, f"route add {network}.128/25 dev othervpn"])
    try:
        yield
    finally:
        netns.ip_batch(host.netns, ["link del othervpn"])


FAULTS = (
    LabFault("no route", "no_route", no_route),
    LabFault("firewall drops the party's broadcasts at the other end", "broadcast_not_heard", broadcasts_dropped, "h2"),
    LabFault("firewall drops broadcasts here", "broadcast_not_sent", own_broadcasts_dropped),
    LabFault("firewall lets no UDP out", "udp_blocked", udp_out),
    LabFault("game bound to one address", "game_bound", game_bound),
    LabFault("wrong MTU", "path_mtu", small_mtu, "h2"),
    LabFault("relay down", "relay_down", relay_down),
    LabFault("relay's ports cut off", "relay_down", relay_cut),
    LabFault("control server away", "control_unreachable", control_away),
    LabFault("clock off", "clock_off", clock_off),
    LabFault("a member's clock off", "member_clock_off", member_clock_off, "h2"),
    LabFault("missing right", "right_missing", right_missing),
    LabFault("port taken", "port_taken", port_taken),
    LabFault("card taken down", "card_down", card_down),
    LabFault("another VPN has the party's network", "subnet_clash", subnet_clash),
)
"""In an order in which what one leaves behind is no part of the next."""


def check_installed() -> None:
    """Find out before anything is built whether all programs are there.

    :raises MissingRight: names what is missing and its package.
    """
    TEEWORLDS.program_path()
    find_faketime()
    if which("setpriv") is None:
        raise MissingRight("this check needs the program setpriv: apt-get install util-linux")


def find_faketime() -> Path:
    """The library by which a process sees another clock.

    :raises MissingRight: it is not installed.
    """
    name, root = FAKETIME
    found = next(iter(sorted(Path(root).glob(f"*/{name}"))), None)
    if found is None:
        raise MissingRight("this check needs libfaketime: apt-get install libfaketime")
    return found


def _another_time() -> dict[str, str]:
    return {"LD_PRELOAD": str(find_faketime()), "FAKETIME": CLOCK, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@contextmanager
def _node_started(lab: Lab, host: Host, before: list[str], env: dict[str, str]) -> Iterator[None]:
    """A host's node, started in another way, and afterwards in the usual one."""
    _stop(lab, host.name)
    argv = [*before, *roles.node_argv(lab.folder, host)]
    process = spawn(
        host.name, host.netns, argv, lab.folder.log(host.name), {**python_env(), **env}, lab.folder.role(host.name)
    )
    lab.folder.add_process(process)
    roles.wait_ready(lab.folder, lab.plan, [process])
    try:
        yield
    finally:
        _stop(lab, host.name)
        lab.start([host.name])


def _spawn(lab: Lab, host: Host, role: str, command: list[str], env: dict[str, str], folder: Path) -> Started:
    role = f"{host.name}-{role}"
    process = spawn(role, host.netns, command, lab.folder.log(role), env, folder)
    lab.folder.add_process(process)
    return process


def _stop(lab: Lab, role: str) -> None:
    """End the process of a role as its service manager does.

    :raises LabError: when it does not run.
    """
    process = roles.running(lab.folder, role)
    if process is None:
        raise netns.LabError(f"{role} does not run")
    end([process])
