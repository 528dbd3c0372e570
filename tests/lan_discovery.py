"""Discovery daemons that nobody here wrote, on the LAN card of a :class:`tests.lan_hosts.LanHost`."""

from __future__ import annotations

from pathlib import Path

from lanrage.lab.daemons import AVAHI_PLACE, AVAHI_SCRIPT, avahi_files, bus_environment, dlna_files
from tests.lan_hosts import LanHost, Program


class Avahi:
    """A bus and an avahi-daemon.

    :ivar environment: by which avahi's programs find it.
    """

    def __init__(self, host: LanHost, folder: Path) -> None:
        avahi_files(folder, host.number)
        self.environment = bus_environment(folder)
        bus = host.run("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile", "--print-address")
        bus.line()
        script = f"{AVAHI_SCRIPT.format(folder=folder, place=AVAHI_PLACE)} 2>&1"
        daemon = host.run("unshare", "-m", "/bin/sh", "-ec", script, **self.environment)
        while "Server startup complete" not in daemon.line():
            pass


def media_server(host: LanHost, folder: Path) -> Program:
    """minidlna, which announces itself by SSDP as it starts."""
    dlna_files(folder)
    return host.run("minidlnad", "-S", "-r", "-f", f"{folder}/minidlna.conf", "-P", f"{folder}/pid")
