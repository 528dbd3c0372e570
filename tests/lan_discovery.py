"""Discovery daemons that nobody here wrote, on the LAN card of a :class:`tests.lan_hosts.LanHost`."""

from __future__ import annotations

from pathlib import Path

from tests.lan_hosts import LanHost, Program

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


class Avahi:
    """A bus and an avahi-daemon.

    :ivar environment: by which avahi's programs find it.
    """

    def __init__(self, host: LanHost, folder: Path) -> None:
        folder.mkdir()
        (folder / "bus.conf").write_text(BUS.format(folder=folder), "utf-8")
        (folder / "avahi.conf").write_text(AVAHI.format(number=host.number), "utf-8")
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}
        bus = host.run("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile", "--print-address")
        bus.line()
        options = "--no-drop-root --no-chroot --no-rlimits"
        # avahi keeps its process id and socket in a fixed place: each daemon sees a /run of its own.
        script = f"mount -t tmpfs tmpfs /run; exec avahi-daemon -f {folder}/avahi.conf {options} 2>&1"
        daemon = host.run("unshare", "-m", "/bin/sh", "-ec", script, **self.environment)
        while "Server startup complete" not in daemon.line():
            pass


def media_server(host: LanHost, folder: Path) -> Program:
    """minidlna, which announces itself by SSDP as it starts."""
    folder.mkdir()
    (folder / "minidlna.conf").write_text(DLNA.format(folder=folder), "utf-8")
    return host.run("minidlnad", "-S", "-r", "-f", f"{folder}/minidlna.conf", "-P", f"{folder}/pid")
