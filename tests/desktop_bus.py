"""A real session bus (dbus-daemon) and a desktop of ours on it that shows notifications; all gone after the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, Message, MessageType, new_error, new_method_return
from jeepney.low_level import HeaderFields
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory

from lanrage.net.session_bus import BUS, BusTalk
from tests.x_server import end

DBUS = shutil.which("dbus-daemon")
NO_DBUS = "" if DBUS else "needs dbus-daemon: apt-get install dbus"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
NAME = "org.freedesktop.Notifications"
NAME_FLAGS = 4
"""Do not queue for the name."""


def start_bus(cleanup: Callable[..., Any], folder: Path) -> Path:
    """Start a bus that starts no programs; its socket."""
    assert DBUS is not None
    path, config = folder / "bus", folder / "bus.conf"
    config.write_text(CONFIG.format(path=path), encoding="utf-8")
    daemon = subprocess.Popen(  # pylint: disable=consider-using-with  # lives until the cleanup
        [DBUS, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    cleanup(end, daemon)
    assert daemon.stdout is not None
    assert daemon.stdout.readline().startswith("unix:path=")
    return path


class Desktop(BusTalk):
    """Shows notifications, strict about what it is given.

    :ivar notes: the arguments of each.
    :ivar abilities: what it says of itself.
    """

    def __init__(self, clock: Any, abilities: tuple[str, ...]) -> None:
        super().__init__(clock)
        self.abilities = abilities
        self.notes: list[tuple[Any, ...]] = []

    def _take(self, message: Message) -> None:
        if message.header.message_type is not MessageType.method_call:
            super()._take(message)
            return
        answer = self._answer(str(message.header.fields[HeaderFields.member]), message)
        self._serial += 1
        self.transport.write(answer.serialise(serial=self._serial))

    def _answer(self, method: str, message: Message) -> Message:
        if method == "GetCapabilities":
            return new_method_return(message, "as", (list(self.abilities),))
        if method == "Notify" and message.header.fields[HeaderFields.signature] == "susssasa{sv}i":
            self.notes.append(tuple(message.body))
            return new_method_return(message, "u", (len(self.notes),))
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")


async def start_desktop(reactor: Any, path: Path, *abilities: str) -> Desktop:
    """A desktop that has taken its name on the bus."""
    factory = Factory.forProtocol(lambda: Desktop(reactor, abilities))
    desktop: Any = await UNIXClientEndpoint(reactor, str(path)).connect(factory)
    await take_name(desktop)
    found: Desktop = desktop
    return found


async def take_name(desktop: Desktop) -> None:
    """Let the bus know it as the desktop."""
    await desktop.ready
    await desktop.ask(BUS, "Hello")
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    assert await desktop.ask(bus, "RequestName", "su", (NAME, NAME_FLAGS)) == (1,)
