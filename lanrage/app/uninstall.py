"""What ``lanrage uninstall`` takes back on this machine, and in which order (``docs/desktop.rst``). Blocks.

Each step is found by a mark of ours: a unit by its first line, a device by its alias, a change in the undo journal, a
rule of a firewall by the firewall's own tool, a user's file by what is in it. What has no such mark is left alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import shutil
import socket
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import attrs
from pyroute2 import IPRoute

from lanrage.app import service_install
from lanrage.app.cli_firewall import plan as firewall_plan
from lanrage.app.service_place import Place
from lanrage.app.uninstall_stays import JOURNAL, Stay, journals, mappings, stays
from lanrage.core.firewall_commands import DEVICES
from lanrage.core.links import OWNER_MARK
from lanrage.core.service_files import ROLES, unit_of
from lanrage.core.undo import MAPPING
from lanrage.errors import LanrageError, Refused, StoreError
from lanrage.net.devices import remove_device
from lanrage.net.firewalls import Tools
from lanrage.net.undo import undo_entry
from lanrage.store.undo import UndoJournal

PARTS = ("node", "control", "relay")
"""Folders below a state folder, where services have theirs (``docs/operations/service.rst``)."""
SOCKETS = ("control.sock", "relay.sock")
"""In the state folders of roles that run alone."""
KNOWN = (
    *("identity.key", "server.key", "party.json", "settings.db", "control.db", JOURNAL),
    *("metrics.db", "metrics-control.db", "metrics-relay.db"),  # all that a relay without a control server keeps
)
"""One of them is in a state folder of ours."""
NAMES = re.compile(
    r"\.?("
    r"(identity|wireguard|server|party-\w+)\.key|(server|relay)\.pub|server\.crt|settings\.lock|twistd\.log.*|\w+\.sock"
    r"|(control|settings|metrics(-\w+)?)\.db\b.*|(undo|mappings|reach)\.jsonl?"
    r"|(bridges|dismissals|endpoints|games-played|party|recent|servers)\.json|(dismissals|servers|party\.json)\.damaged"
    r"|new\.[0-9a-f]{12}\.db"
    r")(\.[0-9a-f]{12})?|backups|games|node|control|relay"
)
"""What is in our state folders, files that were half written among it."""
OWN_FILES = {
    ".local/share/applications/lanrage-link.desktop": "Exec=lanrage open-link",
    ".local/share/bash-completion/completions/lanrage": "_LANRAGE_COMPLETE",
    ".config/fish/completions/lanrage.fish": "_LANRAGE_COMPLETE",
    ".zfunc/_lanrage": "_LANRAGE_COMPLETE",
}
"""Files of a user, by their place below the home folder, and what is in them where they are ours."""
AGENT_LINK = ".config/systemd/user/graphical-session.target.wants/lanrage-agent.service"
"""By it a user's agent starts with the session (``systemctl --user enable``)."""
WIREGUARD = "/run/wireguard"
"""Made for wireguard-go by the node's unit, which leaves it to root's own tunnels."""
FIRST_USER = 1000
"""The first user id of a person (login.defs(5), ``UID_MIN``)."""
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
    :param unmap: asks this network's router to end the mappings that undo journals tell; never fails.
    :param others: state folders that the user named.
    """

    place: Place
    home: Path
    state: Path
    sockets: Sequence[Path]
    tools: Tools
    unmap: Callable[[Sequence[Path]], None] = lambda _: None
    others: Sequence[Path] = ()

    @property
    def folders(self) -> list[Path]:
        """All state folders that are there."""
        return [each for state in (self.state, *self.others) for each in state_folders(state)]


def steps(machine: Machine, keep_data: bool) -> list[Step]:
    """All that there is to take back, in order.

    :param keep_data: state, keys and settings stay.
    :raises LanrageError: a part of the machine cannot be looked at.
    """
    trusted = (os.geteuid(), service_install.user_id(machine.place))
    undone = [step for folder in machine.folders for step in _journal(folder, trusted)]
    found = [*_services(machine.place), *undone, *_mappings(machine), *_devices(), *_firewalls(machine)]
    found += [*_own_files(machine.home), *_agent(machine), *_wireguard(machine.place)]
    return found if keep_data else [*found, *_data(machine), *_accounts(machine)]


def left(machine: Machine, more: bool) -> list[Stay]:
    """What stays: asked while the state folders are still there.

    :param more: something of LANrage was here.
    """
    return list(stays(machine.place, machine.folders, more))


def state_folders(state: Path) -> list[Path]:
    """Those of services first, then the one that holds them, or that a node of all roles has."""
    inner = [state / name for name in PARTS]
    return [path for path in (*inner, state) if path.is_dir() and not path.is_symlink() and not state.is_symlink()]


def check_stopped(machine: Machine) -> None:
    """Nobody uses what would be removed; what systemd runs is stopped by the first step.

    :raises Refused: ``node_runs``.
    """
    alone = [folder / name for folder in machine.folders for name in SOCKETS]
    for path in (*machine.sockets, *alone):
        if answers(path):
            words = f"LANrage still answers at {path}: stop it, or remove its package, first (lanrage service status)"
            raise Refused("node_runs", words)


def answers(path: Path) -> bool:
    """Whether a program listens at a UNIX socket; one that is too busy to take us does."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except OSError as error:
            return isinstance(error, TimeoutError) or error.errno == errno.EAGAIN
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
        except (LanrageError, OSError) as error:
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


