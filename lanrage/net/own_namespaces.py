"""Namespaces of a user's own, without any right (user_namespaces(7)): user, network and mounts of this process."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from lanrage.core.room import forbidden
from lanrage.errors import MissingRight

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
"""<linux/sched.h>"""
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000
"""<linux/mount.h>"""
PR_SET_PDEATHSIG = 1
"""<linux/prctl.h>"""

SYSCTL = Path("/proc/sys")

_libc = ctypes.CDLL(None, use_errno=True)


def leave() -> None:
    """Put this process into namespaces of its own, in which it has all rights; user and group stay what they are.

    The process must have one thread.

    :raises MissingRight: where the system forbids it; says how to allow it.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
        # Without setgroups(2) a user may map its own group (user_namespaces(7)).
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _mount("none", "/", "", MS_REC | MS_SLAVE)  # nothing that is mounted here shows elsewhere
    except OSError as error:
        raise MissingRight(forbidden(setting)) from error


def show_devices() -> None:
    """Let ``/sys/class/net`` show this network namespace; a container may forbid it, and games do without."""
    with suppress(OSError):
        _mount("sysfs", "/sys", "sysfs", 0)


def cover(path: str, content: str, folder: str) -> None:
    """Let a file have other content, for this process and those that it starts.

    :param path: a link is followed; a file that is not there stays away.
    :param folder: takes a file for a moment.
    :raises OSError: when it cannot.
    """
    target = os.path.realpath(path)
    if not os.path.exists(target):
        return
    draft = Path(folder) / f".lanrage-{os.getpid()}"
    draft.write_text(content, encoding="utf-8")
    try:
        draft.chmod(0o644)
        _mount(str(draft), target, "", MS_BIND)
    finally:
        draft.unlink()  # the mount holds it


def die_with_parent(signal: int) -> None:
    """The kernel sends this signal when the process that started this one ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0))


def setting(name: str) -> str | None:
    """A file below ``/proc/sys``; ``None`` where it is not there."""
    try:
        return (SYSCTL / name).read_text(encoding="ascii").strip()
    except OSError:
        return None


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _check(_libc.mount(source.encode(), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), None))


def _check(failed: int) -> None:
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
