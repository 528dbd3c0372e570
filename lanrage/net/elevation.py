"""Runs a command of the closed list as root, by sudo or pkexec, never by a shell (``docs/rights.rst``).

Only after the user said yes to the very words: whoever calls has asked. Blocks, for as long as a password is typed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs
from twisted.logger import Logger

from lanrage.core.elevation import check_permitted
from lanrage.core.firewall_commands import DEVICES
from lanrage.core.links import OWNER_MARK
from lanrage.errors import LanrageError, MissingRight

TIMEOUT = 180.0
"""Seconds: a password is typed within two minutes, and no command of the list works longer than one."""
FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where root's programs are; the user's own PATH is not asked, since what it finds would run as root."""
SAID_LIMIT = 300
"""Characters of what a command that failed said."""
NETWORK_DEVICES = Path("/sys/class/net")

log = Logger()


def at_terminal() -> bool:
    """Whether somebody can be asked there."""
    return sys.stdin is not None and sys.stdin.isatty()


def own_devices(folder: Path = NETWORK_DEVICES) -> frozenset[str]:
    """The devices that a firewall may be told to let in: the customary names, and whatever bears our mark.

    Another name is the user's (``--tunnel``, ``--card``); only who may make devices can set the mark (``ifalias``).
    """
    marked = set()
    for place in folder.glob("*/ifalias"):
        with suppress(OSError):  # the device went meanwhile
            if place.read_text(encoding="utf-8", errors="replace").strip() == OWNER_MARK:
                marked.add(place.parent.name)
    return frozenset(DEVICES) | marked


@attrs.frozen
class Elevation:
    """How commands are run as root.

    :param folders: where programs are looked for, as PATH has them.
    :param root: this process is root already, so that neither sudo nor pkexec is needed.
    :param terminal: there is one, on which sudo can ask for a password; without it pkexec is taken first, which asks
        on the desktop, and sudo does not ask.
    :param timeout: seconds.
    :param devices: that a firewall may be told to let in.
    """

    folders: str = FOLDERS
    root: bool = attrs.field(factory=lambda: os.geteuid() == 0)
    terminal: bool = attrs.field(factory=at_terminal)
    timeout: float = TIMEOUT
    devices: frozenset[str] = attrs.field(factory=own_devices)

    def command(self, words: Sequence[str]) -> tuple[str, ...]:
        """The full command, each program by its absolute path: what is shown to the user, and run.

        :raises BadInput: it is none of the list, or would let another device than ours in.
        :raises MissingRight: neither sudo nor pkexec is here, or the program is not.
        """
        permitted = check_permitted(words, self.devices)
        program = self._find(permitted[0])
        if program is None:
            raise MissingRight(f"the program {permitted[0]} is not in {self.folders}")
        return (*self._prefix(), program, *permitted[1:])

    def _prefix(self) -> tuple[str, ...]:
        if self.root:
            return ()
        sudo, pkexec = self._find("sudo"), self._find("pkexec")
        if sudo is not None and self.terminal:
            return (sudo, "--")
        if pkexec is not None:
            return (pkexec,)
        if sudo is not None:
            return (sudo, "--non-interactive", "--")
        raise MissingRight("neither sudo nor pkexec is here: type the command as root")

    def _find(self, name: str) -> str | None:
        return shutil.which(name, path=self.folders)


def run_elevated(words: Sequence[str], way: Elevation | None = None) -> str:
    """Run a command as root; what it said. The user has said yes to :meth:`Elevation.command`'s words.

    :param words: of a command in :mod:`lanrage.core.elevation`'s list.
    :raises BadInput: it is none of the list; nothing was run.
    :raises MissingRight: nobody here can become root.
    :raises LanrageError: it failed, with what it said, or took too long.
    """
    way = way if way is not None else Elevation()
    command = way.command(words)
    log.info("running {command} as root", command=list(command))
    status, said = _run(command, {"PATH": way.folders, "LC_ALL": "C"}, way.timeout)
    log.info("{command} ended with {status}", command=list(command), status=status)
    if status:
        raise LanrageError(f"{' '.join(command)}: {' '.join(said.split())[:SAID_LIMIT] or f'status {status}'}")
    return said.strip()


def _run(command: Sequence[str], environment: dict[str, str], timeout: float) -> tuple[int, str]:
    """Exit status, and what it said on both streams.

    :raises LanrageError: it cannot be started, or takes too long.
    """
    # No `with`: it would wait for a sudo that this user may not end.
    try:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise LanrageError(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        said, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        with suppress(PermissionError):
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        raise LanrageError(f"{' '.join(command)}: it did not end within {timeout:g} s") from error
    return process.returncode, said