def check_owner(path: Path, trusted: Container[int | None]) -> None:
    """Whether what it tells may be carried out: who wrote it could have done the same.

    :raises StoreError: somebody else did.
    """
    owner = path.stat().st_uid
    if owner not in trusted:
        raise StoreError(f"{path} is user {owner}'s: run lanrage uninstall as that user")


def _journal(state: Path, trusted: Container[int | None]) -> Iterator[Step]:
    if not (state / JOURNAL).is_file():
        return
    check_owner(state / JOURNAL, trusted)
    journal = UndoJournal(state / JOURNAL)
    for entry in reversed(journal.entries()):
        if entry.kind != MAPPING:
            yield Step(f"{entry.kind} {entry.name} of a node that crashed", partial(undo_entry, entry, journal))


def _mappings(machine: Machine) -> Iterator[Step]:
    ports = ", ".join(sorted({str(lease.wish) for lease in mappings(machine.folders)}))
    if ports:
        yield Step(
            f"what was asked of this network's router for {ports}, as far as it does so",
            lambda: machine.unmap(journals(machine.folders)),
        )


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


def _agent(machine: Machine) -> Iterator[Step]:
    link = machine.home / AGENT_LINK
    if link.is_symlink() and not machine.place.has_package("agent"):
        yield Step(f"the agent of this user's sessions ({link})", partial(_end_agent, machine.place, link))


def _end_agent(place: Place, link: Path) -> None:
    if not place.admin:  # root has no session of that user
        place.said("systemctl", "--user", "disable", "--now", unit_of("agent"))
    _unlink(link)


def _wireguard(place: Place) -> Iterator[Step]:
    folder = place.at(WIREGUARD)
    if place.admin and folder.is_dir() and folder.stat().st_uid == service_install.user_id(place):
        yield Step(f"the folder {WIREGUARD}, if nothing is in it", partial(_remove_empty, folder))


def _accounts(machine: Machine) -> Iterator[Step]:
    place = machine.place
    if place.admin and not service_install.services_left(place, ROLES):
        for words in service_install.accounts(place):
            kind = "user" if words[0] == "userdel" else "group"
            yield Step(f"the system's {kind} {words[1]}", partial(place.run, words), secret=True)


def _data(machine: Machine) -> Iterator[Step]:
    place = machine.place
    ours = [folder for folder in machine.folders if any((folder / name).exists() for name in KNOWN)]
    for folder in ours:
        check = folder in machine.others or folder.parent in machine.others
        yield Step(f"keys, parties and settings in {folder}", partial(_remove_folder, folder, named=check), secret=True)
    for state in (machine.state, *machine.others):
        if state not in ours and (state.is_dir() if ours else _is_empty(state)):
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
    for inner in (*(path / name for name in PARTS), path):
        with contextlib.suppress(OSError):
            inner.rmdir()


def _is_empty(path: Path) -> bool:
    """Whether a folder has nothing in it but the services' folders, with nothing in them."""
    if path.is_symlink() or not path.is_dir():
        return False
    return all(each.name in PARTS and each.is_dir() and not any(each.iterdir()) for each in path.iterdir())


def is_shared(path: Path, homes: Iterable[Path]) -> bool:
    """Whether a folder, wherever its path leads, has more in it than LANrage's: one of the root's, a person's home, or
    what such a home lies in."""
    real = path.resolve()
    return len(real.parts) < 3 or any(home.resolve().is_relative_to(real) for home in homes)


def strangers(folder: Path) -> list[str]:
    """What is in a folder and is not named as anything of ours is."""
    return sorted(each.name for each in folder.iterdir() if not NAMES.fullmatch(each.name))


def _remove_folder(path: Path, *, named: bool = False) -> None:
    """Remove it with all that is in it.

    :param named: by the user: it may hold more than we made, which stays, and the folder with it.
    :raises StoreError: it is not ours alone, or cannot be removed.
    """
    homes = [Path(each.pw_dir) for each in pwd.getpwall() if each.pw_uid == 0 or each.pw_uid >= FIRST_USER]
    if is_shared(path, homes):
        raise StoreError(f"{path} is no folder of LANrage alone")
    try:
        if named and (others := strangers(path)):
            raise StoreError(f"{path} has {others[0]}, too, which LANrage did not make: move that away first")
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}") from error
