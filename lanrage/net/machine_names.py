"""What this machine and its people are called, to be left out of what is pasted (``docs/doctor.rst``). Blocks."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lanrage.core.hiding import MachineNames

PEOPLE = range(1000, 60_000)
"""Numbers of users who are people (login.defs(5))."""
USERS_LIMIT = 64
"""Of an office's directory, say; those who are logged in are looked at first."""
SYSTEM_FOLDERS = frozenset({"", "/", "/nonexistent", "/dev/null"})
"""What stands for a home where there is none."""


def machine_names() -> MachineNames:
    """Of the machine, of who is logged in, and of the accounts that it lists."""
    people = list(dict.fromkeys((*_logged_in(), *_accounts())))[:USERS_LIMIT]
    homes = {folder.rstrip("/") for _, folder in people}
    with suppress(RuntimeError):  # nobody's
        homes.add(str(Path.home()))
    name = socket.gethostname()
    return MachineNames(
        tuple(dict.fromkeys((name, name.partition(".")[0]))),
        tuple(name for name, _ in people),
        tuple(sorted(homes - SYSTEM_FOLDERS)),
    )


def _logged_in() -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for each in os.listdir("/run/user"):
            with suppress(KeyError, ValueError):
                yield from _person(pwd.getpwuid(int(each)))


def _accounts() -> Iterator[tuple[str, str]]:
    for each in pwd.getpwall():
        yield from _person(each)


def _person(account: pwd.struct_passwd) -> Iterator[tuple[str, str]]:
    if account.pw_uid in PEOPLE or account.pw_uid == os.geteuid() != 0:
        yield account.pw_name, account.pw_dir
