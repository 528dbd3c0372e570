"""Takes a laboratory down, whatever is left of it: after a crash of its own, of a node, or halfway through ``up``."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from lanrage.lab import netns
from lanrage.lab.folder import Folder
from lanrage.lab.plan import device_prefix, owner
from lanrage.lab.process import GRACE_S, ROUNDS, end, end_in_namespaces

WIREGUARD_SOCKETS = Path("/var/run/wireguard")
"""One folder for the whole machine; wireguard-go leaves its socket behind when it is killed."""

KEEP_LOGS = "LANRAGE_LAB_KEEP_LOGS"
"""Names a folder for the logs of laboratories that fail, which are otherwise removed with all the rest."""

ORPHAN_S = 0.05
"""Where a laboratory was killed while it was built, its last ``ip`` command goes on for some milliseconds."""


def down(name: str, folder: Folder, grace: float = GRACE_S) -> bool:
    """Remove everything of a laboratory; tells whether there was anything.

    :param grace: seconds that processes get to end by themselves.
    :raises LabError: when something cannot be removed.
    """
    there = folder.path.exists()
    end(folder.processes(), grace)
    for _ in range(ROUNDS):
        spaces = _spaces(name)
        there = there or bool(spaces)
        end_in_namespaces({inode for inode in map(netns.inode, spaces) if inode is not None}, grace)
        netns.delete(spaces)
        time.sleep(ORPHAN_S)
        if not _spaces(name):
            break
    for path in wireguard_sockets(name):
        path.unlink(missing_ok=True)
    folder.remove()
    left = _spaces(name)
    if left:
        raise netns.LabError(f"network namespaces that cannot be removed: {', '.join(left)}")
    return there


def _spaces(name: str) -> list[str]:
    return [space for space in netns.existing() if owner(space) == name]


def keep_logs(folder: Folder) -> Path | None:
    """Save what the processes said, when ``LANRAGE_LAB_KEEP_LOGS`` names a folder; where it went."""
    target = os.environ.get(KEEP_LOGS)
    if not target or not folder.path.exists():
        return None
    kept = Path(target) / f"{folder.path.name}-{time.time_ns()}"
    kept.mkdir(parents=True)
    for path in folder.path.glob("*.log"):
        shutil.copy(path, kept)
    return kept


def wireguard_sockets(name: str) -> list[Path]:
    """The sockets of a laboratory's tunnels."""
    return sorted(WIREGUARD_SOCKETS.glob(f"{device_prefix(name)}*.sock"))


def names(base: Path) -> list[str]:
    """Every laboratory of which anything is there."""
    folders = {path.parent.name for path in base.glob("*/lab.json")}
    return sorted(folders | {name for name in map(owner, netns.existing()) if name is not None})
