"""What a laboratory has left on the machine: namespaces, devices, rules, sockets, files, processes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lanrage.lab import netns
from lanrage.lab.folder import Folder
from lanrage.lab.plan import device_prefix, owner
from lanrage.lab.process import in_namespaces
from lanrage.lab.teardown import wireguard_sockets

OUR_DEVICES = ("lanrage", "delay0")


def machine() -> dict[str, set[str]]:
    """Devices and nftables tables of this machine's own network."""
    links = json.loads(netns.run(["ip", "-json", "link", "show"]) or "[]")
    rules = json.loads(netns.run(["nft", "--json", "list", "tables"]) or "{}").get("nftables", [])
    tables = {f"{row['table']['family']} {row['table']['name']}" for row in rules if "table" in row}
    return {"links": {link["ifname"] for link in links}, "tables": tables}


def leftovers(name: str, folder: Folder, inodes: set[int], before: dict[str, set[str]]) -> list[str]:
    """One sentence for everything of a laboratory that is still there.

    :param inodes: of its namespaces, taken while they stood.
    :param before: :func:`machine` before it was built; only what looks like ours counts, others may be at work too.
    """
    now = machine()
    prefix = device_prefix(name)
    found = [f"namespace {space}" for space in netns.existing() if owner(space) == name]
    found += [f"device {link}" for link in now["links"] - before["links"] if link.startswith((prefix, *OUR_DEVICES))]
    found += [f"table {table}" for table in now["tables"] - before["tables"] if table.endswith((" lab", "lanrage"))]
    found += [f"socket {path}" for path in wireguard_sockets(name)]
    found += [f"process {pid} in a namespace" for pid in in_namespaces(inodes)]
    found += [f"process {pid}: {command}" for pid, command in _processes(str(folder.path), prefix)]
    found += [f"folder {folder.path}"] if folder.path.exists() else []
    return found


def _processes(*words: str) -> list[tuple[int, str]]:
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if any(word in command for word in words):
            found.append((int(entry), command.strip()))
    return found
