"""``lanrage service install`` and ``uninstall``: what is written and run, and in which order. Blocks.

Nothing is asked, all of it is told; what stands already is left as it is, so that a second call does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from lanrage.app.service_place import NO_SYSTEMD, Place, shipped
from lanrage.core.service_files import (
    OPTIONS,
    PIECES,
    SYSTEM,
    Change,
    ServiceRole,
    changes,
    check_bin,
    removable,
    render,
    unit_of,
    wanted,
)
from lanrage.errors import BadInput, MissingRight, Refused

SERVER_KEY = "/etc/lanrage/server.pub"
"""The relay's unit reads it, and does not start without it."""
STATE, SETTINGS, SOCKETS = "/var/lib/lanrage", "/etc/lanrage", "/run/lanrage"
USER = "lanrage"
FAILED = "lanrage-*"
"""Units that failed and are no more, which systemd lists until it is told not to; a pattern may match none."""
LAST_SYSTEM_ID = 999
"""Of a user or group; from 1000 on they are persons' (``SYS_GID_MAX`` in login.defs(5))."""
MAKERS = {
    ("systemd-sysusers",): "/etc/sysusers.d/",
    ("systemd-tmpfiles", "--create"): "/etc/tmpfiles.d/",
}
"""What makes the user and the folders, also where systemd does not run: by the folder of its files."""

Command = tuple[str, ...]


@attrs.frozen
class Outcome:
    """What was done, or would be.

    :param files: those written or removed, each with its state.
    :param commands: those run.
    :param words: what else there is to know.
    """

    ran: bool
    systemd: bool
    files: list[dict[str, str]]
    commands: list[Command]
    words: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return attrs.asdict(self) | {"commands": [list(each) for each in self.commands]}


def install(
    place: Place,
    roles: Sequence[ServiceRole],
    *,
    options: Sequence[str] = (),
    start: bool = True,
    force: bool = False,
    dry_run: bool = False,
) -> Outcome:
    """Write the files of services, and have them started now and at each start of the machine.

    :param options: of :data:`lanrage.core.service_files.OPTIONS`.
    :param start: else they are only enabled.
    :param force: replace files that somebody else wrote.
    :raises BadInput: the programs are where no unit can start them.
    :raises MissingRight: without root.
    :raises Refused: ``foreign_file``.
    """
    _check_options(roles, options)
    own = [role for role in roles if not place.has_package(role)]
    due = _due(place, roles, own, options)
    foreign = [each.path for each in due if each.state == "foreign"]
    if foreign and not force:
        raise Refused(
            "foreign_file", f"{' and '.join(foreign)} was not written by this command: move it away, or say --force"
        )
    _check_right(place, "install", dry_run)
    written = [each for each in due if each.state != "same"]
    commands = [*_makers(place, written), *(_started(place, roles, options, start, due) if place.systemd else ())]
    if not dry_run:
        for each in written:
            place.write(each.path, each.text)
        for words in commands:
            place.run(words)
    rows = [{"path": each.path, "state": each.state} for each in due]
    told = list(_words(place, roles, own))
    return Outcome(not dry_run, place.systemd, rows, commands, told)


def uninstall(place: Place, roles: Sequence[ServiceRole], *, purge: bool = False, dry_run: bool = False) -> Outcome:
    """Stop services and remove what :func:`install` wrote; what others wrote stays.

    :param purge: state, keys and the user too; only where no service is left.
    :raises MissingRight: without root.
    :raises Refused: ``services_left``.
    """
    standing = place.standing(piece.target for piece in PIECES)
    gone = removable(standing, roles)
    left = services_left(place, roles)
    if purge and left:
        raise Refused("services_left", f"state and user stay while {' and '.join(left)} is there")
    _check_right(place, "uninstall", dry_run)
    before, after = _stopped(place, gone) if place.systemd and gone else ([], [])
    after += _purged(place) if purge else []
    if not dry_run:
        for words in before:
            place.run(words)
        for path in gone:
            place.remove(path)
        for words in after:
            place.run(words)
    rows = [{"path": path, "state": "removed"} for path in gone]
    told = (
        []
        if purge or not gone
        else [f"{STATE}, {SETTINGS} and the user {USER} stay: --purge removes them, with all keys"]
    )
    return Outcome(not dry_run, place.systemd, rows, [*before, *after], told)


def _stopped(place: Place, gone: Sequence[str]) -> tuple[list[Command], list[Command]]:
    """What is run before files are removed, and after it."""
    units = _system([path.rpartition("/")[2] for path in gone if path.endswith((".service", ".socket"))])
    forget: list[Command] = [("systemctl", "reset-failed", FAILED)] if units else []
    kept = [role for role in SYSTEM if place.has_package(role) and any(unit_of(role) in path for path in gone)]
    if "control" in kept and any(path.endswith("/socket.conf") for path in gone):
        units += [unit_of("control", "socket")]  # the package's own server opens its port itself then
    again: list[Command] = [("systemctl", "try-restart", *map(unit_of, kept))] if kept else []
    stop: list[Command] = [("systemctl", "disable", "--now", *units)] if units else []
    return stop, [("systemctl", "daemon-reload"), *forget, *again]


def services_left(place: Place, roles: Sequence[ServiceRole]) -> list[str]:
    """The units that stay where the services of `roles` are removed: others' own, and those of a package."""
    standing = place.standing(piece.target for piece in PIECES)
    gone = removable(standing, roles)
    left = [path for path in standing if path.endswith(".service") and path not in gone]
    return left + [unit_of(role) for role in SYSTEM if place.has_package(role)]


