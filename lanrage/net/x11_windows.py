"""The windows of an X11 session: ``_NET_CLIENT_LIST`` (EWMH 1.5 "Root Window Properties"), by python-xlib; blocks.

Where no window manager keeps that list, the children of the root window stand for it. Windows that a Wayland compositor
shows without Xwayland are not told to anybody, and so not here.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Mapping
from typing import Any

import psutil
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError, XError

from lanrage.core.game_windows import PROGRAM_LIMIT, Window, one_line, told
from lanrage.errors import Unreachable

SETTLE_S = 0.1
"""Seconds from the first sign of a change to the next look: a window gets title, class and process one by one."""
PROPERTY_LIMIT = 4096
"""32-bit units of a property that are read: 4,096 windows, 16 KiB of a title."""

_GONE = (XError, DisplayError, ConnectionClosedError, OSError)
"""What python-xlib raises when a window, or the server, is gone."""


def why_none(environment: Mapping[str, str]) -> str:
    """Why this session tells nothing of its windows; empty where it has an X server."""
    if environment.get("DISPLAY"):
        return ""
    if environment.get("WAYLAND_DISPLAY"):
        return "Wayland tells no program of the windows of others, and there is no Xwayland (DISPLAY is not set)"
    return "there is no graphical session (neither DISPLAY nor WAYLAND_DISPLAY is set)"


def half_blind(environment: Mapping[str, str]) -> bool:
    """Whether windows of Wayland's own are there beside those of Xwayland, which alone are seen."""
    return bool(environment.get("DISPLAY") and environment.get("WAYLAND_DISPLAY"))


class X11Windows:
    """A connection to an X server. Its methods block, and belong to one thread.

    :param display: as in ``DISPLAY``; by default that.
    :raises Unreachable: no X server is there, or it refuses us.
    """

    def __init__(self, display: str | None = None) -> None:
        try:
            self._display = Display(display)
        except Exception as error:  # python-xlib raises ValueError, TypeError and more for a server that is odd
            name = display or os.environ.get("DISPLAY", "")
            raise Unreachable(f"no X server can be reached at {name!r}: {error}") from error
        self._root = self._display.screen().root
        self._atoms = {
            name: self._display.get_atom(name)
            for name in ("_NET_CLIENT_LIST", "_NET_WM_NAME", "_NET_WM_PID", "UTF8_STRING")
        }
        self._root.change_attributes(event_mask=X.PropertyChangeMask | X.SubstructureNotifyMask)
        self._display.flush()
        self._watched: set[int] = set()

    def close(self) -> None:
        """Say goodbye; also to a server that is gone."""
        try:
            self._display.close()
        except _GONE:
            return

    def read(self) -> tuple[Window, ...]:
        """All windows now.

        :raises Unreachable: the server is gone.
        """
        try:
            found = [self._window(number) for number in self._numbers()]
            self._display.flush()
        except _GONE as error:
            raise Unreachable(f"the X server is gone: {error}") from error
        return told(each for each in found if each is not None)

    def changed(self, wake: int, timeout: float) -> bool:
        """Wait until windows may have changed, at most `timeout` seconds.

        :param wake: a descriptor; when it can be read, the wait ends.
        :raises Unreachable: the server is gone.
        """
        try:
            if not self._display.pending_events():
                select.select([self._display.fileno(), wake], [], [], timeout)
            return self._drain()
        except _GONE as error:
            raise Unreachable(f"the X server is gone: {error}") from error

    def settle(self, wake: int) -> None:
        """Let what is going on come to an end, for :data:`SETTLE_S`."""
        select.select([wake], [], [], SETTLE_S)
        try:
            self._drain()
        except _GONE as error:
            raise Unreachable(f"the X server is gone: {error}") from error

    def _drain(self) -> bool:
        any_there = False
        while self._display.pending_events():
            self._display.next_event()
            any_there = True
        return any_there

    def _numbers(self) -> list[int]:
        listed = self._property(self._root, "_NET_CLIENT_LIST", Xatom.WINDOW)
        numbers = [int(each) for each in listed] if listed else [each.id for each in self._root.query_tree().children]
        self._watched &= set(numbers)
        return numbers

    def _property(self, window: Any, name: str, kind: int) -> Any:
        atom = self._atoms.get(name) or self._display.get_atom(name)
        found = window.get_property(atom, kind, 0, PROPERTY_LIMIT)
        return None if found is None else found.value

    def _window(self, number: int) -> Window | None:
        window = self._display.create_resource_object("window", number)
        try:
            if number not in self._watched:
                window.change_attributes(event_mask=X.PropertyChangeMask)
                self._watched.add(number)
            title = self._title(window)
            if not title:
                return None
            kinds = window.get_wm_class()
            pid = self._pid(window)
        except XError:  # it closed while it was looked at
            self._watched.discard(number)
            return None
        kind = one_line(str(kinds[1]), PROGRAM_LIMIT) if kinds else ""
        return Window(title, kind, pid, _program(pid))

    def _title(self, window: Any) -> str:
        value = self._property(window, "_NET_WM_NAME", self._atoms["UTF8_STRING"])
        if value is None:
            value = self._property(window, "WM_NAME", X.AnyPropertyType)
        if value is None:
            return ""
        return one_line(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))

    def _pid(self, window: Any) -> int | None:
        """Its process, if the window says that it is one of this machine (EWMH 1.5, ``_NET_WM_PID``)."""
        if not _is_here(window.get_wm_client_machine()):
            return None
        value = self._property(window, "_NET_WM_PID", Xatom.CARDINAL)
        pid = int(value[0]) if value is not None and len(value) else 0
        return pid if 1 < pid < 2**22 else None


def _is_here(machine: Any) -> bool:
    """Whether a window's ``WM_CLIENT_MACHINE`` is this one, with or without its domain."""
    named = machine.decode("utf-8", "replace") if isinstance(machine, bytes) else str(machine or "")
    own = socket.gethostname().lower()
    return bool(own) and (named.lower() == own or named.lower().partition(".")[0] == own.partition(".")[0])


def _program(pid: int | None) -> str:
    if pid is None:
        return ""
    try:
        process = psutil.Process(pid)
        path = process.exe() or process.name()
    except (psutil.Error, OSError):
        return ""
    return one_line(os.path.basename(path), PROGRAM_LIMIT)
