"""Namespaces of a user's own, without any right (user_namespaces(7)): user, network and mounts of this process."""

from __future__ import annotations

import ctypes
import os
import tempfile
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


def leave(node: int) -> None:
    """Put this process into namespaces of its own, in which it has all rights; user and group stay what they are.

    The process must have one thread.

    :param node: process id of a node whose rights are to reach in here: where it has a user namespace of its own, that
        becomes the parent of ours, which its maker may enter.
    :raises MissingRight: where the system forbids it; says how to allow it.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        _follow(f"/proc/{node}/ns/user")
        above, group_above = os.geteuid(), os.getegid()
        _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
        _map(f"{user} {above} 1", f"{group} {group_above} 1")
    except OSError as error:
        raise MissingRight(forbidden(setting)) from error


def _follow(users: str) -> None:
    """Enter another process's user namespace; where it is ours, or one that does not let us look, stay."""
    with suppress(PermissionError, FileNotFoundError):
        if os.stat(users).st_ino == os.stat("/proc/self/ns/user").st_ino:
            return
        there = os.open(users, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.setns(there, CLONE_NEWUSER))
        finally:
            os.close(there)


def become_root() -> None:
    """Put this process into namespaces of its own in which its user is root: what it starts keeps their rights.

    :raises MissingRight: where the system forbids it; says how to allow it.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
        _map(f"0 {user} 1", f"0 {group} 1")
    except OSError as error:
        raise MissingRight(forbidden(setting)) from error


def hide(folder: str) -> None:
    """Put an empty folder of one's own in the place of one that is there."""
    if os.path.isdir(folder):
        _mount("none", folder, "tmpfs", 0)


def _map(users: str, groups: str) -> None:
    # Without setgroups(2) a user may map its own group (user_namespaces(7)).
    for name, text in (("setgroups", "deny"), ("uid_map", users), ("gid_map", groups)):
        Path("/proc/self", name).write_text(text, encoding="ascii")
    _mount("none", "/", "", MS_REC | MS_SLAVE)  # nothing that is mounted here shows elsewhere


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
    descriptor, draft = tempfile.mkstemp(prefix=".lanrage-", dir=folder)  # a name that nobody laid a link at
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            os.fchmod(descriptor, 0o644)
        _mount(draft, target, "", MS_BIND)
    finally:
        os.unlink(draft)  # the mount holds it


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