def accounts(place: Place) -> Iterator[Command]:
    """What removes the user and the group that sysusers made; a person who has the name is left alone."""
    if ours := user_id(place) is not None:
        yield ("userdel", USER)
    for words in _lines(place, "/etc/group"):  # userdel leaves a group that has members: players of this machine
        if (
            words[0] == USER
            and _is_system(words[2:3])
            and (not ours or set("".join(words[3:4]).split(",")) - {"", USER})
        ):
            yield ("groupdel", USER)


def user_id(place: Place) -> int | None:
    """The number of the user that sysusers made; none where there is none."""
    ours = (words for words in _lines(place, "/etc/passwd") if words[0] == USER and words[5:6] == [STATE])
    return next((int(words[2]) for words in ours if _is_system(words[2:3])), None)


def _lines(place: Place, path: str) -> list[list[str]]:
    return [line.split(":") for line in place.standing([path]).get(path, "").splitlines()]


def _is_system(words: Sequence[str]) -> bool:
    """Whether this is the number of a system's user or group, as sysusers gives them."""
    return any(word.isdecimal() and 0 < int(word) <= LAST_SYSTEM_ID for word in words)


def _purged(place: Place) -> Iterator[Command]:
    yield ("rm", "-rf", STATE, SETTINGS, SOCKETS)
    yield from accounts(place)


def _check_options(roles: Sequence[ServiceRole], options: Sequence[str]) -> None:
    needs = dict(zip(OPTIONS, ("control", "relay"), strict=True))
    for option in options:
        if needs[option] not in roles:
            raise BadInput(f"--{option}", f"is for the role {needs[option]}")


def _check_right(place: Place, verb: str, dry_run: bool) -> None:
    if not place.admin and not dry_run:
        raise MissingRight(f"services are the system's: sudo lanrage service {verb}")


def _due(
    place: Place, roles: Sequence[ServiceRole], own: Sequence[ServiceRole], options: Sequence[str]
) -> list[Change]:
    """What shall stand: all that services of ours need, and the drop-ins of those that a package brought."""
    folder = check_bin(place.bin) if own else place.bin
    pieces = {piece.target: piece for piece in wanted(own, options, place.folders())}
    pieces |= {piece.target: piece for piece in wanted(roles, options, ()) if piece.drop_in}
    texts = {path: render(shipped(piece.source), folder) for path, piece in pieces.items()}
    return changes(texts, place.standing(texts))


def _system(units: Sequence[str]) -> list[str]:
    """Those of the system's manager; the agent's is each user's own to enable."""
    return [unit for unit in units if unit != unit_of("agent")]


def _makers(place: Place, written: Sequence[Change]) -> Iterator[Command]:
    for program, folder in MAKERS.items():
        if place.has(program[0]):
            yield from ((*program, each.path) for each in written if each.path.startswith(folder))


def _started(
    place: Place, roles: Sequence[ServiceRole], options: Sequence[str], start: bool, due: Sequence[Change]
) -> Iterator[Command]:
    if any(each.state != "same" for each in due):
        yield ("systemctl", "daemon-reload")
    again = [unit_of(role) for role in roles if _changes(place, role, due)] if start else []
    if "socket" in options and unit_of("control") in again:  # it would not let go of its port before
        again.remove(unit_of("control"))
        yield ("systemctl", "stop", unit_of("control"))
    if again := _system(again):
        yield ("systemctl", "try-restart", *again)
    units = [unit_of("control", "socket")] if "socket" in options else []
    units += _system([unit_of(role) for role in roles])
    later = {unit_of("relay")} if not place.at(SERVER_KEY).exists() else set()
    now = [unit for unit in units if unit not in later and start]
    if now:
        yield ("systemctl", "enable", "--now", *now)
    if rest := [unit for unit in units if unit not in now]:
        yield ("systemctl", "enable", *rest)


def _changes(place: Place, role: ServiceRole, due: Sequence[Change]) -> bool:
    """Whether a service that may run already becomes another one."""
    mine = {piece.target for piece in PIECES if piece.roles == (role,)}
    new = any(each.state == "new" and each.path.endswith(unit_of(role)) for each in due)
    return not new and any(each.state != "same" and each.path in mine for each in due)


def _words(place: Place, roles: Sequence[ServiceRole], own: Sequence[ServiceRole]) -> Iterator[str]:
    for role in roles:
        if role not in own:
            yield f"the unit of {role} is the package's own"
    if "relay" in roles and not place.at(SERVER_KEY).exists():
        yield (
            f"the relay needs its control server's key, server.pub, as {SERVER_KEY}; "
            "then: systemctl start lanrage-relay"
        )
    if not place.systemd:
        missing = [program for program, *_ in MAKERS if not place.has(program)]
        yield from (f"{program} is not here: make what its file says by hand" for program in missing if own)
        for role in roles:
            yield f"{NO_SYSTEMD}, so nothing was started; by hand: {by_hand(place, role)}"
    elif "agent" in roles:
        yield "each player, without sudo: systemctl --user enable --now lanrage-agent"
    if "node" in roles:
        yield f"players of this machine join the group {USER}: usermod -aG {USER} NAME"


def by_hand(place: Place, role: ServiceRole) -> str:
    """The command that a unit would run."""
    text = shipped(next(piece.source for piece in PIECES if piece.source.endswith(f"lanrage-{role}.service")))
    line = next(line for line in render(text, place.bin).splitlines() if line.startswith("ExecStart="))
    words = [word for word in line.partition("=")[2].split() if not word.startswith("$")]
    return " ".join(words).replace("${CREDENTIALS_DIRECTORY}/server.pub", SERVER_KEY)
