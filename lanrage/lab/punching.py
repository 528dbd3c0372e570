"""Trials of birthday probing: two nodes begin anew, and how long it takes until they send directly."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket

from lanrage.errors import Refused
from lanrage.lab import roles
from lanrage.lab.lab import Lab
from lanrage.lab.netns import entered
from lanrage.lab.ping import Pinger, first_answers
from lanrage.lab.plan import Host
from lanrage.lab.process import end

TIMEOUT_S = 20.0
"""What a hard pair has from its start to a direct way."""
POLL_S = 0.1
ECHO_S = 3.0
"""In this time both ends must answer an echo over the direct way."""


@attrs.frozen
class Trial:
    """How one went.

    :param direct: the pair came to a direct way in time, and a packet went over it in each direction.
    :param seconds: from the moment that both nodes ran.
    :param packets: spent on birthday probing, by both ends.
    """

    direct: bool
    seconds: float
    packets: int


def trial(
    lab: Lab,
    first: Host,
    second: Host,
    *,
    start: Callable[[Lab, list[str]], None] = Lab.start,
    timeout: float = TIMEOUT_S,
) -> Trial:
    """Start the nodes of two hosts again, behind routers that begin anew, too, and watch the way between them.

    :param start: starts the nodes of these hosts and waits until they are ready.
    :param timeout: seconds until it is given up.
    :raises LanrageError: when a node does not start, or answers nothing.
    """
    hosts = (first, second)
    running = [roles.running(lab.folder, host.name) for host in hosts]
    end([process for process in running if process is not None])
    forget(lab)
    start(lab, [host.name for host in hosts])
    begin = time.monotonic()
    took = 0.0
    while took < timeout and path(lab, first, second) != "direct":
        time.sleep(POLL_S)
        took = time.monotonic() - begin
    packets = sum(lab.call(host, "status")["birthday"].get("packets", 0) for host in hosts)
    return Trial(took < timeout and _echoes(lab, first, second), round(took, 2), packets)


def forget(lab: Lab) -> None:
    """Let all routers forget their mappings: ports that an earlier trial opened would help the next one."""
    for name in lab.plan.namespaces():
        with entered(name), NFCTSocket() as table:
            table.flush()


def path(lab: Lab, first: Host, second: Host) -> str:
    """How the first's node reaches the second; ``none`` while it is starting."""
    try:
        members = lab.call(first, "party.show")["members"]
    except Refused:
        return "none"
    return next((str(member["path"]) for member in members if member["name"] == second.name), "none")


def _echoes(lab: Lab, first: Host, second: Host) -> bool:
    addresses = lab.addresses()
    wanted = {(first.netns, addresses[second.name]), (second.netns, addresses[first.name])}
    pinger = Pinger()
    try:
        return set(first_answers(pinger, wanted, ECHO_S)) == wanted
    finally:
        pinger.close()
