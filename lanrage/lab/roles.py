"""The processes of a laboratory: how control, relay and each node are started and when they are ready."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from lanrage.errors import BadInput
from lanrage.lab.folder import Folder
from lanrage.lab.netns import LabError, entered
from lanrage.lab.node_call import listening
from lanrage.lab.plan import CONTROL_PORT, PUBLIC_ADDRESSES, RELAY2_PORTS, RELAY_PORTS, STUN_PORT, Host, Plan
from lanrage.lab.process import POLL_S, Started, alive, spawn
from lanrage.lab.wan import python_env

CONTROL, RELAY, RELAY2 = "control", "relay", "relay2"
RELAYS = {RELAY: (PUBLIC_ADDRESSES[0], RELAY_PORTS), RELAY2: (PUBLIC_ADDRESSES[1], RELAY2_PORTS)}
"""Address and ports of each relay."""

READY_S = 120.0
"""Sixteen nodes that start at once on two cores each need about a second of one; an emulated machine some 30 s."""

LOG_TAIL = 12
"""Lines of a process's log that an error shows."""


def twistd() -> list[str]:
    """The command that runs a role in the foreground; beside this Python where there is one."""
    program = Path(sys.executable).with_name("twistd")
    by_hand = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
    return [*([str(program)] if program.exists() else by_hand), "--nodaemon", "--pidfile=", "lanrage"]


def control_argv(folder: Folder, plan: Plan) -> list[str]:
    """The control server, at the first public address; it names the relays of the plan."""
    address = PUBLIC_ADDRESSES[0]
    options = ["--state-dir", str(folder.role(CONTROL)), "--listen", f"tcp:{CONTROL_PORT}"]
    options += ["--stun-port", str(STUN_PORT), "--stun-alternate", PUBLIC_ADDRESSES[1]]
    options += ["--public-address", f"{address}:{CONTROL_PORT}"]
    relays = ",".join(f"{host}:{ports}" for host, ports in (RELAYS[role] for role in relay_roles(plan)))
    record, _ = folder.load()
    return [*twistd(), "control", *options, "--relay", relays, *record.control_options, *record.log_options]


def relay_argv(folder: Folder, role: str) -> list[str]:
    """A relay, which trusts the control server's key."""
    key = server_key(folder)
    host, ports = RELAYS[role]
    options = ["--state-dir", str(folder.role(role)), "--server-key", f"@{key}", "--ports", ports]
    record, _ = folder.load()
    return [*twistd(), "relay", *options, "--host", host, *record.log_options]


def node_argv(folder: Folder, host: Host) -> list[str]:
    """A player's node."""
    home = folder.role(host.name)
    options = ["--state-dir", str(home / "state"), "--run-dir", str(home / "run")]
    options += ["--tunnel-device", host.tunnel_device, "--wireguard-port", str(host.wireguard_port)]
    record, _ = folder.load()
    return [*twistd(), "node", *options, "--card", "lanrage0", *record.node_options, *record.log_options]


def server_key(folder: Folder) -> Path:
    """The file that the control server writes its public key into."""
    return folder.path / CONTROL / "server.pub"


def node_socket(folder: Folder, host: Host) -> Path:
    """Where a host's node listens."""
    return folder.path / host.name / "run" / "node.sock"


def roles(plan: Plan) -> list[str]:
    """All roles that ``lab kill`` and ``lab start`` know."""
    return [CONTROL, *relay_roles(plan), *(host.name for host in plan.hosts)]


def relay_roles(plan: Plan) -> list[str]:
    """The relays of a plan."""
    return list(RELAYS)[: plan.relays]


def role_of(plan: Plan, word: str) -> str:
    """The role of a word that a user typed.

    :raises BadInput: for anything else.
    """
    if word in (CONTROL, *relay_roles(plan)):
        return word
    try:
        return plan.host(word).name
    except BadInput as error:
        raise BadInput("role", f"{word!r} is none of {', '.join(roles(plan))}") from error


def running(folder: Folder, role: str) -> Started | None:
    """The process of a role, when it runs."""
    return next((p for p in reversed(folder.processes()) if p.role == role and alive(p)), None)


def start(folder: Folder, plan: Plan, role: str) -> Started:
    """Start the process of a role; it need not be ready yet.

    :raises LabError: when it runs already.
    """
    if running(folder, role) is not None:
        raise LabError(f"{role} runs already")
    if role == CONTROL:
        netns, argv = plan.public, control_argv(folder, plan)
    elif role in RELAYS:
        netns, argv = plan.public, relay_argv(folder, role)
    else:
        host = plan.host(role)
        netns, argv = host.netns, node_argv(folder, host)
    process = spawn(role, netns, argv, folder.log(role), python_env(), folder.role(role))
    folder.add_process(process)
    return process


def ready(folder: Folder, plan: Plan, role: str) -> bool:
    """Whether a role does its work: it accepts connections, and has written what others need."""
    if role == CONTROL:
        return server_key(folder).exists() and _accepts(plan.public, PUBLIC_ADDRESSES[0], CONTROL_PORT)
    if role in RELAYS:
        return udp_bound(plan.public, int(RELAYS[role][1].split("-", maxsplit=1)[0]))
    return listening(node_socket(folder, plan.host(role)))


def wait_ready(folder: Folder, plan: Plan, started: Iterable[Started], timeout: float = READY_S) -> None:
    """Wait until all of these are ready.

    :raises LabError: when one ends or is late, with the end of its log.
    """
    waiting = {process.role: process for process in started}
    deadline = time.monotonic() + timeout
    while waiting:
        for role, process in list(waiting.items()):
            if ready(folder, plan, role):
                del waiting[role]
            elif not alive(process):
                raise LabError(f"{role} ended at its start:\n{log_tail(folder, role)}")
            elif time.monotonic() > deadline:
                raise LabError(f"{role} is not ready after {timeout:.0f} s:\n{log_tail(folder, role)}")
        time.sleep(POLL_S if waiting else 0)


def log_tail(folder: Folder, role: str) -> str:
    """The last lines of what a process said."""
    try:
        lines = folder.log(role).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(it wrote nothing)"
    return "\n".join(lines[-LOG_TAIL:])


def _accepts(netns: str, address: str, port: int) -> bool:
    with entered(netns), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((address, port)) == 0


def udp_bound(netns: str, port: int) -> bool:
    """Whether some program in a namespace has a UDP port (``/proc/net/udp``)."""
    with entered(netns):
        rows = Path("/proc/thread-self/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(int(row.split()[1].rpartition(":")[2], 16) == port for row in rows)
