"""The check under real capabilities: a process of another user that has one, the other, or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lanrage.core.rights import capabilities_in
from lanrage.net.rights import check_admin_rights

REPOSITORY = Path(__file__).resolve().parents[2]
READS = "dac_read_search"
"""So that the user nobody can read the work tree, wherever it is; it is none of those that are judged."""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes with chosen capabilities")


def missing(*capabilities: str, bounding: bool = True, ports: tuple[str, ...] = ()) -> dict[str, dict[str, object]]:
    """What ``lanrage rights show`` names for the user nobody with these capabilities.

    :param bounding: it could get others; without it they are out of reach as in a container.
    """
    words = ",".join(("-all", *(f"+{each}" for each in (READS, *capabilities))))
    limit = [] if bounding else [f"--bounding-set={words}"]
    who = ["--reuid=65534", "--regid=65534", "--clear-groups"]
    argv = ["setpriv", *who, f"--inh-caps={words}", f"--ambient-caps={words}", *limit, sys.executable, "-m", "lanrage"]
    done = subprocess.run(
        [*argv, "rights", "show", "--json", *(f"--port={port}" for port in ports)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    rows = {row["name"]: row for row in told["missing"]}
    assert told["ok"] is not any(row["needed"] for row in rows.values())
    return {name: row for name, row in rows.items() if name != "/dev/net/tun"}


def test_this_process() -> None:
    """The check itself: what is missing here is what the kernel says that this process has not."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    lacked = {lack.name for lack in check_admin_rights() if lack.name != "/dev/net/tun"}
    there = {f"CAP_{name.upper()}" for name in capabilities_in(status)}
    assert lacked <= {"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN"} - there
    assert {"CAP_NET_ADMIN", "CAP_NET_RAW"} <= lacked | there


def test_one_capability() -> None:
    """What it has is not named, all else is; a low port only where it is asked for."""
    assert set(missing("net_raw")) == {"CAP_NET_ADMIN", "CAP_SYS_PTRACE"}
    found = missing("net_admin", "sys_ptrace", ports=("443", "7766"))
    assert set(found) == {"CAP_NET_RAW", "CAP_NET_BIND_SERVICE"}
    assert found["CAP_NET_BIND_SERVICE"]["costs"] == "ports below 1024 cannot be listened on: 443"


def test_out_of_reach() -> None:
    """Out of the bounding set: only who starts the container can grant it."""
    found = missing("net_admin", "sys_ptrace", bounding=False)
    assert [row["grants"][0]["command"][:3] for row in found.values()] == [  # type: ignore[index]
        ["docker", "run", "--cap-add=NET_RAW"]
    ]


def test_the_command_grants_it() -> None:
    """The very command that is named, with another program at its end, gives the user these capabilities."""
    grants = missing()["CAP_NET_ADMIN"]["grants"]
    command = next(each["command"] for each in grants if "setpriv" in each["command"])  # type: ignore[attr-defined]
    start = next(place for place, word in enumerate(command) if "twistd" in word)
    done = subprocess.run(
        [*command[:start], "cat", "/proc/self/status"], capture_output=True, text=True, timeout=60, check=True
    )
    rows = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert (int(rows["CapEff"], 16), rows["Uid"].split()[0]) == (1 << 12 | 1 << 13, "65534")
