"""Small steps of ``lanrage lab faults``: kill, start, and measure until every way is open again."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

from lanrage.errors import LanrageError
from lanrage.lab import netns, roles
from lanrage.lab.lab import Lab
from lanrage.lab.ping import Pinger, first_answers
from lanrage.lab.plan import Host
from lanrage.lab.process import end, in_namespaces, wait_for

RECOVER_S = 30.0
"""After a restart every way must be open again within this time: nodes redial with jitter."""

ANSWER_S = 10.0
"""A node that lives answers sooner, also on a busy machine."""


def kill(lab: Lab, role: str) -> None:
    """End a process by ``kill -9``.

    :raises LabError: when it does not run.
    """
    process = roles.running(lab.folder, role)
    if process is None:
        raise netns.LabError(f"{role} does not run")
    end([process], first=signal.SIGKILL)


def devices(host: Host) -> list[str]:
    """The names of a host's devices."""
    return sorted(link["ifname"] for link in json.loads(netns.run(["ip", "-n", host.netns, "-json", "link", "show"])))


def processes(host: Host) -> int:
    """How many processes run in a host's network: the node, and wireguard-go where the kernel has no WireGuard."""
    return len(in_namespaces({netns.inode(host.netns) or 0}))


def open_ms(lab: Lab, pinger: Pinger, addresses: dict[str, str], begin: float, only: str = "") -> float | None:
    """Milliseconds from `begin` until every pair has answered once; ``None`` when some did not in time.

    :param addresses: party address by host name.
    :param only: the pairs of this host alone.
    """
    pairs = {
        (second.netns, addresses[first.name])
        for first, second in lab.plan.pairs()
        if only in ("", first.name, second.name)
    }
    answers = first_answers(pinger, pairs, RECOVER_S)
    return round(1000 * (max(answers.values()) - begin), 1) if set(answers) == pairs else None


def connected(lab: Lab, host: Host) -> bool:
    """Whether a host's node has its link to the control server."""
    try:
        control = lab.call(host, "status", ANSWER_S)["control"]
    except LanrageError:
        return False
    return bool(control and control["connected"])


def until(what: str, condition: Callable[[], bool]) -> bool:
    """Wait for a condition; false when it does not come to hold in time."""
    try:
        wait_for(what, condition, RECOVER_S)
    except netns.LabError:
        return False
    return True


def ms_since(begin: float) -> float:
    """Milliseconds since a time of the monotonic clock."""
    return round(1000 * (time.monotonic() - begin), 1)
