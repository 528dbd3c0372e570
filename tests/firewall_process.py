"""Works on a real firewall in a mount and network namespace of its own, and prints what it saw, one JSON line.

Run it below ``unshare --mount --net --pid --fork``: ``python -m tests.firewall_process ufw|firewalld FOLDER``. What the
tools write below ``/etc`` and ``/run`` goes into copies that vanish with the namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lanrage.app.cli_firewall import change, standing
from lanrage.core.foreign_firewall import ForeignFirewall, Newcomer
from lanrage.net.firewalls import Tools
from lanrage.net.nft import JSON, Nft

DEVICES = ("lanrage-wg0", "lanrage0")
START_S = 30.0
BUS = "unix:path=/run/dbus/system_bus_socket"


def run(*words: str) -> None:
    """Run a program to its end."""
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=START_S)


def covered(folder: Path, path: str) -> None:
    """Put a copy in the place of a folder."""
    copy = folder / path.replace("/", "_")
    run("cp", "-a", path, str(copy))
    run("mount", "--bind", str(copy), path)


@contextlib.contextmanager
def ufw(folder: Path) -> Iterator[None]:
    """Ufw, switched on."""
    covered(folder, "/etc/ufw")
    run("ufw", "--force", "enable")
    yield


@contextlib.contextmanager
def firewalld(folder: Path) -> Iterator[None]:
    """Firewalld, with a message bus of its own."""
    covered(folder, "/etc/firewalld")
    run("mount", "-t", "tmpfs", "tmpfs", "/var/log")
    Path("/run/dbus").mkdir()
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = BUS
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.ExitStack() as stack:
        for words in (("dbus-daemon", "--system", "--nofork", "--nopidfile"), ("firewalld", "--nofork", "--nopid")):
            program = stack.enter_context(subprocess.Popen(words, **quiet))  # type: ignore[call-overload]
            stack.callback(program.terminate)
            time.sleep(0.5)
        end = time.monotonic() + START_S
        while not Tools().active():
            assert time.monotonic() < end, "firewalld did not start"
            time.sleep(0.2)
        yield


def stances() -> dict[str, bool]:
    """Whether the rules, as they are read, keep a member out, by device."""
    nft = Nft(JSON)
    firewall = ForeignFirewall(nft.run("list ruleset\n"), "none of ours")
    found = {}
    for device in (*DEVICES, "eth0"):
        stance = firewall.stance(Newcomer(device, "udp", 27960))
        assert stance.sure, stance
        found[device] = stance.blocks
    return found


def main(kind: str, folder: Path) -> None:
    """Allow twice, look, remove twice."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    tools = Tools()
    assert not tools.active(), tools.active()
    with {"ufw": ufw, "firewalld": firewalld}[kind](folder):
        told = {"before": stances(), "none": standing(tools, DEVICES, True)}
        told["dry"] = change(tools, "allow", DEVICES, True, True)
        told["allow"] = change(tools, "allow", DEVICES, False, True)
        told["again"] = change(tools, "allow", DEVICES, False, True)
        told |= {"allowed": stances(), "both": standing(tools, DEVICES, True)}
        told["remove"] = change(tools, "remove", DEVICES, False, True)
        told["gone"] = change(tools, "remove", DEVICES, False, True)
        told["after"] = stances()
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
