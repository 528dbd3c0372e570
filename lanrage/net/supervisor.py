"""Who started this process and wants to hear of its life: sd_notify(3) of systemd, without its library.

A datagram of ``NAME=value`` lines goes to the UNIX socket that the environment names.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

import attrs

ADDRESS, INTERVAL, FOR = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
MICROSECOND = 1e-6
TEXT_LIMIT = 1000
"""Characters of a value: ``systemctl status`` shows it in a line, and a datagram must not be refused for its length."""


@attrs.frozen
class Supervisor:
    """The service manager above this process.

    :param address: of its socket; one that begins with ``@`` is in the abstract namespace (unix(7)).
    :param watchdog: seconds without a sign of life after which it ends this process; ``None`` = it does not watch.
    """

    address: str
    watchdog: float | None = None

    @classmethod
    def take(cls, environment: MutableMapping[str, str], pid: int) -> Supervisor | None:
        """Read the environment and remove what was read, so that no child speaks for this process.

        :param pid: of this process; a watchdog that is meant for another one is none.
        :returns: ``None`` where nobody wants to hear.
        """
        address, interval, watched = (environment.pop(name, "") for name in (ADDRESS, INTERVAL, FOR))
        if not address.startswith(("/", "@")) or len(address) < 2:
            return None
        mine = watched in ("", str(pid)) and interval.isascii() and interval.isdigit() and int(interval) > 0
        return cls(address, int(interval) * MICROSECOND if mine else None)

    def tell(self, **fields: str) -> bool:
        """Send one datagram, without waiting.

        :param fields: names and values of sd_notify(3); line breaks become blanks.
        :returns: whether it was taken; a manager that does not listen is no reason to fail.
        """
        lines = (f"{name}={' '.join(value.split())[:TEXT_LIMIT]}" for name, value in fields.items())
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode(), os.fsencode(address))
        except OSError:
            return False
        return True
