"""Discovery daemons and browsers that nobody here wrote, on a host's LAN card: avahi, minidlna, GSSDP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from lanrage.errors import MissingRight
from lanrage.lab.lab import Lab
from lanrage.lab.plan import Host
from lanrage.lab.process import spawn, wait_for

PACKAGES = {
    "dbus-daemon": "dbus",
    "avahi-daemon": "avahi-daemon",
    "avahi-browse": "avahi-utils",
    "avahi-publish": "avahi-utils",
    "gssdp-discover": "gupnp-tools",
    "minidlnad": "minidlna",
    "unshare": "util-linux",
}
"""Programs and the Debian package of each."""

START_S = 20.0
"""A daemon is up within a second; on a busy machine within a few."""

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""
"""A bus of the host's own: daemons of two hosts must not meet."""

AVAHI = """[server]
host-name=host{number}
use-ipv4=yes
use-ipv6=yes
allow-interfaces=lanrage0
[publish]
publish-hinfo=no
publish-workstation=no
[wide-area]
enable-wide-area=no
"""

DLNA = """network_interface=lanrage0
port=8200
media_dir={folder}
db_dir={folder}/db
log_dir={folder}
friendly_name=LAN party
uuid=4d696e69-444c-164e-9d41-02660a420001
inotify=no
"""

AVAHI_SCRIPT = (
    "mkdir -p {place}; mount -t tmpfs tmpfs {place}; "
    "exec avahi-daemon -f {folder}/avahi.conf --no-drop-root --no-chroot --no-rlimits"
)
"""avahi keeps its process id and socket in a fixed place: each daemon sees one of its own there."""
AVAHI_PLACE = "/run/avahi-daemon"


def check_installed() -> None:
    """Find out before anything is built whether all programs are there.

    :raises MissingRight: names the first that is missing and its package.
    """
    for program, package in PACKAGES.items():
        if which(program) is None:
            raise MissingRight(f"this check needs the program {program}: apt-get install {package}")


def avahi_files(folder: Path, number: int) -> None:
    """What a bus and an avahi-daemon read, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bus.conf").write_text(BUS.format(folder=folder), "utf-8")
    (folder / "avahi.conf").write_text(AVAHI.format(number=number), "utf-8")


def dlna_files(folder: Path) -> None:
    """What minidlna reads, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "minidlna.conf").write_text(DLNA.format(folder=folder), "utf-8")


def bus_environment(folder: Path) -> dict[str, str]:
    """By which avahi's programs find the bus."""
    return {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}


def start_avahi(lab: Lab, host: Host) -> dict[str, str]:
    """A bus and an avahi-daemon on a host, until the laboratory ends; the environment of avahi's programs."""
    folder = lab.folder.role(host.name) / "avahi"
    avahi_files(folder, host.index)
    environment = bus_environment(folder)
    bus = ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"]
    start(lab, host, "bus", bus)
    wait_for(f"the bus of {host.name}", (folder / "bus").exists, START_S)
    script = AVAHI_SCRIPT.format(folder=folder, place=AVAHI_PLACE)
    start(lab, host, "avahi", ["unshare", "-m", "/bin/sh", "-ec", script], environment)
    log = lab.folder.log(f"{host.name}-avahi")
    wait_for(f"avahi of {host.name}", lambda: "startup complete" in log.read_text("utf-8", "replace"), START_S)
    return environment


def start_media_server(lab: Lab, host: Host) -> None:
    """minidlna, which announces itself by SSDP as it starts."""
    folder = lab.folder.role(host.name) / "dlna"
    dlna_files(folder)
    start(lab, host, "dlna", ["minidlnad", "-S", "-r", "-f", f"{folder}/minidlna.conf", "-P", f"{folder}/pid"])


def start(lab: Lab, host: Host, name: str, argv: Sequence[str], environment: dict[str, str] | None = None) -> Path:
    """Start a program in a host, until the laboratory ends; its log."""
    role = f"{host.name}-{name}"
    log = lab.folder.log(role)
    env = {**os.environ, **(environment or {})}
    lab.folder.add_process(spawn(role, host.netns, argv, log, env, lab.folder.path))
    return log


def output(host: Host, argv: Sequence[str], seconds: float, environment: dict[str, str] | None = None) -> str:
    """Run a program in a host to its end, and what it printed."""
    program = which("ip")
    assert program is not None, "a laboratory stands, so ip is there"
    whole = [program, "netns", "exec", host.netns, *argv]
    env = {**os.environ, **(environment or {})}
    done = subprocess.run(whole, capture_output=True, text=True, timeout=seconds, env=env, check=False)
    return done.stdout
