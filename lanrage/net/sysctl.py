"""Kernel settings of our own devices, by /proc/sys. All calls block (for microseconds); run them in a thread."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lanrage.errors import MissingRight

ROOT = Path("/proc/sys/net")


def set_device(family: str, device: str, key: str, value: str) -> None:
    """Write one setting of a device, unless it has the value already.

    :param family: ``ipv4`` or ``ipv6``; a kernel without that family has nothing to set.
    :param key: for example ``rp_filter``.
    :raises MissingRight: when it may not be written.
    """
    path = ROOT / family / "conf" / device / key
    with contextlib.suppress(FileNotFoundError):
        if path.read_text().strip() == value:
            return
        try:
            path.write_text(value)
        except PermissionError as error:
            raise MissingRight(f"{path} may not be written: {_HINT}") from error
        except OSError as error:
            raise MissingRight(f"{path} cannot be set to {value} ({error.strerror}): {_HINT}") from error


def forwards(device: str) -> bool:
    """Whether a device forwards IPv4; one that is gone does not."""
    try:
        return (ROOT / "ipv4" / "conf" / device / "forwarding").read_text().strip() == "1"
    except OSError:
        return False


_HINT = "grant CAP_NET_ADMIN, and leave /proc/sys writable (systemd: ProtectKernelTunables=no)"
