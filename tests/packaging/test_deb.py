"""``make deb``: built twice, it is the same; in a clean Debian it is installed, runs under systemd, and goes without a
trace."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.clean_root import Booted, CleanRoot, build, repacked, run

pytestmark = [
    pytest.mark.lab,
    pytest.mark.needs("root", "debootstrap", "dpkg-deb", "unshare", "nsenter"),
    pytest.mark.timeout(1200),
]

ROLES = ("control", "relay", "node")


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("deb")
    yield folder
    shutil.rmtree(folder)


def test_same_sources_same_bytes(package: Path, folder: Path) -> None:
    """A second build with the versions of the first one differs in nothing."""
    run("dpkg-deb", "-x", package, folder / "unpacked")
    versions = folder / "unpacked/usr/share/doc/lanrage/python-packages.txt"
    again = build(folder / "two", PIP_PYTHON=sys.executable, CONSTRAINTS=str(versions))
    sums = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (package, again)]
    assert sums[0] == sums[1]


def test_no_place_of_the_build(package: Path, folder: Path) -> None:
    """No file names the folder in which it was built, and no script another interpreter."""
    tree = folder / "looked"
    run("dpkg-deb", "-x", package, tree)
    found = subprocess.run(["grep", "-rlI", "lanrage-deb[.]", str(tree)], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    for script in ("lanrage", "twistd"):
        text = (tree / "usr/lib/lanrage/bin" / script).read_text(encoding="utf-8")
        assert text.startswith("#!/usr/lib/lanrage/bin/python\n")
    assert (tree / "usr/bin/lanrage").readlink() == Path("../lib/lanrage/bin/lanrage")


@pytest.mark.needs("lintian")
def test_lintian(package: Path) -> None:
    """Debian's own checker finds no error, and no warning that is not explained."""
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", str(package)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_without_systemd_and_back(package: Path, root: CleanRoot) -> None:
    """Installed where nothing runs it works by hand; purged, the file list is what it was."""
    before = root.listed()
    root.chroot("apt-get", "install", "-q", "-y", root.bring(package))
    assert "lanrage, version" in root.chroot("lanrage", "--version") or "lanrage " in root.chroot(
        "lanrage", "--version"
    )
    assert "lanrage" in root.chroot("/usr/lib/lanrage/bin/twistd", "--help").split()
    told = json.loads(root.chroot("lanrage", "service", "status", "--json"))
    assert (told["systemd"], {row["by"] for row in told["services"]}) == (False, {"package"})
    root.chroot("lanrage", "service", "install", "node")
    assert [path for path in root.listed() if path.startswith("etc/systemd/system/lanrage-")] == []
    root.chroot("dpkg", "--purge", "lanrage")
    assert root.listed() ^ before == set()
    assert "lanrage" not in (root.path / "etc/passwd").read_text(encoding="utf-8")


def test_life_under_systemd(package: Path, folder: Path, root: CleanRoot) -> None:
    """An older package is installed while systemd runs, upgraded with a party at play, and purged."""
    older = root.bring(repacked(package, folder, "0.0.1~test"))
    newer = root.bring(package)
    with root.booted() as machine:
        machine.run("dpkg", "--install", older)
        machine.wait_for("systemctl", "is-active", "lanrage-node", said="active\n")
        assert machine.shown("lanrage-control", "ActiveState") == "inactive"
        machine.run("systemctl", "start", "lanrage-control")
        machine.run("cp", "/var/lib/lanrage/control/server.pub", "/etc/lanrage/")
        machine.run("systemctl", "start", "lanrage-relay")
        options_are_drop_ins(machine)
        party = found_party(machine)
        stuck_is_started_again(machine)
        machine.run("dpkg", "--install", newer, timeout=300)
        machine.wait_for("lanrage", "status", "--json", said='"in-party"')
        assert party_of(machine) == party
        assert {role: machine.shown(f"lanrage-{role}", "ActiveState") for role in ROLES} == dict.fromkeys(
            ROLES, "active"
        )
        machine.run("dpkg", "--purge", "lanrage")
        left = machine.run("ip", "-o", "link") + machine.run("systemctl", "list-units", "--all", "--plain", "lanrage*")
        assert "lanrage" not in left.replace("lanrage-test", "")
        assert machine.run("find", "/run", "-name", "*lanrage*") == ""
    assert [path for path in root.listed() if "lanrage" in path] == []


def options_are_drop_ins(machine: Booted) -> None:
    """The package's server takes its port from systemd and its relay forwards in the kernel when that is wished, with
    all that the units forbid; and both are as before when it is taken back."""
    words = ("lanrage", "service", "install", "control", "relay", "--socket", "--kernel")
    machine.run(*words)
    assert "systemd:domain=INET6" in machine.shown("lanrage-control", "StatusText")
    machine.wait_for("journalctl", "--unit=lanrage-relay", "--boot", said="the relay forwards in the kernel")
    machine.run("lanrage", "service", "uninstall", "control", "relay")
    machine.wait_for("systemctl", "show", "--property=StatusText", "lanrage-control", said="listens on tcp:7766")
    assert machine.shown("lanrage-control.socket", "ActiveState") == "inactive"
    told = json.loads(machine.run("lanrage", "service", "status", "--json"))["services"]
    assert {row["role"]: (row["active"], row["by"]) for row in told} == dict.fromkeys(ROLES, ("active", "package"))


def found_party(machine: Booted) -> str:
    """Found a party by the node of the machine, at its own server; its id."""
    machine.run("lanrage", "party", "create", "Friday", "--server", "127.0.0.1", "--as", "Ann")
    told = json.loads(machine.wait_for("lanrage", "status", "--json", said='"in-party"'))
    assert "lanrage0" in machine.run("ip", "-o", "link"), told
    return party_of(machine)


def party_of(machine: Booted) -> str:
    """The id of the party that the node is in."""
    return str(json.loads(machine.run("lanrage", "party", "show", "--json"))["party_id"])


def stuck_is_started_again(machine: Booted) -> None:
    """A control server that does not turn is killed by the watchdog and started again."""
    folder = "/run/systemd/system/lanrage-control.service.d"
    machine.run("mkdir", "-p", folder)
    machine.run("sh", "-c", f"printf '[Service]\\nWatchdogSec=2\\n' >{folder}/short.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "lanrage-control")
    pid = machine.shown("lanrage-control", "MainPID")
    machine.run("systemctl", "kill", "--signal=STOP", "lanrage-control")
    machine.wait_for("systemctl", "show", "--property=NRestarts", "lanrage-control", said="NRestarts=1")
    machine.wait_for("systemctl", "is-active", "lanrage-control", said="active\n")
    assert machine.shown("lanrage-control", "MainPID") != pid
    machine.run("rm", "-r", folder)
