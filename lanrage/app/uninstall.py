"""What ``lanrage uninstall`` takes back on this machine, and in which order (``docs/desktop.rst``). Blocks.

Each step is found by a mark of ours: a unit by its first line, a device by its alias, a change in the undo journal, a
rule of a firewall by the firewall's own tool, a user's file by what is in it. What has no such mark is left alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import attrs
from pyroute2 import IPRoute

from lanrage.app import service_install
from lanrage.app.cli_firewall import plan as firewall_plan
from lanrage.app.service_place import Place
from lanrage.core.firewall_commands import DEVICES
from lanrage.core.links import OWNER_MARK
from lanrage.core.service_files import ROLES
from lanrage.errors import LanrageError, Refused, StoreError
from lanrage.net.devices import remove_device
from lanrage.net.firewalls import Tools
from lanrage.net.undo import undo_entry
from lanrage.store.undo import UndoJournal

JOURNAL = "undo.jsonl"
PARTS = ("node", "control", "relay")
"""Folders below a state folder, where services have theirs (``docs/operations/service.rst``)."""
SOCKETS = ("control.sock", "relay.sock")
"""In the state folders of roles that run alone."""
KNOWN = ("identity.key", "server.key", "party.json", "settings.db", "control.db", JOURNAL)
"""One of them is in a state folder of ours."""
OWN_FILES = {
    ".local/share/applications/lanrage-link.desktop": "Exec=lanrage open-link",
    ".local/share/bash-completion/completions/lanrage": "_LANRAGE_COMPLETE",
    ".config/fish/completions/lanrage.fish": "_LANRAGE_COMPLETE",
    ".zfunc/_lanrage": "_LANRAGE_COMPLETE",
}
"""Files of a user, by their place below the home folder, and what is in them where they are ours."""
AGENT_LINK = ".config/systemd/user/graphical-session.target.wants/lanrage-agent.service"
"""Made by ``systemctl --user enable lanrage-agent``: it would lead nowhere, and start what the next package brings."""
FILE_LIMIT = 64 * 1024
"""Bytes of such a file that are looked at."""


@attrs.frozen
class Step:
    """One thing that is taken back.

    :param what: in words that follow "remove".
    :param secret: keys or parties go with it, for good.
    :param stops: it ends what uses the rest, and so comes first.
    """

    what: str
    do: Callable[[], object]
    secret: bool = False
    stops: bool = False


@attrs.frozen
class Machine:
    """Where it is taken back.

    :param place: files and services of the system.
    :param home: the user's home folder.
    :param state: the node's state folder.
    :param sockets: at which a node of ours would answer.
    :param tools: of firewalls.
    """

    place: Place
    home: Path
    state: Path
    sockets: Sequence[Path]
    tools: Tools


def steps(machine: Machine, keep_data: bool) -> list[Step]:
    """All that there is to take back, in order.

    :param keep_data: state, keys and settings stay.
    :raises LanrageError: a part of the machine cannot be looked at.
    """
    undone = [step for folder in state_folders(machine.state) for step in _journal(folder)]
    found = [*_services(machine.place), *undone, *_devices(), *_firewalls(machine)]
    found += _own_files(machine.home)
    return found if keep_data else [*found, *_data(machine)]


def state_folders(state: Path) -> list[Path]:
    """Those of services first, then the one that holds them, or that a node of all roles has."""
    inner = [state / name for name in PARTS]
    return [path for path in (*inner, state) if path.is_dir() and not path.is_symlink() and not state.is_symlink()]


def check_stopped(machine: Machine) -> None:
    """Nobody uses what would be removed; what systemd runs is stopped by the first step.

    :raises Refused: ``node_runs``.
    """
    alone = [folder / name for folder in state_folders(machine.state) for name in SOCKETS]
    for path in (*machine.sockets, *alone):
        if answers(path):
            words = f"LANrage still answers at {path}: stop it, or remove its package, first (lanrage service status)"
            raise Refused("node_runs", words)


def answers(path: Path) -> bool:
    """Whether a program listens at a UNIX socket."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True


def carry_out(found: Sequence[Step], tell: Callable[[Step, str], None]) -> int:
    """Do them all; one that fails stops none of the others.

    :param tell: called after each, with why it failed or nothing.
    :return: how many failed.
    """
    failed = 0
    for step in found:
        try:
            step.do()
        except LanrageError as error:
            failed += 1
            tell(step, str(error))
        else:
            tell(step, "")
    return failed


def _services(place: Place) -> Iterator[Step]:
    outcome = service_install.uninstall(place, ROLES, dry_run=True)
    if outcome.files or outcome.commands:
        names = ", ".join(row["path"] for row in outcome.files)
        yield Step(f"services and their files ({names})", lambda: service_install.uninstall(place, ROLES), stops=True)


def _journal(state: Path) -> Iterator[Step]:
    if not (state / JOURNAL).is_file():
        return
    journal = UndoJournal(state / JOURNAL)
    for entry in reversed(journal.entries()):
        if entry.kind != "mapping":  # that is at a router, where it ends by itself
            yield Step(f"{entry.kind} {entry.name} of a node that crashed", partial(undo_entry, entry, journal))


def _devices() -> Iterator[Step]:
    with IPRoute() as route:
        links = [link for link in route.get_links() if link.get_attr("IFLA_IFALIAS") == OWNER_MARK]
        names = [str(link.get_attr("IFLA_IFNAME")) for link in links]
    for name in names:
        yield Step(f"the network device {name}, with its routes", partial(remove_device, name))


def _firewalls(machine: Machine) -> Iterator[Step]:
    for work in firewall_plan(machine.tools, "remove", DEVICES, ask=machine.place.admin):
        for words in work.commands:
            yield Step(f"a rule of {work.firewall.title}: {' '.join(words)}", partial(machine.tools.run, words))


def _own_files(home: Path) -> Iterator[Step]:
    for name, mark in OWN_FILES.items():
        path = home / name
        try:
            if path.is_symlink() or not path.is_file():  # nothing is waited for, as a pipe's reader is
                continue
            with path.open("rb") as file:
                ours = mark.encode() in file.read(FILE_LIMIT)
        except OSError:
            continue
        if ours:
            yield Step(f"the file {path}", partial(_unlink, path))
    link = home / AGENT_LINK
    if link.is_symlink() and link.readlink().name == link.name:
        yield Step(f"the link {link}, by which the agent starts with the session", partial(_unlink, link))


def _data(machine: Machine) -> Iterator[Step]:
    state, place = machine.state, machine.place
    ours = [folder for folder in state_folders(state) if any((folder / name).exists() for name in KNOWN)]
    for folder in ours:
        yield Step(f"keys, parties and settings in {folder}", partial(_remove_folder, folder), secret=True)
    if ours and state not in ours:
        yield Step(f"the folder {state}, if nothing else is in it", partial(_remove_empty, state), secret=True)
    if place.admin:
        for name in (service_install.SETTINGS, service_install.SOCKETS):
            if place.at(name).is_dir() and not place.at(name).is_symlink():
                yield Step(f"the folder {name}", partial(_remove_folder, place.at(name)), secret=True)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}") from error


def _remove_empty(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.rmdir()


def _remove_folder(path: Path) -> None:
    if len(path.parts) < 3 or path == Path(os.path.expanduser("~")):
        raise StoreError(f"{path} is no folder of LANrage alone")
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}") from error
