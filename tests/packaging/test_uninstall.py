"""``lanrage service install`` from a virtual environment where systemd runs, and ``lanrage uninstall`` there:
what was before is all that is left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.packaging.clean_root import Booted, CleanRoot

pytestmark = [
    pytest.mark.lab,
    pytest.mark.needs("root", "tun", "debootstrap", "unshare", "nsenter"),
    pytest.mark.timeout(1200),
]

LANRAGE = "/opt/lanrage/bin/lanrage"
OWN = "/etc/systemd/system/lanrage-node.service.d/own.conf"
"""An administrator's drop-in: a node that crashed stays down."""
NETWORK = ("ip -o link", "ip -o address", "ip route show table all", "ip rule", "ip -6 rule", "nft list ruleset")
SYSTEM_WRITES = (
    "var/lib/systemd/",
    "var/tmp/",
    "etc/machine-id",
    "etc/passwd-",
    "etc/group-",
    "etc/shadow-",
    "etc/gshadow-",
    "etc/sysusers.d",
)
"""Where the running machine writes by itself, where tools for accounts keep the file as it was before, and a folder of
systemd's that need not be there before."""


@pytest.fixture(scope="module", name="installed")
def _installed(root: CleanRoot, wheelhouse: Path) -> CleanRoot:
    """With LANrage in a virtual environment, as docs/operations/service.rst has it, and a player."""
    root.chroot("apt-get", "install", "-q", "-y", "python3-venv", timeout=600)
    shutil.copytree(wheelhouse, root.path / "opt/wheels")
    root.chroot("python3", "-m", "venv", "/opt/lanrage")
    words = ("install", "-q", "--no-index", "--find-links=/opt/wheels", "lanrage")
    root.chroot("/opt/lanrage/bin/pip", *words, timeout=600)
    root.chroot("useradd", "--no-create-home", "alice")
    return root


def test_all_is_gone(installed: CleanRoot) -> None:
    """Services that run, and a node that crashed in its party; a second call finds nothing to do."""
    with installed.booted() as machine:
        before, files = seen(machine), listed(installed)
        run_all(machine)
        crash(machine)
        assert differing(before, seen(machine)) != {}
        told = json.loads(machine.run(LANRAGE, "uninstall", "--yes", "--json"))
        assert {row["why"] for row in told["steps"]} == {""}, told
        assert OWN in [row["what"] for row in told["stays"]]
        assert differing(before, seen(machine)) == {}
        assert sorted(listed(installed) - files) == [str(Path(OWN[1:]).parent), OWN[1:]]
        assert machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "lanrage*") == ""
        assert machine.run("find", "/run", "-name", "*lanrage*", "-o", "-name", "wireguard") == ""
        again = json.loads(machine.run(LANRAGE, "uninstall", "--yes", "--json"))
        assert (again["steps"], [row["what"] for row in again["stays"]]) == ([], [OWN])
        assert differing(before, seen(machine)) == {}


def run_all(machine: Booted) -> None:
    """Install and start all three, and found a party."""
    machine.run(LANRAGE, "service", "install", "control", "node")
    machine.run("mkdir", "-p", "/etc/lanrage")
    machine.run("cp", "/var/lib/lanrage/control/server.pub", "/etc/lanrage/")
    machine.run(LANRAGE, "service", "install", "relay")
    machine.run("usermod", "-aG", "lanrage", "alice")
    for role in ("control", "node", "relay"):
        machine.wait_for("systemctl", "is-active", f"lanrage-{role}", said="active\n")
    machine.run(LANRAGE, "party", "create", "Friday", "--server", "127.0.0.1", "--as", "Ann")
    machine.wait_for(LANRAGE, "status", "--json", said='"in-party"')


def crash(machine: Booted) -> None:
    """Kill the node where nothing starts it again: what it changed on the machine stays."""
    machine.run("mkdir", "-p", str(Path(OWN).parent))
    machine.run("sh", "-c", f"printf '[Service]\\nRestart=no\\n' >{OWN}")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "lanrage-node")
    machine.wait_for("systemctl", "show", "--property=ActiveState", "lanrage-node", said="=failed")


def seen(machine: Booted) -> dict[str, str]:
    """The machine's network, and who has an account."""
    found = {words: machine.run(*words.split()) for words in NETWORK}
    return found | {name: machine.run("getent", name) for name in ("passwd", "group")}


def differing(one: dict[str, str], other: dict[str, str]) -> dict[str, set[str]]:
    """The lines that are in one of them alone."""
    found = {name: set(one[name].splitlines()) ^ set(other[name].splitlines()) for name in one}
    return {name: lines for name, lines in found.items() if lines}


def listed(root: CleanRoot) -> set[str]:
    """Files and folders, but for what the machine itself writes."""
    return {path for path in root.listed() if not path.startswith(SYSTEM_WRITES)}
